"""Registrars' mistakes, on literal children."""

import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_data import mistakes, registrations, tables
from sample_data.local_ids import number_children
from sample_data.mistakes import make_mistakes, register_ssn, type_wrongly
from sample_data.tables import error_rates, read_table

CHILD = {
    "family": 1, "last_name": "García López", "other_surname": "López", "first_name": "William",
    "middle_name": "Ann", "suffix": "Jr", "birth_date": datetime.date(2012, 3, 25), "gender": "M",
    "race_ethnicity": "H", "ssn": "123004567", "guardian_last_name": "Meyer", "guardian_first_name": "Eve",
    "other_parent": "Paul", "error_tags": "",
}  # fmt: skip


def register_with(monkeypatch: pytest.MonkeyPatch, **rates: float) -> dict:
    """The child as registered when only these mistakes happen, each as often as said."""
    none = dict.fromkeys(error_rates(), 0.0)
    monkeypatch.setattr(mistakes, "error_rates", lambda: none | rates)
    quiet = tables.rates() | {"ssn_placeholder": 0.0, "ssn_malformed": 0.0}
    monkeypatch.setattr(mistakes, "rates", lambda: quiet)
    rng = np.random.default_rng(1)
    return register_ssn(rng, make_mistakes(rng, pl.DataFrame([CHILD]))).row(0, named=True)


def test_without_mistakes_the_truth_is_written_down(monkeypatch):
    assert register_with(monkeypatch) == CHILD


@pytest.mark.parametrize(
    "mistake, changed",
    [
        ("middle_dropped", {"middle_name": None}),
        ("middle_initial", {"middle_name": "A"}),
        ("middle_joined", {"first_name": "William Ann", "middle_name": None}),
        ("suffix_dropped", {"suffix": None}),
        ("suffix_in_last_name", {"last_name": "García López Jr", "suffix": None}),
        ("surname_changed", {"last_name": "Meyer"}),
        ("names_swapped", {"first_name": "García López", "last_name": "William"}),
        ("birth_digit", {"birth_date": datetime.date(2012, 3, 15)}),
        ("birth_default", {"birth_date": datetime.date(2012, 1, 1)}),
        ("gender_wrong", {"gender": "F"}),
        ("race_differs", {"race_ethnicity": "W"}),
        ("guardian_other_parent", {"guardian_first_name": "Paul"}),
        ("guardian_missing", {"guardian_first_name": None, "guardian_last_name": None}),
        ("ssn_missing", {"ssn": None}),
    ],
)
def test_a_mistake_changes_its_field_and_leaves_its_name(monkeypatch, mistake, changed):
    assert register_with(monkeypatch, **{mistake: 1.0}) == CHILD | changed | {"error_tags": mistake}


@pytest.mark.parametrize(
    "kind, changed",
    [
        ("first_only", {"last_name": "García"}),
        ("second_only", {"last_name": "López"}),
        ("hyphen", {"last_name": "García-López"}),
        ("in_middle", {"last_name": "López", "middle_name": "García"}),
        ("joined", {"last_name": "Garcíalópez"}),
        ("reversed", {"last_name": "López García"}),
    ],
)
def test_compound_surnames_are_written_in_other_ways(monkeypatch, kind, changed):
    registered = register_with(monkeypatch, compound_variant=1.0, **{f"compound_{kind}": 1.0})
    assert registered == CHILD | changed | {"error_tags": f"compound_{kind}"}


def test_a_day_that_is_no_month_cannot_be_swapped(monkeypatch):
    assert register_with(monkeypatch, birth_day_month_swapped=1.0) == CHILD


def test_a_nickname_is_one_of_the_list(monkeypatch):
    registered = register_with(monkeypatch, nickname=1.0)
    assert registered["first_name"] in tables.nicknames()["William"]
    assert registered["error_tags"] == "nickname"


@pytest.mark.parametrize("mistake", ["ssn_digit", "ssn_transposed"])
def test_an_ssn_slip_keeps_nine_digits(monkeypatch, mistake):
    registered = register_with(monkeypatch, **{mistake: 1.0})["ssn"]
    assert len(registered) == 9 and registered.isdigit()


@pytest.mark.parametrize("name", ["last_name_typo", "first_name_typo", "birth_year_off"])
def test_these_mistakes_change_something(monkeypatch, name):
    field = {"last_name_typo": "last_name", "first_name_typo": "first_name", "birth_year_off": "birth_date"}[name]
    assert register_with(monkeypatch, **{name: 1.0})[field] != CHILD[field]


def test_no_row_of_the_error_rates_is_unused(monkeypatch):
    asked = set()

    class Watched(dict):
        def __getitem__(self, name):
            asked.add(name)
            return super().__getitem__(name)

    watched = Watched(error_rates())
    monkeypatch.setattr(mistakes, "error_rates", lambda: watched)
    rng = np.random.default_rng(1)
    register_ssn(rng, make_mistakes(rng, pl.DataFrame([CHILD])))
    assert asked == set(read_table("error_rates.csv")["error"])


@given(st.text("abcdefgñ", min_size=4, max_size=20), st.integers(0, 2**32))
def test_a_typing_slip_is_one_letter(name, seed):
    slip = type_wrongly(np.random.default_rng(seed), name)
    assert abs(len(slip) - len(name)) <= 1
    assert slip[0] == name[0]
    if len(slip) == len(name):
        assert sum(a != b for a, b in zip(slip, name, strict=True)) in (0, 1, 2)


def roll_of(state, persons: list[int], districts: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"person": persons, "district": districts, "local_student_id": [None] * len(persons), "error_tags": ""},
        schema_overrides={"local_student_id": pl.String},
    )


def test_a_number_is_given_once_unless_the_district_recycles(monkeypatch):
    from sample_data import local_ids
    from sample_data.directory import build_state

    state = build_state(1, 40, 2)
    plain = tables.rates() | {"recycling_district": 0.0}
    monkeypatch.setattr(local_ids, "rates", lambda: plain)
    first = number_children(1, state, roll_of(state, [1, 2, 3, 4], [0, 0, 0, 1]), 2025, None)
    again = first.filter(pl.col("person") != 2).drop("id_block")
    joined = pl.concat([again, roll_of(state, [5, 6], [0, 1])])
    second = number_children(1, state, joined, 2026, first)
    kept = dict(first.select("person", "local_student_id").iter_rows())
    now = dict(second.select("person", "local_student_id").iter_rows())
    assert {person: now[person] for person in (1, 3, 4)} == {person: kept[person] for person in (1, 3, 4)}
    assert now[5] not in {kept[1], kept[2], kept[3]}

    every = tables.rates() | {"recycling_district": 1.0, "local_id_recycled": 1.0}
    monkeypatch.setattr(local_ids, "rates", lambda: every)
    recycled = number_children(1, state, joined, 2026, first).filter(pl.col("person") == 5)
    assert recycled.select("local_student_id", "error_tags").row(0) == (kept[2], "recycled_local_id")


def test_stayers_keep_last_years_registration():
    from sample_data.directory import build_state
    from sample_data.enrolment import enrol
    from sample_data.people import make_people

    state = build_state(4, 600, 5)
    people = make_people(4, state, 600, (2025, 2026))
    rolls = enrol(4, state, people, 600, (2025, 2026)).years
    first = registrations.register(4, state, people, rolls[2025], 2025, None)
    second = registrations.register(4, state, people, rolls[2026], 2026, first)
    both = second.join(first, on=["person", "district"], suffix="_before")
    changed = pl.col("error_tags").str.contains("corrected|surname_changed_later")
    stayed = both.filter((pl.col("arrival") == "stayed") & ~changed)
    assert stayed.height > 400
    for name in ("last_name", "birth_date", "ssn", "local_student_id"):
        assert stayed[name].equals(stayed[f"{name}_before"], check_names=False)
    duplicated = second.group_by("district", "local_student_id").len().filter(pl.col("len") > 1)
    assert duplicated.is_empty()
