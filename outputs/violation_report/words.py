"""What the report of a collection says beside the violations: its rules, names of schools, meanings of fields."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from outputs.violation_report.cause_patterns import FileShape
from schemas.dictionary import DISTRICT_CODES, ID_BATCH, SCHOOL_CODES, Field, RecordLayout
from schemas.directory import Directory
from schemas.identity_fields import IDENTITY_ERROR_FIELDS
from schemas.rules import RuleBook

_CODE_WIDTHS = {DISTRICT_CODES: 6, SCHOOL_CODES: 4}
# Who a record is about, shown beside its violations; standard names.
WHO = ("last_name", "first_name", "birth_date", "grade")
# What the records of a class file have in common; by ending, for layouts name it in their own ways.
_SHARED_ENDINGS = ("course_number", "course_section", "local_educator_id", "position_code")


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule in words: what a rule card shows. Examples are rows of (header name, value) pairs."""

    rule_id: str
    column: str | None
    kind: str
    severity: str
    title: str
    message: str
    fix: str
    source: str
    condition: str | None = None
    passing: tuple[tuple[tuple[str, str], ...], ...] = ()
    failing: tuple[tuple[tuple[str, str], ...], ...] = ()


@dataclass(frozen=True)
class ReportWords:
    """Made once per collection and used for all its districts."""

    titles: Mapping[tuple[str, str | None], str] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    identity_columns: frozenset[str] = frozenset()
    directory: Directory | None = None
    rules: Mapping[str, tuple[RuleText, ...]] = field(default_factory=dict)
    fields: tuple[Field, ...] = ()

    @classmethod
    def of(cls, layout: RecordLayout, rule_book: RuleBook, directory: Directory | None) -> "ReportWords":
        texts = tuple(_rule_texts(layout, rule_book))
        by_number: dict[str, tuple[RuleText, ...]] = {}
        for text in texts:
            by_number[text.rule_id] = (*by_number.get(text.rule_id, ()), text)
        return cls(
            {(text.rule_id, text.column): text.title for text in texts},
            {each.column: each.definition for each in layout.fields},
            frozenset(each.column for each in layout.fields if each.standard_name in IDENTITY_ERROR_FIELDS),
            directory,
            by_number,
            layout.fields,
        )

    def title(self, rule_id: str, column: str | None, message: str) -> str:
        """The rule's short title; where the book has none (a line that could not be read), its message."""
        return self.titles.get((rule_id, column)) or message

    def school(self, district_code: str, school_code: str | None) -> str | None:
        """``4020 Lincoln Elementary``; the code alone where the directory does not know it."""
        if school_code is None:
            return None
        name = self.directory.school_name(district_code, school_code) if self.directory else school_code
        return school_code if name == school_code else f"{school_code} {name}"

    @cached_property
    def shape(self) -> FileShape:
        """By what mistakes of a whole export are known; the number of records is the file's own."""
        return FileShape(
            columns=tuple(each.column for each in self.fields),
            date_columns=frozenset(each.column for each in self.fields if each.type == "Date"),
            code_widths={
                each.column: _CODE_WIDTHS[each.code_set] for each in self.fields if each.code_set in _CODE_WIDTHS
            },
            kinds={(text.rule_id, text.column): text.kind for texts in self.rules.values() for text in texts},
        )

    @cached_property
    def columns(self) -> dict[str, str]:
        """Header name -> standard name, in the order of the layout."""
        return {each.column: each.standard_name for each in self.fields}

    @cached_property
    def shared(self) -> dict[str, str]:
        """Header name -> standard name of what many records of a class file may have in common, the most telling first."""
        return {
            header: name for ending in _SHARED_ENDINGS for header, name in self.columns.items() if name.endswith(ending)
        }

    def shown_columns(self, fields: Iterable[str | None]) -> frozenset[str]:
        """Standard names of what is shown of a record beside violations of these fields."""
        about = {self.columns[each] for each in fields if each in self.columns}
        return frozenset(about) | set(self.shared.values()) | (set(WHO) & set(self.columns.values()))


@dataclass(frozen=True, slots=True)
class ReportSubject:
    """The file that a report is about.

    ``near_matches`` students wait for the district's decision; ``without_id`` others got no ID. Nothing of a pilot counts.
    """

    submission_id: str | None
    district_code: str
    district_name: str | None
    collection_version: str
    collection_title: str
    file_name: str
    record_count: int
    made_at: datetime
    due_date: date | None = None
    near_matches: int = 0
    without_id: int = 0
    is_pilot: bool = False
    is_certified: bool = False

    @property
    def is_certifiable(self) -> bool:
        """ID batches are answered, never certified."""
        return self.collection_version != ID_BATCH


def _rule_texts(layout: RecordLayout, book: RuleBook) -> Iterator[RuleText]:
    names = {each.standard_name: each.column for each in layout.fields}
    for rule in book.rules:
        yield RuleText(
            rule.rule_id, rule.column, rule.kind, rule.severity, rule.title, rule.message, rule.fix, rule.source,
            rule.condition, _example(rule.passing_example, names), _example(rule.failing_example, names),
        )  # fmt: skip
    for across in book.across:
        yield RuleText(
            across.rule_id, across.column, across.scope, across.rule.severity, across.title,
            across.rule.message, across.rule.fix, across.rule.source,
        )  # fmt: skip


def _example(text: str, names: Mapping[str, str]) -> tuple[tuple[tuple[str, str], ...], ...]:
    """The records of an example: (header name, value) of what stands in a file; what is joined beside is left out."""
    records: Sequence[dict[str, Any]] | dict[str, Any] = json.loads(text) if text else []
    return tuple(
        tuple((names[name], "" if value is None else str(value)) for name, value in record.items() if name in names)
        for record in ([records] if isinstance(records, dict) else records)
    )
