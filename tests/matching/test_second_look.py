"""What the first answers of a run tell about its other records."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from matching.circumstances import GONE, STILL_THERE
from matching.guards import HELD_AS_TWINS, VETO
from matching.identify import identify
from matching.model import load_model
from matching.second_look import spare_the_vanished, weigh_rivals

LIMITS = load_model().thresholds
X, Y = "010004", "048078"
OTTO: dict[str, Any] = {
    "last_name": "Vandermeer", "first_name": "Otto", "middle_name": "Emil", "gender": "M", "birth_date": date(2013, 4, 9),
    "local_student_id": "7", "guardian_last_name": "Vandermeer", "guardian_first_name": "Ada",
}  # fmt: skip


def claims(*rows: tuple[int, str, str, int]) -> pl.DataFrame:
    columns = {"request_id": pl.Int64, "person": pl.String, "district_code": pl.String, "school_year": pl.Int32}
    return pl.DataFrame(rows, schema=columns, orient="row")


@pytest.mark.parametrize(
    "claimed, is_contested",
    [
        ([(0, "A", X, 2026), (1, "A", Y, 2026)], True),
        # One district's two files, another year, another child.
        ([(0, "A", X, 2026), (1, "A", X, 2026)], False),
        ([(0, "A", X, 2026), (1, "A", Y, 2025)], False),
        ([(0, "A", X, 2026), (1, "B", Y, 2026)], False),
    ],
)
def test_a_leaver_is_gone_for_one_district_only(claimed: list[Any], is_contested: bool) -> None:
    people = pl.DataFrame({"request_id": [0], "person": ["A"], "enrolment": [GONE], "match_weight": [15.0]})
    weighed = weigh_rivals(people, claims(*claimed), LIMITS)
    expected = (STILL_THERE, 15.0 - LIMITS.gone + LIMITS.still_there) if is_contested else (GONE, 15.0)
    assert weighed.select("enrolment", "match_weight").row(0) == expected


@pytest.mark.parametrize(
    "change, claimed, is_spared",
    [
        ({}, [], True),
        ({}, ["A"], False),
        ({"enrolment": "UNKNOWN"}, [], False),
        ({"has_other_local_id": True}, [], False),
        ({"gamma_birth_date": 0}, [], False),
        ({"request_id": 1}, [], False),
    ],
)
def test_who_vanished_is_asked_about(change: dict[str, Any], claimed: list[str], is_spared: bool) -> None:
    # First names differ, last name, birth date and gender are the same.
    levels = {"first_name": 0, "last_name": 7, "birth_date": 6, "gender": 1, "ssn": -1, "suffix": -1}
    pair = {
        "request_id": 0, "person": "A", "guard": VETO, "is_vetoed": True, "enrolment": GONE, "has_other_local_id": False,
        **{f"gamma_{name}": level for name, level in levels.items()}, **change,
    }  # fmt: skip
    new = pl.DataFrame({"request_id": [0]})
    seen = spare_the_vanished(pl.DataFrame([pair]), new, pl.Series(claimed, dtype=pl.String))
    assert seen.select("guard", "is_vetoed").row(0) == ((HELD_AS_TWINS, False) if is_spared else (VETO, True))


def answers(con: Any, requests: pl.DataFrame) -> dict[str, tuple[str, str | None]]:
    """Outcome and person by district and local ID."""
    decided = identify(requests, con).assignments.join(requests, on=["submission_id", "line_number"])
    rows = decided.select("district_code", "local_student_id", "outcome", "state_id").rows()
    return {f"{district}/{local_id}": (outcome, person) for district, local_id, outcome, person in rows}


def test_a_child_is_known_by_way_of_another_record_of_the_run(
    make_requests: Any, make_registry: Any, crowd: Any
) -> None:
    # The old spelling is far from the newcomer's; the record the district has corrected this year is not.
    old = {**OTTO, "last_name": "Brook", "middle_name": None, "guardian_first_name": None, "guardian_last_name": None}
    con = make_registry({**old, "state_id": "1234567890", "birth_date": date(2013, 4, 1)}, *crowd)
    corrected, elsewhere = {**OTTO, "district_code": X}, {**OTTO, "district_code": Y, "local_student_id": "99"}
    found = answers(con, make_requests(corrected, elsewhere))
    assert found[f"{X}/7"] == ("REUSED", "1234567890")
    assert found[f"{Y}/99"] != ("NEW", None)


def test_a_local_id_handed_out_again_is_not_the_child_who_had_it(
    make_requests: Any, make_registry: Any, crowd: Any
) -> None:
    con = make_registry({**OTTO, "state_id": "1234567890", "district_code": Y}, *crowd)
    present = [{**child, "school_year": 2026} for child in crowd]
    mover = {**OTTO, "district_code": X, "middle_name": None, "guardian_first_name": None, "guardian_last_name": None}
    heir = {"last_name": "Nowak", "first_name": "Ida", "district_code": Y, "local_student_id": "7"}
    assert answers(con, make_requests(mover, heir, *present))[f"{X}/7"] == ("REUSED", "1234567890")
    same = {**OTTO, "district_code": Y}
    assert answers(con, make_requests(mover, same, *present))[f"{X}/7"] == ("NEAR_MATCH", None)


def test_two_years_at_once_know_who_has_left(make_requests: Any, make_registry: Any, crowd: Any) -> None:
    years = [{**child, "school_year": year} for child in crowd for year in (2025, 2026)]
    mover = {**OTTO, "middle_name": None, "guardian_first_name": "Ada"}
    here = {**mover, "district_code": Y, "school_year": 2025}
    there = {**mover, "district_code": X, "guardian_first_name": "Jan"}
    requests = make_requests(here, there, *years)
    decided = identify(requests, make_registry()).assignments.join(requests, on=["submission_id", "line_number"])
    assert decided.filter(pl.col("last_name") == "Vandermeer")["person_number"].n_unique() == 1
