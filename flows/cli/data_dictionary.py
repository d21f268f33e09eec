"""``mosis dictionary``: the record layouts as a person reads them, and templates to fill."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import HomeOption, JsonOption

CollectionArgument = Annotated[
    str, typer.Argument(help="CollectionVersion literal, such as 2026Oct1.0StuCore, or id_batch.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The data dictionary: show a layout, write an empty template.", no_args_is_help=True)
    group.command()(show)
    group.command()(template)
    group.command("diff")(diff)
    group.command("docs")(docs)
    group.command("manual")(manual)
    app.add_typer(group, name="dictionary")


def show(
    collection: Annotated[
        str | None,
        typer.Argument(help="CollectionVersion literal; left out: lists the collections.", show_default=False),
    ] = None,
    field: Annotated[
        str | None, typer.Option("--field", help="One field with its codes and rules.", show_default=False)
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the collections, a layout, or one field with its codes and rules.

    Example: mosis dictionary show 2026Oct1.0StuCore --field LunchStatus
    """
    from flows.dictionary_desk import show_dictionary

    print(show_dictionary(collection, field, home, as_json=as_json))


def template(
    collection: CollectionArgument,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File to write: .csv or .xlsx; left out: CSV to the terminal.", show_default=False),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Write an empty file of a collection with its header row, ready to fill.

    Example: mosis dictionary template 2026Oct1.0StuCore --out core.xlsx
    """
    from flows.dictionary_desk import write_template

    print(write_template(collection, out, home))


def diff(
    before: Annotated[int, typer.Argument(help="School year, named by the year in which it ends, such as 2026.")],
    after: Annotated[int, typer.Argument(help="The school year to compare it with, such as 2027.")],
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the difference as a page, too.", show_default=False)
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what changes for a district from one school year to another: columns, codes, rules and days.

    Example: mosis dictionary diff 2026 2027 --html changes.html
    """
    from flows.dictionary_desk import diff_years

    print(diff_years(before, after, html, home, as_json=as_json))


def docs(
    to: Annotated[Path, typer.Option("--to", help="Folder for the pages; an earlier edition in it is replaced.")],
    home: HomeOption = None,
) -> None:
    """Write the dictionary as pages: one for each layout, code set and rule, with a search.

    With a home, the pages show its own corrections and how often each rule fires and is waived there.

    Example: mosis dictionary docs --to dictionary --home /srv/mosis
    """
    from flows.dictionary_desk import docs as write

    print(write(to, home))


def manual(
    year: Annotated[int, typer.Option("--year", help="School year, named by the year in which it ends.")],
    to: Annotated[Path, typer.Option("--to", help="File to write, such as manual_2027.html.")],
    home: HomeOption = None,
) -> None:
    """Write the manual of a school year: one page to print, with what changed since the year before.

    Example: mosis dictionary manual --year 2027 --to manual_2027.html
    """
    from flows.dictionary_desk import manual as write

    print(write(year, to, home))
