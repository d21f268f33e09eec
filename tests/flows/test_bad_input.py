"""What a district sees of bad identity data: through the whole pipeline, from the dropped file to the answer."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.clock import FixedClock
from schemas.paths import StateHome
from tests.flows.small_files import (
    HERE,
    THERE,
    answers,
    child,
    core_file,
    drop,
    id_batch,
    ids,
    new_home,
    receipt_of,
    run,
)

OCTOBER = datetime(2025, 10, 6, 14, tzinfo=UTC)
OUTCOME, REASON, LINE = 18, 19, 20
CROWD = 14


def one_wrong_digit(state_id: str) -> str:
    return state_id[:-1] + str((int(state_id[-1]) + 1) % 10)


def answered(home: StateHome, file_name: str) -> dict[int, tuple[str, str]]:
    """Line -> outcome and reason, over the three answer files."""
    files = ("ids_assigned.txt", "matches_to_resolve.txt", "errors_to_fix.txt")
    return {int(row[LINE]): (row[OUTCOME], row[REASON]) for name in files for row in answers(home, file_name, name)}


@pytest.mark.slow
def test_bad_identity_data_are_told_apart_and_stop_nobody(tmp_path: Path) -> None:
    home, clock = new_home(tmp_path), FixedClock(OCTOBER)
    drop(home, HERE, "first.txt", id_batch(HERE, [child(1), child(2)]))
    run(home, clock)
    given = ids(home, "first.txt")
    clock.advance(hours=1)
    bad = [
        child(1, local_student_id="71", submitted_state_id=one_wrong_digit(given[2])),
        child(2, local_student_id="72", submitted_state_id=given[3]),
        child(3, submitted_state_id=given[2]),
        child(4, submitted_state_id="1212121212"),
        child(5, birth_date=""),
        child(6),
        child(6, local_student_id="2006"),
    ]
    drop(home, THERE, "second.txt", id_batch(THERE, bad))
    drop(home, HERE, "core.csv", core_file(HERE, [child(1), child(8, birth_date="")]))
    run(home, clock)
    assert answered(home, "second.txt") == {
        2: ("REUSED", "SUPPLIED_ID_MISTYPED_REUSED"),
        3: ("CONFIRMED", "ID_CONFIRMED"),
        4: ("NEAR_MATCH", "SUPPLIED_ID_DISAGREES"),
        5: ("ERROR", "SUPPLIED_ID_UNKNOWN"),
        6: ("ERROR", "IDB00001"),
        7: ("NEW", "ALIKE_IN_THIS_RUN"),
        8: ("NEW", "ALIKE_IN_THIS_RUN"),
    }
    assert {line: ids(home, "second.txt")[line] for line in (2, 3)} == given
    for name, line in (("second.txt", 6), ("core.csv", 3)):
        told = [v for v in receipt_of(home, name)["violations"] if (v["line"], v["field"]) == (line, "DateOfBirth")]
        assert [violation["message"] for violation in told] == ["DateOfBirth is required and is empty"]
        assert told[0]["fix"].startswith("Enter DateOfBirth for this student")


def test_a_shared_ssn_is_told_and_counts_as_missing(tmp_path: Path) -> None:
    home, clock = new_home(tmp_path), FixedClock(OCTOBER)
    drop(home, HERE, "crowd.txt", id_batch(HERE, [child(number, ssn="401-23-4567") for number in range(CROWD)]))
    drop(home, THERE, "other.txt", id_batch(THERE, [child(CROWD + 1)]))
    run(home, clock)
    assert len(set(ids(home, "crowd.txt").values())) == CROWD
    assert len(ids(home, "other.txt")) == 1
    receipt = receipt_of(home, "crowd.txt")
    warned = [violation for violation in receipt["violations"] if violation["rule_id"] == "SSN_ON_MANY_RECORDS"]
    assert [violation["line"] for violation in warned] == list(range(2, CROWD + 2))
    assert warned[0]["field"] == "SSN" and warned[0]["severity"] == "W"
    assert "401" not in (home.outbox / HERE / receipt["submission_id"] / "receipt.json").read_text("utf-8")
