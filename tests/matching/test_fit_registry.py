"""What a registry gives to learn from, and what a threshold costs on it."""

from collections.abc import Callable
from typing import Any

import duckdb
import polars as pl
import pytest

from matching.fit_registry import registry_records, threshold_table, weigh_records
from matching.model import load_model

ONE, TWO, GONE = "1111111111", "2222222222", "3333333333"
Registry = Callable[..., duckdb.DuckDBPyConnection]


@pytest.fixture
def con(make_registry: Registry) -> duckdb.DuckDBPyConnection:
    return make_registry(
        {"state_id": ONE},
        {"state_id": TWO, "first_name": "Luisa", "district_code": "048078", "status": "merged", "merged_into": ONE},
        {"state_id": GONE, "first_name": "Nobody", "status": "retired"},
        {"state_id": "4444444444", "first_name": "Ana", "last_name": "Silva"},
    )


def test_merged_numbers_are_one_child_and_withdrawn_ones_nobody(con: duckdb.DuckDBPyConnection) -> None:
    records, population = registry_records(con, None, seed=1)
    assert population == 2
    assert records.group_by("person").len().sort("person").rows() == [(ONE, 2), ("4444444444", 1)]


def test_a_sample_holds_whole_children_and_is_the_same_again(con: duckdb.DuckDBPyConnection) -> None:
    drawn = [registry_records(con, 1, seed=1)[0] for _ in range(2)]
    assert drawn[0].equals(drawn[1])
    assert drawn[0]["person"].n_unique() == 1
    assert {registry_records(con, 1, seed=seed)[0]["person"][0] for seed in range(12)} == {ONE, "4444444444"}


def test_only_pairs_of_two_districts_are_weighed(con: duckdb.DuckDBPyConnection) -> None:
    records, _ = registry_records(con, None, seed=1)
    weighed = weigh_records(records, load_model(), population=2)
    assert (weighed.curve.record_count, weighed.curve.pair_count) == (3, 1)
    levels: dict[Any, int] = dict(weighed.known_m.filter(pl.col("count") > 0).select("field", "count").iter_rows())
    assert levels["last_name"] == 1
    assert "place" not in levels


def test_threshold_costs() -> None:
    pairs = pl.DataFrame({"evidence": [20.0, 10.0, 10.0], "is_one_child": [True, True, False]})
    table = threshold_table(pairs, -10.0, record_count=200_000, more_strangers=3.0)
    rows = {row["threshold"]: row for row in table.iter_rows(named=True)}
    # Each pair is seen from both its records, and 200,000 records are twice the unit: one pair counts once.
    assert (rows[0]["known_false"], rows[0]["known_missed"]) == (3.0, 0.0)
    assert (rows[1]["known_false"], rows[1]["known_missed"]) == (0.0, 1.0)
    assert (rows[10]["known_missed"], rows[11]["known_missed"]) == (1.0, 2.0)
    assert rows[0]["false_links"] == pytest.approx(3 * (0.5 + 0.5 + 2**-10), rel=1e-3)
    assert rows[11]["missed_links"] == pytest.approx(2.0, rel=1e-3)
