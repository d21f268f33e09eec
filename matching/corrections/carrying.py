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
from matching.corrections.standing import Family, current_id, load_family
from matching.people_facts import CANNOT, MUST, RECORD_PREFIX
from schemas.errors import MosisError

Connection = duckdb.DuckDBPyConnection

_EVENT_KINDS = {"merge": "merged", "split": "split", "undo": "undone", "retire": "retired"}
# Links that were taken back stay on record under this name, which nobody follows.
UNDONE_PREFIX = "undone_"
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
        _take_back(con, change.undoes, accepted)
    _note_lines(con, accepted, lines, change, before, load_family(con, change.numbers))
    _place_lines(con, [move.key for move in (*change.moved, *change.returned)])
    _state_links(con, act, change, number)
    _state_records(con, act, change, number)
    _tell(con, act, change, number)


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
    incoming_moves = _frame(moves)  # noqa: F841 (the query reads it)
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


def _take_back(con: Connection, undone: int, by: int) -> None:
    """What the earlier act said holds no longer; that it was said stays on record."""
    con.execute(
        f"""
        UPDATE identity.decision SET kind = '{UNDONE_PREFIX}' || kind
        WHERE block_number = (SELECT applied_block FROM identity.correction WHERE act_number = ?)
        """,
        [undone],
    ).fetchall()
    con.execute(
        """
        DELETE FROM identity.decided_record WHERE near_match_id IN (
            SELECT near_match_id FROM identity.decision
            WHERE block_number = (SELECT applied_block FROM identity.correction WHERE act_number = ?))
        """,
        [undone],
    ).fetchall()
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


def _state_links(con: Connection, act: Act, change: Change, number: int) -> None:
    for place, (kind, one, other) in enumerate(change.links, start=1):
        con.execute(
            """
            INSERT INTO identity.decision BY NAME
            SELECT $name AS decision_id, $kind AS kind, $one AS state_id, $other AS other_state_id, $actor AS actor,
                   $reason AS reason, $at AS "at", $number AS block_number
            """,
            {
                "name": f"ACT{number}-{place}", "kind": kind, "one": one, "other": other, "actor": act.actor,
                "reason": act.reason, "at": act.at, "number": number,
            },
        ).fetchall()  # fmt: skip


def _state_records(con: Connection, act: Act, change: Change, number: int) -> None:
    """Keep moved records as decided upon: when they come again under the old number, they go to the new one.

    Only those with a local ID that no record which stays has: anything less could speak for the other child.
    """
    if not change.moved or act.name != "split":
        return
    incoming_moves = _frame(change.moved)  # noqa: F841 (the query reads it)
    rows = con.execute(
        """
        SELECT source_submission_id, source_line, moves.old_id, moves.new_id
        FROM identity.record JOIN incoming_moves AS moves
          ON record.source_submission_id = moves.submission_id AND record.source_line = moves.line_number
        WHERE local_student_id IS NOT NULL
          AND (district_code, local_student_id) NOT IN (
              SELECT (stays.district_code, stays.local_student_id) FROM identity.record AS stays
              WHERE stays.state_id IN (SELECT old_id FROM incoming_moves) AND stays.local_student_id IS NOT NULL)
        ORDER BY ALL
        """
    ).fetchall()
    for place, (submission_id, line_number, old_id, new_id) in enumerate(rows, start=1):
        name = f"{RECORD_PREFIX}ACT{number}-{place}"
        con.execute(
            """
            INSERT INTO identity.decided_record BY NAME
            SELECT ? AS near_match_id, district_code, local_student_id, last_name, first_name, middle_name, suffix,
                   birth_date, gender, ssn_hash
            FROM identity.record WHERE source_submission_id = ? AND source_line = ?
            """,
            [name, submission_id, line_number],
        ).fetchall()
        for kind, person in ((MUST, new_id), (CANNOT, old_id)):
            con.execute(
                """
                INSERT INTO identity.decision BY NAME
                SELECT $name || '-' || $kind AS decision_id, $name AS near_match_id, $kind AS kind, $person AS state_id,
                       $submission AS submission_id, $line AS line_number, $actor AS actor, $reason AS reason, $at AS "at",
                       $number AS block_number
                """,
                {
                    "name": name, "kind": kind, "person": person, "submission": submission_id, "line": line_number,
                    "actor": act.actor, "reason": act.reason, "at": act.at, "number": number,
                },
            ).fetchall()  # fmt: skip


def _tell(con: Connection, act: Act, change: Change, number: int) -> None:
    """The events: one a number whose standing changed, one a number that is new, one a line that moved."""
    kind = _EVENT_KINDS[act.name]
    rows: list[tuple[str, str, str | None, str | None, int | None]] = []
    for new in change.standings:
        other = new.after[1] or (new.before and new.before[1]) or _first_other(change, new.state_id)
        if new.before is None:
            rows.append(("issued", new.state_id, other, None, None))
        else:
            rows.append((kind, new.state_id, other, None, None))
    if act.name in ("merge", "split"):
        one, other = change.numbers[0], change.numbers[1]
        rows.append((kind, one, other, None, None))
    for move in (*change.moved, *change.returned):
        rows.append(("corrected", move.new_id, move.old_id, move.submission_id, move.line_number))
    schema = ["kind", "state_id", "other_state_id", "submission_id", "line_number"]
    kinds = dict.fromkeys(schema[:4], pl.String) | {"line_number": pl.Int64}
    incoming_events = pl.DataFrame(rows, schema=kinds, orient="row").with_row_index("place", offset=1)  # noqa: F841
    con.execute(
        """
        INSERT INTO identity.event BY NAME
        SELECT (SELECT coalesce(max(event_id), 0) FROM identity.event) + place AS event_id, $at AS "at", $run_id AS run_id,
               kind, state_id, other_state_id, submission_id, line_number, $actor AS actor, $reason AS reason,
               $number AS block_number
        FROM incoming_events
        """,
        {"at": act.at, "run_id": act.run_id, "actor": act.actor, "reason": act.reason, "number": number},
    ).fetchall()


def _first_other(change: Change, state_id: str) -> str | None:
    return next((number for number in change.numbers if number != state_id), None)


def _frame(moves: Sequence[Move]) -> pl.DataFrame:
    rows = [(move.submission_id, move.line_number, move.old_id, move.new_id) for move in moves]
    schema = {"submission_id": pl.String, "line_number": pl.Int64, "old_id": pl.String, "new_id": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


CORRECTION_ACTS: Mapping[str, Carry] = {
    **dict.fromkeys(KINDS, carry_correction),
    "accept_correction": accept_correction,
    "approve_correction": approve_correction,
    "close_correction": close_correction,
}
