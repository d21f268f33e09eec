"""Migrations run once, alone and after a backup; a newer database is refused."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import schemas.database.open as opening
from schemas.database import open_state, transaction
from schemas.database.migrate import Migration, known_migrations
from schemas.errors import NewerDatabase, UsageError
from schemas.paths import FOLDERS, StateHome

FIRST = known_migrations()
SECOND = Migration(
    len(FIRST) + 1, "more", "CREATE TABLE identity.more (x INTEGER); INSERT INTO identity.more VALUES (7);"
)
BROKEN = Migration(len(FIRST) + 1, "broken", "CREATE TABLE identity.more (x INTEGER); SELECT nonsense;")


@pytest.fixture
def home(tmp_path: Path) -> StateHome:
    home = StateHome(tmp_path / "home")
    home.root.mkdir()
    for folder in FOLDERS:
        (home.root / folder).mkdir()
    home.settings_file.write_text("threads = 1\nmemory_limit = '500MB'\n")
    return home


@pytest.fixture
def used(home: StateHome) -> Iterator[StateHome]:
    """A home whose database has data, some of them in the log alone."""
    con = open_state(home, create=True)
    with transaction(con):
        con.execute("INSERT INTO identity.journal_head VALUES (1, 'x', '2025-10-06 14:00:00Z')")
    con.close()
    yield home


def with_migrations(monkeypatch: pytest.MonkeyPatch, *more: Migration) -> None:
    monkeypatch.setattr(opening, "known_migrations", lambda: (*FIRST, *more))


def query(home: StateHome, sql: str) -> list[tuple[object, ...]]:
    con = open_state(home)
    found = con.execute(sql).fetchall()
    con.close()
    return found


def test_a_new_database_has_them_all_and_no_backup(home: StateHome) -> None:
    open_state(home, create=True).close()
    assert query(home, "SELECT number, name FROM meta.migration ORDER BY 1") == [(m.number, m.name) for m in FIRST]
    assert list(home.backup.iterdir()) == []


def test_opening_again_runs_nothing(home: StateHome) -> None:
    open_state(home, create=True).close()
    before = home.database.read_bytes()
    open_state(home).close()
    open_state(home, create=True).close()
    assert home.database.read_bytes() == before


def test_a_new_migration_runs_after_a_backup(used: StateHome, monkeypatch: pytest.MonkeyPatch) -> None:
    with_migrations(monkeypatch, SECOND)
    assert query(used, "SELECT x FROM identity.more") == [(7,)]
    assert query(used, "SELECT max(number) FROM meta.migration") == [(SECOND.number,)]
    backup = used.backup / f"state_before_{SECOND.number:04d}.duckdb"
    assert backup.stat().st_mode & 0o777 == 0o600
    con = duckdb.connect(str(backup), read_only=True)
    assert con.execute("SELECT count(*) FROM identity.journal_head").fetchall() == [(1,)]
    assert con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'more'").fetchall() == [(0,)]
    con.close()


def test_a_broken_migration_changes_nothing(used: StateHome, monkeypatch: pytest.MonkeyPatch) -> None:
    with_migrations(monkeypatch, BROKEN)
    with pytest.raises(duckdb.BinderException):
        open_state(used)
    monkeypatch.undo()
    assert query(used, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'more'") == [(0,)]
    assert query(used, "SELECT max(number) FROM meta.migration") == [(len(FIRST),)]


def test_a_newer_database_is_refused(used: StateHome, monkeypatch: pytest.MonkeyPatch) -> None:
    with_migrations(monkeypatch, SECOND)
    open_state(used).close()
    monkeypatch.undo()
    with pytest.raises(
        NewerDatabase, match=f"is at migration {SECOND.number}, this version of mosis knows {len(FIRST)}"
    ) as caught:
        open_state(used)
    assert caught.value.exit_code == 10


def test_a_reader_does_not_migrate(used: StateHome, monkeypatch: pytest.MonkeyPatch) -> None:
    with_migrations(monkeypatch, SECOND)
    with pytest.raises(UsageError, match=f"needs migration {SECOND.number}"):
        open_state(used, read_only=True)


@pytest.mark.parametrize("names", [["0002_a.sql"], ["0001_a.sql", "0001_b.sql"], ["0001_a.sql", "0003_b.sql"]])
def test_numbers_have_no_gaps_and_no_doubles(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("")
    with pytest.raises(RuntimeError, match="must run from 1 without gaps or doubles"):
        known_migrations(tmp_path)
