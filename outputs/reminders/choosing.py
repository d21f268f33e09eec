"""Which districts are reminded today: those whose due date is one of the set numbers of days away and who are not certified.

Each reminder of the schedule goes out once for a due date. Where no run took place on its day it goes out on the next, up to
three days later; of several that were missed only the last one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl

# States in which a district has still something to do (outputs/district_states.py).
REMINDED = ("missing", "not_due", "refused", "waiting", "errors", "near_matches", "recertify", "ready")
# A reminder that could not be written on its day still helps for so many days.
GRACE_DAYS = 3


@dataclass(frozen=True, slots=True)
class DueReminder:
    """One reminder to one district. ``days``: which of the schedule it is; ``days_left`` on the day it is written."""

    collection_version: str
    collection_title: str
    district_code: str
    district_name: str
    state: str
    errors: int
    near_matches: int
    due_date: date
    days: int
    days_left: int
    is_pilot: bool

    @property
    def file_stem(self) -> str:
        return self.collection_version


def due_reminders(
    rows: pl.DataFrame, written: set[tuple[str, str, date, int]], schedule: Sequence[int]
) -> list[DueReminder]:
    """The reminders that go out today.

    Args:
        rows: from ``status_rows``; closed collections of a district are left out.
        written: (collection, district, due date, days) of those that went out.
        schedule: days before the due date, negative after it.
    """
    found = []
    for row in rows.iter_rows(named=True):
        days = _stage(row["days_left"], schedule)
        if days is None or row["state"] not in REMINDED or row["is_closed"]:
            continue
        if (row["collection_version"], row["district_code"], row["due_date"], days) not in written:
            found.append(_reminder(row, days))
    return found


def _stage(days_left: int | None, schedule: Sequence[int]) -> int | None:
    """The reminder of the schedule whose day has come last; null where none has, or too long ago."""
    if days_left is None:
        return None
    come = [days for days in schedule if days_left <= days]
    return min(come) if come and min(come) - days_left <= GRACE_DAYS else None


def _reminder(row: dict[str, Any], days: int) -> DueReminder:
    return DueReminder(
        row["collection_version"], row["collection_title"], row["district_code"], row["district_name"], row["state"],
        row["errors"] or 0, row["near_matches"] or 0, row["due_date"], days, row["days_left"], row["is_pilot"],
    )  # fmt: skip


def written_reminders(con: duckdb.DuckDBPyConnection) -> set[tuple[str, str, date, int]]:
    return set(con.execute("SELECT collection_version, district_code, due_date, days FROM intake.reminder").fetchall())


def note_reminders(
    con: duckdb.DuckDBPyConnection, reminders: Sequence[DueReminder], folder_name: str, at: datetime
) -> None:
    """Write down in the open transaction that these went out."""
    rows = [
        [one.collection_version, one.district_code, one.due_date, one.days, one.state, folder_name, at]
        for one in reminders
    ]
    if rows:
        con.executemany("INSERT INTO intake.reminder VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def was_looked_at(con: duckdb.DuckDBPyConnection, day: date) -> bool:
    """Whether all districts were looked at on a day already."""
    return bool(con.execute("SELECT 1 FROM intake.reminder_round WHERE day = ? LIMIT 1", [day]).fetchall())


def note_round(con: duckdb.DuckDBPyConnection, day: date, at: datetime) -> None:
    con.execute("INSERT INTO intake.reminder_round VALUES (?, ?)", [day, at]).fetchall()
