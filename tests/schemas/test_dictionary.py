"""The data dictionary loads whole, and refuses each kind of row that disagrees, naming file, row and reason."""

import csv
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from schemas.dictionary import DATA_FOLDER, DISTRICT_CODES, SCHOOL_CODES, Code, load_dictionary
from schemas.dictionary_files import read_dictionary
from schemas.errors import DictionaryError, UnknownName
from tests.schemas.batches import DICTIONARY

LAYOUTS = [(layout, year) for year in (2025, 2026) for layout in ("student_core", "assessment_precode", "id_batch")]


@pytest.mark.parametrize(
    "layout, fields, width", [("student_core", 114, 605), ("assessment_precode", 22, 555), ("id_batch", 18, 387)]
)
@pytest.mark.parametrize("year", [2025, 2026])
def test_layout_is_whole(layout, fields, width, year):
    found = DICTIONARY.layout(layout, year)
    assert (len(found.fields), found.width) == (fields, width)
    *_, (last_field, _, last) = found.positions()
    assert (last_field, last) == (found.fields[-1], width)


@pytest.mark.parametrize("layout", ["student_core", "assessment_precode", "id_batch"])
def test_both_years_have_the_same_columns(layout):
    years = [DICTIONARY.layout(layout, year) for year in (2025, 2026)]
    assert [field.column for field in years[0].fields] == [field.column for field in years[1].fields]
    assert years[0].standard_names == years[1].standard_names


@pytest.mark.parametrize("layout, year", LAYOUTS)
def test_every_field_names_what_this_project_filled(layout, year):
    for field in DICTIONARY.layout(layout, year).fields:
        assert "this project" in field.source, field.column
        assert field.access_level in (1, 2, 3, 4)


def test_october_asks_for_what_a_district_knows_in_october():
    layout = DICTIONARY.layout("student_core", 2026)
    required = {field.column for field in layout.fields if field.requirement("Oct") == "Required"}
    not_allowed = {field.column for field in layout.fields if field.requirement("Oct") == "Not Allowed"}
    assert {"LastName", "DateOfBirth", "StateID", "MemberFTE", "EnrolledOnCntDate", "LEPELL"} <= required
    assert not_allowed == {"EnrolledAllYear", "GPA", "GPAScale", "SPEDExit"}
    assert layout.by_standard_name["local_student_id"].requirement("Oct") == "Optional"
    assert DICTIONARY.layout("id_batch", 2026).by_standard_name["local_student_id"].requirement("") == "Required"


def test_ssn_is_for_level_one_alone():
    levels = {f.standard_name: f.access_level for f in DICTIONARY.layout("id_batch", 2026).fields}
    assert [name for name, level in levels.items() if level == 1] == ["ssn"]


def test_no_code_set_is_unused():
    used = {field.code_set for layout in DICTIONARY.layouts.values() for field in layout.fields}
    assert set(DICTIONARY.code_sets) == used - {None, DISTRICT_CODES, SCHOOL_CODES}


def test_both_spellings_of_a_grade_are_codes_and_one_is_the_other():
    assert {"3", "03", "PK", "12"} <= DICTIONARY.codes("Student_Grade_Level_Codes")
    assert "00" not in DICTIONARY.codes("Student_Grade_Level_Codes")
    assert DICTIONARY.code_spellings("Student_Grade_Level_Codes") == {str(n): f"0{n}" for n in range(1, 10)}


def test_codes_fit_their_fields():
    for layout in DICTIONARY.layouts.values():
        for field in layout.fields:
            if field.code_set in DICTIONARY.code_sets:
                assert max(map(len, DICTIONARY.codes(field.code_set))) <= field.length, field.column


@pytest.mark.parametrize(
    "day, valid",
    [(date(2010, 6, 30), False), (date(2010, 7, 1), True), (date(2024, 6, 30), True), (date(2024, 7, 1), False)],
)
def test_a_code_is_valid_on_both_of_its_days(day, valid):
    code = Code("M", "Multi-racial", None, date(2010, 7, 1), date(2024, 6, 30), "this project")
    assert code.is_valid(day) == valid
    assert code.is_valid(None)


@pytest.mark.parametrize(
    "literal, count_date, opens, due",
    [
        ("2026Oct1.0StuCore", date(2025, 9, 24), date(2025, 9, 15), date(2025, 10, 15)),
        ("2025Oct1.0StuCore", date(2024, 9, 25), date(2024, 9, 15), date(2024, 10, 15)),
        ("2026Dec1.0StuCore", date(2025, 12, 1), date(2025, 11, 15), date(2025, 12, 15)),
        ("2025Dec1.0StuCore", date(2024, 12, 1), date(2024, 11, 15), date(2024, 12, 15)),
        ("2026Feb1.0StuCore", date(2026, 1, 28), date(2026, 1, 15), date(2026, 2, 15)),
        ("2025Feb1.0StuCore", date(2025, 1, 29), date(2025, 1, 15), date(2025, 2, 15)),
        ("2026Apr1.0StuCore", date(2026, 4, 1), date(2026, 3, 15), date(2026, 4, 30)),
        ("2025Apr1.0StuCore", date(2025, 4, 1), date(2025, 3, 15), date(2025, 4, 30)),
        ("2026Jun1.0StuCore", None, date(2026, 5, 15), date(2026, 6, 30)),
        ("2025Jun1.0StuCore", None, date(2025, 5, 15), date(2025, 6, 30)),
        ("2026MAPSPR1.0AsmPre", None, date(2025, 12, 1), date(2026, 1, 21)),
        ("2025MAPSPR1.0AsmPre", None, date(2024, 12, 2), date(2025, 1, 21)),
        ("id_batch", None, None, None),
    ],
)
def test_calendar(literal, count_date, opens, due):
    found = DICTIONARY.collection(literal)
    assert (found.count_date, found.window_opens, found.due_date) == (count_date, opens, due)


@pytest.mark.parametrize("cycle, month", [("Oct", 9), ("Feb", 1)])
def test_count_dates_of_membership_are_the_last_wednesday(cycle, month):
    days = [
        found.count_date for found in DICTIONARY.collections if (found.layout, found.cycle) == ("student_core", cycle)
    ]
    assert days and all(day is not None for day in days)
    assert all((day.month, day.weekday()) == (month, 2) and (day + timedelta(days=7)).month != month for day in days)


def test_unknown_names_are_refused():
    with pytest.raises(UnknownName, match=r"Did you mean 2026Oct1\.0StuCore"):
        DICTIONARY.collection("2026OctStuCore")
    with pytest.raises(UnknownName, match="2031"):
        DICTIONARY.layout("student_core", 2031)
    with pytest.raises(UnknownName, match="No_Such_Codes"):
        DICTIONARY.codes("No_Such_Codes")


def test_an_id_batch_of_any_year_has_a_layout():
    assert DICTIONARY.layout("id_batch", 2011) is DICTIONARY.layout("id_batch", DICTIONARY.school_years[-1])
    assert "id_batch" not in [collection.version for collection in DICTIONARY.collections]


def test_version_follows_the_rows_and_not_their_order(tmp_path):
    folder = _copy(tmp_path)
    assert read_dictionary(folder, None).version == load_dictionary().version == DICTIONARY.version
    lines = (folder / "code_sets/Yes_No.csv").read_text().splitlines()
    (folder / "code_sets/Yes_No.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    assert read_dictionary(folder, None).version == DICTIONARY.version
    _change(folder / "code_sets/Yes_No.csv", 2, meaning="Indeed")
    assert read_dictionary(folder, None).version != DICTIONARY.version


CORE = "data_dictionary/2026/student_core.csv"


@pytest.mark.parametrize(
    "file, line, change, reason",
    [
        (CORE, 13, {"type": "Texte"}, "type is 'Texte'"),
        (CORE, 13, {"access_level": ""}, "access_level is ''"),
        (CORE, 13, {"access_level": "5"}, "access_level is '5'"),
        (CORE, 13, {"length": "0"}, "length is '0'"),
        (CORE, 13, {"length": "-1"}, "length is '-1'"),
        (CORE, 13, {"length": ""}, "length is ''"),
        (CORE, 13, {"standard_name": "first_name"}, "standard_name 'first_name' stands on line"),
        (CORE, 14, {"column": "lastname "}, "column 'lastname' stands on line"),
        (CORE, 13, {"standard_name": "Last Name"}, "no lower-case name"),
        (CORE, 13, {"code_set": "Name_Codes"}, "code set 'Name_Codes' does not exist"),
        (CORE, 13, {"required": "Maybe"}, "required is 'Maybe'"),
        (CORE, 13, {"required_oct": "required"}, "required_oct is 'required'"),
        (CORE, 13, {"precision": "2"}, "precision '2' on a field of type Text"),
        (CORE, 42, {"precision": ""}, "precision is ''"),
        (CORE, 42, {"precision": "4"}, "leaves no digit before the point"),
        (CORE, 13, {"source": ""}, "source is empty"),
        (CORE, 13, {"periodicity": ""}, "periodicity is empty"),
        (CORE, 33, {"length": "2"}, "length 2 is too short for code 'NLP' of LEP_Codes, which has 3 characters"),
        (CORE, 17, {"length": "8"}, "length 8 on a date; mm/dd/yyyy has 10 characters"),
        (CORE, 30, {"length": "20"}, "length 20 on a whole number"),
        (CORE, 30, {"type": "Text"}, "months_usa is Text, but Integer in 2025/student_core.csv line 30"),
        (CORE, 13, {"length": "61"}, "last_name has length 61, but 60 in 2026/"),
        ("code_sets/Yes_No.csv", 3, {"code": "Y"}, "code 'Y' stands on line 2"),
        ("code_sets/Yes_No.csv", 3, {"same_as": "Q"}, "same_as 'Q' is no code"),
        ("code_sets/Yes_No.csv", 3, {"effective": "07/01/2010"}, "effective is '07/01/2010'"),
        ("code_sets/Yes_No.csv", 3, {"effective": "2010-07-01", "expires": "2010-06-30"}, "expires before"),
        ("calendars/2026.csv", 2, {"layout": "student_cores"}, "layout 'student_cores' has no file"),
        ("calendars/2026.csv", 2, {"due_date": "2025-09-01"}, "before window_opens"),
        ("calendars/2026.csv", 2, {"collection_version": "2025Oct1.0StuCore"}, "stands on line 2"),
    ],
)
def test_a_row_that_disagrees_is_refused_with_its_place(tmp_path, file, line, change, reason):
    folder = _copy(tmp_path)
    _change(folder / file, line, **change)
    with pytest.raises(DictionaryError) as refusal:
        read_dictionary(folder, None)
    assert reason in str(refusal.value)
    assert Path(file).name in str(refusal.value) and f"line {line}" in str(refusal.value)


def test_a_file_of_other_columns_is_refused(tmp_path):
    folder = _copy(tmp_path)
    (folder / "code_sets/Yes_No.csv").write_text("code,meaning\nY,Yes\n")
    with pytest.raises(DictionaryError, match=r"Yes_No.csv line 1: columns are \['code', 'meaning'\]"):
        read_dictionary(folder, None)


def test_an_overlay_row_replaces_or_adds(tmp_path):
    (tmp_path / "code_sets").mkdir()
    (tmp_path / "code_sets/Yes_No.csv").write_text(
        "code,meaning,same_as,effective,expires,source,changed_on,changed_by,reason\n"
        "N,No indeed,,,,memo 7,2026-02-03,R. Book,the memo says so\n"
        "Z,Unknown,,2025-07-01,,memo 7,2026-02-03,R. Book,the memo says so\n"
    )
    corrected = load_dictionary(tmp_path)
    assert corrected.code_meanings("Yes_No") == {"Y": "Yes", "N": "No indeed", "Z": "Unknown"}
    assert corrected.codes("Yes_No", on=date(2025, 6, 30)) == {"Y", "N"}
    assert [code.change and code.change.changed_by for code in corrected.code_sets["Yes_No"]] == [
        None,
        "R. Book",
        "R. Book",
    ]
    assert corrected.version != DICTIONARY.version


def test_an_overlay_may_bring_a_school_year_of_its_own(tmp_path):
    for file, year in (
        ("data_dictionary/2026/referrals.csv", "data_dictionary/2031"),
        ("calendars/2026.csv", "calendars"),
    ):
        (tmp_path / year).mkdir(parents=True)
        with (DATA_FOLDER / file).open(newline="") as shipped:
            rows = [row for row in csv.DictReader(shipped) if row.get("layout", "referrals") == "referrals"]
        changed = {"changed_on": "2026-02-03", "changed_by": "R. Book", "reason": "new year"}
        name = "2031.csv" if year == "calendars" else "referrals.csv"
        with (tmp_path / year / name).open("w", newline="") as file_out:
            writer = csv.DictWriter(file_out, [*rows[0], *changed])
            writer.writeheader()
            writer.writerows(
                {key: value.replace("2026Jun", "2031Jun") for key, value in row.items()} | changed for row in rows
            )
    corrected = load_dictionary(tmp_path)
    assert corrected.collection("2031Jun1.0Referrals").school_year == 2031
    assert len(corrected.layout("referrals", 2031).fields) == 25


def _copy(tmp_path: Path) -> Path:
    for part in ("data_dictionary", "code_sets", "calendars"):
        shutil.copytree(DATA_FOLDER / part, tmp_path / part)
    return tmp_path


def _change(path: Path, line: int, **values: str) -> None:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[line - 2].update(values)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
