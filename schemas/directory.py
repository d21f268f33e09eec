"""The directory: which districts and schools exist (design 3.1). The state hands it in; no dictionary has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from schemas.data_files import DataRow, read_rows, refuse_doubles
from schemas.errors import DictionaryError

DISTRICT_COLUMNS = ("district_code", "name", "county", "kind", "opened_year", "closed_year")
CONTACT_COLUMNS = ("contact_name", "contact_email", "contact_phone")
SCHOOL_COLUMNS = ("district_code", "school_code", "name", "low_grade", "high_grade", "opened_year", "closed_year")
# Every district has these without a row: pre-kindergarten only, and the reporting school of two exits (design 3.1).
STANDING_SCHOOLS = {"1000": "Pre-kindergarten (school 1000)", "8000": "Out-of-district reporting school (8000)"}


@dataclass(frozen=True)
class Directory:
    """Districts and schools, as frames for joins and as look-ups for names.

    ``districts``: DISTRICT_COLUMNS and CONTACT_COLUMNS; ``schools``: SCHOOL_COLUMNS without the standing schools.
    Years are Int32, null where blank; every other column is text.
    """

    districts: pl.DataFrame
    schools: pl.DataFrame

    @cached_property
    def _district_names(self) -> dict[str, str]:
        return dict(self.districts.select("district_code", "name").iter_rows())

    @cached_property
    def _school_names(self) -> dict[tuple[str, str], str]:
        rows = self.schools.select("district_code", "school_code", "name").iter_rows()
        return {(district, school): name for district, school, name in rows}

    @cached_property
    def district_codes(self) -> tuple[str, ...]:
        return tuple(sorted(self._district_names))

    def has_district(self, district_code: str) -> bool:
        return district_code in self._district_names

    def has_school(self, district_code: str, school_code: str) -> bool:
        standing = school_code in STANDING_SCHOOLS and self.has_district(district_code)
        return standing or (district_code, school_code) in self._school_names

    def district_name(self, district_code: str) -> str:
        """The district's name, or its code where the directory does not know it."""
        return self._district_names.get(district_code, district_code)

    def school_name(self, district_code: str, school_code: str) -> str:
        """The school's name, or its code where the directory does not know it."""
        known = self._school_names.get((district_code, school_code))
        return known or STANDING_SCHOOLS.get(school_code, school_code)


def load_directory(folder: Path) -> Directory:
    """The directory in ``districts.csv`` and ``schools.csv`` of a folder.

    Raises:
        DictionaryError: a file is missing, has other columns, or a row is doubled, malformed or of no known district.
    """
    districts = _read(folder / "districts.csv", DISTRICT_COLUMNS, CONTACT_COLUMNS)
    schools = _read(folder / "schools.csv", SCHOOL_COLUMNS)
    refuse_doubles(districts, lambda row: row["district_code"], "district_code")
    refuse_doubles(schools, lambda row: (row["district_code"], row["school_code"]), "school")
    known = {_code(row, "district_code", 6) for row in districts}
    district_frame = _frame(districts, (*DISTRICT_COLUMNS, *CONTACT_COLUMNS))
    for row in schools:
        _code(row, "school_code", 4)
        if row["district_code"] not in known:
            raise row.refuse(f"district_code {row['district_code']!r} is not in districts.csv")
    return Directory(district_frame, _frame(schools, SCHOOL_COLUMNS))


def _read(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> list[DataRow]:
    """Rows of a directory file; trailing optional columns may be absent, from the last one on."""
    if not path.is_file():
        raise DictionaryError(f"{path} was not found. A directory holds districts.csv and schools.csv.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        found = file.readline().rstrip("\r\n").split(",")
    present = [*columns, *(name for name in optional if name in found)]
    return read_rows(path, present)


def _code(row: DataRow, column: str, digits: int) -> str:
    code = row[column]
    if len(code) != digits or not (code.isascii() and code.isdigit()):
        raise row.refuse(f"{column} {code!r} is not {digits} digits")
    return code


def _frame(rows: list[DataRow], columns: Sequence[str]) -> pl.DataFrame:
    years = [name for name in columns if name.endswith("_year")]
    values = {
        name: [_year(row, name) if name in years else row.values.get(name) or None for row in rows] for name in columns
    }
    return pl.DataFrame(values, schema={name: pl.Int32 if name in years else pl.String for name in columns})


def _year(row: DataRow, column: str) -> int | None:
    return row.integer(column, at_least=1800) if row[column] else None
