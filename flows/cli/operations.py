"""Commands of the operator: init, run, status, confirm, demo."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import HomeOption, JsonOption, open_home
from schemas.errors import DictionaryError

CollectionOption = Annotated[
    str | None,
    typer.Option("--collection", help="Only this collection, by its CollectionVersion literal.", show_default=False),
]
DistrictsOption = Annotated[
    list[str] | None, typer.Option("--district", help="Only this district; may be repeated.", show_default=False)
]


def register(app: typer.Typer) -> None:
    for command in (init, run, status, confirm, demo):
        app.command()(command)


def init(
    home: Annotated[Path, typer.Argument(help="The folder to make; it must not exist yet.")],
    directory: Annotated[Path, typer.Option("--directory", help="Folder with districts.csv and schools.csv.")],
) -> None:
    """Make a state home: folders, settings, SSN key, database, an inbox and outbox for every district.

    Example: mosis init /srv/mosis --directory ./directory
    """
    from outputs.forms.refresh import refresh_forms
    from schemas.dictionary import load_dictionary
    from schemas.directory import load_directory
    from schemas.home_setup import make_home

    made = make_home(home, directory)
    refresh_forms(made, load_dictionary(made.dictionary), load_directory(made.directory))
    print(f"Made the state home {made.root}.\nNext: export MOSIS_HOME={made.root} and run: mosis run")


def run(
    home: HomeOption = None,
    settle: Annotated[
        float | None,
        typer.Option(
            "--settle", min=0, help="Quiet seconds before a file counts as uploaded; 0 for none.", show_default="60"
        ),
    ] = None,
    collection: CollectionOption = None,
    district: DistrictsOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check what waits; claim, store and answer nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take everything that waits in the inbox: read, check, give IDs, store, answer.

    Example: mosis run --home /srv/mosis --settle 0
    """
    from flows.cli.show import print_summary, progress_display
    from flows.run import preview_run, run_inbox
    from matching.student_ids import SystemIdSource
    from schemas.clock import SystemClock

    state = open_home(home)
    with progress_display(quiet=as_json) as progress:
        if dry_run:
            summary = preview_run(
                state,
                clock=SystemClock(),
                settle=settle,
                collection=collection,
                districts=district or [],
                progress=progress,
            )
        else:
            summary = run_inbox(
                state,
                clock=SystemClock(),
                id_source=SystemIdSource(),
                settle=settle,
                collection=collection,
                districts=district or [],
                progress=progress,
            )
    if as_json:
        print(json.dumps(summary.to_json(), indent=2))
    else:
        print_summary(summary)
    if summary.defects:
        # Not the district's fault and not to be overlooked: the rule book has to be corrected.
        raise typer.Exit(DictionaryError.exit_code)


def status(
    home: HomeOption = None,
    collection: CollectionOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every district, not only those that need something.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Where each district stands: received, trial, errors, near matches, certified, missing, days to the deadline.

    Example: mosis status --collection 2026Oct1.0StuCore
    """
    from flows.extracts import copy_built_at
    from flows.session import open_reader
    from outputs.question_ages import question_ages
    from outputs.state_level.standing import between_districts
    from outputs.status import building_rows, print_status, status_json, status_rows
    from schemas.clock import SystemClock, missouri_day, rfc3339

    state = open_home(home)
    now = SystemClock().now()
    with open_reader(state) as reader:
        rows = status_rows(reader.con, reader.dictionary, reader.directory, now, collection)
        buildings = building_rows(reader.con, reader.dictionary, reader.directory, now, collection)
        ages = question_ages(
            reader.con,
            now,
            flag_days=state.settings.review_flag_days,
            escalate_days=state.settings.review_escalate_days,
        )
        between = between_districts(reader.con, missouri_day(now))
    if as_json:
        copied = copy_built_at(state)
        body = {
            **status_json(rows, ages, buildings),
            "between_districts": between.to_json(),
            "analyst_copy_at": rfc3339(copied) if copied else None,
        }
        print(json.dumps(body, indent=2))
    else:
        print_status(rows, now=now, everything=everything, ages=ages, buildings=buildings, between=between)


def confirm(
    submission_id: Annotated[str, typer.Argument(help="The waiting submission, as its receipt names it.")],
    home: HomeOption = None,
) -> None:
    """Let a file pass that waits because it would drop more than a fifth of the earlier trial's records.

    Example: mosis confirm 20251006T140309Z-1a2b3c4d5e6f-048078
    """
    from flows.confirm import confirm_submission
    from schemas.clock import SystemClock

    path = confirm_submission(open_home(home), submission_id, clock=SystemClock())
    print(f"Confirmed. The file was put back into {path.parent}; the next run takes it: mosis run")


def demo(
    folder: Annotated[
        Path, typer.Option("--folder", help="Where the demo's state is made; emptied first if the demo made it.")
    ] = Path("demo"),
    students: Annotated[int, typer.Option(help="Students in the sample state.")] = 3000,
    districts: Annotated[int, typer.Option(help="Districts in the sample state.")] = 12,
    seed: Annotated[int, typer.Option(help="Seed of the sample state.")] = 2007,
) -> None:
    """A whole year on a small sample state: IDs, October, certification, pre-code, aggregates, a public release.

    Example: mosis demo --students 3000 --districts 12
    """
    from flows.cli.show import progress_display
    from flows.demo import run_demo

    with progress_display() as progress:
        report = run_demo(folder, students=students, districts=districts, seed=seed, progress=progress)
    print(report)
