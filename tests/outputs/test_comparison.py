"""A collection's totals against those of another system."""

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from outputs.comparison import Comparison, Tolerance, compare_totals, read_aggregates, write_comparison
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.errors import UsageError
from tests.outputs.certifying import certify
from tests.outputs.conftest import OCTOBER, RECEIVED, make_submission
from tests.outputs.test_store import store

HEADER = "district_code,school_code,axis,category,count"
CHILDREN = [
    {"state_id": "1000000000", "grade": "03", "gender": "F", "reporting_school_code": "4020"},
    {"state_id": "2000000000", "grade": "03", "gender": "M", "reporting_school_code": "4020"},
    {"state_id": "2000000000", "grade": "09", "gender": "M", "reporting_school_code": "1050"},
    {"state_id": None, "grade": None, "gender": "M", "reporting_school_code": "1050"},
]


def compare(
    con: duckdb.DuckDBPyConnection,
    dictionary: Dictionary,
    directory: Directory,
    tmp_path: Path,
    rows: str,
    tolerance: Tolerance = Tolerance(),  # noqa: B008 (frozen)
    **more: Any,
) -> Comparison:
    path = tmp_path / "theirs.csv"
    path.write_text(rows if "," in rows.splitlines()[0] and "count" in rows.splitlines()[0] else f"{HEADER}\n{rows}")
    collection = dictionary.collection(OCTOBER)
    theirs = read_aggregates(path, dictionary.layout_of(collection), dictionary, directory)
    return compare_totals(con, collection, theirs, is_pilot=False, tolerance=tolerance, **more)


def differing(comparison: Comparison) -> list[tuple[Any, ...]]:
    found = comparison.cells.filter(pl.col("difference") != 0)
    return found.select("district_code", "school_code", "axis", "category", "theirs", "ours").rows()


@pytest.fixture
def stored(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    store(con, (make_submission(1, accepted_count=4), CHILDREN, []))
    return con


def test_equal_totals_by_state_district_school_and_code(
    stored: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory, tmp_path: Path
) -> None:
    rows = (
        "ALL,ALL,ALL,ALL,4\n048078,ALL,ALL,ALL,4\n048078,4020,ALL,ALL,2\n048078,1050,ALL,ALL,2\n"
        "ALL,,StudentGradeLevel,3,2\nALL,,grade,09,1\nALL,,grade,UNKNOWN,1\nALL,,grade,ALL,4\n"
    )
    compared = compare(stored, dictionary, directory, tmp_path, rows)
    assert differing(compared) == [] and compared.cells.height == 8


def test_differences_are_ranked_and_cells_that_the_other_system_lacks_are_named(
    stored: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory, tmp_path: Path
) -> None:
    compared = compare(stored, dictionary, directory, tmp_path, "48078,,gender,M,9\n010004,,ALL,ALL,2\n")
    assert differing(compared) == [
        ("048078", "ALL", "gender", "M", 9, 3),
        ("010004", "ALL", "ALL", "ALL", 2, 0),
        ("048078", "ALL", "gender", "F", 0, 1),
    ]
    notes = dict(compared.cells.select("category", "note").iter_rows())
    assert notes == {"M": None, "ALL": "no file of this district stands", "F": "not in the other system's file"}


def test_children_and_enrolled_children(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory, tmp_path: Path
) -> None:
    store(con, (make_submission(1, accepted_count=4), CHILDREN, []))
    con.execute("UPDATE collection.student_core SET enrolled_on_count_date = 'Y' WHERE grade = '03'")
    rows = f"{HEADER},measure\nALL,ALL,ALL,ALL,3,students\nALL,ALL,ALL,ALL,2,enrolled\nALL,ALL,ALL,ALL,4,\n"
    assert differing(compare(con, dictionary, directory, tmp_path, rows)) == []


@pytest.mark.parametrize(
    "tolerance, over", [(Tolerance(), 1), (Tolerance(1), 0), (Tolerance(0, 19), 1), (Tolerance(0, 20), 0)]
)
def test_tolerance_is_a_count_or_a_share(
    stored: duckdb.DuckDBPyConnection,
    dictionary: Dictionary,
    directory: Directory,
    tmp_path: Path,
    tolerance: Tolerance,
    over: int,
) -> None:
    """The other system has 5, here are 4: one less, or a fifth."""
    rows = "048078,4020,ALL,ALL,2\n048078,1050,ALL,ALL,2\nALL,ALL,ALL,ALL,5\n"
    assert compare(stored, dictionary, directory, tmp_path, rows, tolerance).over.height == over


def test_only_what_is_certified(
    stored: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory, tmp_path: Path
) -> None:
    rows = "ALL,ALL,ALL,ALL,4\n"
    assert compare(stored, dictionary, directory, tmp_path, rows, certified_only=True).over.height == 1
    certify(stored, "048078", OCTOBER, dictionary=dictionary, directory=directory, actor="op", at=RECEIVED)
    assert compare(stored, dictionary, directory, tmp_path, rows, certified_only=True).over.height == 0


@pytest.mark.parametrize(
    "rows, words",
    [
        ("048078,ALL,ALL,ALL,four", "line 2: count 'four'"),
        ("999999,ALL,ALL,ALL,4", "district 999999 is not in the directory"),
        ("ALL,4020,ALL,ALL,4", "a school without its district"),
        ("ALL,ALL,shoe_size,9,4", "no column 'shoe_size'"),
        ("ALL,ALL,ALL,F,4", "without an axis"),
        ("ALL,ALL,ALL,ALL,4\n,,,,4", "lines 2, 3 name the same cell"),
        ("district_code,school_code,axis,count\nALL,ALL,ALL,4", "missing category"),
        (f"{HEADER},colour\nALL,ALL,ALL,ALL,4,red", "unknown colour"),
        (f"{HEADER},measure\nALL,ALL,ALL,ALL,4,hours", "measure 'hours'"),
        (HEADER, "no row stands below"),
    ],
)
def test_file_that_cannot_be_used_is_refused_with_its_line(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory, tmp_path: Path, rows: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        compare(con, dictionary, directory, tmp_path, rows)


def test_page_shows_the_differences(
    stored: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory, tmp_path: Path
) -> None:
    compared = compare(stored, dictionary, directory, tmp_path, "ALL,ALL,ALL,ALL,1300\n")
    text = write_comparison(tmp_path / "page.html", compared, "Monday").read_text("utf-8")
    assert "1 of 1 totals differ" in text and "-1,296" in text
    assert compared.to_json()["over_tolerance"] == 1
