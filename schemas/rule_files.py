"""Reads the rule book's CSV files and compiles every row that concerns a collection; refuses what cannot work."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from schemas.across_files import rules_of_collection
from schemas.data_files import WITHDRAWN, DataRow, read_overlay, read_rows, refuse_doubles, with_overlay
from schemas.dictionary import DATA_FOLDER, SUBMITTED_STATE_ID, Collection, Dictionary, RecordLayout
from schemas.errors import RuleBookError
from schemas.generated_rules import LAYOUT_COLUMNS, TEMPLATE_COLUMNS, generated_texts
from schemas.predicates import (
    FILE_COLUMNS,
    Predicate,
    PredicateError,
    compile_predicate,
    names_state_id,
    record_columns,
    try_out_together,
)
from schemas.rules import Rule

RULE_COLUMNS = (
    "rule_id", "layout", "cycles", "severity", "scope", "fields", "condition", "on_null", "title", "message", "fix",
    "source", "passing_example", "failing_example", "first_year", "last_year",
)  # fmt: skip
BOOK = "rule_book"
SEVERITIES, SCOPES, ON_NULL = ("E", "W"), ("record", "file"), ("pass", "violation")
# What tells the rows of one file apart.
RULE_KEY = ("rule_id", "cycles", "first_year")
APPLIES_TO = ("all", "filled", "computed")
EVERY_CYCLE = "all"


def read_rules(dictionary: Dictionary, collection: Collection, layout: RecordLayout) -> tuple[Rule, ...]:
    """Generated rules in field order, then the rows of the layout's own CSV file that are valid for the collection."""
    implied = list(
        generated_texts(_templates(dictionary), _book_of(layout.name, dictionary), dictionary, collection, layout)
    )
    valid = _valid_rows(dictionary, collection, layout)
    seen = _Seen(layout, {phase: record_columns(layout, phase) for phase in (False, True)})
    conditions = [texts["condition"] for _, _, texts in implied] + [row["condition"] for row in valid]
    try_out_together(conditions, seen.columns[False])
    generated = [_generated_rule(row, fields, texts, seen) for row, fields, texts in implied]
    written = [(row, _written_rule(row, seen)) for row in valid]
    taken = {rule.rule_id for rule in generated}
    for row, rule in written:
        if rule.rule_id in taken:
            raise row.refuse(f"{rule.rule_id} is the number of a rule that the dictionary implies")
    return (*generated, *(rule for _, rule in written))


def written_rows(dictionary: Dictionary, layout: str) -> list[DataRow]:
    """The rows of a layout's own file in force; those that a correction withdrew are gone."""
    rows = _merged(dictionary, f"{layout}.csv", RULE_COLUMNS, RULE_KEY)
    return [row for row in rows if row["severity"] != WITHDRAWN or row.change is None]


def _templates(dictionary: Dictionary) -> list[DataRow]:
    return _merged(dictionary, "generated.csv", TEMPLATE_COLUMNS, ("kind", "layout", "fields"))


def _merged(dictionary: Dictionary, name: str, columns: tuple[str, ...], key: tuple[str, ...]) -> list[DataRow]:
    shipped = DATA_FOLDER / BOOK / name

    def place(row: DataRow) -> tuple[str, ...]:
        return tuple(row[part] for part in key)

    rows = read_rows(shipped, columns, RuleBookError) if shipped.is_file() else []
    refuse_doubles(rows, place, "rule")
    overlay = dictionary.overlay
    corrections = read_overlay(overlay / BOOK / name, columns, place, RuleBookError) if overlay else []
    return with_overlay(rows, corrections, place)


def rule_prefix(layout: str, dictionary: Dictionary) -> str:
    """The letters that the rule numbers of a layout begin with.

    Raises:
        RuleBookError: layouts.csv has no row for the layout.
    """
    return _book_of(layout, dictionary)["prefix"]


def key_fields(layout: str, dictionary: Dictionary) -> tuple[str, ...]:
    """The fields that may stand together only once in a file of a layout; empty where nothing is said.

    Raises:
        RuleBookError: layouts.csv has no row for the layout.
    """
    return tuple(filter(None, _book_of(layout, dictionary)["key_fields"].split(";")))


def missing_id_rule(layout: str, dictionary: Dictionary) -> str:
    """The number of the rule that a record without a state ID breaks.

    Raises:
        RuleBookError: layouts.csv has no row for the layout.
    """
    named = [row for row in _templates(dictionary) if row["kind"] == "required" and row["fields"] == SUBMITTED_STATE_ID]
    (number,) = {row["number"] for row in named if row["layout"] in ("", layout)}
    return rule_prefix(layout, dictionary) + number


def _book_of(layout: str, dictionary: Dictionary) -> DataRow:
    for row in _merged(dictionary, "layouts.csv", LAYOUT_COLUMNS, ("layout",)):
        if row["layout"] == layout:
            return row
    raise RuleBookError(f"{BOOK}/layouts.csv: no row for layout {layout}")


@dataclass(frozen=True)
class _Seen:
    """A layout and the columns that its record conditions see, by whether they run after identify."""

    layout: RecordLayout
    columns: Mapping[bool, Mapping[str, pl.DataType]]


def _generated_rule(row: DataRow, fields: tuple[str, ...], texts: dict[str, str], seen: _Seen) -> Rule:
    scope = "file" if row["kind"] == "record_count" else "record"
    return _rule(row, row["kind"], scope, fields, texts, seen, row.choice("applies_to", APPLIES_TO))


def _valid_rows(dictionary: Dictionary, collection: Collection, layout: RecordLayout) -> list[DataRow]:
    """The written rows that concern a collection."""
    valid = [row for row in written_rows(dictionary, layout.name) if _is_valid(row, collection, layout)]
    refuse_doubles(valid, lambda row: row["rule_id"], f"in {collection.version} rule")
    return valid


def _written_rule(row: DataRow, seen: _Seen) -> Rule:
    fields = tuple(filter(None, row["fields"].split(";")))
    texts = {name: row.text(name) for name in ("rule_id", "condition", "title", "message", "fix")}
    return _rule(row, "written", row.choice("scope", SCOPES), fields, texts, seen, "computed")


def _is_valid(row: DataRow, collection: Collection, layout: RecordLayout) -> bool:
    if row["layout"] != layout.name:
        raise row.refuse(f"layout is {row['layout']!r} in the file of {layout.name}")
    cycles = row.text("cycles").split(";")
    first = row.integer("first_year", 2000) if row["first_year"] else collection.school_year
    last = row.integer("last_year", 2000) if row["last_year"] else collection.school_year
    return first <= collection.school_year <= last and (EVERY_CYCLE in cycles or collection.cycle in cycles)


def _rule(
    row: DataRow,
    kind: str,
    scope: str,
    fields: tuple[str, ...],
    texts: dict[str, str],
    seen: _Seen,
    applies: str,
) -> Rule:
    layout = seen.layout
    if unknown := [name for name in fields if name not in layout.by_standard_name]:
        raise row.refuse(f"field {', '.join(unknown)} is not in layout {layout.name}")
    if scope == "record" and not fields:
        raise row.refuse("fields is empty; a record rule reports on its first field")
    after_identify = names_state_id(texts["condition"])
    return Rule(
        rule_id=texts["rule_id"],
        kind=kind,
        severity=row.choice("severity", SEVERITIES),
        scope=scope,
        fields=fields,
        columns=tuple(layout.by_standard_name[name].column for name in fields),
        predicate=_predicate(row, texts["condition"], scope, seen, after_identify),
        on_null=row.choice("on_null", ON_NULL),
        applies_to=applies,
        after_identify=after_identify,
        title=texts["title"],
        message=texts["message"],
        fix=texts["fix"],
        source=row.text("source"),
        passing_example=row.values.get("passing_example", ""),
        failing_example=row.values.get("failing_example", ""),
        change=row.change,
        place=row.place,
    )


def _predicate(row: DataRow, condition: str, scope: str, seen: _Seen, after_identify: bool) -> Predicate:
    columns = FILE_COLUMNS if scope == "file" else seen.columns[after_identify]
    try:
        return compile_predicate(condition, columns)
    except PredicateError as fault:
        raise row.refuse(f"condition: {fault}") from None


def read_titles(dictionary: Dictionary, collection: Collection) -> dict[tuple[str, str], str]:
    """Rule number and column reported -> title, of every rule of a collection: read, not compiled, so quick enough for any page."""
    layout = dictionary.layout_of(collection)
    templates, book = _templates(dictionary), _book_of(layout.name, dictionary)
    found = [
        (texts["rule_id"], fields[:1], texts["title"])
        for _, fields, texts in generated_texts(templates, book, dictionary, collection, layout)
    ]
    written = written_rows(dictionary, layout.name)
    found += [
        (row["rule_id"], tuple(filter(None, row["fields"].split(";")))[:1], row["title"])
        for row in written
        if _is_valid(row, collection, layout)
    ]
    across = [
        (each.rule.rule_id, each.rule.fields[:1], each.rule.title)
        for each in rules_of_collection(dictionary, collection, layout)
    ]
    return {
        (rule_id, layout.by_standard_name[fields[0]].column if fields else ""): title
        for rule_id, fields, title in (*found, *across)
    }
