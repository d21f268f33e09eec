"""``mosis ids request``: the state ID of one child, at once."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import HomeOption, JsonOption, actor, open_home

if TYPE_CHECKING:
    from flows.requesting import RequestAnswer

# Option -> standard name of the ID batch, what the prompt says, and whether the batch needs it.
FIELDS = {
    "district": ("current_district_code", "District (six digits)", True),
    "school": ("current_school_code", "School (four digits)", True),
    "last": ("last_name", "Last name", True),
    "first": ("first_name", "First name", True),
    "middle": ("middle_name", "Middle name (Enter for none)", False),
    "suffix": ("suffix", "Suffix (Enter for none)", False),
    "birth_date": ("birth_date", "Date of birth (mm/dd/yyyy)", True),
    "gender": ("gender", "Gender (F or M)", True),
    "grade": ("grade", "Grade (PK, K, 01 to 12)", True),
    "race": ("race_ethnicity", "Race and ethnicity (A, B, H, I, M, P or W)", True),
    "local_id": ("local_student_id", "Local student ID", True),
    "guardian_last": ("guardian_last_name", "Guardian’s last name (Enter for none)", False),
    "guardian_first": ("guardian_first_name", "Guardian’s first name (Enter for none)", False),
    "state_id": ("submitted_state_id", "State ID, to check one (Enter for none)", False),
    "resident_district": ("resident_district_code", "", False),
    "school_year": ("school_year", "", False),
}


def register(ids: typer.Typer) -> None:
    ids.command()(request)


def request(
    home: HomeOption = None,
    district: Annotated[str | None, typer.Option("--district", help="The district that asks.")] = None,
    school: Annotated[str | None, typer.Option("--school", help="The school the child attends.")] = None,
    last: Annotated[str | None, typer.Option("--last", help="Legal last name.")] = None,
    first: Annotated[str | None, typer.Option("--first", help="Legal first name.")] = None,
    middle: Annotated[str | None, typer.Option("--middle", help="Legal middle name.")] = None,
    suffix: Annotated[str | None, typer.Option("--suffix", help="Jr, Sr, II, III.")] = None,
    birth_date: Annotated[str | None, typer.Option("--birth-date", help="Date of birth, mm/dd/yyyy.")] = None,
    gender: Annotated[str | None, typer.Option("--gender", help="Gender code.")] = None,
    grade: Annotated[str | None, typer.Option("--grade", help="Grade code.")] = None,
    race: Annotated[str | None, typer.Option("--race", help="Race/ethnicity code.")] = None,
    local_id: Annotated[str | None, typer.Option("--local-id", help="The district's number for the child.")] = None,
    guardian_last: Annotated[str | None, typer.Option("--guardian-last", help="A guardian's last name.")] = None,
    guardian_first: Annotated[str | None, typer.Option("--guardian-first", help="A guardian's first name.")] = None,
    state_id: Annotated[str | None, typer.Option("--state-id", help="An ID to be checked; none asks for one.")] = None,
    resident_district: Annotated[
        str | None, typer.Option("--resident-district", help="Where the child lives.", show_default="the district")
    ] = None,
    school_year: Annotated[
        str | None, typer.Option("--school-year", help="Year in which the school year ends.", show_default="today's")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for one child's state ID; the answer stands in the district's outbox too. Asks for what is missing at a terminal.

    Other files that wait in the inbox are left to the next run. Exit code 1 where the child has no ID yet.

    Example: mosis ids request --district 048078 --school 1050 --last Garcia --first Maria --birth-date 04/09/2014
    --gender F --grade 05 --race H --local-id 0077
    """
    given = {name: value for name, value in locals().items() if name in FIELDS}
    child = _complete(given, is_asked=sys.stdin.isatty() and not as_json)
    state = open_home(home)

    from flows.cli.show import progress_display
    from flows.requesting import request_id
    from matching.student_ids import SystemIdSource
    from schemas.clock import SystemClock

    with progress_display(quiet=True) as progress:
        answer = request_id(
            state, child, actor=actor(), clock=SystemClock(), id_source=SystemIdSource(), progress=progress
        )
    if as_json:
        print(json.dumps(answer.to_json(), indent=2, ensure_ascii=False))
    else:
        _print_answer(answer)
    if answer.state_id is None:
        raise typer.Exit(1)


def _complete(given: dict[str, str | None], *, is_asked: bool) -> dict[str, str | None]:
    """The child by standard name; what is needed and was not given is asked for, or refused where nobody can answer.

    Raises:
        UsageError: an option is missing.
    """
    from schemas.errors import UsageError

    needed = [name for name, (_, _, is_needed) in FIELDS.items() if is_needed]
    missing = [name for name in needed if not (given[name] or "").strip()]
    if missing and not is_asked:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise UsageError(f"An ID request needs {options} too.")
    if missing:
        asked = [name for name, (_, words, _) in FIELDS.items() if words and given[name] is None]
        for name in asked:
            _, words, is_needed = FIELDS[name]
            given[name] = typer.prompt(words) if is_needed else typer.prompt(words, default="", show_default=False)
    return {FIELDS[name][0]: (value or "").strip() or None for name, value in given.items()}


def _print_answer(answer: "RequestAnswer") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    heads = {
        "CONFIRMED": "confirmed", "REUSED": "known already", "NEW": "new", "NEAR_MATCH": "no ID yet: a near match",
        "ERROR": "no ID: the record has an error", "CANCELED": "no ID: canceled",
    }  # fmt: skip
    console.print(Text(f"{answer.state_id or '—'}  {heads[answer.outcome]}", style="bold"))
    console.print(answer.sentence, highlight=False, markup=False)
    if answer.candidates:
        table = Table("", "State ID", "Name", "Born", "Sex", "Why", box=None)
        for one in answer.candidates:
            table.add_row(*map(Text, _cells(one)))
        console.print(table)
        console.print(
            f"Question {answer.near_match_id}: the district answers it in matches_to_resolve.txt, or you with mosis review.",
            highlight=False,
        )
    console.print(f"Open: {answer.folder}", highlight=False, soft_wrap=True)


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    given = " ".join(one[f"candidate_{part}"] for part in ("first_name", "middle_name") if one[f"candidate_{part}"])
    return (
        str(one["candidate_rank"]), one["candidate_state_id"], f"{one['candidate_last_name']}, {given}",
        one["candidate_birth_date"], one["candidate_gender"] or "", one["explanation"],
    )  # fmt: skip
