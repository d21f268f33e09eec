"""New children among themselves: one number, or two and a note, but never one number for two children."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from matching.identify import identify

OTTO: dict[str, Any] = {
    "last_name": "Vandermeer", "first_name": "Otto", "middle_name": "Emil", "gender": "M", "birth_date": date(2013, 4, 9),
}  # fmt: skip
THERE = {"district_code": "048078", "local_student_id": "77"}


def numbers(decisions: Any) -> list[tuple[int, str]]:
    new = decisions.assignments.sort("sha256", "line_number")
    assert new["outcome"].unique().to_list() == ["NEW"]
    return new.select("person_number", "reason").rows()


@pytest.mark.parametrize(
    "other, count, reason",
    [
        # The same child in another district, and in another file of the same district.
        (THERE, 1, "NOBODY_ALIKE"),
        ({"layout": "id_batch"}, 1, "NOBODY_ALIKE"),
        ({"layout": "id_batch", "middle_name": None, "first_name": "Oto"}, 1, "NOBODY_ALIKE"),
        # A line sent twice.
        ({}, 1, "NOBODY_ALIKE"),
        # Two local IDs in one file are two children, alike as they may be.
        ({"local_student_id": "101"}, 2, "ALIKE_IN_THIS_RUN"),
        # Twins, and strangers with one name.
        ({"local_student_id": "101", "first_name": "Oskar", "middle_name": "Karl"}, 2, "NOBODY_ALIKE"),
        ({**THERE, "first_name": "Oskar", "middle_name": "Karl"}, 2, "NOBODY_ALIKE"),
        ({**THERE, "birth_date": date(2010, 11, 30)}, 2, "NOBODY_ALIKE"),
        # Not enough to be sure.
        ({**THERE, "last_name": "Vandermoor", "middle_name": None}, 2, "ALIKE_IN_THIS_RUN"),
        # Nothing but a first name and a birth date in common.
        ({**THERE, "last_name": "Nowak", "middle_name": None}, 2, "NOBODY_ALIKE"),
        # A local ID that a file has given to two children.
        (
            {
                "first_name": "Emma",
                "middle_name": None,
                "gender": "F",
                "last_name": "Ives",
                "birth_date": date(2015, 1, 2),
            },
            2,
            "NOBODY_ALIKE",
        ),
    ],
)
def test_two_new_records(
    other: dict[str, Any], count: int, reason: str, make_requests: Any, make_registry: Any
) -> None:
    pairs = numbers(identify(make_requests(OTTO, {**OTTO, **other}), make_registry()))
    assert len({number for number, _ in pairs}) == count
    assert {code for _, code in pairs} == {reason}


def test_a_group_that_holds_twins_falls_apart(make_requests: Any, make_registry: Any) -> None:
    # The third record could be either of two children who are certainly two: nobody is joined.
    twin = {"local_student_id": "101"}
    pairs = numbers(identify(make_requests(OTTO, {**OTTO, **twin}, {**OTTO, **THERE}), make_registry()))
    assert len({number for number, _ in pairs}) == 3
    assert {code for _, code in pairs} == {"ALIKE_IN_THIS_RUN"}


def test_person_numbers_run_from_one_without_gaps(make_requests: Any, make_registry: Any) -> None:
    families = ("Ives", "Nowak", "Tran", "Okafor", "Becker", "Quist")
    born = [date(2010 + number, 1 + number, 7 + number) for number in range(6)]
    children = [
        {**OTTO, "last_name": family, "birth_date": day, "local_student_id": family}
        for family, day in zip(families, born, strict=True)
    ]
    pairs = numbers(identify(make_requests(*children, {**children[0], **THERE}), make_registry()))
    assert sorted({number for number, _ in pairs}) == [1, 2, 3, 4, 5, 6]


def test_two_years_loaded_at_once_are_one_child(make_requests: Any, make_registry: Any) -> None:
    requests = make_requests({**OTTO, "school_year": 2025}, {**OTTO, **THERE})
    assert len({number for number, _ in numbers(identify(requests, make_registry()))}) == 1


def test_a_child_nobody_knows_beside_one_who_is_known(make_requests: Any, make_registry: Any, crowd: Any) -> None:
    con = make_registry({"state_id": "1234567890"}, *crowd)
    decided = identify(make_requests({}, {**OTTO, "local_student_id": "5"}), con).assignments.sort("line_number")
    assert decided["outcome"].to_list() == ["REUSED", "NEW"]
    assert decided["person_number"].to_list() == [None, 1]
    assert decided.filter(pl.col("outcome") == "NEW")["state_id"].to_list() == [None]
