"""Tables ``collection.<layout>`` follow the data dictionary: made when first needed, and after that columns are only added.

Done when the database is opened, in a transaction of its own: table definitions never share a log with data.
"""

import re
from collections.abc import Iterator

import duckdb

from schemas.database.open import checkpoint, transaction
from schemas.dictionary import ID_BATCH, Dictionary, Field
from schemas.errors import DictionaryError

# One record of a submission; line_number is its first physical line, state_id the ID that came out.
KEY_COLUMNS = {
    "submission_id": "VARCHAR NOT NULL",
    "line_number": "BIGINT NOT NULL",
    "district_code": "VARCHAR NOT NULL",
    "state_id": "VARCHAR",
}
# The SSN itself is never stored (design 5.7).
SSN_COLUMNS = {"ssn_hash": "VARCHAR", "ssn_near": "VARCHAR[]", "ssn_status": "VARCHAR"}
# A staff member's is stored as a dummy identifier (docs/adr/0022-dummy-identifiers-of-educators.md).
EDUCATOR_COLUMNS = {"educator_id": "VARCHAR", "educator_id_status": "VARCHAR"}
HIDDEN_COLUMNS = {"ssn": SSN_COLUMNS, "educator_id": EDUCATOR_COLUMNS}
_TYPES = {"Text": "VARCHAR", "Integer": "BIGINT", "Date": "DATE"}
# Widest number that is kept as one 64-bit integer: a longer field in a later year needs no other column.
_NUMBER_DIGITS = 18
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def sync_collection_tables(con: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    """Make or widen the collection tables until they hold every standard name of every school year.

    Raises:
        DictionaryError: a standard name cannot be a column, or has another type than the column that is there.
    """
    steps = [
        step for layout in dictionary.layout_names if layout != ID_BATCH for step in _steps(con, layout, dictionary)
    ]
    if not steps:
        return
    with transaction(con):
        for step in steps:
            con.execute(step)
    checkpoint(con)


def collection_columns(layout: str, dictionary: Dictionary) -> dict[str, str]:
    """The columns a layout's table has, name to type, over all school years; what a later year adds comes last.

    Raises:
        DictionaryError: two years give one name types that no column holds both of.
    """
    columns = dict(KEY_COLUMNS)
    for (name, school_year), found in sorted(dictionary.layouts.items()):
        if name == layout:
            for field in found.fields:
                for column, kind in _columns_of(field):
                    _add(columns, column, kind, f"{layout} {school_year}")
    return columns


def _columns_of(field: Field) -> Iterator[tuple[str, str]]:
    if field.standard_name in HIDDEN_COLUMNS:
        yield from HIDDEN_COLUMNS[field.standard_name].items()
    elif field.type == "Number":
        yield field.standard_name, f"DECIMAL({_NUMBER_DIGITS},{field.precision or 0})"
    else:
        yield field.standard_name, _TYPES[field.type]


def _add(columns: dict[str, str], column: str, kind: str, where: str) -> None:
    if not _NAME.fullmatch(column) or column in KEY_COLUMNS:
        raise DictionaryError(f"{where}: standard_name {column!r} cannot be a column of a collection table.")
    if columns.setdefault(column, kind) != kind:
        raise DictionaryError(
            f"{where}: {column} is {kind}, in an earlier school year {columns[column]}. Give it a name of its own."
        )


def _steps(con: duckdb.DuckDBPyConnection, layout: str, dictionary: Dictionary) -> list[str]:
    """Statements that bring one table up to the dictionary; none where it is."""
    wanted = collection_columns(layout, dictionary)
    present = _present_columns(con, layout)
    if not present:
        return [
            f'CREATE TABLE collection."{layout}" ({", ".join(f"{_quoted(name)} {kind}" for name, kind in wanted.items())})'
        ]
    for name, kind in wanted.items():
        if name in present and present[name] != kind.removesuffix(" NOT NULL"):
            raise DictionaryError(
                f"{layout}: {name} is {kind} in the dictionary and {present[name]} in state.duckdb. "
                "A column keeps its type; give the field a standard_name of its own."
            )
    return [
        f'ALTER TABLE collection."{layout}" ADD COLUMN {_quoted(name)} {kind}'
        for name, kind in wanted.items()
        if name not in present
    ]


def _present_columns(con: duckdb.DuckDBPyConnection, layout: str) -> dict[str, str]:
    found = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'state' AND schema_name = 'collection' AND table_name = ? ORDER BY column_index",
        [layout],
    ).fetchall()
    return dict(found)


def _quoted(name: str) -> str:
    return f'"{name}"'
