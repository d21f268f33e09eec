"""Engine and audit on a state of 550 districts, 2,400 schools and 900,000 students: seconds and what is withheld.

Run by hand: ``python -m pytest tests/benches/bench_suppression.py -m bench -s``.
"""

import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from outputs.aggregates.products import populations_of, products_of
from outputs.publish.audit.audit import audit_release
from outputs.publish.engine.suppress import SuppressionRules, suppress_small_cells
from outputs.publish.tables import build_table, describe_release

pytestmark = pytest.mark.bench

AXES = {
    "race_ethnicity": (["W", "B", "H", "M", "A", "I", "P"], [0.69, 0.155, 0.075, 0.05, 0.022, 0.004, 0.004]),
    "grade": (
        ["PK", "K", *[f"{grade:02}" for grade in range(1, 13)]],
        [0.04, *[0.96 / 13] * 13],
    ),
    "gender": (["F", "M"], [0.487, 0.513]),
}


def state_cells(
    axes: list[str], students: int = 900_000, districts: int = 550, schools: int = 2_400, seed: int = 1
) -> pl.DataFrame:
    """Cells of a made-up state: sizes skewed, ten districts hold a quarter of the students, races clustered."""
    random = np.random.default_rng(seed)
    district_of = _spread_schools(random, districts, schools)
    weight = random.lognormal(0, 0.7, schools)
    sizes = random.multinomial(students, weight / weight.sum())
    low_grade = random.choice([0, 0, 6, 8], schools)
    parts = []
    for axis in axes:
        codes, shares = AXES[axis]
        district_shares = random.dirichlet(np.array(shares) * 8 + 0.02, districts)
        counts = np.zeros((schools, len(codes)), dtype=np.int64)
        for school in range(schools):
            share = np.array(shares) if axis != "race_ethnicity" else district_shares[district_of[school]]
            if axis == "grade":
                first = low_grade[school]
                keep = (np.arange(len(codes)) >= first) & (np.arange(len(codes)) < first + (8 if first == 0 else 6))
                share = np.where(keep, share, 0)
            counts[school] = random.multinomial(sizes[school], share / share.sum())
        parts.append(_school_rows(axis, codes, counts, district_of))
    parts.append(_school_rows("ALL", ["ALL"], sizes[:, None], district_of))
    return roll_up(pl.concat(parts))


def _spread_schools(random: np.random.Generator, districts: int, schools: int) -> np.ndarray:
    weight = 1 / np.arange(1, districts + 1) ** 0.8
    extra = random.choice(districts, schools - districts, p=weight / weight.sum())
    return np.sort(np.concatenate([np.arange(districts), extra]))


def _school_rows(axis: str, codes: list[str], counts: np.ndarray, district_of: np.ndarray) -> pl.DataFrame:
    schools, size = counts.shape
    return pl.DataFrame(
        {
            "district_code": [f"{d:06}" for d in np.repeat(district_of, size)],
            "school_code": [f"{s:04}" for s in np.repeat(np.arange(schools), size)],
            "axis": [axis] * counts.size,
            "category": codes * schools,
            "student_count": counts.ravel(),
        }
    )


def roll_up(schools: pl.DataFrame) -> pl.DataFrame:
    """School cells with their district and state totals."""
    levels = [schools]
    for keys in (["school_code"], ["district_code", "school_code"]):
        marked = schools.with_columns(pl.lit("ALL").alias(key) for key in keys)
        levels.append(marked.group_by("district_code", "school_code", "axis", "category").agg(pl.sum("student_count")))
    return pl.concat(levels).sort("district_code", "school_code", "axis", "category")


def describe(cells: pl.DataFrame) -> dict[str, float]:
    school = cells.filter((pl.col("school_code") != "ALL") & (pl.col("axis") != "ALL"))
    hidden = school.filter(pl.col("status") != "shown")
    nonzero = cells.filter(pl.col("student_count") > 0)
    return {
        "cells": cells.height,
        "primary": cells.filter(pl.col("status") == "suppressed_small").height,
        "secondary": cells.filter(pl.col("status") == "suppressed_complementary").height,
        "withheld_share_of_nonzero": round(nonzero.filter(pl.col("status") != "shown").height / nonzero.height, 4),
        "withheld_school_students": round(hidden["student_count"].sum() / school["student_count"].sum(), 4),
    }


def write_release(folder: Path, cells: pl.DataFrame, axes: list[str]) -> Path:
    """A release folder of the made-up state, without a page."""
    population = populations_of("Oct")[0]
    products = [product for product in products_of(population) if product.axis in axes]
    tables = [build_table(product, population, 30, cells) for product in products]
    folder.mkdir()
    for table in tables:
        (folder / table.file).write_bytes(table.content)
    description = describe_release(folder.name, 2026, "Oct", tables, {population.name: "Made up."}, [])
    (folder / "release.json").write_bytes(description)
    return folder


@pytest.mark.parametrize("axes", [["race_ethnicity"], ["grade", "race_ethnicity", "gender"]])
@pytest.mark.parametrize("closes_residuals", [True, False])
def test_engine_and_audit(axes: list[str], closes_residuals: bool, tmp_path: Path) -> None:
    cells = state_cells(axes)
    started = time.perf_counter()
    suppressed = suppress_small_cells(cells, SuppressionRules(30, closes_residuals))
    engine = time.perf_counter() - started
    folder = write_release(tmp_path / "r1", suppressed, axes)
    started = time.perf_counter()
    findings = audit_release(folder)
    audit = time.perf_counter() - started
    rule = "residuals closed" if closes_residuals else "linear only"
    print(f"\n{'+'.join(axes)}, {rule}: engine {engine:.1f} s, audit {audit:.1f} s, {describe(suppressed)}")
    assert findings == []
