"""Start-up: what the journal says and the database does not know, and which IDs the lines of a unit get."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from matching.issuing import assign_ids, issued_persons
from matching.journal import ENTRY_SCHEMA, Block, BlockFile, Journal
from matching.ledger import advance_head, issue_ids, record_assignments
from matching.recovery import Reservations, reconcile
from schemas.database import open_state, transaction
from schemas.errors import JournalMismatch
from schemas.paths import FOLDERS, StateHome

AT = datetime(2025, 10, 6, 14, 0, tzinfo=UTC)
A = BlockFile("A", "001090", None, "a" * 64)
B = BlockFile("B", "001091", None, "b" * 64)
ID1, ID2, ID3 = "1000000008", "2000000003", "3000000001"
NOBODY = pl.DataFrame(schema={"person_number": pl.Int64, "state_id": pl.String})


class NothingLeft:
    """A source nobody should ask."""

    def random_bytes(self, count: int) -> bytes:
        raise AssertionError("an ID was drawn that was promised already")


class Counting:
    """Numbers in order: the first are 100000000 and a check digit, 100000001 and a check digit."""

    def __init__(self) -> None:
        self.next = 0

    def random_bytes(self, count: int) -> bytes:
        words = range(self.next, self.next + count // 4)
        self.next += count // 4
        return b"".join(word.to_bytes(4, "little") for word in words)


@pytest.fixture
def home(tmp_path: Path) -> StateHome:
    home = StateHome(tmp_path / "home")
    home.root.mkdir()
    for folder in FOLDERS:
        (home.root / folder).mkdir()
    home.settings_file.write_text("threads = 1\nmemory_limit = '500MB'\n")
    return home


@pytest.fixture
def con(home: StateHome) -> Iterator[duckdb.DuckDBPyConnection]:
    con = open_state(home, create=True)
    yield con
    con.close()


@pytest.fixture
def journal(home: StateHome) -> Journal:
    return Journal(home.journal)


def entries(*rows: tuple[int, int, int, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=ENTRY_SCHEMA, orient="row")


def announce(journal: Journal, *rows: tuple[int, int, int, str], files: tuple[BlockFile, ...] = (A, B)) -> Block:
    return journal.append("group", run_id="R", at=AT, group=1, files=files, entries=entries(*rows))


def take_in(con: duckdb.DuckDBPyConnection, block: Block) -> None:
    reservations = Reservations()
    reservations.add(block)
    with transaction(con):
        issue_ids(con, block, AT)
        advance_head(con, block, reservations, block.files, block.entries["state_id"], AT)


def lines(*rows: tuple[str, int, int | None]) -> pl.DataFrame:
    frame = pl.DataFrame(
        rows, schema={"submission_id": pl.String, "line_number": pl.UInt32, "person_number": pl.Int64}, orient="row"
    )
    return frame.with_columns(state_id=pl.lit(None, pl.String), outcome=pl.lit("NEW"))


def reserved(*rows: tuple[BlockFile, int, str]) -> Reservations:
    found = [(f.district_code, f.school_code, f.sha256, line, state_id, 1) for f, line, state_id in rows]
    names = ("district_code", "school_code", "sha256", "line_number", "state_id", "block_number")
    return Reservations(pl.DataFrame(found, schema=Reservations().frame.schema if found else names, orient="row"))


# --- reconcile ---------------------------------------------------------------------------------------------------------


def test_a_new_home_has_nothing_reserved(journal: Journal, con: duckdb.DuckDBPyConnection) -> None:
    assert reconcile(journal, con).frame.is_empty()


def test_blocks_the_database_lacks_keep_their_ids_reserved(journal: Journal, con: duckdb.DuckDBPyConnection) -> None:
    take_in(con, announce(journal, (0, 2, 1, ID1)))
    announce(journal, (0, 3, 2, ID2), (1, 9, 2, ID2))
    found = reconcile(journal, con).frame.select("sha256", "line_number", "state_id", "block_number")
    assert found.rows() == [("a" * 64, 3, ID2, 2), ("b" * 64, 9, ID2, 2)]


def test_a_void_keeps_the_ids_reserved_and_names_the_group(journal: Journal, con: duckdb.DuckDBPyConnection) -> None:
    block = announce(journal, (0, 2, 1, ID1))
    journal.append("void", run_id="R", at=AT, group=1, facts={"block": block.number})
    found = reconcile(journal, con)
    assert found.frame["state_id"].to_list() == [ID1]
    assert found.voided == {("R", 1)}


def test_an_id_issued_to_another_line_of_the_child_is_not_reserved(
    journal: Journal, con: duckdb.DuckDBPyConnection
) -> None:
    take_in(con, announce(journal, (0, 2, 1, ID1), files=(A,)))
    announce(journal, (0, 2, 1, ID1), (1, 2, 1, ID1), (1, 3, 2, ID2))
    assert reconcile(journal, con).frame["state_id"].to_list() == [ID2]


def test_a_lost_block_stops_the_run(journal: Journal, con: duckdb.DuckDBPyConnection) -> None:
    take_in(con, announce(journal, (0, 2, 1, ID1)))
    (journal.folder / "000001.jsonl").unlink()
    with pytest.raises(JournalMismatch, match="ends at block 000000, the database knows block 000001"):
        reconcile(journal, con)


def test_another_journal_stops_the_run(journal: Journal, con: duckdb.DuckDBPyConnection) -> None:
    take_in(con, announce(journal, (0, 2, 1, ID1)))
    (journal.folder / "000001.jsonl").unlink()
    announce(journal, (0, 2, 1, ID2))
    with pytest.raises(JournalMismatch, match="block 000001 is not the one the database knows"):
        reconcile(journal, con)


def test_a_changed_tail_stops_the_run(journal: Journal, con: duckdb.DuckDBPyConnection) -> None:
    announce(journal, (0, 2, 1, ID1))
    path = journal.folder / "000001.jsonl"
    path.chmod(0o600)
    path.write_text(path.read_text().replace(ID1, ID2))
    with pytest.raises(JournalMismatch, match="journal block 000001"):
        reconcile(journal, con)


def test_only_blocks_after_the_head_are_read(journal: Journal, con: duckdb.DuckDBPyConnection) -> None:
    """A start must not cost more with every year; ``mosis ids verify`` reads them all."""
    take_in(con, announce(journal, (0, 2, 1, ID1)))
    take_in(con, announce(journal, (0, 3, 2, ID2)))
    path = journal.folder / "000001.jsonl"
    path.chmod(0o600)
    path.write_text("changed")
    assert reconcile(journal, con).frame.is_empty()


# --- which ID a line gets ----------------------------------------------------------------------------------------------


def assign(
    con: duckdb.DuckDBPyConnection,
    assignments: pl.DataFrame,
    reservations: Reservations,
    source,
    files=(A, B),
    earlier=NOBODY,
):  # type: ignore[no-untyped-def]
    return assign_ids(assignments, files, earlier=earlier, reservations=reservations, source=source, con=con)


def test_new_persons_get_one_new_id_each(con: duckdb.DuckDBPyConnection) -> None:
    ids = assign(con, lines(("A", 2, 1), ("A", 3, 2), ("A", 4, None), ("B", 2, 1)), Reservations(), Counting())
    first, second, nobody, again = ids.assignments["state_id"].to_list()
    assert first == again and first != second and nobody is None
    assert ids.entries.rows() == [(0, 2, 1, first), (0, 3, 2, second), (1, 2, 1, first)]
    assert ids.issued["state_id"].to_list() == [first, second]
    assert ids.unused.to_list() == []


def test_an_id_that_came_out_of_matching_is_left_alone(con: duckdb.DuckDBPyConnection) -> None:
    known = lines(("A", 2, None)).with_columns(state_id=pl.lit(ID3), outcome=pl.lit("CONFIRMED"))
    ids = assign(con, known, Reservations(), NothingLeft())
    assert ids.assignments.equals(known) and ids.entries.is_empty()


def test_a_reserved_line_gets_its_id(con: duckdb.DuckDBPyConnection) -> None:
    ids = assign(con, lines(("A", 2, 1), ("B", 2, 1)), reserved((A, 2, ID1)), NothingLeft())
    assert ids.assignments["state_id"].to_list() == [ID1, ID1]
    assert ids.unused.to_list() == []


@pytest.mark.parametrize(
    "file, line",
    [(A, 3), (B, 2), (BlockFile("A", "001090", "1050", "a" * 64), 2), (BlockFile("A", "001099", None, "a" * 64), 2)],
)
def test_a_reservation_is_for_its_own_line_only(con: duckdb.DuckDBPyConnection, file: BlockFile, line: int) -> None:
    ids = assign(con, lines(("A", 2, 1)), reserved((file, line, ID1)), Counting(), files=(A,))
    assert ids.assignments["state_id"].item() != ID1


def test_reserved_ids_are_never_drawn(con: duckdb.DuckDBPyConnection) -> None:
    free = assign(con, lines(("A", 2, 1)), Reservations(), Counting()).assignments["state_id"].item()
    ids = assign(con, lines(("A", 2, 1)), reserved((B, 7, free)), Counting(), files=(A,))
    assert ids.assignments["state_id"].item() != free


def test_issued_ids_are_never_drawn(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    free = assign(con, lines(("A", 2, 1)), Reservations(), Counting()).assignments["state_id"].item()
    take_in(con, announce(journal, (0, 2, 1, free)))
    assert assign(con, lines(("A", 2, 1)), Reservations(), Counting()).assignments["state_id"].item() != free


def test_a_person_issued_earlier_in_the_run_keeps_the_id(con: duckdb.DuckDBPyConnection) -> None:
    earlier = pl.DataFrame({"person_number": [1], "state_id": [ID1]})
    ids = assign(
        con, lines(("B", 2, 1), ("B", 3, 2)), reserved((B, 3, ID2)), NothingLeft(), files=(B,), earlier=earlier
    )
    assert ids.assignments["state_id"].to_list() == [ID1, ID2]
    assert ids.entries["state_id"].to_list() == [ID2]


def test_a_promise_nobody_can_use_is_retired_with_its_file(con: duckdb.DuckDBPyConnection) -> None:
    """The plan that made it was lost, and the line came out as a known child."""
    known = lines(("A", 2, None)).with_columns(state_id=pl.lit(ID3))
    ids = assign(con, known, reserved((A, 2, ID1), (A, 3, ID2), (B, 3, ID2)), NothingLeft(), files=(A,))
    assert ids.unused.to_list() == [ID1]


def test_one_reserved_id_never_goes_to_two_persons(con: duckdb.DuckDBPyConnection) -> None:
    ids = assign(con, lines(("A", 2, 1), ("B", 2, 2)), reserved((A, 2, ID1), (B, 2, ID1)), Counting())
    first, second = ids.assignments["state_id"].to_list()
    assert first == ID1 and second != ID1


def test_two_reserved_ids_never_go_to_one_person(con: duckdb.DuckDBPyConnection) -> None:
    ids = assign(con, lines(("A", 2, 1), ("B", 2, 1)), reserved((A, 2, ID1), (B, 2, ID2)), NothingLeft())
    assert ids.assignments["state_id"].to_list() == [ID1, ID1]
    assert ids.unused.to_list() == [ID2]


def test_persons_of_stored_submissions_are_found(con: duckdb.DuckDBPyConnection) -> None:
    plan = lines(("A", 2, 1), ("A", 3, 2), ("B", 2, 1), ("B", 3, 3))
    stored = plan.head(2).with_columns(
        pl.Series("state_id", [ID1, ID2]), reason=pl.lit(None, pl.String), step=pl.lit("new"), match_weight=pl.lit(0.0),
        margin=pl.lit(0.0), model_version=pl.lit("1"),
    )  # fmt: skip
    record_assignments(con, stored)
    assert issued_persons(con, plan, ["B"], ["A"]).rows() == [(1, ID1)]
    assert issued_persons(con, plan, ["B"], []).rows() == []
