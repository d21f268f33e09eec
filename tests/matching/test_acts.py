"""Acts: journaled and committed together, finished from the journal alone after an interruption, never twice."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from matching.acts import Act, ActDesk
from matching.journal import Journal
from matching.recovery import Reservations, database_head, reconcile
from schemas.database import open_state
from schemas.errors import MosisError
from schemas.paths import StateHome

AT = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)


Connection = duckdb.DuckDBPyConnection


@pytest.fixture
def open_copy(make_empty_home: Callable[[], StateHome]) -> Iterator[Callable[[], Connection]]:
    """Opens databases that all stand as they did before any act."""
    opened: list[Connection] = []

    def make() -> Connection:
        con = open_state(make_empty_home())
        con.execute("CREATE TABLE done (name VARCHAR, moment TIMESTAMPTZ, block BIGINT)").fetchall()
        opened.append(con)
        return con

    yield make
    for con in opened:
        con.close()


@pytest.fixture
def con(open_copy: Callable[[], Connection]) -> Connection:
    return open_copy()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    (tmp_path / "journal").mkdir()
    return Journal(tmp_path / "journal")


def note(con: Connection, act: Act, number: int) -> None:
    con.execute("INSERT INTO done VALUES (?, ?, ?)", [act.facts["child"], act.at, number]).fetchall()
    if act.facts.get("refuse"):
        raise MosisError("refused")


def desk(con: Connection, journal: Journal) -> ActDesk:
    return ActDesk(journal, con, Reservations(), {"note": note})


def an_act(child: str, **facts: bool) -> Act:
    return Act("note", "decision", "ann", "seen at school", "act-1", AT, {"child": child, **facts})


def done(con: Connection) -> list[tuple[str, datetime, int]]:
    return con.execute("SELECT * FROM done ORDER BY block").fetchall()


def test_act_is_journaled_and_taken_in(con: Connection, journal: Journal) -> None:
    block = desk(con, journal).carry_out(an_act("A"))
    assert [(name, number) for name, _, number in done(con)] == [("A", 1)]
    assert block.facts == {
        "act": "note", "actor": "ann", "reason": "seen at school", "at": "2026-03-02T09:30:15Z", "child": "A"
    }  # fmt: skip
    assert database_head(con) == block.head


def test_refused_act_leaves_no_block_and_no_row(con: Connection, journal: Journal) -> None:
    with pytest.raises(MosisError):
        desk(con, journal).carry_out(an_act("A", refuse=True))
    assert done(con) == []
    assert journal.head().number == 0


def test_block_without_commit_is_carried_out_at_the_next_start(
    con: Connection, open_copy: Callable[[], Connection], journal: Journal
) -> None:
    """A copy of the database from before the act, and the journal with it: what kill -9 before COMMIT leaves."""
    other = open_copy()
    first = desk(other, journal).carry_out(an_act("A"))
    second = desk(other, journal).carry_out(an_act("B"))
    expected = done(other)
    reconcile(journal, con)
    finished = desk(con, journal).finish_interrupted()
    assert [act.facts["child"] for act in finished] == ["A", "B"]
    assert done(con) == expected
    assert database_head(con) == second.head != first.head
    assert desk(con, journal).finish_interrupted() == []


def test_voided_act_is_not_carried_out(con: Connection, open_copy: Callable[[], Connection], journal: Journal) -> None:
    block = desk(open_copy(), journal).carry_out(an_act("A"))
    journal.append("void", run_id="act-1", at=AT, facts={"block": block.number})
    assert desk(con, journal).finish_interrupted() == []
    assert done(con) == []
