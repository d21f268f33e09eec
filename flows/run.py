"""A run, in the order of the design: receive, read, validate, identify, plan; then journal, store, report group by group."""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from flows.deciding import decide_identities
from flows.group_commits import PlanRun
from flows.preview import preview_files
from flows.progress import Progress, Stopwatch, silent
from flows.receiving import Received, receive_files
from flows.reporting import ReportDesk, write_overview
from flows.session import Session, open_session
from flows.staging import StagingArea
from flows.storing import StateSteps
from flows.summary import RunSummary
from flows.taking import Taking, load_known_files, read_ahead
from matching.plan import Plan, find_unfinished, finish, group_submissions, remove_finished, write_plan
from matching.student_ids import IdSource
from schemas.clock import Clock
from schemas.files import PRIVATE_FOLDER, make_folder
from schemas.paths import StateHome

Sleep = Callable[[float], None]


def run_inbox(
    home: StateHome,
    *,
    clock: Clock,
    id_source: IdSource,
    settle: float | None = None,
    collection: str | None = None,
    districts: Sequence[str] = (),
    progress: Progress = silent,
    sleep: Sleep = time.sleep,
) -> RunSummary:
    """Take what waits in the inbox and answer it; an interrupted run is completed first.

    Args:
        settle: quiet seconds before a file counts as uploaded; the home's setting where none is given.
        collection: only files of this collection, with ID batches and returns, which its records may need.
        districts: only these; all where none is named.

    Raises:
        Busy, NoSpace, JournalMismatch, UnknownName and others of schemas.errors; never for what a district sent.
    """
    watch = Stopwatch(progress)
    with open_session(home, clock, watch) as session:
        summary = RunSummary(new_run_id(home, clock.now()), clock.now())
        finish_interrupted(session, id_source, summary)
        received = receive_files(
            session,
            summary.run_id,
            settle=home.settings.settle_seconds if settle is None else settle,
            collection=collection,
            districts=districts,
            sleep=sleep,
        )
        summary.notes += received.notes
        summary.files.update(received.set_aside)
        if received.files:
            carry_out(session, make_plan(session, summary, received), id_source, summary)
        elif home.work_of(summary.run_id).exists():
            shutil.rmtree(home.work_of(summary.run_id))
        if received.files or summary.resumed:
            with watch.stage("overview"):
                summary.reports += write_overview(session)
        summary.finished_at = clock.now()
        summary.stage_seconds = dict(watch.seconds)
        if summary.file_count:
            session.log(f"run {summary.run_id}: {summary.headline()}")
        return summary


def preview_run(
    home: StateHome,
    *,
    clock: Clock,
    settle: float | None = None,
    collection: str | None = None,
    districts: Sequence[str] = (),
    progress: Progress = silent,
) -> RunSummary:
    """A dry run: read and check what waits; claim, store and answer nothing."""
    summary = RunSummary("dry-run", clock.now(), is_dry_run=True)
    watch = Stopwatch(progress)
    preview_files(home, summary, watch, collection=collection, districts=districts)
    summary.finished_at = clock.now()
    summary.stage_seconds = dict(watch.seconds)
    return summary


def new_run_id(home: StateHome, at: datetime) -> str:
    """``YYYYMMDDTHHMMSSZ``, with ``-2``, ``-3`` when a run of that second left a folder."""
    base = f"{at:%Y%m%dT%H%M%SZ}"
    name, number = base, 1
    while os.path.lexists(home.work_of(name)):
        number += 1
        name = f"{base}-{number}"
    return name


def finish_interrupted(session: Session, id_source: IdSource, summary: RunSummary) -> None:
    """Complete the plans that killed runs left, oldest first; then clear what they had not planned yet.

    Claims of a run without a plan stay in the inbox's claim folder and are received again.
    """
    while plan := find_unfinished(session.home.work):
        summary.resumed.append(plan.run_id)
        carry_out(session, plan, id_source, summary)
    remove_finished(session.home.work)
    for folder in session.home.work.iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            shutil.rmtree(folder)


def make_plan(session: Session, summary: RunSummary, received: Received) -> Plan:
    """Everything up to and including the plan: read, validate, identify; nothing is promised before it is on disk."""
    folder = session.home.work_of(summary.run_id)
    settings = session.home.settings
    area = StagingArea(folder / "stage", session.dictionary, session.directory, settings.records_per_batch)
    make_folder(folder, PRIVATE_FOLDER)
    make_folder(area.folder, PRIVATE_FOLDER)
    known = load_known_files(session.con, session.dictionary.version)
    taking = Taking(area, known, settings.confirm_drop_share)
    files = [(file.submission, file.path) for file in received.files]
    with session.watch.stage("read and validate", len(files)):
        for number, read in enumerate(read_ahead(files, session.dictionary, session.hasher), start=1):
            taking.take(read)
            session.watch.progress("read and validate", number, len(files))
        area.finish()
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
            versions=area.versions(),
        )


def carry_out(session: Session, plan: Plan, id_source: IdSource, summary: RunSummary) -> None:
    """Journal, store and answer a plan; then its folder goes."""
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
