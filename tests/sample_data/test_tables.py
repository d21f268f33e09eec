"""Every row of the generator's tables is used, and every table can be read."""

import re
from pathlib import Path

import pytest

import sample_data
from sample_data.core_records import parse_choices
from sample_data.styles import PLAIN_FILE
from sample_data.tables import rates, read_table, style_choices
from tests.sample_data.reading import DICTIONARY

FOLDER = Path(sample_data.__file__).parent
SOURCES = "\n".join(path.read_text() for path in sorted(FOLDER.glob("*.py")))


@pytest.mark.parametrize("rate", sorted(rates()))
def test_each_rate_is_used_and_is_a_share_or_factor(rate):
    size = re.fullmatch(r"share_(one|two|three|four|five)_children", rate)
    assert f'"{rate}"' in SOURCES or size
    assert 0 <= rates()[rate] <= 1


@pytest.mark.parametrize("row", read_table("core_columns.csv").rows(named=True), ids=lambda row: row["standard_name"])
def test_listed_values_fit_their_column(row):
    layout = DICTIONARY.layout("student_core", 2026)
    field = layout.by_standard_name[row["standard_name"]]
    values = parse_choices(row["values"]).values.drop_nulls()
    assert max(len(value) for value in values) <= field.length
    if field.code_set and field.code_set in DICTIONARY.code_sets:
        assert set(values) <= DICTIONARY.codes(field.code_set)


def test_plain_files_are_among_the_styles():
    assert {name: PLAIN_FILE[name] in list(style_choices()[name].values) for name in PLAIN_FILE} == dict.fromkeys(
        PLAIN_FILE, True
    )


@pytest.mark.parametrize("name", ["first_names.csv", "surnames.csv"])
def test_names_have_weights_and_no_doubles(name):
    table = read_table(f"name_tables/{name}")
    assert not table.drop("weight").is_duplicated().any()
    assert table["weight"].cast(int).min() >= 1
