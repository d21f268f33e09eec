"""One child's ID for the operator: through the whole pipeline, alone, and safe when it is interrupted."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import flows.requesting
from flows.requesting import RequestAnswer, default_school_year, request_id
from matching.student_ids import SystemIdSource
from schemas.clock import FixedClock
from schemas.database import open_state
from schemas.dictionary import load_dictionary
from schemas.errors import UnknownName, UsageError
from schemas.one_record_batch import one_record_batch
from schemas.paths import StateHome
from tests.flows.small_files import HERE, answers, child, drop, id_batch, new_home, receipts, run
from tests.flows.test_commands import mosis

CLOCK = FixedClock(datetime(2025, 10, 7, 14, tzinfo=UTC))


@pytest.fixture
def home(tmp_path: Path) -> StateHome:
    return new_home(tmp_path)


def ask(home: StateHome, number: int = 1, clock: FixedClock = CLOCK, **changes: str) -> RequestAnswer:
    values = child(number, current_district_code=HERE, current_school_code="1050", **changes)
    return request_id(home, values, actor="operator", clock=clock, id_source=SystemIdSource())


def test_new_child_gets_an_id_and_other_files_wait(home: StateHome) -> None:
    waiting = drop(home, HERE, "batch.txt", id_batch(HERE, [child(2)]))
    answer = ask(home)
    assert (answer.outcome, answer.reason, answer.candidates) == ("NEW", "NOBODY_ALIKE", [])
    assert waiting.exists() and not list(home.inbox.glob("*/request-*"))
    (receipt,) = receipts(home).values()
    assert (receipt["outcome"], receipt["ids"]["new"]) == ("accepted", 1)
    (row,) = answers(home, receipt["file_name"], "ids_assigned.txt")
    assert row[13] == answer.state_id
    # A minute later: the same bytes in the same second would be a duplicate.
    again = ask(home, clock=FixedClock(datetime(2025, 10, 7, 14, 1, tzinfo=UTC)))
    assert (again.outcome, again.state_id) == ("REUSED", answer.state_id)


@pytest.mark.slow
def test_near_match_shows_the_child_and_logs_it(home: StateHome) -> None:
    known = ask(home)
    answer = ask(home, local_student_id="4711")
    assert (answer.outcome, answer.state_id) == ("NEAR_MATCH", None)
    assert [one["candidate_state_id"] for one in answer.candidates] == [known.state_id]
    con = open_state(home, read_only=True)
    logged = con.execute("SELECT actor, purpose, state_id FROM access.log JOIN access.disclosed USING (seq)").fetchall()
    con.close()
    assert logged == [("operator", "near match of an ID request", known.state_id)]


def test_slip_of_the_operator_is_told_before_anything_is_sent(home: StateHome) -> None:
    with pytest.raises(UsageError, match="DateOfBirth") as told:
        ask(home, birth_date="13/01/2014", gender="X")
    assert "Gender" in str(told.value) and "13/01" not in str(told.value)
    with pytest.raises(UnknownName, match="--district"):
        request_id(home, child(1), actor="operator", clock=CLOCK, id_source=SystemIdSource())
    assert receipts(home) == {} and not list(home.inbox.glob("*/*"))


@pytest.mark.slow
def test_request_that_was_planned_and_killed_is_finished_first(
    home: StateHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(flows.requesting, "carry_out", killed)
        with pytest.raises(KeyboardInterrupt):
            ask(home)
    assert receipts(home) == {}
    answer = ask(home, number=2)
    assert answer.outcome == "NEW"
    outcomes = [receipt["ids"]["new"] for receipt in receipts(home).values()]
    assert outcomes == [1, 1]


@pytest.mark.slow
def test_request_killed_before_its_claim_is_answered_by_the_next_run(
    home: StateHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(flows.requesting.ReceivingDesk, "claim", killed)
        with pytest.raises(KeyboardInterrupt):
            ask(home)
    run(home, CLOCK)
    (receipt,) = receipts(home).values()
    assert receipt["ids"]["new"] == 1


@pytest.mark.slow
def test_command_prints_the_answer(home: StateHome) -> None:
    options = [
        "--district", HERE, "--school", "1050", "--last", 'O"Neil', "--first", "Ann", "--birth-date", "04/09/2014",
        "--gender", "F", "--grade", "05", "--race", "W", "--local-id", "7",
    ]  # fmt: skip
    answer = mosis("ids", "request", *options, "--json", home=home.root)
    body = json.loads(answer.stdout)
    assert (answer.returncode, body["outcome"], len(body["state_id"])) == (0, "NEW", 10)
    located = mosis("ids", "locate", "--old-id", body["state_id"], "--purpose", "test", home=home.root)
    assert located.returncode == 0 and 'O"Neil, Ann' in located.stdout
    refused = mosis("ids", "request", "--last", "Smith", "--json", home=home.root)
    assert refused.returncode == 2 and "--district, --school, --first" in refused.stderr
    assert mosis("ids", "locate", "--last", "Smith", home=home.root).returncode == 2


@pytest.mark.parametrize(
    "year, month, school_year", [(2026, 6, "2026"), (2026, 7, "2027"), (2025, 10, "2026"), (2031, 7, "2027")]
)
def test_school_year_of_the_day(year: int, month: int, school_year: str) -> None:
    # From July on the next school year is meant; where the dictionary does not know it, the newest it knows.
    day = datetime(year, month, 15, 18, tzinfo=UTC)
    assert default_school_year(load_dictionary(), FixedClock(day)) == school_year


def test_batch_is_written_as_the_contract_says() -> None:
    layout = load_dictionary().layout("id_batch")
    content = one_record_batch({"last_name": ' O"Neil \t Lee '}, layout, datetime(2025, 10, 7, 14, 5, 9, tzinfo=UTC))
    head, detail, tail, end = content.decode().split("\r\n")
    assert head == "TH\t10/07/2025\t09:05:09\t1007090509\t1.0\tdelimiter=0x09"
    assert detail.split("\t")[:4] == ["ID", "", "", '"O""Neil Lee"']
    assert (tail, end) == ("TT\t1\t1007090509", "")
