"""The manifest of a certificate: hashes of what was sent and of what was accepted, what judged it, and the counts.

Every hash can be made again from what the home keeps: the bytes from archive/, the rows from the collection table, the rules
and the dictionary from archive/versions/.
"""

import hashlib
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from outputs.certification.against import Trial
from outputs.certification.counts import count_by_school
from outputs.certification.kept_rules import kept_sha256
from outputs.store import table_columns
from schemas.clock import rfc3339
from schemas.errors import MosisError

MANIFEST_VERSION = 2


def make_manifests(
    con: duckdb.DuckDBPyConnection,
    trials: Sequence[Trial],
    collection_version: str,
    *,
    actor: str,
    at: datetime,
    archive: Path | None = None,
) -> tuple[dict[str, Any], ...]:
    """One manifest a file; a district that reports by building has several.

    Args:
        archive: where the dictionary and the rules that judged the file are kept.

    Raises:
        MosisError: other records are stored than the receipt promised; nothing may be certified.
    """
    layouts = {
        trial.layout: [other.submission_id for other in trials if other.layout == trial.layout] for trial in trials
    }
    counts = count_by_school(con, layouts)
    return tuple(_manifest(con, trial, collection_version, counts, actor, at, archive) for trial in trials)


def _manifest(
    con: duckdb.DuckDBPyConnection,
    trial: Trial,
    collection_version: str,
    counts: pl.DataFrame,
    actor: str,
    at: datetime,
    archive: Path | None,
) -> dict[str, Any]:
    columns = table_columns(con, "collection", trial.layout)
    district, dictionary_version, rule_book_version, lines, records, is_pilot = con.execute(
        "SELECT district_code, dictionary_version, rule_book_version, line_count, accepted_count, "
        "coalesce(is_pilot, false) FROM intake.submission WHERE submission_id = ?",
        [trial.submission_id],
    ).fetchall()[0]
    count, rows_sha256 = hash_rows(con, trial.layout, trial.submission_id, columns)
    if count != records:
        raise MosisError(
            f"{trial.submission_id}: {count} records are stored where its receipt says {records}. Nothing was "
            "certified; keep the state home as it is and look at the journal."
        )
    kept = kept_sha256(archive, collection_version, dictionary_version, rule_book_version) if archive else None
    return {
        "manifest_version": MANIFEST_VERSION,
        "submission_id": trial.submission_id,
        "district_code": district,
        "school_code": trial.school_code,
        "layout": trial.layout,
        "collection_version": collection_version,
        "is_pilot": is_pilot,
        "certified_at": rfc3339(at),
        "certified_by": actor,
        "file_sha256": trial.sha256,
        "rows_sha256": rows_sha256,
        "columns": columns,
        "dictionary_version": dictionary_version,
        "rule_book_version": rule_book_version,
        "rules_sha256": kept,
        "lines": lines,
        "records": count,
        "warnings": standing_warnings(con, trial.submission_id),
        "counts": counts.filter(pl.col("submission_id") == trial.submission_id).drop("submission_id").to_dicts(),
    }


def standing_warnings(con: duckdb.DuckDBPyConnection, submission_id: str) -> int:
    """Warnings of a file that stand as it is certified; findings that compare districts are not the file's own."""
    return con.execute(
        "SELECT count(*) FROM quality.violation WHERE submission_id = ? AND severity = 'W' AND scope <> 'state' "
        "AND status IN ('open', 'reopened', 'contacted')",
        [submission_id],
    ).fetchall()[0][0]


def hash_rows(
    con: duckdb.DuckDBPyConnection, layout: str, submission_id: str, columns: Sequence[str]
) -> tuple[int, str]:
    """Number and sha256 of the stored rows of a submission: one line each in order of line, as CSV (RFC 4180).

    Every value is quoted text, as SQL casts it, and null is nothing between two commas; anybody can make these bytes
    again with other tools. The columns are named by the manifest, so that a column added later leaves the hash as it is.
    """
    values = ", ".join(f'CAST("{column}" AS VARCHAR) AS "{column}"' for column in columns)
    rows = con.sql(
        f'SELECT {values} FROM collection."{layout}" AS stored WHERE stored.submission_id = ? ORDER BY stored.line_number',
        params=[submission_id],
    ).pl()
    lines = io.BytesIO()
    rows.write_csv(lines, include_header=False, quote_style="non_numeric", line_terminator="\n")
    return rows.height, hashlib.sha256(lines.getbuffer()).hexdigest()
