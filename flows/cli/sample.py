"""``mosis sample`` makes a synthetic state with truth; ``mosis accuracy`` measures identity on one."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import JsonOption


def register(app: typer.Typer) -> None:
    app.command()(sample)
    app.command()(accuracy)


def sample(
    out: Annotated[Path, typer.Argument(help="Folder to make; it must be empty or absent.")],
    students: Annotated[int, typer.Option("--students", min=20, help="Students enrolled in the first year.")] = 3000,
    districts: Annotated[int, typer.Option("--districts", min=1, help="Districts.")] = 12,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 2007,
) -> None:
    """Make a sample state: directory, two years of extracts, truth apart. Every child in it is invented.

    Example: mosis sample ./state --students 20000 --districts 40 --seed 7
    """
    from flows.cli.show import progress_display
    from sample_data.generate import generate_sample

    with progress_display() as progress:
        summary = generate_sample(out, students, districts, seed, progress=progress)
    print(summary)


def accuracy(
    students: Annotated[int, typer.Option("--students", min=200, help="Pupils of the sample state.")] = 20_000,
    districts: Annotated[int, typer.Option("--districts", min=2, help="Districts.")] = 40,
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="Left out: drawn from the operating system and printed.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run two years of a sample state through identification and print its errors against the truth.

    Example: mosis accuracy --students 20000
    """
    from flows.accuracy import measure_accuracy
    from flows.cli.show import progress_display

    with progress_display(quiet=as_json) as progress:
        measured = measure_accuracy(students, districts, seed, progress=progress)
    print(json.dumps(measured.to_json(), indent=2) if as_json else measured.text)
