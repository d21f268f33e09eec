"""An answered near match fills every line of its child that a file may hold, and no line that would stand twice."""

from datetime import timedelta
from typing import Any

import duckdb
import polars as pl
import pytest

from outputs.answered_ids import fill_answered_ids
from schemas.dictionary import Dictionary
from tests.outputs.across_files.example_state import store_file
from tests.outputs.conftest import RECEIVED

CORE, SEGMENTS, CLASSES = "2026Oct1.0StuCore", "2026Jun1.0StuEnrlAttnd", "2026Oct1.0StuAssign"
CHILD, OTHER = "1000000008", "1000000017"


def fill(con: duckdb.DuckDBPyConnection, dictionary: Dictionary, *answers: tuple[str, int, str]) -> list[str]:
    answered = pl.DataFrame(
        answers, schema={"submission_id": pl.String, "line_number": pl.Int64, "state_id": pl.String}, orient="row"
    )
    return fill_answered_ids(con, answered, dictionary, RECEIVED + timedelta(days=1))


def ids(con: duckdb.DuckDBPyConnection, literal: str, dictionary: Dictionary) -> list[str | None]:
    table = dictionary.collection(literal).layout
    return [state_id for (state_id,) in con.execute(f"SELECT state_id FROM collection.{table} ORDER BY ALL").fetchall()]


def with_errors(con: duckdb.DuckDBPyConnection, name: str, lines: list[int], rule_id: str) -> None:
    """Each line stands as without an ID."""
    row = {
        "submission_id": name, "district_code": "048078", "layout": "any", "collection_version": "any",
        "rule_id": rule_id, "field": "StateID", "severity": "E", "scope": "record", "message": "none",
        "status": "open", "first_seen_at": RECEIVED, "last_seen_at": RECEIVED,
    }  # fmt: skip
    rows = pl.DataFrame([{**row, "line_number": line} for line in lines])  # noqa: F841 (query)
    con.execute("INSERT INTO quality.violation BY NAME SELECT * FROM rows")
    con.execute(
        "UPDATE intake.submission SET error_count = ?, near_match_count = ? WHERE submission_id = ?",
        [len(lines), len(lines), name],
    )


@pytest.mark.parametrize(
    ("literal", "rule_id", "rows"),
    [
        (SEGMENTS, "SEA00001", [{"entry_date": "2025-08-20"}, {"entry_date": "2026-01-05"}]),
        (
            CLASSES,
            "STA00001",
            [{"educator_id": "E1", "assignment_number": "1"}, {"educator_id": "E1", "assignment_number": "2"}],
        ),
    ],
)
def test_answers_fill_all_lines_of_a_child(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, literal: str, rule_id: str, rows: list[dict[str, Any]]
) -> None:
    store_file(con, dictionary, "file", literal, rows)
    with_errors(con, "file", [2, 3], rule_id)
    assert fill(con, dictionary, ("file", 2, CHILD), ("file", 3, CHILD)) == ["file"]
    assert ids(con, literal, dictionary) == [CHILD, CHILD]
    assert con.execute("SELECT error_count, near_match_count FROM intake.submission").fetchall() == [(0, 0)]
    assert con.execute("SELECT DISTINCT status, changed_by FROM quality.violation").fetchall() == [
        ("fixed", "decision")
    ]
    assert con.execute("SELECT DISTINCT submission_id FROM quality.page_due").fetchall() == [("file",)]


def test_a_line_joins_those_that_the_child_has_already(con: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    store_file(
        con,
        dictionary,
        "file",
        SEGMENTS,
        [{"state_id": CHILD, "entry_date": "2025-08-20"}, {"entry_date": "2026-01-05"}],
    )
    fill(con, dictionary, ("file", 3, CHILD))
    assert ids(con, SEGMENTS, dictionary) == [CHILD, CHILD]


def test_the_same_segment_is_filled_once(con: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    same = {"entry_date": "2025-08-20"}
    store_file(con, dictionary, "file", SEGMENTS, [same, same, {"entry_date": "2026-01-05"}])
    with_errors(con, "file", [2, 3, 4], "SEA00001")
    fill(con, dictionary, *(("file", line, CHILD) for line in (4, 3, 2)))
    found = con.execute(
        "SELECT line_number, state_id FROM collection.student_enrollment_attendance ORDER BY 1"
    ).fetchall()
    assert found == [(2, CHILD), (3, None), (4, CHILD)]
    assert con.execute("SELECT error_count, near_match_count FROM intake.submission").fetchall() == [(1, 1)]


def test_a_number_sent_in_a_wrong_form_stays_an_error(con: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    store_file(con, dictionary, "file", CORE, [{"submitted_state_id": "12345"}])
    with_errors(con, "file", [2], "STC00001")
    with_errors(con, "file", [2], "STC91330")
    fill(con, dictionary, ("file", 2, CHILD))
    found = con.execute("SELECT rule_id, status FROM quality.violation ORDER BY ALL").fetchall()
    assert found == [("STC00001", "fixed"), ("STC91330", "open")]
    assert con.execute("SELECT error_count FROM intake.submission").fetchall() == [(1,)]


def test_a_child_stands_in_a_core_file_once(con: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    store_file(con, dictionary, "file", CORE, [{}, {"reporting_school_code": "1050"}, {"state_id": OTHER}, {}])
    fill(con, dictionary, ("file", 2, CHILD), ("file", 3, CHILD), ("file", 5, OTHER))
    found = con.execute("SELECT line_number, state_id FROM collection.student_core ORDER BY 1").fetchall()
    assert found == [(2, CHILD), (3, None), (4, OTHER), (5, None)]


def test_a_certified_file_is_never_filled(con: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    store_file(con, dictionary, "frozen", SEGMENTS, [{"entry_date": "2025-08-20"}], status="certified")
    store_file(con, dictionary, "trial", SEGMENTS, [{"entry_date": "2025-08-20"}], school="4020")
    assert fill(con, dictionary, ("frozen", 2, CHILD), ("trial", 2, CHILD)) == ["trial"]
    assert sorted(ids(con, SEGMENTS, dictionary), key=str) == [CHILD, None]
