"""What rules across files found in stored files, held against what stands there: opened, reopened, fixed."""

from collections.abc import Collection
from datetime import datetime

import duckdb
import polars as pl

from outputs.across_files.judge import Judged
from outputs.violation_desk.standing import STANDING
from outputs.violation_desk.waivers import standing_waivers
from outputs.violation_lifecycle import apply_waivers, carry_over
from outputs.violation_rows import VIOLATION_ROW_SCHEMA
from schemas.across_files import FILE_SCOPES
from schemas.clock import missouri_day

_MOMENT = pl.Datetime("us", "UTC")


def settle_findings(
    con: duckdb.DuckDBPyConnection,
    submission_ids: Collection[str],
    judged: Judged,
    *,
    at: datetime,
    changed_by: str,
) -> list[str]:
    """Bring the stored violations of collection and history scope to what was found; counts and rule runs too.

    A row that is still there keeps its dates and what people decided about it; one that has vanished becomes ``fixed``; one
    that comes back is ``reopened``.

    Returns:
        The files where a row was opened, reopened or fixed, in order.
    """
    prior = _stored(con, submission_ids)
    matched = carry_over(as_found(judged.violations), prior)
    today = missouri_day(at)
    rows = apply_waivers(matched.violations, standing_waivers(con, today), today)
    vanished = prior.filter(pl.col("status") != "fixed").join(matched.continued, on="prior_row", how="anti")
    appeared = rows.filter(pl.col("life") != "still_open")
    touched = pl.concat([vanished.select("submission_id"), appeared.select("submission_id")])
    changed = sorted(touched["submission_id"].unique())
    _store_rule_runs(con, judged.rule_runs)
    if not changed:
        return []
    _write(con, rows, prior.join(matched.continued, on="prior_row", how="semi"), vanished, changed, at, changed_by)
    _count(con, appeared, vanished)
    return changed


def as_found(violations: pl.DataFrame) -> pl.DataFrame:
    """Findings in the columns that quality.violation has, those left open that people fill."""
    missing = {
        name: kind
        for name, kind in VIOLATION_ROW_SCHEMA.items()
        if name not in violations.columns and name not in ("status", "first_seen_at")
    }
    return violations.with_columns(pl.lit(None, kind).alias(name) for name, kind in missing.items())


def _stored(con: duckdb.DuckDBPyConnection, submission_ids: Collection[str]) -> pl.DataFrame:
    ids = pl.DataFrame({"submission_id": sorted(submission_ids)}, schema={"submission_id": pl.String})  # noqa: F841
    return con.sql(
        "SELECT violation.rowid AS prior_row, violation.* FROM quality.violation AS violation "
        f"SEMI JOIN ids USING (submission_id) WHERE scope IN {FILE_SCOPES}"
    ).pl()


def _write(
    con: duckdb.DuckDBPyConnection,
    rows: pl.DataFrame,
    continued: pl.DataFrame,
    vanished: pl.DataFrame,
    changed: Collection[str],
    at: datetime,
    changed_by: str,
) -> None:
    """Only files where something changed are written; the rows of the others say the same as before."""
    replaced = continued.filter(pl.col("submission_id").is_in(changed))  # noqa: F841 (query)
    con.execute("DELETE FROM quality.violation WHERE rowid IN (SELECT prior_row FROM replaced)").fetchall()
    con.execute(
        "UPDATE quality.violation SET status = 'fixed', changed_by = ?, fixed_at = ? "
        "WHERE rowid IN (SELECT prior_row FROM vanished)",
        [changed_by, at],
    ).fetchall()
    incoming = rows.filter(pl.col("submission_id").is_in(changed)).select(*VIOLATION_ROW_SCHEMA)  # noqa: F841 (query)
    con.execute("INSERT INTO quality.violation BY NAME SELECT * FROM incoming").fetchall()


def _count(con: duckdb.DuckDBPyConnection, appeared: pl.DataFrame, vanished: pl.DataFrame) -> None:
    """Keep the number of errors and warnings of each file that stand, and with them whether it has any.

    What is waived or accepted was never counted, so it is not taken off either.
    """
    stands = pl.col("status").is_in(STANDING)
    both = pl.concat(
        [
            appeared.filter(stands).select("submission_id", "severity", by=pl.lit(1, pl.Int64)),
            vanished.filter(stands).select("submission_id", "severity", by=pl.lit(-1, pl.Int64)),
        ]
    )
    add_to_counts(con, both)


def add_to_counts(con: duckdb.DuckDBPyConnection, changes: pl.DataFrame) -> None:
    """Add to error_count and warning_count of files; with either, a file is accepted with violations.

    Args:
        changes: submission_id, severity, by (a number to add).
    """
    by = pl.col("by")
    sums = changes.group_by("submission_id").agg(  # noqa: F841 (query)
        by.filter(pl.col("severity") == "E").sum().alias("errors"),
        by.filter(pl.col("severity") == "W").sum().alias("warnings"),
    )
    con.execute(
        """
        UPDATE intake.submission AS file
        SET error_count = coalesce(error_count, 0) + errors, warning_count = coalesce(warning_count, 0) + warnings,
            outcome = CASE
                WHEN outcome NOT IN ('accepted', 'accepted_with_violations') THEN outcome
                WHEN coalesce(error_count, 0) + errors + coalesce(warning_count, 0) + warnings > 0
                  OR coalesce(refused_count, 0) > 0 THEN 'accepted_with_violations'
                ELSE 'accepted'
            END
        FROM sums WHERE sums.submission_id = file.submission_id
        """
    ).fetchall()


def _store_rule_runs(con: duckdb.DuckDBPyConnection, incoming_runs: pl.DataFrame) -> None:
    con.execute(
        "DELETE FROM quality.rule_run WHERE (rule_id, submission_id) IN (SELECT rule_id, submission_id FROM incoming_runs)"
    ).fetchall()
    con.execute("INSERT INTO quality.rule_run BY NAME SELECT * FROM incoming_runs").fetchall()
