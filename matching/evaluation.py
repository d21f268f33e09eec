"""How often identity is wrong, on a state whose truth is known: printed with every benchmark, never from memory (design 5.9).

The worst error is a number for two children (false merge); a child with two numbers (split) can be merged later. A system
that sends everything to a clerk makes neither, so every figure stands beside the share that was settled without one.
"""

from typing import Any

import polars as pl
from scipy.stats import beta, chi2

from matching.reasons import NEAR_MATCH

CONFIDENCE = 0.95
LINE = ["submission_id", "line_number"]
TABLE_SCHEMA = pl.Schema(
    {
        "measure": pl.String(), "subgroup": pl.String(), "count": pl.Int64(), "among": pl.Int64(),
        "value": pl.Float64(), "low": pl.Float64(), "high": pl.Float64(), "unit": pl.String(),
    }
)  # fmt: skip

EVERYBODY = "all"
SUBGROUPS = {
    EVERYBODY: pl.lit(True),
    "Hispanic": pl.col("is_hispanic"),
    "not Hispanic": ~pl.col("is_hispanic"),
    "twins": pl.col("twin_set").is_not_null(),
    "moved": pl.col("has_moved"),
    "no SSN": ~pl.col("has_ssn"),
}


def evaluate(truth: pl.DataFrame, assignments: pl.DataFrame) -> pl.DataFrame:
    """Errors and review load by subgroup, with exact intervals, in TABLE_SCHEMA.

    Args:
        truth: one row a record: submission_id, line_number, person_id, twin_set, is_hispanic, has_ssn, school_year,
            district_code.
        assignments: submission_id, line_number, outcome and state_id, new IDs filled in.
    """
    records = _with_moves(truth.join(assignments.select(*LINE, "outcome", "state_id"), on=LINE))
    steps = _steps(records)
    rows: list[dict[str, Any]] = []
    for name, condition in SUBGROUPS.items():
        chosen, chosen_steps = records.filter(condition), steps.filter(condition)
        if chosen.height:
            rows += _measures(name, chosen, chosen_steps, records)
    return pl.DataFrame(rows, schema=TABLE_SCHEMA)


def _measures(
    subgroup: str, records: pl.DataFrame, steps: pl.DataFrame, everybody: pl.DataFrame
) -> list[dict[str, Any]]:
    pupils = records["person_id"].n_unique()
    reviewed = records.filter(pl.col("outcome") == NEAR_MATCH).height
    moves, stays = steps.filter("is_move"), steps.filter(~pl.col("is_move"))
    twins = _twin_sets(everybody, records)
    rows = [
        _rate("false merges", subgroup, _false_merges(everybody, records), pupils, 100_000, "per 100,000 pupils"),
        _rate("splits", subgroup, _splits(records), pupils, 100_000, "per 100,000 pupils"),
        _rate("near matches", subgroup, reviewed, pupils, 1_000, "per 1,000 pupils"),
        _share("settled without a clerk", subgroup, records.height - reviewed, records.height),
        _share("moves linked", subgroup, int(moves["is_linked"].sum()), moves.height),
        _share("stays linked", subgroup, int(stays["is_linked"].sum()), stays.height),
        _share("twin sets merged", subgroup, int(twins["is_merged"].sum()), twins.height, 1_000, "per 1,000 sets"),
    ]
    return [row for row in rows if row["among"]]


def _with_moves(records: pl.DataFrame) -> pl.DataFrame:
    """Records with ``has_moved``: the pupil stands in more than one district."""
    return records.with_columns(has_moved=pl.col("district_code").n_unique().over("person_id") > 1)


def _false_merges(everybody: pl.DataFrame, records: pl.DataFrame) -> int:
    """Numbers given to more children than one, counted once for each child too many, that touch these records."""
    given = everybody.filter(pl.col("state_id").is_not_null())
    sharing = given.group_by("state_id").agg(extra=pl.col("person_id").n_unique() - 1).filter(pl.col("extra") > 0)
    touched = sharing.join(records.select("state_id").unique(), on="state_id", how="semi")
    return int(touched["extra"].sum())


def _splits(records: pl.DataFrame) -> int:
    """Numbers that these children have too many."""
    given = records.filter(pl.col("state_id").is_not_null())
    return int((given.group_by("person_id").agg(pl.col("state_id").n_unique() - 1))["state_id"].sum())


def _steps(records: pl.DataFrame) -> pl.DataFrame:
    """Each record with an earlier year's record of the same child: did it get one of the numbers the child had?"""
    before = records.group_by("person_id", school_year=pl.col("school_year") + 1).agg(
        earlier_districts=pl.col("district_code").unique(), earlier_ids=pl.col("state_id").drop_nulls().unique()
    )
    return records.join(before, on=["person_id", "school_year"]).with_columns(
        is_move=~pl.col("earlier_districts").list.contains(pl.col("district_code")),
        is_linked=pl.col("earlier_ids").list.contains(pl.col("state_id")).fill_null(False),
    )


def _twin_sets(everybody: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Twin sets of these records with two children in the files, and whether they share a number."""
    wanted = records.select("twin_set").drop_nulls().unique()
    twins = everybody.join(wanted, on="twin_set", how="semi").filter(pl.col("state_id").is_not_null())
    holders = twins.group_by("twin_set", "state_id").agg(held_by=pl.col("person_id").n_unique())
    sets = twins.group_by("twin_set").agg(children=pl.col("person_id").n_unique()).filter(pl.col("children") > 1)
    merged = holders.group_by("twin_set").agg(is_merged=(pl.col("held_by") > 1).any())
    return sets.join(merged, on="twin_set")


def _rate(measure: str, subgroup: str, count: int, among: int, scale: int, unit: str) -> dict[str, Any]:
    """A count with the exact Poisson interval (Garwood): both ends are honest at a count of nought."""
    tail = (1 - CONFIDENCE) / 2
    low = float(chi2.ppf(tail, 2 * count) / 2) if count else 0.0
    high = float(chi2.ppf(1 - tail, 2 * count + 2) / 2)
    factor = scale / among if among else 0.0
    return _row(measure, subgroup, count, among, count * factor, low * factor, high * factor, unit)


def _share(measure: str, subgroup: str, count: int, among: int, scale: int = 100, unit: str = "%") -> dict[str, Any]:
    """A share with the exact binomial interval (Clopper and Pearson)."""
    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, count, among - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - tail, count + 1, among - count)) if count < among else 1.0
    value = count / among if among else 0.0
    return _row(measure, subgroup, count, among, value * scale, low * scale, high * scale, unit)


def _row(
    measure: str, subgroup: str, count: int, among: int, value: float, low: float, high: float, unit: str
) -> dict[str, Any]:
    values = (measure, subgroup, count, among, value, low, high, unit)
    return dict(zip(TABLE_SCHEMA.names(), values, strict=True))
