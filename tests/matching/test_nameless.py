"""A state ID without a name: proven by birth date, district and local ID together, or an error; never a question."""

from datetime import date
from typing import Any

import pytest

from matching.identify import identify

MARIA_ID, TWIN_ID = "1234567890", "2345678901"
NAMELESS = {"last_name": None, "first_name": None, "middle_name": None, "gender": None, "race_ethnicity": None}


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({}, ("CONFIRMED", "ID_CONFIRMED", MARIA_ID)),
        ({"gender": "F"}, ("CONFIRMED", "ID_CONFIRMED", MARIA_ID)),
        ({"gender": "M"}, ("ERROR", "SUPPLIED_ID_UNPROVEN", None)),
        ({"last_name": "Nowak"}, ("ERROR", "SUPPLIED_ID_UNPROVEN", None)),
        ({"birth_date": date(2012, 5, 4)}, ("ERROR", "SUPPLIED_ID_UNPROVEN", None)),
        ({"birth_date": None}, ("ERROR", "NAME_MISSING", None)),
        ({"local_student_id": None}, ("ERROR", "SUPPLIED_ID_UNPROVEN", None)),
        ({"local_student_id": "77"}, ("ERROR", "SUPPLIED_ID_UNPROVEN", None)),
        ({"district_code": "048080"}, ("ERROR", "SUPPLIED_ID_UNPROVEN", None)),
        ({"submitted_state_id": TWIN_ID}, ("ERROR", "SUPPLIED_ID_UNPROVEN", None)),
        ({"submitted_state_id": "9999999999"}, ("ERROR", "SUPPLIED_ID_UNPROVEN", None)),
        ({"submitted_state_id": "1234567809"}, ("ERROR", "SUPPLIED_ID_UNPROVEN", None)),
        ({"submitted_state_id": None}, ("ERROR", "NAME_MISSING", None)),
    ],
)
def test_a_number_without_a_name(changes: Any, expected: Any, make_requests: Any, make_registry: Any) -> None:
    maria = {"state_id": MARIA_ID}
    twin = {"state_id": TWIN_ID, "first_name": "Marisol", "middle_name": None, "local_student_id": "5150"}
    decisions = identify(
        make_requests({**NAMELESS, "submitted_state_id": MARIA_ID, **changes}), make_registry(maria, twin)
    )
    (row,) = decisions.assignments.select("outcome", "reason", "state_id").rows()
    assert row == expected
    assert decisions.candidates.is_empty()


def test_every_segment_of_a_child_is_confirmed_and_a_merged_number_forwards(
    make_requests: Any, make_registry: Any
) -> None:
    con = make_registry({"state_id": MARIA_ID})
    con.execute("INSERT INTO identity.student VALUES (?, 'merged', ?, '2026-01-01', 'run')", [TWIN_ID, MARIA_ID])
    segments = make_requests(
        {**NAMELESS, "submitted_state_id": MARIA_ID},
        {**NAMELESS, "submitted_state_id": TWIN_ID},
        {"submitted_state_id": MARIA_ID, "gender": None},
    )
    found = identify(segments, con).assignments.select("reason", "state_id").rows()
    assert found == [("ID_CONFIRMED", MARIA_ID), ("ID_MERGED", MARIA_ID), ("ID_CONFIRMED", MARIA_ID)]
