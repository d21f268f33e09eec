"""The data files of this package: which assessment tests whom in what, and what the vendor's file holds."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from schemas.errors import UnknownName

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class VendorColumn:
    """One column of the vendor's file.

    Args:
        source: standard name or derived column it is filled from; empty when it stays blank.
    """

    column: str
    width: int
    source: str
    definition: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """An assessment with the subjects of each grade, in the order labels are printed."""

    name: str
    subjects: dict[str, tuple[str, ...]]
    columns: tuple[VendorColumn, ...]

    @property
    def grades(self) -> tuple[str, ...]:
        return tuple(sorted(self.subjects))

    @property
    def width(self) -> int:
        return sum(column.width for column in self.columns)

    def positions(self) -> Iterator[tuple[VendorColumn, int, int]]:
        """Each column with its first and last character, counted from 1."""
        start = 1
        for column in self.columns:
            yield column, start, start + column.width - 1
            start += column.width


@dataclass(frozen=True, slots=True)
class LeftOutReason:
    reason: str
    what: str
    fix: str


@cache
def load_assessment(name: str) -> Assessment:
    """An assessment by its code.

    Raises:
        UnknownName: no pre-code file is defined for it.
    """
    rows = [row for row in _rows("assessments.csv") if row["assessment"] == name]
    if not rows:
        known = sorted({row["assessment"] for row in _rows("assessments.csv")})
        raise UnknownName(f"No pre-code file is defined for assessment {name}. Known: {', '.join(known)}.")
    grades = sorted({grade for row in rows for grade in row["grades"].split()})
    subjects = {grade: tuple(row["subject"] for row in rows if grade in row["grades"].split()) for grade in grades}
    columns = tuple(
        VendorColumn(row["column"], int(row["width"]), row["source"], row["definition"])
        for row in _rows(f"vendor_{name.lower()}.csv")
    )
    return Assessment(name, subjects, columns)


@cache
def load_left_out_reasons() -> tuple[LeftOutReason, ...]:
    """Why a student gets no label, what a person can do first on top."""
    return tuple(LeftOutReason(**row) for row in _rows("left_out_reasons.csv"))


def _rows(name: str) -> list[dict[str, str]]:
    with (_FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
