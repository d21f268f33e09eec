"""``mosis ids merge | split | retire | undo`` and what goes with them: acts, approve, withdraw, apply."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import HomeOption, JsonOption, open_home
from flows.cli.options import actor as login_name

if TYPE_CHECKING:
    from flows.corrections import Ordered, Preview
    from matching.corrections.change import Order
    from matching.corrections.register import Correction

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

# Rows listed on the terminal; --json lists all.
_MOST_ROWS = 40


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
    from flows.corrections import list_records, selected_lines
    from matching.corrections.change import Order
    from schemas.errors import UsageError

    if keeps not in ("earliest", "selected", "rest"):
        raise UsageError(f"--keeps is {keeps}; it must be earliest, selected or rest.")
    if not (line or district or to or local_id):
        with _opened(home) as session:
            _show_records(state_id, list_records(session, state_id), as_json)
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
        print(json.dumps({"format_version": 1, "acts": [_act_json(item) for item in found]}, indent=2))
        return
    if not found:
        print("No act waits." if only_open else "Nothing was merged, split, retired or undone.")
    for item in found:
        print(_act_text(item))


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
        _show_preview(order, preview_correction(session, order, actor=who, id_source=source), as_json)
        return
    _show_ordered(order_correction(session, order, actor=who, reason=reason, id_source=source), as_json)


def _show_preview(order: "Order", preview: "Preview", as_json: bool) -> None:
    from flows.corrections import in_words, touched_counts
    from matching.corrections.preview import EFFECTS

    if as_json:
        body = {
            "format_version": 1, "kind": order.kind, "would_be": preview.status,
            "waits_until": preview.window.closes.isoformat() if preview.window else None,
            "change": preview.change.to_facts(), "notes": list(preview.change.notes),
            "rows": [row.to_json() for row in preview.rows], "effects": EFFECTS,
        }  # fmt: skip
        print(json.dumps(body, indent=2))
        return
    print(f"This would be done: {in_words(order.kind, preview.change)}")
    for note in preview.change.notes:
        print(f"  {note}")
    for standing in preview.change.standings:
        before = _standing_words(*standing.before) if standing.before else "not given yet"
        print(f"  {standing.state_id}: {before} -> {_standing_words(*standing.after)}")
    print(f"\nRows it is about: {len(preview.rows):,}")
    counts = touched_counts(preview.rows)
    for (table, effect), count in counts.items():
        print(f"  {count:>5,}  {table:<28} {effect.replace('_', ' ')}")
    for effect in dict.fromkeys(effect for _, effect in counts):
        print(f"         {effect.replace('_', ' ')}: {EFFECTS[effect]}")
    _print_rows(preview)
    print()
    print(_would_be_words(preview))


def _print_rows(preview: "Preview") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("table", "file", "line", "district", "local ID", "old", "new", box=None, pad_edge=False)
    for row in preview.rows[:_MOST_ROWS]:
        new = "same" if row.effect == "stays" else row.new_state_id or "none"
        standing = f" ({row.standing})" if row.standing else ""
        table.add_row(
            row.table, row.submission_id + standing, str(row.line_number), row.district_code or "",
            row.local_student_id or "", row.old_state_id, new,
        )  # fmt: skip
    console = Console()
    print()
    console.print(table, highlight=False, markup=False) if console.is_terminal else Console(width=160).print(table)
    if len(preview.rows) > _MOST_ROWS:
        print(f"… and {len(preview.rows) - _MOST_ROWS:,} rows more; --json lists all.")


def _would_be_words(preview: "Preview") -> str:
    window = preview.window
    if preview.status == "proposed":
        return "It would wait for a second person (second_approver in mosis.toml). Nothing was changed."
    if preview.status == "waiting" and window:
        return (
            f"It would wait until {window.assessment} ends on {window.closes:%m/%d/%Y}, then be carried out by the next "
            "mosis run. Nothing was changed."
        )
    return "It would be carried out at once. Nothing was changed; leave --dry-run out to do it."


def _show_ordered(ordered: "Ordered", as_json: bool) -> None:
    from flows.corrections import in_words

    if as_json:
        body = {
            "format_version": 1, "act": ordered.act_number, "kind": ordered.kind, "status": ordered.status,
            "waits_until": ordered.window.closes.isoformat() if ordered.window else None,
            "change": ordered.change.to_facts() if ordered.status == "applied" else None,
            "notes": list(ordered.change.notes), "notified": list(ordered.notified),
        }  # fmt: skip
        print(json.dumps(body, indent=2))
        return
    number = ordered.act_number
    if ordered.status == "proposed":
        print(f"Act {number} ({ordered.kind}) is proposed; nothing is changed yet.")
        print(
            f"Another person has to agree: mosis ids approve {number} --actor NAME. To call it off: mosis ids withdraw {number}"
        )
        return
    if ordered.status == "waiting" and ordered.window:
        print(
            f"Act {number} ({ordered.kind}) waits: {ordered.window.assessment} is being given until "
            f"{ordered.window.closes:%m/%d/%Y}. The first mosis run after that carries it out."
        )
        print(f"To call it off: mosis ids withdraw {number}")
        return
    print(f"Act {number}: {in_words(ordered.kind, ordered.change)}")
    for note in ordered.change.notes:
        print(f"  {note}")
    if ordered.notified:
        print(
            f"Told: {', '.join(ordered.notified)} (outbox/<district>/id_changes/, precode/<assessment>/id_crosswalk_*.csv)"
        )
    if ordered.kind != "undo":
        print(f'To take it back: mosis ids undo {number} --reason "..."')


def _show_records(state_id: str, records: list[dict[str, Any]], as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    if as_json:
        print(json.dumps({"format_version": 1, "state_id": state_id, "records": records}, indent=2))
        return
    print(
        f"Records of {state_id}, the earliest evidence first. The same letter: same last name, first name and birth date."
    )
    table = Table(
        "--line", "letter", "district", "school", "local ID", "grade", "years", "under", box=None, pad_edge=False
    )
    for row in records:
        table.add_row(
            row["line"], row["likeness"], row["district_code"], row["school_code"] or "", row["local_student_id"] or "",
            row["grade"] or "", row["school_years"], row["own_id"],
        )  # fmt: skip
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table, highlight=False, markup=False)
    print(
        f'\nSelect the records of one child: mosis ids split {state_id} --line ... (or --district ...) --dry-run --reason "..."'
    )


def _standing_words(status: str, merged_into: str | None) -> str:
    return f"{status} into {merged_into}" if merged_into else status


def _act_text(item: "Correction") -> str:
    from flows.corrections import in_words
    from schemas.clock import missouri_day

    what = in_words(item.kind, item.change) if item.change else _asked(item)
    day = f"{missouri_day(item.applied_at or item.accepted_at):%m/%d/%Y}"
    more = {
        "proposed": f"waits for a second person: mosis ids approve {item.act_number} --actor NAME",
        "waiting": f"waits until {item.waits_until:%m/%d/%Y}" if item.waits_until else "waits for the next mosis run",
        "undone": f"undone by act {item.undone_by}",
    }.get(item.status, item.note or "")
    approved = f", approved by {item.approver}" if item.approver else ""
    lines = [f"{item.act_number:>6}  {item.status:<9} {day}  {item.kind}: {what}"]
    lines.append(f"        by {item.actor}{approved}: {item.reason}")
    return "\n".join([*lines, f"        {more}"] if more else lines)


def _asked(item: "Correction") -> str:
    order = item.order
    if order.kind == "merge":
        return f"{order.state_id} with {order.other_id}"
    if order.kind == "undo":
        return f"act {order.act_number}"
    if order.kind == "split":
        return f"{order.state_id}, {len(order.lines)} records selected" + (
            f", to {order.other_id}" if order.other_id else ""
        )
    return str(order.state_id)


def _act_json(item: "Correction") -> dict[str, Any]:
    from schemas.clock import rfc3339

    return {
        "act": item.act_number, "kind": item.kind, "status": item.status, "order": item.order.to_facts(),
        "change": item.change.to_facts() if item.change else None, "actor": item.actor, "reason": item.reason,
        "approver": item.approver, "accepted_at": rfc3339(item.accepted_at),
        "waits_until": item.waits_until.isoformat() if item.waits_until else None,
        "applied_at": rfc3339(item.applied_at) if item.applied_at else None, "block": item.applied_block,
        "undone_by": item.undone_by, "note": item.note,
    }  # fmt: skip
