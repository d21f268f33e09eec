"""What is counted before a model is fitted: explosions are refused by name, sessions without pairs are left out."""

from collections.abc import Iterator
from itertools import combinations

import duckdb
import polars as pl
import pytest

from matching import training_pairs
from matching.scoring import RECORD_TABLE
from matching.training_pairs import sessions_with_pairs, usable_records
from schemas.errors import MosisError, UsageError

NAME_AND_DATE, SSN = ("last_name", "birth_date"), ("ssn_hash",)


@pytest.fixture
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect()
    yield con
    con.close()


def store(cursor: duckdb.DuckDBPyConnection, rows: list[tuple[str | None, str | None, str | None, str]]) -> None:
    records = pl.DataFrame(rows, schema=["last_name", "birth_date", "ssn_hash", "district_code"], orient="row")
    cursor.register("incoming", records)
    cursor.execute(f"CREATE TABLE {RECORD_TABLE} AS FROM incoming")


def test_pairs_of_two_districts_are_counted(cursor: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("a", "1", None, "D1"), ("a", "1", "x", "D1"), ("a", "1", "x", "D2"), ("a", "1", "y", "D3"),
            ("b", "1", "y", "D1"), ("b", None, None, "D2"), (None, "1", None, "D2")]  # fmt: skip
    store(cursor, rows)
    expected = sum(one[:2] == other[:2] == ("a", "1") and one[3] != other[3] for one, other in combinations(rows, 2))
    monkeypatch.setattr(training_pairs, "FEWEST_PAIRS", 1)
    assert expected == 5
    assert sessions_with_pairs(cursor, (NAME_AND_DATE, SSN), 7) == {NAME_AND_DATE: 5, SSN: 2}
    monkeypatch.setattr(training_pairs, "FEWEST_PAIRS", 3)
    assert sessions_with_pairs(cursor, (NAME_AND_DATE, SSN), 7) == {NAME_AND_DATE: 5}


def test_a_stand_in_that_nobody_listed_is_refused_before_pairs_are_made(cursor: duckdb.DuckDBPyConnection) -> None:
    store(cursor, [("a", "1", None, f"D{number % 50}") for number in range(3_000)])
    with pytest.raises(MosisError, match="4,410,000 pairs of records agree on last_name and birth_date"):
        sessions_with_pairs(cursor, (NAME_AND_DATE, SSN), 3_000)


def test_children_of_one_district_teach_nothing(cursor: duckdb.DuckDBPyConnection) -> None:
    store(cursor, [(str(number), "1", None, "D1") for number in range(3_000)])
    with pytest.raises(UsageError, match="hardly any child was registered in two districts"):
        sessions_with_pairs(cursor, (NAME_AND_DATE,), 3_000)


def test_stand_ins_and_crowds_teach_nothing() -> None:
    records = pl.DataFrame(
        {
            "is_placeholder": [False, True, False] + [False] * 13,
            "is_crowd": [False, False, True] + [False] * 13,
            "ssn_hash": ["a", "a", "a"] + ["many"] * 13,
            "ssn_near": [["a"]] * 16,
        }
    )
    usable = usable_records(records)
    assert usable["ssn_hash"].to_list() == ["a"] + [None] * 13
    assert usable["ssn_near"].null_count() == 13
