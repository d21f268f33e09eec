"""``mosis cycle``: open, close and extend collections, show what was decided, write reminders."""

import json
from datetime import date
from typing import Annotated

import typer

from flows.cli.options import HomeOption, JsonOption, open_home
from flows.cli.options import actor as login_name

cycle = typer.Typer(help="Open, close, extend collections; remind districts.", no_args_is_help=True)

CollectionArgument = Annotated[str, typer.Argument(help="CollectionVersion literal, such as 2026Oct1.0StuCore.")]
DistrictOption = Annotated[
    str | None, typer.Option("--district", help="Only this district; all when left out.", show_default=False)
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="YYYY-MM-DD", help="The new due date.", show_default=False)
]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", help="Why; districts read it in what they are told.", show_default=False)
]
ActorOption = Annotated[
    str | None, typer.Option("--actor", help="Who decides; the login name when left out.", show_default=False)
]


def register(app: typer.Typer) -> None:
    app.add_typer(cycle, name="cycle")


@cycle.command("open")
def open_collection(
    collection: CollectionArgument,
    district: DistrictOption = None,
    until: UntilOption = None,
    pilot: Annotated[
        bool, typer.Option("--pilot", help="Run every stage, but count, deliver and publish nothing.")
    ] = False,
    reason: ReasonOption = None,
    actor: ActorOption = None,
    home: HomeOption = None,
) -> None:
    """Open a collection again after it was closed, or as a pilot; without --pilot a pilot ends and its files are set aside.

    Example: mosis cycle open 2026Oct1.0StuCore --district 048078 --until 2025-10-24 --reason "Server was down"
    """
    _change(home, "open", collection, district, until, reason, actor, pilot)


@cycle.command("close")
def close_collection(
    collection: CollectionArgument,
    district: DistrictOption = None,
    reason: ReasonOption = None,
    actor: ActorOption = None,
    home: HomeOption = None,
) -> None:
    """Close a collection: files of it are rejected from now on and told who can reopen it; what came before stands.

    Example: mosis cycle close 2026Oct1.0StuCore --reason "Federal counts were sent"
    """
    _change(home, "close", collection, district, None, reason, actor, False)


@cycle.command("extend")
def extend_collection(
    collection: CollectionArgument,
    until: UntilOption = None,
    district: DistrictOption = None,
    reason: ReasonOption = None,
    actor: ActorOption = None,
    home: HomeOption = None,
) -> None:
    """Move the due date, for a district or for all; files that came in time for the new day are late no longer.

    Example: mosis cycle extend 2026Oct1.0StuCore --district 048078 --until 2025-10-24 --reason "Flood"
    """
    _change(home, "extend", collection, district, until, reason, actor, False)


@cycle.command("show")
def show(
    collection: Annotated[
        str | None, typer.Argument(help="Only this collection, by its literal.", show_default=False)
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was decided about collections: who opened, closed or extended what, when and why.

    Example: mosis cycle show 2026Oct1.0StuCore
    """
    from flows.cycles import cycle_rows, event_line
    from flows.session import open_reader
    from outputs.cycles import event_json

    with open_reader(open_home(home)) as reader:
        if collection:
            reader.dictionary.collection(collection)
        events = cycle_rows(reader.con, collection)
    if as_json:
        print(json.dumps({"format_version": 1, "events": [event_json(event) for event in events]}, indent=2))
    elif not events:
        print("Nothing was decided: every collection is open until its due date and after it, as the calendar says.")
    else:
        earlier = None
        for event in events:
            if event.collection_version != earlier:
                print(event.collection_version)
            earlier = event.collection_version
            print(f"  {event_line(event)}")


@cycle.command("remind")
def remind(
    collection: Annotated[
        str | None, typer.Argument(help="Only this collection, by its literal.", show_default=False)
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the reminders that are due today; each district gets each once. mosis run does it once a day by itself.

    Example: mosis cycle remind 2026Oct1.0StuCore
    """
    from flows.reminding import remind_districts
    from flows.session import open_session
    from schemas.clock import SystemClock

    with open_session(open_home(home), SystemClock()) as session:
        written = remind_districts(session, collection)
    if as_json:
        print(json.dumps({"format_version": 1, "reminders": [one.to_json() for one in written]}, indent=2))
    else:
        print(f"{len(written):,} {'reminder was' if len(written) == 1 else 'reminders were'} written.")
        for one in written:
            print(f"  {one.district_code} {one.collection_version}: {one.path}")


def _change(
    home: HomeOption,
    action: str,
    collection: str,
    district: str | None,
    until: str | None,
    reason: str | None,
    actor: str | None,
    pilot: bool,
) -> None:
    from flows.cycles import CycleOrder, change_cycle
    from flows.reporting import write_overview
    from flows.session import open_session
    from schemas.clock import SystemClock

    order = CycleOrder(action, collection, district, _day(until), pilot)  # type: ignore[arg-type]
    with open_session(open_home(home), SystemClock()) as session:
        print(change_cycle(session, order, actor=actor or login_name(), reason=reason))
        write_overview(session)


def _day(text: str | None) -> date | None:
    from schemas.errors import UsageError

    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"--until is {text}; it must be a day as YYYY-MM-DD.") from None
