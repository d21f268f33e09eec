"""New children among themselves: one number, or two and a note, but never one number for two children."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from matching.candidates import score_open_requests
from matching.identify import identify
from matching.model import load_model
from matching.new_with_new import number_new_people
from matching.requests import prepare_requests, workspace
from matching.run_state import RunState

OTTO: dict[str, Any] = {
    "last_name": "Vandermeer", "first_name": "Otto", "middle_name": "Emil", "gender": "M", "birth_date": date(2013, 4, 9),
}  # fmt: skip
NOBODY = pl.DataFrame(schema={"request_id": pl.Int64, "person": pl.String})
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


def test_a_leaver_and_a_namesake_are_not_one_child_by_way_of_the_next_year(
    make_requests: Any, make_registry: Any
) -> None:
    # The first Otto leaves for a third district; the other one has been where he is all the time.
    first, namesake = {**OTTO, "school_year": 2025}, {**OTTO, **THERE, "middle_name": None, "school_year": 2025}
    moved, stayed = {**OTTO, "district_code": "115115", "middle_name": "E"}, {**namesake, "school_year": 2026}
    elsewhere = {"last_name": "Nowak", "first_name": "Ida", "local_student_id": "5"}
    both_years = [{**elsewhere, "school_year": year} for year in (2025, 2026)]
    requests = make_requests(first, namesake, {**moved, "school_year": 2026}, stayed, *both_years)
    decided = identify(requests, make_registry()).assignments.sort("line_number")
    one, other = decided["person_number"].to_list()[:2]
    assert one != other


@pytest.mark.parametrize("middle_name, guardian, count", [("Emil", None, 1), (None, "Anna", 1), (None, None, 2)])
def test_a_name_and_a_birth_date_alone_are_not_one_child(
    middle_name: str | None, guardian: str | None, count: int, make_requests: Any, make_registry: Any
) -> None:
    child = {**OTTO, "middle_name": middle_name, "guardian_first_name": guardian, "guardian_last_name": guardian}
    pairs = numbers(identify(make_requests(child, {**child, **THERE}), make_registry()))
    assert len({number for number, _ in pairs}) == count


def test_pairs_that_may_be_one_child_are_handed_out(make_requests: Any, make_registry: Any) -> None:
    requests = make_requests(OTTO, {**OTTO, **THERE, "last_name": "Vandermoor", "middle_name": None})
    with workspace(make_registry()) as cursor:
        run = RunState(cursor, load_model(), prepare_requests(requests))
        run.look_up_supplied(NOBODY)
        pairs = score_open_requests(run)
        where = run.requests.select("request_id", "district_code", "local_student_id", "school_year")
        both_new = number_new_people(cursor, where, pairs, run.model.thresholds)
        one_new = number_new_people(cursor, where.head(1), pairs, run.model.thresholds, where.tail(1))
    for alike in (both_new.alike, one_new.alike):
        assert sorted(alike.select("request_id", "other_id").row(0)) == [0, 1]
        assert alike["match_weight"].item() >= run.model.thresholds.new_lower
    assert one_new.alike["request_id"].item() == where["request_id"][0]
    assert one_new.numbered.select("person_number", "is_alike").rows() == [(1, True)]
