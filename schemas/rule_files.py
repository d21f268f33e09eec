"""Reads the rule book's CSV files and compiles every row that concerns a collection; refuses what cannot work."""

from collections.abc import Iterator
from pathlib import Path

from schemas.data_files import DataRow, read_rows, refuse_doubles, with_overlay
from schemas.dictionary import DATA_FOLDER, Collection, Dictionary, RecordLayout
from schemas.errors import RuleBookError
from schemas.generated_rules import LAYOUT_COLUMNS, TEMPLATE_COLUMNS, generated_texts
from schemas.predicates import (
    FILE_COLUMNS,
    Predicate,
    PredicateError,
    compile_predicate,
    names_state_id,
    record_columns,
)
from schemas.rules import Rule

RULE_COLUMNS = (
    "rule_id", "layout", "cycles", "severity", "scope", "fields", "condition", "on_null", "title", "message", "fix",
    "source", "passing_example", "failing_example", "first_year", "last_year",
)  # fmt: skip
BOOK = "rule_book"
SEVERITIES, SCOPES, ON_NULL = ("E", "W"), ("record", "file"), ("pass", "violation")
APPLIES_TO = ("all", "filled", "computed")
EVERY_CYCLE = "all"


def read_rules(dictionary: Dictionary, collection: Collection, layout: RecordLayout) -> tuple[Rule, ...]:
    """Generated rules in field order, then the rows of the layout's own CSV file that are valid for the collection."""
    folder = DATA_FOLDER / BOOK
    templates = _merged(dictionary, "generated.csv", TEMPLATE_COLUMNS, ("kind", "layout", "fields"))
    book = _book_of(layout.name, read_rows(folder / "layouts.csv", LAYOUT_COLUMNS, RuleBookError))
    generated = [
        _generated_rule(row, fields, texts, layout)
        for row, fields, texts in generated_texts(templates, book, dictionary, collection, layout)
    ]
    written = list(_written_rules(dictionary, collection, layout))
    taken = {rule.rule_id for rule in generated}
    for row, rule in written:
        if rule.rule_id in taken:
            raise row.refuse(f"{rule.rule_id} is the number of a rule that the dictionary implies")
    return (*generated, *(rule for _, rule in written))


def _merged(dictionary: Dictionary, name: str, columns: tuple[str, ...], key: tuple[str, ...]) -> list[DataRow]:
    rows = _own_rows(DATA_FOLDER / BOOK / name, columns)
    corrections = _own_rows(dictionary.overlay / BOOK / name, columns) if dictionary.overlay else []

    def place(row: DataRow) -> tuple[str, ...]:
        return tuple(row[part] for part in key)

    refuse_doubles(rows, place, "rule")
    refuse_doubles(corrections, place, "rule")
    return with_overlay(rows, corrections, place)


def _own_rows(path: Path, columns: tuple[str, ...]) -> list[DataRow]:
    return read_rows(path, columns, RuleBookError) if path.is_file() else []


def _book_of(layout: str, books: list[DataRow]) -> DataRow:
    refuse_doubles(books, lambda row: row["layout"], "layout")
    for row in books:
        if row["layout"] == layout:
            return row
    raise RuleBookError(f"{BOOK}/layouts.csv: no row for layout {layout}")


def _generated_rule(row: DataRow, fields: tuple[str, ...], texts: dict[str, str], layout: RecordLayout) -> Rule:
    scope = "file" if row["kind"] == "record_count" else "record"
    return _rule(row, row["kind"], scope, fields, texts, layout, row.choice("applies_to", APPLIES_TO))


def _written_rules(
    dictionary: Dictionary, collection: Collection, layout: RecordLayout
) -> Iterator[tuple[DataRow, Rule]]:
    rows = _merged(dictionary, f"{layout.name}.csv", RULE_COLUMNS, ("rule_id", "cycles", "first_year"))
    valid = [row for row in rows if _is_valid(row, collection, layout)]
    refuse_doubles(valid, lambda row: row["rule_id"], f"in {collection.version} rule")
    for row in valid:
        fields = tuple(filter(None, row["fields"].split(";")))
        texts = {name: row.text(name) for name in ("rule_id", "condition", "title", "message", "fix")}
        yield row, _rule(row, "written", row.choice("scope", SCOPES), fields, texts, layout, "computed")


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
    layout: RecordLayout,
    applies: str,
) -> Rule:
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
        predicate=_predicate(row, texts["condition"], scope, layout, after_identify),
        on_null=row.choice("on_null", ON_NULL),
        applies_to=applies,
        after_identify=after_identify,
        title=texts["title"],
        message=texts["message"],
        fix=texts["fix"],
        source=row.text("source"),
        passing_example=row.values.get("passing_example", ""),
        failing_example=row.values.get("failing_example", ""),
    )


def _predicate(row: DataRow, condition: str, scope: str, layout: RecordLayout, after_identify: bool) -> Predicate:
    columns = FILE_COLUMNS if scope == "file" else record_columns(layout, after_identify)
    try:
        return compile_predicate(condition, columns)
    except PredicateError as fault:
        raise row.refuse(f"condition: {fault}") from None
