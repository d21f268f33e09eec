"""The other system's totals as a CSV file: one cell a row.

Columns: ``district_code``, ``school_code``, ``axis``, ``category``, ``count`` and, where wanted, ``measure``. ALL (or a blank) is the total
of a column. ``axis`` is a column of the layout, by its header name or its standard name; ``category`` one of its codes, UNKNOWN for
records without one. ``measure``: records (when left out), students (each state ID once), enrolled (students with Y in
EnrolledOnCountDate).
"""

import csv
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from schemas.dictionary import Dictionary, RecordLayout
from schemas.directory import Directory
from schemas.errors import UsageError

TOTAL, UNKNOWN = "ALL", "UNKNOWN"
MEASURES = ("records", "students", "enrolled")
KEYS = ("measure", "district_code", "school_code", "axis", "category")
CELL_SCHEMA = {**dict.fromkeys(KEYS, pl.String()), "count": pl.Int64()}
_NEEDED = ("district_code", "school_code", "axis", "category", "count")
_WIDTHS = {"district_code": 6, "school_code": 4}


def read_aggregates(path: Path, layout: RecordLayout, dictionary: Dictionary, directory: Directory) -> pl.DataFrame:
    """The cells of the file (CELL_SCHEMA), codes as ours are written.

    Raises:
        UsageError: the file cannot be read, or a row cannot be used; names file, line, what was found and what is expected.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file. Name a CSV file of the other system's totals.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as UTF-8 text ({type(error).__name__}). Name a CSV file.") from None
    reader = csv.DictReader(text.splitlines())
    names = [name.strip().casefold() for name in reader.fieldnames or ()]
    missing = [name for name in _NEEDED if name not in names]
    unknown = [name for name in names if name not in (*_NEEDED, "measure")]
    if missing or unknown:
        fault = f"missing {', '.join(missing)}" if missing else f"unknown {', '.join(unknown)}"
        raise UsageError(f"{path} line 1: {fault}. Expected: {', '.join(_NEEDED)} and, where wanted, measure.")
    reader.fieldnames = names
    rows = [_cell(path, number, row, layout, dictionary, directory) for number, row in enumerate(reader, start=2)]
    cells = pl.DataFrame(rows, schema=CELL_SCHEMA, orient="row")
    if cells.is_empty():
        raise UsageError(f"{path}: no row stands below the column names.")
    _refuse_doubles(path, cells)
    return cells


def _cell(
    path: Path,
    line: int,
    row: Mapping[str, str | None],
    layout: RecordLayout,
    dictionary: Dictionary,
    directory: Directory,
) -> tuple[str | int, ...]:
    values = {name: (value or "").strip() for name, value in row.items() if name}
    places = {name: _code(values[name], width) for name, width in _WIDTHS.items()}
    if places["district_code"] != TOTAL and not directory.has_district(places["district_code"]):
        raise UsageError(f"{path} line {line}: district {places['district_code']} is not in the directory.")
    if places["district_code"] == TOTAL and places["school_code"] != TOTAL:
        raise UsageError(f"{path} line {line}: a school without its district; write the district's code before it.")
    measure = values.get("measure") or MEASURES[0]
    if measure not in MEASURES:
        raise UsageError(f"{path} line {line}: measure {measure!r}; expected {', '.join(MEASURES)}.")
    if measure == "enrolled" and "enrolled_on_count_date" not in layout.by_standard_name:
        raise UsageError(f"{path} line {line}: {layout.name} has no EnrolledOnCountDate, so nothing is enrolled in it.")
    axis, category = _axis(path, line, values["axis"], values["category"], layout, dictionary)
    count = values["count"].replace(",", "")
    if not count.isdecimal():
        raise UsageError(f"{path} line {line}: count {values['count']!r} is not a whole number.")
    return measure, places["district_code"], places["school_code"], axis, category, int(count)


def _code(text: str, width: int) -> str:
    """A code as ours is written: a spreadsheet drops zeros in front."""
    if text.upper() in ("", TOTAL):
        return TOTAL
    return text.zfill(width) if text.isdecimal() else text


def _axis(
    path: Path, line: int, axis: str, category: str, layout: RecordLayout, dictionary: Dictionary
) -> tuple[str, str]:
    if axis.upper() in ("", TOTAL):
        if category.upper() not in ("", TOTAL):
            raise UsageError(
                f"{path} line {line}: category {category!r} without an axis; name the column it is a code of."
            )
        return TOTAL, TOTAL
    field = layout.by_standard_name.get(axis.casefold()) or layout.by_header.get(axis.casefold())
    if field is None:
        raise UsageError(f"{path} line {line}: {layout.name} has no column {axis!r}. Columns: mosis dictionary show")
    if category.upper() in ("", TOTAL, UNKNOWN):
        return field.standard_name, category.upper() or TOTAL
    has_codes = field.code_set is not None and field.code_set in dictionary.code_sets
    spellings = dictionary.code_spellings(field.code_set or "") if has_codes else {}
    return field.standard_name, spellings.get(category, category)


def _refuse_doubles(path: Path, cells: pl.DataFrame) -> None:
    doubled = cells.with_row_index("line", offset=2).filter(pl.struct(KEYS).is_duplicated())
    if doubled.height:
        lines = ", ".join(map(str, doubled["line"].head(4)))
        raise UsageError(f"{path}: lines {lines} name the same cell. Each cell stands there once.")
