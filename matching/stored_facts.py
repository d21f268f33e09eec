"""Decisions in the database, read as facts: numbers that were merged since are followed, withdrawn ones are left out.

Only what hangs together with the run at hand is read as facts, over any number of steps; the rest of a state's decisions
costs no more than a look at three columns.
"""

from collections.abc import Iterable

import duckdb
import numpy as np
import polars as pl

from matching.groups import connected
from matching.people_facts import CANNOT, MUST, Closure, Fact, Source, settled
from matching.requests import workspace
from matching.standardize import standardize
from matching.supplied_ids import FORWARD_TABLE, make_forward_table

_RECORD = (
    "district_code", "local_student_id", "last_name", "first_name", "middle_name", "suffix", "birth_date", "gender",
    "ssn_hash",
)  # fmt: skip
_NOW = "CASE WHEN {f}.state_id IS NULL THEN d.{column} ELSE {f}.person END"
_DECISIONS = f"""
    SELECT d.near_match_id AS question, d.kind, d.actor, d."at",
           {_NOW.format(f="f", column="state_id")} AS person, {_NOW.format(f="g", column="other_state_id")} AS other
    FROM state.identity.decision d
    LEFT JOIN {FORWARD_TABLE} f ON f.state_id = d.state_id
    LEFT JOIN {FORWARD_TABLE} g ON g.state_id = d.other_state_id
    WHERE d.kind IN ('{MUST}', '{CANNOT}')
    ORDER BY d."at", d.decision_id
"""


def load_facts(cursor: duckdb.DuckDBPyConnection, seeds: Iterable[str | None]) -> tuple[list[Fact], pl.DataFrame]:
    """What people decided so far about whatever hangs together with these nodes; FORWARD_TABLE must stand.

    Args:
        seeds: questions, numbers, and places as ``place_keys`` writes them.

    Returns:
        facts: what was overruled since, by a merge or a split, is left out.
        records: near_match_id and the identifying data, with keys, of the decided records among them.
    """
    decisions = cursor.sql(_DECISIONS).pl()
    records = cursor.sql(f"SELECT near_match_id, {', '.join(_RECORD)} FROM state.identity.decided_record").pl()
    near = _connected(decisions, records, pl.Series("node", list(seeds), pl.String).drop_nulls())
    ends = pl.any_horizontal(pl.col("question", "person", "other").is_in(near.implode()).fill_null(False))
    told = decisions.filter(ends)
    return settled(_facts(told)), _keyed(records.filter(pl.col("near_match_id").is_in(near.implode())))


def place_keys(ssn: str = "ssn_hash") -> list[pl.Expr]:
    """Nodes that stand for what two records of one district can share: the local ID, or the SSN."""
    local_id = pl.concat_str(pl.lit("place"), "district_code", "local_student_id", separator="/")
    return [local_id, pl.concat_str(pl.lit("ssn"), "district_code", ssn, separator="/")]


def _connected(decisions: pl.DataFrame, records: pl.DataFrame, seeds: pl.Series) -> pl.Series:
    """The nodes that hang together with a seed over decisions and shared places."""
    by_local_id, by_ssn = (records.select(one="near_match_id", other=key) for key in place_keys())
    pairs = [decisions.select(one=one, other=other) for one, other in _ENDS]
    edges = pl.concat([*pairs, by_local_id, by_ssn]).drop_nulls()
    nodes = pl.concat([edges["one"], edges["other"].rename("one")]).unique().sort()
    if nodes.is_empty():
        return nodes
    rows, columns = (nodes.search_sorted(edges[name]).to_numpy() for name in ("one", "other"))
    labels = connected(len(nodes), rows, columns)
    wanted = np.unique(labels[nodes.is_in(seeds.implode()).to_numpy()])
    return nodes.filter(pl.Series(np.isin(labels, wanted)))


_ENDS = (("question", "person"), ("question", "other"), ("person", "other"))


def _facts(decisions: pl.DataFrame) -> list[Fact]:
    facts: list[Fact] = []
    for row in decisions.iter_rows(named=True):
        question, person, other = row["question"], row["person"], row["other"]
        source = Source(question, row["actor"], row["at"])
        if question is not None and other is not None:
            # All were other children, so the record was given a number of its own.
            facts.append(Fact(MUST, question, other, source))
        ends = (question or person, person if question else other)
        if ends[0] is not None and ends[1] is not None:
            facts.append(Fact(row["kind"], *ends, source))
    return facts


def _keyed(records: pl.DataFrame) -> pl.DataFrame:
    unknown = [pl.lit(None, pl.String).alias(name) for name in ("guardian_last_name", "guardian_first_name")]
    keyed = standardize(records.with_columns(unknown)).with_columns(
        pl.when(pl.col(name) != "").then(name).alias(name) for name in ("last_name_key", "first_name_key")
    )
    return keyed.select(
        "near_match_id", "district_code", "local_student_id", "last_name_key", "first_name_key", "middle_name_key",
        "suffix_key", "birth_date", "gender", "ssn_hash",
    )  # fmt: skip


def load_closure(con: duckdb.DuckDBPyConnection, numbers: Iterable[str]) -> Closure:
    """What follows from the decisions about these numbers.

    Args:
        con: an instance with the state attached as ``state``; nothing is written to it.
    """
    with workspace(con) as cursor:
        make_forward_table(cursor)
        facts, _ = load_facts(cursor, numbers)
    return Closure(facts)


def facts_between(con: duckdb.DuckDBPyConnection, state_id: str, other_state_id: str) -> list[Fact]:
    """The cannot-links that keep two numbers apart, directly or by what follows; for a merge to be held against."""
    closure = load_closure(con, (state_id, other_state_id))
    ends = {closure.class_of(state_id), closure.class_of(other_state_id)}
    return [
        fact
        for fact in closure.facts
        if fact.kind == CANNOT and {closure.class_of(fact.one), closure.class_of(fact.other)} == ends
    ]
