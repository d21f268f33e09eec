"""``mosis dictionary``: the record layouts as a person reads them, and templates to fill."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import HomeOption, JsonOption, open_home

CollectionArgument = Annotated[
    str, typer.Argument(help="CollectionVersion literal, such as 2026Oct1.0StuCore, or id_batch.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        help="The data dictionary and rule book: show, compare, document, correct, import, verify.",
        no_args_is_help=True,
    )
    group.command()(show)
    group.command()(template)
    group.command("diff")(diff)
    group.command("docs")(docs)
    group.command("manual")(manual)
    group.command("correct")(correct)
    group.command("import")(import_pages)
    group.command("verify")(verify)
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


def correct(
    rule_id: Annotated[str, typer.Argument(help="Number of the rule, such as STC91110.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; stands beside the rule on every page.")],
    actor: Annotated[
        str | None, typer.Option("--actor", help="Who decided it; your login name if left out.", show_default=False)
    ] = None,
    condition: Annotated[
        str | None, typer.Option("--condition", help="SQL predicate, true for a violation.", show_default=False)
    ] = None,
    severity: Annotated[
        str | None, typer.Option("--severity", help="E (error) or W (warning).", show_default=False)
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Short title.", show_default=False)] = None,
    message: Annotated[str | None, typer.Option("--message", help="What is wrong.", show_default=False)] = None,
    fix: Annotated[str | None, typer.Option("--fix", help="What to do, one sentence.", show_default=False)] = None,
    passing_example: Annotated[
        str | None, typer.Option("--passing-example", help="JSON of a record that is fine.", show_default=False)
    ] = None,
    failing_example: Annotated[
        str | None, typer.Option("--failing-example", help="JSON of a record that breaks the rule.", show_default=False)
    ] = None,
    last_year: Annotated[
        int | None, typer.Option("--last-year", help="Last school year in which it holds.", show_default=False)
    ] = None,
    retire: Annotated[bool, typer.Option("--retire", help="Take the rule out of the book.")] = False,
    cycles: Annotated[
        str | None,
        typer.Option("--cycles", help="Only the row with these cycles, as in the file: Oct;Feb.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try it out and write nothing.")] = False,
    home: HomeOption = None,
) -> None:
    """Correct a wrong rule in production: a dated row of HOME/dictionary, tried out with its examples first.

    Example: mosis dictionary correct STC91110 --condition "member_fte > 2" --failing-example '{"member_fte": "2.01"}' --reason "memo 7"
    """
    from flows.cli.options import actor as login_name
    from flows.dictionary_desk import correct as correct_rule
    from schemas.clock import SystemClock

    asked = {
        "condition": condition, "severity": severity, "title": title, "message": message, "fix": fix,
        "passing_example": passing_example, "failing_example": failing_example,
        "last_year": None if last_year is None else str(last_year),
    }  # fmt: skip
    changes = {name: value for name, value in asked.items() if value is not None}
    print(
        correct_rule(
            open_home(home), rule_id, changes, cycles=cycles, retire=retire, reason=reason,
            actor=actor or login_name(), clock=SystemClock(), is_dry_run=dry_run,
        )
    )  # fmt: skip


def verify(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Check the dictionary, every rule book with its examples, and the corrections of a home. Exit code 6: a fault was found.

    Example: mosis dictionary verify --home /srv/mosis
    """
    import json

    from flows.dictionary_desk import verify as find_faults
    from schemas.clock import SystemClock
    from schemas.errors import DictionaryError

    faults = find_faults(home, clock=SystemClock())
    if as_json:
        print(json.dumps({"format_version": 1, "faults": faults}, indent=2))
    else:
        print("\n".join(faults) or "The dictionary and every rule book are whole; every rule can fire.")
    if faults:
        raise typer.Exit(DictionaryError.exit_code)


def import_pages(
    pages: Annotated[list[Path], typer.Argument(help="Saved pages (.html), or folders of them.")],
    collection: Annotated[
        str | None,
        typer.Option("--collection", help="The collection, where a page names none.", show_default=False),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write without asking.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; stands beside each row.")] = "imported from saved pages",
    actor: Annotated[
        str | None, typer.Option("--actor", help="Who decided it; your login name if left out.", show_default=False)
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read saved pages of the state (layouts, rules, code sets), show what differs, and write it into HOME/dictionary.

    Nothing is written without --write or a yes. What a page cannot say (the condition of a new rule, the access level of a
    new column) is told and listed in HOME/dictionary/to_be_written.csv.

    Example: mosis dictionary import ./saved_pages --home /srv/mosis
    """
    import json
    import sys

    from flows.cli.options import actor as login_name
    from flows.dictionary_desk import carry_out_import, plan_import
    from outputs.dictionary_import_text import import_json, import_text
    from schemas.clock import SystemClock

    state = open_home(home)
    plan = plan_import(state, pages, collection)
    print(json.dumps(import_json(plan), indent=2) if as_json else import_text(plan))
    if not plan.proposals and not plan.gaps:
        return
    if not write and (as_json or not sys.stdin.isatty() or not typer.confirm("Write this into the home's dictionary?")):
        if not as_json:
            print("\nNothing was written; --write does it.")
        return
    said = carry_out_import(state, plan, reason=reason, actor=actor or login_name(), clock=SystemClock())
    if not as_json:
        print(f"\n{said}")
