"""Files of two districts put straight into the state's tables, and a comparison of the districts as a run makes it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import polars as pl

from outputs.state_level.comparing import choose_children, find_changes, rules_version
from outputs.state_level.findings import find_disagreements
from outputs.state_level.settling import known_findings, record_comparison, settle_findings
from schemas.clock import missouri_day
from schemas.dictionary import Dictionary

HERE, THERE = "048078", "010004"
OCTOBER, DECEMBER, JUNE = "2026Oct1.0StuCore", "2026Dec1.0StuCore", "2026Jun1.0StuEnrlAttnd"
MONDAY = datetime(2025, 10, 6, 14, tzinfo=UTC)
CHILD, OTHER_CHILD = "1000000008", "1000000016"
USUAL = {
    "reporting_school_code": "4020", "local_student_id": "17", "enrolled_on_count_date": "Y", "residency_status": "R1",
    "last_name": "Kovar", "first_name": "Anna", "birth_date": date(2016, 4, 9), "gender": "F",
}  # fmt: skip
Record = Mapping[str, Any]


def know(con: duckdb.DuckDBPyConnection, state_id: str, status: str = "active", merged_into: str | None = None) -> None:
    con.execute(
        "INSERT INTO identity.student VALUES (?, ?, ?, ?, 'run')", [state_id, status, merged_into, MONDAY]
    ).fetchall()


def remember(con: duckdb.DuckDBPyConnection, state_id: str, district: str, file: str, **said: Any) -> None:
    """A version of a child's identifying data."""
    version = {
        "state_id": state_id, "version_hash": hash((state_id, district, *said.items())) % 2**32,
        "district_code": district, "school_code": "4020", "local_student_id": "17", "last_name": "Kovar",
        "first_name": "Anna", "birth_date": date(2016, 4, 9), "gender": "F", "first_school_year": 2026,
        "last_school_year": 2026, "source_submission_id": file, "source_line": 2, "layout": "student_core",
        "first_seen_at": MONDAY, "last_seen_at": MONDAY, "last_name_key": "KOVAR", "first_name_key": "ANNA",
        "standardize_version": 1, **said,
    }  # fmt: skip
    names = ", ".join(version)
    con.execute(
        f"INSERT INTO identity.record ({names}) VALUES ({', '.join('?' * len(version))})", list(version.values())
    ).fetchall()


def store(
    con: duckdb.DuckDBPyConnection,
    dictionary: Dictionary,
    district: str,
    records: list[Record],
    *,
    version: str = OCTOBER,
    name: str = "a",
    replaces: str | None = None,
    is_pilot: bool = False,
) -> str:
    """A trial with these records from line 2 on, in place of an earlier one where it is named; its submission_id."""
    collection = dictionary.collection(version)
    file = f"{version}-{name}-{district}"
    if replaces:
        con.execute("UPDATE intake.submission SET status = 'superseded' WHERE submission_id = ?", [replaces]).fetchall()
        con.execute(f"DELETE FROM collection.{collection.layout} WHERE submission_id = ?", [replaces]).fetchall()
    row = {
        "submission_id": file, "district_code": district, "layout": collection.layout, "collection_version": version,
        "school_year": collection.school_year, "cycle": collection.cycle, "file_name": "f.csv", "sha256": "x",
        "claim_path": "", "status": "trial", "received_at": MONDAY, "run_id": "run", "dictionary_version": "d",
        "rule_book_version": "r", "is_pilot": is_pilot,
    }  # fmt: skip
    _insert(con, "intake.submission", row)
    known = {name for (name,) in con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'collection' AND table_name = ?", [collection.layout]
    ).fetchall()}  # fmt: skip
    for line, record in enumerate(records, start=2):
        values = {"state_id": CHILD, **{k: v for k, v in USUAL.items() if k in known}, **record}
        key = {"submission_id": file, "line_number": line, "district_code": district}
        _insert(con, f"collection.{collection.layout}", {**key, **values})
        assigned = {"submission_id": file, "line_number": line, "state_id": values["state_id"], "outcome": "CONFIRMED"}
        _insert(con, "identity.assignment", assigned)
    return file


def _insert(con: duckdb.DuckDBPyConnection, table: str, row: Mapping[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    con.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values())).fetchall()


def compare(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, at: datetime = MONDAY
) -> list[tuple[str, str]] | None:
    """District and change of what there is to tell; null where nothing was to be compared."""
    today, rules = missouri_day(at), rules_version(dictionary)
    with con.cursor() as cursor:
        changes = find_changes(cursor, today, rules)
        if changes is None:
            return None
        choose_children(cursor, changes, today)
        found = find_disagreements(cursor, dictionary, today)
        known = known_findings(cursor)
        numbers = cursor.sql("SELECT number FROM compared_number").pl()
    con.execute("BEGIN")
    told = settle_findings(con, found, known, numbers, changes, rules_version=rules, today=today, at=at)
    record_comparison(con, changes, told, rules, at)
    con.execute("COMMIT")
    return sorted(told.select("district_code", "change").iter_rows())


def rows(con: duckdb.DuckDBPyConnection, rule_id: str) -> dict[str, dict[str, Any]]:
    """The rows of a rule by district."""
    found: pl.DataFrame = con.sql("SELECT * FROM quality.violation WHERE rule_id = ?", params=[rule_id]).pl()
    return {row["district_code"]: row for row in found.iter_rows(named=True)}
