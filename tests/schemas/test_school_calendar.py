"""The School Calendar Header of 2027: a file without students, with a literal of its own form."""

from datetime import date

import polars as pl
import pytest

from schemas.rules import load_rule_book
from schemas.validation import validate_records
from tests.schemas.batches import DICTIONARY, DISTRICT, submissions, write_directory

LITERAL = "2027JunSchoolCalHeader"
BOOK = load_rule_book(DICTIONARY, LITERAL)
CLEAN = {
    "collection_version": LITERAL, "school_year": "2027", "reporting_district_code": DISTRICT,
    "reporting_school_code": "1050", "calendar_track": "1", "calendar_name": "Main", "lowest_grade": "09",
    "highest_grade": "12", "first_day": "08/24/2026", "last_day": "05/25/2027", "days_per_week": "5",
    "minutes_per_day": "390", "days_in_session": "169", "hours_in_session": "1080.00", "make_up_days_planned": "6",
    "make_up_days_used": "4", "days_lost": "6", "ami_hours": "12.00", "board_approved_date": "03/09/2026",
}  # fmt: skip


def _found(tmp_path, *changes):
    names = BOOK.layout.standard_names
    rows = [{**dict.fromkeys(names), **CLEAN, **change} for change in changes]
    records = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)).with_columns(
        submission_id=pl.lit("one"), line_number=pl.int_range(2, len(rows) + 2, dtype=pl.UInt32)
    )
    checked = validate_records(
        records, submissions(one=DISTRICT), layout=BOOK.layout, rule_book=BOOK, directory=write_directory(tmp_path)
    )
    return checked.violations.select("line_number", "rule_id").rows()


def test_the_literal_is_its_own_and_the_layout_has_no_student():
    collection = DICTIONARY.collection(LITERAL)
    assert (collection.school_year, collection.cycle, collection.due_date) == (2027, "Jun", date(2027, 6, 30))
    assert not BOOK.layout.is_about_students
    assert not BOOK.after_identify
    assert len([rule for rule in BOOK.rules if rule.kind == "written"]) >= 15


@pytest.mark.parametrize("field", BOOK.layout.fields, ids=lambda field: field.column)
def test_every_column_says_that_it_is_this_projects_own(field):
    assert "this project" in field.source


def test_a_clean_calendar_breaks_no_rule_and_a_second_track_is_another_calendar(tmp_path):
    assert _found(tmp_path, {}, {"calendar_track": "2"}) == []


@pytest.mark.parametrize(
    "change, rule",
    [
        ({"days_per_week": "6"}, "SCH96530"),
        ({"last_day": "08/20/2026"}, "SCH96520"),
        ({"reporting_school_code": "9999"}, "SCH00602"),
        ({"ami_hours": "36.01"}, "SCH96552"),
        ({"hours_in_session": None}, "SCH00001"),
    ],
)
def test_a_wrong_calendar_is_told(tmp_path, change, rule):
    assert rule in {rule_id for _, rule_id in _found(tmp_path, change)}


def test_one_calendar_stands_once(tmp_path):
    assert _found(tmp_path, {}, {}) == [(2, "SCH00202"), (3, "SCH00202")]
