"""``dictionary show``: collections, record layouts and single fields of the data dictionary, as rows and as text."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any

from schemas.data_files import Change
from schemas.dictionary import Collection, Dictionary, Field, RecordLayout
from schemas.errors import UnknownName
from schemas.rules import load_rule_book

TEXT_COLUMNS = ("position", "column", "requirement", "type", "size", "code_set", "access_level", "definition")


def collection_rows(dictionary: Dictionary) -> list[dict[str, Any]]:
    """One row a collection, by due date: literal, layout, cycle, days and who is in it; those without a day last."""
    dated = sorted(
        dictionary.collections, key=lambda each: (each.due_date is None, each.due_date or date.max, each.version)
    )
    return [
        {
            "collection": collection.version,
            "layout": collection.layout,
            "school_year": collection.school_year if collection.due_date else None,
            "cycle": collection.cycle or None,
            "title": collection.title,
            "count_date": _iso(collection.count_date),
            "window_opens": _iso(collection.window_opens),
            "due_date": _iso(collection.due_date),
            "population": collection.population,
            "corrected": _said(collection.change),
        }
        for collection in (*dated, dictionary.id_batch)
    ]


def field_rows(dictionary: Dictionary, collection: Collection) -> list[dict[str, Any]]:
    """One row a field in file order, with its characters in a fixed-width file and what the cycle asks of it."""
    return [
        {
            "item": field.item or None,
            "position": f"{first}-{last}",
            "column": field.column,
            "standard_name": field.standard_name,
            "requirement": field.requirement(collection.cycle),
            "type": field.type,
            "length": field.length,
            "precision": field.precision,
            "code_set": field.code_set,
            "access_level": field.access_level,
            "periodicity": field.periodicity,
            "purpose": field.purpose,
            "definition": field.definition,
            "source": field.source,
            "corrected": _said(field.change),
        }
        for field, first, last in dictionary.layout_of(collection).positions()
    ]


def show_collections(dictionary: Dictionary) -> str:
    """All collections as a text table."""
    rows = collection_rows(dictionary)
    table = _table(("due_date", "collection", "layout", "count_date", "window_opens", "title"), rows)
    corrections = [f"{row['collection']}: {row['corrected']}" for row in rows if row["corrected"]]
    return "\n".join([f"Data dictionary {dictionary.version}", "", table, *corrections]).rstrip("\n") + "\n"


def show_layout(dictionary: Dictionary, collection: Collection) -> str:
    """The layout of a collection as a text table, one line a field."""
    layout = dictionary.layout_of(collection)
    rows = [{**row, "size": _size(row)} for row in field_rows(dictionary, collection)]
    head = (
        f"{collection.version}: {collection.title}\n{collection.population}\n"
        f"{len(layout.fields)} fields, {layout.width} characters in a fixed-width file. "
        f"Dictionary {dictionary.version}."
    )
    corrections = [f"{row['column']}: {row['corrected']}" for row in rows if row["corrected"]]
    return "\n".join([head, "", _table(TEXT_COLUMNS, rows), *corrections]).rstrip("\n") + "\n"


def show_field(dictionary: Dictionary, collection: Collection, name: str) -> str:
    """Everything about one field: its definition, its codes and the rules that look at it.

    Args:
        name: header name or standard name; case does not matter.

    Raises:
        UnknownName: the layout has no such field.
    """
    field = find_field(dictionary.layout_of(collection), name)
    row = next(row for row in field_rows(dictionary, collection) if row["standard_name"] == field.standard_name)
    facts = [f"{label:<14}{value}" for label, value in row.items() if value is not None]
    return "\n".join([*facts, *_code_lines(dictionary, field), *_rule_lines(dictionary, collection, field)]) + "\n"


def find_field(layout: RecordLayout, name: str) -> Field:
    """A field by its header name or standard name, trimmed and case-folded.

    Raises:
        UnknownName: the layout has no such field.
    """
    wanted = name.strip().casefold()
    found = layout.by_header.get(wanted) or layout.by_standard_name.get(wanted)
    if found is None:
        close = get_close_matches(wanted, [*layout.by_header, *layout.by_standard_name], n=1, cutoff=0.6)
        hint = (
            f" Did you mean {find_field(layout, close[0]).column}?" if close else " All fields: mosis dictionary show"
        )
        raise UnknownName(f"Layout {layout.name} of {layout.school_year} has no field {name!r}.{hint}")
    return found


def _code_lines(dictionary: Dictionary, field: Field) -> list[str]:
    if not field.code_set or field.code_set not in dictionary.code_sets:
        return []
    lines = []
    for code in dictionary.code_sets[field.code_set]:
        days = [f"{word} {day}" for word, day in (("from", code.effective), ("to", code.expires)) if day]
        lines.append(f"  {code.code:<6}{code.meaning}{f' ({chr(32).join(days)})' if days else ''}")
        lines += [f"        {code.change}"] if code.change else []
    return ["", f"Codes of {field.code_set}:", *lines]


def _rule_lines(dictionary: Dictionary, collection: Collection, field: Field) -> list[str]:
    rules = [r for r in load_rule_book(dictionary, collection).rules if field.standard_name in r.fields]
    lines = []
    for rule in rules:
        lines.append(f"  {rule.rule_id} {rule.severity}  {rule.message}")
        lines += [f"              {rule.change}"] if rule.change else []
    return ["", "Rules:", *lines]


def _size(row: Mapping[str, Any]) -> str:
    return str(row["length"]) if row["precision"] is None else f"{row['length']},{row['precision']}"


def _said(change: Change | None) -> str | None:
    return str(change) if change else None


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    lines = [
        tuple(columns),
        *(tuple(str(row[name] if row[name] is not None else "") for name in columns) for row in rows),
    ]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    texts = [
        "  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ]
    return "\n".join(texts) + "\n"
