"""A run, in the order of the design: receive, read, validate, identify, plan; then journal, store, report group by group.

What works on records is imported where there are some: a run that finds nothing must be over in a second.
"""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from flows.outboxes import refresh_outboxes
from flows.progress import Progress, Stopwatch, silent
from flows.receiving import receive_files
from flows.session import Session, open_session
from flows.state_level import compare_districts
from flows.summary import RunSummary
from matching.plan import find_unfinished, remove_finished
from matching.student_ids import IdSource
from outputs.forms.refresh import refresh_forms
from schemas.clock import Clock, missouri_day
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
        summary.notes += finish_corrections(session, id_source)
        summary.notes += tell_of_certificates(session)
        summary.notes += finish_desk(session)
        refresh_forms(home, session.dictionary, session.directory)
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
            from flows.planning import carry_out, plan_what_can_be_judged

            plan = plan_what_can_be_judged(session, summary, received)
            if plan is not None:
                carry_out(session, plan, id_source, summary)
            summary.notes += tell_of_certificates(session)
            # A file stored before can have changed by what was stored now.
            summary.notes += finish_desk(session)
        elif home.work_of(summary.run_id).exists():
            shutil.rmtree(home.work_of(summary.run_id))
        summary.notes += compare_districts(session)
        summary.notes += remind(session)
        if received.files or summary.resumed:
            from flows.reporting import write_overview

            with watch.stage("overview"):
                summary.reports += write_overview(session)
        else:
            refresh_outboxes(session)
        summary.finished_at = clock.now()
        summary.stage_seconds = dict(watch.seconds)
        if summary.file_count:
            session.log(f"run {summary.run_id}: {summary.headline()}")
        return summary


def tell_of_certificates(session: Session) -> Sequence[str]:
    """Tell districts of certificates that were given or taken back, where a crash prevented it; a sentence for each."""
    if not session.con.execute("SELECT 1 FROM intake.certificate_due LIMIT 1").fetchall():
        return ()
    from flows.certification import tell_districts

    return tell_districts(session)


def remind(session: Session) -> Sequence[str]:
    """Put the reminders of the day into outboxes, once a day; a sentence where there were some."""
    today = missouri_day(session.clock.now())
    if session.con.execute("SELECT 1 FROM intake.reminder_round WHERE day = ? LIMIT 1", [today]).fetchall():
        return ()
    from flows.reminding import remind_once_a_day

    return remind_once_a_day(session)


def finish_corrections(session: Session, id_source: IdSource) -> Sequence[str]:
    """Write notices that a crash prevented and carry out what waited for a testing window; a sentence for each act."""
    is_asked_for = session.con.execute(
        "SELECT 1 FROM identity.correction WHERE status = 'waiting' OR (applied_at IS NOT NULL AND notices_at IS NULL) LIMIT 1"
    ).fetchall()
    if not is_asked_for:
        return ()
    from flows.corrections import apply_waiting, write_missing_notices

    write_missing_notices(session)
    return apply_waiting(session, id_source)


def finish_desk(session: Session) -> Sequence[str]:
    """Reopen what a waiver no longer covers and write pages anew that a crash left stale; a sentence for each."""
    at = session.clock.now()
    is_asked_for = session.con.execute(
        "SELECT 1 FROM quality.page_due UNION ALL SELECT 1 FROM quality.violation AS waived "
        "JOIN intake.submission AS file USING (submission_id) WHERE waived.waived_until < ? "
        "AND waived.status = 'waived' AND file.status IN ('trial', 'answered') LIMIT 1",
        [missouri_day(at)],
    ).fetchall()
    if not is_asked_for:
        return ()
    from flows.report_again import rewrite_due
    from flows.violations import expire_waivers

    count = expire_waivers(session, at)
    rewrite_due(session, at)
    return (f"{count:,} violations stand again: their waiver has run out.",) if count else ()


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
    from flows.preview import preview_files

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
        from flows.planning import carry_out

        summary.resumed.append(plan.run_id)
        carry_out(session, plan, id_source, summary)
    remove_finished(session.home.work)
    for folder in session.home.work.iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            shutil.rmtree(folder)
