"""Trials over time: what each file brought against the one before, kept when the file is superseded."""

from collections.abc import Collection, Mapping
from datetime import datetime

import duckdb
import polars as pl

# Why a trial has figures: a file came, or the file that stands was judged anew.
FILE, RULE = "file", "rule"
_LIVES = ("new", "still_open", "reopened")
_MOMENT = pl.Datetime("us", "UTC")
_COUNTS = ("new_count", "still_open_count", "reopened_count", "fixed_count", "waived_count")
HISTORY_SCHEMA: dict[str, pl.DataType] = {
    "submission_id": pl.String(), "at": _MOMENT, "cause": pl.String(), "rule_book_version": pl.String(),
    "record_count": pl.Int64(), "severity": pl.String(), **dict.fromkeys(_COUNTS, pl.Int64()),
}  # fmt: skip


def store_trial_counts(
    con: duckdb.DuckDBPyConnection,
    submission_ids: Collection[str],
    lives: pl.DataFrame,
    fixed: pl.DataFrame,
    replaced: Mapping[str, str],
    *,
    cause: str,
    at: datetime,
) -> None:
    """Two rows a trial, errors and warnings; zeros included.

    Args:
        submission_ids: stored in intake.submission; those that are no trials are left alone.
        lives: submission_id, severity, life, status: a row a violation of these trials.
        fixed: submission_id (of the new trial), severity: a row a violation that is gone.
        replaced: new submission -> the trial that stood until now.
    """
    counted = lives.group_by("submission_id", "severity").agg(
        *((pl.col("life") == life).sum().cast(pl.Int64).alias(f"{life}_count") for life in _LIVES),
        (pl.col("status") == "waived").sum().cast(pl.Int64).alias("waived_count"),
    )
    gone = fixed.group_by("submission_id", "severity").len("fixed_count").cast({"fixed_count": pl.Int64})
    names = pl.DataFrame(
        [(name, severity, replaced.get(name)) for name in sorted(submission_ids) for severity in "EW"],
        schema=dict.fromkeys(("submission_id", "severity", "replaced_submission_id"), pl.String),
        orient="row",
    )
    on = ["submission_id", "severity"]
    filled = names.join(counted, on=on, how="left").join(gone, on=on, how="left")
    incoming_trials = filled.with_columns(pl.col(_COUNTS).fill_null(0))  # noqa: F841 (for the query)
    if cause == FILE:
        con.execute(
            "DELETE FROM quality.trial WHERE cause = 'file' AND submission_id IN (SELECT submission_id FROM incoming_trials)"
        ).fetchall()
    con.execute(
        """
        INSERT INTO quality.trial BY NAME
        SELECT incoming_trials.*, file.district_code, file.school_code, file.collection_version, file.record_count,
               file.rule_book_version, ? AS "at", ? AS cause
        FROM incoming_trials JOIN intake.submission AS file USING (submission_id)
        WHERE file.status IN ('trial', 'superseded', 'certified')
        """,
        [at, cause],
    ).fetchall()


def trial_history(
    con: duckdb.DuckDBPyConnection, district_code: str, school_code: str | None, collection_version: str
) -> pl.DataFrame:
    """What each trial of one place and collection brought, in order of time: columns of HISTORY_SCHEMA.

    Two rows a trial (``severity`` E and W), and two more for each time that it was judged by changed rules (``cause``
    is then ``rule``: ``new_count`` and ``fixed_count`` come of the rules, not of the data). What stands after a row is
    ``new_count + still_open_count + reopened_count``, of which ``waived_count`` are waived.

    Args:
        school_code: of the building that sends its own files; null for the files of the district.
    """
    found = con.sql(
        """
        SELECT submission_id, "at", cause, rule_book_version, record_count, severity,
               new_count, still_open_count, reopened_count, fixed_count, waived_count
        FROM quality.trial
        WHERE district_code = $district AND collection_version = $collection AND school_code IS NOT DISTINCT FROM $school
        ORDER BY "at", submission_id, cause, severity
        """,
        params={"district": district_code, "collection": collection_version, "school": school_code},
    ).pl()
    return found.cast(pl.Schema(HISTORY_SCHEMA))


def count_fixed(con: duckdb.DuckDBPyConnection, submission_ids: Collection[str]) -> dict[str, int]:
    """For each submission that replaced an earlier file, how many violations of that file are gone."""
    return dict(
        con.execute(
            "SELECT submission_id, sum(fixed_count)::BIGINT FROM quality.trial "
            "WHERE cause = 'file' AND replaced_submission_id IS NOT NULL AND list_contains(?, submission_id) GROUP BY ALL",
            [sorted(submission_ids)],
        ).fetchall()
    )
