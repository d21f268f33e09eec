"""Who may send a collection, until when, and what is late."""

from dataclasses import replace
from datetime import UTC, date, datetime

import duckdb
import pytest

from outputs.cycles import CycleEvent, Cycles, end_pilot, judge_lateness, load_cycles, note_event, refusal_of
from schemas.dictionary import Dictionary
from tests.outputs.conftest import OCTOBER, RECEIVED, make_submission
from tests.outputs.test_store import THREE, lines, statuses, store

HERE, THERE = "048078", "010004"
DUE = date(2025, 10, 15)


def event(action: str, district: str | None = None, until: date | None = None, is_pilot: bool = False) -> CycleEvent:
    return CycleEvent(OCTOBER, district, action, until, "R. Ames", "Flood", RECEIVED, is_pilot)  # type: ignore[arg-type]


def after(*events: CycleEvent) -> Cycles:
    return Cycles({OCTOBER: events})


def test_every_collection_is_open_until_somebody_closes_it() -> None:
    assert Cycles().closing(OCTOBER, HERE) is None
    assert after(event("close")).closing(OCTOBER, HERE) == event("close")


def test_one_district_can_be_let_in_again() -> None:
    cycles = after(event("close"), event("open", HERE))
    assert cycles.closing(OCTOBER, HERE) is None
    assert cycles.closing(OCTOBER, THERE) is not None
    assert after(event("close", HERE)).closing(OCTOBER, THERE) is None


@pytest.mark.parametrize(
    "events, here, there",
    [
        ([], DUE, DUE),
        ([event("extend", HERE, date(2025, 10, 20))], date(2025, 10, 20), DUE),
        ([event("extend", None, date(2025, 10, 22))], date(2025, 10, 22), date(2025, 10, 22)),
        # The later of the day of all and the own day; of two own days the last one said.
        (
            [event("extend", HERE, date(2025, 10, 18)), event("extend", None, date(2025, 10, 20))],
            date(2025, 10, 20),
            date(2025, 10, 20),
        ),
        (
            [event("extend", HERE, date(2052, 10, 18)), event("extend", HERE, date(2025, 10, 25))],
            date(2025, 10, 25),
            DUE,
        ),
    ],
)
def test_due_dates(events: list[CycleEvent], here: date, there: date, dictionary: Dictionary) -> None:
    collection, cycles = dictionary.collection(OCTOBER), after(*events)
    assert (cycles.due_date(collection, HERE), cycles.due_date(collection, THERE)) == (here, there)
    assert cycles.last_due_date(collection) == max(here, there)


def test_last_second_of_the_due_date_in_missouri_is_in_time(dictionary: Dictionary) -> None:
    collection = dictionary.collection(OCTOBER)
    assert not Cycles().is_late(collection, HERE, datetime(2025, 10, 16, 4, 59, 59, tzinfo=UTC))
    assert Cycles().is_late(collection, HERE, datetime(2025, 10, 16, 5, 0, 0, tzinfo=UTC))


def test_refusal_says_since_when_why_and_who_can_reopen(dictionary: Dictionary) -> None:
    refusal = refusal_of(event("close"), dictionary.collection(OCTOBER))
    assert (refusal.outcome, refusal.reason) == ("rejected", "COLLECTION_CLOSED")
    assert "was closed on October 6, 2025 (Flood)" in refusal.message
    assert "MOSIS desk can reopen" in refusal.next_step


def test_decisions_are_read_in_the_order_in_which_they_were_made(con: duckdb.DuckDBPyConnection) -> None:
    for number, each in enumerate([event("close"), event("open", HERE), event("extend", None, DUE)], start=1):
        note_event(con, each, number)
    assert load_cycles(con).of(OCTOBER) == (event("close"), event("open", HERE), event("extend", None, DUE))


def test_extension_takes_lateness_back(con: duckdb.DuckDBPyConnection) -> None:
    store(con, (make_submission(1, is_late=True, received_at=datetime(2025, 10, 17, 12, tzinfo=UTC)), THREE, []))
    judge_lateness(con, OCTOBER, {HERE: date(2025, 10, 16)})
    assert con.execute("SELECT is_late FROM intake.submission").fetchall() == [(True,)]
    judge_lateness(con, OCTOBER, {HERE: date(2025, 10, 17)})
    assert con.execute("SELECT is_late FROM intake.submission").fetchall() == [(False,)]


def test_pilot_is_what_the_collection_was_last_opened_as() -> None:
    assert after(event("open", is_pilot=True)).is_pilot(OCTOBER)
    assert not after(event("open", is_pilot=True), event("open")).is_pilot(OCTOBER)
    assert after(event("open", is_pilot=True), event("close"), event("open", HERE)).is_pilot(OCTOBER)


def test_pilot_that_ends_leaves_no_record_behind(con: duckdb.DuckDBPyConnection) -> None:
    pilot = make_submission(1, is_pilot=True)
    real = replace(make_submission(2), collection_version="2026Feb1.0StuCore", cycle="Feb")
    store(con, (pilot, THREE, [{}]), (real, THREE, []))
    end_pilot(con, OCTOBER, "student_core")
    assert statuses(con) == {"1": "superseded", "2": "trial"}
    assert lines(con) == [("2", 3)]
    assert con.execute("SELECT status FROM quality.violation").fetchall() == [("fixed",)]


def test_pilot_is_nobodys_past(con: duckdb.DuckDBPyConnection) -> None:
    store(con, (make_submission(1, is_pilot=True), THREE, [{}]))
    end_pilot(con, OCTOBER, "student_core")
    store(con, (make_submission(2), THREE, [{}]), day=3)
    rows = con.execute("SELECT submission_id[-1:], status FROM quality.violation ORDER BY 1").fetchall()
    assert rows == [("1", "fixed"), ("2", "open")]
