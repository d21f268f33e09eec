"""Rows of the data files (dictionary, code sets, calendar, rule book, directory), each with the place it came from.

Every refusal names file, row and reason, so rows travel with their place until they have become an object.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from schemas.errors import DictionaryError


@dataclass(frozen=True, slots=True)
class DataRow:
    """One row of a data file: its values, trimmed, and where it stands."""

    path: Path
    line: int
    values: dict[str, str]
    error: type[DictionaryError] = DictionaryError

    def __getitem__(self, column: str) -> str:
        return self.values[column]

    def refuse(self, reason: str) -> DictionaryError:
        """The error that says what is wrong with this row, for the caller to raise."""
        return self.error(f"{self.path.parent.name}/{self.path.name} line {self.line}: {reason}")

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
            raise row.refuse(f"{what} {key(row)!r} stands on line {first.line} already")
