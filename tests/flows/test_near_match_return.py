"""A question to a district, its answer in a returned worklist, and what the answer does: the whole way, through the inbox."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.clock import FixedClock
from schemas.database import open_state
from schemas.paths import StateHome
from tests.flows.certifying import certify_trial
from tests.flows.small_files import (
    HERE,
    OCTOBER,
    THERE,
    Child,
    answers,
    child,
    core_file,
    drop,
    id_batch,
    ids,
    new_home,
    receipt_of,
    run,
)  # fmt: skip

MATCHES = "matches_to_resolve.txt"
KNOWN = [child(number) for number in range(4)]
# The same children under second local IDs of the same district and year: one child entered twice, or two children?
ASKED = [{**one, "local_student_id": str(5000 + place)} for place, one in enumerate(KNOWN)]
NEW = child(9)
DECISION, CANDIDATE_ID, RANK, QUESTION, LINE = 32, 23, 22, 21, 20
Row = list[str]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2025, 10, 8, 14, tzinfo=UTC))


@pytest.fixture(scope="module")
def asked_home(tmp_path_factory: pytest.TempPathFactory) -> StateHome:
    """Four children known from a batch; a core file with one new child and four questions about them."""
    home, clock = new_home(tmp_path_factory.mktemp("asked")), FixedClock(datetime(2025, 10, 6, 14, tzinfo=UTC))
    drop(home, HERE, "batch.txt", id_batch(HERE, KNOWN))
    run(home, clock)
    clock.advance(days=1)
    drop(home, HERE, "core.csv", core_file(HERE, [NEW, *ASKED]))
    run(home, clock)
    assert len(answers(home, "core.csv", MATCHES)) == len(ASKED)
    return home


@pytest.fixture
def home(asked_home: StateHome, tmp_path: Path) -> StateHome:
    """A copy of that home for one test."""
    shutil.copytree(asked_home.root, tmp_path / "home", symlinks=True)
    return StateHome.open(tmp_path / "home")


def returned(rows: Sequence[Row], *decisions: str) -> bytes:
    """A worklist as a spreadsheet gives it back: no frame, a decision on each row."""
    filled = [[*row[:DECISION], decision] for row, decision in zip(rows, decisions, strict=True)]
    return "".join("\t".join(row) + "\r\n" for row in filled).encode()


def give_back(home: StateHome, clock: FixedClock, *decisions: str, name: str = "answers.txt") -> None:
    drop(home, HERE, name, returned(answers(home, "core.csv", MATCHES), *decisions))
    run(home, clock)
    clock.advance(days=1)


def rows_of(home: StateHome, query: str) -> list[tuple[object, ...]]:
    con = open_state(home, read_only=True)
    try:
        return con.execute(query).fetchall()
    finally:
        con.close()


def stored_ids(home: StateHome) -> list[str | None]:
    """IDs of the trial's records, by line."""
    found = rows_of(home, "SELECT state_id FROM state.collection.student_core ORDER BY line_number")
    return [None if state_id is None else str(state_id) for (state_id,) in found]


def registry(home: StateHome) -> set[str]:
    return {str(state_id) for (state_id,) in rows_of(home, "SELECT state_id FROM state.identity.student")}


def everything(home: StateHome) -> list[object]:
    """What must not move when an answer changes nothing."""
    return [
        stored_ids(home),
        sorted(registry(home)),
        rows_of(home, "SELECT * EXCLUDE (opened_at) FROM state.identity.near_match ORDER BY ALL"),
        rows_of(home, "SELECT * FROM state.identity.pending_request ORDER BY ALL"),
        rows_of(home, "SELECT * FROM state.identity.decision ORDER BY ALL"),
        rows_of(home, "SELECT submission_id, line_number, rule_id, status FROM state.quality.violation ORDER BY ALL"),
        rows_of(home, "SELECT * EXCLUDE (last_seen_at) FROM state.identity.record ORDER BY state_id, version_hash"),
    ]


def reasons(home: StateHome, name: str) -> list[str]:
    return sorted(row["rule_id"] for row in receipt_of(home, name)["violations"])


def test_same_links_different_gives_a_new_id_cancel_cancels_and_the_rest_stays_open(
    home: StateHome, clock: FixedClock
) -> None:
    before, known = registry(home), ids(home, "batch.txt")
    give_back(home, clock, "SAME", "different", "Cancel", "")
    _, same, different, canceled, left = stored_ids(home)
    assert same == known[2]
    assert registry(home) == before | {different} and different not in before
    assert canceled is None and left is None
    receipt = receipt_of(home, "answers.txt")
    assert receipt["status"] == "decisions"
    assert (receipt["ids"]["reused"], receipt["ids"]["new"], receipt["ids"]["canceled"]) == (1, 1, 1)
    assert ids(home, "answers.txt") == {3: same, 4: different}
    assert [row[LINE] for row in answers(home, "answers.txt", "canceled_records.txt")] == ["5"]
    assert [row[LINE] for row in answers(home, "answers.txt", MATCHES)] == ["6"]


@pytest.mark.slow
def test_answered_questions_no_longer_stand_against_certification(home: StateHome, clock: FixedClock) -> None:
    refusal = certify_trial(home, HERE, OCTOBER, actor="tester", clock=clock)
    assert not refusal.is_certified and "near match" in refusal.text
    give_back(home, clock, *["DIFFERENT"] * 4)
    assert len(set(stored_ids(home))) == 5
    decision = certify_trial(home, HERE, OCTOBER, actor="tester", clock=clock)
    assert decision.is_certified, decision.text


@pytest.mark.slow
def test_the_same_return_again_changes_nothing(home: StateHome, clock: FixedClock) -> None:
    give_back(home, clock, "SAME", "DIFFERENT", "CANCEL", "")
    before = everything(home)
    first = answers(home, "core.csv", MATCHES)
    drop(home, HERE, "again.txt", returned(first, "SAME", "DIFFERENT", "CANCEL", ""))
    run(home, clock)
    assert receipt_of(home, "again.txt")["outcome"] == "duplicate"
    assert everything(home) == before
    drop(home, HERE, "other-bytes.txt", returned(first, "SAME", "DIFFERENT", "CANCEL", "") + b"\r\n")
    run(home, clock)
    assert everything(home) == before
    assert reasons(home, "other-bytes.txt") == ["RETURN_CLOSED"] * 3


def altered(rows: list[Row]) -> list[Row]:
    return [[*row[:CANDIDATE_ID], "1234567890", *row[CANDIDATE_ID + 1 :]] for row in rows]


def unknown(rows: list[Row]) -> list[Row]:
    return [[*row[:QUESTION], "NM0000000000", *row[QUESTION + 1 :]] for row in rows]


def out_of_rank(rows: list[Row]) -> list[Row]:
    return [[*row[:RANK], "7", *row[RANK + 1 :]] for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "reason"),
    [(altered, "RETURN_ALTERED"), (unknown, "RETURN_UNKNOWN"), (out_of_rank, "RETURN_ALTERED")],
)
@pytest.mark.parametrize("decision", ["SAME", "DIFFERENT", "CANCEL"])
def test_an_altered_question_stays_as_it_was(
    home: StateHome, clock: FixedClock, change: Callable[[list[Row]], list[Row]], reason: str, decision: str
) -> None:
    before = everything(home)
    rows = change(answers(home, "core.csv", MATCHES)[:1])
    drop(home, HERE, "answers.txt", returned(rows, decision))
    run(home, clock)
    assert everything(home) == before
    assert reasons(home, "answers.txt") == [reason]
    assert receipt_of(home, "answers.txt")["outcome"] == "accepted_with_violations"


@pytest.mark.slow
def test_a_question_to_another_district_stays_as_it_was(home: StateHome, clock: FixedClock) -> None:
    before = everything(home)
    drop(home, THERE, "answers.txt", returned(answers(home, "core.csv", MATCHES), *["SAME"] * 4))
    run(home, clock)
    assert everything(home) == before
    assert reasons(home, "answers.txt") == ["RETURN_FOREIGN"] * 4
    (folder,) = (path.parent for path in home.outbox_of(THERE).glob("*/receipt.json"))
    text = "".join(path.read_text("utf-8") for path in folder.iterdir())
    assert KNOWN[0]["last_name"] not in text and KNOWN[0]["local_student_id"] not in text


@pytest.mark.slow
@pytest.mark.parametrize(("word", "reason"), [("YES", "RETURN_UNKNOWN_DECISION"), ("SAMEE", "RETURN_UNKNOWN_DECISION")])
def test_a_word_nobody_knows_decides_nothing(home: StateHome, clock: FixedClock, word: str, reason: str) -> None:
    before = everything(home)
    give_back(home, clock, word, "", "", "")
    assert everything(home) == before
    assert reasons(home, "answers.txt") == [reason]


def test_lines_that_are_no_answer_are_told(home: StateHome, clock: FixedClock) -> None:
    rows = returned(answers(home, "core.csv", MATCHES), "SAME", "", "", "")
    drop(home, HERE, "answers.txt", rows + b"ID\tcut off\r\n" + rows.splitlines()[1][:60] + b"\xff\r\n")
    run(home, clock)
    receipt = receipt_of(home, "answers.txt")
    assert receipt["refused"] == 2 and receipt["ids"]["reused"] == 1
    assert [row["line"] for row in receipt["violations"]] == [5, 6]


@pytest.mark.slow
def test_two_lines_answered_as_one_child_do_not_both_pass(tmp_path: Path, clock: FixedClock) -> None:
    """Both questions of one file end at one child: the file still has to say which record is right."""
    home = new_home(tmp_path)
    drop(home, HERE, "batch.txt", id_batch(HERE, KNOWN[:1]))
    run(home, clock)
    clock.advance(days=1)
    twice = [{**KNOWN[0], "local_student_id": number} for number in ("5000", "5001")]
    drop(home, HERE, "core.csv", core_file(HERE, [NEW, *twice]))
    run(home, clock)
    clock.advance(days=1)
    give_back(home, clock, "SAME", "SAME")
    assert stored_ids(home).count(ids(home, "batch.txt")[2]) == 1
    assert not certify_trial(home, HERE, OCTOBER, actor="tester", clock=clock).is_certified


def test_one_question_answered_in_two_returns_of_one_run_is_answered_once(home: StateHome, clock: FixedClock) -> None:
    before = registry(home)
    rows = answers(home, "core.csv", MATCHES)[:1]
    drop(home, HERE, "one.txt", returned(rows, "DIFFERENT"))
    drop(home, HERE, "two.txt", returned(rows, "DIFFERENT") + b"\r\n")
    run(home, clock)
    assert len(registry(home) - before) == 1
    assert {stored_ids(home)[1]} == registry(home) - before


def question_without_local_id(home: StateHome, clock: FixedClock) -> list[Row]:
    """A file of another district about nearly the same child, who has no local ID there."""
    one = {**KNOWN[0], "local_student_id": "", "middle_name": "", "race_ethnicity": "", "first_name": "A"}
    drop(home, THERE, "ask.csv", core_file(THERE, [one]))
    run(home, clock)
    clock.advance(days=1)
    return answers(home, "ask.csv", MATCHES)


@pytest.mark.slow
def test_one_question_without_local_id_in_two_returns_is_one_child(home: StateHome, clock: FixedClock) -> None:
    rows, before = question_without_local_id(home, clock), registry(home)
    assert rows
    drop(home, THERE, "one.txt", returned(rows, *["DIFFERENT"] * len(rows)))
    drop(home, THERE, "two.txt", returned(rows, *["DIFFERENT"] * len(rows)) + b"\r\n")
    run(home, clock)
    assert len(registry(home) - before) == 1


def test_returns_that_contradict_each_other_leave_the_question_open(home: StateHome, clock: FixedClock) -> None:
    before, rows = everything(home), answers(home, "core.csv", MATCHES)[:1]
    drop(home, HERE, "one.txt", returned(rows, "SAME"))
    drop(home, HERE, "two.txt", returned(rows, "DIFFERENT"))
    run(home, clock)
    assert everything(home) == before


@pytest.mark.slow
def test_a_question_asked_again_by_the_same_bytes_can_still_be_answered(home: StateHome, clock: FixedClock) -> None:
    """The trial was replaced and dropped again: the same question stands twice, and is one."""
    drop(home, HERE, "other.csv", core_file(HERE, [NEW, *KNOWN]))
    run(home, clock)
    clock.advance(days=1)
    drop(home, HERE, "again.csv", core_file(HERE, [NEW, *ASKED]))
    run(home, clock)
    clock.advance(days=1)
    rows, before = answers(home, "again.csv", MATCHES), registry(home)
    assert [row[QUESTION] for row in rows] == [row[QUESTION] for row in answers(home, "core.csv", MATCHES)]
    drop(home, HERE, "answers.txt", returned(rows, "SAME", *["DIFFERENT"] * 3))
    run(home, clock)
    assert None not in stored_ids(home) and len(registry(home) - before) == 3
    assert rows_of(home, "SELECT DISTINCT status FROM state.identity.near_match") == [("closed",)]
    assert rows_of(home, "SELECT * FROM state.identity.pending_request") == []


@pytest.mark.slow
def test_one_question_from_a_building_and_its_district_is_answered_for_both(home: StateHome, clock: FixedClock) -> None:
    """The same bytes lie in the district's folder and in the school's: two trials, one question a child."""
    drop(home, HERE, "building.csv", core_file(HERE, [NEW, *ASKED]), school="1050")
    run(home, clock)
    clock.advance(days=1)
    before = registry(home)
    give_back(home, clock, "SAME", *["DIFFERENT"] * 3)
    assert len(registry(home) - before) == 3
    by_line = rows_of(
        home,
        "SELECT line_number, count(*), count(DISTINCT state_id), count(state_id) "
        "FROM state.collection.student_core GROUP BY 1 ORDER BY 1",
    )
    assert by_line == [(line, 2, 1, 2) for line in range(2, 7)]


@pytest.mark.slow
def test_a_return_and_new_requests_of_the_same_child_in_one_run(home: StateHome, clock: FixedClock) -> None:
    """DIFFERENT in one file, and the same record again in a corrected core file of the same run: one child at most."""
    before = registry(home)
    drop(home, HERE, "answers.txt", returned(answers(home, "core.csv", MATCHES), *["DIFFERENT"] * 4))
    drop(home, HERE, "correction.csv", core_file(HERE, [NEW, *ASKED, child(11)]))
    run(home, clock)
    clock.advance(days=1)
    given = [state_id for state_id in stored_ids(home) if state_id]
    assert len(given) == len(set(given))
    issued = registry(home) - before
    assert len(issued) == 5
    drop(home, HERE, "later.csv", core_file(HERE, [NEW, *ASKED, child(11), child(12)]))
    run(home, clock)
    assert len(registry(home)) == len(before) + 6
    assert None not in stored_ids(home) and len(set(stored_ids(home))) == 7


@pytest.mark.slow
def test_a_new_child_is_known_under_the_answered_id_in_the_next_file(home: StateHome, clock: FixedClock) -> None:
    give_back(home, clock, "SAME", "DIFFERENT", "DIFFERENT", "DIFFERENT")
    answered = stored_ids(home)
    drop(home, HERE, "next.csv", core_file(HERE, [NEW, *ASKED, child(11)]))
    run(home, clock)
    assert stored_ids(home)[:5] == answered


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", ["after_plan", "after_journal", "after_commit", "after_checkpoint", "after_receipt"])
def test_a_kill_during_the_run_of_the_return_loses_and_doubles_nothing(
    home: StateHome, clock: FixedClock, fault: str
) -> None:
    before = registry(home)
    drop(home, HERE, "answers.txt", returned(answers(home, "core.csv", MATCHES), "SAME", "DIFFERENT", "CANCEL", ""))
    mosis = [str(Path(sys.executable).with_name("mosis")), "run", "--settle", "0", "--home", str(home.root)]
    killed = subprocess.run(mosis, env={**os.environ, "MOSIS_FAULT": fault}, capture_output=True, timeout=120)
    assert killed.returncode == 137, killed.stderr
    assert subprocess.run(mosis, capture_output=True, timeout=120).returncode == 0
    _, same, different, canceled, left = stored_ids(home)
    assert same == ids(home, "batch.txt")[2] and registry(home) == before | {different}
    assert canceled is None and left is None
    assert ids(home, "answers.txt") == {3: same, 4: different}
    after = everything(home)
    assert subprocess.run(mosis, capture_output=True, timeout=120).returncode == 0
    assert everything(home) == after
    assert len(rows_of(home, "SELECT DISTINCT near_match_id FROM state.identity.near_match WHERE status = 'open'")) == 1


def test_children_are_literal() -> None:
    """The children of these tests are alike in nothing but what a test says."""
    everyone: list[Child] = [child(number) for number in range(26)]
    assert len({(one["last_name"], one["birth_date"]) for one in everyone}) == len(everyone)
