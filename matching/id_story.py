"""The story of one number, in order: how it came, every line it was given to, every question, what people did to it.

The story itself names files, lines, districts, schools and local IDs. Names and birth dates are apart from it (``versions``,
``explanation``), so that a caller can leave them out.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import polars as pl

from matching.slips import as_ids, one_slip_away
from matching.student_ids import ID_LENGTH
from matching.supplied_ids import MERGED
from schemas.errors import UnknownName, UsageError

# What only those may see who may see a child's name.
NAMED = ("last_name", "first_name", "middle_name", "suffix", "birth_date", "guardian_last_name", "guardian_first_name")


@dataclass(frozen=True)
class StoryEntry:
    """One thing that happened.

    Args:
        what: issued, imported, answered, asked, decided, merged, split, undone, retired or corrected.
        facts: plain values, those that are null left out; ``explanation`` quotes names.
    """

    at: datetime
    what: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class IdStory:
    """A number and all that is known of it.

    Args:
        forwards_to: the numbers it leads to, step by step; empty unless merged.
        forwarded_from: the numbers that lead to it, over any number of steps.
        entries: oldest first.
        versions: the identifying data accepted for it, each with where it came from.
    """

    state_id: str
    status: str
    issued_at: datetime
    forwards_to: tuple[str, ...] = ()
    forwarded_from: tuple[str, ...] = ()
    entries: tuple[StoryEntry, ...] = ()
    versions: tuple[dict[str, Any], ...] = field(default=(), repr=False)


def tell_id_story(con: duckdb.DuckDBPyConnection, state_id: str) -> IdStory:
    """The whole story of a number.

    Raises:
        UsageError: it is not ten digits.
        UnknownName: it was never given; says which known numbers are one slip away.
    """
    number = _ten_digits(state_id)
    found = con.execute("SELECT status, issued_at FROM identity.student WHERE state_id = ?", [number]).fetchall()
    if not found:
        raise UnknownName(_unknown(con, number))
    ((status, issued_at),) = found
    entries = sorted(
        (_entry(row) for query in _QUERIES.values() for row in _rows(con, query, number)), key=lambda entry: entry.at
    )
    return IdStory(
        number, status, issued_at, _forwards_to(con, number) if status == MERGED else (), _forwarded_from(con, number),
        tuple(entries), tuple(_rows(con, _VERSIONS, number)),
    )  # fmt: skip


def _ten_digits(state_id: str) -> str:
    text = state_id.strip()
    if len(text) == ID_LENGTH and text.isascii() and text.isdigit():
        return text
    hint = " Spreadsheet programs drop zeros at the front." if text.isdigit() and len(text) < ID_LENGTH else ""
    raise UsageError(f"A state ID is ten digits; {len(text)} characters were given.{hint}")


def _unknown(con: duckdb.DuckDBPyConnection, number: str) -> str:
    near = known_one_slip_away(con, number)
    if not near:
        return f"The state ID {number} was never given, and no known one is one slip away from it."
    return (
        f"The state ID {number} was never given. One wrong digit or one swap of neighbours away: {', '.join(near)}. "
        "Compare with the child's papers."
    )


def known_one_slip_away(con: duckdb.DuckDBPyConnection, number: str) -> tuple[str, ...]:
    """Numbers of the registry that one wrong digit or one swap of neighbours turns into this one."""
    incoming_slips = pl.DataFrame({"slip": one_slip_away(np.array([int(number)]))[0]})
    incoming_slips = incoming_slips.select(state_id=as_ids(pl.col("slip"))).filter(pl.col("state_id") != number)
    rows = con.execute(
        "SELECT state_id FROM identity.student SEMI JOIN incoming_slips USING (state_id) ORDER BY 1"
    ).fetchall()
    return tuple(found for (found,) in rows)


def _forwards_to(con: duckdb.DuckDBPyConnection, number: str) -> tuple[str, ...]:
    chain = [number]
    while rows := con.execute("SELECT merged_into FROM identity.student WHERE state_id = ?", [chain[-1]]).fetchall():
        ((target,),) = rows
        if target is None or target in chain:
            break
        chain.append(target)
    return tuple(chain[1:])


def _forwarded_from(con: duckdb.DuckDBPyConnection, number: str) -> tuple[str, ...]:
    # The few that were merged first: the recursion would read the whole registry again at each step.
    rows = con.execute(
        f"""
        WITH RECURSIVE merged AS MATERIALIZED (
            SELECT state_id, merged_into FROM identity.student WHERE status = '{MERGED}'
        ), family(state_id) AS (
            SELECT $number UNION SELECT merged.state_id FROM merged JOIN family ON merged.merged_into = family.state_id
        )
        SELECT state_id FROM family WHERE state_id <> $number ORDER BY 1
        """,
        {"number": number},
    ).fetchall()
    return tuple(found for (found,) in rows)


def _rows(con: duckdb.DuckDBPyConnection, query: str, number: str) -> list[dict[str, Any]]:
    cursor = con.execute(query, {"number": number})
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _entry(row: dict[str, Any]) -> StoryEntry:
    facts = {name: value for name, value in row.items() if name not in ("at", "what") and value is not None}
    return StoryEntry(row["at"], row["what"], facts)


_FILE = "f.file_name, f.district_code, f.school_code"
_FROM_FILE = "LEFT JOIN intake.submission f ON f.submission_id = {alias}.submission_id"
_QUERIES = {
    "events": f"""
        SELECT e."at", e.kind AS what, nullif(e.state_id, $number) AS new_state_id,
               nullif(e.other_state_id, $number) AS other_state_id, e.submission_id, e.line_number,
               coalesce(f.file_name, i.file_name) AS file_name, f.district_code, f.school_code, e.evidence, e.actor, e.reason,
               e.run_id, e.block_number
        FROM (SELECT * FROM identity.event WHERE state_id = $number
              UNION ALL SELECT * FROM identity.event WHERE other_state_id = $number AND state_id <> $number) e
        {_FROM_FILE.format(alias="e")}
        LEFT JOIN identity.registry_import i ON i.import_id = e.submission_id
        ORDER BY e.event_id
    """,
    "answers": f"""
        SELECT f.finished_at AS "at", 'answered' AS what, a.outcome, a.reason, a.step, a.match_weight, a.margin,
               a.model_version, a.submission_id, a.line_number, {_FILE}, nullif(m.state_id, $number) AS moved_to, f.run_id
        FROM identity.assignment a JOIN intake.submission f ON f.submission_id = a.submission_id
        LEFT JOIN identity.moved_line m ON m.submission_id = a.submission_id AND m.line_number = a.line_number
        WHERE a.state_id = $number ORDER BY f.finished_at, a.submission_id, a.line_number
    """,
    "questions": f"""
        SELECT n.opened_at AS "at", 'asked' AS what, n.near_match_id, n.candidate_rank, n.match_weight, n.reason, n.status,
               n.resolved_state_id, n.closed_at, n.submission_id, n.line_number, {_FILE}, n.explanation
        FROM identity.near_match n {_FROM_FILE.format(alias="n")}
        WHERE n.candidate_state_id = $number ORDER BY n.opened_at, n.near_match_id
    """,
    "decisions": """
        SELECT d."at", 'decided' AS what, d.kind, d.near_match_id, nullif(d.state_id, $number) AS state_id,
               nullif(d.other_state_id, $number) AS other_state_id, d.submission_id, d.line_number, d.actor, d.reason,
               d.block_number
        FROM identity.decision d WHERE d.state_id = $number OR d.other_state_id = $number ORDER BY d."at", d.decision_id
    """,
}
_VERSIONS = f"""
    SELECT r.district_code, r.school_code, r.local_student_id, r.grade, r.gender, r.first_school_year, r.last_school_year,
           r.source_submission_id AS submission_id, r.source_line AS line_number,
           coalesce(f.file_name, i.file_name) AS file_name, r.layout, r.ssn_hash IS NOT NULL AS has_ssn, r.first_seen_at,
           r.last_seen_at, {", ".join(f"r.{name}" for name in NAMED)}
    FROM identity.record r LEFT JOIN intake.submission f ON f.submission_id = r.source_submission_id
    LEFT JOIN identity.registry_import i ON i.import_id = r.source_submission_id
    WHERE r.state_id = $number ORDER BY r.first_seen_at, r.source_submission_id, r.source_line
"""
