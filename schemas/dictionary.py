"""The data dictionary: CSV files become frozen record layouts, fields, code sets and collections.

One source for everything (design 4): schemas, widths, column types, report texts, templates and sample data come from here.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from schemas.errors import DictionaryError, UnknownName

DATA_FOLDER = Path(__file__).parent
CYCLES = ("Aug", "Oct", "Dec", "Feb", "Apr", "Jun")
ID_BATCH = "id_batch"

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
    requirements: dict[str, Requirement]
    access_level: int
    standard_name: str
    periodicity: str
    purpose: str
    source: str

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


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a code set, valid from ``effective`` up to and including ``expires``."""

    code: str
    meaning: str
    effective: date | None
    expires: date | None
    source: str
