"""Two numbers that may be one child's are proposed once, and kept apart for good when people say so."""

from datetime import UTC, datetime

import duckdb
import polars as pl
import pytest

from matching.accuracy_run import open_registry
from matching.acts import Act
from matching.proposals import (
    PAIR_SCHEMA,
    decide_proposal,
    keep_apart,
    open_proposals,
    proposal_id,
    record_proposals,
)
from matching.stored_facts import facts_between
from schemas.errors import UnknownName

AT = datetime(2025, 11, 3, 15, tzinfo=UTC)
ONE, OTHER = "1000000001", "1000000002"


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """Two lines of a run, each given a number of its own."""
    con = open_registry()
    for line, state_id in ((2, ONE), (3, OTHER)):
        con.execute("INSERT INTO identity.student VALUES (?, 'active', NULL, ?, 'run')", [state_id, AT]).fetchall()
        con.execute(
            "INSERT INTO identity.assignment VALUES ('S', ?, ?, 'NEW', 'ALIKE_IN_THIS_RUN', 'model', NULL, NULL, 'm')",
            [line, state_id],
        ).fetchall()
    return con


def lines(*pairs: tuple[int, int], weight: float = 4.0) -> pl.DataFrame:
    rows = [("S", one, None, "S", other, None, "ALIKE_IN_THIS_RUN", weight) for one, other in pairs]
    return pl.DataFrame(rows, schema=PAIR_SCHEMA, orient="row")


def apart(*, reason: str = "two birth certificates") -> Act:
    name = proposal_id(ONE, OTHER)
    return keep_apart([(name, ONE, OTHER)], actor="A. Operator", reason=reason, run_id="review", at=AT)


def test_a_pair_is_proposed_once_however_often_it_is_seen(con: duckdb.DuckDBPyConnection) -> None:
    assert record_proposals(con, lines((2, 3), (3, 2)), "run", AT) == 1
    assert record_proposals(con, lines((3, 2)), "later", AT) == 0
    assert open_proposals(con).select("proposal_id", "state_id", "other_state_id", "match_weight").rows() == [
        (proposal_id(OTHER, ONE), ONE, OTHER, 4.0)
    ]


def test_a_line_that_has_no_number_yet_waits(con: duckdb.DuckDBPyConnection) -> None:
    assert record_proposals(con, lines((2, 9)), "run", AT) == 0


def test_a_pair_that_was_merged_or_withdrawn_waits_no_more(con: duckdb.DuckDBPyConnection) -> None:
    record_proposals(con, lines((2, 3)), "run", AT)
    con.execute("UPDATE identity.student SET status = 'retired' WHERE state_id = ?", [ONE]).fetchall()
    assert open_proposals(con).is_empty()


def test_numbers_that_were_kept_apart_are_never_proposed_again(con: duckdb.DuckDBPyConnection) -> None:
    record_proposals(con, lines((2, 3)), "run", AT)
    decide_proposal(con, apart(), 7)
    assert open_proposals(con).is_empty()
    (fact,) = facts_between(con, ONE, OTHER)
    assert fact.in_words() == f"{ONE} is another child than {OTHER}, decided by A. Operator on 11/03/2025"
    con.execute("DELETE FROM identity.proposal").fetchall()
    assert record_proposals(con, lines((2, 3)), "later", AT) == 0


def test_a_proposal_is_decided_once(con: duckdb.DuckDBPyConnection) -> None:
    record_proposals(con, lines((2, 3)), "run", AT)
    decide_proposal(con, apart(), 7)
    with pytest.raises(UnknownName, match="is not open"):
        decide_proposal(con, apart(), 8)
