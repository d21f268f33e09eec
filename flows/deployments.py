"""Prefect as a thin shell: two flows over plain functions, run by a process worker; the only module that knows Prefect.

No record, name or ID appears in parameters, results, artifacts or run names. A writer is never retried: a retry is a new
run, which completes the interrupted plan first (design 8).
"""

import os

# Before Prefect is imported: nothing outside the machine is contacted unless a setting names it.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.states import Completed, State

from flows.run import preview_run, run_inbox
from flows.summary import RunSummary
from matching.student_ids import SystemIdSource
from schemas.clock import SystemClock
from schemas.errors import Busy, MosisError, describe_defect
from schemas.paths import StateHome


def home_from(path: str | None) -> StateHome:
    """The state home of a deployment: its parameter, else MOSIS_HOME."""
    return StateHome.open(Path(path or os.environ.get("MOSIS_HOME", "")))


@contextmanager
def no_values_in_errors() -> Iterator[None]:
    """An error that is none of ours reaches Prefect's log by kind and place alone: its text can quote a record."""
    try:
        yield
    except MosisError:
        raise
    except Exception as error:
        raise MosisError(f"A defect of the system: {describe_defect(error)}") from None


@task(retries=0, persist_result=False)
def take_inbox(home: str | None, collection: str | None, districts: list[str]) -> RunSummary:
    """Everything that waits in the inbox, or one collection of some districts, from receipt to report."""
    with no_values_in_errors():
        return run_inbox(
            home_from(home), clock=SystemClock(), id_source=SystemIdSource(), collection=collection, districts=districts
        )


@task(retries=0, persist_result=False)
def preview_inbox(home: str | None, collection: str | None, districts: list[str]) -> RunSummary:
    """Read and check what waits; claim, store and answer nothing."""
    with no_values_in_errors():
        return preview_run(home_from(home), clock=SystemClock(), collection=collection, districts=districts)


@task(retries=0, persist_result=False)
def publish_counts(summary: RunSummary, key: str) -> None:
    """The run's counts and the paths of its reports as artifacts in the Prefect UI."""
    counted = {"files": summary.files, "records": summary.records, "ids": summary.ids, "violations": summary.violations}
    rows = [
        {"what": f"{group}: {name}", "count": count}
        for group, counts in counted.items()
        for name, count in sorted(counts.items())
    ]
    create_table_artifact(rows, key=f"{key}-counts", description=summary.headline())
    links = "\n".join(f"- [{Path(report).name}]({Path(report).as_uri()})" for report in summary.reports) or "- none"
    create_markdown_artifact(f"# {summary.headline()}\n\n## Reports\n{links}\n", key=f"{key}-reports")


@flow(name="intake", retries=0, persist_result=False)
def intake(home: str | None = None) -> State:
    """Every five minutes: take what waits. A run that finds another at work ends well and says so."""
    try:
        summary = take_inbox(home, None, [])
    except Busy as busy:
        get_run_logger().info("%s", busy)
        return Completed(message="skipped: busy")
    publish_counts(summary, "intake")
    return Completed(message=summary.headline())


@flow(name="cycle-run", retries=0, persist_result=False)
def cycle_run(
    collection: str | None = None, districts: list[str] | None = None, dry_run: bool = False, home: str | None = None
) -> State:
    """By hand: one collection (all when none is named) of some districts (all when none are named), or a dry run of it."""
    take = preview_inbox if dry_run else take_inbox
    summary = take(home, collection, districts or [])
    publish_counts(summary, "cycle-run")
    return Completed(message=summary.headline())
