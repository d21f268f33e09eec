"""The difference of two school years as text for the terminal, and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from outputs.dictionary_diff.compare import DateDifference, LayoutDifference, YearDifference
from outputs.dictionary_diff.names import year_name
from outputs.next_steps import counted, long_date

KINDS = {
    "added": "New", "dropped": "Gone", "renamed": "Renamed", "lengthened": "Longer", "shortened": "Shorter",
    "requirement": "Asked", "changed": "Changed", "expired": "Ends",
}  # fmt: skip


def difference_text(difference: YearDifference) -> str:
    """What a district has to change, layout by layout; then codes and days."""
    lines = [headline(difference), ""]
    for layout in difference.changed_layouts:
        lines += [*_layout_lines(layout), ""]
    if same := [layout.title for layout in difference.layouts if layout.kind == "same"]:
        lines += [f"Without a change: {', '.join(same)}.", ""]
    if difference.codes:
        lines += ["Codes", *_code_lines(difference), ""]
    lines += ["Due dates", *map(date_line, difference.dates)]
    return "\n".join(lines) + "\n"


def difference_json(difference: YearDifference) -> dict[str, Any]:
    """The same as one object; days as text."""
    return {"format_version": 1, **_plain(asdict(difference))}


def headline(difference: YearDifference) -> str:
    """One sentence for the whole year."""
    years = f"from {year_name(difference.before)} to {year_name(difference.after)}"
    if not difference.changed_layouts and not difference.codes:
        return f"Nothing changes {years} but the days."
    kinds = [change.kind for layout in difference.layouts for change in layout.columns]
    parts = [
        counted(kinds.count("added"), "new column"),
        counted(kinds.count("dropped"), "column goes", "columns go"),
        counted(sum(kind not in ("added", "dropped") for kind in kinds), "column changes", "columns change"),
        counted(sum(len(layout.rules) for layout in difference.layouts), "rule differs", "rules differ"),
        counted(len(difference.codes), "code begins or ends", "codes begin or end"),
    ]
    new = [layout.title for layout in difference.layouts if layout.kind == "new"]
    more = f" New: {', '.join(new)}." if new else ""
    return f"What changes {years}: {'; '.join(parts)}.{more}"


def date_line(day: DateDifference) -> str:
    """One collection with its day, and how the day moved."""
    moved = {"same": "", "new": "  new", "moved": f"  was {day.was_due:%B} {day.was_due.day}" if day.was_due else ""}
    return f"  {day.due_date}  {day.collection:<24}{day.title}{moved[day.kind]}"


def layout_line(layout: LayoutDifference) -> str:
    """What happens to the layout as a whole."""
    if layout.kind == "new":
        return f"A new file of {layout.column_count} columns."
    if layout.kind == "gone":
        return "No longer collected."
    parts = []
    if layout.width_before != layout.width:
        parts.append(f"A fixed-width record has {layout.width} characters; it had {layout.width_before}.")
    return " ".join([f"{layout.column_count} columns.", *parts])


def _layout_lines(layout: LayoutDifference) -> Iterator[str]:
    yield layout.title + (f" ({', '.join(layout.literals)})" if layout.literals else "")
    yield f"  {layout_line(layout)}"
    for column in layout.columns:
        yield f"  {KINDS[column.kind]:<10}{column.column}: {column.words}"
    for rule in layout.rules:
        yield f"  {KINDS[rule.kind]:<10}rule {rule.rule_id} ({rule.severity}): {rule.title}. {rule.words}"


def _code_lines(difference: YearDifference) -> Iterator[str]:
    for code in difference.codes:
        when = ("from" if code.kind == "added" else "last on") + f" {long_date(code.day)}" if code.day else ""
        yield f"  {KINDS[code.kind]:<10}{code.code} of {code.code_set}, {when}: {code.meaning}"
        yield f"{'':<12}{', '.join(code.columns)}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
