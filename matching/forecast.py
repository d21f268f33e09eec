"""What other thresholds would have done to the runs on record, before anybody changes them.

Every line keeps the weight of its best candidate and the margin to the next, so that the decision can be made again with
other thresholds. Only lines that the model decided move: a sent ID, a local ID, an exact match, a guard's hold and a
person's decision stay as they are.

The expected number of false links takes the model at its word: a link of w bits is wrong with the probability 1 / (1 + 2^w),
one line as much as the other. Where clerks decided such questions, their answers stand beside it: they are what happened.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import duckdb
import polars as pl

from matching.model import Thresholds
from schemas.errors import UsageError

# What the model decides by weight and margin alone.
_BY_WEIGHT = ("MODEL_MATCH", "NOT_SURE", "SEVERAL_CANDIDATES", "NOBODY_ALIKE")
LINK, QUESTION, NEW = "link", "question", "new"
# The fate that each reason stands for today.
_TODAY = {"MODEL_MATCH": LINK, "NOT_SURE": QUESTION, "SEVERAL_CANDIDATES": QUESTION, "NOBODY_ALIKE": NEW}


@dataclass(frozen=True)
class Move:
    """Lines that would go from one fate to another; ``same``, ``different``: what clerks said of those that were questions."""

    before: str
    after: str
    lines: int
    same: int
    different: int


@dataclass(frozen=True)
class Forecast:
    """Today's thresholds and others, side by side.

    ``questions`` counts those that weight alone decides; ``other_questions`` the rest, which no threshold moves.
    ``false_links`` is the expected number among links by the model.
    """

    today: dict[str, float]
    then: dict[str, float]
    lines: int
    links: tuple[int, int]
    questions: tuple[int, int]
    new: tuple[int, int]
    other_questions: int
    false_links: tuple[float, float]
    moves: list[Move]

    def to_json(self) -> dict[str, Any]:
        return {"format_version": 1, **asdict(self)}


def forecast_thresholds(
    con: duckdb.DuckDBPyConnection,
    thresholds: Thresholds,
    *,
    upper: float | None = None,
    lower: float | None = None,
    margin: float | None = None,
) -> Forecast:
    """The runs on record under other thresholds; nothing is changed.

    Raises:
        UsageError: no threshold was given, or they contradict each other.
    """
    if upper is None and lower is None and margin is None:
        raise UsageError("Name a threshold to try: --upper, --lower or --margin, in bits.")
    other = replace(
        thresholds,
        upper=thresholds.upper if upper is None else upper,
        lower=thresholds.lower if lower is None else lower,
        margin=thresholds.margin if margin is None else margin,
    )
    if other.lower > other.upper:
        raise UsageError(f"--lower {other.lower:g} is above --upper {other.upper:g}; nothing could be a question.")
    lines = _decided_lines(con)
    moved = lines.with_columns(
        before=pl.col("reason").replace_strict(_TODAY, return_dtype=pl.String), after=_fate(other)
    )
    ((others,),) = con.execute(
        f"SELECT count(DISTINCT near_match_id) FROM identity.near_match WHERE reason NOT IN {_BY_WEIGHT}"
    ).fetchall()
    return Forecast(
        _shown(thresholds),
        _shown(other),
        lines.height,
        _counts(moved, LINK),
        _counts(moved, QUESTION),
        _counts(moved, NEW),
        int(others),
        (_false_links(moved, "before"), _false_links(moved, "after")),
        _moves(moved),
    )


def _decided_lines(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """reason, match_weight, margin and answer (SAME, DIFFERENT, null) of every line that weight and margin decided."""
    return con.sql(
        f"""
        WITH answered AS (
            SELECT submission_id, line_number,
                   CASE WHEN bool_or(kind = 'must_link') THEN 'SAME'
                        WHEN bool_or(kind = 'cannot_link') THEN 'DIFFERENT' END AS answer
            FROM identity.decision WHERE near_match_id IS NOT NULL GROUP BY ALL
        )
        SELECT reason, match_weight, margin, answer
        FROM identity.assignment LEFT JOIN answered USING (submission_id, line_number)
        WHERE step = 'model' AND reason IN {_BY_WEIGHT}
        """
    ).pl()


def _fate(thresholds: Thresholds) -> pl.Expr:
    weight, margin = pl.col("match_weight"), pl.col("margin")
    clear = margin.is_null() | (margin >= thresholds.margin)
    return (
        pl.when(weight.is_null() | (weight < thresholds.lower))
        .then(pl.lit(NEW))
        .when((weight >= thresholds.upper) & clear)
        .then(pl.lit(LINK))
        .otherwise(pl.lit(QUESTION))
    )


def _shown(thresholds: Thresholds) -> dict[str, float]:
    return {name: getattr(thresholds, name) for name in ("upper", "lower", "margin")}


def _counts(moved: pl.DataFrame, fate: str) -> tuple[int, int]:
    return int((moved["before"] == fate).sum()), int((moved["after"] == fate).sum())


def _false_links(moved: pl.DataFrame, when: str) -> float:
    linked = moved.filter(pl.col(when) == LINK, pl.col("match_weight").is_not_null())
    # Beyond 60 bits the power is no more than noise; clipped, it cannot overflow.
    risk = linked.select((1 / (1 + 2 ** pl.col("match_weight").clip(-60, 60))).sum()).item()
    return round(float(risk or 0.0), 4)


def _moves(moved: pl.DataFrame) -> list[Move]:
    changed = moved.filter(pl.col("before") != pl.col("after")).group_by("before", "after").agg(
        lines=pl.len(), same=(pl.col("answer") == "SAME").sum(), different=(pl.col("answer") == "DIFFERENT").sum()
    )  # fmt: skip
    return [Move(**row) for row in changed.sort("before", "after").iter_rows(named=True)]
