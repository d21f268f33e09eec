"""How state IDs stand: active, merged into another, or retired, and which ones lead to the same child."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from matching.supplied_ids import ACTIVE, MERGED, RETIRED
from schemas.errors import MosisError, UnknownName

__all__ = ["ACTIVE", "MERGED", "RETIRED", "Standing", "current_id", "load_family", "require_active"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A row of identity.student."""

    state_id: str
    status: str
    merged_into: str | None
    issued_at: datetime | None = None


Family = Mapping[str, Standing]


def load_family(con: duckdb.DuckDBPyConnection, state_ids: Iterable[str]) -> dict[str, Standing]:
    """These IDs, as far as they were ever given, and every ID that forwards to one of them, over any number of steps."""
    family: dict[str, Standing] = {}
    wanted, column = sorted(set(state_ids)), "state_id"
    while wanted:
        # Step by step: a recursive query would join the whole registry in every step, and most numbers lead nowhere.
        rows = con.execute(
            "SELECT state_id, status, merged_into, issued_at FROM identity.student "
            f"WHERE {column} IN (SELECT unnest(?)) ORDER BY state_id",
            [wanted],
        ).fetchall()
        found = {row[0]: Standing(*row) for row in rows if row[0] not in family}
        family |= found
        wanted, column = sorted(found), "merged_into"
    return family


def current_id(family: Family, state_id: str) -> str | None:
    """Where an ID leads in the end; null where that one was withdrawn."""
    standing = family[state_id]
    while standing.merged_into is not None:
        standing = family[standing.merged_into]
    return None if standing.status == RETIRED else standing.state_id


def require_active(con: duckdb.DuckDBPyConnection, state_id: str) -> dict[str, Standing]:
    """The family of an ID that a correction may name.

    Raises:
        UnknownName: it was never given.
        MosisError: it was merged or retired before; the message says into what, and what to do.
    """
    family = load_family(con, [state_id])
    if state_id not in family:
        raise UnknownName(f"The state ID {state_id} was never given. Check the number; leading zeros count.")
    standing = family[state_id]
    if standing.status == RETIRED:
        raise MosisError(
            f"{state_id} is retired. To bring it back, undo the act that retired it: mosis ids acts --id {state_id}"
        )
    if standing.status == MERGED:
        raise MosisError(
            f"{state_id} was merged into {standing.merged_into}. Name that number instead, or undo the merge first: "
            f"mosis ids acts --id {state_id}"
        )
    return family
