"""The requests of a run as matching works on them: numbered in an order that no file or thread decides, and made comparable.

Stand-ins count as missing here; the registry's own rows go through the same expressions when they are compared.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import polars as pl

from matching.crowds import find_crowds
from matching.standardize import placeholder_birth_dates, standardize

REQUEST_TABLE = "mosis_request"

# What a district answered to an earlier question about a request; only requests out of a returned worklist have it.
ANSWER_SCHEMA: dict[str, pl.DataType] = {
    "near_match_id": pl.String(), "answer": pl.String(), "answer_person": pl.String(), "answer_reason": pl.String(),
    "ruled_out": pl.List(pl.String()), "answer_actor": pl.String(),
}  # fmt: skip


def prepare_requests(requests: pl.DataFrame) -> pl.DataFrame:
    """Requests with keys, stand-ins nulled and a ``request_id``.

    Returns:
        The rows in the order of (district_code, sha256, line_number), which is what ``request_id`` counts, so that
        nothing downstream depends on the order in which files and rows arrived. Added: the columns of standardize,
        ``is_nameless`` and ``is_undated`` (nothing was sent), ``is_placeholder`` (no usable name or birth date),
        ``is_crowd`` (too many records alike).
    """
    unasked = [pl.lit(None, kind).alias(name) for name, kind in ANSWER_SCHEMA.items() if name not in requests.columns]
    keyed = standardize(requests.with_columns(unasked)).sort("district_code", "sha256", "line_number", "submission_id")
    stand_ins = pl.Series(placeholder_birth_dates()).str.to_date()
    known_date = pl.when(~pl.col("birth_date").is_in(stand_ins.implode())).then("birth_date")
    prepared = (
        keyed.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("request_id"))
        .with_columns(
            is_nameless=pl.any_horizontal(pl.col("last_name", "first_name").str.strip_chars().fill_null("") == ""),
            is_undated=pl.col("birth_date").is_null(),
        )
        .with_columns(
            known_date,
            pl.when(pl.col("last_name_key") != "").then("last_name_key"),
            pl.when(pl.col("first_name_key") != "").then("first_name_key"),
            pl.col("school_year").cast(pl.Int32),
        )
        .with_columns(
            is_placeholder=pl.any_horizontal(pl.col("last_name_key", "first_name_key", "birth_date").is_null()),
        )
    )
    return prepared.with_columns(find_crowds(prepared))


@contextmanager
def workspace(con: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor whose tables live in memory and are gone when the block ends; the state is read as ``state.…``."""
    cursor = con.cursor()
    try:
        cursor.execute("USE memory").fetchall()
        before = _tables(cursor)
        yield cursor
        for table in sorted(_tables(cursor) - before):
            cursor.execute(f'DROP TABLE IF EXISTS memory.main."{table}"').fetchall()
    finally:
        cursor.close()


def _tables(cursor: duckdb.DuckDBPyConnection) -> set[str]:
    rows = cursor.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'memory'").fetchall()
    return {name for (name,) in rows}
