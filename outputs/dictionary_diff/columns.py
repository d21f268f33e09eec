"""Columns of one layout in two school years: added, dropped, renamed, changed."""

from collections.abc import Iterator
from dataclasses import dataclass

from outputs.dictionary_diff.names import cycle_names
from schemas.dictionary import Field, RecordLayout


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """One thing that changes about one column; ``kind`` is added, dropped, renamed, lengthened, shortened or changed."""

    kind: str
    column: str
    words: str
    before: str | None = None
    after: str | None = None


def compare_columns(
    before: RecordLayout, after: RecordLayout, cycles_before: frozenset[str], cycles: frozenset[str]
) -> list[ColumnChange]:
    """Every change, in the order of the new file; dropped columns last."""
    changes: list[ColumnChange] = []
    for place, field in enumerate(after.fields):
        old = before.by_standard_name.get(field.standard_name)
        if old is None:
            changes.append(_added(field, after.fields[place - 1] if place else None, cycles))
        else:
            changes.extend(_changed(old, field, cycles_before & cycles))
    dropped = [field for field in before.fields if field.standard_name not in after.by_standard_name]
    changes += [
        ColumnChange("dropped", field.column, "Leave this column out.", before=_form(field)) for field in dropped
    ]
    return changes


def _added(field: Field, previous: Field | None, cycles: frozenset[str]) -> ColumnChange:
    where = f"after {previous.column}" if previous else "first"
    asked = "; ".join(f"{flag} in {cycle_names(which, cycles)}" for flag, which in _requirements(field, cycles))
    return ColumnChange("added", field.column, f"{field.definition}. {asked or field.requirement(None)}. Stands {where}.",
                        after=_form(field))  # fmt: skip


def _changed(old: Field, new: Field, cycles: frozenset[str]) -> Iterator[ColumnChange]:
    if old.column != new.column:
        words = f"Was {old.column}. Change the header, not the values."
        yield ColumnChange("renamed", new.column, words, old.column, new.column)
    if old.length != new.length:
        kind = "lengthened" if new.length > old.length else "shortened"
        words = f"{new.length} characters instead of {old.length}."
        yield ColumnChange(kind, new.column, words, str(old.length), str(new.length))
    if (old.type, old.precision) != (new.type, new.precision):
        words = f"Type {_form(new)} instead of {_form(old)}."
        yield ColumnChange("changed", new.column, words, _form(old), _form(new))
    if old.code_set != new.code_set:
        words = f"Codes of {new.code_set or 'no list'} instead of {old.code_set or 'no list'}."
        yield ColumnChange("changed", new.column, words, old.code_set, new.code_set)
    yield from _requirement_changes(old, new, cycles)


def _requirement_changes(old: Field, new: Field, cycles: frozenset[str]) -> Iterator[ColumnChange]:
    moved: dict[tuple[str, str], set[str]] = {}
    for cycle in cycles:
        pair = (old.requirement(cycle), new.requirement(cycle))
        if pair[0] != pair[1]:
            moved.setdefault(pair, set()).add(cycle)
    for (was, now), which in sorted(moved.items()):
        where = cycle_names(frozenset(which), cycles)
        yield ColumnChange("requirement", new.column, f"{now} in {where}; was {was}.", was, now)


def _requirements(field: Field, cycles: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    flags: dict[str, set[str]] = {}
    for cycle in cycles:
        flags.setdefault(field.requirement(cycle), set()).add(cycle)
    return sorted((flag, frozenset(which)) for flag, which in flags.items())


def _form(field: Field) -> str:
    size = str(field.length) if field.precision is None else f"{field.length},{field.precision}"
    codes = f", codes of {field.code_set}" if field.code_set else ""
    return f"{field.type} {size}{codes}"
