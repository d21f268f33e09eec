"""The life of a collection: open from the start (design 3.2), closed, reopened, extended or a pilot by people's decisions.

Every decision is a row of intake.cycle, for all districts or for one. Of open and close the last that touches a district
counts. Of extensions the last for all and the last for the district are looked at; the later day is due.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import duckdb

from schemas.clock import end_of_day, missouri_day
from schemas.dictionary import Collection
from schemas.errors import FileRefused

Action = Literal["open", "close", "extend"]
ACTIONS: tuple[Action, ...] = ("open", "close", "extend")


@dataclass(frozen=True, slots=True)
class CycleEvent:
    """One decision; no district means all. ``until`` is the new due date, null where the decision sets none."""

    collection_version: str
    district_code: str | None
    action: Action
    until: date | None
    actor: str
    reason: str | None
    at: datetime
    is_pilot: bool = False

    def concerns(self, district_code: str) -> bool:
        return self.district_code in (None, district_code)


@dataclass(frozen=True)
class Cycles:
    """All decisions by collection, oldest first."""

    events: Mapping[str, tuple[CycleEvent, ...]] = field(default_factory=dict)

    def of(self, collection_version: str) -> tuple[CycleEvent, ...]:
        return self.events.get(collection_version, ())

    def closing(self, collection_version: str, district_code: str) -> CycleEvent | None:
        """The decision that keeps a district out of a collection; null while it may send."""
        states = [
            event
            for event in self.of(collection_version)
            if event.action in ("open", "close") and event.concerns(district_code)
        ]
        return states[-1] if states and states[-1].action == "close" else None

    def is_closed_for_all(self, collection_version: str) -> bool:
        states = [event for event in self.of(collection_version) if event.action in ("open", "close")]
        general = [place for place, event in enumerate(states) if event.district_code is None]
        if not general or states[general[-1]].action != "close":
            return False
        return not any(event.action == "open" for event in states[general[-1] + 1 :])

    def is_pilot(self, collection_version: str) -> bool:
        """Whether the collection was last opened as a pilot."""
        opened = [e for e in self.of(collection_version) if e.action == "open" and e.district_code is None]
        return bool(opened) and opened[-1].is_pilot

    def due_for_all(self, collection: Collection) -> date | None:
        """The calendar's day, or the last day given to all."""
        given = [event.until for event in self.of(collection.version) if event.district_code is None and event.until]
        return given[-1] if given else collection.due_date

    def due_date(self, collection: Collection, district_code: str) -> date | None:
        """The day a district has: that of all, or its own where that is later."""
        for_all = self.due_for_all(collection)
        own = [e.until for e in self.of(collection.version) if e.district_code == district_code and e.until]
        return max([day for day in (for_all, *own[-1:]) if day is not None], default=None)

    def last_due_date(self, collection: Collection) -> date | None:
        """The latest day that any district has."""
        districts = {event.district_code for event in self.of(collection.version) if event.district_code}
        days = [self.due_for_all(collection), *(self.due_date(collection, district) for district in districts)]
        return max((day for day in days if day is not None), default=None)

    def is_late(self, collection: Collection, district_code: str, received_at: datetime) -> bool:
        """Whether a file came after 23:59:59 of the day the district has; without a due date nothing is late."""
        due = self.due_date(collection, district_code)
        return due is not None and missouri_day(received_at) > due


def refusal_of(event: CycleEvent, collection: Collection) -> FileRefused:
    """What is said of a file of a collection that was closed: since when, why, and who can reopen it."""
    day = missouri_day(event.at)
    why = f" ({event.reason})" if event.reason else ""
    return FileRefused(
        "rejected",
        "COLLECTION_CLOSED",
        f"{collection.title} was closed on {day:%B} {day.day}, {day.year}{why}. The file was not taken; what you sent "
        "before stands.",
        "Only the state's MOSIS desk can reopen the collection for your district. Tell it what has to change, and drop "
        "the file again when it is open.",
    )


def load_cycles(con: duckdb.DuckDBPyConnection) -> Cycles:
    """What was decided about every collection."""
    rows = con.execute(
        'SELECT collection_version, district_code, action, until, actor, reason, "at", coalesce(is_pilot, false) '
        'FROM intake.cycle ORDER BY "at", block_number, rowid'
    ).fetchall()
    events: dict[str, list[CycleEvent]] = {}
    for row in rows:
        events.setdefault(row[0], []).append(CycleEvent(*row))
    return Cycles({version: tuple(found) for version, found in events.items()})


def note_event(con: duckdb.DuckDBPyConnection, event: CycleEvent, block_number: int) -> None:
    """Write a decision down in the open transaction."""
    con.execute(
        "INSERT INTO intake.cycle BY NAME SELECT ? AS collection_version, ? AS district_code, ? AS action, "
        '?::DATE AS until, ? AS actor, ? AS reason, ? AS "at", ? AS is_pilot, ? AS block_number',
        [
            event.collection_version, event.district_code, event.action, event.until, event.actor, event.reason,
            event.at, event.is_pilot, block_number,
        ],
    ).fetchall()  # fmt: skip


def judge_lateness(con: duckdb.DuckDBPyConnection, collection: str, due_dates: Mapping[str, date | None]) -> None:
    """Say anew of each standing file of a collection whether it came late.

    Args:
        due_dates: the day each district has now; districts that are not named keep what was said.
    """
    for district_code, due in due_dates.items():
        con.execute(
            "UPDATE intake.submission SET is_late = coalesce(received_at > ?, false) "
            "WHERE collection_version = ? AND district_code = ? AND status IN ('trial', 'certified')",
            [end_of_day(due) if due else None, collection, district_code],
        ).fetchall()


def standing_files(con: duckdb.DuckDBPyConnection, collection_version: str) -> dict[bool, int]:
    """How many files of a collection stand or wait: by whether they are a pilot's."""
    rows = con.execute(
        "SELECT coalesce(is_pilot, false), count(*) FROM intake.submission "
        "WHERE collection_version = ? AND status IN ('trial', 'certified', 'waiting') GROUP BY ALL",
        [collection_version],
    ).fetchall()
    return dict(rows)


def end_pilot(con: duckdb.DuckDBPyConnection, collection_version: str, layout: str) -> None:
    """Set the pilot's files aside: their records leave the collection, what was found in them is settled.

    The bytes stay in the archive; a district that sends the same file again sends it for real.
    """
    pilots = (
        "SELECT submission_id FROM intake.submission WHERE is_pilot AND collection_version = ? "
        "AND status IN ('trial', 'certified', 'waiting')"
    )
    con.execute(f'DELETE FROM collection."{layout}" WHERE submission_id IN ({pilots})', [collection_version]).fetchall()
    con.execute(
        f"UPDATE quality.violation SET status = 'fixed' WHERE status <> 'fixed' AND submission_id IN ({pilots})",
        [collection_version],
    ).fetchall()
    con.execute(
        "UPDATE intake.certificate SET ended = 'pilot_ended' WHERE ended IS NULL AND submission_id IN "
        f"({pilots})", [collection_version],
    ).fetchall()  # fmt: skip
    con.execute(
        f"UPDATE intake.submission SET status = 'superseded' WHERE submission_id IN ({pilots})", [collection_version]
    ).fetchall()


def event_json(event: CycleEvent) -> dict[str, Any]:
    """A decision for programs."""
    return {
        "collection_version": event.collection_version,
        "district_code": event.district_code,
        "action": event.action,
        "until": event.until.isoformat() if event.until else None,
        "is_pilot": event.is_pilot,
        "actor": event.actor,
        "reason": event.reason,
        "at": event.at.isoformat().replace("+00:00", "Z"),
    }
