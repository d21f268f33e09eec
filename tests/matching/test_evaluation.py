"""The table of errors on a state small enough to count by hand."""

import polars as pl
import pytest

from matching.evaluation import TABLE_SCHEMA, evaluate

# person, twin set, is Hispanic, has SSN, year, district, outcome, ID
TRUTH = [
    ("A", None, False, True, 2025, "1", "NEW", "a"),
    ("A", None, False, True, 2026, "1", "REUSED", "a"),
    ("B", None, True, False, 2025, "1", "NEW", "b"),
    ("B", None, True, False, 2026, "2", "NEW", "b2"),
    ("C", "T1", False, False, 2025, "1", "NEW", "c"),
    ("D", "T1", False, False, 2025, "1", "NEW", "c"),
    ("E", None, False, True, 2025, "2", "NEW", "e"),
    ("E", None, False, True, 2026, "1", "NEAR_MATCH", None),
    ("F", None, True, True, 2025, "2", "NEW", "f"),
    ("F", None, True, True, 2026, "1", "REUSED", "f"),
]


@pytest.fixture
def table() -> pl.DataFrame:
    columns = ["person_id", "twin_set", "is_hispanic", "has_ssn", "school_year", "district_code", "outcome", "state_id"]
    lines = pl.DataFrame(TRUTH, schema=columns, orient="row").with_columns(
        submission_id=pl.lit("S"), line_number=pl.int_range(pl.len())
    )
    return evaluate(
        lines.drop("outcome", "state_id"), lines.select("submission_id", "line_number", "outcome", "state_id")
    )


def figures(table: pl.DataFrame, measure: str, subgroup: str = "all") -> tuple[int, int, float]:
    row = table.filter(pl.col("measure") == measure, pl.col("subgroup") == subgroup)
    return row.select("count", "among", pl.col("value").round(2)).row(0)


@pytest.mark.parametrize(
    "measure, subgroup, expected",
    [
        ("false merges", "all", (1, 6, 16666.67)),
        ("false merges", "Hispanic", (0, 2, 0.0)),
        ("false merges", "twins", (1, 2, 50000.0)),
        ("splits", "all", (1, 6, 16666.67)),
        ("splits", "no SSN", (1, 3, 33333.33)),
        ("near matches", "all", (1, 6, 166.67)),
        ("settled without a clerk", "all", (9, 10, 90.0)),
        ("moves linked", "all", (1, 3, 33.33)),
        ("moves linked", "Hispanic", (1, 2, 50.0)),
        ("stays linked", "all", (1, 1, 100.0)),
        ("twin sets merged", "all", (1, 1, 1000.0)),
    ],
)
def test_measure(measure: str, subgroup: str, expected: tuple[int, int, float], table: pl.DataFrame) -> None:
    assert figures(table, measure, subgroup) == expected


def test_table_has_its_columns(table: pl.DataFrame) -> None:
    assert table.schema == TABLE_SCHEMA


def test_interval_of_nought_is_the_rule_of_three(table: pl.DataFrame) -> None:
    row = table.filter(pl.col("measure") == "false merges", pl.col("subgroup") == "Hispanic").row(0, named=True)
    # Garwood at a count of 0: 3.689 at most with 97.5% on one side.
    assert row["low"] == 0
    assert row["high"] == pytest.approx(3.6889 / 2 * 100_000, rel=1e-4)


def test_interval_of_a_share_holds_it(table: pl.DataFrame) -> None:
    shares = table.filter(pl.col("unit") == "%")
    assert ((shares["low"] <= shares["value"]) & (shares["value"] <= shares["high"])).all()
    assert shares["high"].max() <= 100  # type: ignore[operator]
