"""Rows of the data files (dictionary, code sets, calendar, rule book, directory), each with the place it came from.

Every refusal names file, row and reason, so rows travel with their place until they have become an object.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from schemas.errors import DictionaryError

# What each row of a state's own correction says of itself: the day from which it stands, whose decision it is, and why.
PROVENANCE_COLUMNS = ("changed_on", "changed_by", "reason")
# The severity of a correction that takes a rule out of the book.
WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Change:
    """Who corrected a row of the dictionary or rule book, from which day on, and why."""

    changed_on: date
    changed_by: str
    reason: str

    def __str__(self) -> str:
        return f"Corrected on {self.changed_on} by {self.changed_by}: {self.reason}"


@dataclass(frozen=True, slots=True)
class DataRow:
    """One row of a data file: its values, trimmed, and where it stands."""

    path: Path
    line: int
    values: dict[str, str]
    error: type[DictionaryError] = DictionaryError

    def __getitem__(self, column: str) -> str:
        return self.values[column]

    @property
    def place(self) -> str:
        """Where the row stands: ``rule_book/student_core.csv line 12``."""
        return f"{self.path.parent.name}/{self.path.name} line {self.line}"

    def refuse(self, reason: str) -> DictionaryError:
        """The error that says what is wrong with this row, for the caller to raise."""
        return self.error(f"{self.place}: {reason}")

    def text(self, column: str) -> str:
        if not self[column]:
            raise self.refuse(f"{column} is empty")
        return self[column]

    def optional(self, column: str) -> str | None:
        return self[column] or None

    def choice(self, column: str, allowed: Sequence[str]) -> Any:
        if self[column] not in allowed:
            raise self.refuse(f"{column} is {self[column]!r}; allowed are {', '.join(allowed)}")
        return self[column]

    def integer(self, column: str, at_least: int) -> int:
        value = self[column]
        if not value.isascii() or not value.isdigit() or int(value) < at_least:
            raise self.refuse(f"{column} is {value!r}; it must be a whole number of at least {at_least}")
        return int(value)

    @property
    def change(self) -> Change | None:
        """What a row of a state's own correction says of itself; nothing for a shipped row."""
        if PROVENANCE_COLUMNS[0] not in self.values:
            return None
        return Change(self.day("changed_on"), self.text("changed_by"), self.text("reason"))

    @property
    def own_values(self) -> tuple[str, ...]:
        """The row's values without what a correction says of itself."""
        return tuple(value for name, value in self.values.items() if name not in PROVENANCE_COLUMNS)

    def day(self, column: str) -> date:
        self.text(column)
        found = self.optional_date(column)
        assert found is not None
        return found

    def optional_date(self, column: str) -> date | None:
        try:
            return date.fromisoformat(self[column]) if self[column] else None
        except ValueError:
            raise self.refuse(f"{column} is {self[column]!r}; it must be a date such as 2025-10-15") from None


def read_rows(path: Path, columns: Sequence[str], error: type[DictionaryError] = DictionaryError) -> list[DataRow]:
    """The rows of one CSV file, in file order.

    Raises:
        DictionaryError: no UTF-8 text, other columns than asked for, or a row with too many or too few values.
    """
    rows: list[DataRow] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if header != list(columns):
                raise error(f"{path.parent.name}/{path.name} line 1: columns are {header}; expected {list(columns)}")
            for values in reader:
                row = DataRow(path, reader.line_num, dict(zip(columns, map(str.strip, values), strict=False)), error)
                if len(values) != len(columns):
                    raise row.refuse(f"{len(values)} values where the header has {len(columns)}")
                rows.append(row)
    except (UnicodeDecodeError, csv.Error) as fault:
        raise error(f"{path.parent.name}/{path.name}: not a UTF-8 CSV file ({fault})") from None
    return rows


def read_overlay(
    path: Path, columns: Sequence[str], key: Callable[[DataRow], Any], error: type[DictionaryError] = DictionaryError
) -> list[DataRow]:
    """The rows of a state's own correction that are in force: of each key the one with the latest ``changed_on``.

    Earlier rows of a key stay in the file as its history. No file is no correction.

    Raises:
        DictionaryError: as ``read_rows``; a row without date, person or reason; two rows of one key and day.
    """
    if not path.is_file():
        return []
    rows = read_rows(path, (*columns, *PROVENANCE_COLUMNS), error)
    dated = sorted(((row.day("changed_on"), row) for row in rows if row.change), key=lambda each: each[0])
    refuse_doubles(rows, lambda row: (key(row), row["changed_on"]), "correction")
    return list({key(row): row for _, row in dated}.values())


def with_overlay(
    shipped: Iterable[DataRow], overlay: Iterable[DataRow], key: Callable[[DataRow], Any]
) -> list[DataRow]:
    """Shipped rows with those of the same key replaced; overlay rows of a new key come last."""
    corrections = {key(row): row for row in overlay}
    merged = [corrections.pop(key(row), row) for row in shipped]
    return merged + list(corrections.values())


def refuse_doubles(rows: Iterable[DataRow], key: Callable[[DataRow], Any], what: str) -> None:
    """Raise for the first row whose key an earlier row of the same list already has."""
    seen: dict[Any, DataRow] = {}
    for row in rows:
        first = seen.setdefault(key(row), row)
        if first is not row:
            raise row.refuse(f"{what} {' '.join(_parts(key(row)))!r} stands on line {first.line} already")


def _parts(key: Any) -> Iterator[str]:
    """The filled parts of a key, as a person reads them in the row."""
    if isinstance(key, tuple):
        for part in key:
            yield from _parts(part)
    elif key:
        yield str(key)
