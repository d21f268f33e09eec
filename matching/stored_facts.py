"""Decisions in the database, read as facts: numbers that were merged since are followed, withdrawn ones are left out."""

import duckdb
import polars as pl

from matching.people_facts import CANNOT, MUST, Closure, Fact, Source, settled
from matching.requests import workspace
from matching.standardize import standardize
from matching.supplied_ids import FORWARD_TABLE, make_forward_table

_RECORD = (
    "district_code", "local_student_id", "last_name", "first_name", "middle_name", "suffix", "birth_date", "gender",
    "ssn_hash",
)  # fmt: skip
_NOW = "CASE WHEN {f}.state_id IS NULL THEN d.{column} ELSE {f}.person END"


def load_facts(cursor: duckdb.DuckDBPyConnection) -> list[Fact]:
    """What people decided so far; FORWARD_TABLE must stand.

    What was overruled since, by a merge or a split, is left out.
    """
    rows = cursor.sql(
        f"""
        SELECT d.near_match_id, d.kind, d.actor, d."at",
               {_NOW.format(f="f", column="state_id")} AS person, {_NOW.format(f="g", column="other_state_id")} AS other
        FROM state.identity.decision d
        LEFT JOIN {FORWARD_TABLE} f ON f.state_id = d.state_id
        LEFT JOIN {FORWARD_TABLE} g ON g.state_id = d.other_state_id
        WHERE d.kind IN ('{MUST}', '{CANNOT}')
        ORDER BY d."at", d.decision_id
        """
    ).fetchall()
    facts: list[Fact] = []
    for question, kind, actor, at, person, other in rows:
        source = Source(question, actor, at)
        if question is not None and other is not None:
            # All were other children, so the record was given a number of its own.
            facts.append(Fact(MUST, question, other, Source(question, actor, at)))
        ends = (question or person, person if question else other)
        if ends[0] is not None and ends[1] is not None:
            facts.append(Fact(kind, *ends, source))
    return settled(facts)


def load_decided_records(cursor: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """near_match_id and the identifying data, with their keys, of every record that somebody decided about."""
    stored = cursor.sql(f"SELECT near_match_id, {', '.join(_RECORD)} FROM state.identity.decided_record").pl()
    keyed = standardize(
        stored.with_columns(
            pl.lit(None, pl.String).alias(name) for name in ("guardian_last_name", "guardian_first_name")
        )
    ).with_columns(pl.when(pl.col(name) != "").then(name).alias(name) for name in ("last_name_key", "first_name_key"))
    return keyed.select(
        "near_match_id", "district_code", "local_student_id", "last_name_key", "first_name_key", "middle_name_key",
        "suffix_key", "birth_date", "gender", "ssn_hash",
    )  # fmt: skip


def facts_between(con: duckdb.DuckDBPyConnection, state_id: str, other_state_id: str) -> list[Fact]:
    """The cannot-links that keep two numbers apart, directly or by what follows; for a merge to be held against.

    Args:
        con: an instance with the state attached as ``state``; nothing is written to it.
    """
    with workspace(con) as cursor:
        make_forward_table(cursor)
        facts = load_facts(cursor)
    closure = Closure(facts)
    ends = {closure.class_of(state_id), closure.class_of(other_state_id)}
    return [
        fact
        for fact in facts
        if fact.kind == CANNOT and {closure.class_of(fact.one), closure.class_of(fact.other)} == ends
    ]
