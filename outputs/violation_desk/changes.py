"""What changed about a file's violations after its receipt, in sentences for its district."""

from datetime import date

import duckdb

from outputs.next_steps import counted
from schemas.clock import missouri_day


def changes_since_receipt(con: duckdb.DuckDBPyConnection, submission_id: str) -> list[str]:
    """Sentences about rules that were corrected and waivers, in order of time; none where nothing changed."""
    return [*_rule_changes(con, submission_id), *_waivers(con, submission_id)]


def _rule_changes(con: duckdb.DuckDBPyConnection, submission_id: str) -> list[str]:
    rows = con.execute(
        """
        SELECT "at", sum(new_count + reopened_count)::BIGINT, sum(fixed_count)::BIGINT FROM quality.trial
        WHERE submission_id = ? AND cause = 'rule' GROUP BY "at" ORDER BY "at"
        """,
        [submission_id],
    ).fetchall()
    return [
        f"On {_day(missouri_day(at))} the state corrected its rules and checked this file again, without any change to "
        f"your data: {counted(fixed, 'violation')} went away, {new:,} came up."
        for at, new, fixed in rows
        if new or fixed
    ]


def _waivers(con: duckdb.DuckDBPyConnection, submission_id: str) -> list[str]:
    waived = con.execute(
        "SELECT count(*), min(waived_until) FROM quality.violation WHERE submission_id = ? AND status = 'waived'",
        [submission_id],
    ).fetchall()[0]
    ended = con.execute(
        "SELECT count(*), max(waived_until) FROM quality.violation "
        "WHERE submission_id = ? AND status = 'reopened' AND changed_by = 'decision' AND waived_until IS NOT NULL",
        [submission_id],
    ).fetchall()[0]
    said = []
    if waived[0]:
        until = f", the first of them until {_day(waived[1])}" if waived[1] else ""
        verb = "violation is" if waived[0] == 1 else "violations are"
        said.append(f"{waived[0]:,} {verb} waived by the state{until}; waived is not corrected.")
    if ended[0]:
        verb = "violation counts" if ended[0] == 1 else "violations count"
        said.append(f"{ended[0]:,} {verb} again: the waiver has ended.")
    return said


def _day(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"
