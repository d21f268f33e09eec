"""What a correction says: facts that identity holds to from now on, and the events that tell a number's story."""

from collections.abc import Sequence

import duckdb
import polars as pl

from matching.acts import Act
from matching.corrections.change import Change, Move
from matching.people_facts import CANNOT, MUST, RECORD_PREFIX

Connection = duckdb.DuckDBPyConnection

_EVENT_KINDS = {"merge": "merged", "split": "split", "undo": "undone", "retire": "retired"}
# Links that were taken back stay on record under this name, which nobody follows.
UNDONE_PREFIX = "undone_"


def state_facts(con: Connection, act: Act, change: Change, number: int) -> None:
    """Keep what the person said about two numbers, and about the records that left one for the other."""
    _state_links(con, act, change, number)
    _state_records(con, act, change, number)


def take_back(con: Connection, undone: int) -> None:
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
    incoming_moves = moves_frame(change.moved)  # noqa: F841 (the query reads it)
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


def tell_events(con: Connection, act: Act, change: Change, number: int) -> None:
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


def moves_frame(moves: Sequence[Move]) -> pl.DataFrame:
    """One row a move: submission_id, line_number, old_id, new_id."""
    rows = [(move.submission_id, move.line_number, move.old_id, move.new_id) for move in moves]
    schema = {"submission_id": pl.String, "line_number": pl.Int64, "old_id": pl.String, "new_id": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")
