"""From a fitted model to the figures of its report: levels beside another model's, curves, and what to warn of."""

from collections.abc import Sequence

import polars as pl

from matching.comparisons import COMPARISONS
from matching.fit_registry import Curve
from matching.model import Model
from matching.training_prior import probabilities
from outputs.training_report.report import CurveFigures, LevelFigures, ThresholdFigures

# A level that weighs so many bits more or less than in the model that ships is looked at by a person.
FAR_FROM_SHIPPED = 4.0
# Known pairs that fell into a level before their share means anything, and how many times the fitted share it may be.
FEWEST_KNOWN, TOO_OFTEN = 30, 3.0
# The gate of the accuracy benchmark: false links per 100,000.
MOST_FALSE_LINKS = 1.0


def compare_levels(model: Model, other: Model, known_m: pl.DataFrame) -> list[LevelFigures]:
    """Every level of a model beside another model and the known records."""
    ours, theirs = probabilities(model.settings), probabilities(other.settings)
    known = {(row["field"], row["level"]): (row["count"], row["among"]) for row in known_m.iter_rows(named=True)}
    figures = []
    for comparison in COMPARISONS:
        for level in comparison.levels[1:]:
            name = (comparison.name, level.name)
            (m, u), (other_m, other_u), (count, among) = ours[name], theirs.get(name, (None, None)), known[name]
            figures.append(LevelFigures(*name, m, u, other_m, other_u, count, among))
    return figures


def curve_of(title: str, source: str, knows: str, curve: Curve) -> CurveFigures:
    """A curve as the page shows it."""
    rows = [ThresholdFigures(**row) for row in curve.table.iter_rows(named=True)]
    return CurveFigures(title, source, knows, curve.record_count, curve.pair_count, rows)


def find_warnings(levels: Sequence[LevelFigures], curve: CurveFigures, upper: float, *, is_truth: bool) -> list[str]:
    """What a person should look at before the model decides anything, a sentence each.

    ``is_truth``: the numbers that the curve counts by are the truth, not what a registry gave.
    """
    found = []
    for level in levels:
        name = f"{level.field} {level.level.replace('_', ' ').lower()}"
        if level.other_weight is not None and abs(level.weight - level.other_weight) > FAR_FROM_SHIPPED:
            found.append(f"{name} weighs {level.weight:+.1f} bits, {level.other_weight:+.1f} in the model that ships.")
        share = level.known_share
        if share is not None and level.known_count >= FEWEST_KNOWN and share > TOO_OFTEN * level.m:
            found.append(
                f"{name}: {100 * share:.2f}% of the known pairs of one child fall into it, {100 * level.m:.2f}% were fitted."
            )
    at_upper = min(curve.rows, key=lambda row: abs(row.threshold - upper))
    if at_upper.false_links > MOST_FALSE_LINKS:
        found.append(
            f"At {upper:g} bits {at_upper.false_links:.1f} false links per 100,000 records are expected, "
            f"{MOST_FALSE_LINKS:g} at most is what this system stands for: raise upper in thresholds and train again."
        )
    if at_upper.known_false > 0:
        counted = f"{at_upper.known_false:,.1f} per 100,000 records"
        found.append(
            f"At {upper:g} bits records of two children would be linked: {counted}, before guards and enrolment."
            if is_truth
            else f"Records under two numbers weigh {upper:g} bits or more: {counted}. They are children whom the registry "
            "split, or strangers whom this model would link where no guard objects; look at the open near matches."
        )
    return found
