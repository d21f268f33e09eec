"""Nobody comes to a number that is held: not by sending it, not by being like the children under it."""

from collections.abc import Callable
from typing import Any

import duckdb
import polars as pl
import pytest

from matching.identify import identify
from tests.matching.conftest import MARIA

MakeRegistry = Callable[..., duckdb.DuckDBPyConnection]
MakeRequests = Callable[..., pl.DataFrame]
HELD = {"state_id": "0000000012", "status": "held", **MARIA}


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"submitted_state_id": "0000000012"},
        {"submitted_state_id": "12"},
        {"submitted_state_id": "0000000012", "last_name": "Quite", "first_name": "Another", "local_student_id": "7"},
        {"local_student_id": None, "district_code": "048078", "first_name": "Marie"},
    ],
    ids=["the child", "its number", "its number without zeros", "the number of another", "somebody alike elsewhere"],
)
def test_records_of_a_held_number_wait(
    make_registry: MakeRegistry, make_requests: MakeRequests, crowd: list[dict[str, Any]], sent: dict[str, Any]
) -> None:
    con = make_registry(HELD, *crowd)
    decided = identify(make_requests(sent), con)
    assert decided.assignments.select("outcome", "reason", "state_id").rows() == [("ERROR", "ID_HELD", None)]
    assert decided.candidates.is_empty()


def test_others_are_not_touched(
    make_registry: MakeRegistry, make_requests: MakeRequests, crowd: list[dict[str, Any]]
) -> None:
    con = make_registry(HELD, *crowd)
    stranger = {"last_name": "Vandermeer", "first_name": "Tobias", "birth_date": crowd[0]["birth_date"], "gender": "M"}
    decided = identify(make_requests({**stranger, "local_student_id": "55"}, {**crowd[3], "state_id": None}), con)
    assert sorted(decided.assignments["outcome"]) == ["NEW", "REUSED"]
