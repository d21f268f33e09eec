"""Merge, split, retire, undo: a person's order is previewed, waits where it must, is carried out, and districts are told."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from flows.session import Session
from flows.state_level import compare_districts
from matching.acts import Act
from matching.corrections.change import Change, Kind, Order, require_reason
from matching.corrections.lines import collection_layouts
from matching.corrections.planning import plan_correction
from matching.corrections.preview import TouchedRow, load_touched_rows
from matching.corrections.register import (
    OPEN_STATES,
    PROPOSED,
    REFUSED,
    WAITING,
    WITHDRAWN,
    Correction,
    load_correction,
    load_corrections,
)
from matching.issuing import taken_test
from matching.plan import find_unfinished
from matching.slips import distance_test
from matching.student_ids import IdSource, SystemIdSource, draw_ids
from outputs.correction_notices import Applied, vendor_disclosures, write_correction_notices
from outputs.disclosure_log import record_disclosures
from schemas.clock import missouri_day
from schemas.database import checkpoint, transaction
from schemas.errors import MosisError, UsageError
from schemas.testing_windows import AssessmentWindow, waits_until

# Shown for a number that is drawn only when the correction is carried out.
NEW_NUMBER = "(new number)"


@dataclass(frozen=True)
class Preview:
    """What a correction would do, row by row; nothing was changed."""

    change: Change
    rows: tuple[TouchedRow, ...]
    status: str
    window: AssessmentWindow | None


@dataclass(frozen=True)
class Ordered:
    """What became of an order.

    Args:
        status: applied, waiting (for the end of a testing window) or proposed (for a second person).
        act_number: by which it is named from now on.
    """

    act_number: int
    kind: str
    status: str
    change: Change
    window: AssessmentWindow | None
    notified: tuple[str, ...] = ()


def preview_correction(session: Session, order: Order, *, actor: str, id_source: IdSource) -> Preview:
    """The correction carried out and rolled back.

    Raises:
        UnknownName, UsageError, MosisError: it cannot be done; the message says why.
    """
    _refuse_unfinished_run(session)
    change = plan_correction(session.con, order, lambda: _draw(session, id_source))
    new_ids = {standing.state_id for standing in change.standings if standing.before is None}
    number = session.journal.head().number + 1
    rows: list[TouchedRow] = []
    with suppress(_RollBack), transaction(session.con):
        act = _act(session, order, change, actor, "preview", accepted=None)
        session.acts.table[act.name](session.con, act, number)
        rows = load_touched_rows(session.con, number, collection_layouts(session.con))
        raise _RollBack
    masked = tuple(replace(row, new_state_id=NEW_NUMBER) if row.new_state_id in new_ids else row for row in rows)
    status, window = _would_be(session)
    return Preview(_mask(change, new_ids), masked, status, window)


class _RollBack(Exception):
    """Ends a preview's transaction."""


def order_correction(
    session: Session, order: Order, *, actor: str, reason: str, id_source: IdSource, run_id: str | None = None
) -> Ordered:
    """Carry the correction out, or note that it waits for a second person or for the end of a testing window.

    Raises:
        UnknownName, UsageError, MosisError: it cannot be done; nothing is journaled, nothing is changed.
    """
    reason = require_reason(reason)
    _refuse_unfinished_run(session)
    change = plan_correction(session.con, order, lambda: _draw(session, id_source))
    status, window = _would_be(session)
    if status == "applied":
        act = _act(session, order, change, actor, reason, accepted=None, run_id=run_id)
        number = session.acts.carry_out(act).number
        notified = write_missing_notices(session)
        compare_districts(session)
        return Ordered(number, order.kind, status, change, None, notified)
    until = window.closes.isoformat() if window and status == WAITING else None
    facts = {"order": order.to_facts(), "status": status, "waits_until": until}
    block = session.acts.carry_out(_note(session, "accept_correction", order.kind, actor, reason, facts))
    return Ordered(block.number, order.kind, status, change, window)


def merge_ids(session: Session, keep: str, other: str, *, actor: str, reason: str) -> Ordered:
    """Merge two numbers of one child; ``keep`` survives.

    Raises:
        UnknownName, UsageError, MosisError: it cannot be done; the message says why.
    """
    order = Order("merge", state_id=keep, other_id=other, keeps=keep)
    return order_correction(session, order, actor=actor, reason=reason, id_source=SystemIdSource())


def approve_correction(session: Session, act_number: int, *, actor: str, id_source: IdSource) -> tuple[str, ...]:
    """The second person's yes: it is carried out, unless a testing window is open. What happened, in sentences.

    Raises:
        UnknownName: no such correction.
        UsageError: it waits for nobody's approval, or the same person asked for it.
    """
    correction = load_correction(session.con, act_number)
    if correction.status != PROPOSED:
        raise UsageError(f"Act {act_number} is {correction.status}; it waits for nobody's approval.")
    if actor.casefold() == correction.actor.casefold():
        raise UsageError(
            f"Act {act_number} was ordered by {correction.actor}; another person has to approve it (--actor names them)."
        )
    window = _open_window(session)
    until = window.closes.isoformat() if window else None
    facts = {"correction": correction.act_number, "status": WAITING, "waits_until": until}
    session.acts.carry_out(_note(session, "approve_correction", correction.order.kind, actor, None, facts))
    if window:
        return (f"Act {act_number} is approved and waits until {window.assessment} ends on {window.closes:%m/%d/%Y}.",)
    said = apply_waiting(session, id_source)
    compare_districts(session)
    return said


def withdraw_correction(session: Session, act_number: int, *, actor: str, reason: str) -> None:
    """Call off what was not carried out yet.

    Raises:
        UnknownName: no such correction.
        UsageError: it was carried out, or closed before.
    """
    correction = load_correction(session.con, act_number)
    if correction.status not in OPEN_STATES:
        raise UsageError(
            f"Act {act_number} is {correction.status}, so it cannot be withdrawn. See mosis ids undo --help"
        )
    _close(session, correction, WITHDRAWN, f"withdrawn by {actor}: {require_reason(reason)}", actor)


def apply_waiting(session: Session, id_source: IdSource) -> tuple[str, ...]:
    """Carry out what waited for a testing window that has closed; a sentence for each.

    Each is planned anew against the registry of today. What no longer fits is refused with the reason, never dropped.
    """
    waiting = load_corrections(session.con, statuses=(WAITING,))
    if not waiting or _open_window(session):
        return ()
    _refuse_unfinished_run(session)
    said = [_apply(session, correction, id_source) for correction in waiting]
    write_missing_notices(session)
    return tuple(said)


def _apply(session: Session, correction: Correction, id_source: IdSource) -> str:
    name = f"Act {correction.act_number} ({correction.kind}, ordered by {correction.actor})"
    try:
        change = plan_correction(session.con, correction.order, lambda: _draw(session, id_source))
    except MosisError as error:
        _close(session, correction, REFUSED, str(error), correction.actor)
        return f"{name} no longer fits and was refused: {error}"
    act = _act(session, correction.order, change, correction.actor, correction.reason, accepted=correction.act_number)
    session.acts.carry_out(act)
    return f"{name} was carried out: {in_words(correction.kind, change)}"


def write_missing_notices(session: Session) -> tuple[str, ...]:
    """Write the notices of every correction that has none yet, also after a crash; who got one.

    What rules across files say of the files concerned is brought up to date with them.
    """
    notified: list[str] = []
    is_page_due = False
    for correction in load_corrections(session.con, without_notices=True):
        assert correction.applied_at is not None
        applied = Applied(correction.act_number, correction.kind, correction.applied_at)
        _log_disclosures(session, applied, correction.actor)
        notified += write_correction_notices(session.con, applied, session.home, session.directory)
        with transaction(session.con):
            _compare_files(session, correction.act_number)
            session.con.execute(
                "UPDATE identity.correction SET notices_at = ? WHERE act_number = ?",
                [session.clock.now(), correction.act_number],
            ).fetchall()
        checkpoint(session.con)
        session.log(f"act {correction.act_number} ({correction.kind}): notices written")
        is_page_due = True
    if is_page_due:
        from flows.report_again import rewrite_due

        rewrite_due(session, session.clock.now())
    return tuple(dict.fromkeys(notified))


def _compare_files(session: Session, act_number: int) -> None:
    """Rules that compare files see the numbers as they stand now: judge the files that hold a line of a correction again.

    In the transaction that notes that the districts were told, so a crash before it leaves both to the next run.
    """
    touched = session.con.execute(
        "SELECT DISTINCT submission_id FROM identity.correction_line JOIN intake.submission USING (submission_id) "
        "WHERE act_number = ? AND status IN ('trial', 'certified') ORDER BY submission_id",
        [act_number],
    ).fetchall()
    if not touched:
        return
    from outputs.across_files import compare_again

    names = [name for (name,) in touched]
    compare_again(session.con, names, session.comparisons, session.clock.now(), are_all=True)


def _log_disclosures(session: Session, applied: Applied, actor: str) -> None:
    """On record before a vendor can read it; a crash in between leaves a row too many, never one too few."""
    disclosures = vendor_disclosures(session.con, applied, actor)
    if not disclosures:
        return
    with transaction(session.con):
        record_disclosures(session.con, disclosures, session.clock.now())
    checkpoint(session.con)


def in_words(kind: str, change: Change) -> str:
    """What a correction does, in one sentence of numbers that holds before and after."""
    first, *others = change.numbers
    match kind:
        case "merge":
            return f"{others[0]} is merged into {first} and leads to it."
        case "split":
            lines = "1 line moves" if len(change.moved) == 1 else f"{len(change.moved)} lines move"
            return f"{first} stays with one child, {others[0]} is the other's; {lines}."
        case "retire":
            return f"{first} is retired and is never given again."
        case _:
            standings = ", ".join(
                f"{s.state_id} is {s.after[0]}{f' into {s.after[1]}' if s.after[1] else ''}" for s in change.standings
            )
            return f"act {change.undoes} is taken back; {standings}."


def _would_be(session: Session) -> tuple[str, AssessmentWindow | None]:
    """What an order given now becomes, and the testing window that is open."""
    window = _open_window(session)
    if session.home.settings.second_approver:
        return PROPOSED, window
    return (WAITING if window else "applied"), window


def _open_window(session: Session) -> AssessmentWindow | None:
    return waits_until(session.home.settings.testing_windows, missouri_day(session.clock.now()))


def _draw(session: Session, id_source: IdSource) -> str:
    taken, distance = taken_test(session.con, session.reservations), distance_test(session.con)
    return str(draw_ids(id_source, 1, taken, distance).item())


def _act(
    session: Session,
    order: Order,
    change: Change,
    actor: str,
    reason: str,
    *,
    accepted: int | None,
    run_id: str | None = None,
) -> Act:
    facts = {"order": order.to_facts(), "change": change.to_facts(), "accepted": accepted}
    at = session.clock.now()
    return Act(order.kind, order.kind, actor, reason, run_id or _run_id(session, order.kind), at, facts)


def _note(session: Session, name: str, kind: Kind, actor: str, reason: str | None, facts: dict[str, Any]) -> Act:
    return Act(name, kind, actor, reason, _run_id(session, kind), session.clock.now(), facts)


def _run_id(session: Session, kind: str) -> str:
    return f"{kind}-{session.clock.now():%Y%m%dT%H%M%SZ}"


def _close(session: Session, correction: Correction, status: str, note: str, actor: str) -> None:
    facts = {"correction": correction.act_number, "status": status, "note": note}
    session.acts.carry_out(_note(session, "close_correction", correction.order.kind, actor, None, facts))


def _refuse_unfinished_run(session: Session) -> None:
    """A plan that is not carried out yet was made for the numbers as they stand."""
    if plan := find_unfinished(session.home.work):
        raise MosisError(
            f"The run {plan.run_id} was interrupted and is not finished; its IDs were decided for the numbers as they stand. "
            "Finish it first: mosis run. Then give this command again."
        )


def _mask(change: Change, new_ids: set[str]) -> Change:
    """The change with a number that is not drawn yet shown as such."""
    shown = lambda number: NEW_NUMBER if number in new_ids else number  # noqa: E731
    return replace(
        change,
        numbers=tuple(map(shown, change.numbers)),
        standings=tuple(replace(s, state_id=shown(s.state_id)) for s in change.standings),
        moved=tuple(replace(move, new_id=shown(move.new_id)) for move in change.moved),
        links=tuple((kind, shown(one), shown(other)) for kind, one, other in change.links),
    )


def touched_counts(rows: Sequence[TouchedRow]) -> dict[tuple[str, str], int]:
    """How many rows of each table have each effect, in the order of the rows."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        counts[row.table, row.effect] = counts.get((row.table, row.effect), 0) + 1
    return counts
