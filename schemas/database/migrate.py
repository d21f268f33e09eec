"""Numbered SQL migrations: each runs alone, after a backup, and ends with a checkpoint.

The write-ahead log replays data soundly but has had defects with table definitions, so no migration shares a log with data.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from schemas.errors import NewerDatabase
from schemas.files import copy_file
from schemas.paths import StateHome

MIGRATION_FOLDER = Path(__file__).parent / "migrations"
_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_LEDGER = """
    CREATE SCHEMA IF NOT EXISTS meta;
    CREATE TABLE IF NOT EXISTS meta.migration (number INTEGER PRIMARY KEY, name VARCHAR NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema; numbers run from 1 without gaps."""

    number: int
    name: str
    sql: str


def known_migrations(folder: Path = MIGRATION_FOLDER) -> tuple[Migration, ...]:
    """All migrations of this version of the code, in order."""
    found = [
        Migration(int(match[1]), match[2], path.read_text("utf-8"))
        for path in sorted(folder.glob("*.sql"))
        if (match := _NAME.fullmatch(path.name))
    ]
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise RuntimeError(f"{folder}: migration numbers must run from 1 without gaps or doubles")
    return tuple(found)


def applied_number(con: duckdb.DuckDBPyConnection) -> int:
    """Number of the last migration the database has had; 0 for an empty one."""
    has_ledger = con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'state' AND schema_name = 'meta' AND table_name = 'migration'"
    ).fetchall()
    if not has_ledger[0][0]:
        return 0
    return con.execute("SELECT coalesce(max(number), 0) FROM state.meta.migration").fetchall()[0][0]


def pending_migrations(con: duckdb.DuckDBPyConnection, migrations: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """Migrations the database still needs.

    Raises:
        NewerDatabase: it has had one that this code does not know.
    """
    applied = applied_number(con)
    if applied > len(migrations):
        raise NewerDatabase(
            f"state.duckdb is at migration {applied}, this version of mosis knows {len(migrations)}. Install the newer version."
        )
    return migrations[applied:]


def back_up_closed(home: StateHome, number: int) -> Path:
    """Copy the database file, which nobody may have open, before migration ``number``."""
    target = home.backup / f"state_before_{number:04d}.duckdb"
    copy_file(home.database, target)
    return target


def apply_migration(con: duckdb.DuckDBPyConnection, migration: Migration) -> None:
    """Run one migration in a transaction of its own, then checkpoint; a failure changes nothing."""
    con.execute("BEGIN")
    try:
        con.execute(_LEDGER)
        con.execute(migration.sql)
        con.execute("INSERT INTO meta.migration VALUES (?, ?)", [migration.number, migration.name])
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")
    con.execute("CHECKPOINT state")
