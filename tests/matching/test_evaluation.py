"""The table of errors on a state small enough to count by hand."""

import polars as pl
import pytest

from matching.evaluation import (
    HISPANIC_GAP,
    MEASURES,
    SUBGROUPS,
    TABLE_SCHEMA,
    count_errors,
    count_reasons,
    evaluate,
    pool_counts,
    with_intervals,
)

# person, twin set, is Hispanic, has SSN, year, district, local ID, outcome, reason, ID
TRUTH = [
    ("A", None, False, True, 2025, "1", "11", "NEW", "NOBODY_ALIKE", "a"),
    ("A", None, False, True, 2026, "1", "11", "REUSED", "LOCAL_ID_KNOWN", "a"),
    ("B", None, True, False, 2025, "1", "12", "NEW", "NOBODY_ALIKE", "b"),
    ("B", None, True, False, 2026, "2", "22", "NEW", "NOBODY_ALIKE", "b2"),
    ("C", "T1", False, False, 2025, "1", "13", "NEW", "ALIKE_IN_THIS_RUN", "c"),
    ("D", "T1", False, False, 2025, "1", "14", "NEW", "NOBODY_ALIKE", "c"),
    ("E", None, False, True, 2025, "2", "21", "NEW", "NOBODY_ALIKE", "e"),
    ("E", None, False, True, 2026, "1", "15", "NEAR_MATCH", "NOT_SURE", None),
    ("F", None, True, True, 2025, "2", "23", "NEW", "NOBODY_ALIKE", "f"),
    ("F", None, True, True, 2026, "1", "16", "REUSED", "MODEL_MATCH", "f"),
    ("G", None, False, True, 2026, "1", "17", "ERROR", "TOO_MANY_ALIKE", None),
]
COLUMNS = (
    "person_id", "twin_set", "is_hispanic", "has_ssn", "school_year", "district_code", "local_student_id",
    "outcome", "reason", "state_id",
)  # fmt: skip
ANSWER = ["submission_id", "line_number", "outcome", "reason", "state_id"]


@pytest.fixture
def lines() -> pl.DataFrame:
    return pl.DataFrame(TRUTH, schema=list(COLUMNS), orient="row").with_columns(
        submission_id=pl.lit("S"), line_number=pl.int_range(pl.len())
    )


@pytest.fixture
def table(lines: pl.DataFrame) -> pl.DataFrame:
    return evaluate(lines.drop("outcome", "reason", "state_id"), lines.select(ANSWER))


def figures(table: pl.DataFrame, measure: str, subgroup: str = "all") -> tuple[int, int, float]:
    row = table.filter(pl.col("measure") == measure, pl.col("subgroup") == subgroup)
    return row.select("count", "among", pl.col("value").round(2)).row(0)


@pytest.mark.parametrize(
    "measure, subgroup, expected",
    [
        ("false merges", "all", (1, 7, 14285.71)),
        ("false merges", "Hispanic", (0, 2, 0.0)),
        ("false merges", "twins", (1, 2, 50000.0)),
        ("pupils merged", "all", (2, 7, 28571.43)),
        ("splits", "all", (1, 7, 14285.71)),
        ("splits", "no SSN", (1, 3, 33333.33)),
        # A near match and an error: a person has to do something about either.
        ("pupils in review", "all", (2, 7, 285.71)),
        ("pupils only flagged", "all", (1, 7, 142.86)),
        ("settled without a clerk", "all", (9, 11, 81.82)),
        ("settled, later year", "all", (3, 5, 60.0)),
        ("moves linked", "all", (1, 3, 33.33)),
        ("moves linked", "Hispanic", (1, 2, 50.0)),
        ("moves in review", "all", (1, 3, 33.33)),
        ("stays linked", "all", (1, 1, 100.0)),
        ("twin sets merged", "all", (1, 1, 1000.0)),
        # Right: A and F. Missed: B and E. Wrong: C with D. F1 = 2 x 2 / (2 x 2 + 3).
        ("pairwise F1", "all", (2, 5, 57.14)),
        # None of one move of the others is linked, one of two of the Hispanic children's.
        (HISPANIC_GAP, "all", (1, 2, -50.0)),
    ],
)
def test_measure(measure: str, subgroup: str, expected: tuple[int, int, float], table: pl.DataFrame) -> None:
    assert figures(table, measure, subgroup) == expected


def test_table_has_its_columns(table: pl.DataFrame) -> None:
    assert table.schema == TABLE_SCHEMA


def test_interval_of_nought_is_the_rule_of_three(table: pl.DataFrame) -> None:
    row = table.filter(pl.col("measure") == "false merges", pl.col("subgroup") == "Hispanic").row(0, named=True)
    # Clopper and Pearson at 0 of 2: 1 - 0.025 ** (1 / 2).
    assert row["low"] == 0
    assert row["high"] == pytest.approx((1 - 0.025**0.5) * 100_000, rel=1e-6)


def test_interval_of_a_share_holds_it(table: pl.DataFrame) -> None:
    shares = table.filter(pl.col("unit").str.starts_with("%"))
    assert ((shares["low"] <= shares["value"]) & (shares["value"] <= shares["high"])).all()
    assert shares["high"].max() <= 100  # type: ignore[operator]


def test_every_measure_has_a_meaning_and_its_place(table: pl.DataFrame) -> None:
    order = list(MEASURES)
    found = [measure for measure in table["measure"].unique(maintain_order=True) if measure != HISPANIC_GAP]
    assert found == sorted(found, key=order.index)
    assert set(table["subgroup"]) == set(SUBGROUPS)


def test_two_states_pooled_have_the_figures_of_one_and_a_closer_interval(
    lines: pl.DataFrame, table: pl.DataFrame
) -> None:
    counts = count_errors(lines.drop("outcome", "reason", "state_id"), lines.select(ANSWER))
    pooled = with_intervals(pool_counts([counts, counts]))
    assert pooled["value"].to_list() == pytest.approx(table["value"].to_list())
    assert pooled["count"].to_list() == [2 * count for count in table["count"]]
    one, two = (frame.filter(pl.col("measure") == "moves linked").row(0, named=True) for frame in (table, pooled))
    assert one["low"] < two["low"] and two["high"] < one["high"]


def test_reasons_count_records_and_pupils(lines: pl.DataFrame) -> None:
    reasons = count_reasons(lines.select("submission_id", "line_number", "person_id"), lines.select(ANSWER))
    assert reasons.row(0) == ("NEW", "NOBODY_ALIKE", 6, 5)
    assert reasons["records"].sum() == lines.height
