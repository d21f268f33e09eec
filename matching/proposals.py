"""Merge proposals: two numbers that may be one child's, for a person to look at. Nothing is merged here.

A run sees such pairs in two ways: two children who are both new and much alike, and a record that two known children fit
equally well. A pair that people said are two children is not proposed again.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import duckdb
import polars as pl

from matching.acts import Act
from matching.people_facts import CANNOT
from matching.run_state import RunState
from matching.stored_facts import load_closure
from schemas.errors import UnknownName

# Either side is a line of the run (its ID comes with the commit) or a child who is known already.
PAIR_SCHEMA = pl.Schema({
    "submission_id": pl.String(), "line_number": pl.UInt32(), "state_id": pl.String(),
    "other_submission_id": pl.String(), "other_line_number": pl.UInt32(), "other_state_id": pl.String(),
    "reason": pl.String(), "match_weight": pl.Float64(),
})  # fmt: skip
# Of a run that has nobody new.
NOBODY_ALIKE = pl.Schema({"request_id": pl.Int64(), "other_id": pl.Int64(), "match_weight": pl.Float64()})
OPEN, DIFFERENT = "open", "different"
ACT_NAME = "decide_proposal"


def proposal_id(state_id: str, other_state_id: str) -> str:
    """``MP`` and ten hex digits: the same pair has the same name, whichever comes first."""
    return "MP" + hashlib.sha256("/".join(sorted((state_id, other_state_id))).encode()).hexdigest()[:10]


def open_proposals(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The pairs that wait for a person: both numbers still live and nobody said that they are two. Oldest first."""
    return con.sql(
        f"""
        SELECT proposal_id, state_id, other_state_id, reason, match_weight, opened_at
        FROM identity.proposal p
        WHERE p.status = '{OPEN}'
          AND (SELECT count(*) FROM identity.student s
               WHERE s.state_id IN (p.state_id, p.other_state_id) AND s.status = 'active') = 2
        ORDER BY opened_at, proposal_id
        """
    ).pl()


def record_proposals(con: duckdb.DuckDBPyConnection, pairs: pl.DataFrame, run_id: str, at: datetime) -> int:
    """Opens a proposal for every pair whose lines all have their IDs by now; gives how many are new.

    Runs in the transaction of a commit unit, after its assignments are stored; a pair over two units waits for the second.
    """
    if pairs.is_empty():
        return 0
    incoming_pairs = pairs  # noqa: F841 (query)
    given = con.sql(
        """
        SELECT coalesce(p.state_id, a.state_id) AS one, coalesce(p.other_state_id, b.state_id) AS other,
               any_value(p.reason) AS reason, max(p.match_weight) AS match_weight
        FROM incoming_pairs p
        LEFT JOIN identity.assignment a ON a.submission_id = p.submission_id AND a.line_number = p.line_number
        LEFT JOIN identity.assignment b ON b.submission_id = p.other_submission_id AND b.line_number = p.other_line_number
        WHERE coalesce(p.state_id, a.state_id) <> coalesce(p.other_state_id, b.state_id)
        GROUP BY ALL ORDER BY ALL
        """
    ).fetchall()
    closure = load_closure(con, {number for one, other, *_ in given for number in (one, other)})
    known = {name for (name,) in con.execute("SELECT proposal_id FROM identity.proposal").fetchall()}
    rows = {}
    for one, other, reason, weight in given:
        name = proposal_id(one, other)
        if name not in known and not closure.are_parted(one, other):
            rows[name] = (name, *sorted((one, other)), reason, weight, OPEN, at, run_id)
    if rows:
        con.executemany(
            "INSERT INTO identity.proposal (proposal_id, state_id, other_state_id, reason, match_weight, status, "
            "opened_at, opened_run_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            list(rows.values()),
        )
    return len(rows)


def decide_proposal(con: duckdb.DuckDBPyConnection, act: Act, block_number: int) -> None:
    """The act of keeping two numbers apart: a cannot-link between them, and the proposal is closed.

    Facts: ``proposals``: [[proposal_id, state_id, other_state_id], ...].

    Raises:
        UnknownName: a proposal that is not open.
    """
    for name, one, other in act.facts["proposals"]:
        found = con.execute(
            "SELECT count(*) FROM identity.proposal WHERE proposal_id = ? AND status = ? AND state_id = ? "
            "AND other_state_id = ?",
            [name, OPEN, one, other],
        ).fetchall()
        if found != [(1,)]:
            raise UnknownName(f"Proposal {name} is not open. Look at: mosis review list --proposals")
        con.execute(
            """
            INSERT INTO identity.decision BY NAME
            SELECT md5(concat_ws('|', $name, $kind, $number)) AS decision_id, $kind AS kind, $one AS state_id,
                   $other AS other_state_id, $actor AS actor, $reason AS reason, $at AS "at", $number AS block_number
            """,
            {
                "name": name, "kind": CANNOT, "number": block_number, "one": one, "other": other,
                "actor": act.actor, "reason": act.reason or "merge proposal", "at": act.at,
            },
        ).fetchall()  # fmt: skip
        con.execute(
            "UPDATE identity.proposal SET status = ?, closed_at = ?, actor = ? WHERE proposal_id = ?",
            [DIFFERENT, act.at, act.actor, name],
        ).fetchall()


def keep_apart(pairs: Iterable[tuple[str, str, str]], *, actor: str, reason: str, run_id: str, at: datetime) -> Act:
    """The act that says of these proposals (proposal_id, state_id, other_state_id) that they are two children each."""
    return Act(ACT_NAME, "decision", actor, reason, run_id, at, {"proposals": [list(pair) for pair in pairs]})


def pairs_of_run(run: RunState, alike: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """The pairs that a run shows, PAIR_SCHEMA.

    Args:
        alike: request_id, other_id and match_weight of records of the run that may be one child and got a number each.
        people: the weighed people of each request, as ``weigh_people`` gives them.
    """
    lines = run.requests.select("request_id", "submission_id", pl.col("line_number").cast(pl.UInt32))
    other_lines = lines.select(
        other_id="request_id", other_submission_id="submission_id", other_line_number="line_number"
    )
    new = (
        alike.select("request_id", "other_id", "match_weight")
        .join(lines, on="request_id")
        .join(other_lines, on="other_id")
        .with_columns(reason=pl.lit("ALIKE_IN_THIS_RUN"))
    )
    tied = run.settled.filter(pl.col("reason") == "SEVERAL_CANDIDATES").select("request_id")
    fitting = people.join(tied, on="request_id", how="semi").filter(
        pl.col("guard").is_null(), pl.col("match_weight") >= run.model.thresholds.upper
    )
    two = (
        fitting.sort("request_id", "match_weight", "person", descending=[False, True, False])
        .group_by("request_id", maintain_order=True)
        .agg(pl.col("person").head(2), pl.col("match_weight").head(2))
        .filter(pl.col("person").list.len() == 2)
    )
    known = two.select(
        state_id=pl.col("person").list.min(),
        other_state_id=pl.col("person").list.max(),
        match_weight=pl.col("match_weight").list.min(),
        reason=pl.lit("SEVERAL_CANDIDATES"),
    )
    found = pl.concat([PAIR_SCHEMA.to_frame(), new.drop("request_id", "other_id"), known], how="diagonal_relaxed")
    return found.select(*PAIR_SCHEMA).cast(PAIR_SCHEMA)
