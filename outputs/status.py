"""``mosis status``: where the districts stand, for a terminal of 80 columns and for programs."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from outputs.district_states import BUILDING_SCHEMA, NEEDS_ATTENTION, STATES, building_rows, status_rows
from outputs.next_steps import counted
from outputs.question_ages import QuestionAges
from outputs.state_level.standing import BetweenDistricts
from schemas.clock import missouri_day

if TYPE_CHECKING:
    from rich.table import Table

__all__ = [
    "building_rows",
    "collection_due_date",
    "collection_totals",
    "print_status",
    "status_json",
    "status_rows",
]


def status_json(
    rows: pl.DataFrame, ages: QuestionAges | None = None, buildings: pl.DataFrame | None = None
) -> dict[str, Any]:
    """The rows by collection, with totals, and the ages of open questions, for programs.

    Args:
        buildings: from ``building_rows``: where the schools of a district stand that sends by building.
    """
    collections = [
        {
            "collection_version": version,
            "collection_title": group["collection_title"][0],
            "due_date": _iso(collection_due_date(group)),
            "is_pilot": bool(group["is_pilot"][0]),
            "totals": collection_totals(group),
            "districts": [_district_json(row) for row in group.iter_rows(named=True)],
            "buildings": [_district_json(row) for row in _of_collection(buildings, version).iter_rows(named=True)],
        }
        for (version,), group in rows.group_by("collection_version", maintain_order=True)
    ]
    review = {"review": ages.to_json()} if ages else {}
    return {"format_version": 1, "collections": collections, **review}


def collection_due_date(group: pl.DataFrame) -> date | None:
    """The day that most districts of a collection have."""
    days = group["due_date"].drop_nulls().mode().sort().to_list()
    return days[0] if days else None


def _iso(moment: Any) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None


def _district_json(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if not name.startswith("collection_")}
    return {name: _iso(value) if isinstance(value, date) else value for name, value in kept.items()}


def collection_totals(group: pl.DataFrame) -> dict[str, Any]:
    """How many districts stand where, and the sums of their figures."""
    by_state = dict(group.group_by("state").len().iter_rows())
    return {
        "districts": group.height,
        "standing": {state: by_state[state] for state in STATES if state in by_state},
        "records": int(group.select(pl.coalesce("trial_records", "certified_records").sum()).item() or 0),
        "errors": int(group["errors"].sum() or 0),
        "warnings": int(group["warnings"].sum() or 0),
    }


def _of_collection(buildings: pl.DataFrame | None, version: str) -> pl.DataFrame:
    found = buildings if buildings is not None else pl.DataFrame(schema=BUILDING_SCHEMA)
    return found.filter(pl.col("collection_version") == version)


def print_status(
    rows: pl.DataFrame,
    *,
    now: datetime,
    everything: bool = False,
    ages: QuestionAges | None = None,
    buildings: pl.DataFrame | None = None,
    between: BetweenDistricts | None = None,
) -> None:
    """Summary lines, then a table of the districts that need something (or of all): fits 80 columns."""
    from rich.console import Console
    from rich.padding import Padding

    console = Console()
    if not rows.height:
        console.print("Nothing was received yet and no collection is open.")
        return
    console.print(f"Status on {missouri_day(now):%B %d, %Y}", style="bold", highlight=False)
    if ages is not None and (sentence := ages.sentence()):
        style = {"error": "red", "warning": "yellow"}.get(ages.kind, "")
        console.print(f"{sentence} See: mosis review list", style=style, highlight=False)
    if between is not None and (sentence := between.sentence()):
        console.print(f"{sentence} See: mosis violations list --scope state", highlight=False)
    for (version,), group in rows.group_by("collection_version", maintain_order=True):
        console.print()
        title, figures = summary_lines(group)
        console.print(title, highlight=False)
        console.print(Padding(figures, (0, 0, 0, 2), expand=False), highlight=False)
        if late := late_words(group):
            console.print(Padding(late, (0, 0, 0, 2), expand=False), style="red", highlight=False)
        own = _of_collection(buildings, str(version))
        shown = group if everything else group.filter(pl.col("state").is_in(NEEDS_ATTENTION))
        if shown.height:
            console.print(status_table(shown, console.width, own))
        elif not everything:
            console.print("No district needs anything. All of them: mosis status --all", highlight=False)


def summary_lines(group: pl.DataFrame) -> tuple[str, str]:
    """A collection in two lines: its name, and its deadline with how many districts stand where."""
    totals = collection_totals(group)
    standing = totals["standing"]
    states = ", ".join(f"{standing[state]:,} {meaning}" for state, meaning in STATES.items() if state in standing)
    districts = counted(totals["districts"], "district")
    return (
        f"[bold]{group['collection_title'][0]}[/bold] ({group['collection_version'][0]}){_marks(group)}",
        f"{_deadline_words(group)}{districts}: {states}. "
        f"{counted(totals['records'], 'record')}, {counted(totals['errors'], 'error')}.",
    )


def _marks(group: pl.DataFrame) -> str:
    """What is special about a collection: a pilot, closed for all or for some."""
    closed = group.filter("is_closed").height
    marks = [" [yellow]pilot, counts nowhere[/yellow]"] if group["is_pilot"][0] else []
    if closed:
        whom = "" if closed == group.height else f" for {counted(closed, 'district')}"
        marks.append(f" [yellow]closed{whom}[/yellow]")
    return ",".join(marks)


# So many late districts are named; the table has them all.
_NAMED_LATE = 8


def late_words(group: pl.DataFrame) -> str:
    """Who is past the due date without a certified file, longest first; empty where nobody is."""
    late = group.filter(
        ~pl.col("state").is_in(["certified", "answered"]) & ((pl.col("days_left") < 0) | pl.col("is_late"))
    ).sort("days_left", "district_code")
    if late.is_empty():
        return ""
    named = [
        f"{name} ({code}, {'marked late' if days >= 0 else counted(-days, 'day')})"
        for name, code, days in late.select("district_name", "district_code", "days_left").head(_NAMED_LATE).iter_rows()
    ]
    more = f" and {late.height - _NAMED_LATE:,} more" if late.height > _NAMED_LATE else ""
    return f"Late: {', '.join(named)}{more}."


def _deadline_words(group: pl.DataFrame) -> str:
    due = collection_due_date(group)
    if due is None:
        return ""
    days = int(group.filter(pl.col("due_date") == due)["days_left"][0])
    when = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days" if days > 0 else f"{-days} days ago")
    return f"Due {due:%b} {due.day}, {due.year} ({when}). "


_STYLES = {
    "missing": "red", "refused": "red", "waiting": "yellow", "errors": "red", "near_matches": "yellow",
    "recertify": "yellow", "ready": "green", "certified": "dim", "answered": "dim", "not_due": "dim",
}  # fmt: skip


# What all columns of the table but the district's name take, with the gaps between them.
_OTHER_COLUMNS = 62


def status_table(group: pl.DataFrame, width: int, buildings: pl.DataFrame | None = None) -> "Table":
    """The districts, most urgent first, in so many columns of a terminal; a long name is cut.

    Below a district that sends by building stand its schools.
    """
    schools = buildings if buildings is not None else pl.DataFrame(schema=BUILDING_SCHEMA)
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("code", no_wrap=True, min_width=6)
    table.add_column("name", no_wrap=True, overflow="ellipsis", max_width=max(10, min(34, width - _OTHER_COLUMNS)))
    table.add_column("stands at", no_wrap=True, min_width=16)
    for name, width in (("files", 5), ("records", 7), ("errors", 6), ("near", 4), ("days", 4)):
        table.add_column(name, justify="right", no_wrap=True, min_width=width)
    urgency = {state: place for place, state in enumerate(STATES)}
    ordered = group.with_columns(
        urgency=pl.col("state").replace_strict(urgency, return_dtype=pl.Int8), by_errors=pl.col("errors").fill_null(0)
    ).sort("urgency", "by_errors", "district_code", descending=[False, True, False])
    for row in ordered.iter_rows(named=True):
        table.add_row(*_cells(row))
        for school in schools.filter(pl.col("district_code") == row["district_code"]).iter_rows(named=True):
            table.add_row(
                *_cells(
                    {**school, "district_code": f" {school['school_code']}", "district_name": school["school_name"]}
                )
            )
    return table


def _cells(row: dict[str, Any]) -> list[str]:
    records = row["trial_records"] if row["trial_records"] is not None else row["certified_records"]
    style = _STYLES[row["state"]]
    return [
        row["district_code"],
        row["district_name"],
        f"[{style}]{STATES[row['state']]}[/{style}]",
        *(
            f"{number:,}" if number else ""
            for number in (row["received_count"], records, row["errors"], row["near_matches"])
        ),
        _days(row),
    ]


def _days(row: dict[str, Any]) -> str:
    """Days to the deadline; a file that came after it is late, whatever is left of another deadline."""
    if row["is_late"]:
        return "late"
    return "" if row["days_left"] is None else str(row["days_left"])
