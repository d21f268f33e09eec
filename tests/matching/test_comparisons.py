"""Comparison levels on literal pairs, without a trained model; the pairs are tests/matching/hard_pairs.csv."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from matching.comparisons import BY_NAME, COMPARISONS, Comparison
from matching.requests import REQUEST_TABLE, prepare_requests
from matching.scoring import RECORD_TABLE, make_record_table

HARD_PAIRS = Path(__file__).with_name("hard_pairs.csv")


def read_pairs() -> list[dict[str, str]]:
    with HARD_PAIRS.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def side(text: str) -> dict[str, Any]:
    """``last_name=Smith|suffix=Jr`` as the values of a record; an empty value is null."""
    values: dict[str, Any] = {"middle_name": None}
    for part in text.split("|"):
        name, _, value = part.partition("=")
        values[name] = value or None
    if "birth_date" in values:
        values["birth_date"] = date.fromisoformat(values["birth_date"])
    if "ssn_near" in values:
        values["ssn_near"] = values["ssn_near"].split(",")
    return values


def level_of(con: Any, comparison: Comparison) -> str:
    cases = [f"WHEN {level.condition} THEN '{level.name}'" for level in comparison.levels[:-1]]
    columns = [name for (name,) in con.execute(
        f"SELECT column_name FROM duckdb_columns() WHERE table_name = '{RECORD_TABLE}' AND column_name <> 'unique_id'"
    ).fetchall()]  # fmt: skip
    sides = ", ".join(f'{s}."{name}" AS "{name}_{s}"' for name in columns for s in "lr")
    ((level,),) = con.execute(
        f"SELECT CASE {' '.join(cases)} ELSE '{comparison.levels[-1].name}' END FROM "
        f"(SELECT {sides} FROM {RECORD_TABLE} l, {RECORD_TABLE} r WHERE l.unique_id = 0 AND r.unique_id = 1)"
    ).fetchall()
    return level


@pytest.mark.parametrize("pair", read_pairs(), ids=lambda pair: pair["case"])
@pytest.mark.parametrize("is_turned", [False, True], ids=["", "turned"])
def test_hard_pair_falls_into_its_level(pair: dict[str, str], is_turned: bool, make_requests: Any) -> None:
    one, other = (side(pair["other"]), side(pair["one"])) if is_turned else (side(pair["one"]), side(pair["other"]))
    requests = prepare_requests(make_requests({**one, "sha256": "a"}, {**other, "sha256": "b"})).with_columns(
        request_id=pl.col("sha256").replace_strict({"a": 0, "b": 1}, return_dtype=pl.Int64)
    )
    con = duckdb.connect()
    con.register("hard_pair", requests)
    con.execute(f"CREATE TABLE {REQUEST_TABLE} AS FROM hard_pair").fetchall()
    make_record_table(con, (REQUEST_TABLE, "s.request_id", "true"))
    assert level_of(con, BY_NAME[pair["comparison"]]) == pair["level"]


def test_every_level_has_a_hard_pair() -> None:
    covered = {(pair["comparison"], pair["level"]) for pair in read_pairs()}
    all_levels = {(c.name, level.name) for c in COMPARISONS for level in c.levels}
    # Levels that a pair of one field cannot show alone.
    not_shown = {("last_name", "SWAPPED"), ("middle_name", "SURNAME"), ("middle_name", "NEAR")}
    plain = {(c.name, name) for c in COMPARISONS for name in ("MISSING", "SAME", "DIFFERENT")}
    assert all_levels - covered - plain == not_shown


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda c: c.name)
def test_level_numbers_go_back_and_forth(comparison: Comparison) -> None:
    assert comparison.number_of("MISSING") == -1
    assert comparison.number_of(comparison.levels[-1].name) == 0
    for level in comparison.levels:
        assert comparison.level_of(comparison.number_of(level.name)) is level
