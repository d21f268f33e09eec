"""A near match about a child who stands in several lines of a file: the answers give all of them one number."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.clock import FixedClock
from schemas.database import open_state
from schemas.paths import StateHome
from tests.flows.small_files import HERE, answers, child, drop, id_batch, ids, new_home, receipt_of, run
from tests.flows.test_near_match_return import MATCHES, returned
from tests.flows.test_student_layouts import SEGMENTS, segments_file

pytestmark = pytest.mark.slow
KNOWN = child(1, birth_date="05/01/2009", grade="11")


def stored(home: StateHome) -> list[str | None]:
    con = open_state(home, read_only=True)
    try:
        found = con.execute(
            "SELECT state_id FROM state.collection.student_enrollment_attendance ORDER BY line_number"
        ).fetchall()
    finally:
        con.close()
    return [state_id for (state_id,) in found]


@pytest.mark.parametrize("decision", ["SAME", "DIFFERENT"])
def test_both_segments_of_a_child_get_one_number(tmp_path: Path, decision: str) -> None:
    home, clock = new_home(tmp_path), FixedClock(datetime(2025, 10, 1, 12, tzinfo=UTC))
    drop(home, HERE, "ids.txt", id_batch(HERE, [KNOWN]))
    run(home, clock)
    (known,) = ids(home, "ids.txt").values()
    clock.advance(days=250)
    # A second local ID of one district and year: one child entered twice, or two children?
    who = {name: KNOWN[name] for name in ("last_name", "first_name", "birth_date", "gender", "grade")}
    asked = {**who, "local_student_id": "5001", "submitted_state_id": ""}
    drop(home, HERE, "june.csv", segments_file(*({**asked, **one} for one in SEGMENTS)))
    run(home, clock)
    questions = answers(home, "june.csv", MATCHES)
    assert len(questions) == 2 and stored(home) == [None, None]
    clock.advance(days=1)
    drop(home, HERE, "answers.txt", returned(questions, decision, decision))
    run(home, clock)
    one, other = stored(home)
    assert one is not None and one == other and (one == known) == (decision == "SAME")
    errors = {each["rule_id"] for each in receipt_of(home, "june.csv")["violations"] if each["severity"] == "E"}
    assert "SEA00001" not in errors
