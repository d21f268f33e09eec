"""The children who are hardest to tell apart, in any order and spread over any runs: no number moves, nobody is merged.

A child is a number here; the lines of one child are in ``FAMILIES`` as somebody would register it in different files.
"""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching.identify import identify
from matching.reasons import NEAR_MATCH
from tests.matching.test_permanence import moved, run, torn, unseen

HERE, THERE, FAR = "010004", "048078", "077077"
_BORN = date(2012, 3, 5)
_SSN = {"ssn_hash": "v1:one", "ssn_near": ["n1", "n2"]}


def line(child: str, district: str, local_id: str, year: int, last: str, first: str, **more: Any) -> dict[str, Any]:
    return {
        "child": child, "district_code": district, "local_student_id": local_id, "school_year": year,
        "last_name": last, "first_name": first, "middle_name": None, **more,
    }  # fmt: skip


FAMILIES = {
    "twins": [
        line("A", HERE, "1", 2025, "Keller", "Brice"), line("B", HERE, "2", 2025, "Keller", "Bart"),
        line("A", HERE, "1", 2026, "Keller", "Bryce"), line("B", THERE, "9", 2026, "Keller", "Bart"),
    ],
    "twins of one spoken name": [
        line("A", HERE, "1", 2025, "Ives", "Aria", gender="F"), line("B", HERE, "2", 2025, "Ives", "Ariahnna", gender="F"),
        line("A", HERE, "1", 2026, "Ives", "Aria", gender="F"), line("B", HERE, "2", 2026, "Ives", "Arianna", gender="F"),
    ],
    "junior": [
        line("A", HERE, "5", 2025, "Boone", "Dan", suffix="Jr", birth_date=date(2009, 3, 5)),
        line("B", HERE, "6", 2025, "Boone", "Dan", suffix="III"),
        line("B", THERE, "7", 2026, "Boone", "Dan", suffix="III"),
    ],
    "two surnames": [
        line("A", HERE, "11", 2025, "Garcia Lopez", "Ana", middle_name="Luz"),
        line("A", THERE, "12", 2026, "Garcia", "Ana", middle_name="Luz"),
        line("A", FAR, "13", 2026, "Lopez Garcia", "Ana", middle_name="Luz"),
    ],
    "moved": [
        line("A", HERE, "21", 2025, "Okafor", "Maria", middle_name="Ann"),
        line("A", THERE, "22", 2026, "Okafor", "Maira", middle_name="A"),
        line("A", FAR, "23", 2026, "Okafor", "Maria", middle_name="Ann", birth_date=date(2012, 5, 3)),
    ],
    "one SSN on brother and sister": [
        line("A", HERE, "31", 2025, "Nowak", "Eva", gender="F", **_SSN),
        line("B", HERE, "32", 2025, "Nowak", "Adam", gender="M", birth_date=date(2014, 7, 1), **_SSN),
        line("B", THERE, "33", 2026, "Nowak", "Adam", gender="M", birth_date=date(2014, 7, 1), **_SSN),
    ],
    "local ID given out again": [
        line("A", HERE, "41", 2025, "Stone", "Piper", gender="F"),
        line("B", HERE, "41", 2026, "Rivera", "Hugo", gender="M", birth_date=date(2013, 1, 9)),
    ],
    "namesakes": [
        line("A", HERE, "51", 2025, "Smith", "Emma", gender="F", guardian_last_name="Smith", guardian_first_name="Lee"),
        line("B", THERE, "52", 2025, "Smith", "Emma", gender="F", guardian_last_name="Smith", guardian_first_name="Ora"),
        line("A", HERE, "51", 2026, "Smith", "Emma", gender="F", guardian_last_name="Smith", guardian_first_name="Lee"),
        line("B", THERE, "52", 2026, "Smith", "Emma", gender="F", guardian_last_name="Smith", guardian_first_name="Ora"),
    ],
}  # fmt: skip
LINES = [
    {"birth_date": _BORN, **one, "child": f"{name} {one['child']}"}
    for name, family in FAMILIES.items()
    for one in family
]
CHILD_OF = [one["child"] for one in LINES]


def requests_of(make_requests: Any, chosen: list[int]) -> pl.DataFrame:
    """The chosen lines; each keeps its file and line number wherever it stands."""
    plain = [{name: value for name, value in LINES[place].items() if name != "child"} for place in chosen]
    return make_requests(*plain).with_columns(line_number=pl.Series(chosen, dtype=pl.UInt32) + 2)


def named(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.with_columns(
        child=pl.col("line_number").cast(pl.Int64).map_elements(lambda n: CHILD_OF[n - 2], pl.String)
    )


def merged_children(lines: pl.DataFrame) -> list[list[str]]:
    """Children who share a number."""
    groups = named(lines).drop_nulls("state_id").group_by("state_id").agg(pl.col("child").unique().sort())
    return groups.filter(pl.col("child").list.len() > 1)["child"].to_list()


def everybody() -> list[int]:
    return list(range(len(LINES)))


def check_any_split(order: list[int], cut: int, make_requests: Any, make_registry: Any, crowd: Any) -> None:
    con = make_registry(*crowd)
    whole = run(make_registry(*crowd), requests_of(make_requests, everybody()))
    parts = [run(con, requests_of(make_requests, part)) for part in (order[:cut], order[cut:]) if part]
    lines = pl.concat([part.lines for part in parts])
    assert merged_children(whole.lines) == [] and merged_children(lines) == []
    # Where one way gives one number and the other way two, whoever has two is in review.
    assert unseen(torn(lines, whole.lines), whole.proposed).is_empty()
    review = pl.concat([part.proposed for part in parts])
    assert unseen(torn(whole.lines, lines), review).is_empty()
    # All of it once more, now that everything is known.
    assert moved(lines, run(con, requests_of(make_requests, order)).lines).is_empty()


@pytest.mark.slow
def test_this_year_after_last_year(make_requests: Any, make_registry: Any, crowd: Any) -> None:
    order = sorted(everybody(), key=lambda place: LINES[place]["school_year"])
    cut = sum(one["school_year"] == 2025 for one in LINES)
    check_any_split(order, cut, make_requests, make_registry, crowd)


@pytest.mark.slow
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(order=st.permutations(everybody()), cut=st.integers(1, len(LINES) - 1))
def test_any_order_over_any_two_runs(
    order: list[int], cut: int, make_requests: Any, make_registry: Any, crowd: Any
) -> None:
    check_any_split(list(order), cut, make_requests, make_registry, crowd)


# A child whom the registry knows stands in two files of a run; this is how the second file spells it.
SECOND_SPELLINGS = {
    "as known": {},
    "typo and no middle name": {"first_name": "Mraia", "middle_name": None},
    "another last name": {"last_name": "Okafor Nowak", "middle_name": None},
    "birth year wrong": {"birth_date": date(2011, 3, 5), "middle_name": None},
    "day and month swapped, nickname": {"birth_date": date(2012, 5, 3), "first_name": "Mia", "middle_name": None},
    "other guardian, first of January": {"birth_date": date(2012, 1, 1), "middle_name": None},
}


@pytest.mark.parametrize(
    "spelling",
    [pytest.param(name, marks=[] if "nickname" in name else pytest.mark.slow) for name in SECOND_SPELLINGS],
)
def test_a_known_child_never_gets_a_second_number_unseen(
    spelling: str, make_requests: Any, make_registry: Any, crowd: Any
) -> None:
    """One file's record links to the known child, the other's may not reach it alone: linked, asked or proposed."""
    con = make_registry({"state_id": "1234567890"}, *crowd)
    clear = {"district_code": THERE, "local_student_id": "77"}
    worse = {
        "district_code": THERE,
        "local_student_id": "77",
        "layout": "id_batch",
        "sha256": "second",
        "submission_id": "S2",
    }
    decisions = identify(make_requests(clear, {**worse, **SECOND_SPELLINGS[spelling]}), con)
    first, second = decisions.assignments.sort("sha256").rows(named=True)
    assert first["state_id"] == "1234567890"
    asked = second["outcome"] == NEAR_MATCH
    assert asked or second["state_id"] == "1234567890" or decisions.proposals.height > 0
