"""``mosis ids import``, ``show`` and ``verify``: the registry from before, a number's story, the ledger against itself."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import HomeOption, JsonOption, actor, open_home

if TYPE_CHECKING:
    from flows.registry import ImportSummary

FOUND_SOMETHING = 1


def register(ids: typer.Typer) -> None:
    ids.command("import")(import_file)
    ids.command()(show)
    ids.command()(verify)


def import_file(
    file: Annotated[Path, typer.Argument(help="The registry in use today: CSV or tab-delimited, with a header.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen; write the findings only.")
    ] = False,
    by: Annotated[str | None, typer.Option("--actor", help="Who does it.", show_default="login name")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, for the journal.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take over the registry from before: every number is kept and never given again; doubtful ones are held.

    Example: mosis ids import registry.csv --dry-run
    """
    from flows.cli.show import progress_display
    from flows.registry import import_registry
    from schemas.clock import SystemClock

    with progress_display(quiet=as_json) as progress:
        summary = import_registry(
            open_home(home), file, clock=SystemClock(), actor=by or actor(), reason=reason, dry_run=dry_run,
            progress=progress,
        )  # fmt: skip
    if as_json:
        print(json.dumps(summary.to_json(), indent=2))
    else:
        _print_import(summary)
    if summary.has_errors:
        raise typer.Exit(FOUND_SOMETHING)


def _print_import(summary: "ImportSummary") -> None:
    """An import on one screen: how many numbers by status, what was found, where to look."""
    from rich.console import Console
    from rich.table import Table

    from matching.registry_import.reasons import import_reasons

    console = Console()
    verb = "would take over" if summary.is_dry_run else "took over"
    total, rows = sum(summary.numbers.values()), summary.row_count
    console.print(f"{summary.import_id}: {rows:,} rows {verb} {total:,} numbers.", highlight=False)
    words = {
        "active": "a child's number", "merged": "aliases, forwarded for ever", "retired": "withdrawn",
        "held": "kept, but given to nobody until somebody decides",
    }  # fmt: skip
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right")
    for status, count in summary.numbers.items():
        if count:
            table.add_row(f"{count:,}", status, words[status])
    console.print(table)
    if summary.codes:
        console.print("\nWhat was found:", highlight=False)
        found = Table("count", "effect", "code", "what it means", box=None, pad_edge=False)
        found.columns[0].justify = "right"
        for code, count in summary.codes.items():
            row = import_reasons()[code]
            found.add_row(f"{count:,}", row.effect, code, f"{row.message} {row.fix}".strip())
        console.print(found)
        console.print(f"\nEvery line: {summary.findings_file}", highlight=False, soft_wrap=True)
    if summary.is_dry_run:
        console.print("Nothing was written but the findings. Without --dry-run the numbers are taken over.")
    elif summary.block_number is None:
        console.print("There was nothing new to take over; nothing was changed.")
    else:
        console.print(f"Journal block {summary.block_number:06d}.", highlight=False)


def show(
    state_id: Annotated[str, typer.Argument(help="The ten digits, leading zeros and all.")],
    names: Annotated[bool, typer.Option("--names", help="With names and birth dates; the look is logged.")] = False,
    by: Annotated[str | None, typer.Option("--actor", help="Who looks.", show_default="login name")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the whole story of a number: how it came, every line it was given to, questions, merges, splits.

    Example: mosis ids show 4410982236
    """
    from flows.cli.ids_story import print_story
    from flows.registry import tell_story_of
    from schemas.clock import SystemClock

    told = tell_story_of(open_home(home), state_id, clock=SystemClock(), actor=by or actor(), with_names=names)
    if as_json:
        print(json.dumps(told.to_json(), indent=2))
    else:
        print_story(told)


def verify(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Hold the journal against the database and name every difference; changes nothing.

    Example: mosis ids verify
    """
    from flows.cli.ids_story import print_verification
    from flows.registry import verify_registry
    from schemas.errors import JournalMismatch

    found = verify_registry(open_home(home))
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
    else:
        print_verification(found)
    if found.differences.height:
        raise typer.Exit(JournalMismatch.exit_code)
