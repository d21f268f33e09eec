"""``mosis ids locate``: who a child may be, by name, birth date, old ID or local ID."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import HomeOption, JsonOption, actor, open_home

if TYPE_CHECKING:
    import polars as pl

PLACEMENT_TITLES = {"grade": "Grade", "district_code": "District", "school_code": "School"}


def register(ids: typer.Typer) -> None:
    ids.command()(locate)


def locate(
    home: HomeOption = None,
    last: Annotated[str | None, typer.Option("--last", help="Last name; need not be spelt right.")] = None,
    first: Annotated[str | None, typer.Option("--first", help="First name; a nickname will do.")] = None,
    middle: Annotated[str | None, typer.Option("--middle", help="Middle name.")] = None,
    birth_date: Annotated[str | None, typer.Option("--birth-date", help="Date of birth, mm/dd/yyyy.")] = None,
    old_id: Annotated[str | None, typer.Option("--old-id", help="A state ID the child has or once had.")] = None,
    local_id: Annotated[str | None, typer.Option("--local-id", help="The number a district gave the child.")] = None,
    district: Annotated[str | None, typer.Option("--district", help="The district that gave --local-id.")] = None,
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", help="What the look-up is for; it goes into the disclosure log. Required."),
    ] = None,
    cap: Annotated[int, typer.Option("--cap", min=1, max=50, help="Show at most so many children.")] = 10,
    batch: Annotated[
        Path | None, typer.Option("--batch", help="A file of look-ups (locator request), instead of one look-up.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where the answers to --batch are written.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Find a child's state ID. Every look-up is logged with who asked and what for, found or not.

    Shows level-4 fields only; district, school and grade where the setting locator_shows_placement switches them on.

    Example: mosis ids locate --last Garcia --first Maria --birth-date 04/09/2014 --purpose "call from district 048078"
    """
    from schemas.errors import UsageError

    if not (purpose or "").strip():
        raise UsageError('Say what the look-up is for, for the disclosure log: --purpose "call from district 048078"')
    asked = {
        "last_name": last, "first_name": first, "middle_name": middle, "birth_date": birth_date,
        "state_id": old_id, "local_student_id": local_id, "district_code": district,
    }  # fmt: skip
    asked = {name: (value or "").strip() or None for name, value in asked.items()}
    if batch is None:
        _locate_one(open_home(home), asked, cap, str(purpose).strip(), as_json)
        return
    others = [name for name, value in asked.items() if value and name != "district_code"]
    if out is None or others:
        raise UsageError("--batch goes with --out FILE and, where local IDs are meant, --district; with nothing else.")
    _locate_batch(open_home(home), batch, out, district or "", cap, str(purpose).strip(), as_json)


def _locate_one(home: Any, asked: dict[str, str | None], cap: int, purpose: str, as_json: bool) -> None:
    from flows.locating import locate_child
    from schemas.clock import SystemClock
    from schemas.locator.request import answer_reasons

    found = locate_child(home, asked, cap=cap, actor=actor(), purpose=purpose, clock=SystemClock())
    shows_placement = home.settings.locator_shows_placement
    children = _children(found.located.candidates, shows_placement)
    result, sentence = answer_reasons()[found.reason]
    count = int(found.located.answers["fitting_count"][0])
    if as_json:
        body = {"result": result, "reason": found.reason, "fitting_count": count, "message": sentence or None}
        print(json.dumps({**body, "children": children}, indent=2, ensure_ascii=False))
    else:
        _print_children(children, count, sentence)


def _locate_batch(
    home: Any, batch: Path, out: Path, district: str, cap: int, purpose: str, as_json: bool
) -> None:  # fmt: skip
    from flows.locating import locate_file
    from outputs.locator_answers import located_message, with_results
    from schemas.clock import SystemClock

    answers = locate_file(
        home, batch, out, district=district, cap=cap, actor=actor(), purpose=purpose, clock=SystemClock()
    )
    if as_json:
        counts = dict(with_results(answers).group_by("result").len().sort("result").iter_rows())
        print(json.dumps({"lookups": answers.height, "results": counts, "file": str(out)}, indent=2))
    else:
        print(f"{located_message(answers)}\nOpen: {out}")


def _children(candidates: "pl.DataFrame", shows_placement: bool) -> list[dict[str, Any]]:
    """The children as JSON shows them: dates as text, placement only where it is switched on."""
    from matching.locator import PLACEMENT_FIELDS

    hidden = ["line_number", *(() if shows_placement else PLACEMENT_FIELDS)]
    rows = candidates.drop(hidden).to_dicts()
    return [{**row, "birth_date": f"{row['birth_date']:%m/%d/%Y}"} for row in rows]


def _print_children(children: list[dict[str, Any]], count: int, sentence: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if children:
        placement = [name for name in PLACEMENT_TITLES if name in children[0]]
        table = Table(
            "", "State ID", "Name", "Born", "Sex", *(PLACEMENT_TITLES[part] for part in placement), "Why", box=None
        )
        for child in children:
            given = " ".join(child[part] for part in ("first_name", "middle_name") if child[part])
            name = ", ".join(part for part in (child["last_name"], child["suffix"], given) if part)
            cells = (str(child["rank"]), child["state_id"], name, child["birth_date"], child["gender"] or "")
            table.add_row(*map(Text, (*cells, *(child[part] or "" for part in placement), child["explanation"])))
        console.print(table)
    if count > len(children) > 0:
        console.print(f"{count - len(children)} more fit.", highlight=False)
    if sentence:
        console.print(sentence, highlight=False)
