"""Small literal requests and registries for the matching tests."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from matching.accuracy_run import open_registry
from matching.ledger import record_versions
from matching.standardize import STANDARDIZE_VERSION, standardize
from schemas.database import open_state
from schemas.identity_fields import IDENTITY_SOURCES
from schemas.paths import FOLDERS, StateHome

AT = datetime(2025, 10, 6, 14, 0, tzinfo=UTC)
MARIA: dict[str, Any] = {
    "last_name": "Okafor",
    "first_name": "Maria",
    "middle_name": "Ann",
    "birth_date": date(2012, 3, 5),
    "gender": "F",
    "grade": "07",
    "race_ethnicity": "B",
    "local_student_id": "100",
    "district_code": "010004",
    "school_code": "1050",
    "school_year": 2026,
}
SCHEMA = {
    "submission_id": pl.String(), "line_number": pl.UInt32(), "district_code": pl.String(),
    **{name: kind for name, (_, kind) in IDENTITY_SOURCES.items()},
    "sha256": pl.String(), "layout": pl.String(), "has_identity_error": pl.Boolean(), "error_reason": pl.String(),
}  # fmt: skip


def build_requests(*children: dict[str, Any]) -> pl.DataFrame:
    """One request a child, in one file a district; what is not said is Maria's or missing."""
    rows = []
    for line, child in enumerate(children, start=2):
        values = {**dict.fromkeys(SCHEMA), **MARIA, "line_number": line, "has_identity_error": False, **child}
        values["layout"] = values["layout"] or "student_core"
        values["sha256"] = values["sha256"] or f"{values['district_code']}/{values['school_year']}/{values['layout']}"
        values["submission_id"] = values["submission_id"] or f"S-{values['sha256']}"
        rows.append(values)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def build_registry(*children: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """A state in which these children are known; each names its ``state_id``, and may name ``status``, ``merged_into``."""
    con = open_registry()
    known = [{"school_year": 2025, **child} for child in children]
    ids = {child["state_id"]: (child.get("status", "active"), child.get("merged_into")) for child in known}
    for state_id, (status, merged_into) in ids.items():
        con.execute(
            "INSERT INTO identity.student VALUES (?, ?, ?, ?, 'run')", [state_id, status, merged_into, AT]
        ).fetchall()
    data = [{name: value for name, value in child.items() if name in SCHEMA} for child in known]
    requests = build_requests(*data).with_columns(line_number=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32))
    keyed = standardize(requests).with_columns(standardize_version=pl.lit(STANDARDIZE_VERSION, pl.Int32))
    given = requests.select("submission_id", "line_number", outcome=pl.lit("NEW")).with_columns(
        state_id=pl.Series([child["state_id"] for child in known], dtype=pl.String)
    )
    if known:
        record_versions(con, keyed, given, AT)
    return con


def build_crowd(count: int = 400) -> list[dict[str, Any]]:
    """Other children, so that a registry is no village: all of other names and birth dates."""
    return [
        {
            "state_id": f"9{number:09d}",
            "last_name": f"Stranger{chr(97 + number % 26)}{chr(97 + number // 26)}",
            "first_name": f"Child{chr(97 + number // 26)}{chr(97 + number % 26)}",
            "middle_name": None,
            "birth_date": date(2008 + number % 9, 1 + number % 12, 1 + number % 28),
            "local_student_id": f"{5000 + number}",
            "district_code": "048078",
        }
        for number in range(count)
    ]


@pytest.fixture
def make_empty_home(tmp_path: Path) -> Callable[[], StateHome]:
    """Makes homes with folders and an empty database on disk, without districts."""
    numbers = itertools.count(1)

    def make() -> StateHome:
        home = StateHome(tmp_path / f"home{next(numbers)}")
        home.root.mkdir()
        for folder in FOLDERS:
            (home.root / folder).mkdir()
        home.settings_file.write_text("threads = 1\nmemory_limit = '500MB'\n")
        open_state(home, create=True).close()
        return home

    return make


@pytest.fixture
def make_requests() -> Callable[..., pl.DataFrame]:
    return build_requests


@pytest.fixture
def crowd() -> list[dict[str, Any]]:
    return build_crowd()


@pytest.fixture
def make_registry() -> Iterator[Callable[..., duckdb.DuckDBPyConnection]]:
    """Registries that are closed when the test ends."""
    opened: list[duckdb.DuckDBPyConnection] = []

    def make(*children: dict[str, Any]) -> duckdb.DuckDBPyConnection:
        opened.append(build_registry(*children))
        return opened[-1]

    yield make
    for con in opened:
        con.close()
