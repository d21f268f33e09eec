"""The requests that accuracy is measured on: every kind of mistake is drawn, and the truth stands beside them."""

import polars as pl
import pytest

from sample_data.requests import registration_requests
from sample_data.tables import error_rates, read_table

STUDENTS = 3000


@pytest.fixture(scope="module")
def as_given() -> list[pl.DataFrame]:
    return registration_requests(9, STUDENTS, 6)


@pytest.fixture(scope="module")
def many_errors() -> list[pl.DataFrame]:
    return registration_requests(9, STUDENTS, 6, error_scale=6.0)


def tags(frame: pl.DataFrame) -> pl.Series:
    return frame["error_tags"].str.split(";").explode()


def test_every_mistake_of_the_table_is_drawn(many_errors: list[pl.DataFrame]) -> None:
    written = set(read_table("error_rates.csv")["error"]) - {"compound_variant"}
    assert written <= set(tags(many_errors[0]))


def test_the_kinds_of_a_compound_surname_add_up_to_one() -> None:
    kinds = read_table("error_rates.csv").filter(pl.col("among") == "compound variants")
    assert sum(error_rates()[name] for name in kinds["error"]) == pytest.approx(1)


def test_more_mistakes_change_no_child(as_given: list[pl.DataFrame], many_errors: list[pl.DataFrame]) -> None:
    assert set(as_given[0]["person_id"]) == set(many_errors[0]["person_id"])
    assert error_rates()["last_name_typo"] == 0.01
    usual, many = ((tags(frames[0]) == "last_name_typo").sum() for frames in (as_given, many_errors))
    assert 3 * usual < many < 12 * usual


def test_a_mistake_stays_with_a_registration_that_is_carried_over(as_given: list[pl.DataFrame]) -> None:
    first, second = as_given
    both = second.join(first, on=["person_id", "district_code", "local_student_id"], suffix="_before")
    kept = both.filter(pl.col("error_tags") == pl.col("error_tags_before"))
    assert both.height > 2000
    assert kept.height > 0.97 * both.height
    assert (kept["last_name"] == kept["last_name_before"]).all()


def test_namesakes_share_a_key_and_nobody_else_does(as_given: list[pl.DataFrame]) -> None:
    rows = as_given[0].select("person_id", "namesake_key", "family").unique()
    assert rows.group_by("person_id").agg(pl.col("namesake_key").n_unique())["namesake_key"].max() == 1
    shared = rows.filter(pl.col("person_id").n_unique().over("namesake_key") > 1)
    assert 0 < shared.height < 0.01 * rows.height
