"""``dictionary manual``: one printable page for a school year: what changed, collections, layouts, rules, codes."""

from dataclasses import dataclass

from outputs.dictionary_diff import YearDifference, compare_years
from outputs.dictionary_diff.names import layout_title, year_name
from outputs.dictionary_diff.page import BADGES
from outputs.dictionary_diff.text import KINDS, headline, layout_line
from outputs.dictionary_docs.catalogue import RuleEntry, gather_rules, where_valid
from outputs.dictionary_docs.layout_page import FieldRow, RuleRow, field_rows, rule_rows
from outputs.next_steps import long_date
from outputs.pages import render_page
from schemas.data_files import Change
from schemas.dictionary import Code, Collection, Dictionary, RecordLayout
from schemas.errors import UnknownName


@dataclass(frozen=True, slots=True)
class Chapter:
    """One layout in the manual."""

    title: str
    layout: RecordLayout
    collections: list[Collection]
    fields: list[FieldRow]
    written: list[RuleEntry]
    implied: list[RuleRow]


def manual_page(dictionary: Dictionary, school_year: int) -> bytes:
    """The manual of a school year.

    Raises:
        UnknownName: the dictionary has no such school year.
    """
    if school_year not in dictionary.school_years:
        known = ", ".join(map(str, dictionary.school_years))
        raise UnknownName(f"The data dictionary has no school year {school_year}. School years: {known}.")
    dated = [each for each in dictionary.collections if each.school_year == school_year]
    batch = [dictionary.id_batch] if dictionary.id_batch.school_year == school_year else []
    rules = gather_rules(dictionary, (*dated, *batch))
    chapters = [
        _chapter(dictionary, layout, [*dated, *batch], [entry for entry in rules if entry.layout == layout.name])
        for layout in dictionary.layouts.values()
        if layout.school_year == school_year
    ]
    return render_page(
        "dictionary_manual.html.j2",
        title=f"MOSIS manual, school year {year_name(school_year)}",
        data=None,
        style="dictionary_docs/docs.css",
        version=dictionary.version,
        year=year_name(school_year),
        difference=_since_last_year(dictionary, school_year),
        headline=headline,
        collections=sorted(dated, key=lambda each: (each.due_date is None, each.due_date, each.version)),
        chapters=chapters,
        where={entry: where_valid(entry, dictionary) for entry in rules},
        code_sets=_code_sets(dictionary, chapters),
        corrections=_corrections(dictionary, chapters, rules),
        kinds=KINDS,
        badges=BADGES,
        layout_line=layout_line,
        long_date=long_date,
    )


def _since_last_year(dictionary: Dictionary, school_year: int) -> YearDifference | None:
    """What changed since the year before; nothing for the first year the dictionary knows."""
    before = school_year - 1
    return compare_years(dictionary, before, school_year) if before in dictionary.school_years else None


def _chapter(
    dictionary: Dictionary, layout: RecordLayout, collections: list[Collection], rules: list[RuleEntry]
) -> Chapter:
    return Chapter(
        layout_title(layout.name),
        layout,
        [each for each in collections if each.layout == layout.name],
        field_rows(dictionary, layout, rules),
        [entry for entry in rules if not entry.is_generated],
        rule_rows(dictionary, [entry for entry in rules if entry.is_generated]),
    )


def _code_sets(dictionary: Dictionary, chapters: list[Chapter]) -> list[tuple[str, tuple[Code, ...]]]:
    used = {row.code_set for chapter in chapters for row in chapter.fields}
    return [(name, codes) for name, codes in dictionary.code_sets.items() if name in used]


def _corrections(dictionary: Dictionary, chapters: list[Chapter], rules: list[RuleEntry]) -> list[tuple[str, Change]]:
    """What this state corrected itself: where it stands in the manual, and who decided it when and why."""
    found: dict[tuple[str, Change], None] = {}
    for entry in rules:
        if entry.change:
            found[(f"Rule {entry.rule_id}, {layout_title(entry.layout)}", entry.change)] = None
    for chapter in chapters:
        for row in chapter.fields:
            if row.field.change:
                found[(f"Column {row.field.column}, {chapter.title}", row.field.change)] = None
        for each in chapter.collections:
            if each.change:
                found[(f"Collection {each.version}", each.change)] = None
    for name, codes in _code_sets(dictionary, chapters):
        for code in codes:
            if code.change:
                found[(f"Code {code.code} of {name}", code.change)] = None
    return sorted(found, key=lambda each: (each[1].changed_on, each[0]))
