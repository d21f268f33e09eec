"""``mosis violations responses``: districts' answers to violations, decided in bulk. Comments never reach the terminal."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import HomeOption, JsonOption, actor, open_home

if TYPE_CHECKING:
    from outputs.violation_desk.decide_responses import ResponseSelection

responses = typer.Typer(no_args_is_help=True, help="Districts' answers to violations: look, export, approve, refuse.")

Many = list[str] | None
DistrictOption = Annotated[Many, typer.Option("--district", help="Six-digit district code.", show_default=False)]
RuleOption = Annotated[Many, typer.Option("--rule", help="Rule number.", show_default=False)]
WordOption = Annotated[
    Many,
    typer.Option(
        "--response", help="WILL_CORRECT, CORRECTED, CONTACTED, RECORDS_SENT, WAIVE, DISAGREE.", show_default=False
    ),
]
CollectionOption = Annotated[Many, typer.Option("--collection", help="CollectionVersion literal.", show_default=False)]
AllOption = Annotated[bool, typer.Option("--all", help="All open answers.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; stands in the journal.")]
ActorOption = Annotated[
    str | None, typer.Option("--actor", help="Who decides; the login name when left out.", show_default=False)
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say how many it would be.")]


def _selection(district: Many, rule: Many, response: Many, collection: Many) -> "ResponseSelection":
    from outputs.violation_desk.decide_responses import ResponseSelection

    words = tuple(word.upper() for word in response or ())
    return ResponseSelection((), tuple(district or ()), tuple(rule or ()), words, tuple(collection or ()))


@responses.command("list")
def list_(
    district: DistrictOption = None,
    rule: RuleOption = None,
    response: WordOption = None,
    collection: CollectionOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count open answers by rule and word.

    Example: mosis violations responses list --response WAIVE
    """
    from flows.cli.violation_tables import print_responses
    from flows.response_desk import list_responses

    found = list_responses(open_home(home), _selection(district, rule, response, collection))
    if as_json:
        print(json.dumps({"format_version": 1, "answers": found}, indent=2, default=_plain))
    else:
        print_responses(found)


@responses.command("export")
def export(
    out: Annotated[Path, typer.Option("--out", help="CSV file to write.")],
    district: DistrictOption = None,
    rule: RuleOption = None,
    response: WordOption = None,
    collection: CollectionOption = None,
    home: HomeOption = None,
) -> None:
    """Write open answers with their comments; decide in the columns Decision, Until, Reason and import the file.

    Example: mosis violations responses export --rule STC90100 --out answers.csv
    """
    from flows.response_desk import write_export

    count = write_export(open_home(home), _selection(district, rule, response, collection), out)
    print(f"Wrote {count:,} answers to {out}.")


@responses.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="An exported file with decisions.")],
    who: ActorOption = None,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Carry out the decisions of an exported file.

    Example: mosis violations responses import answers.csv
    """
    from flows.response_desk import import_decisions
    from schemas.clock import SystemClock

    done = import_decisions(open_home(home), file, actor=who or actor(), dry_run=dry_run, clock=SystemClock())
    print(json.dumps(done.to_json(), indent=2) if as_json else done.text)


@responses.command("approve")
def approve(
    reason: ReasonOption,
    district: DistrictOption = None,
    rule: RuleOption = None,
    response: WordOption = None,
    collection: CollectionOption = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="Last day of the waivers.", show_default=False),
    ] = None,
    everything: AllOption = False,
    who: ActorOption = None,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve open answers; an approved WAIVE needs --until.

    Example: mosis violations responses approve --rule STC90100 --until 2026-06-30 --reason "Codes came late"
    """
    _decide(
        "approved", _selection(district, rule, response, collection), everything,
        until=until.date() if until else None, reason=reason, who=who, dry_run=dry_run, home=home, as_json=as_json,
    )  # fmt: skip


@responses.command("refuse")
def refuse(
    reason: ReasonOption,
    district: DistrictOption = None,
    rule: RuleOption = None,
    response: WordOption = None,
    collection: CollectionOption = None,
    everything: AllOption = False,
    who: ActorOption = None,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse open answers; their violations stay as they are.

    Example: mosis violations responses refuse --district 048078 --response DISAGREE --reason "The rule stands"
    """
    _decide(
        "refused", _selection(district, rule, response, collection), everything, until=None, reason=reason, who=who,
        dry_run=dry_run, home=home, as_json=as_json,
    )  # fmt: skip


def _decide(
    verdict: str, selection: "ResponseSelection", everything: bool, *, as_json: bool, home: Path | None, who: str | None,
    **more: Any,
) -> None:  # fmt: skip
    from flows.response_desk import decide
    from schemas.clock import SystemClock
    from schemas.errors import UsageError

    if not (selection.to_json() or everything):
        raise UsageError("Say which answers: --rule, --district, --response, --collection, or --all.")
    done = decide(open_home(home), selection, verdict, actor=who or actor(), clock=SystemClock(), **more)
    print(json.dumps(done.to_json(), indent=2) if as_json else done.text)


def _plain(value: datetime) -> str:
    from schemas.clock import rfc3339

    return rfc3339(value)
