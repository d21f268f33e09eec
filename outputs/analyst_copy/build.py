"""Build the copy: a file of its own, filled view by view, that takes the old one's place in one rename."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import duckdb
import polars as pl

from outputs.analyst_copy.frames import about_row, code_meanings, collection_rows
from outputs.analyst_copy.meanings import RECORDS, column_meanings
from outputs.analyst_copy.pseudonyms import EDUCATOR, make_pseudonyms
from outputs.analyst_copy.record_views import record_columns, record_select
from outputs.district_states import status_rows
from outputs.one_child import MERGED_IDS
from schemas.database import transaction
from schemas.dictionary import ID_BATCH, Dictionary
from schemas.directory import Directory
from schemas.files import new_file, private_files
from schemas.predicates import EDUCATOR_ID

# Readable by every DuckDB since 1.0: an analyst's own version may be older than the pipeline's.
STORAGE_VERSION = "v1.0.0"
# The analysts' group reads it; nobody writes it, the pipeline only ever replaces it.
COPY_MODE = 0o440
_FOLDER = Path(__file__).parent
_ALIAS = "analyst"


@dataclass(frozen=True, slots=True)
class CopySummary:
    """What a copy holds: rows by view."""

    path: Path
    built_at: datetime
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the copy is made from, beside the database; ``rules`` is ``rule_rows``."""

    dictionary: Dictionary
    directory: Directory
    rules: pl.DataFrame
    state_name: str
    small_cell_threshold: int
    at: datetime
    key: bytes = field(repr=False)


def write_analyst_copy(con: duckdb.DuckDBPyConnection, path: Path, facts: Facts) -> CopySummary:
    """Write the copy beside the old one and rename it over; who reads the old one goes on reading it."""
    with new_file(path, COPY_MODE) as temporary, private_files():
        temporary.unlink()
        with _attached(con, temporary):
            rows = _fill(con, facts)
    return CopySummary(path, facts.at, rows)


@contextmanager
def _attached(con: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    name = str(path).replace("'", "''")
    con.execute(f"ATTACH '{name}' AS {_ALIAS} (STORAGE_VERSION '{STORAGE_VERSION}')")
    try:
        # One transaction: each of some five hundred comments would otherwise wait for the disk.
        with transaction(con):
            yield
        con.execute(f"CHECKPOINT {_ALIAS}")
    finally:
        con.execute(f"DETACH {_ALIAS}")
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)


def _fill(con: duckdb.DuckDBPyConnection, facts: Facts) -> dict[str, int]:
    frames = {
        "pseudonym": _pseudonyms(con, facts),
        "educators": _educators(con, facts),
        "rules": facts.rules,
        "standing": status_rows(con, facts.dictionary, facts.directory, facts.at),
        "districts": facts.directory.districts,
        "schools": facts.directory.schools,
        "collections": collection_rows(facts.dictionary),
        "code_meanings": code_meanings(facts.dictionary),
        "about": about_row(facts.dictionary, facts.state_name, facts.small_cell_threshold, facts.key, facts.at),
    }
    for name, frame in frames.items():
        con.register(name, frame)
    try:
        made = {name: _make(con, name, sql, facts.at) for name, sql in view_queries().items()}
        for layout in facts.dictionary.layout_names:
            if layout != ID_BATCH:
                query = record_select(con, layout, facts.dictionary, facts.directory, facts.small_cell_threshold)
                made[layout] = _make(con, layout, query, facts.at)
                _describe(con, layout, record_columns(facts.dictionary, layout))
    finally:
        for name in frames:
            con.unregister(name)
    for view, meanings in column_meanings().items():
        if view != RECORDS:
            _describe(con, view, meanings)
    con.execute(f"CREATE MACRO {_ALIAS}.shown(n) AS CASE WHEN n >= {facts.small_cell_threshold} THEN n END")
    return made


def _pseudonyms(con: duckdb.DuckDBPyConnection, facts: Facts) -> pl.DataFrame:
    """state_id, student for every number in the ledger; a merged number has the pseudonym of the one it leads to."""
    current = con.sql(
        f"WITH RECURSIVE {MERGED_IDS} SELECT state_id, coalesce(merged.current_id, state_id) AS current_id "
        "FROM identity.student LEFT JOIN merged USING (state_id)"
    ).pl()
    return current.select("state_id", make_pseudonyms(current["current_id"].to_list(), facts.key).alias("student"))


def _educators(con: duckdb.DuckDBPyConnection, facts: Facts) -> pl.DataFrame:
    """educator_id, educator for every educator in a collection table."""
    tables = [layout for layout in facts.dictionary.layout_names if EDUCATOR_ID in _columns(facts.dictionary, layout)]
    queries = [f'SELECT {EDUCATOR_ID} FROM collection."{layout}"' for layout in tables]
    found = con.sql(" UNION ".join([*queries, "SELECT NULL::VARCHAR"])).pl().to_series(0).drop_nulls()
    return pl.DataFrame({EDUCATOR_ID: found, "educator": make_pseudonyms(found.to_list(), facts.key, EDUCATOR)})


def _columns(dictionary: Dictionary, layout: str) -> set[str]:
    return {name for (each, _), found in dictionary.layouts.items() if each == layout for name in found.standard_names}


def _make(con: duckdb.DuckDBPyConnection, view: str, query: str, at: datetime) -> int:
    given = {"at": at} if "$at" in query else {}
    con.execute(f'CREATE TABLE {_ALIAS}."{view}" AS {query}', given)
    return int(con.execute(f'SELECT count(*) FROM {_ALIAS}."{view}"').fetchall()[0][0])


def _describe(con: duckdb.DuckDBPyConnection, view: str, meanings: Mapping[str, str]) -> None:
    for column, meaning in meanings.items():
        text = "'" + meaning.replace("'", "''") + "'"
        target = f'COLUMN {_ALIAS}."{view}"."{column}"' if column else f'TABLE {_ALIAS}."{view}"'
        con.execute(f"COMMENT ON {target} IS {text}")


@cache
def view_queries() -> dict[str, str]:
    """The views that are no records: name to SELECT."""
    return {path.stem: path.read_text("utf-8") for path in sorted((_FOLDER / "views").glob("*.sql"))}
