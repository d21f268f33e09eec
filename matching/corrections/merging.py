"""Merge: two numbers of one child become one; the other forwards for ever."""

import duckdb

from matching.corrections.change import Change, NewStanding, Order
from matching.corrections.standing import MERGED, load_family, require_active
from matching.people_facts import MUST
from matching.stored_facts import facts_between
from schemas.errors import MosisError, UsageError


def plan_merge(con: duckdb.DuckDBPyConnection, order: Order) -> Change:
    """What the merge changes.

    Raises:
        UsageError: the two are one number, or the one to keep is none of them.
        UnknownName: one was never given.
        MosisError: one does not live, somebody said they are two children, or both live in one district with two local IDs.
    """
    one, other = order.state_id or "", order.other_id or ""
    if one == other:
        raise UsageError(f"{one} was named twice. Name the two numbers of the child.")
    _refuse_merged_already(con, one, other)
    family, other_family = require_active(con, one), require_active(con, other)
    if order.keeps not in (None, one, other):
        raise UsageError(f"--keep names {order.keeps}, which is neither {one} nor {other}.")
    _refuse_parted(con, one, other)
    if not order.is_forced:
        _refuse_two_local_ids(con, list(family), list(other_family))
    survivor = order.keeps or min((one, other), key=lambda number: first_evidence(con, number))
    merged = other if survivor == one else one
    standing = (other_family if survivor == one else family)[merged]
    return Change(
        numbers=(survivor, merged),
        standings=(NewStanding.of(standing, MERGED, survivor),),
        links=((MUST, survivor, merged),),
        notes=(f"{survivor} stays; {merged} will lead to it for ever. {_why(con, order, survivor, merged)}",),
    )


def _why(con: duckdb.DuckDBPyConnection, order: Order, survivor: str, merged: str) -> str:
    if order.keeps:
        return "You chose which stays."
    earlier, later = (first_evidence(con, number)[0] for number in (survivor, merged))
    if earlier == later:
        return "Both were given at the same moment; the one whose first record came first stays. --keep chooses."
    return f"The older one stays: {survivor} was given on {earlier[:10]}, {merged} on {later[:10]}. --keep chooses."


def first_evidence(con: duckdb.DuckDBPyConnection, state_id: str) -> tuple[str, str, int, str]:
    """When a number was given, its first record, and the number: what sorts first is the older one."""
    rows = con.execute(
        """
        SELECT strftime(issued_at, '%Y-%m-%d %H:%M:%S'),
               coalesce(first.submission_id, ''), coalesce(first.line_number, 0), state_id
        FROM identity.student LEFT JOIN (
            SELECT state_id, arg_min(source_submission_id, (first_seen_at, source_submission_id, source_line)) AS submission_id,
                   arg_min(source_line, (first_seen_at, source_submission_id, source_line)) AS line_number
            FROM identity.record WHERE state_id = $id GROUP BY state_id) AS first USING (state_id)
        WHERE state_id = $id
        """,
        {"id": state_id},
    ).fetchall()
    issued, submission_id, line_number, number = rows[0]
    return issued, submission_id, line_number, number


def _refuse_merged_already(con: duckdb.DuckDBPyConnection, one: str, other: str) -> None:
    for number, end in ((one, other), (other, one)):
        if number in load_family(con, [end]):
            raise MosisError(f"{number} was merged into {end} before: it leads there already. Nothing was changed.")


def _refuse_parted(con: duckdb.DuckDBPyConnection, one: str, other: str) -> None:
    facts = facts_between(con, one, other)
    if not facts:
        return
    both = [*load_family(con, [one, other])]
    acts = con.execute(
        "SELECT DISTINCT act_number FROM identity.correction JOIN identity.decision ON block_number = applied_block "
        "WHERE correction.status = 'applied' AND decision.kind = 'cannot_link' "
        "AND decision.state_id IN (SELECT unnest($both)) AND decision.other_state_id IN (SELECT unnest($both))",
        {"both": both},
    ).fetchall()
    then = (
        f"If that was wrong, take it back: mosis ids undo {acts[0][0]}"
        if acts
        else "Ask who decided so; only when that decision is taken back can the two be merged."
    )
    raise MosisError(
        f"{one} and {other} cannot be merged: " + "; ".join(fact.in_words() for fact in facts[:3]) + f". {then}"
    )


def _refuse_two_local_ids(con: duckdb.DuckDBPyConnection, one: list[str], other: list[str]) -> None:
    """A district does not give one child two local IDs in a year: mostly these are two children."""
    found = con.execute(
        """
        SELECT DISTINCT a.district_code, greatest(a.first_school_year, b.first_school_year) AS school_year
        FROM identity.record AS a JOIN identity.record AS b
          ON a.district_code = b.district_code AND a.local_student_id <> b.local_student_id
         AND a.first_school_year <= b.last_school_year AND b.first_school_year <= a.last_school_year
        WHERE a.state_id IN (SELECT unnest($one)) AND b.state_id IN (SELECT unnest($other)) ORDER BY ALL
        """,
        {"one": one, "other": other},
    ).fetchall()
    if found:
        district, year = found[0]
        raise MosisError(
            f"{one[0]} and {other[0]} have two local IDs in district {district} in school year {year}: mostly two children, "
            "twins for instance. Ask the district whether it entered one child twice; if it did: --force, and say so in --reason."
        )
