"""Opening state.duckdb, and the one way to change it: a transaction, then a checkpoint.

The database is attached to an instance in memory, so that matching can keep its temporary tables outside the file and sort
them away with the connection. Cursors (``con.cursor()``) start in memory and see the file as ``state.<schema>.<table>``.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb

from schemas.database.migrate import Migration, apply_migration, back_up_closed, known_migrations, pending_migrations
from schemas.errors import Busy, CommitUnknown, NoStateHome, UsageError
from schemas.files import PRIVATE_FILE, PRIVATE_FOLDER, fsync_folder, make_folder, private_files
from schemas.paths import Settings, StateHome

# Nothing outside the machine is contacted (design 8): without these DuckDB would download an extension on first need.
_OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def open_state(home: StateHome, *, create: bool = False, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection that works in the home's database; close it to let others in.

    Args:
        create: make the database where there is none (``mosis init`` only: a lost file must never look like a new state).
        read_only: change nothing; still excludes a writer, as the writer excludes it.

    Raises:
        NoStateHome: there is no database, and none was to be made.
        Busy: another process has it open; the message names its PID.
        NewerDatabase: a newer version of this system wrote it.
    """
    if not create and not home.database.is_file():
        raise NoStateHome(f"{home.database} is missing. Restore it from {home.backup}; a new one would give IDs twice.")
    con = duckdb.connect(":memory:", config=_OFFLINE)
    try:
        # A database is made before there are settings: mosis.toml is the last thing that init writes.
        _set_up(con, home, Settings.model_validate({}) if create else home.settings)
        _attach(con, home, read_only)
        _migrate(con, home, read_only)
    except BaseException:
        con.close()
        raise
    return con


def _set_up(con: duckdb.DuckDBPyConnection, home: StateHome, settings: Settings) -> None:
    spill = home.work / ".duckdb"  # student values can be spilt to disk: inside the private work folder
    make_folder(spill, PRIVATE_FOLDER)
    con.execute("SET GLOBAL threads = ?", [settings.threads])
    con.execute("SET GLOBAL memory_limit = ?", [settings.memory_limit])
    con.execute("SET GLOBAL temp_directory = ?", [str(spill)])
    con.execute("SET GLOBAL preserve_insertion_order = false")
    # A checkpoint would otherwise rewrite part-filled row groups each time: half the cost of a cycle. See compact().
    con.execute("SET GLOBAL max_vacuum_tasks = 0")
    con.execute("SET GLOBAL TimeZone = 'UTC'")


def _attach(con: duckdb.DuckDBPyConnection, home: StateHome, read_only: bool) -> None:
    path = str(home.database).replace("'", "''")
    try:
        with private_files():
            con.execute(f"ATTACH '{path}' AS state{' (READ_ONLY)' if read_only else ''}")
    except duckdb.ResourceInUseException:
        raise Busy(f"{home.database} is open in this process (PID {os.getpid()}) already.") from None
    except duckdb.IOException as error:
        if "lock" not in str(error):
            raise
        raise Busy(f"{home.database} is open elsewhere ({_holder(error)}). Try again when that has finished.") from None
    con.execute("USE state")


def _holder(error: Exception) -> str:
    _, found, rest = str(error).partition("(PID ")
    return f"PID {rest.partition(')')[0]}" if found else "PID unknown"


def _detach(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("USE memory")
    con.execute("DETACH state")


def _migrate(con: duckdb.DuckDBPyConnection, home: StateHome, read_only: bool) -> None:
    migrations = known_migrations()
    pending = pending_migrations(con, migrations)
    if not pending:
        return
    if read_only:
        raise UsageError(
            f"{home.database} needs migration {pending[0].number}. Run a command that writes first: mosis run"
        )
    # A database that is only being made holds nothing to back up.
    is_new = len(pending) == len(migrations)
    for migration in pending:
        _migrate_one(con, home, migration, is_new=is_new)


def _migrate_one(con: duckdb.DuckDBPyConnection, home: StateHome, migration: Migration, *, is_new: bool) -> None:
    if not is_new:
        con.execute("CHECKPOINT state")
        _detach(con)
        back_up_closed(home, migration.number)
        _attach(con, home, read_only=False)
    with private_files():
        apply_migration(con, migration)
    home.database.chmod(PRIVATE_FILE)
    fsync_folder(home.root)


@contextlib.contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of the block is committed, or none of it.

    Raises:
        CommitUnknown: the COMMIT itself (or the ROLLBACK) failed. It may or may not have become durable: close, open again,
            and look for the submission's row before deciding anything.
    """
    con.execute("BEGIN")
    try:
        yield
    except BaseException as error:
        _roll_back(con, error)
        raise
    _commit(con)


def _commit(con: duckdb.DuckDBPyConnection) -> None:
    try:
        with private_files():
            con.execute("COMMIT")
        _fsync_folder(con)
    except (duckdb.Error, OSError) as error:
        raise CommitUnknown(_dead("COMMIT", error)) from None


def _roll_back(con: duckdb.DuckDBPyConnection, cause: BaseException) -> None:
    try:
        con.execute("ROLLBACK")
    except duckdb.Error as error:
        raise CommitUnknown(_dead("ROLLBACK", error)) from cause


def _dead(statement: str, error: Exception) -> str:
    # The type alone: DuckDB's messages can quote the value it stumbled over.
    return f"{statement} failed ({type(error).__name__}): what it left is unknown. Nothing was answered for it; run again to go on."


def checkpoint(con: duckdb.DuckDBPyConnection) -> None:
    """Move everything committed into the database file; only then may anything be acknowledged.

    A write-ahead log that is lost or cut is not noticed when the file is opened again; the file itself is.

    Raises:
        CommitUnknown: it failed (a full disk, say). What was committed is still in the log; the connection is dead.
    """
    try:
        with private_files():
            con.execute("CHECKPOINT state")
        _fsync_folder(con)
    except (duckdb.Error, OSError) as error:
        raise CommitUnknown(_dead("CHECKPOINT", error)) from None


def _fsync_folder(con: duckdb.DuckDBPyConnection) -> None:
    """Make the log's coming and going durable: DuckDB syncs what is in its files, not that they are there.

    CHECKPOINT removes the log and the next COMMIT makes a new one, so this is asked for after each of them.
    """
    found = con.execute("SELECT path FROM duckdb_databases() WHERE database_name = 'state'").fetchall()
    fsync_folder(Path(found[0][0]).parent)


def compact(con: duckdb.DuckDBPyConnection) -> None:
    """Join the part-filled row groups that many small commits leave; asked for now and then, when nobody waits.

    Space of deleted rows is used again without it.
    """
    con.execute("SET GLOBAL max_vacuum_tasks = 100")
    try:
        _touch(con)
        checkpoint(con)
    finally:
        con.execute("SET GLOBAL max_vacuum_tasks = 0")


def _touch(con: duckdb.DuckDBPyConnection) -> None:
    """Write something again as it is: a checkpoint that finds nothing added or removed joins nothing."""
    with transaction(con):
        last = con.execute("DELETE FROM meta.migration WHERE number = 1 RETURNING *").fetchall()
        con.executemany("INSERT INTO meta.migration VALUES (?, ?)", last)
