"""Carrying corrections out: each function is an act's, run in the caller's transaction from the act's facts alone.

Stored records are never rewritten. A merged number forwards; a line that leaves its number is noted in identity.moved_line.
So what a district was once answered, and what it certified, stays as it was, and what was done can be undone exactly.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

import duckdb
import polars as pl

from matching.acts import Act, Carry
from matching.corrections.change import KINDS, Change, Line, Move, NewStanding
from matching.corrections.lines import StoredLine, load_lines
from matching.corrections.register import APPLIED, UNDONE
from matching.corrections.saying import moves_frame, state_facts, take_back, tell_events
from matching.corrections.standing import Family, current_id, load_family
from schemas.errors import MosisError

Connection = duckdb.DuckDBPyConnection

_LINE_SCHEMA = {
    "submission_id": pl.String, "line_number": pl.Int64, "district_code": pl.String, "school_code": pl.String,
    "local_student_id": pl.String, "old_state_id": pl.String, "new_state_id": pl.String, "is_moved": pl.Boolean,
}  # fmt: skip


def accept_correction(con: Connection, act: Act, number: int) -> None:
    """Note what was asked for and cannot be done yet: it waits for a second person or for the end of a testing window."""
    con.execute(
        """
        INSERT INTO identity.correction BY NAME
        SELECT $number AS act_number, $kind AS kind, $status AS status, $asked AS asked, $actor AS actor,
               $reason AS reason, $at AS accepted_at, $until::DATE AS waits_until
        """,
        {
            "number": number, "kind": act.kind, "status": act.facts["status"], "asked": json.dumps(act.facts["order"]),
            "actor": act.actor, "reason": act.reason, "at": act.at, "until": act.facts["waits_until"],
        },
    ).fetchall()  # fmt: skip


def approve_correction(con: Connection, act: Act, number: int) -> None:
    """The second person agrees; what was proposed now waits to be carried out."""
    con.execute(
        "UPDATE identity.correction SET status = ?, approver = ?, waits_until = ?::DATE WHERE act_number = ?",
        [act.facts["status"], act.actor, act.facts["waits_until"], act.facts["correction"]],
    ).fetchall()


def close_correction(con: Connection, act: Act, number: int) -> None:
    """It will not be carried out: withdrawn by a person, or refused because it no longer fits."""
    con.execute(
        "UPDATE identity.correction SET status = ?, note = ? WHERE act_number = ?",
        [act.facts["status"], act.facts["note"], act.facts["correction"]],
    ).fetchall()


def carry_correction(con: Connection, act: Act, number: int) -> None:
    """Merge, split, retire or undo: numbers, records, lines, facts and events.

    Raises:
        MosisError: the registry is not as it was when the correction was planned.
    """
    change = Change.of(act.facts["change"])
    accepted = act.facts["accepted"] or number
    before = load_family(con, change.numbers)
    lines = load_lines(con, before)
    _set_standings(con, change.standings, before, act)
    _move_records(con, [*change.moved, *change.returned])
    _enter(con, act, change, accepted, number)
    if change.undoes is not None:
        take_back(con, change.undoes)
        _mark_undone(con, change.undoes, accepted)
    _note_lines(con, accepted, lines, change, before, load_family(con, change.numbers))
    _place_lines(con, [move.key for move in (*change.moved, *change.returned)])
    state_facts(con, act, change, number)
    tell_events(con, act, change, number)


def _set_standings(con: Connection, standings: Sequence[NewStanding], before: Family, act: Act) -> None:
    for new in standings:
        found = before.get(new.state_id)
        if (found and (found.status, found.merged_into)) != (new.before or None):
            raise MosisError(f"{new.state_id} does not stand as it did when this was planned. Nothing was changed.")
        if found is None:
            con.execute(
                "INSERT INTO identity.student VALUES (?, ?, ?, ?, ?)", [new.state_id, *new.after, act.at, act.run_id]
            ).fetchall()
        else:
            con.execute(
                "UPDATE identity.student SET status = ?, merged_into = ? WHERE state_id = ?", [*new.after, new.state_id]
            ).fetchall()


def _move_records(con: Connection, moves: Sequence[Move]) -> None:
    """Records go with the line they first came with; later lines of the same data have no record of their own."""
    if not moves:
        return
    incoming_moves = moves_frame(moves)  # noqa: F841 (the query reads it)
    con.execute(
        """
        UPDATE identity.record SET state_id = moves.new_id FROM incoming_moves AS moves
        WHERE record.source_submission_id = moves.submission_id AND record.source_line = moves.line_number
          AND record.state_id = moves.old_id
        """
    ).fetchall()


def _enter(con: Connection, act: Act, change: Change, accepted: int, number: int) -> None:
    if accepted != number:
        con.execute(
            "UPDATE identity.correction SET status = ?, change = ?, applied_at = ?, applied_block = ? WHERE act_number = ?",
            [APPLIED, json.dumps(change.to_facts()), act.at, number, accepted],
        ).fetchall()
        return
    con.execute(
        """
        INSERT INTO identity.correction BY NAME
        SELECT $number AS act_number, $kind AS kind, $status AS status, $asked AS asked, $change AS change,
               $actor AS actor, $reason AS reason, $at AS accepted_at, $at AS applied_at, $number AS applied_block
        """,
        {
            "number": number, "kind": act.name, "status": APPLIED, "asked": json.dumps(act.facts["order"]),
            "change": json.dumps(change.to_facts()), "actor": act.actor, "reason": act.reason, "at": act.at,
        },
    ).fetchall()  # fmt: skip


def _mark_undone(con: Connection, undone: int, by: int) -> None:
    con.execute(
        "UPDATE identity.correction SET status = ?, undone_by = ? WHERE act_number = ?", [UNDONE, by, undone]
    ).fetchall()


def _note_lines(
    con: Connection, accepted: int, lines: Iterable[StoredLine], change: Change, before: Family, after: Family
) -> None:
    moved = {move.key: move.new_id for move in change.moved}
    returned = {move.key: move.new_id for move in change.returned}
    rows = []
    for line in lines:
        own_id = moved.get(line.key) or returned.get(line.key) or line.own_id
        rows.append(
            (
                line.submission_id, line.line_number, line.district_code, line.school_code, line.local_student_id,
                current_id(before, line.own_id) or line.own_id, current_id(after, own_id), line.key in moved,
            )
        )  # fmt: skip
    incoming_lines = pl.DataFrame(rows, schema=_LINE_SCHEMA, orient="row")  # noqa: F841 (the query reads it)
    con.execute(
        "INSERT INTO identity.correction_line BY NAME SELECT ? AS act_number, * FROM incoming_lines", [accepted]
    ).fetchall()


def _place_lines(con: Connection, keys: Sequence[Line]) -> None:
    """Say where these lines belong: where the last correction that stands has moved them, if one has."""
    if not keys:
        return
    incoming_keys = pl.DataFrame(  # noqa: F841 (the queries read it)
        keys, schema={"submission_id": pl.String, "line_number": pl.Int64}, orient="row"
    )
    con.execute(
        "DELETE FROM identity.moved_line WHERE (submission_id, line_number) IN "
        "(SELECT (submission_id, line_number) FROM incoming_keys)"
    ).fetchall()
    con.execute(
        f"""
        INSERT INTO identity.moved_line
        SELECT submission_id, line_number, arg_max(new_state_id, applied_block)
        FROM identity.correction_line JOIN identity.correction USING (act_number)
        SEMI JOIN incoming_keys USING (submission_id, line_number)
        WHERE is_moved AND status = '{APPLIED}' GROUP BY ALL
        """
    ).fetchall()


CORRECTION_ACTS: Mapping[str, Carry] = {
    **dict.fromkeys(KINDS, carry_correction),
    "accept_correction": accept_correction,
    "approve_correction": approve_correction,
    "close_correction": close_correction,
}
