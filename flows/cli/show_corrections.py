"""How the command line shows a correction of state IDs: its preview, what became of it, and the list of acts."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from flows.corrections import Ordered, Preview
    from matching.corrections.change import Order
    from matching.corrections.preview import TouchedRow
    from matching.corrections.register import Correction

# Lines listed on the terminal; --json lists all.
_MOST_LINES = 40


def show_preview(order: "Order", preview: "Preview", as_json: bool) -> None:
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
    print(f"Preview, nothing is changed. {order.kind.capitalize()}: {in_words(order.kind, preview.change)}")
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
    """One row a line of a file, with the tables it stands in."""
    from rich.table import Table

    lines: dict[tuple[str, int], list[TouchedRow]] = {}
    for row in preview.rows:
        lines.setdefault((row.submission_id, row.line_number), []).append(row)
    table = Table(box=None, pad_edge=False)
    for heading in ("file:line", "district", "standing", "old", "new", "stands in"):
        # A name that is cut cannot be used.
        table.add_column(heading, overflow="fold", min_width=10 if heading in ("old", "new") else None)
    for (name, line), rows in sorted(lines.items())[:_MOST_LINES]:
        first = rows[0]
        new = "same" if first.effect == "stays" else first.new_state_id or "none"
        tables = ", ".join(row.table.split(".")[-1] if row.table != "precode.record" else "pre-code" for row in rows)
        table.add_row(
            f"{name}:{line}", first.district_code or "", first.standing or "", first.old_state_id, new, tables
        )
    print()
    _print_table(table)
    if len(lines) > _MOST_LINES:
        print(f"… and {len(lines) - _MOST_LINES:,} lines more; --json lists all.")


def _print_table(table: "Table") -> None:
    """As wide as the terminal; a file or a pipe gets every column whole."""
    from rich.console import Console

    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table, highlight=False, markup=False)


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


def show_ordered(ordered: "Ordered", as_json: bool) -> None:
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


def show_records(state_id: str, records: list[dict[str, Any]], as_json: bool) -> None:
    from rich.table import Table

    if as_json:
        print(json.dumps({"format_version": 1, "state_id": state_id, "records": records}, indent=2))
        return
    print(
        f"Records of {state_id}, the earliest evidence first. The same letter: same last name, first name and birth date."
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("--line", "letter", "district", "school", "grade", "years", "under"):
        table.add_column(heading, overflow="fold", no_wrap=heading != "--line")
    for row in records:
        table.add_row(
            row["line"], row["likeness"], row["district_code"], row["school_code"] or "",
            row["grade"] or "", row["school_years"], row["own_id"],
        )  # fmt: skip
    _print_table(table)
    print(
        f'\nSelect the records of one child: mosis ids split {state_id} --line ... (or --district ...) --dry-run --reason "..."'
    )


def _standing_words(status: str, merged_into: str | None) -> str:
    return f"{status} into {merged_into}" if merged_into else status


def act_text(item: "Correction") -> str:
    from flows.corrections import in_words
    from schemas.clock import missouri_day

    what = in_words(item.kind, item.change) if item.change else _asked(item)
    day = f"{missouri_day(item.applied_at or item.accepted_at):%m/%d/%Y}"
    more = {
        "proposed": f"waits for a second person: mosis ids approve {item.act_number} --actor NAME",
        "waiting": _waits(item),
        "undone": f"undone by act {item.undone_by}",
    }.get(item.status, item.note or "")
    approved = f", approved by {item.approver}" if item.approver else ""
    lines = [f"{item.act_number:>6}  {item.status:<9} {day}  {item.kind}: {what}"]
    lines.append(f"        by {item.actor}{approved}: {item.reason}")
    return "\n".join([*lines, f"        {more}"] if more else lines)


def _waits(item: "Correction") -> str:
    if item.waits_until is None:
        return "waits for the next mosis run"
    return f"waits through {item.waits_until:%m/%d/%Y}, the end of a testing window"


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


def act_json(item: "Correction") -> dict[str, Any]:
    from schemas.clock import rfc3339

    return {
        "act": item.act_number, "kind": item.kind, "status": item.status, "order": item.order.to_facts(),
        "change": item.change.to_facts() if item.change else None, "actor": item.actor, "reason": item.reason,
        "approver": item.approver, "accepted_at": rfc3339(item.accepted_at),
        "waits_until": item.waits_until.isoformat() if item.waits_until else None,
        "applied_at": rfc3339(item.applied_at) if item.applied_at else None, "block": item.applied_block,
        "undone_by": item.undone_by, "note": item.note,
    }  # fmt: skip
