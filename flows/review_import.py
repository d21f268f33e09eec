"""``mosis review import``: an operator's decisions take the way of a district's return (docs/adr/0013-operators-decide-as-districts-do.md).

For each district one returned worklist is made of the decisions and planned, journaled, committed and answered as if the
district had dropped it: the same checks, the same facts, the same recovery after a kill.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from flows.corrections import order_correction
from flows.planning import carry_out, make_plan
from flows.progress import Progress, Stopwatch, silent
from flows.receiving import Received, ReceivingDesk
from flows.reporting import write_overview
from flows.review_file import CANCEL, DIFFERENT, SAME, DecisionLine, Refusal, read_decisions
from flows.run import finish_interrupted, new_run_id
from flows.session import Session, open_session
from flows.summary import RunSummary
from flows.unit_frames import StagedFrames
from matching.corrections.change import Order
from matching.plan import Plan
from matching.proposals import keep_apart, open_proposals
from matching.questions import CLOSED
from matching.reasons import NEAR_MATCH, reasons
from matching.review import open_questions
from matching.student_ids import IdSource
from schemas.clock import MISSOURI, Clock
from schemas.errors import MosisError, UsageError
from schemas.paths import StateHome

FILE_NAME = "decided_by_the_state.txt"
_FIELD_COUNT, _OUTCOME = 33, 18
_QUESTION, _RANK, _CANDIDATE, _DECISION = 21, 22, 23, 32


@dataclass(frozen=True)
class Answered:
    """A question or proposal that was carried out.

    ``outcome`` of a question: REUSED, CONFIRMED, NEW, CANCELED, NEAR_MATCH (asked again). Of a proposal: APART, MERGED,
    MERGE_WAITS (for the end of a testing window), MERGE_PROPOSED (to a second person).
    """

    line: int
    item: str
    decision: str
    outcome: str
    state_id: str | None = None


@dataclass
class ImportResult:
    """What became of each line, and the submissions that hold the answers."""

    answered: list[Answered] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    submissions: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "format_version": 1,
            "answered": [vars(each) for each in self.answered],
            "refused": [vars(each) for each in self.refused],
            "submissions": self.submissions,
        }


@dataclass(frozen=True, slots=True)
class Decided:
    """One open question with what was decided about it, and the line that says so."""

    line: DecisionLine
    district_code: str
    candidates: tuple[str, ...]
    item: str
    same_as: str | None


def import_decisions(
    home: StateHome,
    file: Path,
    *,
    actor: str,
    reason: str,
    clock: Clock,
    id_source: IdSource,
    progress: Progress = silent,
) -> ImportResult:
    """Carry out the decisions of a file; what cannot stand is refused line by line and changes nothing.

    Raises:
        UsageError: the file is none of ours, or actor or reason is empty.
    """
    if not actor.strip() or not reason.strip():
        raise UsageError("Say who decides (--actor) and why (--reason); both stand in the journal.")
    lines, refused = read_decisions(file)
    result = ImportResult(refused=refused)
    watch = Stopwatch(progress)
    with open_session(home, clock, watch) as session:
        summary = RunSummary(new_run_id(home, clock.now()), clock.now())
        finish_interrupted(session, id_source, summary)
        _decide_proposals(session, lines, result, actor, reason, summary, id_source)
        decided = match_questions(open_questions(session.con), _closed(session), lines, result)
        if decided:
            _carry_out(session, decided, result, actor, reason, summary, id_source)
        write_overview(session)
    result.refused.sort(key=lambda refusal: refusal.line)
    return result


def _closed(session: Session) -> set[str]:
    rows = session.con.execute(
        "SELECT DISTINCT near_match_id FROM identity.near_match WHERE status = ?", [CLOSED]
    ).fetchall()
    return {name for (name,) in rows}


def match_questions(
    questions: pl.DataFrame, closed: set[str], lines: Iterable[DecisionLine], result: ImportResult
) -> list[Decided]:
    """The open questions that the lines decide; groups are taken apart into those that were in them when they were written.

    A question's own line stands over its group's, also where it cannot be used. What cannot be matched is added to ``result.refused``.
    """
    by_name = {row["near_match_id"]: row for row in questions.iter_rows(named=True)}
    own = {line.item: line for line in lines if line.kind == "question"}
    spoken_for = {*own, *(refusal.item for refusal in result.refused)}
    wanted: list[tuple[DecisionLine, str]] = [(line, line.item) for line in own.values()]
    for line in lines:
        if line.kind == "group":
            wanted += [(line, member) for member in line.members if member not in spoken_for]
    decided, seen = [], set[str]()
    for line, name in wanted:
        row = by_name.get(name)
        if refusal := _refusal(line, name, row, name in closed, name in seen):
            result.refused.append(refusal)
            continue
        assert row is not None
        seen.add(name)
        same_as = (line.same_as or row["candidates"][0]) if line.decision == SAME else None
        decided.append(Decided(line, row["district_code"], tuple(row["candidates"]), name, same_as))
    return decided


def _refusal(
    line: DecisionLine, name: str, row: dict[str, Any] | None, is_closed: bool, is_doubled: bool
) -> Refusal | None:
    """Why a line cannot be carried out for a question; null where it can."""
    if row is None:
        return line.refuse("RETURN_CLOSED" if is_closed else "RETURN_UNKNOWN", name)
    if is_doubled:
        return line.refuse("RETURN_TWO_SAME", name, "Two groups of the file decide it.")
    candidates = row["candidates"]
    if line.kind == "group":
        if row["group_id"] != line.item:
            return line.refuse("RETURN_ALTERED", name, "It does not belong to this group.")
        if line.decision == SAME and len(candidates) > 1:
            return line.refuse("RETURN_INCOMPLETE", name, "It has several candidates: say which, on a line of its own.")
        return None
    if list(line.candidates) != candidates:
        return line.refuse("RETURN_ALTERED", name)
    if line.decision == SAME and line.same_as is None and len(candidates) > 1:
        return line.refuse("RETURN_INCOMPLETE", name, "It has several candidates: say which in SameAs.")
    if line.same_as is not None and line.same_as not in candidates:
        return line.refuse("RETURN_ALTERED", name, "SameAs is none of its candidates.")
    return None


def _carry_out(
    session: Session,
    decided: list[Decided],
    result: ImportResult,
    actor: str,
    reason: str,
    summary: RunSummary,
    id_source: IdSource,
) -> None:
    desk = ReceivingDesk(session, summary.run_id)
    at = session.clock.now()
    for district in sorted({each.district_code for each in decided}):
        own = [each for each in decided if each.district_code == district]
        message = f"The state's MOSIS desk decided {len(own):,} of your open question{'' if len(own) == 1 else 's'}."
        content = worklist_of(own, summary.run_id, at)
        desk.keep(district, FILE_NAME, content, decided_by=actor, decided_why=reason, message=message)
    plan = make_plan(session, summary, Received(desk.received.files))
    result.submissions += [submission.submission_id for submission in plan.submissions]
    planned, findings = plan.assignments, StagedFrames(plan).return_findings(result.submissions)
    carry_out(session, plan, id_source, summary)
    _tell(session, decided, planned, findings, plan, result)


def worklist_of(decided: Iterable[Decided], run_id: str, at: datetime) -> bytes:
    """A returned worklist as a district would write it: a row a candidate, with the decision; other columns blank."""
    local = at.astimezone(MISSOURI)
    rows = [f"TH\t{local:%m/%d/%Y}\t{local:%H:%M:%S}\t{run_id}\t1.0\tdelimiter=0x09"]
    for each in sorted(decided, key=lambda one: one.item):
        for rank, candidate in enumerate(each.candidates, start=1):
            row = [""] * _FIELD_COUNT
            row[0], row[_OUTCOME] = "ID", NEAR_MATCH
            row[_QUESTION], row[_RANK], row[_CANDIDATE] = each.item, str(rank), candidate
            row[_DECISION] = _decision_about(each, candidate)
            rows.append("\t".join(row))
    rows.append(f"TT\t{len(rows) - 1}\t{run_id}")
    return "".join(f"{row}\r\n" for row in rows).encode()


def _decision_about(each: Decided, candidate: str) -> str:
    if each.line.decision == CANCEL:
        return CANCEL
    return SAME if candidate == each.same_as else DIFFERENT


def _tell(
    session: Session,
    decided: list[Decided],
    planned: pl.DataFrame,
    findings: pl.DataFrame,
    plan: Plan,
    result: ImportResult,
) -> None:
    """What became of each question, from the plan and from what was stored."""
    names = [submission.submission_id for submission in plan.submissions]
    stored = session.con.execute(
        "SELECT submission_id, line_number, state_id FROM identity.assignment WHERE list_contains(?, submission_id)",
        [names],
    ).fetchall()
    ids = {(submission, line): state_id for submission, line, state_id in stored}
    messages = {(row["submission_id"], row["line_number"]): row["message"] for row in findings.iter_rows(named=True)}
    known = reasons()
    outcomes = {row["near_match_id"]: row for row in planned.iter_rows(named=True)}
    for each in decided:
        row = outcomes.get(each.item)
        if row is None:
            result.refused.append(each.line.refuse("RETURN_CLOSED", each.item))
            continue
        place = (row["submission_id"], row["line_number"])
        if place in messages:
            result.refused.append(Refusal(each.line.line, each.item, row["reason"], messages[place]))
        elif known[row["reason"]].code == "STILL_OPEN":
            result.refused.append(each.line.refuse("STILL_OPEN", each.item))
        else:
            result.answered.append(
                Answered(each.line.line, each.item, each.line.decision, row["outcome"], ids.get(place))
            )


def _decide_proposals(
    session: Session,
    lines: Iterable[DecisionLine],
    result: ImportResult,
    actor: str,
    reason: str,
    summary: RunSummary,
    id_source: IdSource,
) -> None:
    """DIFFERENT keeps two numbers apart for good; SAME orders their merge, which may wait for a window or a second person."""
    waiting = {row["proposal_id"]: row for row in open_proposals(session.con).iter_rows(named=True)}
    apart: list[tuple[str, str, str]] = []
    for line in lines:
        if line.kind != "proposal":
            continue
        row = waiting.get(line.item)
        if row is None:
            result.refused.append(line.refuse("RETURN_UNKNOWN", also="No such proposal is open."))
        elif set(line.candidates) != {row["state_id"], row["other_state_id"]}:
            result.refused.append(line.refuse("RETURN_ALTERED"))
        elif line.decision == SAME:
            _merge(session, line, row, result, actor, reason, id_source)
        elif line.decision == DIFFERENT:
            apart.append((line.item, row["state_id"], row["other_state_id"]))
            result.answered.append(Answered(line.line, line.item, DIFFERENT, "APART"))
        else:
            result.refused.append(line.refuse("RETURN_UNKNOWN_DECISION", also="Two numbers are SAME or DIFFERENT."))
    if apart:
        act = keep_apart(apart, actor=actor, reason=reason, run_id=summary.run_id, at=session.clock.now())
        session.acts.carry_out(act)


def _merge(
    session: Session,
    line: DecisionLine,
    row: dict[str, Any],
    result: ImportResult,
    actor: str,
    reason: str,
    id_source: IdSource,
) -> None:
    order = Order("merge", state_id=row["state_id"], other_id=row["other_state_id"])
    try:
        ordered = order_correction(session, order, actor=actor, reason=reason, id_source=id_source)
    except MosisError as error:
        result.refused.append(Refusal(line.line, line.item, "MERGE_REFUSED", str(error)))
        return
    outcome = {"applied": "MERGED", "waiting": "MERGE_WAITS", "proposed": "MERGE_PROPOSED"}[ordered.status]
    result.answered.append(Answered(line.line, line.item, SAME, outcome))
