"""What reports ask of the database: submissions as they were stored, their IDs, violations, and what was fixed."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import duckdb
import polars as pl

from flows.group_commits import REJECTED_REASON
from flows.storing import as_store_failed
from schemas.submission import Submission


def as_stored(con: duckdb.DuckDBPyConnection, submissions: Sequence[Submission]) -> list[Submission]:
    """Submissions as the database has them: one may have been superseded or could not be stored."""
    wanted = named([submission.submission_id for submission in submissions])  # noqa: F841 (query)
    rows = con.sql(
        "SELECT submission_id, status, reason, outcome FROM intake.submission SEMI JOIN wanted USING (submission_id)"
    ).fetchall()
    found: dict[str, tuple[str, str | None, str | None]] = {name: tuple(rest) for name, *rest in rows}
    return [_as_stored(submission, *found[submission.submission_id]) for submission in submissions]


def _as_stored(submission: Submission, status: str, reason: str | None, outcome: str | None) -> Submission:
    if reason == REJECTED_REASON:
        return as_store_failed(submission)
    # Comparing it with other files can have found what reading it alone did not.
    return replace(submission, status=status, outcome=outcome)


def named(names: Collection[str]) -> pl.DataFrame:
    """Submissions to be joined by name."""
    return pl.DataFrame({"submission_id": sorted(names)}, schema={"submission_id": pl.String})


def by_submission(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    if not frame.height:
        return {}
    return {
        str(name[0]): part
        for name, part in frame.partition_by("submission_id", as_dict=True, maintain_order=True).items()
    }


def stored_ids(con: duckdb.DuckDBPyConnection, names: Collection[str]) -> pl.DataFrame:
    """submission_id, line_number, state_id as the ledger has them: those of new children are not in the plan."""
    wanted = named(names)  # noqa: F841 (query)
    return con.sql(
        "SELECT submission_id, line_number::UINTEGER AS line_number, state_id "
        "FROM identity.assignment SEMI JOIN wanted USING (submission_id)"
    ).pl()
