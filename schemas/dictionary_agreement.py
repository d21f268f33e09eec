"""Where layouts, school years and code sets must agree with each other; a row that does not is refused with its place.

One standard name is one thing: it is a column of one type wherever it stands, rules and pages compare it over layouts and
years, and answers copy it from one layout into another.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from schemas.data_files import DataRow
from schemas.dictionary import Code, Field, RecordLayout

DATE_LENGTH = 10
# Eighteen digits and a sign always fit 64 bits.
LONGEST_INTEGER = 19
Key = tuple[str, int]


def refuse_disagreements(
    rows: Mapping[Key, Sequence[DataRow]],
    layouts: Mapping[Key, RecordLayout],
    code_sets: Mapping[str, Sequence[Code]],
) -> None:
    """Raise for the first field that cannot be right beside the others.

    Args:
        rows: by layout and school year, the rows that its fields were made from, in the same order.

    Raises:
        DictionaryError: names file, row, what was found and what it disagrees with.
    """
    seen: dict[str, tuple[Field, DataRow]] = {}
    lengths: dict[tuple[str, int], tuple[Field, DataRow]] = {}
    for (name, year), layout in layouts.items():
        for field, row in zip(layout.fields, rows[(name, year)], strict=True):
            _refuse_length(field, row, code_sets, year)
            _refuse_type(field, row, *seen.setdefault(field.standard_name, (field, row)))
            if field.code_set is None:
                _refuse_other_length(field, row, *lengths.setdefault((field.standard_name, year), (field, row)))


def _refuse_length(field: Field, row: DataRow, code_sets: Mapping[str, Sequence[Code]], year: int) -> None:
    if field.type == "Date" and field.length != DATE_LENGTH:
        raise row.refuse(f"length {field.length} on a date; mm/dd/yyyy has {DATE_LENGTH} characters")
    if field.type == "Integer" and field.length > LONGEST_INTEGER:
        raise row.refuse(f"length {field.length} on a whole number; at most {LONGEST_INTEGER} characters can be kept")
    first, last = date(year - 1, 7, 1), date(year, 6, 30)
    for code in code_sets.get(field.code_set or "", ()):
        in_use = (code.effective or first) <= last and (code.expires or last) >= first
        if in_use and len(code.code) > field.length:
            raise row.refuse(
                f"length {field.length} is too short for code {code.code!r} of {field.code_set}, "
                f"which has {len(code.code)} characters"
            )


def _refuse_type(field: Field, row: DataRow, first: Field, place: DataRow) -> None:
    if (field.type, field.precision) != (first.type, first.precision):
        raise row.refuse(
            f"{field.standard_name} is {_kind(field)}, but {_kind(first)} in {place.path.parent.name}/{place.path.name} "
            f"line {place.line}; one standard_name has one type everywhere"
        )


def _refuse_other_length(field: Field, row: DataRow, first: Field, place: DataRow) -> None:
    if field.length != first.length:
        raise row.refuse(
            f"{field.standard_name} has length {field.length}, but {first.length} in "
            f"{place.path.parent.name}/{place.path.name} line {place.line} of the same school year"
        )


def _kind(field: Field) -> str:
    return field.type if field.precision is None else f"{field.type} with {field.precision} decimals"
