"""Goals are met or missed at their limit, and by how much."""

import polars as pl
import pytest

from matching.evaluation import HISPANIC_GAP, MEASURES, with_intervals
from matching.goals import goals, judge

COUNTS = {"measure": ["false merges", "settled without a clerk"], "subgroup": ["all", "all"]}


def judged(merges: int, settled: int, students: int = 200_000, states: int = 10):
    counts = pl.DataFrame({**COUNTS, "count": [merges, settled], "among": [2_200_000, 1000]})
    return {one.measure: one for one in judge(with_intervals(counts), "cold", students, students * states)}


@pytest.mark.parametrize("merges, met", [(0, True), (20, True), (21, False)])
def test_twenty_false_merges_in_ten_states_are_the_gate(merges: int, met: bool) -> None:
    gate = judged(merges, 990)["false merges"]
    assert (gate.kind, gate.met) == ("gate", met)
    assert gate.value == pytest.approx(merges / 20)
    assert gate.slack == pytest.approx(1 - merges / 20)


@pytest.mark.parametrize(
    "settled, students, met, stretch",
    [
        (990, 200_000, True, False),
        (989, 200_000, False, False),
        (995, 200_000, True, True),
        (980, 1_000_000, True, False),
    ],
)
def test_settled_has_another_goal_in_a_large_state(settled: int, students: int, met: bool, stretch: bool) -> None:
    goal = judged(0, settled, students, 1)["settled without a clerk"]
    assert (goal.kind, goal.met, goal.stretch_met) == ("goal", met, stretch)


def test_every_goal_is_of_a_measure_that_is_made() -> None:
    assert {goal.measure for goal in goals()} <= {*MEASURES, HISPANIC_GAP}
    assert {goal.mode for goal in goals()} == {"cold", "warm"}
