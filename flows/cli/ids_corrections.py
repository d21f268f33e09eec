"""``mosis ids merge | split | retire | undo`` and what goes with them: acts, approve, withdraw, apply."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import HomeOption, JsonOption, open_home
from flows.cli.options import actor as login_name
from flows.cli.show_corrections import act_json, act_text, show_ordered, show_preview, show_records

if TYPE_CHECKING:
    from matching.corrections.change import Order

ReasonOption = Annotated[
    str,
    typer.Option("--reason", help="Why; kept for ever in the journal. Name no child in it.", show_default=False),
]
ActorOption = Annotated[
    str | None, typer.Option("--actor", help="Who orders it; the login name when left out.", show_default=False)
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show every row it would touch; change nothing.")]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Do it although something speaks against it; say in --reason why.")
]


def register(ids: typer.Typer) -> None:
    for command in (merge, split, retire, undo, acts, approve, withdraw, apply):
        ids.command()(command)


def merge(
    state_id: Annotated[str, typer.Argument(help="One of the child's two state IDs.")],
    other: Annotated[str, typer.Argument(help="The other one.")],
    reason: ReasonOption = "",
    keep: Annotated[
        str | None,
        typer.Option("--keep", help="The one that survives; the older one when left out.", show_default=False),
    ] = None,
    force: ForceOption = False,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Join two state IDs of one child; the other one forwards for ever.

    Example: mosis ids merge 4829105736 9170346285 --reason "One child, entered twice; confirmed by both districts" --dry-run
    """
    from matching.corrections.change import Order

    order = Order("merge", state_id=state_id, other_id=other, keeps=keep, is_forced=force)
    _give(order, home, actor, reason, dry_run, as_json)


def split(
    state_id: Annotated[str, typer.Argument(help="The state ID that two children share.")],
    line: Annotated[
        list[str] | None,
        typer.Option(
            "--line",
            help="A record of one child: SUBMISSION:LINE it first came with. Again for each.",
            show_default=False,
        ),
    ] = None,
    district: Annotated[
        str | None, typer.Option("--district", help="All records of this district.", show_default=False)
    ] = None,
    local_id: Annotated[
        str | None,
        typer.Option("--local-id", help="With --district: only the records with this local ID.", show_default=False),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", help="A number merged into it that comes back for the other child.", show_default=False),
    ] = None,
    keeps: Annotated[
        str, typer.Option("--keeps", help="Who keeps the number: earliest (evidence), selected or rest.")
    ] = "earliest",
    reason: ReasonOption = "",
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell two children under one state ID apart. Without a selection: list its records to choose from.

    Example: mosis ids split 4829105736 --district 048078 --reason "Cousins of one name; confirmed by both districts" --dry-run
    """  # fmt: skip
    from flows.split_selection import list_records, selected_lines
    from matching.corrections.change import Order
    from schemas.errors import UsageError

    if keeps not in ("earliest", "selected", "rest"):
        raise UsageError(f"--keeps is {keeps}; it must be earliest, selected or rest.")
    if not (line or district or to or local_id):
        with _opened(home) as session:
            show_records(state_id, list_records(session, state_id), as_json)
        return
    with _opened(home) as session:
        lines = selected_lines(session, state_id, line or (), district, local_id)
        order = Order(
            "split", state_id=state_id, other_id=to, lines=lines, keeps=None if keeps == "earliest" else keeps
        )
        _give_in(session, order, actor, reason, dry_run, as_json)


def retire(
    state_id: Annotated[str, typer.Argument(help="The state ID that should never have been given.")],
    reason: ReasonOption = "",
    force: ForceOption = False,
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Withdraw a state ID that no child belongs to; it is never given again.

    Example: mosis ids retire 4829105736 --reason "A test record of the vendor" --dry-run
    """
    from matching.corrections.change import Order

    _give(Order("retire", state_id=state_id, is_forced=force), home, actor, reason, dry_run, as_json)


def undo(
    act: Annotated[int, typer.Argument(help="Number of the act (mosis ids acts), which is that of its journal block.")],
    reason: ReasonOption = "",
    actor: ActorOption = None,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a merge, split or retirement back exactly; refused while later acts build on it.

    Example: mosis ids undo 212 --reason "The districts sent two birth certificates" --dry-run
    """
    from matching.corrections.change import Order

    _give(Order("undo", act_number=act), home, actor, reason, dry_run, as_json)


def acts(
    state_id: Annotated[
        str | None, typer.Option("--id", help="Only those about this state ID.", show_default=False)
    ] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only what still waits.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List merges, splits, retirements and undos: what waits for whom, what was done, what was taken back.

    Example: mosis ids acts --open
    """
    from flows.session import open_reader
    from matching.corrections.register import OPEN_STATES, load_corrections

    with open_reader(open_home(home)) as reader:
        found = load_corrections(reader.con, statuses=OPEN_STATES if only_open else (), state_id=state_id)
    if as_json:
        print(json.dumps({"format_version": 1, "acts": [act_json(item) for item in found]}, indent=2))
        return
    if not found:
        print("No act waits." if only_open else "Nothing was merged, split, retired or undone.")
    for item in found:
        print(act_text(item))


def approve(
    act: Annotated[int, typer.Argument(help="Number of the act: mosis ids acts --open")],
    actor: ActorOption = None,
    home: HomeOption = None,
) -> None:
    """Agree, as the second person, to what somebody else ordered; it is carried out unless a testing window is open.

    Example: mosis ids approve 212 --actor mbaker
    """
    from flows.corrections import approve_correction
    from matching.student_ids import SystemIdSource

    with _opened(home) as session:
        for sentence in approve_correction(session, act, actor=actor or login_name(), id_source=SystemIdSource()):
            print(sentence)


def withdraw(
    act: Annotated[int, typer.Argument(help="Number of the act: mosis ids acts --open")],
    reason: ReasonOption = "",
    actor: ActorOption = None,
    home: HomeOption = None,
) -> None:
    """Call off an act that still waits.

    Example: mosis ids withdraw 212 --reason "The district found its own mistake"
    """
    from flows.corrections import withdraw_correction

    with _opened(home) as session:
        withdraw_correction(session, act, actor=actor or login_name(), reason=reason)
    print(f"Act {act} was withdrawn; nothing was changed.")


def apply(home: HomeOption = None) -> None:
    """Carry out the acts that waited for a testing window which has closed; each mosis run does so too.

    Example: mosis ids apply
    """
    from flows.corrections import apply_waiting, write_missing_notices
    from matching.student_ids import SystemIdSource

    with _opened(home) as session:
        write_missing_notices(session)
        said = apply_waiting(session, SystemIdSource())
    for sentence in said:
        print(sentence)
    if not said:
        print("Nothing was carried out: no act waits, or a testing window is open. See: mosis ids acts --open")


def _opened(home: Any) -> Any:
    from flows.session import open_session
    from schemas.clock import SystemClock

    return open_session(open_home(home), SystemClock())


def _give(order: "Order", home: Any, actor: str | None, reason: str, dry_run: bool, as_json: bool) -> None:
    with _opened(home) as session:
        _give_in(session, order, actor, reason, dry_run, as_json)


def _give_in(session: Any, order: "Order", actor: str | None, reason: str, dry_run: bool, as_json: bool) -> None:
    from flows.corrections import order_correction, preview_correction
    from matching.student_ids import SystemIdSource

    who, source = actor or login_name(), SystemIdSource()
    if dry_run:
        show_preview(order, preview_correction(session, order, actor=who, id_source=source), as_json)
        return
    show_ordered(order_correction(session, order, actor=who, reason=reason, id_source=source), as_json)
