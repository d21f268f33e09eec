"""A small pipeline for the kill tests: a literal plan, carried out by the real commit code in a process that may be killed.

Run as a script it reads one JSON object a line (see ``_child`` for its names), carries it out in a forked child and answers
with the child's exit code. Forking saves the imports, which cost more than the run.
"""

import contextlib
import json
import os
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

import flows.group_commits as group_commits
import matching.recovery as recovery
from flows.group_commits import CommitUnit, PlanRun
from matching.journal import Journal
from matching.ledger import record_assignments, record_versions
from matching.plan import Plan, find_unfinished, finish, write_plan
from schemas.clock import FixedClock
from schemas.database import open_state
from schemas.files import make_folder, write_atomic
from schemas.lock import hold_lock
from schemas.paths import StateHome
from schemas.submission import Submission

AT = datetime(2025, 10, 6, 14, 0, tzinfo=UTC)
RUN = "20251006T140000Z"
BAD = "D"
GROUPS = (("A", "B"), ("C", "D"), ("E",))
# submission, line, outcome, person number. Persons stand in several files and groups; D cannot be stored.
LINES = (
    ("A", 2, "NEW", 1), ("A", 3, "NEW", 2), ("A", 4, "ERROR", None),
    ("B", 2, "NEW", 2), ("B", 3, "NEW", 3),
    ("C", 2, "NEW", 1), ("C", 3, "NEW", 4), ("C", 4, "NEW", 7),
    ("D", 2, "NEW", 5), ("D", 3, "NEW", 6), ("D", 4, "NEW", 7),
    ("E", 2, "NEW", 5), ("E", 3, "NEW", 8),
)  # fmt: skip


class SeededIdSource:
    """Digits that a test can repeat; the product has no such thing."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def random_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)


def submissions() -> list[Submission]:
    return [
        Submission(
            submission_id=name, district_code=f"00{number}000", school_code=None, file_name=f"{name}.csv", sha256=name.lower() * 64,
            byte_count=1, claim_path=name, received_at=AT, run_id=RUN, record_count=3, outcome="accepted", status="trial",
        )
        for number, name in enumerate("ABCDE", start=1)
    ]  # fmt: skip


def assignments() -> pl.DataFrame:
    lines = pl.DataFrame(
        LINES,
        schema={"submission_id": pl.String, "line_number": pl.UInt32, "outcome": pl.String, "person_number": pl.Int64},
        orient="row",
    )
    return lines.with_columns(
        state_id=pl.lit(None, pl.String), reason=pl.lit(None, pl.String), step=pl.lit("new"),
        match_weight=pl.lit(None, pl.Float64), margin=pl.lit(None, pl.Float64), model_version=pl.lit("1"),
        near_match_id=pl.lit(None, pl.String),
    )  # fmt: skip


def requests() -> pl.DataFrame:
    """One child a person number: the same child in two files has the same data."""
    person = pl.col("person_number").cast(pl.String)
    return assignments().filter(pl.col("person_number").is_not_null()).select(
        "submission_id", "line_number", district_code=pl.lit("001000"), school_code=pl.lit("1050"),
        local_student_id=person, resident_district_code=pl.lit(None, pl.String), last_name=pl.lit("Stone"), first_name=person,
        middle_name=pl.lit(None, pl.String), suffix=pl.lit(None, pl.String), birth_date=pl.date(2012, 1, 1), gender=pl.lit("F"),
        race_ethnicity=pl.lit("5"), grade=pl.lit("07"), guardian_last_name=pl.lit(None, pl.String),
        guardian_first_name=pl.lit(None, pl.String), ssn_hash=pl.lit(None, pl.String), ssn_near=pl.lit(None, pl.List(pl.String)),
        school_year=pl.lit(2026, pl.Int32), layout=pl.lit("student_core"), last_name_key=pl.lit("stone"), first_name_key=person,
        middle_name_key=pl.lit(None, pl.String), suffix_key=pl.lit(None, pl.String), last_name_sound=pl.lit("stan"),
        first_name_sound=person, surname_tokens=pl.lit(["stone"]), guardian_key=pl.lit(None, pl.String),
        standardize_version=pl.lit(1),
    )  # fmt: skip


class Steps:
    """Stores into the real tables; a receipt lists the IDs of its submission."""

    def __init__(self, home: StateHome) -> None:
        self.home = home

    def store(self, con: duckdb.DuckDBPyConnection, unit: CommitUnit) -> None:
        for submission in unit.submissions:
            self._insert(con, submission, "accepted", "trial")
        record_assignments(con, unit.assignments)
        record_versions(con, requests(), unit.assignments, AT)
        if any(submission.submission_id == BAD for submission in unit.submissions):
            raise ValueError("a value that no table takes")

    def reject(self, con: duckdb.DuckDBPyConnection, submission: Submission, error_name: str) -> None:
        self._insert(con, submission, "rejected", "rejected")

    def write_receipts(self, con: duckdb.DuckDBPyConnection, submissions: Sequence[Submission]) -> Iterator[str]:
        for submission in submissions:
            rows = con.execute(
                "SELECT line_number, state_id FROM identity.assignment WHERE submission_id = ? ORDER BY line_number",
                [submission.submission_id],
            ).fetchall()
            path = self.home.root / "outbox" / f"{submission.submission_id}.json"
            if not path.exists():
                write_atomic(path, json.dumps({"submission_id": submission.submission_id, "ids": rows}))
                yield submission.submission_id

    @staticmethod
    def _insert(con: duckdb.DuckDBPyConnection, submission: Submission, outcome: str, status: str) -> None:
        con.execute(
            "INSERT INTO intake.submission (submission_id, district_code, file_name, sha256, claim_path, outcome, status, "
            "received_at, run_id, dictionary_version, rule_book_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '1', '1')",
            [submission.submission_id, submission.district_code, submission.file_name, submission.sha256, submission.claim_path,
             outcome, status, AT, RUN],
        ).fetchall()  # fmt: skip


def make_plan(home: StateHome) -> Plan:
    folder = home.work_of(RUN)
    make_folder(folder, 0o700)
    return write_plan(
        folder, run_id=RUN, started_at=AT, submissions=submissions(), groups=GROUPS, assignments=assignments(),
        candidates=pl.DataFrame({"submission_id": []}, schema={"submission_id": pl.String}),
    )  # fmt: skip


def run(root: Path, seed: int) -> None:
    """What a run does: finish the plan it finds, else make one if the files were not stored yet."""
    home = StateHome.open(root)
    with hold_lock(home):
        con = open_state(home)
        try:
            journal = Journal(home.journal)
            reservations = recovery.reconcile(journal, con)
            plan = find_unfinished(home.work) or (None if _is_stored(con) else make_plan(home))
            if plan is not None:
                PlanRun(plan, con, journal, reservations, SeededIdSource(seed), Steps(home), FixedClock(AT)).carry_out()
                finish(plan)
        finally:
            con.close()


def _is_stored(con: duckdb.DuckDBPyConnection) -> bool:
    return bool(con.execute("SELECT count(*) FROM intake.submission WHERE run_id = ?", [RUN]).fetchall()[0][0])


@contextlib.contextmanager
def _autocommit(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    yield


def spoil(mutant: str) -> None:
    """Break the commit code in one way that the kill tests must notice."""
    if mutant == "no_transaction":
        group_commits.transaction = _autocommit
    elif mutant == "no_journal":
        real_append = Journal.append

        def forget(self: Journal, *args: Any, **values: Any) -> Any:
            block = real_append(self, *args, **values)
            (self.folder / f"{block.number:06d}.jsonl").unlink()
            return block

        Journal.append = forget  # type: ignore[method-assign]
    elif mutant == "head_forgotten":
        group_commits.advance_head = lambda *args: None
    elif mutant == "reservations_forgotten":
        recovery.Reservations.without = lambda self, *args: self.frame.clear()  # type: ignore[method-assign]
    elif mutant == "tail_ignored":
        real_reconcile = recovery.reconcile

        def ignore(journal: Journal, con: duckdb.DuckDBPyConnection) -> recovery.Reservations:
            real_reconcile(journal, con)
            return recovery.Reservations()

        recovery.reconcile = ignore
    elif mutant == "receipts_first":
        real_commit = PlanRun._commit_unit

        def answer_first(self: PlanRun, number: int, submissions: tuple[Submission, ...]) -> None:
            list(self.steps.write_receipts(self.con, submissions))
            real_commit(self, number, submissions)

        PlanRun._commit_unit = answer_first  # type: ignore[method-assign]
    elif mutant == "drawn_per_unit":
        group_commits.issued_persons = lambda con, assignments, unit, committed: real_issued(con, assignments, unit, [])
    else:
        raise ValueError(mutant)


real_issued = group_commits.issued_persons


def _child(order: dict[str, Any]) -> int:
    """One run; ``file_bytes`` is a disk that is full: no file may grow beyond it."""
    if order["file_bytes"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_bytes"], order["file_bytes"]))
    if order["fault"]:
        os.environ["MOSIS_FAULT"] = order["fault"]
    if order["mutant"]:
        spoil(order["mutant"])
    try:
        run(Path(order["home"]), order["seed"])
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def serve() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            status = _child(order)
            sys.stderr.flush()
            os._exit(status)
        if order["kill_after"]:
            time.sleep(order["kill_after"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
