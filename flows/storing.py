"""The store stage: what one commit unit writes, inside the transaction that group_commits opened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from flows.group_commits import REJECTED_REASON, CommitUnit
from flows.lookup_requests import StagedLookups
from flows.responses import note_outcomes, store_responses
from flows.session import Session
from flows.unit_frames import StagedFrames, with_state_ids
from matching.answers import record_answers
from matching.ledger import open_near_matches, record_assignments, record_versions
from matching.plan import Plan
from matching.proposals import record_proposals
from outputs.across_files import compare_again
from outputs.answered_ids import fill_answered_ids
from outputs.store import Versions, store_group
from schemas.submission import Submission

if TYPE_CHECKING:
    from flows.reporting import ReportDesk

STORE_FAILED_MESSAGE = "The file could not be stored. This is a fault of the system, not of your file."
STORE_FAILED_STEP = (
    "Nothing has to be done by you. The state's MOSIS desk has been told and will ask for the file when it is mended."
)


@dataclass
class StateSteps:
    """The GroupSteps of the real pipeline: outputs and matching write their own tables, through one connection."""

    session: Session
    plan: Plan
    desk: "ReportDesk"

    def store(self, con: duckdb.DuckDBPyConnection, unit: CommitUnit) -> None:
        """Everything a unit leaves in the database."""
        frames = StagedFrames(self.plan)
        names = [submission.submission_id for submission in unit.submissions]
        at = self.session.clock.now()
        records = {layout: with_state_ids(found, unit.assignments) for layout, found in frames.records(names).items()}
        versions = self.plan.versions
        store_responses(con, unit.submissions, frames.folder, at)
        store_group(
            con,
            unit.submissions,
            records,
            frames.violations(names),
            frames.rule_runs(names),
            unit.assignments,
            versions=Versions(versions["dictionary"], versions["rule_books"]),
            at=at,
            comparisons=self.session.comparisons,
        )
        requests = frames.requests(names)
        record_assignments(con, unit.assignments)
        record_versions(con, requests, unit.assignments, at)
        candidates = self.plan.candidates.filter(pl.col("submission_id").is_in(names))
        open_near_matches(con, candidates, requests, unit.assignments, at)
        record_answers(con, unit.assignments, unit.submissions, at, unit.block.number)
        record_proposals(con, frames.proposals(), self.plan.run_id, at)
        answered = answered_questions(con, unit)
        fill_answered_ids(con, answered, self.session.dictionary, at)
        compare_again(con, answered["submission_id"].unique(), self.session.comparisons, at)
        StagedLookups(frames.folder).log(con, unit.submissions, at)
        note_outcomes(con, unit.submissions)

    def reject(self, con: duckdb.DuckDBPyConnection, submission: Submission, error_name: str) -> None:
        """A submission that cannot be stored: rejected, with a receipt that does not blame the district."""
        versions = self.plan.versions
        empty = pl.DataFrame(schema={"submission_id": pl.String})
        rejected = as_store_failed(submission)
        frames = StagedFrames(self.plan)
        store_group(
            con,
            [rejected],
            {},
            frames.violations([]),
            frames.rule_runs([]),
            empty.with_columns(outcome=pl.lit(None, pl.String)),
            versions=Versions(versions["dictionary"], versions["rule_books"]),
            at=self.session.clock.now(),
        )
        self.session.log(f"{submission.submission_id}: could not be stored ({error_name})")

    def write_receipts(self, con: duckdb.DuckDBPyConnection, submissions: Sequence[Submission]) -> Iterator[str]:
        yield from self.desk.write_receipts(con, submissions)


def as_store_failed(submission: Submission) -> Submission:
    """The submission as its receipt names it when the database could not take it."""
    return replace(
        submission,
        outcome="rejected",
        status="rejected",
        reason=REJECTED_REASON,
        message=STORE_FAILED_MESSAGE,
        next_step=STORE_FAILED_STEP,
    )


def answered_questions(con: duckdb.DuckDBPyConnection, unit: CommitUnit) -> pl.DataFrame:
    """submission_id, line_number and state_id of earlier records whose question a return of this unit has answered."""
    returns = [(s.submission_id, s.district_code) for s in unit.submissions if s.status == "decisions"]
    schema = dict.fromkeys(("submission_id", "district_code"), pl.String)
    answered = unit.assignments.join(pl.DataFrame(returns, schema=schema, orient="row"), on="submission_id")
    given = answered.filter(  # noqa: F841 (query)
        pl.col("state_id").is_not_null(), pl.col("near_match_id").is_not_null()
    ).select("near_match_id", "district_code", "state_id")
    return con.sql(
        "SELECT DISTINCT question.submission_id, question.line_number, given.state_id "
        "FROM identity.near_match AS question JOIN given USING (near_match_id, district_code) "
        "WHERE question.status = 'closed'"
    ).pl()
