"""The data dictionary: CSV files become frozen record layouts, fields, code sets and collections.

One source for everything (design 4): schemas, widths, column types, report texts, templates, sample data.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from schemas.data_files import Change
from schemas.errors import UnknownName

if TYPE_CHECKING:
    from schemas.across_files import AcrossRule

DATA_FOLDER = Path(__file__).parent
CYCLES = ("Aug", "Oct", "Dec", "Feb", "Apr", "Jun")
ID_BATCH = "id_batch"
SUBMITTED_STATE_ID = "submitted_state_id"
# Codes of these two sets are the rows of the state's directory (schemas/directory.py), not of a file.
DISTRICT_CODES, SCHOOL_CODES = "DESE_District_Codes", "DESE_School_Codes"

FieldType = Literal["Text", "Integer", "Number", "Date"]
Requirement = Literal["Required", "Conditional", "Optional", "Not Allowed"]


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a record layout, as the published page has it, plus this project's own columns."""

    item: str
    column: str
    type: FieldType
    length: int
    precision: int | None
    code_set: str | None
    definition: str
    requirements: Mapping[str, Requirement]
    access_level: int
    standard_name: str
    periodicity: str
    purpose: str
    source: str
    change: Change | None = None

    def requirement(self, cycle: str | None) -> Requirement:
        """What a cycle asks of the field; the layout's own flag where the cycle has none."""
        return self.requirements.get(cycle or "", self.requirements[""])


@dataclass(frozen=True)
class RecordLayout:
    """A record layout of one school year; fields in file order."""

    name: str
    school_year: int
    fields: tuple[Field, ...]

    @cached_property
    def width(self) -> int:
        """Characters of a fixed-width record."""
        return sum(field.length for field in self.fields)

    @cached_property
    def standard_names(self) -> tuple[str, ...]:
        return tuple(field.standard_name for field in self.fields)

    @cached_property
    def by_standard_name(self) -> dict[str, Field]:
        return {field.standard_name: field for field in self.fields}

    @cached_property
    def by_header(self) -> dict[str, Field]:
        """Fields by their header name, trimmed and case-folded as headers are compared (design 3.2)."""
        return {field.column.strip().casefold(): field for field in self.fields}

    @cached_property
    def is_about_students(self) -> bool:
        """Whether a record is a child's, with a state ID; records of staff or calendars take no part in identity."""
        return SUBMITTED_STATE_ID in self.by_standard_name

    def positions(self) -> Iterator[tuple[Field, int, int]]:
        """Each field with its first and last character, counted from 1."""
        start = 1
        for field in self.fields:
            yield field, start, start + field.length - 1
            start += field.length


@dataclass(frozen=True, slots=True)
class Collection:
    """A layout collected in one cycle of one school year; ``version`` is the CollectionVersion literal."""

    version: str
    layout: str
    school_year: int
    cycle: str
    title: str
    count_date: date | None
    window_opens: date | None
    due_date: date | None
    population: str
    source: str
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a code set, valid from ``effective`` up to and including ``expires``.

    ``same_as`` names the code that a second spelling stands for (grade ``3`` is ``03``); typed records carry that one.
    """

    code: str
    meaning: str
    same_as: str | None
    effective: date | None
    expires: date | None
    source: str
    change: Change | None = None

    def is_valid(self, on: date | None) -> bool:
        """Whether the code may be used on a day; without a day, whether it ever could."""
        return on is None or (self.effective or on) <= on <= (self.expires or on)


@dataclass(frozen=True)
class Dictionary:
    """Everything the data dictionary says; ``version`` is a hash of its rows, so it changes when any of them does."""

    layouts: Mapping[tuple[str, int], RecordLayout]
    code_sets: Mapping[str, tuple[Code, ...]]
    collections: tuple[Collection, ...]
    id_batch: Collection
    version: str
    overlay: Path | None = None

    @cached_property
    def across_rules(self) -> "tuple[AcrossRule, ...]":
        """The rules that compare files, of all collections; read and tried out when first asked for.

        Raises:
            RuleBookError: a rule that cannot work; names file, row and reason.
        """
        from schemas.across_files import read_across_rules

        return read_across_rules(self)

    @cached_property
    def school_years(self) -> tuple[int, ...]:
        return tuple(sorted({school_year for _, school_year in self.layouts}))

    @cached_property
    def layout_names(self) -> tuple[str, ...]:
        return tuple(sorted({name for name, _ in self.layouts}))

    def layout(self, name: str, school_year: int | None = None) -> RecordLayout:
        """The layout of a school year, else its newest; ID batches of a year without their own follow the newest (design 3.2).

        Raises:
            UnknownName: the dictionary has no such layout or year.
        """
        newest = max((year for layout, year in self.layouts if layout == name), default=self.school_years[-1])
        found = self.layouts.get((name, school_year or newest))
        if found is None and name == ID_BATCH:
            found = self.layouts.get((name, newest))
        if found is None:
            raise UnknownName(
                f"The data dictionary has no layout {name} for school year {school_year}. "
                f"Layouts: {', '.join(self.layout_names)}; school years: {', '.join(map(str, self.school_years))}."
            )
        return found

    def collection(self, literal: str) -> Collection:
        """The collection that a CollectionVersion literal names, or the ID batch.

        Raises:
            UnknownName: no collection of the calendar has this literal.
        """
        found = self._by_version.get(literal)
        if found is None:
            folded = {name.casefold(): name for name in self._by_version}
            near = [folded[name] for name in get_close_matches(literal.casefold(), folded, n=3)]
            hint = f"Did you mean {' or '.join(near)}? " if near else ""
            raise UnknownName(f"The calendar has no collection {literal!r}. {hint}All of them: mosis dictionary show")
        return found

    @cached_property
    def _by_version(self) -> dict[str, Collection]:
        return {collection.version: collection for collection in (*self.collections, self.id_batch)}

    def layout_of(self, collection: Collection) -> RecordLayout:
        return self.layout(collection.layout, collection.school_year)

    def codes(self, code_set: str, on: date | None = None) -> frozenset[str]:
        """The codes of a set that are valid on a day; without a day, all it ever had."""
        return frozenset(code.code for code in self._code_set(code_set) if code.is_valid(on))

    def code_meanings(self, code_set: str) -> dict[str, str]:
        return {code.code: code.meaning for code in self._code_set(code_set)}

    def code_spellings(self, code_set: str) -> dict[str, str]:
        """Second spellings of a set and the code each stands for."""
        return {code.code: code.same_as for code in self._code_set(code_set) if code.same_as}

    def _code_set(self, name: str) -> tuple[Code, ...]:
        if name not in self.code_sets:
            raise UnknownName(f"The data dictionary has no code set {name}. Known: {', '.join(self.code_sets)}.")
        return self.code_sets[name]


def load_dictionary(overlay: Path | None = None) -> Dictionary:
    """The shipped data dictionary, with the state's own corrections where an overlay folder has some.

    Args:
        overlay: a folder laid out like this package's data (``data_dictionary/``, ``code_sets/``, ``calendars/``);
            a row replaces the shipped row of the same key, or is added; it says when, by whom and why.

    Raises:
        DictionaryError: a row disagrees with the format or with another row; names file, row and reason.
    """
    from schemas.dictionary_files import read_dictionary

    return read_dictionary(DATA_FOLDER, overlay)
