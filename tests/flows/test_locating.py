"""Looking children up: by the operator and by a district's file; every look-up is logged, and only level-4 fields are shown."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.locating import locate_child, locate_file
from matching.locator import SHOWN_FIELDS
from outputs.disclosure_log import first_broken_link
from schemas.clock import FixedClock
from schemas.database import open_state
from schemas.dictionary import load_dictionary
from schemas.errors import UsageError
from schemas.paths import StateHome
from tests.flows.small_files import HERE, THERE, child, drop, id_batch, ids, new_home, receipt_of, run

CLOCK = FixedClock(datetime(2025, 10, 7, 14, tzinfo=UTC))
GARCIA = child(1, last_name="Garcia-Lopez", first_name="Maria", birth_date="04/09/2014", grade="05")
REQUEST = (
    "LocatorRequest,Purpose,LegalLastName,LegalFirstName,DateOfBirth,StateID\n"
    "1,ENROLL,Garcai,Maria,04/09/2014,\n"
    "2,RECORDS,Nobody,Whatsoever,01/02/2015,\n"
    "3,CURIOSITY,Garcia,Maria,04/09/2014,\n"
    "4,ENROLL,Garcia,Maria\n"
)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[StateHome, str]:
    """A home in which one district has asked for Maria's ID, and the ID."""
    home = new_home(tmp_path_factory.mktemp("locating"))
    drop(home, THERE, "batch.txt", id_batch(THERE, [GARCIA, child(2), child(3)]))
    run(home, CLOCK)
    return home, ids(home, "batch.txt")[2]


def rows(home: StateHome, sql: str) -> list[tuple[Any, ...]]:
    con = open_state(home, read_only=True)
    try:
        return con.execute(sql).fetchall()
    finally:
        con.close()


def look(home: StateHome, **asked: str) -> list[dict[str, Any]]:
    answer = locate_child(home, dict(asked), cap=10, actor="clerk", purpose="a call", clock=CLOCK)
    return answer.located.candidates.to_dicts()


def log_size(home: StateHome) -> int:
    return int(rows(home, "SELECT count(*) FROM access.log")[0][0])


def test_operator_finds_a_child_and_the_look_up_is_logged(known: tuple[StateHome, str]) -> None:
    home, state_id = known
    (found,) = look(home, last_name="Garcia", first_name="Mary")
    assert (found["state_id"], found["grade"], found["district_code"]) == (state_id, None, None)
    assert look(home, last_name="Nobody", first_name="Whatsoever", birth_date="01/02/2015") == []
    last = rows(home, "SELECT actor, level, purpose, record_count FROM access.log ORDER BY seq DESC LIMIT 2")
    assert last == [("clerk", 4, "locator: a call", 0), ("clerk", 4, "locator: a call", 1)]
    con = open_state(home, read_only=True)
    assert first_broken_link(con) is None
    con.close()


def test_shown_fields_are_of_level_four() -> None:
    layout = load_dictionary().layout("id_batch")
    assert {layout.by_standard_name[name].access_level for name in SHOWN_FIELDS} == {4}


def test_look_up_that_says_nothing_is_refused_and_not_logged(known: tuple[StateHome, str]) -> None:
    home, _ = known
    before = log_size(home)
    with pytest.raises(UsageError, match="--last"):
        look(home)
    with pytest.raises(UsageError, match="--district"):
        look(home, local_student_id="1001")
    assert log_size(home) == before


def test_placement_is_shown_where_it_is_switched_on(known: tuple[StateHome, str]) -> None:
    home, state_id = known
    before = home.settings_file.read_text()
    home.settings_file.write_text("locator_shows_placement = true\n")
    try:
        (found,) = look(StateHome.open(home.root), state_id=state_id)
    finally:
        home.settings_file.write_text(before)
    assert (found["grade"], found["district_code"], found["school_code"]) == ("05", THERE, "4020")


def located(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_districts_request_is_answered_in_the_next_intake(known: tuple[StateHome, str]) -> None:
    home, state_id = known
    before = log_size(home)
    drop(home, HERE, "who.csv", REQUEST.encode())
    run(home, CLOCK)
    receipt = receipt_of(home, "who.csv")
    assert (receipt["layout"], receipt["outcome"], receipt["ids"]) == (
        "locator_request",
        "accepted_with_violations",
        None,
    )
    assert receipt["message"] == "4 look-ups answered: 1 found, 1 not found, 2 could not be looked up."
    folder = home.outbox_of(HERE) / receipt["submission_id"]
    answers = located((folder / "located.csv").read_bytes())
    assert [(row["LocatorRequest"], row["RequestLine"], row["Result"], row["StateID"]) for row in answers] == [
        ("1", "2", "FOUND", state_id), ("2", "3", "NOT_FOUND", ""), ("3", "4", "NOT_ANSWERED", ""),
        ("", "5", "NOT_ANSWERED", ""),
    ]  # fmt: skip
    assert not {"StudentGradeLevel", "CurrentDistrictCode", "LocalStudentID", "SSN"} & answers[0].keys()
    assert "located.csv" in (folder / "receipt.txt").read_text("utf-8")
    logged = rows(home, "SELECT actor, recipient, district_code, record_count FROM access.log ORDER BY seq")[before:]
    assert logged == [
        (f"district {HERE}", f"district {HERE}", HERE, 1),
        (f"district {HERE}", f"district {HERE}", HERE, 0),
    ]
    assert not list((folder).glob("violations*"))


@pytest.mark.slow
def test_same_request_is_answered_again(known: tuple[StateHome, str]) -> None:
    home, _ = known
    before = log_size(home)
    for name in ("again.csv", "once_more.csv"):
        drop(home, HERE, name, REQUEST.encode())
    run(home, CLOCK)
    assert {receipt_of(home, name)["status"] for name in ("again.csv", "once_more.csv")} == {"answered"}
    assert log_size(home) == before + 4


def test_operators_batch(known: tuple[StateHome, str], tmp_path: Path) -> None:
    home, state_id = known
    (tmp_path / "ask.csv").write_text(REQUEST)
    before = log_size(home)
    locate_file(
        home,
        tmp_path / "ask.csv",
        tmp_path / "out.csv",
        district="",
        cap=10,
        actor="clerk",
        purpose="audit",
        clock=CLOCK,
    )
    answers = located((tmp_path / "out.csv").read_bytes())
    assert [row["StateID"] for row in answers][:2] == [state_id, ""]
    assert log_size(home) == before + 2


def test_no_value_of_a_look_up_reaches_a_log(known: tuple[StateHome, str]) -> None:
    home, _ = known
    look(home, last_name="Garcia", first_name="Mary")
    assert not any("garcia" in path.read_text().lower() for path in home.logs.iterdir())
