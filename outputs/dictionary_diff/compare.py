"""Two school years of the data dictionary, held against each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from outputs.dictionary_diff.columns import ColumnChange, compare_columns
from outputs.dictionary_diff.names import cycles_of, layout_title
from outputs.dictionary_diff.rules import RuleChange, compare_rules
from schemas.dictionary import ID_BATCH, Code, Collection, Dictionary
from schemas.errors import UnknownName


@dataclass(frozen=True, slots=True)
class LayoutDifference:
    """What changes in one record layout; ``kind`` is new, gone, changed or same."""

    layout: str
    title: str
    kind: str
    literals: tuple[str, ...]
    column_count: int
    width_before: int | None
    width: int | None
    columns: list[ColumnChange]
    rules: list[RuleChange]


@dataclass(frozen=True, slots=True)
class CodeDifference:
    """A code that begins or ends between the two years; ``day`` is the first or the last day it may be used."""

    kind: str
    code_set: str
    code: str
    meaning: str
    day: date | None
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DateDifference:
    """The days of one collection in the new year; ``was_due`` where the day of the year moved or the collection is new."""

    collection: str
    title: str
    layout: str
    cycle: str
    count_date: date | None
    window_opens: date | None
    due_date: date
    kind: str
    was_due: date | None


@dataclass(frozen=True, slots=True)
class YearDifference:
    """Everything that changes from ``before`` to ``after``."""

    before: int
    after: int
    dictionary_version: str
    layouts: list[LayoutDifference]
    codes: list[CodeDifference]
    dates: list[DateDifference]

    @property
    def changed_layouts(self) -> list[LayoutDifference]:
        return [layout for layout in self.layouts if layout.kind != "same"]


def compare_years(dictionary: Dictionary, before: int, after: int) -> YearDifference:
    """What changes from one school year to another.

    Raises:
        UnknownName: the dictionary has no such school year.
    """
    for year in (before, after):
        if year not in dictionary.school_years:
            known = ", ".join(map(str, dictionary.school_years))
            raise UnknownName(f"The data dictionary has no school year {year}. School years: {known}.")
    layouts = [_layout(dictionary, name, before, after) for name in dictionary.layout_names]
    return YearDifference(
        before,
        after,
        dictionary.version,
        [layout for layout in layouts if layout is not None],
        list(_codes(dictionary, before, after)),
        _dates(dictionary, before, after),
    )


def _layout(dictionary: Dictionary, name: str, before: int, after: int) -> LayoutDifference | None:
    old, new = dictionary.layouts.get((name, before)), dictionary.layouts.get((name, after))
    literals = tuple(each.version for each in _collections(dictionary, after) if each.layout == name)
    if name == ID_BATCH:
        literals = (ID_BATCH,)
    columns: list[ColumnChange] = []
    rules: list[RuleChange] = []
    if old and new:
        columns = compare_columns(old, new, cycles_of(dictionary, name, before), cycles_of(dictionary, name, after))
        rules = compare_rules(dictionary, name, before, after)
        kind = "changed" if columns or rules else "same"
    elif new or old:
        kind = "new" if new else "gone"
    else:
        return None
    return LayoutDifference(
        name, layout_title(name), kind, literals, len(new.fields) if new else 0,
        old.width if old else None, new.width if new else None, columns, rules,
    )  # fmt: skip


def _codes(dictionary: Dictionary, before: int, after: int) -> Iterator[CodeDifference]:
    for code_set, codes in dictionary.code_sets.items():
        columns = _columns_with(dictionary, code_set, before, after)
        for code in codes if columns else ():
            was, now = _in_use(code, before), _in_use(code, after)
            if now and not was:
                yield CodeDifference("added", code_set, code.code, code.meaning, code.effective, columns)
            elif was and not now:
                yield CodeDifference("expired", code_set, code.code, code.meaning, code.expires, columns)


def _in_use(code: Code, school_year: int) -> bool:
    """Whether a code may be used on a day of a school year, 1 July to 30 June."""
    first, last = date(school_year - 1, 7, 1), date(school_year, 6, 30)
    return (code.effective or first) <= last and (code.expires or last) >= first


def _columns_with(dictionary: Dictionary, code_set: str, *school_years: int) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            f"{layout_title(name)}: {field.column}"
            for (name, year), layout in dictionary.layouts.items()
            if year == school_years[-1]
            for field in layout.fields
            if field.code_set == code_set
        )
    )


def _dates(dictionary: Dictionary, before: int, after: int) -> list[DateDifference]:
    earlier = {(each.layout, each.cycle): each for each in _collections(dictionary, before)}
    found = []
    for each in _collections(dictionary, after):
        old = earlier.get((each.layout, each.cycle))
        if each.due_date is None:
            continue
        was = old.due_date if old else None
        moved = was is not None and (was.month, was.day) != (each.due_date.month, each.due_date.day)
        kind = "new" if old is None else "moved" if moved else "same"
        found.append(
            DateDifference(
                each.version,
                each.title,
                layout_title(each.layout),
                each.cycle,
                each.count_date,
                each.window_opens,
                each.due_date,
                kind,
                was,
            )
        )
    return sorted(found, key=lambda each: (each.due_date, each.collection))


def _collections(dictionary: Dictionary, school_year: int) -> list[Collection]:
    return [each for each in dictionary.collections if each.school_year == school_year and each.due_date is not None]
