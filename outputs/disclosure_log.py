"""The disclosure log: who was shown whose data, when and what for (34 CFR 99.32; data policy of 2007, accounting for
disclosures).

One writer for every kind of disclosure. Rows are numbered and chained: each hash covers the row and the hash before it, so
that no row can be changed or taken out unseen. A row is committed before anybody sees what it is about.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl

from schemas.clock import rfc3339

# Before the first row there is nothing to chain to.
FIRST_HASH = "0" * 64
_CHAINED = ("seq", "at", "actor", "level", "purpose", "recipient", "subject_hash", "district_code", "record_count")


@dataclass(frozen=True)
class Disclosure:
    """One time that data of children were shown or handed over.

    Args:
        actor: who asked: a login name, or the district whose file asked.
        level: access level of the fields shown (data policy of 2007): 4 for the locator.
        purpose: what for; no student value.
        recipient: who got to see it.
        state_ids: whose data; empty where nobody was found, which is logged all the same.
        names_children: whether the children are listed in access.disclosed; not where another table lists them.
    """

    actor: str
    level: int
    purpose: str
    recipient: str
    state_ids: Sequence[str]
    district_code: str | None = None
    names_children: bool = True


def record_disclosures(con: duckdb.DuckDBPyConnection, disclosures: Sequence[Disclosure], at: datetime) -> None:
    """Add a row for each disclosure, in their order, inside a transaction that the caller opened."""
    if not disclosures:
        return
    last = con.execute("SELECT seq, hash FROM access.log ORDER BY seq DESC LIMIT 1").fetchone()
    last_number, previous_hash = last or (0, FIRST_HASH)
    moment = at.replace(microsecond=0)
    rows, children = [], []
    for number, one in enumerate(disclosures, start=last_number + 1):
        subject = subject_hash(one.state_ids)
        count = len(set(one.state_ids))
        row = (number, moment, one.actor, one.level, one.purpose, one.recipient, subject, one.district_code, count)
        row_hash = _chain(previous_hash, row)
        rows.append((*row, previous_hash, row_hash))
        previous_hash = row_hash
        if one.names_children:
            children += [(number, state_id) for state_id in sorted(set(one.state_ids))]
    con.executemany("INSERT INTO access.log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    incoming_children = pl.DataFrame(children, schema={"seq": pl.Int64, "state_id": pl.String}, orient="row")  # noqa: F841
    con.execute("INSERT INTO access.disclosed SELECT seq, state_id FROM incoming_children").fetchall()


def subject_hash(state_ids: Sequence[str]) -> str:
    """One hash for a set of children: of their state IDs, sorted, each once, joined by line ends."""
    return hashlib.sha256("\n".join(sorted(set(state_ids))).encode()).hexdigest()


def first_broken_link(con: duckdb.DuckDBPyConnection) -> int | None:
    """The number of the first row that does not fit the rows before it or the children listed for it; null where all fit."""
    listed = dict(
        con.execute("SELECT seq, list(state_id ORDER BY state_id) FROM access.disclosed GROUP BY seq").fetchall()
    )
    previous_hash = FIRST_HASH
    found = con.execute(f"SELECT {_columns()}, previous_hash, hash FROM access.log ORDER BY seq").fetchall()
    for place, (*row, previous, row_hash) in enumerate(found, start=1):
        is_chained = row[0] == place and previous == previous_hash and row_hash == _chain(previous, tuple(row))
        children = listed.pop(place, None)
        if not is_chained or (children is not None and subject_hash(children) != row[6]):
            return place
        previous_hash = row_hash
    return min(listed, default=None)


def _columns() -> str:
    return ", ".join(f'"{name}"' for name in _CHAINED)


def _chain(previous_hash: str, row: tuple[object, ...]) -> str:
    values = [rfc3339(value) if isinstance(value, datetime) else value for value in row]
    text = json.dumps([previous_hash, *values], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
