"""What a decision changes in the database; always the same for the same database and facts. Nothing here commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl

from outputs.state_level.sharing import share_with_other_side
from outputs.violation_desk.selection import Selection, selected
from outputs.violation_desk.standing import STANDING, mark_pages, recount
from schemas.clock import missouri_day

# States a person may give; fixed and reopened come of files alone.
SETTABLE = ("open", "contacted", "accepted")
# Errors that stand against certification go by correction or by a waiver with a last day, never by acceptance.
_BLOCKS = "violation.severity = 'E' AND violation.scope <> 'state'"


@dataclass(frozen=True, slots=True)
class Decided:
    """Who decided, when and why; ``number`` is that of the journal block."""

    number: int
    at: datetime
    actor: str
    reason: str | None


def chosen_for(status: str, selection: Selection, at: datetime) -> tuple[str, dict[str, Any]]:
    """The rows of a selection that may be given a state: only those it changes; waivers are ended by ``unwaive``."""
    source, values = selected(selection, at)
    source += " AND violation.status NOT IN ('fixed', 'waived', $status)"
    if status == "accepted":
        source += f" AND NOT ({_BLOCKS})"
    return source, values | {"status": status}


def set_status(con: duckdb.DuckDBPyConnection, by: Decided, selection: Selection, status: str) -> int:
    """Give violations a state; gives how many. A finding that compares districts changes for both of them."""
    source, values = chosen_for(status, selection, by.at)
    touched = update_rows(con, source, values, {"status": status, "waived_until": None}, by.number)
    touched += share_with_other_side(con, [row for row, _ in touched], by.at)
    _record(con, by, "set", selection, touched, status=status)
    return settle(con, touched)


def waive_rows(con: duckdb.DuckDBPyConnection, by: Decided, selection: Selection, until: date) -> int:
    """Let the violations that stand in a selection stand until a day; gives how many."""
    source, values = standing_of(selection, by.at)
    touched = update_rows(con, source, values, {"status": "waived", "waived_until": until}, by.number)
    _record(con, by, "waive", selection, touched, status="waived", until=until)
    return settle(con, touched)


def standing_of(selection: Selection, at: datetime) -> tuple[str, dict[str, Any]]:
    """The rows of a selection that a waiver takes: what stands, and what is waived already, for another day."""
    source, values = selected(selection, at)
    return f"{source} AND violation.status IN {(*STANDING, 'waived')}", values


def waive_rules(con: duckdb.DuckDBPyConnection, by: Decided, selection: Selection, until: date) -> int:
    """Waive rules in a collection, in districts or schools where they are named; later files are covered, too."""
    con.execute(
        """
        INSERT INTO quality.waiver BY NAME
        SELECT $number AS waiver_number, collection_version, rule_id, district_code, school_code, $reason AS reason,
               $actor AS approver, $at AS given_at, $until AS until
        FROM unnest($collections::VARCHAR[]) AS c(collection_version), unnest($rules::VARCHAR[]) AS r(rule_id),
             unnest($districts::VARCHAR[]) AS d(district_code), unnest($schools::VARCHAR[]) AS s(school_code)
        """,
        {
            "number": by.number, "reason": by.reason or "", "actor": by.actor, "at": by.at, "until": until,
            "collections": list(selection.collections), "rules": list(selection.rules),
            "districts": list(selection.districts) or [None], "schools": list(selection.schools) or [None],
        },
    ).fetchall()  # fmt: skip
    return waive_rows(con, by, selection, until)


def unwaive(con: duckdb.DuckDBPyConnection, by: Decided, selection: Selection) -> int:
    """Take waivers back: those of whole rules that lie in the selection, and the waived rows; gives how many rows.

    A row that another waiver still covers stays waived, by that one.
    """
    if not selection.names_rows:
        _end_waivers(con, by, selection)
    source, values = selected(selection, by.at)
    source += " AND violation.status = 'waived'"
    touched = update_rows(con, source, values, {"status": "reopened"}, by.number)
    _cover_again(con, by.at, touched)
    _record(con, by, "unwaive", selection, touched, status="reopened")
    return settle(con, touched)


def expire(con: duckdb.DuckDBPyConnection, by: Decided, today: date) -> int:
    """Reopen what is waived by a waiver whose last day is past, in files that are not certified; gives how many rows."""
    source, values = run_out(today)
    touched = update_rows(con, source, values, {"status": "reopened"}, by.number)
    _cover_again(con, by.at, touched)
    _record(con, by, "expire", Selection(), touched, status="reopened")
    return settle(con, touched)


def run_out(today: date) -> tuple[str, dict[str, Any]]:
    """FROM and WHERE of the waived rows whose waiver has ended by its date."""
    return (
        "FROM quality.violation AS violation JOIN intake.submission AS file USING (submission_id) "
        "WHERE violation.status = 'waived' AND violation.waived_until < $today "
        "AND file.status IN ('trial', 'answered')",
        {"today": today},
    )


Touched = list[tuple[int, str]]


def update_rows(
    con: duckdb.DuckDBPyConnection, source: str, values: dict[str, Any], changes: dict[str, Any], number: int
) -> Touched:
    """Row and submission of each violation that was changed."""
    rows = con.execute(f"SELECT violation.rowid, violation.submission_id {source} ORDER BY 1", values).fetchall()
    touched = _frame(rows)  # noqa: F841 (for the query)
    assigned = ", ".join(f"{name} = ${name}" for name in changes)
    con.execute(
        f"UPDATE quality.violation SET {assigned}, changed_by = 'decision', decision_number = $decision "
        "WHERE rowid IN (SELECT row FROM touched)",
        {**changes, "decision": number},
    ).fetchall()
    return rows


def _frame(rows: Touched) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"row": pl.Int64, "submission_id": pl.String}, orient="row")


def _end_waivers(con: duckdb.DuckDBPyConnection, by: Decided, selection: Selection) -> None:
    """End the waivers that lie inside the selection; a waiver of the whole state only where no district is named."""
    con.execute(
        """
        UPDATE quality.waiver SET ended_at = $at, ended_by = $actor, end_reason = $reason
        WHERE ended_at IS NULL
          AND (len($rules) = 0 OR list_contains($rules, rule_id))
          AND (len($collections) = 0 OR list_contains($collections, collection_version))
          AND (len($districts) = 0 OR list_contains($districts, district_code))
          AND (len($schools) = 0 OR list_contains($schools, school_code))
        """,
        {
            "at": by.at, "actor": by.actor, "reason": by.reason, "rules": list(selection.rules),
            "collections": list(selection.collections), "districts": list(selection.districts),
            "schools": list(selection.schools),
        },
    ).fetchall()  # fmt: skip


def _cover_again(con: duckdb.DuckDBPyConnection, at: datetime, rows: Touched) -> None:
    """Waive the rows again that another waiver of their rule covers."""
    touched = _frame(rows)  # noqa: F841 (for the query)
    con.execute(
        """
        WITH covered AS (
            SELECT violation.rowid AS row, max(waiver.until) AS until, max_by(waiver.waiver_number, waiver.until) AS number
            FROM quality.violation AS violation JOIN quality.waiver AS waiver
              ON waiver.rule_id = violation.rule_id AND waiver.collection_version = violation.collection_version
             AND coalesce(waiver.district_code, violation.district_code) = violation.district_code
             AND (waiver.school_code IS NULL OR waiver.school_code = violation.school_code)
            WHERE waiver.ended_at IS NULL AND waiver.until >= $today AND violation.rowid IN (SELECT row FROM touched)
            GROUP BY violation.rowid
        )
        UPDATE quality.violation AS violation
        SET status = 'waived', waived_until = covered.until, decision_number = covered.number
        FROM covered WHERE violation.rowid = covered.row
        """,
        {"today": missouri_day(at)},
    ).fetchall()


def _record(
    con: duckdb.DuckDBPyConnection,
    by: Decided,
    kind: str,
    selection: Selection,
    touched: Touched,
    *,
    status: str,
    until: date | None = None,
) -> None:
    """The decision as the desk remembers it; names of one rule, collection or district where there is just one."""

    def only(values: Sequence[str]) -> str | None:
        return values[0] if len(values) == 1 else None

    con.execute(
        'INSERT INTO quality.decision (decision_number, "at", actor, kind, status, reason, until, collection_version, '
        "rule_id, district_code, row_count) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            by.number, by.at, by.actor, kind, status, by.reason, until, only(selection.collections),
            only(selection.rules), only(selection.districts), len(touched),
        ],
    ).fetchall()  # fmt: skip


def settle(con: duckdb.DuckDBPyConnection, touched: Touched) -> int:
    """Counts and pages of the submissions that were touched."""
    names = sorted({name for _, name in touched})
    recount(con, names)
    mark_pages(con, names)
    return len(touched)
