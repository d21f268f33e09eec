"""The register of corrections: each with who asked for it, what it waits for, and what became of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from matching.corrections.change import Change, Order
from schemas.errors import UnknownName

PROPOSED, WAITING, APPLIED, UNDONE, WITHDRAWN, REFUSED = (
    "proposed", "waiting", "applied", "undone", "withdrawn", "refused"
)  # fmt: skip
# What still has to be decided or done.
OPEN_STATES = (PROPOSED, WAITING)

_COLUMNS = (
    "act_number", "kind", "status", "asked", "change", "actor", "reason", "accepted_at", "approver", "waits_until",
    "applied_at", "applied_block", "note", "undone_by",
)  # fmt: skip


@dataclass(frozen=True)
class Correction:
    """One row of identity.correction; act_number is that of the journal block that accepted it."""

    act_number: int
    kind: str
    status: str
    order: Order
    change: Change | None
    actor: str
    reason: str
    accepted_at: datetime
    approver: str | None
    waits_until: date | None
    applied_at: datetime | None
    applied_block: int | None
    note: str | None
    undone_by: int | None

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers it is about, as far as they are known before it is carried out."""
        if self.change is not None:
            return self.change.numbers
        return tuple(number for number in (self.order.state_id, self.order.other_id) if number)


def load_corrections(
    con: duckdb.DuckDBPyConnection,
    *,
    statuses: Sequence[str] = (),
    state_id: str | None = None,
    without_notices: bool = False,
) -> list[Correction]:
    """Corrections in the order in which they were accepted; all of them where nothing is asked for."""
    rows = con.execute(
        f"""
        SELECT {", ".join(_COLUMNS)} FROM identity.correction
        WHERE (len($statuses) = 0 OR status IN (SELECT unnest($statuses::VARCHAR[])))
          AND (NOT $unnoticed OR (applied_at IS NOT NULL AND notices_at IS NULL))
        ORDER BY act_number
        """,
        {"statuses": list(statuses), "unnoticed": without_notices},
    ).fetchall()
    found = [_correction(row) for row in rows]
    return found if state_id is None else [item for item in found if state_id in item.numbers]


def load_correction(con: duckdb.DuckDBPyConnection, act_number: int) -> Correction:
    """One correction, by its act or by the journal block that carried it out.

    Raises:
        UnknownName: there is none.
    """
    rows = con.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM identity.correction WHERE act_number = $number OR applied_block = $number "
        "ORDER BY act_number = $number DESC",
        {"number": act_number},
    ).fetchall()
    if not rows:
        raise UnknownName(f"No correction has the number {act_number}. All of them: mosis ids acts")
    return _correction(rows[0])


def later_on_the_same(con: duckdb.DuckDBPyConnection, correction: Correction) -> list[Correction]:
    """Corrections that were carried out after this one on one of its numbers, and stand."""
    mine = set(correction.numbers)
    return [
        other
        for other in load_corrections(con, statuses=(APPLIED,))
        if other.kind != "undo"
        and (other.applied_block or 0) > (correction.applied_block or 0)
        and mine & set(other.numbers)
    ]


def _correction(row: tuple[Any, ...]) -> Correction:
    values = dict(zip(_COLUMNS, row, strict=True))
    asked, change = json.loads(values.pop("asked")), values.pop("change")
    return Correction(order=Order.of(asked), change=Change.of(json.loads(change)) if change else None, **values)
