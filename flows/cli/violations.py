"""``mosis violations``: list, show, set, waive, unwaive, revalidate. Prints line, field and rule; never a student's value."""

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import HomeOption, JsonOption, actor, open_home
from flows.cli.violation_responses import responses

if TYPE_CHECKING:
    from flows.violations import Done
    from outputs.violation_desk.selection import Selection

desk = typer.Typer(no_args_is_help=True, help="Violations: look at them, decide about them, judge files anew.")

CollectionOption = Annotated[
    list[str] | None,
    typer.Option("--collection", help="CollectionVersion literal; may be repeated.", show_default=False),
]
DistrictOption = Annotated[
    list[str] | None, typer.Option("--district", help="Six-digit district code; may be repeated.", show_default=False)
]
SchoolOption = Annotated[
    list[str] | None, typer.Option("--school", help="Four-digit school code; may be repeated.", show_default=False)
]
RuleOption = Annotated[
    list[str] | None, typer.Option("--rule", help="Rule number; may be repeated.", show_default=False)
]
SubmissionOption = Annotated[
    list[str] | None,
    typer.Option("--submission", help="Submission, as its receipt names it; may be repeated.", show_default=False),
]
LineOption = Annotated[
    list[int] | None, typer.Option("--line", help="Line of the file; may be repeated.", show_default=False)
]
KeyOption = Annotated[
    list[str] | None, typer.Option("--key", help="Key, as list --rows prints it; may be repeated.", show_default=False)
]
SeverityOption = Annotated[
    str | None, typer.Option("--severity", help="E (errors) or W (warnings).", show_default=False)
]
ScopeOption = Annotated[
    list[str] | None,
    typer.Option("--scope", help="record, file, collection, history or state; may be repeated.", show_default=False),
]
StatusOption = Annotated[
    list[str] | None,
    typer.Option(
        "--status", help="open, reopened, contacted, waived, accepted, fixed; may be repeated.", show_default=False
    ),
]
DaysOption = Annotated[
    int | None, typer.Option("--days-open", min=0, help="Open at least so many days.", show_default=False)
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; stands in the journal and is told to the district.")]
ActorOption = Annotated[
    str | None, typer.Option("--actor", help="Who decides; the login name when left out.", show_default=False)
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say how many it would be.")]


def register(app: typer.Typer) -> None:
    desk.add_typer(responses, name="responses")
    app.add_typer(desk, name="violations")


def _selection(**chosen: Any) -> "Selection":
    from outputs.violation_desk.selection import Selection

    given: dict[str, Any] = {name: tuple(value) for name, value in chosen.items() if value}
    return Selection(**given)


@desk.command("list")
def list_(
    collection: CollectionOption = None,
    district: DistrictOption = None,
    school: SchoolOption = None,
    rule: RuleOption = None,
    severity: SeverityOption = None,
    scope: ScopeOption = None,
    status: StatusOption = None,
    days_open: DaysOption = None,
    rows: Annotated[int, typer.Option("--rows", min=0, help="Print so many single violations, with their keys.")] = 0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count violations by rule; --rows prints single ones. What was fixed shows only with --status fixed.

    Example: mosis violations list --collection 2026Oct1.0StuCore --severity E --days-open 5
    """
    from flows.cli.violation_tables import print_listing
    from flows.violations import list_violations
    from schemas.clock import SystemClock

    chosen = _with_days(
        _selection(
            collections=collection, districts=district, schools=school, rules=rule,
            severities=[severity.upper()] if severity else None, scopes=scope, statuses=status,
        ),
        days_open,
    )  # fmt: skip
    # Programs get a thousand rows unless they ask for a number of their own.
    listing = list_violations(open_home(home), chosen, limit=rows or (1000 if as_json else 0), clock=SystemClock())
    if as_json:
        print(json.dumps(listing, indent=2, default=_plain))
    else:
        print_listing(listing)


@desk.command("show")
def show(
    key: Annotated[str, typer.Argument(help="Key, as list --rows prints it.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """One violation in full: rule, message, state, who decided, waiver, answers of the district.

    Example: mosis violations show 3f9a1c0b77de
    """
    from flows.cli.violation_tables import print_violation
    from flows.violations import show_violation
    from schemas.clock import SystemClock

    rows = show_violation(open_home(home), key, clock=SystemClock())
    if as_json:
        print(json.dumps({"format_version": 1, "violations": rows}, indent=2, default=_plain))
        return
    for row in rows:
        print_violation(row)


@desk.command("set")
def set_(
    status: Annotated[str, typer.Argument(help="open, contacted or accepted.")],
    reason: ReasonOption,
    collection: CollectionOption = None,
    district: DistrictOption = None,
    school: SchoolOption = None,
    rule: RuleOption = None,
    submission: SubmissionOption = None,
    line: LineOption = None,
    key: KeyOption = None,
    severity: SeverityOption = None,
    scope: ScopeOption = None,
    now: Annotated[
        list[str] | None, typer.Option("--now", help="Only those in this state now.", show_default=False)
    ] = None,
    who: ActorOption = None,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set many violations at once. Errors of a file are never accepted: they are corrected, or waived until a day.

    Example: mosis violations set contacted --rule STC91001 --district 048078 --reason "Called both districts"
    """
    from flows.violations import set_violations
    from schemas.clock import SystemClock

    chosen = _selection(
        collections=collection, districts=district, schools=school, rules=rule, submissions=submission, lines=line,
        keys=key, severities=[severity.upper()] if severity else None, scopes=scope, statuses=now,
    )  # fmt: skip
    _print(
        set_violations(
            open_home(home), chosen, status.lower(), reason=reason, actor=who or actor(), dry_run=dry_run,
            clock=SystemClock(),
        ),
        as_json,
    )  # fmt: skip


@desk.command("waive")
def waive(
    reason: ReasonOption,
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day, as 2026-06-30.")],
    collection: CollectionOption = None,
    district: DistrictOption = None,
    school: SchoolOption = None,
    rule: RuleOption = None,
    submission: SubmissionOption = None,
    line: LineOption = None,
    key: KeyOption = None,
    who: ActorOption = None,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let violations stand until a day: they stay visible and do not block certification.

    Chosen by --rule and --collection (and --district, --school), the waiver covers later files, too; chosen by --line or
    --key it is for these records alone.

    Example: mosis violations waive --rule STC00602 --collection 2026Oct1.0StuCore --until 2026-06-30 --reason "Late set"
    """
    from flows.violations import waive_violations
    from schemas.clock import SystemClock

    chosen = _selection(
        collections=collection, districts=district, schools=school, rules=rule, submissions=submission, lines=line,
        keys=key,
    )  # fmt: skip
    _print(
        waive_violations(
            open_home(home), chosen, until=_day(until), reason=reason, actor=who or actor(), dry_run=dry_run,
            clock=SystemClock(),
        ),
        as_json,
    )  # fmt: skip


@desk.command("unwaive")
def unwaive(
    reason: ReasonOption,
    collection: CollectionOption = None,
    district: DistrictOption = None,
    school: SchoolOption = None,
    rule: RuleOption = None,
    submission: SubmissionOption = None,
    line: LineOption = None,
    key: KeyOption = None,
    who: ActorOption = None,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take waivers back: the violations stand again, unless another waiver covers them.

    Example: mosis violations unwaive --rule STC00602 --district 048078 --reason "The code set is out"
    """
    from flows.violations import unwaive_violations
    from schemas.clock import SystemClock

    chosen = _selection(
        collections=collection, districts=district, schools=school, rules=rule, submissions=submission, lines=line,
        keys=key,
    )  # fmt: skip
    _print(
        unwaive_violations(
            open_home(home), chosen, reason=reason, actor=who or actor(), dry_run=dry_run, clock=SystemClock()
        ),
        as_json,
    )


def _with_days(selection: "Selection", days_open: int | None) -> "Selection":
    from dataclasses import replace

    return replace(selection, days_open=days_open)


def _day(moment: datetime) -> date:
    return moment.date()


def _print(done: "Done", as_json: bool) -> None:
    print(json.dumps(done.to_json(), indent=2) if as_json else done.text)


def _plain(value: Any) -> Any:
    from schemas.clock import rfc3339

    return rfc3339(value) if isinstance(value, datetime) else value.isoformat()


@desk.command("revalidate")
def revalidate_(
    collection: Annotated[str, typer.Argument(help="CollectionVersion literal, such as 2026Oct1.0StuCore.")],
    district: DistrictOption = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; stands in the journal.")] = "rules were corrected",
    who: ActorOption = None,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge the trials that stand by the rules and the dictionary as they are now; no district sends anything again.

    Reads the archived bytes. Certified files are only reported on: they stay as they were certified. IDs stay.

    Example: mosis violations revalidate 2026Oct1.0StuCore --dry-run
    """
    from flows.cli.show import progress_display
    from flows.cli.violation_tables import print_revalidated
    from flows.revalidation import revalidate
    from schemas.clock import SystemClock

    with progress_display(quiet=as_json) as progress:
        result = revalidate(
            open_home(home), collection, tuple(district or ()), dry_run=dry_run, reason=reason, actor=who or actor(),
            clock=SystemClock(), progress=progress,
        )  # fmt: skip
    if as_json:
        print(json.dumps(result.to_json(), indent=2))
    else:
        print_revalidated(result)
