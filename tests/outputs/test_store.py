"""A trial replaces the earlier one whole; a certified file stays; a violation keeps its first day."""

from datetime import timedelta
from typing import Any

import duckdb
import polars as pl
import pytest

from outputs.store import StoredGroup, Versions, store_group
from outputs.violation_desk.trials import count_fixed
from outputs.violation_rows import VIOLATION_ROW_SCHEMA, read_violations
from schemas.errors import DictionaryError
from schemas.submission import Submission
from tests.outputs.conftest import (
    OCTOBER,
    RECEIVED,
    make_assignments,
    make_records,
    make_submission,
    make_violations,
    no_rule_runs,
)

VERSIONS = Versions("dictionary-1", {OCTOBER: "rules-1"})
THREE = [{"local_student_id": f"L{n}", "state_id": f"{n}000000000"} for n in (1, 2, 3)]


def store(
    con: duckdb.DuckDBPyConnection,
    *files: tuple[Submission, list[dict[str, Any]], list[dict[str, Any]]],
    day: int = 0,
) -> StoredGroup:
    """Store files given as (submission, rows, violations) in one committed group."""
    con.execute("BEGIN")
    stored = store_group(
        con,
        [submission for submission, _, _ in files],
        {"student_core": pl.concat([make_records(submission, rows) for submission, rows, _ in files])},
        pl.concat([make_violations(submission, found) for submission, _, found in files]),
        no_rule_runs(),
        pl.concat([make_assignments(submission, []) for submission, _, _ in files]),
        versions=VERSIONS,
        at=RECEIVED + timedelta(days=day),
    )
    con.execute("COMMIT")
    return stored


def statuses(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(con.execute("SELECT submission_id[-1:], status FROM intake.submission").fetchall())


def lines(con: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    return con.execute(
        "SELECT submission_id[-1:], count(*) FROM collection.student_core GROUP BY ALL ORDER BY ALL"
    ).fetchall()


def found(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """Submission, line, status, days since the first file at first and last sight."""
    return con.execute(
        "SELECT submission_id[-1:], line_number, status, date_diff('day', ?, first_seen_at), "
        "date_diff('day', ?, last_seen_at) FROM quality.violation ORDER BY ALL",
        [RECEIVED, RECEIVED],
    ).fetchall()


def test_rows_and_counts_are_stored(con: duckdb.DuckDBPyConnection) -> None:
    first = make_submission(1)
    store(con, (first, THREE, [{}, {"line_number": 3, "severity": "W"}]))
    assert lines(con) == [("1", 3)]
    row = con.execute(
        "SELECT status, error_count, warning_count, near_match_count, dictionary_version, rule_book_version, "
        "accepted_count FROM intake.submission"
    ).fetchall()
    assert row == [("trial", 1, 1, 0, "dictionary-1", "rules-1", 3)]
    named = con.execute(
        "SELECT school_code, state_id, local_student_id, district_code FROM quality.violation"
    ).fetchall()
    assert named[0] == ("4020", "1000000000", "L1", "048078")


def test_new_trial_replaces_the_earlier_one_whole(con: duckdb.DuckDBPyConnection) -> None:
    store(con, (make_submission(1), THREE, []))
    stored = store(con, (make_submission(2), THREE[:2], []), day=1)
    assert statuses(con) == {"1": "superseded", "2": "trial"}
    assert lines(con) == [("2", 2)]
    assert stored.superseded == {make_submission(1).submission_id}


def test_certified_file_stays_beside_a_new_trial(con: duckdb.DuckDBPyConnection) -> None:
    store(con, (make_submission(1), THREE, [{"severity": "W"}]))
    con.execute("UPDATE intake.submission SET status = 'certified'")
    store(con, (make_submission(2), THREE, [{"severity": "W"}]), day=1)
    assert statuses(con) == {"1": "certified", "2": "trial"}
    assert lines(con) == [("1", 3), ("2", 3)]
    assert found(con) == [("1", 2, "open", 0, 0), ("2", 2, "open", 0, 1)]


@pytest.mark.parametrize(
    "change", [{"district_code": "010004"}, {"school_code": "4020"}, {"collection_version": "2025Oct1.0StuCore"}]
)
def test_other_district_building_or_collection_is_left_alone(
    con: duckdb.DuckDBPyConnection, change: dict[str, str]
) -> None:
    store(con, (make_submission(1), THREE, [{}]))
    store(con, (make_submission(2, **change), THREE, []), day=1)
    assert statuses(con) == {"1": "trial", "2": "trial"}
    assert found(con) == [("1", 2, "open", 0, 0)]


def test_last_of_two_files_of_one_group_stands(con: duckdb.DuckDBPyConnection) -> None:
    """The replaced one keeps its rows for its own report; both have the earlier file as their past."""
    store(con, (make_submission(0), THREE, [{}, {"line_number": 3}]))
    first = make_submission(1, run_id="run2")
    later = make_submission(2, run_id="run2", received_at=RECEIVED + timedelta(minutes=5))
    stored = store(con, (first, THREE, [{}, {"line_number": 4}]), (later, THREE[:1], [{}]), day=1)
    assert statuses(con) == {"0": "superseded", "1": "superseded", "2": "trial"}
    assert lines(con) == [("2", 1)]
    assert found(con) == [
        ("0", 3, "fixed", 0, 0), ("1", 2, "open", 0, 1), ("1", 4, "open", 1, 1), ("2", 2, "open", 0, 1),
    ]  # fmt: skip
    assert stored.violations.height == 3
    assert stored.superseded == {make_submission(0).submission_id, first.submission_id}
    assert count_fixed(con, [later.submission_id]) == {later.submission_id: 1}


def test_rows_and_fixed_counts_for_reports(con: duckdb.DuckDBPyConnection) -> None:
    first, second = make_submission(1), make_submission(2, run_id="run2", received_at=RECEIVED + timedelta(days=1))
    store(con, (first, THREE, [{}, {"line_number": 3}]))
    assert count_fixed(con, [first.submission_id]) == {}
    store(con, (second, THREE, [{}, {"line_number": 4}]), day=1)
    rows = read_violations(con, [second.submission_id]).sort("line_number")
    assert dict(rows.schema) == VIOLATION_ROW_SCHEMA
    assert rows["line_number"].to_list() == [2, 4]
    assert read_violations(con, [first.submission_id]).height == 0
    assert count_fixed(con, [first.submission_id, second.submission_id]) == {second.submission_id: 1}


def test_violation_lives_through_files(con: duckdb.DuckDBPyConnection) -> None:
    """Two errors; one goes and comes back, the child of the other moves to another line."""
    store(con, (make_submission(1), THREE, [{}, {"line_number": 3}]))
    moved = [THREE[2], THREE[0], THREE[1]]
    store(con, (make_submission(2), moved, [{"line_number": 3}]), day=1)
    assert found(con) == [("1", 3, "fixed", 0, 0), ("2", 3, "open", 0, 1)]
    store(con, (make_submission(3), THREE, [{}, {"line_number": 3}]), day=2)
    assert found(con) == [("3", 2, "open", 0, 2), ("3", 3, "reopened", 0, 2)]
    store(con, (make_submission(4), THREE, []), day=3)
    assert found(con) == [("3", 2, "fixed", 0, 2), ("3", 3, "fixed", 0, 2)]


@pytest.mark.parametrize(
    "before, after, is_same",
    [
        (
            {"state_id": "1000000000", "local_student_id": "A"},
            {"state_id": "1000000000", "local_student_id": "B"},
            True,
        ),
        ({"state_id": None, "local_student_id": "A"}, {"state_id": "1000000000", "local_student_id": "A"}, True),
        ({"state_id": None, "local_student_id": None}, {"state_id": None, "local_student_id": None}, True),
        ({"state_id": "1000000000"}, {"state_id": "2000000000"}, False),
        ({"local_student_id": "A"}, {"local_student_id": "A", "reporting_school_code": "1050"}, False),
    ],
)
def test_same_child_by_state_id_else_local_id_else_line(
    con: duckdb.DuckDBPyConnection, before: dict[str, Any], after: dict[str, Any], is_same: bool
) -> None:
    store(con, (make_submission(1), [before], [{}]))
    store(con, (make_submission(2), [after], [{}]), day=1)
    assert found(con)[-1] == ("2", 2, "open", 0 if is_same else 1, 1)
    assert len(found(con)) == (1 if is_same else 2)


@pytest.mark.parametrize("status", ["waived", "contacted", "accepted"])
def test_what_people_decided_is_kept(con: duckdb.DuckDBPyConnection, status: str) -> None:
    store(con, (make_submission(1), THREE, [{}]))
    con.execute("UPDATE quality.violation SET status = ?", [status])
    store(con, (make_submission(2), THREE, [{}]), day=1)
    assert found(con) == [("2", 2, status, 0, 1)]


def test_placeholder_shared_by_all_records_does_not_multiply_rows(con: duckdb.DuckDBPyConnection) -> None:
    rows = [{"local_student_id": "0"}] * 300
    errors = [{"line_number": line} for line in range(2, 302)]
    store(con, (make_submission(1), rows, errors))
    store(con, (make_submission(2), rows, errors), day=1)
    assert len(found(con)) == 300
    assert {row[3] for row in found(con)} == {0}


def test_storing_the_same_group_again_changes_nothing(con: duckdb.DuckDBPyConnection) -> None:
    for _ in range(2):
        store(con, (make_submission(1), THREE, [{}]))
    assert statuses(con) == {"1": "trial"}
    assert lines(con) == [("1", 3)]
    assert found(con) == [("1", 2, "open", 0, 0)]


def test_rejected_file_leaves_a_submission_row_and_nothing_else(con: duckdb.DuckDBPyConnection) -> None:
    store(con, (make_submission(1), THREE, [{}]))
    refused = make_submission(
        2, status="rejected", outcome="rejected", layout=None, collection_version=None, record_count=None
    )
    store(con, (refused, [], []), day=1)
    assert statuses(con) == {"1": "trial", "2": "rejected"}
    assert found(con) == [("1", 2, "open", 0, 0)]
    assert con.execute("SELECT error_count FROM intake.submission WHERE status = 'rejected'").fetchall() == [(None,)]


def test_column_the_table_lacks_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    trial = make_submission(1)
    records = make_records(trial, THREE).with_columns(shoe_size=pl.lit(38))
    with pytest.raises(DictionaryError, match="shoe_size"):
        store_group(
            con, [trial], {"student_core": records}, make_violations(trial, []), no_rule_runs(),
            make_assignments(trial, []), versions=VERSIONS, at=RECEIVED,
        )  # fmt: skip


def test_near_matches_of_a_batch_are_counted_and_its_records_not_stored(con: duckdb.DuckDBPyConnection) -> None:
    batch = make_submission(1, layout="id_batch", collection_version="id_batch", status="answered")
    store_group(
        con,
        [batch],
        {"id_batch": make_records(batch, THREE)},
        make_violations(batch, [{"line_number": 3}]),
        no_rule_runs(),
        make_assignments(batch, [(2, "NEW", "NEW", "1000000000"), (3, "NEAR_MATCH", "SEVERAL_PEOPLE", None)]),
        versions=VERSIONS,
        at=RECEIVED,
    )
    assert con.execute("SELECT near_match_count, error_count FROM intake.submission").fetchall() == [(1, 1)]
    assert con.execute("SELECT local_student_id FROM quality.violation").fetchall() == [("L2",)]
    assert lines(con) == []
