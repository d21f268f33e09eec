"""What a run does with the files it received: read, validate, identify, plan; then journal, store, report.

Apart from ``flows.run``, which is asked every few minutes and mostly finds nothing: what validates and compares records
takes longer to load than to look into an empty inbox.
"""

import shutil
from dataclasses import replace

from flows.deciding import decide_identities
from flows.group_commits import PlanRun
from flows.receiving import Received
from flows.reporting import ReportDesk
from flows.responses import stage_responses
from flows.school_counts import stage_school_counts
from flows.session import Session
from flows.signed_forms import carry_out_forms, judge_forms
from flows.staging import StagingArea
from flows.storing import StateSteps
from flows.summary import RunSummary
from flows.taking import Taking, load_known_files, read_ahead
from matching.plan import Plan, finish, group_submissions, write_plan
from matching.student_ids import IdSource
from outputs.certification.kept_rules import keep_rules
from outputs.cycles import load_cycles
from outputs.next_steps import counted
from schemas.files import PRIVATE_FOLDER, make_folder
from schemas.validation import ValidationDefect


def plan_what_can_be_judged(session: Session, summary: RunSummary, received: Received) -> Plan | None:
    """The plan of all files but those that a rule of ours broke down on; these stay claimed and are received again.

    A rule that cannot be run is no finding about a file, and no reason to keep the other collections waiting.
    """
    files = received.files
    while files:
        try:
            return make_plan(session, summary, replace(received, files=files))
        except ValidationDefect as defect:
            held = set(defect.submission_ids)
            left = [file for file in files if file.submission.submission_id not in held]
            if len(left) == len(files):
                raise
            waiting = counted(len(files) - len(left), "file waits", "files wait")
            said = f"A defect of the rule book, not of any file: {defect} {waiting} for its correction."
            session.log(f"run {summary.run_id}: {said}")
            summary.defects.append(said)
            shutil.rmtree(session.home.work_of(summary.run_id))
            files = left
    return None


def make_plan(session: Session, summary: RunSummary, received: Received) -> Plan:
    """Everything up to and including the plan: read, validate, identify; nothing is promised before it is on disk."""
    folder = session.home.work_of(summary.run_id)
    settings = session.home.settings
    area = StagingArea(
        folder / "stage", session.dictionary, session.directory, settings.records_per_batch, books=session.books
    )
    make_folder(folder, PRIVATE_FOLDER)
    make_folder(area.folder, PRIVATE_FOLDER)
    known = load_known_files(session.con, session.dictionary.version)
    taking = Taking(area, known, settings.confirm_drop_share, load_cycles(session.con))
    files = [(file.submission, file.path) for file in received.files]
    with session.watch.stage("read and validate", len(files)):
        for number, read in enumerate(read_ahead(files, session.dictionary, session.hasher), start=1):
            taking.take(read)
            session.watch.progress("read and validate", number, len(files))
        area.finish()
    for book in area.books.values():
        keep_rules(session.home.archive, session.dictionary, book)
    stage_school_counts(session, area, taking.submissions)
    forms = judge_forms(session, taking)
    stage_responses(taking.responses, area.folder)
    with session.watch.stage("identify"):
        decided = decide_identities(session, area, taking)
    with session.watch.stage("plan"):
        return write_plan(
            folder,
            run_id=summary.run_id,
            started_at=summary.started_at,
            submissions=decided.submissions,
            groups=group_submissions(decided.submissions, settings.records_per_group),
            assignments=decided.assignments,
            candidates=decided.candidates,
            stage_frames={path.name: path for path in sorted(area.folder.iterdir())},
            versions=area.versions() | forms,
        )


def carry_out(session: Session, plan: Plan, id_source: IdSource, summary: RunSummary) -> None:
    """Journal, store and answer a plan; then its folder goes."""
    carry_out_forms(session, plan)
    desk = ReportDesk(session, plan)
    run = PlanRun(
        plan,
        session.con,
        session.journal,
        session.reservations,
        id_source,
        StateSteps(session, plan, desk),
        session.clock,
    )
    with session.watch.stage("store and report", len(plan.submissions)):
        run.carry_out()
    desk.add_to(summary)
    finish(plan)
