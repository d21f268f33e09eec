"""What a report says of the past: fixed rows by rule and by what fixed them, trials in order, how often rules applied."""

from datetime import timedelta

import duckdb
import polars as pl

from outputs.violation_report.past_queries import load_past
from tests.outputs.conftest import OCTOBER, RECEIVED

FIRST, SECOND = "S1", "S2"
LATER = RECEIVED + timedelta(days=3)


def add_trial(con: duckdb.DuckDBPyConnection, name: str, replaced: str | None, *, new: int, still: int, fixed: int,
              cause: str = "file", waived: int = 0) -> None:  # fmt: skip
    con.execute(
        "INSERT INTO quality.trial BY NAME SELECT ? AS submission_id, '048078' AS district_code, ? AS collection_version, "
        "?::TIMESTAMPTZ AS \"at\", ? AS cause, ? AS replaced_submission_id, 100 AS record_count, 'E' AS severity, ? AS new_count, "
        "? AS still_open_count, 0 AS reopened_count, ? AS fixed_count, ? AS waived_count",
        [name, OCTOBER, RECEIVED if name == FIRST else LATER, cause, replaced, new, still, fixed, waived],
    )


def add_violation(
    con: duckdb.DuckDBPyConnection, name: str, rule: str, *, status: str, by: str = "file", scope: str = "record"
) -> None:
    con.execute(
        "INSERT INTO quality.violation BY NAME SELECT ? AS submission_id, '048078' AS district_code, 'student_core' AS layout, "
        "? AS collection_version, 2 AS line_number, 'Gender' AS field, ? AS rule_id, 'E' AS severity, ? AS scope, 'is wrong' AS message, "
        "? AS status, ? AS changed_by, ?::TIMESTAMPTZ AS first_seen_at, ?::TIMESTAMPTZ AS last_seen_at, ?::TIMESTAMPTZ AS fixed_at",
        [name, OCTOBER, rule, scope, status, by, RECEIVED, RECEIVED, LATER if status == "fixed" else None],
    )


def test_first_file_has_no_past_but_its_own_figures(con: duckdb.DuckDBPyConnection) -> None:
    add_trial(con, FIRST, None, new=5, still=0, fixed=0)
    con.execute("INSERT INTO quality.rule_run VALUES ('R1', 'S1', 63, 4), ('R2', 'S1', 63, 0)")
    past = load_past(con, [FIRST])[FIRST]
    assert past.fixed is None and past.fixed_count is None
    assert [(trial.errors, trial.new) for trial in past.trials] == [(5, 5)]
    assert past.runs == {"R1": (63, 4)}


def test_what_is_gone_is_counted_by_rule_and_by_what_fixed_it(con: duckdb.DuckDBPyConnection) -> None:
    add_trial(con, FIRST, None, new=3, still=0, fixed=0)
    add_trial(con, SECOND, FIRST, new=1, still=1, fixed=2, waived=1)
    for rule, by in (("R1", "file"), ("R1", "file"), ("R2", "rule")):
        add_violation(con, FIRST, rule, status="fixed", by=by)
    add_violation(con, SECOND, "R3", status="open")
    past = load_past(con, [FIRST, SECOND])
    found = past[SECOND].fixed
    assert isinstance(found, pl.DataFrame)
    assert sorted(found.select("rule_id", "changed_by", "count").rows()) == [("R1", "file", 2), ("R2", "rule", 1)]
    assert past[SECOND].fixed_count == 3
    # Of the second file one stands and one is waived; the first file's page shows no later one.
    assert [trial.errors for trial in past[SECOND].trials] == [3, 1]
    assert [trial.errors for trial in past[FIRST].trials] == [3]


def test_a_file_that_fixed_nothing_still_has_a_past(con: duckdb.DuckDBPyConnection) -> None:
    add_trial(con, FIRST, None, new=1, still=0, fixed=0)
    add_trial(con, SECOND, FIRST, new=0, still=1, fixed=0)
    assert load_past(con, [SECOND])[SECOND].fixed_count == 0


def test_open_findings_between_districts_are_counted_apart(con: duckdb.DuckDBPyConnection) -> None:
    add_violation(con, FIRST, "R9", status="open", scope="state")
    add_violation(con, FIRST, "R9", status="accepted", scope="state")
    add_violation(con, FIRST, "R1", status="open")
    assert load_past(con, [FIRST])[FIRST].state_findings == 1
