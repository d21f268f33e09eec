"""Reads the dictionary's CSV files into frozen objects; refuses what disagrees with itself."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import get_args

from schemas.data_files import DataRow, read_overlay, read_rows, refuse_doubles, with_overlay
from schemas.dictionary import (
    CYCLES,
    DISTRICT_CODES,
    ID_BATCH,
    SCHOOL_CODES,
    Code,
    Collection,
    Dictionary,
    Field,
    FieldType,
    RecordLayout,
    Requirement,
)
from schemas.dictionary_agreement import refuse_disagreements
from schemas.errors import DictionaryError

LAYOUT_COLUMNS = (
    "item", "column", "required", "type", "length", "precision", "code_set", "definition",
    *(f"required_{cycle.lower()}" for cycle in CYCLES),
    "access_level", "standard_name", "periodicity", "purpose", "source",
)  # fmt: skip
CODE_COLUMNS = ("code", "meaning", "same_as", "effective", "expires", "source")
CALENDAR_COLUMNS = (
    "collection_version", "layout", "cycle", "title", "count_date", "window_opens", "due_date", "population", "source",
)  # fmt: skip
# Collections without a year of their own: an ID batch may come at any time, for any school year; a lookup is of the newest.
ANY_YEAR = "any_year.csv"
REQUIREMENTS = get_args(Requirement)


def read_dictionary(folder: Path, overlay: Path | None) -> Dictionary:
    """The dictionary in a folder, corrected by an overlay folder of the same shape."""
    layout_rows = {
        (Path(file).stem, _school_year(Path(file))): _merged(folder, overlay, file, LAYOUT_COLUMNS, "column")
        for file in _files(folder, overlay, "data_dictionary/*/*.csv")
    }
    code_rows = {
        Path(file).stem: _merged(folder, overlay, file, CODE_COLUMNS, "code")
        for file in _files(folder, overlay, "code_sets/*.csv")
    }
    calendar_rows = {
        Path(file).name: _merged(folder, overlay, file, CALENDAR_COLUMNS, "collection_version")
        for file in _files(folder, overlay, "calendars/*.csv")
    }
    code_sets = {name: tuple(_codes(rows)) for name, rows in sorted(code_rows.items())}
    layouts = {key: _layout(*key, rows, code_sets) for key, rows in sorted(layout_rows.items())}
    refuse_disagreements(layout_rows, layouts, code_sets)
    dated, id_batch = _collections(calendar_rows, layouts)
    every_row = [row for rows in (*layout_rows.values(), *code_rows.values(), *calendar_rows.values()) for row in rows]
    return Dictionary(layouts, code_sets, dated, id_batch, content_hash(every_row), overlay)


def content_hash(rows: Iterable[DataRow]) -> str:
    """Twelve hex digits that change when any value of any row does; not when rows or files change places."""
    texts = sorted("\x1f".join((row.path.parent.name, row.path.name, *row.own_values)) for row in rows)
    return hashlib.sha256("\x1e".join(texts).encode()).hexdigest()[:12]


def _files(folder: Path, overlay: Path | None, pattern: str) -> list[str]:
    """Files of the package and of the overlay, which may bring a school year, layout or code set of its own."""
    found = {
        str(path.relative_to(place)) for place in (folder, overlay) if place is not None for path in place.glob(pattern)
    }
    if not found:
        raise DictionaryError(f"{folder.name}: no file {pattern}; the data dictionary is incomplete")
    return sorted(found)


def _merged(folder: Path, overlay: Path | None, file: str, columns: tuple[str, ...], key: str) -> list[DataRow]:
    rows = read_rows(folder / file, columns) if (folder / file).is_file() else []
    corrections = read_overlay(overlay / file, columns, lambda row: row[key]) if overlay else []
    merged = with_overlay(rows, corrections, lambda row: row[key])
    refuse_doubles(merged, lambda row: row[key], key)
    return merged


def _school_year(path: Path) -> int:
    year = path.parent.name
    if not (len(year) == 4 and year.isdigit()):
        raise DictionaryError(f"data_dictionary/{year}: a folder is named by the year in which the school year ends")
    return int(year)


def _codes(rows: list[DataRow]) -> Iterable[Code]:
    codes = {row["code"] for row in rows}
    for row in rows:
        if row["same_as"] and row["same_as"] not in codes:
            raise row.refuse(f"same_as {row['same_as']!r} is no code of this set")
        code = Code(
            row.text("code"), row.text("meaning"), row.optional("same_as"),
            row.optional_date("effective"), row.optional_date("expires"), row.text("source"), row.change,
        )  # fmt: skip
        if code.effective and code.expires and code.expires < code.effective:
            raise row.refuse("expires before it becomes effective")
        yield code


def _layout(name: str, year: int, rows: list[DataRow], code_sets: Mapping[str, tuple[Code, ...]]) -> RecordLayout:
    refuse_doubles(rows, lambda row: row["standard_name"], "standard_name")
    # Headers are compared trimmed and case-folded, so two columns must differ by more than case (design 3.2).
    refuse_doubles(rows, lambda row: row["column"].casefold(), "column")
    return RecordLayout(name, year, tuple(_field(row, code_sets) for row in rows))


def _field(row: DataRow, code_sets: Mapping[str, tuple[Code, ...]]) -> Field:
    code_set = row.optional("code_set")
    if code_set and code_set not in (*code_sets, DISTRICT_CODES, SCHOOL_CODES):
        raise row.refuse(f"code set {code_set!r} does not exist; known are {', '.join(code_sets)}")
    if not row["standard_name"].isidentifier() or row["standard_name"] != row["standard_name"].lower():
        raise row.refuse(f"standard_name {row['standard_name']!r} is no lower-case name")
    return Field(
        item=row["item"],
        column=row.text("column"),
        type=row.choice("type", get_args(FieldType)),
        length=row.integer("length", at_least=1),
        precision=_precision(row),
        code_set=code_set,
        definition=row.text("definition"),
        requirements=_requirements(row),
        access_level=int(row.choice("access_level", ("1", "2", "3", "4"))),
        standard_name=row["standard_name"],
        periodicity=row.text("periodicity"),
        purpose=row.text("purpose"),
        source=row.text("source"),
        change=row.change,
    )


def _precision(row: DataRow) -> int | None:
    if row["type"] != "Number":
        if row["precision"]:
            raise row.refuse(f"precision {row['precision']!r} on a field of type {row['type']}; only Number has one")
        return None
    precision = row.integer("precision", at_least=1)
    if precision >= row.integer("length", at_least=1):
        raise row.refuse(f"precision {precision} leaves no digit before the point in length {row['length']}")
    return precision


def _requirements(row: DataRow) -> dict[str, Requirement]:
    by_cycle = {cycle: f"required_{cycle.lower()}" for cycle in CYCLES}
    flags = {"": row.choice("required", REQUIREMENTS)}
    return flags | {cycle: row.choice(column, REQUIREMENTS) for cycle, column in by_cycle.items() if row[column]}


def _collections(
    rows: Mapping[str, list[DataRow]], layouts: Mapping[tuple[str, int], RecordLayout]
) -> tuple[tuple[Collection, ...], Collection]:
    refuse_doubles([row for file in rows.values() for row in file], lambda row: row["collection_version"], "literal")
    newest = dict(sorted(layouts))
    undated = [_collection(row, newest.get(row["layout"], 0), layouts) for row in rows.get(ANY_YEAR, [])]
    batches = [collection for collection in undated if collection.layout == ID_BATCH]
    if len(batches) != 1:
        raise DictionaryError(f"calendars/{ANY_YEAR}: {len(batches)} rows of the ID batch; there is exactly one")
    dated = [
        _collection(row, int(name.removesuffix(".csv")), layouts)
        for name, file in sorted(rows.items())
        if name != ANY_YEAR
        for row in file
    ]
    lookups = [collection for collection in undated if collection.layout != ID_BATCH]
    return (*dated, *lookups), batches[0]


def _collection(row: DataRow, school_year: int, layouts: Mapping[tuple[str, int], RecordLayout]) -> Collection:
    if (row["layout"], school_year) not in layouts:
        raise row.refuse(f"layout {row['layout']!r} has no file for school year {school_year}")
    collection = Collection(
        row.text("collection_version"), row["layout"], school_year, row["cycle"], row.text("title"),
        row.optional_date("count_date"), row.optional_date("window_opens"), row.optional_date("due_date"),
        row.text("population"), row.text("source"), row.change,
    )  # fmt: skip
    opens, due = collection.window_opens, collection.due_date
    if opens and due and due < opens:
        raise row.refuse(f"due_date {due} is before window_opens {opens}")
    return collection
