"""A small district with hypothetical children, and a database with every table."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from schemas.database import sync_collection_tables
from schemas.database.migrate import known_migrations
from schemas.dictionary import Dictionary, load_dictionary
from schemas.directory import Directory
from schemas.submission import Submission
from tests.outputs.browser import open_browser, open_page

OCTOBER = "2026Oct1.0StuCore"
RECEIVED = datetime(2025, 10, 6, 14, 3, 9, tzinfo=UTC)
SHA256 = "1a2b3c4d5e6f" + "0" * 52


@pytest.fixture(scope="session")
def dictionary() -> Dictionary:
    return load_dictionary()


@pytest.fixture(scope="session")
def empty_state(tmp_path_factory: pytest.TempPathFactory, dictionary: Dictionary) -> Path:
    """A database file with every table and no row; each test works on a copy."""
    path = tmp_path_factory.mktemp("state") / "state.duckdb"
    connection = duckdb.connect(":memory:")
    connection.execute(f"ATTACH '{path}' AS state")
    connection.execute("USE state")
    for migration in known_migrations():
        connection.execute(migration.sql)
    sync_collection_tables(connection, dictionary)
    connection.close()
    return path


@pytest.fixture
def con(tmp_path: Path, empty_state: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The state database as the pipeline sees it, empty."""
    shutil.copy(empty_state, tmp_path / "state.duckdb")
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"ATTACH '{tmp_path / 'state.duckdb'}' AS state")
    connection.execute("USE state")
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def directory() -> Directory:
    districts = pl.DataFrame(
        [
            ("048078", "Cedar Bluff R-II", "Jackson", "district", None, None),
            ("010004", "Willow Creek 93", "Boone", "district", None, None),
            ("077077", "Prairie View Charter", "Greene", "charter", None, None),
        ],
        schema={
            "district_code": pl.String,
            "name": pl.String,
            "county": pl.String,
            "kind": pl.String,
            "opened_year": pl.Int32,
            "closed_year": pl.Int32,
        },
        orient="row",
    ).with_columns(pl.lit(None, pl.String).alias(name) for name in ("contact_name", "contact_email", "contact_phone"))
    schools = pl.DataFrame(
        [
            ("048078", "1050", "Cedar Bluff High", "09", "12", None, None),
            ("048078", "4020", "Lincoln Elementary", "K", "05", None, None),
            ("010004", "4010", "Willow Creek Elementary", "K", "08", None, None),
        ],
        schema={
            "district_code": pl.String, "school_code": pl.String, "name": pl.String, "low_grade": pl.String,
            "high_grade": pl.String, "opened_year": pl.Int32, "closed_year": pl.Int32,
        },
        orient="row",
    )  # fmt: skip
    return Directory(districts, schools)


def make_submission(number: int = 1, **changes: Any) -> Submission:
    """An accepted trial of October Student Core, three records, as the pipeline hands it on."""
    base = Submission(
        submission_id=f"20251006T140309Z-1a2b3c4d5e6f-048078-{number}",
        district_code="048078",
        school_code=None,
        file_name="oct_core.csv",
        sha256=SHA256,
        byte_count=1000,
        claim_path="work/run1/048078/0001",
        received_at=RECEIVED,
        run_id="run1",
        layout="student_core",
        collection_version=OCTOBER,
        school_year=2026,
        cycle="Oct",
        line_count=4,
        header_lines=1,
        blank_lines=0,
        record_count=3,
        accepted_count=3,
        refused_count=0,
        outcome="accepted",
        status="trial",
    )
    return replace(base, **changes)


def make_records(submission: Submission, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Typed October records with the columns that matter here; lines are counted from 2 on."""
    blank = {
        "state_id": None, "submitted_state_id": None, "reporting_school_code": "4020",
        "reporting_district_code": submission.district_code, "resident_district_code": submission.district_code,
        "local_student_id": None, "last_name": "Kovar", "first_name": "Anna", "middle_name": None, "suffix": None,
        "gender": "F", "birth_date": date(2016, 4, 9), "grade": "04", "race_ethnicity": "W", "school_year": 2026,
        "collection_version": submission.collection_version, "ssn_hash": None, "ssn_near": None, "ssn_status": "blank",
    }  # fmt: skip
    schema = dict.fromkeys(blank, pl.String) | {
        "birth_date": pl.Date, "school_year": pl.Int64, "ssn_near": pl.List(pl.String),
    }  # fmt: skip
    head = {"submission_id": pl.String, "line_number": pl.UInt32, "district_code": pl.String}
    return pl.DataFrame(
        [
            {
                "submission_id": submission.submission_id, "line_number": line,
                "district_code": submission.district_code, **blank, **row,
            }
            for line, row in enumerate(rows, start=2)
        ],
        schema=head | schema,
    )  # fmt: skip


def make_violations(submission: Submission, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Violations as validation gives them; each row says what differs from a wrong race code on line 2."""
    usual = {
        "submission_id": submission.submission_id, "line_number": 2, "field": "RaceEthnicity", "rule_id": "STC00901",
        "severity": "E", "scope": "record", "value": "X", "message": "RaceEthnicity is not a code of its code set.",
        "fix": "Use a code of the set.",
    }  # fmt: skip
    schema = {name: pl.UInt32 if name == "line_number" else pl.String for name in usual}
    return pl.DataFrame([{**usual, **row} for row in rows], schema=schema)


def no_rule_runs() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "rule_id": pl.String, "submission_id": pl.String, "applicable_count": pl.Int64, "failed_count": pl.Int64,
        }
    )  # fmt: skip


def make_assignments(submission: Submission, outcomes: list[tuple[int, str, str, str | None]]) -> pl.DataFrame:
    """Line, outcome, reason and state ID of each record; near matches get a question number."""
    rows = [
        (
            submission.submission_id,
            line,
            outcome,
            reason,
            state_id,
            f"NM{line:04d}" if outcome == "NEAR_MATCH" else None,
        )
        for line, outcome, reason, state_id in outcomes
    ]
    names = ("submission_id", "line_number", "outcome", "reason", "state_id", "near_match_id")
    schema = {name: pl.UInt32 if name == "line_number" else pl.String for name in names}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    with open_page(browser) as opened:
        yield opened
