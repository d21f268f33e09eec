"""Which violations count, and the counts that a submission carries."""

from collections.abc import Collection

import duckdb
import polars as pl

# Violations that still stand; the others were fixed, waived by the state or accepted as they are.
STANDING = ("open", "reopened", "contacted")


def recount(con: duckdb.DuckDBPyConnection, submission_ids: Collection[str]) -> None:
    """Fill error_count and warning_count of submissions that were checked: what stands and is not for the state alone."""
    ids = pl.DataFrame({"submission_id": sorted(submission_ids)}, schema={"submission_id": pl.String})  # noqa: F841
    con.execute(
        f"""
        WITH counted AS (
            SELECT submission_id, count(found.rule_id) FILTER (found.severity = 'E') AS errors,
                   count(found.rule_id) FILTER (found.severity = 'W') AS warnings
            FROM ids LEFT JOIN (
                SELECT submission_id, rule_id, severity FROM quality.violation
                WHERE status IN {STANDING} AND scope <> 'state'
            ) AS found USING (submission_id)
            GROUP BY submission_id
        )
        UPDATE intake.submission AS file SET error_count = counted.errors, warning_count = counted.warnings
        FROM counted WHERE file.submission_id = counted.submission_id AND file.error_count IS NOT NULL
        """
    ).fetchall()


def mark_pages(con: duckdb.DuckDBPyConnection, submission_ids: Collection[str]) -> None:
    """Note that the pages of these submissions no longer say what the database says; the next run writes them anew."""
    ids = pl.DataFrame({"submission_id": sorted(submission_ids)}, schema={"submission_id": pl.String})  # noqa: F841
    con.execute("INSERT INTO quality.page_due BY NAME SELECT submission_id FROM ids").fetchall()
