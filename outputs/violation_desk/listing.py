"""What the operator sees of violations: counts by rule, rows by key, one row in full. No student value: line, field and rule."""

from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from outputs.violation_desk.selection import DAYS_OPEN, KEY, Selection, selected

STATES = ("open", "reopened", "contacted", "waived", "accepted", "fixed")
_ROW = f"""
    {KEY} AS key, violation.district_code, violation.school_code, violation.collection_version, violation.submission_id,
    violation.line_number AS line, violation.field, violation.rule_id, violation.severity, violation.scope,
    violation.status, violation.changed_by, violation.waived_until, violation.due_date, violation.other_district_code,
    {DAYS_OPEN} AS days_open, violation.first_seen_at, violation.last_seen_at, violation.fixed_at,
    violation.rule_book_version
"""


def by_rule(con: duckdb.DuckDBPyConnection, selection: Selection, at: datetime) -> pl.DataFrame:
    """One row a rule and field, most violations first: how many stand in each state, in how many districts, how long."""
    source, values = selected(selection, at)
    counts = ", ".join(
        f"count(*) FILTER (violation.status = '{state}') AS {'is_open' if state == 'open' else state}"
        for state in STATES
    )
    return (
        con.sql(
            f"""
        SELECT violation.rule_id, violation.severity, violation.scope, violation.field, count(*) AS total, {counts},
               count(DISTINCT violation.district_code) AS districts, max({DAYS_OPEN}) AS oldest_days,
               min(violation.message) AS message
        {source} GROUP BY ALL ORDER BY total DESC, violation.rule_id, violation.field
        """,
            params=values,
        )
        .pl()
        .rename({"is_open": "open"})
    )


def listed_rows(con: duckdb.DuckDBPyConnection, selection: Selection, at: datetime, limit: int) -> pl.DataFrame:
    """The first rows of a selection: district, collection, line, rule; errors before warnings."""
    source, values = selected(selection, at)
    return con.sql(
        f"""
        SELECT {_ROW} {source}
        ORDER BY violation.severity, violation.district_code, violation.collection_version, violation.submission_id,
                 violation.line_number, violation.rule_id, violation.field
        LIMIT {int(limit)}
        """,
        params=values,
    ).pl()


def full_rows(con: duckdb.DuckDBPyConnection, key: str, at: datetime) -> list[dict[str, Any]]:
    """The rows of a key with message, fix, the decision about them, the waiver that covers them, and answers."""
    source, values = selected(Selection(keys=(key,), statuses=STATES), at)
    relation = con.sql(
        f"""
        SELECT {_ROW}, violation.message, violation.fix, decision.actor AS decided_by, decision."at" AS decided_at,
               coalesce(waiver.reason, decision.reason) AS decision_reason, waiver.approver, waiver.waiver_number,
               (SELECT list(answer.response || ' (' || answer.status || ')' ORDER BY answer.received_at)
                FROM quality.response AS answer
                WHERE answer.submission_id = violation.submission_id AND answer.rule_id = violation.rule_id
                  AND answer.line_number IS NOT DISTINCT FROM violation.line_number
                  AND answer.field IS NOT DISTINCT FROM violation.field) AS responses
        {
            source.replace(
                "WHERE",
                '''
        LEFT JOIN quality.decision AS decision ON decision.decision_number = violation.decision_number
        LEFT JOIN (
            SELECT waiver_number, any_value(reason) AS reason, any_value(approver) AS approver
            FROM quality.waiver GROUP BY waiver_number
        ) AS waiver ON waiver.waiver_number = violation.decision_number
        WHERE''',
                1,
            )
        }
        """,
        params=values,
    ).pl()
    return relation.to_dicts()


def standing_waiver_rows(con: duckdb.DuckDBPyConnection, selection: Selection) -> pl.DataFrame:
    """Waivers of whole rules that were not taken back, the first to end first: of the rules, collections and places chosen.

    One for every district or school is about each of them.
    """
    return con.sql(
        """
        SELECT waiver_number, collection_version, rule_id, district_code, school_code, reason, approver, given_at, until
        FROM quality.waiver
        WHERE ended_at IS NULL
          AND (len($rules) = 0 OR list_contains($rules, rule_id))
          AND (len($collections) = 0 OR list_contains($collections, collection_version))
          AND (len($districts) = 0 OR district_code IS NULL OR list_contains($districts, district_code))
          AND (len($schools) = 0 OR school_code IS NULL OR list_contains($schools, school_code))
        ORDER BY until, waiver_number, rule_id, district_code
        """,
        params={
            "rules": list(selection.rules), "collections": list(selection.collections),
            "districts": list(selection.districts), "schools": list(selection.schools),
        },
    ).pl()  # fmt: skip
