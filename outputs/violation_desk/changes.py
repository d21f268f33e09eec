"""What changed about a file's violations by the state's doing, in sentences for the receipt of its district."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import duckdb
import polars as pl

from outputs.next_steps import counted
from schemas.clock import missouri_day

# A receipt names so many waivers, those of most violations.
_NAMED_WAIVERS = 3


def with_changes(
    con: duckdb.DuckDBPyConnection,
    receipt: dict[str, Any],
    rows: pl.DataFrame | None,
    rule_changes: Sequence[str] = (),
) -> dict[str, Any]:
    """The receipt with what the state corrected and decided behind its message; the same where it did nothing.

    Args:
        rows: violations of the file (columns of quality.violation); null where it has none.
        rule_changes: from ``rule_change_sentences``.
    """
    said = [*rule_changes, *(_waivers(con, rows) if rows is not None and "waived_until" in rows.columns else ())]
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


def _waivers(con: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> list[str]:
    waived = rows.filter(pl.col("status") == "waived")
    ended = rows.filter(
        (pl.col("status") == "reopened") & (pl.col("changed_by") == "decision") & pl.col("waived_until").is_not_null()
    )
    said = []
    if waived.height:
        verb = "violation is" if waived.height == 1 else "violations are"
        by_decision = waived.group_by("decision_number").agg(pl.len(), pl.col("waived_until").min())
        each = by_decision.sort("len", "decision_number", descending=[True, False]).head(_NAMED_WAIVERS)
        why = _reasons(con, each["decision_number"].drop_nulls().to_list())
        parts = [_one_waiver(count, until, why.get(number)) for number, count, until in each.iter_rows()]
        more = by_decision.height - each.height
        listed = "; ".join(parts) + (f"; and {counted(more, 'other waiver')}" if more else "")
        said.append(f"{waived.height:,} {verb} waived by the state ({listed}). Waived is not corrected.")
    if ended.height:
        verb = "violation counts" if ended.height == 1 else "violations count"
        said.append(f"{ended.height:,} {verb} again: the waiver has ended.")
    return said


def _one_waiver(count: int, until: date | None, why: str | None) -> str:
    parts = [f"{count:,}", f"until {_day(until)}" if until else "", why or ""]
    return " ".join(part for part in parts if part)


def _reasons(con: duckdb.DuckDBPyConnection, numbers: Sequence[int]) -> dict[int, str]:
    """Who waived and why, by the number of the decision."""
    found = con.execute(
        "SELECT decision_number, actor, reason FROM quality.decision WHERE list_contains(?, decision_number)",
        [list(numbers)],
    ).fetchall()
    return {number: f"by {actor}: {reason}" if reason else f"by {actor}" for number, actor, reason in found}


def _day(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"
