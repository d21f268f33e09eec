"""Small registry files, written out of dictionaries; what a row does not say is Maria's."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from matching.registry_import.act import JudgedRegistry, judge_registry
from matching.ssn import SsnHasher

AT = datetime(2025, 7, 1, 15, 0, tzinfo=UTC)
ONE, TWO, THREE, FOUR = "0000000012", "2345678901", "3456789012", "4567890123"
MARIA = {
    "state_id": ONE, "status": "active", "alias_of": "", "last_name": "Okafor", "first_name": "Maria",
    "middle_name": "Ann", "birth_date": "2012-03-05", "gender": "F", "grade": "07", "race_ethnicity": "B",
    "district_code": "010004", "school_code": "1050", "local_student_id": "100", "ssn": "", "first_school_year": "2024",
    "last_school_year": "2025", "issued_on": "2019-09-03",
}  # fmt: skip
JAMES = {"last_name": "Whitfield", "first_name": "James", "middle_name": "", "birth_date": "2009-11-20", "gender": "M"}
NOBODY = dict.fromkeys(("last_name", "first_name", "middle_name", "birth_date", "district_code", "ssn"), "")
HASHER = SsnHasher({1: b"registry" * 4})


def registry_text(*rows: dict[str, str], delimiter: str = ",") -> str:
    """A file of these rows; the first stands on line 2."""
    lines = [delimiter.join(MARIA), *(delimiter.join({**MARIA, **row}.values()) for row in rows)]
    return "\n".join([*lines, ""])


def judge(con: duckdb.DuckDBPyConnection, folder: Path, *rows: dict[str, str]) -> JudgedRegistry:
    return judge_registry(registry_text(*rows).encode(), con, HASHER, folder, AT, districts=["010004", "048078"])


def found(judged: JudgedRegistry) -> list[tuple[int, str]]:
    """Line and code of every finding."""
    return judged.findings.select("line_number", "code").sort("line_number", "code").rows()


def standings(judged: JudgedRegistry) -> dict[str, tuple[str, str | None]]:
    """Status and target of every number that is entered."""
    return {row[0]: (row[1], row[2]) for row in judged.numbers.select("state_id", "status", "merged_into").rows()}
