"""``mosis sample`` makes a synthetic state with truth."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(sample)


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
