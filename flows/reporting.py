"""The report stage: for each stored submission its pages, answers and, last, its receipt; then the claim is let go.

Everything is made from the database and the plan's stage, so an interrupted run that is completed later writes the same.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from flows.lookup_requests import StagedLookups
from flows.outboxes import refresh_outboxes
from flows.receiving import claim_of
from flows.report_queries import as_stored, by_submission, stored_ids
from flows.responses import answer_response, findings_of_responses, write_responses
from flows.session import Session
from flows.signed_forms import answer_form
from flows.staging import REFUSED_SCHEMA
from flows.summary import RunSummary
from flows.unit_frames import StagedFrames
from flows.violation_reports import NO_VIOLATIONS, ViolationReports
from matching.plan import Plan
from outputs.answers import build_answers, write_answers
from outputs.locator_answers import LOCATED, write_located
from outputs.question_ages import question_ages
from outputs.receipts import build_receipt, count_outcomes, write_receipt
from outputs.state_page import STATE_PAGE, write_state_page
from outputs.violation_desk.changes import with_changes
from outputs.violation_rows import read_violations
from schemas.errors import FileRefused
from schemas.files import make_folder
from schemas.identity_fields import IDENTITY_SOURCES
from schemas.inbox.claim import release_claim
from schemas.inbox.quarantine import quarantine_content
from schemas.reading.recognition import CERTIFICATE, DECERTIFICATION, LOCATOR_REQUEST, VIOLATION_RESPONSE
from schemas.reading.signed_forms import SIGNED_FORMS
from schemas.rules import RuleBook
from schemas.submission import Submission

# Files in which no ID is asked for.
NO_IDS_ASKED = (LOCATOR_REQUEST, VIOLATION_RESPONSE, *SIGNED_FORMS)
NO_RECORDS = frozenset({CERTIFICATE, DECERTIFICATION, VIOLATION_RESPONSE})
NO_ASSIGNMENTS = pl.DataFrame(schema={"outcome": pl.String})
NO_REFUSED = pl.DataFrame(schema=REFUSED_SCHEMA)
# What answers and reports show of a record; the other hundred columns stay where they are.
SHOWN_COLUMNS = frozenset(source for sources, _ in IDENTITY_SOURCES.values() for source in sources) | {
    "reporting_district_code", "current_district_code", "record_type",
}  # fmt: skip


@dataclass(frozen=True)
class ReportFrames:
    """Everything the reports of one group need, by submission."""

    records: dict[str, pl.DataFrame]
    assignments: dict[str, pl.DataFrame]
    candidates: dict[str, pl.DataFrame]
    refused: dict[str, pl.DataFrame]
    violations: dict[str, pl.DataFrame]


@dataclass
class ReportDesk:
    """Writes outboxes for one plan; keeps counts for the run's summary."""

    session: Session
    plan: Plan
    reported: list[Submission] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    violation_counts: dict[str, int] = field(default_factory=dict)
    _reports: ViolationReports = field(init=False)

    def __post_init__(self) -> None:
        self._reports = ViolationReports(self.session)

    def write_receipts(self, con: duckdb.DuckDBPyConnection, submissions: Sequence[Submission]) -> Iterator[str]:
        """Write what is still missing; yields each submission_id when its receipt is in place and its claim let go."""
        stored = as_stored(con, submissions)
        missing = {s.submission_id for s in stored if not (self.folder_of(s) / "receipt.json").exists()}
        frames = self._load(con, missing)
        self._reports.prepare([s for s in stored if s.submission_id in missing], frames.violations)
        at = self.session.clock.now()
        for submission in stored:
            if submission.submission_id in missing:
                self._report(submission, frames, at)
            if claim := claim_of(submission):
                release_claim(claim)
            self.reported.append(submission)
            self.session.watch.progress("store and report", len(self.reported), len(self.plan.submissions))
            yield submission.submission_id

    def folder_of(self, submission: Submission) -> Path:
        return self.session.home.outbox_of(submission.district_code) / submission.submission_id

    def _report(self, submission: Submission, frames: ReportFrames, at: datetime) -> None:
        folder = self.folder_of(submission)
        # A district that joined the directory after the home was made has no outbox yet.
        make_folder(folder.parent, 0o750)
        make_folder(folder, 0o750)
        name = submission.submission_id
        # What could not be stored has no answer, whatever the plan says: its IDs were never given.
        submission = answer_response(self.session.con, answer_form(self.session, submission))
        is_refused = submission.status in ("rejected", "quarantined")
        assignments = None if is_refused else frames.assignments.get(name)
        ids = count_outcomes(assignments) if assignments is not None else None
        violations = frames.violations.get(name)
        files: list[str] = []
        book: RuleBook | None = None
        # Certified: somebody certified it between an interrupted run and the run that completes it.
        if submission.layout == LOCATOR_REQUEST:
            files += self._located(folder, submission)
        elif submission.layout in SIGNED_FORMS:
            ids = None
        elif submission.layout == VIOLATION_RESPONSE:
            if submission.status == "answered":
                files += write_responses(self.session.con, folder, submission)
        elif submission.status in ("trial", "superseded", "answered", "certified"):
            files += self._reports.write(folder, submission, violations, ids, at, records=frames.records.get(name))
            book = self.session.rule_book(submission.collection_version or "")
        if assignments is not None and submission.accepted_count is not None:
            files += self._answers(folder, submission, frames, at)
        facts = self._reports.facts(submission, files)
        receipt = build_receipt(
            submission,
            facts,
            violations=violations if violations is not None else self._no_violations(submission),
            ids=ids
            if ids is not None or is_refused or not submission.accepted_count or not self._asks_for_ids(submission)
            else count_outcomes(NO_ASSIGNMENTS),
            finished_at=at,
            dictionary_version=self.session.dictionary.version,
            rule_book_version=book.version if book else None,
        )
        if submission.status == "quarantined":
            self._set_aside(submission, at)
        write_receipt(folder, with_changes(self.session.con, receipt, violations), facts)
        self._count(ids, violations)

    def _asks_for_ids(self, submission: Submission) -> bool:
        """Whether a file is about children, who get state IDs; forms, questions, staff and calendars are not."""
        layout = self.session.dictionary.layouts.get((submission.layout or "", submission.school_year or 0))
        return submission.layout not in NO_IDS_ASKED and (layout is None or layout.is_about_students)

    def _set_aside(self, submission: Submission, at: datetime) -> None:
        """Put a copy of what was read and is none of ours where an operator looks for it."""
        kept = self.session.home.archive / submission.sha256[:2] / submission.sha256
        claim = claim_of(submission)
        if claim is None or not kept.exists():
            return
        refusal = FileRefused(
            "quarantined",
            submission.reason or "",
            submission.message or "",
            submission.next_step or "",
            submission.refused_line,
        )
        quarantine_content(
            kept,
            claim.path.name,
            refusal,
            self.session.home.quarantine,
            at,
            district_code=submission.district_code,
            school_code=submission.school_code,
            sha256=submission.sha256,
        )

    def _located(self, folder: Path, submission: Submission) -> Sequence[str]:
        if submission.status != "answered":
            return ()
        shows_placement = self.session.home.settings.locator_shows_placement
        staged = StagedLookups(StagedFrames(self.plan).folder)
        write_located(folder, staged.csv(submission, shows_placement=shows_placement))
        return (LOCATED,)

    def _answers(self, folder: Path, submission: Submission, frames: ReportFrames, at: datetime) -> Sequence[str]:
        name = submission.submission_id
        if name not in frames.records:
            return ()
        answers = build_answers(
            submission,
            frames.records[name],
            frames.assignments[name],
            frames.candidates.get(name, self.plan.candidates.clear()),
            frames.refused.get(name, NO_REFUSED),
            at=at,
            violations=frames.violations.get(name),
        )
        write_answers(folder, answers)
        return tuple(answers)

    def _no_violations(self, submission: Submission) -> pl.DataFrame | None:
        return NO_VIOLATIONS if submission.accepted_count is not None else None

    def _load(self, con: duckdb.DuckDBPyConnection, names: Collection[str]) -> ReportFrames:
        staged = StagedFrames(self.plan)
        records = {
            name: frame
            for layout in staged.records(names, SHOWN_COLUMNS).values()
            for name, frame in by_submission(layout).items()
        }
        return ReportFrames(
            records=records | by_submission(staged.returned(names)),
            assignments=by_submission(self._assignments(con, names)),
            candidates=by_submission(self.plan.candidates.filter(pl.col("submission_id").is_in(list(names)))),
            refused=by_submission(staged.refused(names)),
            violations=by_submission(read_violations(con, names))
            | by_submission(staged.return_findings(names))
            | findings_of_responses(con, names),
        )

    def _assignments(self, con: duckdb.DuckDBPyConnection, names: Collection[str]) -> pl.DataFrame:
        """What came out, with the IDs that new children were given since the plan."""
        came_out = stored_ids(con, names)
        planned = self.plan.assignments.filter(pl.col("submission_id").is_in(list(names))).drop("state_id")
        return planned.join(came_out, on=["submission_id", "line_number"], how="left", maintain_order="left")

    def _count(self, ids: dict[str, int] | None, violations: pl.DataFrame | None) -> None:
        for name, count in (ids or {}).items():
            self.ids[name] = self.ids.get(name, 0) + count
        if violations is not None:
            for severity, count in violations.group_by("severity").len().iter_rows():
                self.violation_counts[severity] = self.violation_counts.get(severity, 0) + count

    def add_to(self, summary: RunSummary) -> None:
        """Add this plan's counts to the run's summary."""
        for submission in self.reported:
            summary.files[submission.outcome or submission.status] += 1
            # What waits or was there before is read, but not taken; lines of forms and answers are no records.
            if submission.status not in ("waiting", "duplicate") and submission.layout not in NO_RECORDS:
                summary.records["accepted"] += submission.accepted_count or 0
                summary.records["refused"] += submission.refused_count or 0
        summary.ids.update({name: count for name, count in self.ids.items() if count})
        names = {"E": "errors", "W": "warnings"}
        summary.violations.update({names[severity]: count for severity, count in self.violation_counts.items()})


def write_overview(session: Session) -> list[str]:
    """The operator's state page, and the first pages of the outboxes that have changed; after each run and decision."""
    refresh_outboxes(session)
    path = session.home.reports / STATE_PAGE
    settings, now = session.home.settings, session.clock.now()
    ages = question_ages(
        session.con, now, flag_days=settings.review_flag_days, escalate_days=settings.review_escalate_days
    )
    write_state_page(session.con, path, now, dictionary=session.dictionary, directory=session.directory, ages=ages)
    return [str(path)]
