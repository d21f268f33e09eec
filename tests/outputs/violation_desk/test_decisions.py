"""Decisions change the rows they name, the counts and the list of stale pages; always the same ones."""

from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from outputs.violation_desk import decide
from outputs.violation_desk.decide import Decided
from outputs.violation_desk.listing import by_rule, full_rows, listed_rows
from outputs.violation_desk.selection import Selection, count_selected
from tests.outputs.conftest import OCTOBER, RECEIVED, make_submission
from tests.outputs.test_store import THREE, store

RULE = Selection(rules=("STC00901",), collections=(OCTOBER,))
UNTIL = date(2025, 11, 1)
WARNING = {"line_number": 4, "severity": "W", "rule_id": "STC00902"}


def by(number: int, day: int = 0) -> Decided:
    return Decided(number, RECEIVED + timedelta(days=day), "boss", "a reason")


def statuses(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return con.execute("SELECT line_number, status FROM quality.violation ORDER BY ALL").fetchall()


def counts(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return con.execute("SELECT error_count, warning_count FROM intake.submission ORDER BY submission_id").fetchall()


@pytest.fixture
def desk(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """One trial: two errors of a rule, one warning of another."""
    store(con, (make_submission(1), THREE, [{}, {"line_number": 3}, WARNING]))
    return con


def test_errors_are_contacted_and_opened_but_never_accepted(desk: duckdb.DuckDBPyConnection) -> None:
    everything = Selection(districts=("048078",))
    assert decide.set_status(desk, by(1), everything, "contacted") == 3
    assert decide.set_status(desk, by(2), everything, "accepted") == 1
    assert statuses(desk) == [(2, "contacted"), (3, "contacted"), (4, "accepted")]
    assert counts(desk) == [(2, 0)]
    assert decide.set_status(desk, by(3), Selection(lines=(3,)), "open") == 1
    assert statuses(desk)[1] == (3, "open")
    assert desk.execute("SELECT DISTINCT submission_id FROM quality.page_due").fetchall() == [
        (make_submission(1).submission_id,)
    ]
    decisions = desk.execute("SELECT decision_number, kind, status, row_count FROM quality.decision ORDER BY 1")
    assert decisions.fetchall() == [(1, "set", "contacted", 3), (2, "set", "accepted", 1), (3, "set", "open", 1)]


def test_a_waived_rule_covers_the_next_file_and_stands_again_past_its_day(desk: duckdb.DuckDBPyConnection) -> None:
    assert decide.waive_rules(desk, by(1), RULE, UNTIL) == 2
    assert counts(desk) == [(0, 1)]
    store(desk, (make_submission(2), THREE, [{}, {"line_number": 3}, {"line_number": 4}]), day=1)
    assert {status for _, status in statuses(desk) if status != "fixed"} == {"waived"}
    assert decide.expire(desk, by(2, day=30), date(2025, 11, 1)) == 0
    assert decide.expire(desk, by(3, day=30), date(2025, 11, 2)) == 3
    standing = desk.execute("SELECT status, changed_by, waived_until FROM quality.violation WHERE status <> 'fixed'")
    assert set(standing.fetchall()) == {("reopened", "decision", UNTIL)}
    assert counts(desk)[-1] == (3, 0)


def test_rows_waived_one_by_one_say_nothing_of_later_rows(desk: duckdb.DuckDBPyConnection) -> None:
    assert decide.waive_rows(desk, by(1), Selection(lines=(2,)), UNTIL) == 1
    store(desk, (make_submission(2), THREE, [{}, {"line_number": 4}]), day=1)
    assert [status for _, status in statuses(desk)].count("waived") == 1


def test_a_waiver_taken_back_leaves_what_another_one_covers(desk: duckdb.DuckDBPyConnection) -> None:
    decide.waive_rules(desk, by(1), RULE, UNTIL)
    here = Selection(rules=RULE.rules, collections=RULE.collections, districts=("048078",))
    decide.waive_rules(desk, by(2), here, UNTIL + timedelta(days=5))
    decide.unwaive(desk, by(3), here)
    found = desk.execute(
        "SELECT DISTINCT status, waived_until, decision_number FROM quality.violation WHERE severity = 'E'"
    )
    assert found.fetchall() == [("waived", UNTIL, 1)]
    decide.unwaive(desk, by(4), RULE)
    assert statuses(desk)[0] == (2, "reopened")
    ended = desk.execute("SELECT waiver_number, ended_by FROM quality.waiver ORDER BY 1").fetchall()
    assert ended == [(1, "boss"), (2, "boss")]


def test_keys_and_filters_choose_the_same_rows(desk: duckdb.DuckDBPyConnection) -> None:
    at = RECEIVED + timedelta(days=9)
    listed = listed_rows(desk, Selection(severities=("E",)), at, 10)
    assert listed["days_open"].to_list() == [9, 9]
    (first, _) = listed["key"]
    assert count_selected(desk, Selection(keys=(first,)), at) == 1
    assert count_selected(desk, Selection(days_open=10), at) == 0
    assert by_rule(desk, Selection(), at).select("rule_id", "total", "open").rows() == [
        ("STC00901", 2, 2), ("STC00902", 1, 1),
    ]  # fmt: skip
    decide.waive_rules(desk, by(1), RULE, UNTIL)
    (shown,) = full_rows(desk, first, at)
    assert (shown["status"], shown["decided_by"], shown["decision_reason"]) == ("waived", "boss", "a reason")


def test_a_selection_survives_the_journal() -> None:
    chosen = Selection(rules=("A", "B"), lines=(3,), days_open=4)
    assert Selection.from_json(chosen.to_json()) == chosen
