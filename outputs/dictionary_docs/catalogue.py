"""Every rule of every collection, gathered for the pages: one entry for what is said once, with where it holds."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from outputs.dictionary_diff.names import cycle_names, cycles_of, year_name
from schemas.data_files import Change
from schemas.dictionary import ID_BATCH, Collection, Dictionary
from schemas.rules import RuleBook, load_rule_book

# Rows of (name, value): an example record as people read it.
Example = tuple[tuple[tuple[str, str], ...], ...]
SCOPES = {
    "record": "one record at a time", "file": "the file as a whole",
    "collection": "other files of the district in this school year", "history": "certified files of earlier cycles or years",
    "state": "files of other districts",
}  # fmt: skip


@dataclass(eq=False, repr=False)
class RuleEntry:
    """One rule of one layout, for one column where a number stands for several.

    Attributes:
        standard_names, columns: of its fields; the first is the one reported.
        collections: where it holds, in the order of the dictionary.
    """

    rule_id: str
    layout: str
    kind: str
    scope: str
    severity: str
    title: str
    message: str
    fix: str
    source: str
    condition: str
    on_null: str
    standard_names: tuple[str, ...]
    columns: tuple[str, ...]
    passing: Example
    failing: Example
    change: Change | None
    collections: list[Collection] = field(default_factory=list)

    @property
    def column(self) -> str | None:
        return self.columns[0] if self.columns else None

    @property
    def is_generated(self) -> bool:
        return self.kind not in ("written", "across")


def gather_rules(dictionary: Dictionary, collections: Iterable[Collection]) -> list[RuleEntry]:
    """Entries by layout, then in the order of the rule books; a rule of several collections stands once.

    Raises:
        RuleBookError: a rule cannot work.
    """
    found: dict[tuple[str, ...], RuleEntry] = {}
    for collection in collections:
        for entry in _entries(load_rule_book(dictionary, collection)):
            key = (entry.rule_id, entry.layout, entry.column or "", entry.condition, entry.message, entry.fix)
            found.setdefault((*key, entry.severity), entry).collections.append(collection)
    return sorted(found.values(), key=lambda entry: (entry.layout, entry.is_generated))


def where_valid(entry: RuleEntry, dictionary: Dictionary) -> list[tuple[str, str]]:
    """School years and cycles in which an entry holds: ``2024-25 to 2026-27``, ``October, June``."""
    if entry.layout == ID_BATCH or not any(each.due_date for each in entry.collections):
        return [("Every school year", "at any time")]
    by_year: dict[int, set[str]] = {}
    for each in entry.collections:
        by_year.setdefault(each.school_year, set()).add(each.cycle)
    words = {
        year: cycle_names(frozenset(cycles), cycles_of(dictionary, entry.layout, year))
        for year, cycles in sorted(by_year.items())
    }
    return [(_span(years), cycles) for cycles, years in _runs(words)]


def _runs(words: Mapping[int, str]) -> Iterator[tuple[str, list[int]]]:
    run: list[int] = []
    for year, text in words.items():
        if run and (words[run[-1]] != text or year != run[-1] + 1):
            yield words[run[-1]], run
            run = []
        run.append(year)
    yield words[run[-1]], run


def _span(years: list[int]) -> str:
    return year_name(years[0]) if len(years) == 1 else f"{year_name(years[0])} to {year_name(years[-1])}"


def _entries(book: RuleBook) -> Iterator[RuleEntry]:
    layout = book.layout
    names = {each.standard_name: each.column for each in layout.fields}
    for rule in book.rules:
        yield RuleEntry(
            rule.rule_id, layout.name, rule.kind, rule.scope, rule.severity, rule.title, rule.message, rule.fix,
            rule.source, rule.condition, rule.on_null, rule.fields, rule.columns,
            _example(rule.passing_example, names), _example(rule.failing_example, names), rule.change,
        )  # fmt: skip
    for across in book.across:
        one = across.rule
        yield RuleEntry(
            one.rule_id, layout.name, "across", one.scope, one.severity, one.title, one.message, one.fix,
            one.source, one.sql, "pass", one.fields, across.columns,
            _tables(one.passing_example), _tables(one.failing_example), one.change,
        )  # fmt: skip


def _example(text: str, names: Mapping[str, str]) -> Example:
    records: Any = json.loads(text) if text else []
    return tuple(
        tuple((names.get(name, name), _shown(value)) for name, value in record.items())
        for record in ([records] if isinstance(records, dict) else records)
    )


def _tables(text: str) -> Example:
    """The example of a rule across files: which file, and what stands in its records."""
    tables: dict[str, list[dict[str, Any]]] = json.loads(text) if text else {}
    return tuple(
        (("file", name), *((column, _shown(value)) for column, value in row.items()))
        for name, rows in tables.items()
        for row in rows
    )


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
