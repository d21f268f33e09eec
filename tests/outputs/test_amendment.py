"""What a new file would change of what is certified, row by row."""

from typing import Any

import duckdb
import pytest

from outputs.certification.amendment import ADDED, CHANGED, REMOVED, Difference, difference_of
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from tests.outputs.certifying import certify
from tests.outputs.conftest import OCTOBER, RECEIVED, make_submission
from tests.outputs.test_store import THREE, store

Row = dict[str, Any]


@pytest.fixture
def names(dictionary: Dictionary, directory: Directory) -> dict[str, Any]:
    return {"dictionary": dictionary, "directory": directory, "actor": "operator", "at": RECEIVED}


def amend(con: duckdb.DuckDBPyConnection, names: dict[str, Any], before: list[Row], after: list[Row]) -> Difference:
    store(con, (make_submission(1, accepted_count=len(before)), before, []))
    certify(con, "048078", OCTOBER, **names)
    store(con, (make_submission(2, accepted_count=len(after)), after, []), day=3)
    difference = difference_of(con, make_submission(2).submission_id, "student_core")
    assert difference is not None
    return difference


def cells(difference: Difference) -> list[tuple[Any, ...]]:
    return difference.cells.select("change", "state_id", "field", "before", "after").rows()


def test_nothing_certified_nothing_to_compare(con: duckdb.DuckDBPyConnection) -> None:
    store(con, (make_submission(1), THREE, []))
    assert difference_of(con, make_submission(1).submission_id, "student_core") is None


def test_same_records_in_another_order_differ_in_nothing(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    difference = amend(con, names, THREE, THREE[::-1])
    assert cells(difference) == [] and difference.sentence() == "No record differs."


def test_added_removed_and_changed(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    new = {"local_student_id": "L9", "state_id": "9000000000"}
    difference = amend(con, names, THREE, [{**THREE[0], "grade": "05", "gender": "M"}, THREE[1], new])
    assert sorted(cells(difference), key=str) == [
        (ADDED, "9000000000", None, None, None),
        (CHANGED, "1000000000", "gender", "F", "M"),
        (CHANGED, "1000000000", "grade", "04", "05"),
        (REMOVED, "3000000000", None, None, None),
    ]
    counts = (difference.added, difference.removed, difference.changed, difference.changed_cells)
    assert counts == (1, 1, 1, 2)
    assert difference.sentence() == "1 record added, 1 removed, 1 changed (2 cells)."


def test_value_that_was_blank_is_a_change(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    difference = amend(con, names, THREE[:1], [{**THREE[0], "middle_name": "Lee"}])
    assert cells(difference) == [(CHANGED, "1000000000", "middle_name", None, "Lee")]


def test_record_without_state_id_goes_by_its_local_one(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    bare = {"local_student_id": "L1", "state_id": None}
    difference = amend(con, names, [bare], [{**bare, "grade": "05"}])
    assert [cell[0] for cell in cells(difference)] == [CHANGED]


def test_doubled_record_is_one_more(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    difference = amend(con, names, THREE[:1], [THREE[0], THREE[0]])
    assert cells(difference) == [(ADDED, "1000000000", None, None, None)]


def test_row_that_names_nobody_is_added_or_removed_whole(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    nobody = {"local_student_id": None, "state_id": None}
    difference = amend(con, names, [nobody], [{**nobody, "grade": "05"}])
    assert sorted(cell[0] for cell in cells(difference)) == [ADDED, REMOVED]
