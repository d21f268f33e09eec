"""The ledger: identity tables of state.duckdb, written for one commit unit inside a transaction that the caller opened.

Nothing here commits. Set-based SQL only: the cost follows the unit, not the registry. DuckDB reads a frame where a query
names the variable it is in (``incoming_...``).
"""

from datetime import datetime

import duckdb
import polars as pl

from matching.journal import Block, BlockFile
from matching.recovery import Reservations
from schemas.clock import missouri_day

PIPELINE = "pipeline"
# Outcomes that leave a record with an ID; only those add to what is known of a child.
_WITH_ID = ("CONFIRMED", "REUSED", "NEW")

# What makes a version of a child's identifying data. School and grade move every year and are brought up to date in place.
_VERSION_FIELDS = (
    "district_code", "local_student_id", "last_name", "first_name", "middle_name", "suffix", "birth_date", "gender",
    "race_ethnicity", "guardian_last_name", "guardian_first_name", "ssn_hash",
)  # fmt: skip
_MOVING_FIELDS = ("school_code", "resident_district_code", "grade")
_KEY_FIELDS = (
    "last_name_key", "first_name_key", "middle_name_key", "suffix_key", "last_name_sound", "first_name_sound",
    "surname_tokens", "guardian_key",
)  # fmt: skip
_VERSION = ["state_id", "version_hash"]
_KEPT = (
    *_VERSION, *_VERSION_FIELDS, *_MOVING_FIELDS, *_KEY_FIELDS, "ssn_near", "standardize_version", "layout",
    "first_school_year", "last_school_year", "first_seen_at", "last_seen_at",
)  # fmt: skip


def record_assignments(con: duckdb.DuckDBPyConnection, incoming_assignments: pl.DataFrame) -> None:
    """What came out for every line: one row each."""
    con.execute(
        """
        INSERT INTO identity.assignment
        SELECT submission_id, line_number, state_id, outcome, reason, step, match_weight, margin, model_version
        FROM incoming_assignments
        """
    ).fetchall()


def issue_ids(con: duckdb.DuckDBPyConnection, block: Block, at: datetime) -> None:
    """Enter the IDs of a journal block in the registry, each with the event that says which line brought it."""
    _enter_ids(con, block, _first_lines(block), status="active", kind="issued", reason=None, at=at)


def retire_ids(
    con: duckdb.DuckDBPyConnection, block: Block, state_ids: pl.Series, *, reason: str, at: datetime
) -> None:
    """Enter IDs that were journaled but will never be given, so that they are never drawn again."""
    lines = pl.DataFrame({"state_id": state_ids.cast(pl.String)}).join(_first_lines(block), on="state_id", how="left")
    _enter_ids(con, block, lines, status="retired", kind="retired", reason=reason, at=at)


def _first_lines(block: Block) -> pl.DataFrame:
    """One row an ID of the block: ``state_id``, ``submission_id``, ``line_number`` of the first line it is for."""
    names = pl.Series("submission_id", [file.submission_id for file in block.files], pl.String)
    first = block.entries.unique("state_id", keep="first", maintain_order=True)
    return first.select(
        "state_id", "line_number", submission_id=names.gather(first["file"]) if first.height else pl.lit("")
    )


def _enter_ids(
    con: duckdb.DuckDBPyConnection,
    block: Block,
    incoming_ids: pl.DataFrame,
    *,
    status: str,
    kind: str,
    reason: str | None,
    at: datetime,
) -> None:
    if incoming_ids.is_empty():
        return
    con.execute(
        """
        INSERT INTO identity.student (state_id, status, issued_at, issued_run_id)
        SELECT state_id, $status, $at, $run_id FROM incoming_ids
        """,
        {"status": status, "at": at, "run_id": block.run_id},
    ).fetchall()
    con.execute(
        """
        INSERT INTO identity.event BY NAME
        SELECT (SELECT coalesce(max(event_id), 0) FROM identity.event) + row_number() OVER () AS event_id, $at AS "at",
               $run_id AS run_id, $kind AS kind, state_id, submission_id, line_number, $actor AS actor, $reason AS reason,
               $block_number AS block_number
        FROM incoming_ids
        """,
        {
            "at": at,
            "run_id": block.run_id,
            "kind": kind,
            "actor": PIPELINE,
            "reason": reason,
            "block_number": block.number,
        },
    ).fetchall()


def record_versions(
    con: duckdb.DuckDBPyConnection, requests: pl.DataFrame, assignments: pl.DataFrame, at: datetime
) -> None:
    """Add what these records say about their children; what was known already is only marked as seen again.

    Args:
        requests: identity columns of the unit's records with their keys (``matching/standardize.py``),
            ``standardize_version`` and ``layout``.
        assignments: of the same records, IDs filled in.
    """
    accepted = assignments.filter(pl.col("outcome").is_in(_WITH_ID), pl.col("state_id").is_not_null())
    line = ["submission_id", "line_number"]
    year = pl.col("school_year").fill_null(_school_year(at))
    # A record without a name was told by what is known already; it adds nothing, and would stand as the child's newest data.
    named = requests.filter(pl.col("last_name").is_not_null(), pl.col("first_name").is_not_null())
    records = named.join(accepted.select(*line, "state_id"), on=line).with_columns(
        first_school_year=year, last_school_year=year
    )
    keep_versions(con, records, at)


def keep_versions(con: duckdb.DuckDBPyConnection, records: pl.DataFrame, at: datetime) -> None:
    """Add the versions of identifying data that these records hold; known ones are marked as seen again.

    Args:
        records: as ``record_versions`` has them, with ``state_id``, ``first_school_year`` and ``last_school_year``.
    """
    if records.is_empty():
        return
    versions = _one_per_version(records.with_columns(_version_hashes(con, records)))
    incoming_seen = versions.join(_known_versions(con, versions), on=_VERSION)
    incoming_versions = versions.join(incoming_seen, on=_VERSION, how="anti").with_columns(
        first_seen_at=pl.lit(at), last_seen_at=pl.lit(at)
    )
    _mark_seen(con, incoming_seen.select("row", *_MOVING_FIELDS, "first_school_year", "last_school_year"), at)
    _insert_versions(con, incoming_versions)


def _school_year(at: datetime) -> int:
    """The year in which the running school year ends; for records whose own year could not be read."""
    day = missouri_day(at)
    return day.year + (day.month >= 7)


def _version_hashes(con: duckdb.DuckDBPyConnection, records: pl.DataFrame) -> pl.Series:
    """One number a record, equal for equal identifying data.

    md5, not a hash of the libraries: the number is stored for ever and must not change with a version of them.
    """
    values = [pl.col(name).cast(pl.String).fill_null("") for name in _VERSION_FIELDS]
    incoming_texts = records.select(text=pl.concat_str(values, separator="\x1f")).with_row_index("place")  # noqa: F841
    query = "SELECT place, md5_number_lower(text) AS version_hash FROM incoming_texts"
    return con.sql(query).pl().sort("place")["version_hash"]


def _one_per_version(records: pl.DataFrame) -> pl.DataFrame:
    """Of lines of one child with equal data the latest year stands, then the first file and line: never row order."""
    if not records.select(_VERSION).is_duplicated().any():
        return records
    ordered = records.sort(
        *_VERSION, "last_school_year", "submission_id", "line_number", descending=[False, False, True, False, False]
    )
    first_year = pl.col("first_school_year").min().over(_VERSION)
    return ordered.with_columns(first_school_year=first_year).unique(_VERSION, keep="first", maintain_order=True)


def _known_versions(con: duckdb.DuckDBPyConnection, versions: pl.DataFrame) -> pl.DataFrame:
    """state_id, version_hash and row number of the versions that are known."""
    incoming_keys = versions.select(_VERSION)  # noqa: F841
    # The hash first: it is a number, and of the IDs only those blocks are read where one was found.
    return con.sql(
        """
        WITH alike AS (SELECT rowid AS row FROM identity.record SEMI JOIN incoming_keys USING (version_hash))
        SELECT state_id, version_hash, known.rowid AS row
        FROM identity.record AS known JOIN incoming_keys USING (state_id, version_hash)
        WHERE known.rowid IN (SELECT row FROM alike)
        """
    ).pl()


def _mark_seen(con: duckdb.DuckDBPyConnection, incoming_seen: pl.DataFrame, at: datetime) -> None:
    """Bring what moves every year up to date, unless the file is of an earlier year than what is known."""
    if incoming_seen.is_empty():
        return
    newer = "seen.last_school_year >= known.last_school_year"
    moving = ", ".join(f"{name} = CASE WHEN {newer} THEN seen.{name} ELSE known.{name} END" for name in _MOVING_FIELDS)
    con.execute(
        f"""
        UPDATE identity.record AS known SET
            {moving},
            first_school_year = least(known.first_school_year, seen.first_school_year),
            last_school_year = greatest(known.last_school_year, seen.last_school_year),
            last_seen_at = greatest(known.last_seen_at, $at)
        FROM incoming_seen AS seen
        WHERE known.rowid = seen.row
        """,
        {"at": at},
    ).fetchall()


def _insert_versions(con: duckdb.DuckDBPyConnection, incoming_versions: pl.DataFrame) -> None:
    con.execute(
        f"""
        INSERT INTO identity.record BY NAME
        SELECT {", ".join(_KEPT)}, submission_id AS source_submission_id, line_number AS source_line
        FROM incoming_versions
        """
    ).fetchall()


def open_near_matches(
    con: duckdb.DuckDBPyConnection,
    incoming_candidates: pl.DataFrame,
    requests: pl.DataFrame,
    assignments: pl.DataFrame,
    at: datetime,
) -> None:
    """Put the questions to the districts on record, each with the request it holds back.

    Args:
        incoming_candidates: one row a question and candidate, of the unit's lines.
        requests: identity columns of the unit's records, with ``sha256``.
        assignments: of the unit; a line whose outcome is NEAR_MATCH names its question.
    """
    asked = assignments.filter(pl.col("outcome") == "NEAR_MATCH").select(
        "submission_id", "line_number", "near_match_id"
    )
    if asked.is_empty():
        return
    waiting = requests.join(asked, on=["submission_id", "line_number"])
    request = pl.struct(requests.columns).struct.json_encode()
    incoming_waiting = waiting.select(  # noqa: F841
        "near_match_id", "submission_id", "line_number", "sha256", "district_code", request=request
    )
    con.execute(_INSERT_PENDING).fetchall()
    con.execute(_INSERT_NEAR_MATCHES, {"at": at}).fetchall()


_INSERT_PENDING = """
    INSERT INTO identity.pending_request BY NAME
    SELECT near_match_id, submission_id, line_number, request FROM incoming_waiting
"""
_INSERT_NEAR_MATCHES = """
    INSERT INTO identity.near_match BY NAME
    SELECT waiting.near_match_id, waiting.submission_id, waiting.line_number, sha256, district_code, candidate_rank,
           candidate_state_id, match_weight, explanation, reason, evidence, 'open' AS status, $at AS opened_at
    FROM incoming_candidates AS asked JOIN incoming_waiting AS waiting
      ON asked.submission_id = waiting.submission_id AND asked.line_number = waiting.line_number
"""


def advance_head(
    con: duckdb.DuckDBPyConnection,
    block: Block,
    reservations: Reservations,
    files: tuple[BlockFile, ...],
    entered: pl.Series,
    at: datetime,
) -> None:
    """Say that everything up to a block is taken in: its IDs are in the registry (``entered``) or kept as reserved.

    Must be part of the transaction that stores what the block announced; the head alone would lose reserved IDs.
    """
    incoming_reservations = reservations.without(files, entered)
    con.execute("DELETE FROM identity.reservation").fetchall()
    if incoming_reservations.height:
        con.execute("INSERT INTO identity.reservation BY NAME SELECT * FROM incoming_reservations").fetchall()
    con.execute("DELETE FROM identity.journal_head").fetchall()
    con.execute("INSERT INTO identity.journal_head VALUES (?, ?, ?)", [block.number, block.hash, at]).fetchall()
