"""Decisions hold for later records of the same child, and two that contradict each other do not both pass."""

from collections.abc import Callable
from typing import Any

import duckdb
import polars as pl
import pytest

from matching.identify import identify
from matching.returns import apply_return
from matching.stored_facts import facts_between
from tests.matching import test_near_matches as near
from tests.matching.test_near_matches import ASKING, MARIA_ID, MARTA_ID, answer, receive, returned, store

pytestmark = pytest.mark.slow

asked = near.asked
Con = duckdb.DuckDBPyConnection
Asked = tuple[Con, str]
Requests = Callable[..., pl.DataFrame]


def decide_again(con: Con, requests: pl.DataFrame) -> dict[str, Any]:
    return identify(requests, con).assignments.row(0, named=True)


def ask_in_another_file(con: Con, make_requests: Requests, **changes: Any) -> str:
    """The same record in other bytes, stored as an open question of its own; its name."""
    again = make_requests({**ASKING, "sha256": "other", **changes})
    receive(con, again["submission_id"].item())
    decisions = identify(again, con)
    store(con, again, decisions)
    return str(decisions.assignments["near_match_id"].item())


def both(name: str, decision: str) -> pl.DataFrame:
    other = "DIFFERENT" if decision == "SAME" else decision
    return returned((name, "1", MARIA_ID, decision), (name, "2", MARTA_ID, other))


def test_a_later_record_that_says_the_same_keeps_the_child(asked: Asked, make_requests: Requests) -> None:
    con, name = asked
    answer(con, both(name, "SAME"))
    later = decide_again(con, make_requests({**ASKING, "sha256": "later"}))
    assert (later["outcome"], later["reason"], later["state_id"]) == ("REUSED", "DECIDED_BEFORE", MARIA_ID)


@pytest.mark.parametrize(
    "changes",
    [
        {"local_student_id": "78"},
        pytest.param({"district_code": "099099"}, marks=pytest.mark.slow),
        pytest.param({"gender": "M"}, marks=pytest.mark.slow),
    ],
)
def test_a_record_that_says_something_else_is_decided_by_the_evidence(
    asked: Asked, make_requests: Requests, changes: dict[str, str]
) -> None:
    con, name = asked
    answer(con, both(name, "SAME"))
    assert decide_again(con, make_requests({**ASKING, "sha256": "later", **changes}))["step"] != "decision"


def test_a_decision_follows_a_merged_number(asked: Asked, make_requests: Requests) -> None:
    con, name = asked
    answer(con, both(name, "SAME"))
    con.execute(
        "UPDATE identity.student SET status = 'merged', merged_into = ? WHERE state_id = ?", [MARTA_ID, MARIA_ID]
    ).fetchall()
    assert decide_again(con, make_requests({**ASKING, "sha256": "later"}))["state_id"] == MARTA_ID


def test_children_who_were_kept_apart_are_not_asked_about_again(asked: Asked, make_requests: Requests) -> None:
    con, name = asked
    _, row = answer(con, both(name, "DIFFERENT"))
    # The name was corrected since: another record, but of the same enrolment, and still none of the two.
    later = identify(make_requests({**ASKING, "sha256": "later", "first_name": "Mariah"}), con)
    assert later.assignments["state_id"].to_list() == [row["state_id"]]
    assert later.candidates.is_empty()
    assert {fact.other for fact in facts_between(con, row["state_id"], MARIA_ID)} == {MARIA_ID}


def test_an_answer_against_an_earlier_one_is_refused_with_both_named(asked: Asked, make_requests: Requests) -> None:
    con, name = asked
    second = ask_in_another_file(con, make_requests)
    answer(con, both(name, "SAME"))
    told = returned((second, "1", MARIA_ID, "DIFFERENT"), (second, "2", MARTA_ID, "DIFFERENT"))
    applied = apply_return(told, con, submission_id="R-2", sha256="r-2", district_code="048078", actor="A. Operator")
    decisions = identify(applied.requests, con)
    assert decisions.assignments["reason"].to_list() == ["RETURN_CONTRADICTS"]
    (detail,) = decisions.contradictions["detail"].to_list()
    assert f"{second} is another child than {MARIA_ID}, decided by A. Operator in this run" in detail
    assert f"{name} is the same child as {MARIA_ID}, decided by district 048078 on 11/03/2025" in detail
    store(con, applied.requests, decisions)
    open_questions = con.execute("SELECT DISTINCT near_match_id FROM identity.near_match WHERE status = 'open'")
    assert open_questions.fetchall() == [(second,)]
