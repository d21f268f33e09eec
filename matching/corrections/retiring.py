"""Retire: a number that should never have existed is withdrawn; it is never given again."""

import duckdb

from matching.corrections.change import Change, NewStanding, Order
from matching.corrections.lines import load_lines
from matching.corrections.standing import RETIRED, require_active
from schemas.errors import MosisError


def plan_retire(con: duckdb.DuckDBPyConnection, order: Order) -> Change:
    """What the withdrawal changes.

    Raises:
        UnknownName: the number was never given.
        MosisError: it does not live, others lead to it, or certified records carry it.
    """
    state_id = order.state_id or ""
    family = require_active(con, state_id)
    if len(family) > 1:
        others = ", ".join(sorted(set(family) - {state_id}))
        raise MosisError(
            f"{state_id} cannot be retired: {others} was merged into it and would lead nowhere. "
            f"Undo that merge first: mosis ids acts --id {state_id}"
        )
    certified = _certified_in(con, state_id)
    if certified and not order.is_forced:
        where = "; ".join(f"{district} {collection}" for district, collection in certified)
        raise MosisError(
            f"{state_id} cannot be retired: certified records carry it ({where}), so a district has vouched for a child. "
            "If there is none all the same: --force, and say so in --reason. If two numbers are one child's: mosis ids merge"
        )
    notes = ["Whoever sends this number gets the error SUPPLIED_ID_RETIRED. It is never given again."]
    if certified:
        notes.append("Certified records keep it in their frozen rows; nothing in them is altered.")
    return Change(numbers=(state_id,), standings=(NewStanding.of(family[state_id], RETIRED),), notes=tuple(notes))


def _certified_in(con: duckdb.DuckDBPyConnection, state_id: str) -> list[tuple[str, str]]:
    names = sorted({line.submission_id for line in load_lines(con, [state_id]) if line.layouts})
    rows = con.execute(
        "SELECT DISTINCT district_code, collection_version FROM intake.submission "
        "WHERE status = 'certified' AND submission_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY ALL",
        [names],
    ).fetchall()
    return [(district, collection) for district, collection in rows]
