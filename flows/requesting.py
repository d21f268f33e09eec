"""One child's ID for the operator: an ID batch of one record goes through the district's inbox and the whole pipeline.

Nothing about it is special: it is claimed, planned, journaled, stored and answered in the district's outbox like any other
batch. Only the other files that wait are left to the next intake.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from flows.locating import LEVEL, log_at_once
from flows.planning import carry_out, make_plan
from flows.progress import Progress, Stopwatch, silent
from flows.receiving import ReceivingDesk, claimed_entry
from flows.report_queries import stored_ids
from flows.reporting import write_overview
from flows.run import finish_interrupted, new_run_id
from flows.session import Session, open_session
from flows.staging import submission_frame
from flows.summary import RunSummary
from flows.taking import counted, recognised
from matching.plan import Plan
from matching.reasons import reasons
from matching.student_ids import IdSource
from outputs.disclosure_log import Disclosure
from schemas.clock import Clock, missouri_day
from schemas.dictionary import ID_BATCH, Dictionary
from schemas.errors import MosisError, UnknownName, UsageError
from schemas.files import GROUP_FILE, make_folder, write_atomic
from schemas.inbox.claim import Claim
from schemas.inbox.recognise import recognise
from schemas.one_record_batch import one_record_batch
from schemas.paths import StateHome
from schemas.reading import read_extract
from schemas.submission import Submission
from schemas.validation import validate_records

CANDIDATE_FIELDS = (
    "candidate_rank", "candidate_state_id", "candidate_last_name", "candidate_first_name", "candidate_middle_name",
    "candidate_birth_date", "candidate_gender", "explanation",
)  # fmt: skip


@dataclass(frozen=True)
class RequestAnswer:
    """What became of one request; ``folder`` holds the district's receipt and answers."""

    submission_id: str
    outcome: str
    reason: str
    sentence: str
    state_id: str | None
    near_match_id: str | None
    candidates: list[dict[str, Any]]
    folder: Path

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "folder": str(self.folder)}


def request_id(
    home: StateHome,
    child: Mapping[str, str | None],
    *,
    actor: str,
    clock: Clock,
    id_source: IdSource,
    progress: Progress = silent,
) -> RequestAnswer:
    """Ask for the ID of one child in the name of a district.

    Args:
        child: text by standard name of the ID batch; current_district_code is the district that asks.

    Raises:
        UnknownName: no such district. UsageError: a field is missing or wrong; the message names each of them.
        Busy and others of schemas.errors.
    """
    with open_session(home, clock, Stopwatch(progress)) as session:
        summary = RunSummary(new_run_id(home, clock.now()), clock.now())
        content = batch_of(session, child)
        finish_interrupted(session, id_source, summary)
        plan = plan_alone(session, summary, str(child["current_district_code"]), content)
        carry_out(session, plan, id_source, summary)
        write_overview(session)
        session.log(f"run {summary.run_id}: one ID requested by {actor}")
        return answer_of(session, plan, actor)


def batch_of(session: Session, child: Mapping[str, str | None]) -> bytes:
    """The batch, checked as the pipeline will: a slip of the operator must not become a receipt of the district.

    Raises:
        UnknownName, UsageError.
    """
    district = child.get("current_district_code") or ""
    if not session.directory.has_district(district):
        raise UnknownName(f"District {district or '(none)'} is not in the directory; name one with --district.")
    given = {"resident_district_code": district, "school_year": default_school_year(session.dictionary, session.clock)}
    values = {**given, **{name: value for name, value in child.items() if value}}
    content = one_record_batch(values, session.dictionary.layout(ID_BATCH), session.clock.now())
    faults = faults_of(session, content, district)
    if faults:
        raise UsageError("The request was not sent: " + " ".join(faults))
    return content


def faults_of(session: Session, content: bytes, district: str) -> list[str]:
    """What the rules say against the record, one sentence each; warnings are left to the receipt."""
    recognition = recognise(content, session.dictionary)
    extract = read_extract(content, recognition, session.dictionary, session.hasher)
    claimed = Submission("request", district, None, "request", "", len(content), "", session.clock.now(), "")
    submission = counted(recognised(claimed, recognition), extract)
    checked = validate_records(
        extract.records.with_columns(submission_id=pl.lit(submission.submission_id)),
        submission_frame([submission]),
        layout=session.dictionary.layout(ID_BATCH, recognition.school_year),
        rule_book=session.rule_book(ID_BATCH),
        directory=session.directory,
    )
    errors = checked.violations.filter(pl.col("severity") == "E").sort("field", "rule_id")
    return [f"{message}. {fix}" for message, fix in errors.select("message", "fix").iter_rows()]


def default_school_year(dictionary: Dictionary, clock: Clock) -> str:
    """The year that the day falls into (from July on the next one), or the newest that the dictionary knows."""
    day = missouri_day(clock.now())
    usual = day.year + (day.month >= 7)
    return str(usual if usual in dictionary.school_years else dictionary.school_years[-1])


def plan_alone(session: Session, summary: RunSummary, district: str, content: bytes) -> Plan:
    """The plan of a run that takes this batch and nothing else that waits.

    The batch lies in the inbox before it is claimed: killed in between, the next intake takes it.
    """
    folder = session.home.inbox / district
    make_folder(folder, 0o750)
    path = folder / f"request-{summary.run_id}.txt"
    write_atomic(path, content, mode=GROUP_FILE)
    desk = ReceivingDesk(session, summary.run_id)
    desk.claim(claimed_entry(Claim(path, district, None)))
    if not desk.received.files:
        raise MosisError(f"{path} could not be claimed. {' '.join(desk.received.notes)} The next mosis run takes it.")
    return make_plan(session, summary, desk.received)


def answer_of(session: Session, plan: Plan, actor: str) -> RequestAnswer:
    """What came out; whoever is shown as a candidate is logged first."""
    (submission,) = plan.submissions
    folder = session.home.outbox_of(submission.district_code) / submission.submission_id
    if plan.assignments.is_empty():
        raise MosisError(f"The request was answered, but not with an ID: see {folder / 'receipt.txt'}")
    (row,) = plan.assignments.to_dicts()
    ((_, _, state_id),) = stored_ids(session.con, [submission.submission_id]).iter_rows()
    candidates = plan.candidates.sort("candidate_rank").select(*CANDIDATE_FIELDS).to_dicts()
    if candidates:
        seen = [one["candidate_state_id"] for one in candidates]
        log_at_once(session, [Disclosure(actor, LEVEL, "near match of an ID request", "state operator", seen)])
    return RequestAnswer(
        submission.submission_id,
        row["outcome"],
        row["reason"],
        sentence_of(row["reason"], folder),
        state_id,
        row["near_match_id"],
        [{**one, "candidate_birth_date": f"{one['candidate_birth_date']:%m/%d/%Y}"} for one in candidates],
        folder,
    )


def sentence_of(reason: str, folder: Path) -> str:
    """The reason in words; where a rule speaks against the record, the rule's own."""
    known = reasons().get(reason)
    if known is not None:
        return known.sentence
    receipt = json.loads((folder / "receipt.json").read_text("utf-8"))
    return " ".join(
        f"{found['message']}. {found['fix']}" for found in receipt["violations"] if found["rule_id"] == reason
    )
