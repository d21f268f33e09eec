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
    incoming_records = requests.join(accepted.select(*line, "state_id"), on=line)
    if incoming_records.height:
        con.execute(_MERGE_VERSIONS, {"at": at, "this_year": _school_year(at)}).fetchall()


def _school_year(at: datetime) -> int:
    """The year in which the running school year ends; for records whose own year could not be read."""
    day = missouri_day(at)
    return day.year + (day.month >= 7)


def _merge_versions() -> str:
    text = ", ".join(f"coalesce({name}::VARCHAR, '')" for name in _VERSION_FIELDS)
    kept = (*_VERSION_FIELDS, *_MOVING_FIELDS, *_KEY_FIELDS, "ssn_near", "standardize_version", "layout")
    newer = "version.last_school_year >= known.last_school_year"
    moving = ", ".join(
        f"{name} = CASE WHEN {newer} THEN version.{name} ELSE known.{name} END" for name in _MOVING_FIELDS
    )
    # md5, not DuckDB's own hash: the number is stored for ever and must not change with a version of the database.
    # Of two lines with one version in one unit the later year stands, then the first file and line: never row order.
    return f"""
        MERGE INTO identity.record AS known
        USING (
            SELECT state_id, md5_number_lower(concat_ws(chr(31), {text})) AS version_hash, {", ".join(kept)},
                   submission_id AS source_submission_id, line_number AS source_line,
                   coalesce(school_year, $this_year) AS last_school_year,
                   min(coalesce(school_year, $this_year)) OVER same AS first_school_year,
                   $at AS first_seen_at, $at AS last_seen_at
            FROM incoming_records
            WINDOW same AS (PARTITION BY state_id, version_hash)
            QUALIFY row_number() OVER (
                PARTITION BY state_id, version_hash ORDER BY last_school_year DESC, submission_id, line_number
            ) = 1
        ) AS version
        ON known.state_id = version.state_id AND known.version_hash = version.version_hash
        WHEN MATCHED THEN UPDATE SET
            {moving},
            first_school_year = least(known.first_school_year, version.first_school_year),
            last_school_year = greatest(known.last_school_year, version.last_school_year),
            last_seen_at = greatest(known.last_seen_at, version.last_seen_at)
        WHEN NOT MATCHED THEN INSERT BY NAME
    """


_MERGE_VERSIONS = _merge_versions()


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
    incoming_waiting = waiting.select(
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
           candidate_state_id, match_weight, explanation, reason, 'open' AS status, $at AS opened_at
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
