"""Schools without records, and schools with far fewer than when the district last certified."""

from dataclasses import replace
from typing import Any

import duckdb
import polars as pl
import pytest

from outputs.certification.schools import FAR_FEWER, NO_RECORDS, SchoolFile, find_schools, load_expectations
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from tests.outputs.certifying import certify
from tests.outputs.conftest import OCTOBER, RECEIVED, make_submission
from tests.outputs.test_store import store

LAST_OCTOBER = "2025Oct1.0StuCore"
Findings = list[tuple[str, str, str]]


def look(
    con: duckdb.DuckDBPyConnection,
    dictionary: Dictionary,
    directory: Directory,
    counts: dict[str, int],
    *,
    school: str | None = None,
    collection: str = OCTOBER,
    share: float = 0.2,
) -> Findings:
    file = SchoolFile("now", "048078", school, counts)
    found, _ = find_schools(
        con, dictionary.collection(collection), [file], dictionary=dictionary, directory=directory, drop_share=share
    )
    return [(finding.rule_number, finding.school_code, finding.message) for finding in found]


def certified_last_year(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory, **changes: Any
) -> None:
    """Ten records of 1050 and ten of 4020, certified in the October before."""
    rows = [{"reporting_school_code": school, "state_id": None} for school in ("1050", "4020") for _ in range(10)]
    earlier = make_submission(1, collection_version=LAST_OCTOBER, school_year=2025, accepted_count=20, **changes)
    store(con, (earlier, rows, []))
    certify(con, "048078", LAST_OCTOBER, dictionary=dictionary, directory=directory, actor="op", at=RECEIVED)


def test_open_school_without_records_is_named(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    assert look(con, dictionary, directory, {"1050": 3}) == [
        (NO_RECORDS, "4020", "No record is of Lincoln Elementary (4020).")
    ]


def test_school_that_is_closed_or_not_open_yet_is_not_expected(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    closed = directory.schools.with_columns(closed_year=pl.lit(2025, pl.Int32))
    assert look(con, dictionary, Directory(directory.districts, closed), {}) == []


@pytest.mark.parametrize("now, expected", [(8, []), (7, [(FAR_FEWER, "4020")]), (0, [(NO_RECORDS, "4020")])])
def test_more_than_a_fifth_fewer_than_last_october(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory, now: int, expected: Findings
) -> None:
    certified_last_year(con, dictionary, directory)
    found = look(con, dictionary, directory, {"1050": 10, "4020": now})
    assert [finding[:2] for finding in found] == expected
    assert all("October 2024-25" in message and "10" in message for _, _, message in found)


def test_share_is_a_setting(con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory) -> None:
    certified_last_year(con, dictionary, directory)
    assert look(con, dictionary, directory, {"1050": 10, "4020": 6}, share=0.5) == []


def test_pilot_is_no_earlier_year(con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory) -> None:
    certified_last_year(con, dictionary, directory, is_pilot=True)
    assert look(con, dictionary, directory, {"1050": 10, "4020": 1}) == []


def test_building_answers_for_itself_alone(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    certified_last_year(con, dictionary, directory)
    assert look(con, dictionary, directory, {"1050": 9}, school="1050") == []
    assert [finding[:2] for finding in look(con, dictionary, directory, {"1050": 2}, school="1050")] == [
        (FAR_FEWER, "1050")
    ]


def test_february_is_held_against_october_where_no_february_was_certified(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    certified_last_year(con, dictionary, directory)
    found = look(con, dictionary, directory, {"1050": 10, "4020": 1}, collection="2025Feb1.0StuCore")
    assert [finding[:2] for finding in found] == [(FAR_FEWER, "4020")]


def test_later_collection_is_never_the_measure(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    certified_last_year(con, dictionary, directory)
    later = make_submission(2, collection_version="2026Feb1.0StuCore", cycle="Feb", accepted_count=1)
    store(con, (later, [{"reporting_school_code": "4020"}], []))
    certify(con, "048078", "2026Feb1.0StuCore", dictionary=dictionary, directory=directory, actor="op", at=RECEIVED)
    found = look(con, dictionary, directory, {"1050": 10, "4020": 9})
    assert found == []


def test_december_holds_not_every_school(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    assert look(con, dictionary, directory, {"1050": 1}, collection="2026Dec1.0StuCore") == []


def test_expectations_name_collections_of_the_calendar(dictionary: Dictionary) -> None:
    known = {(each.layout, each.cycle) for each in dictionary.collections}
    assert set(load_expectations()) <= known
    for (_, cycle), expectation in load_expectations().items():
        assert cycle not in expectation.compare_with


def test_school_whose_grades_are_not_asked_for_is_not_expected(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    """Class rosters begin with kindergarten: a preschool has none."""
    preschool = replace(
        directory, schools=directory.schools.with_columns(low_grade=pl.lit("PK"), high_grade=pl.lit("PK"))
    )
    assert look(con, dictionary, preschool, {}, collection="2026Oct1.0StuAssign") == []
    assert len(look(con, dictionary, preschool, {})) == 2
