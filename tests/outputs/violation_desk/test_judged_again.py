"""What rules say now of the same records, held against what stood."""

from datetime import UTC, date, datetime
from typing import Any

import duckdb
import polars as pl

from outputs.violation_desk.judged_again import compare, store_compared, stored_rows
from outputs.violation_rows import VIOLATION_ROW_SCHEMA

BEFORE, NOW = datetime(2025, 10, 6, 14, tzinfo=UTC), datetime(2025, 10, 9, 14, tzinfo=UTC)


def rows(*changes: dict[str, Any]) -> pl.DataFrame:
    usual = dict.fromkeys(VIOLATION_ROW_SCHEMA) | {
        "submission_id": "S", "line_number": 2, "field": "Gender", "rule_id": "STC00901", "severity": "E",
        "scope": "record", "status": "open", "changed_by": "file", "first_seen_at": BEFORE, "last_seen_at": BEFORE,
    }  # fmt: skip
    return pl.DataFrame([{**usual, **change} for change in changes], schema=VIOLATION_ROW_SCHEMA)


def test_what_stays_keeps_its_past_and_what_changes_was_changed_by_the_rule() -> None:
    stood = rows(
        {"status": "waived", "waived_until": date(2025, 12, 1), "decision_number": 4, "changed_by": "decision"},
        {"line_number": 3},
        {"line_number": 4, "status": "fixed"},
        {"line_number": 6, "status": "fixed"},
    )
    found = rows({}, {"line_number": 4}, {"line_number": 5}).drop("status", "first_seen_at")
    compared = compare(found.with_columns(last_seen_at=pl.lit(NOW)), stood)
    told = compared.rows.select("line_number", "status", "life", "changed_by", "decision_number", "first_seen_at")
    assert told.rows() == [
        (2, "waived", "still_open", "decision", 4, BEFORE),
        (4, "reopened", "reopened", "rule", None, BEFORE),
        (5, "open", "new", "rule", None, NOW),
    ]
    assert compared.gone["line_number"].to_list() == [3]
    assert compared.history["line_number"].to_list() == [6]
    assert compared.by_rule().rows() == [("STC00901", "E", 2, 3, 2, 1)]


def test_another_severity_is_a_change_of_the_rule() -> None:
    found = rows({"severity": "W"}, {"line_number": 3}).drop("status", "first_seen_at")
    compared = compare(found, rows({}, {"line_number": 3}))
    assert compared.rows.select("severity", "changed_by").rows() == [("W", "rule"), ("E", "file")]
    assert compared.changed_files() == ["S"]
    same = compare(rows({}).drop("status", "first_seen_at"), rows({}))
    assert same.changed_files() == []


def test_warnings_about_schools_are_no_verdict_of_the_rules(con: duckdb.DuckDBPyConnection) -> None:
    """They are counted when a file comes, from more than the file; rules judged again leave them and their runs alone."""
    warning = {
        "rule_id": "STC98090",
        "scope": "file",
        "severity": "W",
        "line_number": None,
        "field": "ReportingSchoolCode",
    }
    required = {"district_code": "048078", "layout": "student_core", "collection_version": "C", "message": "m"}
    stood = rows(required | warning, required)  # noqa: F841 (query)
    con.execute("INSERT INTO quality.violation BY NAME SELECT * FROM stood")
    con.execute(
        "INSERT INTO quality.rule_run BY NAME SELECT rule_id, 'S' AS submission_id, 2 AS applicable_count, 1 AS failed_count FROM stood"
    )
    stored = stored_rows(con, ["S"], {"STC00901"}, {"STC98090"})
    assert stored["rule_id"].to_list() == ["STC00901"]
    nothing = compare(stored.clear().drop("status", "first_seen_at"), stored)
    runs = pl.DataFrame(
        schema={
            "rule_id": pl.String,
            "submission_id": pl.String,
            "applicable_count": pl.Int64,
            "failed_count": pl.Int64,
        }
    )
    store_compared(con, ["S"], nothing, runs, rules={"STC00901"}, not_rules={"STC98090"}, at=NOW)
    found = con.execute("SELECT rule_id, status FROM quality.violation ORDER BY ALL").fetchall()
    assert found == [("STC00901", "fixed"), ("STC98090", "open")]
    assert con.execute("SELECT rule_id FROM quality.rule_run").fetchall() == [("STC98090",)]
