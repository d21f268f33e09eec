"""New, still open, reopened, fixed and waived counts of each trial, kept when it is superseded."""

from datetime import timedelta
from typing import Any

import duckdb

from outputs.violation_desk.trials import HISTORY_SCHEMA, trial_history
from tests.outputs.conftest import OCTOBER, RECEIVED, make_submission
from tests.outputs.test_store import THREE, store

ONE, TWO, THIRD = ({"line_number": line} for line in (2, 3, 4))


def history(con: duckdb.DuckDBPyConnection, severity: str = "E") -> list[tuple[Any, ...]]:
    found = trial_history(con, "048078", None, OCTOBER)
    assert dict(found.schema) == HISTORY_SCHEMA
    counts = ("new_count", "still_open_count", "reopened_count", "fixed_count")
    return found.filter(severity=severity).select("submission_id", *counts).rows()


def test_counts_from_file_to_file(con: duckdb.DuckDBPyConnection) -> None:
    names = [make_submission(number).submission_id for number in range(1, 5)]
    for day, found in enumerate(([ONE, TWO], [TWO], [ONE, TWO, THIRD], [])):
        moment = RECEIVED + timedelta(days=day)
        store(con, (make_submission(day + 1, received_at=moment, run_id=f"run{day}"), THREE, list(found)), day=day)
    assert history(con) == [
        (names[0], 2, 0, 0, 0), (names[1], 0, 1, 0, 1), (names[2], 1, 1, 1, 0), (names[3], 0, 0, 0, 3),
    ]  # fmt: skip
    assert [row[1:] for row in history(con, "W")] == [(0, 0, 0, 0)] * 4


def test_rows_say_which_rule_book_found_them_and_when_they_went(con: duckdb.DuckDBPyConnection) -> None:
    store(con, (make_submission(1), THREE, [ONE]))
    store(con, (make_submission(2, run_id="run2"), THREE, []), day=2)
    found = con.execute("SELECT status, rule_book_version, changed_by, fixed_at FROM quality.violation").fetchall()
    assert found == [("fixed", "rules-1", "file", RECEIVED + timedelta(days=2))]


def test_findings_between_districts_are_left_to_the_state(con: duckdb.DuckDBPyConnection) -> None:
    store(con, (make_submission(1), THREE, [ONE]))
    con.execute("UPDATE quality.violation SET scope = 'state'")
    store(con, (make_submission(2, run_id="run2"), THREE, []), day=1)
    assert con.execute("SELECT submission_id[-1:], status FROM quality.violation").fetchall() == [("1", "open")]
