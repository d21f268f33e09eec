"""What the report of a collection says beside the violations: titles of rules, names of schools, meanings of fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from schemas.dictionary import ID_BATCH, RecordLayout
from schemas.directory import Directory
from schemas.identity_fields import IDENTITY_ERROR_FIELDS
from schemas.rules import RuleBook


@dataclass(frozen=True)
class ReportWords:
    """Made once per collection and used for all its districts."""

    titles: Mapping[tuple[str, str | None], str] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    identity_columns: frozenset[str] = frozenset()
    directory: Directory | None = None

    @classmethod
    def of(cls, layout: RecordLayout, rule_book: RuleBook, directory: Directory | None) -> "ReportWords":
        return cls(
            {(rule.rule_id, rule.column): rule.title for rule in rule_book.rules},
            {each.column: each.definition for each in layout.fields},
            frozenset(each.column for each in layout.fields if each.standard_name in IDENTITY_ERROR_FIELDS),
            directory,
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


@dataclass(frozen=True, slots=True)
class ReportSubject:
    """The file that a report is about.

    ``near_matches`` students wait for the district's decision; ``without_id`` others got no ID.
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

    @property
    def is_certifiable(self) -> bool:
        """ID batches are answered, never certified."""
        return self.collection_version != ID_BATCH
