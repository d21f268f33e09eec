"""``mosis review``: questions that wait for a decision, and what the operator decides about them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import HomeOption, JsonOption, actor, open_home

DistrictOption = Annotated[
    str | None, typer.Option("--district", help="Only questions of this district.", show_default=False)
]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", help="Only this reason, e.g. TWINS_OR_SIBLINGS.", show_default=False)
]
OlderOption = Annotated[
    int | None, typer.Option("--older-than", min=0, help="Only those open for more days than this.", show_default=False)
]


def register(app: typer.Typer) -> None:
    review = typer.Typer(help="Near matches: list, export, import, forecast.", no_args_is_help=True)
    for name, command in (
        ("list", list_open), ("export", export), ("import", import_file), ("forecast", forecast),
    ):  # fmt: skip
        review.command(name)(command)
    app.add_typer(review, name="review")


def list_open(
    home: HomeOption = None,
    district: DistrictOption = None,
    reason: ReasonOption = None,
    older_than: OlderOption = None,
    by: Annotated[
        str, typer.Option("--by", help="question, or group: alike questions that can be decided at once.")
    ] = "question",
    proposals: Annotated[
        bool, typer.Option("--proposals", help="Pairs of numbers that may be one child's, instead of questions.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """The open questions, oldest first: whose, why, how near, how many candidates. No names.

    Example: mosis review list --older-than 14 --by group
    """
    from flows.cli.review_tables import print_groups, print_proposals, print_questions
    from flows.review import Filters, list_groups, list_questions, questions_json
    from flows.session import open_reader
    from matching.proposals import open_proposals
    from schemas.clock import SystemClock
    from schemas.errors import UsageError

    if by not in ("question", "group"):
        raise UsageError(f"--by {by}: say question or group.")
    filters = Filters(district, reason, older_than)
    with open_reader(open_home(home)) as reader:
        filters.check(reader.directory)
        pairs = open_proposals(reader.con)
        questions = list_questions(reader.con, SystemClock().now(), filters)
    groups = list_groups(questions)
    if as_json:
        found = {
            "format_version": 1,
            "questions": questions_json(questions),
            "groups": groups.drop("is_single").to_dicts(),
            "proposals": pairs.drop("opened_at").to_dicts(),
        }
        print(json.dumps(found, indent=2))
    elif proposals:
        print_proposals(pairs)
    elif by == "group":
        print_groups(groups)
    else:
        print_questions(questions, pairs.height)


def export(
    out: Annotated[Path, typer.Option("--out", help="Folder for worklist.html and decisions.csv.")],
    home: HomeOption = None,
    district: DistrictOption = None,
    reason: ReasonOption = None,
    older_than: OlderOption = None,
) -> None:
    """Write the worklist: a page with both records side by side, and a file for the decisions.

    The page shows students by name, of all districts: keep it as you keep the database, delete it afterwards.

    Example: mosis review export --out /srv/mosis/reports/review
    """
    from flows.review import Filters, export_worklist
    from flows.session import open_reader
    from outputs.next_steps import counted
    from schemas.clock import SystemClock

    filters = Filters(district, reason, older_than)
    with open_reader(open_home(home)) as reader:
        filters.check(reader.directory)
        made = export_worklist(reader.con, reader.directory, out, SystemClock().now(), filters)
    print(f"Written: {counted(made.questions, 'open question')} and {counted(made.proposals, 'merge proposal')}.")
    if made.left_out:
        print(f"{made.left_out:,} younger ones did not fit; narrow with --district, --reason or --older-than.")
    for path in made.files:
        print(f"  {path}")
    print('Next: decide, save, then: mosis review import decisions.csv --reason "..."')


def import_file(
    file: Annotated[Path, typer.Argument(help="decisions.csv, as the page saved it or as a spreadsheet wrote it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why the state decides; stands in the journal.")],
    home: HomeOption = None,
    who: Annotated[
        str | None, typer.Option("--actor", help="Who decides; the login name if not given.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Carry out decisions: questions close, IDs are linked or given, the answers go to the districts' outboxes.

    A line that cannot stand is refused with its reason and changes nothing; the command then ends with 1.

    Example: mosis review import decisions.csv --reason "Checked with the district by telephone"
    """
    from flows.cli.review_tables import print_result
    from flows.cli.show import progress_display
    from flows.review_import import import_decisions
    from matching.student_ids import SystemIdSource
    from schemas.clock import SystemClock

    with progress_display(quiet=as_json) as progress:
        result = import_decisions(
            open_home(home),
            file,
            actor=who or actor(),
            reason=reason,
            clock=SystemClock(),
            id_source=SystemIdSource(),
            progress=progress,
        )
    if as_json:
        print(json.dumps(result.to_json(), indent=2))
    else:
        print_result(result)
    if result.refused:
        raise typer.Exit(1)


def forecast(
    upper: Annotated[float | None, typer.Option("--upper", help="Bits a link needs.", show_default=False)] = None,
    lower: Annotated[
        float | None, typer.Option("--lower", help="Bits below which nobody is shown.", show_default=False)
    ] = None,
    margin: Annotated[
        float | None, typer.Option("--margin", help="Bits the best must be ahead of the next.", show_default=False)
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """What other thresholds would have done to the runs on record: queue, links, expected false links. Changes nothing.

    Example: mosis review forecast --upper 12 --margin 4
    """
    from flows.cli.review_tables import print_forecast
    from flows.session import model_folder, open_reader
    from matching.forecast import forecast_thresholds
    from matching.model import load_model

    state = open_home(home)
    thresholds = load_model(model_folder(state)).thresholds
    with open_reader(state) as reader:
        result = forecast_thresholds(reader.con, thresholds, upper=upper, lower=lower, margin=margin)
    if as_json:
        print(json.dumps(result.to_json(), indent=2))
    else:
        print_forecast(result)
