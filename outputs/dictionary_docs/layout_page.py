"""The pages of a record layout and of a code set."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from outputs.dictionary_diff.names import cycle_names, cycles_of, layout_title, year_name
from outputs.dictionary_docs.catalogue import RuleEntry, where_valid
from outputs.dictionary_docs.links import code_set_page, layout_page, rule_page
from outputs.pages import render_page
from schemas.dictionary import CYCLES, DISTRICT_CODES, SCHOOL_CODES, Dictionary, Field, RecordLayout

TYPES = {
    "Text": "Text", "Integer": "Whole number", "Number": "Number", "Date": "Date, mm/dd/yyyy",
}  # fmt: skip
_DIRECTORY_CODES = {
    DISTRICT_CODES: "districts of the state's directory",
    SCHOOL_CODES: "schools of the state's directory",
}


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One column of a layout as the pages show it."""

    field: Field
    first: int
    last: int
    kind: str
    asked: list[tuple[str, str]]
    code_set: str | None
    codes_of: str | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule of a layout in a list; ``columns`` are those that the number stands for."""

    rule_id: str
    page: str
    title: str
    severity: str
    columns: str
    where: list[tuple[str, str]]
    entry: RuleEntry


def layout_html(dictionary: Dictionary, layout: RecordLayout, rules: Sequence[RuleEntry]) -> bytes:
    """A page for a layout of one school year.

    Args:
        rules: of this layout, of every year; only those of the layout's own year are shown.
    """
    valid = rules_of_year(rules, layout.school_year)
    years = [year for name, year in dictionary.layouts if name == layout.name]
    newest = dictionary.layout(layout.name)
    return render_page(
        "dictionary_layout.html.j2",
        title=f"MOSIS: {layout_title(layout.name)}, {year_name(layout.school_year)}",
        data=None,
        style="dictionary_docs/docs.css",
        version=dictionary.version,
        layout=layout,
        layout_title=layout_title(layout.name),
        year=year_name(layout.school_year),
        years=[
            (year_name(year), layout_page(layout.name, None if year == newest.school_year else year))
            for year in years if year != layout.school_year
        ],
        collections=[
            each for each in (*dictionary.collections, dictionary.id_batch)
            if (each.layout, each.school_year) == (layout.name, layout.school_year)
        ],
        fields=field_rows(dictionary, layout, valid),
        rules=rule_rows(dictionary, valid),
        code_set_page=code_set_page,
        rule_page=rule_page,
    )  # fmt: skip


def code_set_html(dictionary: Dictionary, code_set: str) -> bytes:
    """A page for a code set, with the columns that hold its codes."""
    used = {
        (name, field.column, field.standard_name): None
        for (name, year), layout in dictionary.layouts.items()
        if layout is dictionary.layout(name)
        for field in layout.fields
        if field.code_set == code_set
    }
    return render_page(
        "dictionary_code_set.html.j2",
        title=f"MOSIS codes: {code_set}",
        data=None,
        style="dictionary_docs/docs.css",
        version=dictionary.version,
        code_set=code_set,
        codes=dictionary.code_sets[code_set],
        used=[(layout_title(name), layout_page(name), column, anchor) for name, column, anchor in used],
    )


def rules_of_year(rules: Sequence[RuleEntry], school_year: int) -> list[RuleEntry]:
    return [entry for entry in rules if any(each.school_year == school_year for each in entry.collections)]


def field_rows(dictionary: Dictionary, layout: RecordLayout, rules: Sequence[RuleEntry]) -> list[FieldRow]:
    """The columns in file order, each with the written rules that look at it."""
    looking: dict[str, dict[str, None]] = {}
    for entry in rules:
        for name in entry.standard_names if not entry.is_generated else ():
            looking.setdefault(name, {})[entry.rule_id] = None
    cycles = cycles_of(dictionary, layout.name, layout.school_year) & set(CYCLES)
    rows = []
    for field, first, last in layout.positions():
        in_dictionary = field.code_set in dictionary.code_sets
        rows.append(
            FieldRow(
                field, first, last, TYPES[field.type], _asked(field, cycles),
                field.code_set if in_dictionary else None, _DIRECTORY_CODES.get(field.code_set or ""),
                tuple(looking.get(field.standard_name, ())),
            )
        )  # fmt: skip
    return rows


def rule_rows(dictionary: Dictionary, rules: Sequence[RuleEntry]) -> list[RuleRow]:
    """One row a rule number and title, written rules first."""
    groups: dict[tuple[str, str], list[RuleEntry]] = {}
    for entry in rules:
        groups.setdefault((entry.rule_id, entry.title), []).append(entry)
    rows = []
    for (rule_id, title), entries in groups.items():
        columns = tuple(dict.fromkeys(entry.column for entry in entries if entry.column))
        shown = ", ".join(columns) if len(columns) <= 3 else f"{len(columns)} columns"
        where = where_valid(_joined(entries), dictionary)
        rows.append(RuleRow(rule_id, rule_page(rule_id), title, entries[0].severity, shown, where, entries[0]))
    return rows


def _joined(entries: Sequence[RuleEntry]) -> RuleEntry:
    """One entry that holds wherever one of several does."""
    together = {each.version: each for entry in entries for each in entry.collections}
    return replace(entries[0], collections=sorted(together.values(), key=lambda each: each.school_year))


def _asked(field: Field, cycles: frozenset[str]) -> list[tuple[str, str]]:
    """What is asked of a column, and in which cycles where they differ."""
    flags: dict[str, set[str]] = {}
    for cycle in cycles:
        flags.setdefault(field.requirement(cycle), set()).add(cycle)
    if len(flags) < 2:
        return [(next(iter(flags), field.requirement(None)), "")]
    ordered = sorted(
        flags.items(), key=lambda each: ("Required", "Conditional", "Optional", "Not Allowed").index(each[0])
    )
    return [(flag, cycle_names(frozenset(which), cycles)) for flag, which in ordered]
