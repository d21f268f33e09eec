"""Carrying out a plan: journal, commit, checkpoint, receipts, one group of whole submissions at a time (design 8).

The order is the promise. The journal block is on disk before the transaction begins; the transaction takes in the block's
number with the data; receipts go out only when a checkpoint has put everything into the database file. So a process that
dies anywhere can be started again: it finds the plan, sees from the database which submissions are stored, and finds in the
journal the IDs that were promised but not stored.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import duckdb
import polars as pl

from matching.answers import decisions_of, journaled, returned_answers
from matching.issuing import UnitIds, assign_ids, issued_persons
from matching.journal import NO_ENTRIES, Block, BlockFile, BlockKind, Journal
from matching.ledger import advance_head, issue_ids, retire_ids
from matching.plan import Plan, committed_submissions
from matching.recovery import Reservations
from matching.student_ids import IdSource
from schemas.clock import Clock
from schemas.database import checkpoint, compact, transaction
from schemas.errors import MosisError
from schemas.faults import reach
from schemas.submission import Submission

# Nothing a district sent can be the reason for these: the run ends, nobody's file is rejected, the next run goes on.
NOT_THE_FILE = (
    MosisError, OSError, MemoryError,
    duckdb.OperationalError, duckdb.InternalError, duckdb.FatalException, duckdb.InterruptException,
    duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException,
)  # fmt: skip
# Each commit leaves one part-filled row group a table; this many are still read without delay.
COMPACT_EVERY = 64
REJECTED_REASON = "STORE_FAILED"
UNUSED_REASON = "RESERVATION_UNUSED"


@dataclass(frozen=True)
class CommitUnit:
    """Submissions that are stored together, with the IDs that came out.

    Args:
        assignments: of these submissions, every state_id filled in.
        block: the journal block that announced the unit.
    """

    submissions: tuple[Submission, ...]
    assignments: pl.DataFrame
    block: Block


class GroupSteps(Protocol):
    """What a flow does at each step; all but ``write_receipts`` run inside the transaction and never commit."""

    def store(self, con: duckdb.DuckDBPyConnection, unit: CommitUnit) -> None:
        """Write submissions, records, violations, assignments and versions; ``intake.submission`` carries the plan's run_id."""

    def reject(self, con: duckdb.DuckDBPyConnection, submission: Submission, error_name: str) -> None:
        """Write a submission that cannot be stored as rejected, under the plan's run_id."""

    def write_receipts(self, con: duckdb.DuckDBPyConnection, submissions: Sequence[Submission]) -> Iterator[str]:
        """Write what is still missing in the outboxes; yields each submission_id when its receipt is in place."""


@dataclass
class Tally:
    """What became of a plan's submissions in this run."""

    stored: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)


class UnitFailed(Exception):
    """A unit could not be stored and was rolled back; carries the name of the error, never its text."""

    def __init__(self, block: Block, error_name: str) -> None:
        super().__init__(error_name)
        self.block = block
        self.error_name = error_name


@dataclass
class PlanRun:
    """One attempt to carry out a plan to its end."""

    plan: Plan
    con: duckdb.DuckDBPyConnection
    journal: Journal
    reservations: Reservations
    source: IdSource
    steps: GroupSteps
    clock: Clock
    tally: Tally = field(default_factory=Tally)

    def carry_out(self) -> Tally:
        """Store and answer every submission of the plan that is not stored or answered yet.

        Raises:
            CommitUnknown, or another of NOT_THE_FILE: the run cannot go on; the next one finishes the plan.
        """
        # What an interrupted run committed may stand in the log alone; receipts need it in the file.
        checkpoint(self.con)
        first_block = self.journal.head().number
        for number, group in enumerate(self.plan.groups, start=1):
            submissions = self.plan.submissions_of(group)
            committed = committed_submissions(self.con, self.plan)
            waiting = tuple(s for s in submissions if s.submission_id not in committed)
            self.tally.resumed += [name for name in group if name in committed]
            self._commit_group(number, waiting, is_partly_stored=len(waiting) < len(submissions))
            for _ in self.steps.write_receipts(self.con, submissions):
                reach("after_receipt")
        self._compact_now_and_then(first_block)
        return self.tally

    def _compact_now_and_then(self, first_block: int) -> None:
        """After the last receipt, when the run's blocks pass a multiple of COMPACT_EVERY: every block is a commit."""
        if self.journal.head().number // COMPACT_EVERY > first_block // COMPACT_EVERY:
            compact(self.con)

    def _commit_group(self, number: int, waiting: tuple[Submission, ...], is_partly_stored: bool) -> None:
        """Store a group whole; if that fails, or failed before, one submission at a time."""
        was_voided = (self.plan.run_id, number) in self.reservations.voided
        if len(waiting) > 1 and not is_partly_stored and not was_voided:
            try:
                self._commit_unit(number, waiting)
                return
            except UnitFailed as failure:
                self._void(number, failure.block)
        for submission in waiting:
            self._commit_alone(number, submission)

    def _commit_alone(self, number: int, submission: Submission) -> None:
        try:
            self._commit_unit(number, (submission,))
        except UnitFailed as failure:
            self._void(number, failure.block)
            self._reject(number, submission, failure.error_name)

    def _commit_unit(self, number: int, submissions: tuple[Submission, ...]) -> None:
        ids = self._assign_ids(submissions)
        files = tuple(map(BlockFile.of, submissions))
        facts: dict[str, Any] = {"retired": ids.unused.to_list()}
        decisions = decisions_of(self.con, returned_answers(ids.assignments, submissions))
        if decisions.height:
            facts["decisions"] = journaled(decisions)
        block = self._append("group", number, files, entries=ids.entries, facts=facts)
        at = self.clock.now()
        try:
            with transaction(self.con):
                issue_ids(self.con, block, at)
                retire_ids(self.con, block, ids.unused, reason=UNUSED_REASON, at=at)
                self.steps.store(self.con, CommitUnit(submissions, ids.assignments, block))
                entered = pl.concat([block.entries["state_id"], ids.unused.cast(pl.String)])
                advance_head(self.con, block, self.reservations, files, entered, at)
        except NOT_THE_FILE:
            raise
        except Exception as error:
            raise UnitFailed(block, type(error).__name__) from None
        self._make_durable(files, entered)
        self.tally.stored += [submission.submission_id for submission in submissions]

    def _assign_ids(self, submissions: tuple[Submission, ...]) -> UnitIds:
        names = [submission.submission_id for submission in submissions]
        return assign_ids(
            self.plan.assignments.filter(pl.col("submission_id").is_in(names)),
            tuple(map(BlockFile.of, submissions)),
            earlier=issued_persons(self.con, self.plan.assignments, names, committed_submissions(self.con, self.plan)),
            reservations=self.reservations,
            source=self.source,
            con=self.con,
        )

    def _void(self, number: int, block: Block) -> None:
        self._append("void", number, (), facts={"block": block.number})

    def _reject(self, number: int, submission: Submission, error_name: str) -> None:
        """Record that a submission cannot be stored; IDs promised to it alone are retired, for they can never be drawn again."""
        files = (BlockFile.of(submission),)
        retired = self.reservations.only_for(files)
        block = self._append("retire", number, files, facts={"retired": retired.to_list(), "error": error_name})
        at = self.clock.now()
        with transaction(self.con):
            retire_ids(self.con, block, retired, reason=REJECTED_REASON, at=at)
            self.steps.reject(self.con, submission, error_name)
            advance_head(self.con, block, self.reservations, files, retired, at)
        self._make_durable(files, retired)
        self.tally.rejected.append(submission.submission_id)

    def _append(
        self,
        kind: BlockKind,
        number: int,
        files: tuple[BlockFile, ...],
        facts: dict[str, Any],
        entries: pl.DataFrame = NO_ENTRIES,
    ) -> Block:
        block = self.journal.append(
            kind, run_id=self.plan.run_id, at=self.clock.now(), group=number, files=files, entries=entries, facts=facts
        )
        self.reservations.add(block)
        reach("after_journal")
        return block

    def _make_durable(self, files: tuple[BlockFile, ...], entered: pl.Series) -> None:
        reach("after_commit")
        self.reservations.frame = self.reservations.without(files, entered)
        checkpoint(self.con)
        reach("after_checkpoint")
