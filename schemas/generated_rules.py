"""Rules that the dictionary implies: templates of rule_book/generated.csv, filled for each field they concern.

A template row that names its fields goes before one that names none, so a published number can stand in for our own.
"""

from collections.abc import Callable, Iterator, Mapping

from schemas.data_files import DataRow
from schemas.dictionary import (
    DISTRICT_CODES,
    SCHOOL_CODES,
    SUBMITTED_STATE_ID,
    Collection,
    Dictionary,
    Field,
    RecordLayout,
)
from schemas.predicates import HIDDEN_COLUMNS, STATE_ID, exists_column

TEMPLATE_COLUMNS = (
    "kind", "layout", "fields", "number", "severity", "condition", "on_null", "applies_to", "title", "message", "fix",
    "source",
)  # fmt: skip
LAYOUT_COLUMNS = ("layout", "prefix", "key_fields", "source")
# Kinds that concern the file or the record as a whole, not one field each.
WHOLE_KINDS = ("record_count", "key")

# Which fields a kind of template is about; the only thing about generated rules that is not data.
CONCERNS: Mapping[str, Callable[[Field, Collection, Dictionary], bool]] = {
    "required": lambda field, collection, _: field.requirement(collection.cycle) == "Required",
    "not_allowed": lambda field, collection, _: field.requirement(collection.cycle) == "Not Allowed",
    "length": lambda field, _, __: True,
    "code_set": lambda field, _, dictionary: field.code_set in dictionary.code_sets,
    "integer": lambda field, _, __: field.type == "Integer",
    "number": lambda field, _, __: field.type == "Number",
    "date": lambda field, _, __: field.type == "Date",
    "district": lambda field, _, __: field.code_set == DISTRICT_CODES,
    "school": lambda field, _, __: field.code_set == SCHOOL_CODES,
}


def generated_texts(
    templates: list[DataRow], book: DataRow, dictionary: Dictionary, collection: Collection, layout: RecordLayout
) -> Iterator[tuple[DataRow, tuple[str, ...], dict[str, str]]]:
    """Every rule the dictionary implies for a collection, as text still to be compiled.

    Args:
        templates: rows of ``generated.csv``.
        book: the layout's row of ``layouts.csv``.

    Returns:
        template row, standard names of the rule's fields, and the filled texts (rule_id, condition, title, message,
        fix).
    """
    for kind in dict.fromkeys(row.choice("kind", (*CONCERNS, *WHOLE_KINDS)) for row in templates):
        rows = [row for row in templates if row["kind"] == kind and row["layout"] in ("", layout.name)]
        if kind in WHOLE_KINDS:
            yield from _whole_rule(rows, book, layout)
            continue
        for field in layout.fields:
            if CONCERNS[kind](field, collection, dictionary) and (row := _most_specific(rows, field)):
                slots = _field_slots(field, collection, dictionary)
                yield row, (field.standard_name,), _filled(row, book, slots)


def _most_specific(rows: list[DataRow], field: Field) -> DataRow | None:
    """The template of a field; none for a hidden one that no template names.

    An SSN never reaches validation as text: reading checks its form and passes on a status (design 2).
    """
    named = [row for row in rows if field.standard_name in row["fields"].split(";")]
    unnamed = [row for row in rows if not row["fields"] and field.standard_name not in HIDDEN_COLUMNS]
    return next(iter(named or unnamed), None)


def _whole_rule(
    rows: list[DataRow], book: DataRow, layout: RecordLayout
) -> Iterator[tuple[DataRow, tuple[str, ...], dict[str, str]]]:
    for row in rows[:1]:
        if row["kind"] == "record_count":
            yield row, (), _filled(row, book, {})
        elif key := tuple(filter(None, book["key_fields"].split(";"))):
            fields = tuple(SUBMITTED_STATE_ID if name == STATE_ID else name for name in key)
            if unknown := [name for name in fields if name not in layout.by_standard_name]:
                raise book.refuse(f"key field {', '.join(unknown)} is not in layout {layout.name}")
            columns = [layout.by_standard_name[name].column for name in fields]
            slots = {
                "key": ", ".join(key),
                "key_columns": " and ".join(filter(None, (", ".join(columns[:-1]), columns[-1]))),
            }
            yield row, fields, _filled(row, book, slots)


def _filled(row: DataRow, book: DataRow, slots: Mapping[str, str]) -> dict[str, str]:
    try:
        texts = {name: row.text(name).format(**slots) for name in ("condition", "title", "message", "fix")}
    except (KeyError, IndexError, ValueError) as fault:
        raise row.refuse(f"slot {fault} is not known for kind {row['kind']}") from None
    return {"rule_id": book.text("prefix") + row.text("number"), **texts}


def _field_slots(field: Field, collection: Collection, dictionary: Dictionary) -> dict[str, str]:
    codes = sorted(_usable_codes(field, collection, dictionary))
    shown = [code for code in codes if code not in dictionary.code_spellings(field.code_set or "")] if codes else []
    precision = field.precision or 0
    whole = field.length - precision - 1
    return {
        "field": field.standard_name,
        "column": field.column,
        "length": str(field.length),
        "characters": f"{field.length} character{'s' * (field.length > 1)}",
        "precision": str(precision),
        "whole": str(whole),
        "example": f"1.{'0' * precision}",
        "code_set": field.code_set or "",
        "codes": ", ".join(f"'{code.replace(chr(39), chr(39) * 2)}'" for code in codes),
        "code_list": ", ".join(shown),
        "exists": exists_column(field) or "",
    }


def _usable_codes(field: Field, collection: Collection, dictionary: Dictionary) -> frozenset[str]:
    if field.code_set not in dictionary.code_sets:
        return frozenset()
    # A code counts if it was valid on the count date, else on the day the window closes.
    return dictionary.codes(field.code_set or "", on=collection.count_date or collection.due_date)
