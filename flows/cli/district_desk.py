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
    expect: Annotated[
        Path | None,
        typer.Option(
            "--expect",
            help="A CSV file of what should be found (file, line, field, rule_id, severity): exit 1 when anything differs.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a file the way the state will. Exit 1 when an error was found or the file would be refused.

    With --expect: exit 0 when exactly what is expected was found, 1 when anything is missing or unexpected.

    Example: mosis check core_october.csv --report ./findings
    """
    from flows.check import check_file
    from flows.cli.show import print_check

    if expect is not None:
        from flows.check import compare_with_expected
        from flows.cli.show_expectations import print_comparison

        compared = compare_with_expected(file, expect, directory=directory, report_folder=report)
        if as_json:
            print(json.dumps(compared.to_json(), indent=2, ensure_ascii=False))
        else:
            print_comparison(compared)
        raise typer.Exit(0 if compared.agrees else 1)
    answer = check_file(file, directory=directory, report_folder=report)
    if as_json:
        print(json.dumps(answer.body, indent=2, ensure_ascii=False))
    else:
        print_check(answer)
    raise typer.Exit(1 if answer.has_findings else 0)
