"""Rows of a rule's example, put where the views of state scope have them; and the rule asked about them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from schemas.across_files import AcrossRule
from schemas.across_views import CALENDAR_COLUMNS, SHARED, STATEWIDE, every_view
from schemas.dictionary import Dictionary

DISTRICT = "048078"


def bench(dictionary: Dictionary) -> duckdb.DuckDBPyConnection:
    """Empty views of state scope, and the calendar as it is."""
    con = duckdb.connect(":memory:")
    for name, columns in every_view(dictionary):
        if name.startswith((f"{STATEWIDE}_", f"{SHARED}_", "identity_", "records_", "today", "calendar")):
            listed = ", ".join(f'"{column}" {kind.removesuffix(" NOT NULL")}' for column, kind in columns.items())
            con.execute(f'CREATE TABLE "{name}" ({listed})')
    fields = (
        "version", "layout", "school_year", "cycle", "title", "count_date", "window_opens", "due_date",
    )  # fmt: skip
    rows = [[getattr(each, name) for name in fields] for each in dictionary.collections]
    con.executemany(f"INSERT INTO calendar VALUES ({', '.join('?' * len(CALENDAR_COLUMNS))})", rows)
    return con


def failing_rows(con: duckdb.DuckDBPyConnection, dictionary: Dictionary, rule: AcrossRule, example: str) -> int:
    """How many rows the rule gives as failing for an example."""
    con.execute("BEGIN")
    try:
        for table, rows in json.loads(example).items():
            fill(con, dictionary, table, rows)
        ((count,),) = con.execute(f"SELECT count(*) FILTER (fails) FROM ({rule.sql})").fetchall()
        return int(count)
    finally:
        con.execute("ROLLBACK")


def fill(con: duckdb.DuckDBPyConnection, dictionary: Dictionary, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """``statewide <collection> of <district>``: records of a file, and the file; any other name: a view of that name."""
    if not table.startswith(f"{STATEWIDE} "):
        for row in rows:
            insert(con, table, row)
        return
    _, version, _, district = table.split(" ")
    collection = dictionary.collection(version)
    file = {
        "submission_id": f"{version} {district}", "district_code": district, "collection__version": version,
        "collection__school_year": collection.school_year, "collection__cycle": collection.cycle,
    }  # fmt: skip
    insert(con, "statewide_file", {**file, "layout": collection.layout, "record_count": len(rows)})
    for line, row in enumerate(rows, start=2):
        for family in (STATEWIDE, SHARED):
            insert(con, f"{family}_{collection.layout}", {**file, "line_number": line, **row})


def insert(con: duckdb.DuckDBPyConnection, table: str, row: Mapping[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    con.execute(f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(row))})', list(row.values()))
