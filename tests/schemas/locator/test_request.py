"""What one look-up asks, and why it cannot be answered."""

from datetime import date

import polars as pl
import pytest

from schemas.directory import DISTRICT_COLUMNS, Directory
from schemas.locator.request import answer_reasons, purposes, read_date, request_columns, typed_lookups

DIRECTORY = Directory(
    pl.DataFrame({name: ["048078" if name == "district_code" else None] for name in DISTRICT_COLUMNS}),
    pl.DataFrame(),
)
SOUND = {"line_number": 2, "reference": "1", "purpose": "enroll", "last_name": "Smith", "first_name": "Ann"}


def fault_of(**values: str | None) -> str | None:
    row = SOUND | values
    records = pl.DataFrame([row], schema={name: pl.UInt32 if name == "line_number" else pl.String for name in row})
    return typed_lookups(records, "048078", DIRECTORY)["fault"][0]


@pytest.mark.parametrize(
    "values, fault",
    [
        ({}, None),
        ({"purpose": "curiosity"}, "PURPOSE_UNKNOWN"),
        ({"purpose": None}, "PURPOSE_UNKNOWN"),
        ({"birth_date": "2014-04-09"}, "BIRTH_DATE_UNREADABLE"),
        ({"birth_date": "02/30/2014"}, "BIRTH_DATE_UNREADABLE"),
        ({"first_name": None}, "TOO_LITTLE"),
        ({"first_name": None, "birth_date": "4/9/2014"}, None),
        ({"first_name": None, "last_name": None, "state_id": "123"}, None),
        ({"first_name": None, "last_name": None, "local_student_id": "A7"}, None),
        ({"state_id": "12345678901"}, "VALUE_TOO_LONG"),
        ({"state_id": "12a"}, "STATE_ID_UNREADABLE"),
        ({"local_student_id": "7", "district_code": "999999"}, "DISTRICT_UNKNOWN"),
        ({"last_name": "x" * 61}, "VALUE_TOO_LONG"),
    ],
)
def test_fault(values: dict[str, str | None], fault: str | None) -> None:
    assert fault_of(**values) == fault
    assert fault is None or answer_reasons()[fault][0] == "NOT_ANSWERED"


def test_own_district_gave_the_local_id_where_none_is_named() -> None:
    typed = typed_lookups(pl.DataFrame([SOUND]), "048078", DIRECTORY)
    assert typed.select("district_code", "purpose").rows() == [("048078", "ENROLL")]


@pytest.mark.parametrize(
    "text, day",
    [("04/09/2014", date(2014, 4, 9)), ("4/9/2014", date(2014, 4, 9)), ("4/9/14", None), ("13/01/2014", None), (None, None)],
)  # fmt: skip
def test_date_as_people_write_it(text: str | None, day: date | None) -> None:
    assert read_date(text) == day


def test_words_name_every_purpose_and_no_ssn_is_asked_for() -> None:
    assert all(code in answer_reasons()["PURPOSE_UNKNOWN"][1] for code in purposes())
    assert not any("ssn" in column.column.lower() for column in request_columns())
