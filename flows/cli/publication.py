"""Commands that feed later steps from certified data: precode, aggregate, publish."""

import json
from typing import Annotated

import typer

from flows.cli.options import HomeOption, JsonOption, actor, open_home


def register(app: typer.Typer) -> None:
    for command in (precode, aggregate, publish):
        app.command()(command)


def precode(
    assessment: Annotated[str, typer.Argument(help="Assessment, such as MAPSPR.")],
    year: Annotated[
        int | None,
        typer.Option("--year", help="School year; the latest certified one when left out.", show_default=False),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Build the vendor's pre-code file and each district's own from certified Student Core.

    Example: mosis precode MAPSPR --year 2026
    """
    from flows.publication import deliver_precode
    from schemas.clock import SystemClock

    print(deliver_precode(open_home(home), assessment, year, actor=actor(), clock=SystemClock()))


def aggregate(
    year: Annotated[int, typer.Option("--year", help="School year (the year it ends).")],
    cycle: Annotated[str, typer.Option("--cycle", help="Cycle.")] = "Oct",
    home: HomeOption = None,
) -> None:
    """Count certified enrolment by one attribute at state, district and school into publish.cell.

    Example: mosis aggregate --year 2026
    """
    from flows.publication import aggregate_cycle
    from schemas.clock import SystemClock

    print(aggregate_cycle(open_home(home), year, cycle, clock=SystemClock()))


def publish(
    year: Annotated[int, typer.Option("--year", help="School year (the year it ends).")],
    cycle: Annotated[str, typer.Option("--cycle", help="Cycle.")] = "Oct",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a public release with small counts withheld; an unsafe one is refused (exit 9).

    Example: mosis publish --year 2026
    """
    from flows.publication import publish_release
    from schemas.clock import SystemClock

    release = publish_release(open_home(home), year, cycle, clock=SystemClock())
    print(json.dumps(release.to_json(), indent=2) if as_json else release.text)
