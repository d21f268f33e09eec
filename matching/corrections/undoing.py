"""Undo: an act is taken back exactly; what came since stays where it came, unless it is word for word the other child's."""

import duckdb

from matching.corrections.change import Change, Move, NewStanding, Order
from matching.corrections.children import load_records, records_of_lines
from matching.corrections.lines import load_lines
from matching.corrections.register import APPLIED, Correction, later_on_the_same, load_correction
from matching.corrections.standing import MERGED, load_family
from schemas.clock import missouri_day
from schemas.errors import MosisError, UsageError


def plan_undo(con: duckdb.DuckDBPyConnection, order: Order) -> Change:
    """The inverse of an act that stands.

    Raises:
        UnknownName: there is no such act.
        UsageError: it was not carried out, or is an undo.
        MosisError: it was undone before, or later acts build on it; the message names them.
    """
    target = load_correction(con, order.act_number or 0)
    _refuse(target)
    later = later_on_the_same(con, target)
    if later:
        names = ", ".join(f"{other.act_number} ({other.kind})" for other in later)
        first = later[-1].act_number
        raise MosisError(
            f"Act {target.act_number} cannot be undone yet: later acts build on it: {names}. "
            f"Undo those first, the latest first: mosis ids undo {first}"
        )
    assert target.change is not None
    done = target.change
    standings = tuple(_inverse(standing, done.numbers[0]) for standing in done.standings)
    came_since = _came_since(con, target) if target.kind == "merge" else ()
    return Change(
        numbers=done.numbers,
        standings=standings,
        moved=came_since,
        returned=tuple(Move(*move.key, move.new_id, move.old_id) for move in done.moved),
        undoes=target.act_number,
        notes=tuple(_notes(con, target, came_since)),
    )


def _refuse(target: Correction) -> None:
    number = target.act_number
    if target.kind == "undo":
        raise UsageError(
            f"Act {number} is an undo itself. Order what it took back again: mosis ids merge, split or retire."
        )
    if target.undone_by is not None:
        raise MosisError(f"Act {number} was undone before, by act {target.undone_by}.")
    if target.status != APPLIED:
        raise UsageError(
            f"Act {number} is {target.status}: nothing was changed that could be undone. "
            f"To call it off: mosis ids withdraw {number}"
        )


def _inverse(standing: NewStanding, keeper: str) -> NewStanding:
    """Back to what it was; a number that the act gave out leads to the one it came from, for districts may have it."""
    return NewStanding(standing.state_id, standing.after, standing.before or (MERGED, keeper))


def _came_since(con: duckdb.DuckDBPyConnection, target: Correction) -> tuple[Move, ...]:
    """Lines that came under the survivor since, with exactly the data that stand under the number that comes back."""
    assert target.change is not None
    survivor, merged = target.change.numbers
    back = load_family(con, [merged])
    rows = con.execute(
        """
        SELECT source_submission_id, source_line FROM identity.record AS later
        WHERE state_id = $survivor AND first_seen_at >= $at AND version_hash IN (
            SELECT version_hash FROM identity.record WHERE state_id IN (SELECT unnest($back)))
        """,
        {"survivor": survivor, "at": target.applied_at, "back": list(back)},
    ).fetchall()
    same = {(name, line) for name, line in rows}
    if not same:
        return ()
    family = load_family(con, [survivor])
    lines = [line for line in load_lines(con, set(family) - set(back)) if line.own_id == survivor]
    brought = records_of_lines(con, lines, load_records(con, [survivor]))
    return tuple(
        Move(*line.key, survivor, merged) for line in lines if brought.get(line.key) and brought[line.key] <= same
    )


def _notes(con: duckdb.DuckDBPyConnection, target: Correction, moved: tuple[Move, ...]) -> list[str]:
    assert target.change is not None and target.applied_at is not None
    notes = [
        f"Takes back act {target.act_number}: {target.kind} of {missouri_day(target.applied_at):%m/%d/%Y} by {target.actor}."
    ]
    for standing in target.change.standings:
        if standing.before is None:
            notes.append(
                f"{standing.state_id} was given by that act and stays given: it leads to {target.change.numbers[0]} from now on."
            )
    if target.kind != "merge":
        return notes
    survivor, merged = target.change.numbers
    since = [record for record in load_records(con, [survivor]) if record.first_seen_at >= target.applied_at]
    kept = len({record.key for record in since} - {move.key for move in moved})
    if kept:
        notes.append(
            f"{'1 record' if kept == 1 else f'{kept} records'} came since and stayed with {survivor}. What is the other "
            f"child's can be split off: mosis ids split {survivor}"
        )
    if moved:
        lines = "1 line that came since says" if len(moved) == 1 else f"{len(moved)} lines that came since say"
        notes.append(f"{lines} exactly what the records of {merged} say: gone back with {merged}.")
    return notes
