"""Numbers of staff leave reading as dummy identifiers, and nowhere else."""

import polars as pl
import pytest

from matching.ssn import SsnHasher, check_ssns
from schemas.dictionary import load_dictionary
from schemas.fix_ups.base_file import BaseFile
from schemas.fix_ups.fix_up_file import AS_SENT, fix_up_csv
from schemas.inbox.recognise import recognise
from schemas.reading import read_extract
from schemas.reading.staff import ALPHABET, dummy_identifiers, holds_number, without_numbers

HASHER = SsnHasher({1: b"k" * 32})
NUMBERS = ["401225519", "401-22-5519", None, "999999999", "40122551", "312774410", "401225519"]


def test_one_number_has_one_identifier_and_another_number_another():
    found = dummy_identifiers(pl.Series(NUMBERS), HASHER)
    assert found["educator_id_status"].to_list() == [
        "ok", "malformed", "blank", "placeholder", "malformed", "ok", "ok",
    ]  # fmt: skip
    first, other, again = (found["educator_id"][place] for place in (0, 5, 6))
    assert first == again != other
    assert found["educator_id"].null_count() == 4


def test_an_identifier_is_never_a_number_and_shows_nothing_of_it():
    numbers = pl.Series([f"{place:09}" for place in range(100_100_001, 100_102_001)])
    found = dummy_identifiers(numbers, HASHER)["educator_id"]
    assert found.str.contains(f"^E[{ALPHABET}]{{10}}$").all()
    assert found.n_unique() == len(found)
    assert (check_ssns(found)["ssn_status"] == "malformed").all()


def test_another_key_gives_other_identifiers():
    one, other = (
        dummy_identifiers(pl.Series(["401225519"]), SsnHasher({1: key * 32}))["educator_id"][0] for key in (b"a", b"b")
    )
    assert one != other


def test_a_column_without_any_usable_number():
    found = dummy_identifiers(pl.Series([None, "x"], dtype=pl.String), HASHER)
    assert found["educator_id"].null_count() == 2


@pytest.mark.parametrize(
    "sent, kept",
    [
        ("stands in for 401-22-5519", "stands in for ***-**-****"),
        ("401225519", "***-**-****"),
        ("phone 5735550199", "phone 5735550199"),
        ("room 12", "room 12"),
        (None, None),
    ],
)
def test_a_number_in_a_note_is_hidden(sent, kept):
    records = pl.DataFrame(
        {"comment": [sent], "local_course_number": ["401225519"]}, schema_overrides={"comment": pl.String}
    )
    layout = load_dictionary().layout("course_assignment", 2026)
    assert without_numbers(records, layout).row(0) == (kept, "401225519")


@pytest.mark.parametrize("column", ["reporting_district_code", "race_ethnicity", "school_year", "late_hire_date"])
@pytest.mark.parametrize("number", ["312774410", "312-77-4410"])
def test_a_number_that_slipped_into_a_shorter_field_is_starred(column, number):
    layout = load_dictionary().layout("educator_core", 2026)
    records = pl.DataFrame({column: [number, None, "048078"], "gender": ["F", "M", None]})
    assert without_numbers(records, layout).rows() == [("***-**-****", "F"), (None, "M"), ("048078", None)]
    assert holds_number(layout.by_standard_name[column], number)


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_no_file_of_staff_lets_a_number_through(delimiter):
    dictionary = load_dictionary()
    collection = dictionary.collection("2026Oct1.0EdCore")
    layout = dictionary.layout_of(collection)
    values = {"collection_version": collection.version, "school_year": "2026", "reporting_district_code": "048078"}
    slipped = values | {"educator_id": "401225519", "last_name": "312-77-4410", "comment": "was 312774410"}
    rows = [delimiter.join(row.get(name, "") for name in layout.standard_names) for row in (slipped, slipped)]
    content = "\n".join([delimiter.join(field.column for field in layout.fields), *rows, ""]).encode()
    records = read_extract(content, recognise(content, dictionary), dictionary, HASHER).records
    assert records.height == 2 and "ssn_hash" not in records.columns
    text = "".join(str(value) for row in records.rows() for value in row)
    assert not any(number in text for number in ("401225519", "312774410", "312-77-4410"))


def test_a_roster_keeps_the_local_numbers_of_its_students():
    dictionary = load_dictionary()
    collection = dictionary.collection("2026Oct1.0StuAssign")
    layout = dictionary.layout_of(collection)
    row = {"collection_version": collection.version, "school_year": "2026", "local_student_id": "401225519",
           "educator_id": "312774410", "reporting_district_code": "048078"}  # fmt: skip
    content = "\n".join(
        [",".join(field.column for field in layout.fields), ",".join(row.get(n, "") for n in layout.standard_names), ""]
    ).encode()
    (record,) = read_extract(content, recognise(content, dictionary), dictionary, HASHER).records.rows(named=True)
    assert record["local_student_id"] == "401225519"
    assert record["educator_id"].startswith("E") and "312774410" not in record.values()


def test_records_that_go_back_to_be_corrected_hold_no_number():
    dictionary = load_dictionary()
    collection = dictionary.collection("2026Oct1.0EdCore")
    layout = dictionary.layout_of(collection)
    values = {"collection_version": collection.version, "educator_id": "401225519", "comment": "was 312774410"}
    row = ",".join(values.get(name, "") for name in layout.standard_names)
    content = "\n".join([",".join(field.column for field in layout.fields), row, ""]).encode()
    base = BaseFile.of(content, recognise(content, dictionary), dictionary)
    text = fix_up_csv("one", base, list(base.records())).decode()
    assert text.count(AS_SENT) == 2
    assert not any(number in text for number in ("401225519", "312774410"))
