"""``mosis check``: a clerk looks at a file before sending it; no state home, no network, Windows too."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import JsonOption


def register(app: typer.Typer) -> None:
    app.command()(check)


def check(
    file: Annotated[Path, typer.Argument(help="The file to check.")],
    directory: Annotated[
        Path | None,
        typer.Option(
            "--directory",
            help="Folder with districts.csv and schools.csv: schools are checked too.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", help="Also write violations.csv and violations.html into this folder.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a file the way the state will. Exit 1 when an error was found or the file would be refused.

    Example: mosis check core_october.csv --report ./findings
    """
    from flows.check import check_file
    from flows.cli.show import print_check

    answer = check_file(file, directory=directory, report_folder=report)
    if as_json:
        print(json.dumps(answer.body, indent=2, ensure_ascii=False))
    else:
        print_check(answer)
    raise typer.Exit(1 if answer.has_findings else 0)
