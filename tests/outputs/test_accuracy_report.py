"""The accuracy page: what it says of met and missed goals, and where the frontier's dots lie."""

from typing import Any

import pytest

from outputs.accuracy_report.chart import HEIGHT, WIDTH, frontier_charts, nice_ticks
from outputs.accuracy_report.page import render_accuracy_report

MEASURES = {
    "false merges": ("per 100,000 pupils", 3, 200_000, 1.5),
    "settled without a clerk": ("% of records", 399_000, 400_000, 99.75),
    "moves linked": ("% of moves", 900, 1000, 90.0),
}


def point(upper: float, merges: int, review: int, linked: int, in_force: bool = False) -> dict[str, Any]:
    limits = {"upper": upper, "lower": -2.0, "margin": 6.0, "new_upper": 10.5}
    counts = {"false_merges": merges, "splits": 5, "pupils_in_review": review, "moves": 1000, "moves_linked": linked}
    return {"kind": "link", **limits, "is_in_force": in_force, "pupils": 100_000, **counts}


POINTS = [point(6.0, 9, 100, 990), point(12.0, 1, 300, 960, True), point(18.0, 0, 900, 700)]


def group(met: bool) -> dict[str, Any]:
    rows = [
        {"measure": name, "subgroup": "all", "count": count, "among": among, "value": value, "low": value / 2,
         "high": value * 2, "unit": unit}
        for name, (unit, count, among, value) in MEASURES.items()
    ]  # fmt: skip
    goal = {
        "mode": "cold", "measure": "false merges", "kind": "gate", "relation": "at most", "limit": 1.0, "stretch": 0.0,
        "value": 0.5 if met else 1.5, "low": 0.3, "high": 4.4, "count": 3, "among": 200_000,
        "unit": "per 100,000 enrolled", "met": met, "stretch_met": False, "slack": 0.5 if met else -0.5,
    }  # fmt: skip
    causes = [
        {"error": "false merge", "who": "strangers", "cause": "nickname", "how": "REUSED: MODEL_MATCH", "count": 3}
    ]
    reasons = [{"outcome": "NEW", "reason": "NOBODY_ALIKE", "records": 200_000, "pupils": 200_000}]
    cold = {"pupils": 200_000, "records": 400_000, "measures": rows, "goals": [goal], "reasons": reasons,
            "causes": causes, "frontier": POINTS}  # fmt: skip
    seed = {"seed": 77, "false merges": 3, "splits": 0.001, "settled without a clerk": 0.99, "moves linked": 0.9,
            "warm false merges": None, "wrong IDs flagged": None, "seconds": 60.0, "peak_mib": 900}  # fmt: skip
    return {
        "students": 200_000, "districts": 125, "variant": "as-given", "model_versions": ["m"], "code_versions": ["c"],
        "seeds": [77], "given_seeds": [], "modes": {"cold": cold}, "by_seed": [seed],
    }  # fmt: skip


def page(met: bool) -> str:
    rates = [("nickname", "0.045", "everyone", "<b>")]
    return render_accuracy_report([group(met)], {"as-given": "As given"}, rates, [("false merges", "u", "m")]).decode()


def test_a_missed_gate_leads_the_page() -> None:
    text = page(met=False)
    assert 'class="verdict error"' in text
    assert "Gate missed (cold): false merges 1.50 per 100,000 enrolled, at most 1 wanted." in text
    assert "missed by 0.50" in text


def test_a_page_without_misses_says_so_and_stands_alone() -> None:
    text = page(met=True)
    assert "Every gate and every goal is met." in text
    assert "3 false merges among 200,000 children" in text
    assert "&lt;b&gt;" in text and "<b>" not in text
    assert "http" not in text.replace("http-equiv", "")


def test_dots_lie_inside_their_chart_and_the_strictest_is_farthest_right() -> None:
    charts = frontier_charts(POINTS)
    assert [chart.title.split(",")[0] for chart in charts] == [
        "False merges per 100",
        "Splits per 100",
        "Moves linked without a clerk",
    ]
    for chart in charts:
        dots = chart.line_dots + chart.dots
        assert len(dots) == len(POINTS)
        assert all(0 <= dot.x <= WIDTH and 0 <= dot.y <= HEIGHT for dot in dots)
        assert [dot.x for dot in chart.line_dots] == sorted(dot.x for dot in chart.line_dots)
        assert chart.chosen in chart.line_dots
    assert frontier_charts([]) == []


@pytest.mark.parametrize("low, high", [(0, 0), (0, 1), (0, 17.3), (61.2, 99.1), (0, 1234)])
def test_ticks_hold_everything_and_are_few(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low and ticks[-1] >= high
    assert 2 <= len(ticks) <= 7
