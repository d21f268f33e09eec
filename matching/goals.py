"""What identity has to reach (``accuracy_goals.csv``), and by how much a measurement reaches or misses it.

A gate must be met before a release; a goal is worked towards, and a missed one is never a reason to loosen a guard.
"""

import csv
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from matching.evaluation import EVERYBODY
from matching.intervals import share

GOALS_FILE = Path(__file__).with_name("accuracy_goals.csv")
PER_ENROLLED = 1e5


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit of one measure for states of a size; ``at_most`` says on which side of it is good."""

    mode: str
    measure: str
    is_gate: bool
    at_most: bool
    limit: float
    stretch: float
    per_enrolled: bool
    from_students: int
    below_students: int | None

    def holds_for(self, mode: str, students: int) -> bool:
        upto = self.below_students is None or students < self.below_students
        return mode == self.mode and self.from_students <= students and upto


@dataclass(frozen=True, slots=True)
class Judged:
    """A goal beside what was measured; ``slack`` is how far the value is on the good side of the limit."""

    mode: str
    measure: str
    kind: str
    relation: str
    limit: float
    stretch: float
    value: float
    low: float
    high: float
    count: int
    among: int
    unit: str
    met: bool
    stretch_met: bool
    slack: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@cache
def goals() -> tuple[Goal, ...]:
    """Every row of the file."""
    with GOALS_FILE.open(encoding="utf-8", newline="") as lines:
        return tuple(
            Goal(
                mode=row["mode"],
                measure=row["measure"],
                is_gate=row["kind"] == "gate",
                at_most=row["relation"] == "at most",
                limit=float(row["limit"]),
                stretch=float(row["stretch"]),
                per_enrolled=row["per"] == "enrolled",
                from_students=int(row["from_students"]),
                below_students=int(row["below_students"]) if row["below_students"] else None,
            )
            for row in csv.DictReader(lines)
        )


def judge(table: pl.DataFrame, mode: str, students: int, enrolled: int) -> list[Judged]:
    """Each goal for states of this size that the table has a figure for.

    Args:
        table: TABLE_SCHEMA of ``evaluation``.
        students: enrolled in one state.
        enrolled: in all states that were pooled.
    """
    figures = {row["measure"]: row for row in table.filter(pl.col("subgroup") == EVERYBODY).iter_rows(named=True)}
    chosen = [goal for goal in goals() if goal.holds_for(mode, students) and goal.measure in figures]
    return [_judged(goal, figures[goal.measure], enrolled) for goal in chosen]


def _judged(goal: Goal, figure: dict[str, Any], enrolled: int) -> Judged:
    value, low, high, among, unit = (figure[name] for name in ("value", "low", "high", "among", "unit"))
    if goal.per_enrolled:
        among, unit = enrolled, "per 100,000 enrolled"
        value, low, high = (PER_ENROLLED * part for part in share(figure["count"], enrolled))
    slack = goal.limit - value if goal.at_most else value - goal.limit
    stretch_slack = goal.stretch - value if goal.at_most else value - goal.stretch
    return Judged(
        mode=goal.mode,
        measure=goal.measure,
        kind="gate" if goal.is_gate else "goal",
        relation="at most" if goal.at_most else "at least",
        limit=goal.limit,
        stretch=goal.stretch,
        value=value,
        low=low,
        high=high,
        count=figure["count"],
        among=among,
        unit=unit,
        met=slack >= 0,
        stretch_met=stretch_slack >= 0,
        slack=slack,
    )
