"""Families, twins and the roll of each year."""

import datetime

import numpy as np
import polars as pl
import pytest

from sample_data.directory import GRADES, build_state, write_directory
from sample_data.enrolment import enrol, grades_in
from sample_data.people import SSN_RANDOM_SINCE, Cohorts, make_people
from schemas.directory import load_directory

YEARS = (2025, 2026)


@pytest.fixture(scope="module")
def state():
    return build_state(11, 6000, 30)


@pytest.fixture(scope="module")
def people(state):
    return make_people(11, state, 6000, YEARS)


@pytest.fixture(scope="module")
def rolls(state, people):
    return enrol(11, state, people, 6000, YEARS)


def test_ten_of_560_districts_teach_a_quarter_of_the_children():
    shares = np.sort(build_state(3, 900_000, 560).shares)[::-1]
    assert 0.18 < shares[:10].sum() < 0.30
    assert 18_000 < shares[0] * 900_000 < 32_000
    assert shares[-1] * 900_000 < 250


def test_the_directory_is_one_the_system_takes(state, tmp_path):
    write_directory(state, tmp_path)
    directory = load_directory(tmp_path)
    assert directory.district_codes == tuple(sorted(state.codes))
    assert directory.has_school(state.codes[0], state.schools["school_code"][0])
    assert {"048078", "115115", "077077", "010004"} <= set(directory.district_codes)
    assert directory.schools.height == state.schools.height


def test_every_grade_of_a_district_has_a_school(state):
    for position, high in enumerate(state.districts["high"]):
        schools = state.schools.filter(pl.col("district") == position)
        taught = {grade for low, top in schools.select("low", "high").iter_rows() for grade in range(low, top + 1)}
        assert taught == set(range(high + 1))


def test_twins_share_birthday_family_and_surname_but_no_first_name(people):
    twins = people.filter(pl.col("twin_set").is_not_null())
    sets = twins.group_by("twin_set").agg(
        pl.len(), pl.col("birth_date", "family", "last_name").n_unique(), names=pl.col("first_name").n_unique()
    )
    assert sets.select("len", "birth_date", "family", "last_name", "names").unique().rows() == [(2, 1, 1, 1, 2)]
    assert 0.02 < twins.height / people.height < 0.045


def test_twins_born_before_numbers_were_random_have_neighbouring_ones(people):
    sets = people.filter(pl.col("twin_set").is_not_null() & pl.col("ssn").is_not_null())
    pairs = sets.group_by("twin_set").agg(pl.col("ssn").cast(pl.Int64), pl.col("birth_date").first())
    pairs = pairs.filter(pl.col("ssn").list.len() == 2).with_columns(gap=pl.col("ssn").list.diff().list.last())
    early = pl.col("birth_date") < pl.lit(SSN_RANDOM_SINCE.astype(datetime.date))
    assert pairs.filter(early)["gap"].abs().unique().to_list() == [1]
    assert pairs.filter(~early)["gap"].abs().min() > 1


def test_sisters_and_brothers_have_different_first_names(people):
    namesakes = people.filter(pl.struct("family", "first_name").is_duplicated())
    # Only a child that was given a stranger's name on purpose may share it with a sibling.
    assert namesakes.height <= 2


@pytest.mark.parametrize(
    "cohort, behind, year, grade",
    [
        (2024, 0, 2025, "K"),
        (2025, 0, 2025, "PK"),
        (2026, 0, 2025, "PK"),
        (2027, 0, 2025, None),
        (2012, 0, 2025, "12"),
        (2011, 0, 2025, None),
        (2011, 1, 2025, "12"),
        (2024, 1, 2025, "PK"),
        (2015, 0, 2026, "10"),
    ],
)
def test_grade_follows_from_the_kindergarten_autumn(cohort, behind, year, grade):
    child = pl.DataFrame({"cohort": [cohort], "behind": [behind]})
    expected = -1 if grade is None else GRADES.index(grade)
    assert grades_in(child, year).tolist() == [expected]


def test_children_are_five_by_august_of_their_cohort(people):
    on_time = pl.date(pl.col("cohort") - 5, 8, 1)
    assert people.filter(
        (pl.col("birth_date") > on_time) | (pl.col("birth_date") < on_time.dt.offset_by("-1y"))
    ).is_empty()
    assert Cohorts.of_years(YEARS) == Cohorts(2011, 2027)


def test_each_year_has_the_children_asked_for(rolls):
    for roll in rolls.years.values():
        assert roll.filter(~pl.col("is_second")).height == 6000
        assert roll.filter(~pl.col("is_second"))["person"].n_unique() == 6000


def test_the_second_year_has_stayers_movers_entrants_arrivals_and_returners(rolls):
    counts = dict(rolls.years[2026].group_by("arrival").len().iter_rows())
    share = {name: count / 6000 for name, count in counts.items()}
    assert 0.75 < share["stayed"] < 0.90
    assert 0.05 < share["moved"] < 0.11
    assert 0.05 < share["entered"] < 0.10
    assert set(share) == {"stayed", "moved", "entered", "arrived", "returned"}


def test_stayers_sit_where_they_sat_and_movers_do_not(rolls):
    before = rolls.years[2025].filter(~pl.col("is_second")).select("person", was=pl.col("district"))
    both = rolls.years[2026].filter(~pl.col("is_second")).join(before, on="person")
    assert both.filter((pl.col("arrival") == "stayed") & (pl.col("district") != pl.col("was"))).is_empty()
    moved = both.filter(pl.col("arrival") == "moved")
    assert moved.filter((pl.col("district") == pl.col("was")) | (pl.col("moved_from") != pl.col("was"))).is_empty()


def test_nobody_sits_in_a_school_that_lacks_the_grade(state, rolls):
    schools = state.schools.select("low", top="high").with_row_index("school").cast({"school": pl.Int64})
    for roll in rolls.years.values():
        seated = roll.join(schools, on="school")
        assert seated.height == roll.height
        assert seated.filter((pl.col("grade") < pl.col("low")) | (pl.col("grade") > pl.col("top"))).is_empty()
        assert seated.filter((pl.col("school_code") == "1000") & (pl.col("grade") > 0)).is_empty()


def test_every_district_has_a_child_in_the_smallest_state():
    state = build_state(2, 20, 20)
    people = make_people(2, state, 20, YEARS)
    roll = enrol(2, state, people, 20, YEARS).years[2025]
    assert roll["district"].n_unique() == 20
