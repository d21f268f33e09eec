"""``mosis sample`` makes a synthetic state with truth, ``mosis practice`` a district that breaks every rule."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(sample)
    app.command()(practice)


def sample(
    out: Annotated[Path, typer.Argument(help="Folder to make; it must be empty or absent.")],
    students: Annotated[int, typer.Option("--students", min=20, help="Students enrolled in the first year.")] = 3000,
    districts: Annotated[int, typer.Option("--districts", min=1, help="Districts.")] = 12,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 2007,
    staff: Annotated[
        bool, typer.Option("--staff", help="Also October files of educators, posts, courses and class rosters.")
    ] = False,
) -> None:
    """Make a sample state: directory, two years of extracts, truth apart. Every child in it is invented.

    Example: mosis sample ./state --students 20000 --districts 40 --seed 7
    """
    from flows.cli.show import progress_display
    from sample_data.generate import generate_sample

    with progress_display() as progress:
        summary = generate_sample(out, students, districts, seed, progress=progress, with_staff=staff)
    print(summary)


def practice(
    out: Annotated[Path, typer.Argument(help="Folder to make; it must be empty or absent.")],
    collection: Annotated[
        str | None,
        typer.Option(
            "--collection", help="Only this collection, by its CollectionVersion literal.", show_default=False
        ),
    ] = None,
) -> None:
    """Make a practice district for makers of student systems: a record for every rule, and what mosis check says of each.

    Example: mosis practice ./practice --collection 2026Oct1.0StuCore
    """
    from flows.cli.show import progress_display
    from flows.practice import make_practice
    from schemas.clock import SystemClock

    with progress_display() as progress:
        made = make_practice(out, clock=SystemClock(), collection=collection, progress=progress)
    print(made.text())
