"""``mosis compare``: a collection's totals against those of another system."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import HomeOption, JsonOption, open_home

if TYPE_CHECKING:
    from outputs.comparison import Comparison

_SHOWN = 20


def register(app: typer.Typer) -> None:
    app.command()(compare)


def compare(
    collection: Annotated[str, typer.Argument(help="CollectionVersion literal.")],
    aggregates: Annotated[
        Path, typer.Option("--with", help="CSV: district_code, school_code, axis, category, count[, measure].")
    ],
    tolerance: Annotated[int, typer.Option("--tolerance", min=0, help="Differences up to this count are none.")] = 0,
    percent: Annotated[
        float, typer.Option("--percent", min=0, help="Differences up to this share of the other count are none.")
    ] = 0.0,
    certified: Annotated[bool, typer.Option("--certified", help="Count certified files alone.")] = False,
    page: Annotated[
        Path | None, typer.Option("--page", help="Where the page goes; HOME/reports when left out.", show_default=False)
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a collection's totals against the other system's aggregates; exit 1 where one is over the tolerance.

    Example: mosis compare 2026Oct1.0StuCore --with core_data_2026.csv --percent 0.5
    """
    from flows.session import open_reader
    from outputs.comparison import Tolerance, compare_totals, read_aggregates, write_comparison
    from outputs.cycles import load_cycles
    from outputs.next_steps import long_date
    from schemas.clock import SystemClock, missouri_day

    state = open_home(home)
    with open_reader(state) as reader:
        found = reader.dictionary.collection(collection)
        layout = reader.dictionary.layout_of(found)
        theirs = read_aggregates(aggregates, layout, reader.dictionary, reader.directory)
        compared = compare_totals(
            reader.con,
            found,
            theirs,
            is_pilot=load_cycles(reader.con).is_pilot(found.version),
            tolerance=Tolerance(tolerance, percent),
            certified_only=certified,
        )
    path = page or state.reports / f"compare_{found.version}.html"
    write_comparison(path, compared, long_date(missouri_day(SystemClock().now())))
    if as_json:
        print(json.dumps({**compared.to_json(), "page": str(path)}, indent=2))
    else:
        _print(compared, path)
    if compared.over.height:
        raise typer.Exit(1)


def _print(compared: "Comparison", path: Path) -> None:
    pilot = ", a pilot" if compared.is_pilot else ""
    print(
        f"{compared.collection_title} ({compared.collection_version}{pilot}): {compared.cells.height:,} totals compared."
    )
    over = compared.over
    if over.is_empty():
        print("None differs" + compared.tolerance.text() + ".")
    else:
        print(f"{over.height:,} differ{compared.tolerance.text()}, the largest first:")
        print(f"  {'district':8} {'school':6} {'by':22} {'code':8} {'other':>9} {'here':>9} {'differs':>9}")
        for row in over.head(_SHOWN).iter_rows(named=True):
            note = f"  {row['note']}" if row["note"] else ""
            print(
                f"  {row['district_code']:8} {row['school_code']:6} {row['axis']:22} {row['category']:8} "
                f"{row['theirs']:>9,} {row['ours']:>9,} {row['difference']:>+9,}{note}"
            )
        if over.height > _SHOWN:
            print(f"  and {over.height - _SHOWN:,} more")
    print(f"Page: {path}")
