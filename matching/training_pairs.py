"""Before a model is fitted: which records may teach, and whether a session would compare a sensible number of pairs.

A stand-in on ten thousand records is fifty million pairs of one session. It is counted before it is made.
"""

from collections.abc import Sequence

import duckdb
import polars as pl

from matching.scoring import RECORD_TABLE
from schemas.errors import MosisError, UsageError

# A session with fewer pairs learns chance.
FEWEST_PAIRS = 200
# Pairs a session may compare: so many for each record, and a fixed part for small registries. A state with four records
# of each child comes to about three.
PAIRS_FLOOR, PAIRS_PER_RECORD = 2_000_000, 20
# A number on more records than this is a stand-in: a child has three or four, and a sister's by mistake.
MOST_RECORDS_WITH_ONE_SSN = 12


def usable_records(records: pl.DataFrame) -> pl.DataFrame:
    """Prepared records without stand-ins and crowds; an SSN on too many records counts as missing."""
    is_usable_ssn = pl.len().over("ssn_hash") <= MOST_RECORDS_WITH_ONE_SSN
    return records.filter(~pl.col("is_placeholder"), ~pl.col("is_crowd")).with_columns(
        pl.when(is_usable_ssn).then(column) for column in ("ssn_hash", "ssn_near")
    )


def sessions_with_pairs(
    cursor: duckdb.DuckDBPyConnection, sessions: Sequence[tuple[str, ...]], record_count: int
) -> dict[tuple[str, ...], int]:
    """The sessions that have enough pairs of two districts in RECORD_TABLE to learn from, each with their number.

    Raises:
        MosisError: a session has more pairs than so many records can need.
        UsageError: no session has enough.
    """
    counts = {fields: _pair_count(cursor, fields) for fields in sessions}
    cap = PAIRS_FLOOR + PAIRS_PER_RECORD * record_count
    for fields, count in counts.items():
        if count > cap:
            raise MosisError(
                f"training: {count:,} pairs of records agree on {' and '.join(fields)}, where {record_count:,} records "
                f"should make at most {cap:,}. One value stands on far too many records: look for a stand-in in these "
                "fields, add it to matching/names and train again. No model was made."
            )
    kept = {fields: count for fields, count in counts.items() if count >= FEWEST_PAIRS}
    if not kept:
        raise UsageError(
            "training: hardly any child was registered in two districts, so nothing shows how two districts write one "
            f"child down (at least {FEWEST_PAIRS} such pairs are needed). Train after a second year has been taken in; "
            "until then the model that ships decides."
        )
    return kept


def _pair_count(cursor: duckdb.DuckDBPyConnection, fields: tuple[str, ...]) -> int:
    """Pairs of two districts that agree on every field: all pairs, without those of one district."""
    names = ", ".join(f'"{name}"' for name in fields)
    known = " AND ".join(f'"{name}" IS NOT NULL' for name in fields)
    ((everywhere, at_home),) = cursor.execute(
        f"""
        WITH places AS (
            SELECT {names}, district_code, count(*) AS n FROM {RECORD_TABLE} WHERE {known} GROUP BY ALL
        ), sums AS (
            SELECT {names}, sum(n) AS n, sum(n * n) AS squares FROM places GROUP BY {names}
        )
        SELECT coalesce(sum(n * n) / 2, 0), coalesce(sum(squares) / 2, 0) FROM sums
        """
    ).fetchall()
    return int(everywhere - at_home)
