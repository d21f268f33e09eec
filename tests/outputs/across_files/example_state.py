"""Examples of rules across files as stored files: JSON of table to rows becomes submissions and records."""

import json
from typing import Any

import duckdb
import polars as pl

from schemas.dictionary import Dictionary
from tests.outputs.conftest import RECEIVED, SHA256

DISTRICT = "048078"
_STATUS = {"judged": "trial", "standing": "trial", "certified": "certified"}


def store_example(con: duckdb.DuckDBPyConnection, dictionary: Dictionary, example: str, prefix: str) -> list[str]:
    """Store the files of an example in the open transaction; the names of the judged ones."""
    judged = []
    for number, (table, rows) in enumerate(json.loads(example).items(), start=1):
        what, literal, *other = table.split()
        name = f"{prefix}-{number}"
        store_file(con, dictionary, name, literal, rows, district=other[1] if other else DISTRICT, status=_STATUS[what])
        if what == "judged":
            judged.append(name)
    return judged


def store_file(
    con: duckdb.DuckDBPyConnection,
    dictionary: Dictionary,
    name: str,
    literal: str,
    rows: list[dict[str, Any]],
    *,
    district: str = DISTRICT,
    school: str | None = None,
    status: str = "trial",
) -> None:
    """One stored file; a row gives its fields by standard name, ``line_number`` counts from 2."""
    collection = dictionary.collection(literal)
    con.execute(
        "INSERT INTO intake.submission BY NAME SELECT $name AS submission_id, $district AS district_code, "
        "$school AS school_code, $layout AS layout, $literal AS collection_version, $year AS school_year, $cycle AS cycle, "
        "'f.csv' AS file_name, $sha256 AS sha256, '' AS claim_path, $count AS record_count, $count AS accepted_count, "
        "'accepted' AS outcome, $status AS status, 0 AS error_count, 0 AS warning_count, $at AS received_at, 'r' AS run_id, "
        "'d' AS dictionary_version, 'b' AS rule_book_version",
        {
            "name": name, "district": district, "school": school, "layout": collection.layout, "literal": literal,
            "year": collection.school_year, "cycle": collection.cycle, "sha256": SHA256, "count": len(rows),
            "status": status, "at": RECEIVED,
        },
    )  # fmt: skip
    if rows:
        filled = [
            {"submission_id": name, "line_number": line, "district_code": district, "reporting_district_code": district,
             "reporting_school_code": "4020", "school_year": collection.school_year, **row}
            for line, row in enumerate(rows, start=2)
        ]  # fmt: skip
        table = dict(
            con.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'state' "
                "AND schema_name = 'collection' AND table_name = ?",
                [collection.layout],
            ).fetchall()
        )
        given = {key for row in filled for key in row}
        asked = {key for row in rows for key in row}
        assert asked <= table.keys(), f"{literal}: {asked - table.keys()} is no column"
        columns = [column for column in table if column in given]
        frame = pl.DataFrame(  # noqa: F841 (query)
            {column: [None if row.get(column) is None else str(row[column]) for row in filled] for column in columns},
            schema=dict.fromkeys(columns, pl.String),
        )
        casts = ", ".join(f'CAST("{column}" AS {table[column]}) AS "{column}"' for column in columns)
        con.execute(f'INSERT INTO collection."{collection.layout}" BY NAME SELECT {casts} FROM frame')
