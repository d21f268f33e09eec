"""What changed about a file's violations by the state's doing, in sentences for the receipt of its district."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import duckdb
import polars as pl

from outputs.next_steps import counted
from schemas.clock import missouri_day


def with_changes(
    receipt: dict[str, Any], rows: pl.DataFrame | None, rule_changes: Sequence[str] = ()
) -> dict[str, Any]:
    """The receipt with what the state corrected and decided behind its message; the same where it did nothing.

    Args:
        rows: violations of the file (columns of quality.violation); null where it has none.
        rule_changes: from ``rule_change_sentences``.
    """
    said = [*rule_changes, *(_waivers(rows) if rows is not None and "waived_until" in rows.columns else ())]
    return {**receipt, "message": " ".join((receipt["message"], *said))} if said else receipt


def rule_change_sentences(con: duckdb.DuckDBPyConnection, submission_ids: Collection[str]) -> dict[str, list[str]]:
    """For each submission that was checked again by corrected rules: what came of it, in order of time."""
    rows = con.execute(
        """
        SELECT submission_id, "at", sum(new_count + reopened_count)::BIGINT, sum(fixed_count)::BIGINT FROM quality.trial
        WHERE cause = 'rule' AND list_contains(?, submission_id) GROUP BY ALL ORDER BY ALL
        """,
        [sorted(submission_ids)],
    ).fetchall()
    said: dict[str, list[str]] = {}
    for name, at, new, fixed in rows:
        said.setdefault(name, []).append(
            f"On {_day(missouri_day(at))} the state corrected its rules and checked this file again, without any change "
            f"to your data: {counted(fixed, 'violation')} went away, {new:,} came up."
        )
    return said


def _waivers(rows: pl.DataFrame) -> list[str]:
    waived = rows.filter(pl.col("status") == "waived")
    ended = rows.filter(
        (pl.col("status") == "reopened") & (pl.col("changed_by") == "decision") & pl.col("waived_until").is_not_null()
    )
    said = []
    if waived.height:
        first = waived["waived_until"].min()
        until = f", the first of them until {_day(first)}" if isinstance(first, date) else ""
        verb = "violation is" if waived.height == 1 else "violations are"
        said.append(f"{waived.height:,} {verb} waived by the state{until}; waived is not corrected.")
    if ended.height:
        verb = "violation counts" if ended.height == 1 else "violations count"
        said.append(f"{ended.height:,} {verb} again: the waiver has ended.")
    return said


def _day(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"
