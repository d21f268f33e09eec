"""Opening, closing and extending collections: a person's decision, journaled as an act, then told to the districts.

Every collection of the dictionary is open until somebody closes it (design 3.2). Opened as a pilot it takes files through
every stage, but nothing of it is counted, delivered or published; opened again without --pilot, the pilot ends.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import duckdb

from flows.session import Session
from matching.acts import Act
from outputs.cycles import Action, CycleEvent, end_pilot, judge_lateness, load_cycles, note_event, standing_files
from outputs.next_steps import counted, long_date
from schemas.clock import missouri_day, rfc3339
from schemas.dictionary import ID_BATCH, Collection
from schemas.errors import UnknownName, UsageError

ACT_NAME = "cycle"
PILOT_IDS = (
    "Children of pilot files get their permanent state IDs as in any collection, so send real children only; "
    "try made-up children in a home of their own: mosis init"
)


@dataclass(frozen=True)
class CycleOrder:
    """What an operator asks for; no district means all."""

    action: Action
    collection_version: str
    district_code: str | None = None
    until: date | None = None
    is_pilot: bool = False


def change_cycle(session: Session, order: CycleOrder, *, actor: str, reason: str | None) -> str:
    """Carry the order out; the sentences that say what it does.

    Raises:
        UnknownName: no such collection or district.
        UsageError: the order makes no sense as things stand; nothing was changed.
    """
    collection = _known(session, order)
    cycles = load_cycles(session.con)
    _refuse_nonsense(session, order, collection)
    was_pilot = cycles.is_pilot(collection.version)
    ends_pilot = order.action == "open" and order.district_code is None and was_pilot and not order.is_pilot
    ended = standing_files(session.con, collection.version).get(True, 0) if ends_pilot else 0
    at = session.clock.now()
    event = CycleEvent(
        collection.version, order.district_code, order.action, order.until, actor, reason, at, order.is_pilot
    )
    after = replace(cycles, events={**cycles.events, collection.version: (*cycles.of(collection.version), event)})
    districts = [order.district_code] if order.district_code else list(session.directory.district_codes)
    due = {code: after.due_date(collection, code) for code in districts} if order.until else {}
    facts = _facts(order, collection, due, ends_pilot)
    session.acts.carry_out(Act(ACT_NAME, "decision", actor, reason, f"cycle-{at:%Y%m%dT%H%M%SZ}", at, facts))
    return _said(session, order, collection, ended)


def carry_cycle(con: duckdb.DuckDBPyConnection, act: Act, number: int) -> None:
    """The act: note the decision, end a pilot, say anew which files are late."""
    facts = act.facts
    until = date.fromisoformat(facts["until"]) if facts["until"] else None
    version = facts["collection_version"]
    event = CycleEvent(
        version, facts["district_code"], facts["action"], until, act.actor, act.reason, act.at, facts["is_pilot"]
    )
    if facts["ends_pilot"]:
        end_pilot(con, version, facts["layout"])
    note_event(con, event, number)
    judge_lateness(con, version, {code: date.fromisoformat(day) for code, day in facts["due_dates"].items()})


def _facts(order: CycleOrder, collection: Collection, due: dict[str, date | None], ends_pilot: bool) -> dict[str, Any]:
    return {
        "action": order.action,
        "collection_version": collection.version,
        "layout": collection.layout,
        "district_code": order.district_code,
        "until": order.until.isoformat() if order.until else None,
        "is_pilot": order.is_pilot,
        "ends_pilot": ends_pilot,
        "due_dates": {code: day.isoformat() for code, day in due.items() if day},
    }


def _known(session: Session, order: CycleOrder) -> Collection:
    collection = session.dictionary.collection(order.collection_version)
    if collection.layout == ID_BATCH:
        raise UnknownName("ID batches are taken the whole year. Name a collection by its CollectionVersion literal.")
    if order.district_code and not session.directory.has_district(order.district_code):
        raise UnknownName(f"The directory has no district {order.district_code}. See districts.csv.")
    return collection


def _refuse_nonsense(session: Session, order: CycleOrder, collection: Collection) -> None:
    version, cycles, district = collection.version, load_cycles(session.con), order.district_code
    if order.action == "extend":
        _refuse_past_day(session, order)
    if order.action == "close":
        is_closed = cycles.closing(version, district) is not None if district else cycles.is_closed_for_all(version)
        if is_closed:
            raise UsageError(f"{version} is closed{_for(district)} already. See: mosis cycle show {version}")
    if order.is_pilot and district:
        raise UsageError("A pilot is one for all districts; leave --district out.")
    if order.is_pilot and (real := standing_files(session.con, version).get(False, 0)):
        raise UsageError(
            f"{version} cannot become a pilot: {counted(real, 'file')} of it {'stands' if real == 1 else 'stand'} "
            "that were sent to count. A pilot is opened before the first file comes."
        )


def _refuse_past_day(session: Session, order: CycleOrder) -> None:
    if order.until is None:
        raise UsageError("An extension needs the new due date: --until YYYY-MM-DD")
    today = missouri_day(session.clock.now())
    if order.until < today:
        raise UsageError(
            f"--until {order.until} lies before today, {today}. Give a day that is still to come, or close the collection."
        )


def _for(district: str | None) -> str:
    return f" for {district}" if district else ""


def _said(session: Session, order: CycleOrder, collection: Collection, ended: int) -> str:
    district = order.district_code
    whom = f"district {district} {session.directory.district_name(district)}" if district else "all districts"
    if order.action == "close":
        return (
            f"{collection.title} is closed for {whom}: files are rejected from now on, and told to ask the MOSIS desk. "
            f"Reopen: mosis cycle open {collection.version}{' --district ' + district if district else ''}"
        )
    due = load_cycles(session.con)
    day = due.due_date(collection, district) if district else due.due_for_all(collection)
    until = f", due {long_date(day)}" if day else ""
    if order.action == "extend":
        return f"{collection.title} is now due {long_date(day) if day else 'any time'} for {whom}."
    text = f"{collection.title} is open for {whom}{until}."
    if order.is_pilot:
        text = (
            f"{collection.title} is open as a pilot{until}: every stage runs, nothing of it is counted, delivered as "
            f"pre-code or published. {PILOT_IDS}"
        )
    if ended:
        text += f" The pilot has ended; {counted(ended, 'file')} of it {'was' if ended == 1 else 'were'} set aside."
    return text


def cycle_rows(session_con: duckdb.DuckDBPyConnection, version: str | None) -> list[CycleEvent]:
    """Decisions of one collection or of all, oldest first."""
    events = load_cycles(session_con).events
    return [event for name in sorted(events) if version in (None, name) for event in events[name]]


def event_line(event: CycleEvent) -> str:
    """One line of ``cycle show``."""
    whom = event.district_code or "all districts"
    until = f" until {event.until}" if event.until else ""
    pilot = " as a pilot" if event.is_pilot else ""
    why = f": {event.reason}" if event.reason else ""
    return f"{rfc3339(event.at)}  {event.action}{pilot}{until} for {whom}, by {event.actor}{why}"
