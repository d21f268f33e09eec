"""Opening, transactions and checkpoints, on real files and with real neighbours."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from schemas.database import checkpoint, compact, open_state, transaction
from schemas.errors import Busy, CommitUnknown, NoStateHome
from schemas.paths import FOLDERS, StateHome

HEAD = "INSERT INTO identity.journal_head VALUES (1, 'x', '2025-10-06 14:00:00Z')"
COUNT = "SELECT count(*) FROM identity.journal_head"

HOLDER = """
import sys
from pathlib import Path
from schemas.database import open_state
from schemas.paths import StateHome
con = open_state(StateHome(Path(sys.argv[1])), read_only=sys.argv[2] == "read")
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> StateHome:
    home = StateHome(tmp_path / "it's home")
    home.root.mkdir()
    for folder in FOLDERS:
        (home.root / folder).mkdir()
    home.settings_file.write_text("threads = 1\nmemory_limit = '500MB'\n")
    open_state(home, create=True).close()
    return home


@pytest.fixture
def con(home: StateHome) -> Iterator[duckdb.DuckDBPyConnection]:
    con = open_state(home)
    yield con
    con.close()


def count(con: duckdb.DuckDBPyConnection) -> int:
    return con.execute(COUNT).fetchall()[0][0]


def wal(home: StateHome) -> Path:
    return home.database.with_name("state.duckdb.wal")


@pytest.fixture(params=["read", "write"])
def neighbour(home: StateHome, request: pytest.FixtureRequest) -> Iterator[tuple[int, str]]:
    """Another process with the database open; its PID and how."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home.root), request.param], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={"PYTHONPATH": "."},
    ) as process:  # fmt: skip
        assert process.stdout and process.stdout.readline() == "open\n"
        yield process.pid, request.param
        process.kill()


def test_tables_are_found_by_schema_and_name(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("SELECT current_database()").fetchall() == [("state",)]
    assert count(con) == 0


def test_settings_are_the_home_s(con: duckdb.DuckDBPyConnection, home: StateHome) -> None:
    names = (
        "threads",
        "TimeZone",
        "preserve_insertion_order",
        "autoinstall_known_extensions",
        "autoload_known_extensions",
    )
    found = con.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in names)).fetchall()
    assert found == [(1, "UTC", False, False, False)]
    assert con.execute("SELECT current_setting('temp_directory')").fetchall() == [(str(home.work / ".duckdb"),)]
    assert (home.work / ".duckdb").stat().st_mode & 0o777 == 0o700


def test_a_cursor_works_in_memory_and_sees_the_state(con: duckdb.DuckDBPyConnection, home: StateHome) -> None:
    with transaction(con):
        con.execute(HEAD)
    cursor = con.cursor()
    cursor.execute("CREATE TABLE scratch AS SELECT 1 AS x")
    assert cursor.execute("SELECT count(*) FROM state.identity.journal_head").fetchall() == [(1,)]
    assert cursor.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
    cursor.close()
    assert con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'state' AND table_name = 'scratch'"
    ).fetchall() == [(0,)]


def test_a_missing_database_is_never_made_anew(home: StateHome) -> None:
    home.database.unlink()
    with pytest.raises(NoStateHome, match="is missing"):
        open_state(home)
    assert not home.database.exists()


def test_another_process_excludes_a_writer(home: StateHome, neighbour: tuple[int, str]) -> None:
    pid, _ = neighbour
    with pytest.raises(Busy, match=rf"PID {pid}\)"):
        open_state(home)


def test_readers_exclude_no_readers(home: StateHome, neighbour: tuple[int, str]) -> None:
    _, how = neighbour
    if how == "write":
        with pytest.raises(Busy):
            open_state(home, read_only=True)
    else:
        con = open_state(home, read_only=True)
        assert count(con) == 0
        con.close()


def test_the_same_process_cannot_open_it_twice(con: duckdb.DuckDBPyConnection, home: StateHome) -> None:
    with pytest.raises(Busy):
        open_state(home)


def test_a_file_that_is_no_database_is_an_error_of_its_own(home: StateHome) -> None:
    home.database.write_bytes(b"x" * 100_000)
    with pytest.raises(duckdb.Error):
        open_state(home)


def test_read_only_changes_nothing(home: StateHome) -> None:
    con = open_state(home, read_only=True)
    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        con.execute(HEAD)
    con.close()


def test_a_transaction_is_all(con: duckdb.DuckDBPyConnection) -> None:
    with transaction(con):
        con.execute(HEAD)
        con.execute(HEAD)
    assert count(con) == 2


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_or_nothing(con: duckdb.DuckDBPyConnection, error: type[BaseException]) -> None:
    with pytest.raises(error), transaction(con):
        con.execute(HEAD)
        raise error
    assert count(con) == 0


def test_an_error_of_the_database_rolls_back_and_is_seen(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.ConstraintException), transaction(con):
        con.execute(HEAD)
        con.execute("INSERT INTO identity.journal_head VALUES (NULL, 'x', '2025-10-06 14:00:00Z')")
    assert count(con) == 0
    with transaction(con):
        con.execute(HEAD)
    assert count(con) == 1


def test_an_error_at_commit_says_unknown(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(CommitUnknown, match=r"COMMIT failed \(TransactionException\)"), transaction(con):
        con.execute(HEAD)
        con.execute("COMMIT")


def test_a_dead_connection_says_unknown(home: StateHome) -> None:
    con = open_state(home)
    with pytest.raises(CommitUnknown, match="ROLLBACK failed"), transaction(con):
        con.close()
        raise RuntimeError


def test_frames_are_read_by_name_in_a_transaction_that_fails(con: duckdb.DuckDBPyConnection) -> None:
    incoming = pl.DataFrame({"block_number": [1], "block_hash": [None]})
    with pytest.raises(duckdb.ConstraintException), transaction(con):
        con.execute("INSERT INTO identity.journal_head SELECT block_number, block_hash, now() FROM incoming").fetchall()
    assert incoming.height == 1 and count(con) == 0


def test_a_checkpoint_leaves_no_log(con: duckdb.DuckDBPyConnection, home: StateHome) -> None:
    with transaction(con):
        con.execute(HEAD)
    assert wal(home).exists()
    checkpoint(con)
    assert not wal(home).exists()


def test_database_and_log_are_private(con: duckdb.DuckDBPyConnection, home: StateHome) -> None:
    earlier = os.umask(0o022)
    try:
        with transaction(con):
            con.execute(HEAD)
    finally:
        os.umask(earlier)
    assert [path.stat().st_mode & 0o777 for path in (home.database, wal(home))] == [0o600, 0o600]


def test_what_is_committed_outlives_a_kill(home: StateHome) -> None:
    code = (
        "import os, sys; from pathlib import Path; from schemas.database import open_state, transaction; "
        "from schemas.paths import StateHome; con = open_state(StateHome(Path(sys.argv[1])))\n"
        f'with transaction(con): con.execute("{HEAD}")\n'
        f'con.execute("BEGIN"); con.execute("{HEAD}"); os._exit(9)'
    )
    assert (
        subprocess.run([sys.executable, "-c", code, str(home.root)], env={"PYTHONPATH": "."}, check=False).returncode
        == 9
    )
    con = open_state(home)
    assert count(con) == 1
    con.close()


def test_small_commits_are_joined_when_asked(con: duckdb.DuckDBPyConnection) -> None:
    for _ in range(8):
        with transaction(con):
            con.execute("INSERT INTO quality.rule_run SELECT 'R', 'S', 1, 0 FROM range(100)")
        checkpoint(con)
    groups = "SELECT count(DISTINCT row_group_id) FROM pragma_storage_info('quality.rule_run')"
    assert con.execute(groups).fetchall()[0][0] > 1
    compact(con)
    assert con.execute(groups).fetchall() == [(1,)]
    assert con.execute("SELECT count(*) FROM quality.rule_run").fetchall() == [(800,)]
