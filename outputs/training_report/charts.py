"""The two charts of a training report as coordinates: weights as bars from a middle line, thresholds as lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from outputs.training_report.report import CurveFigures, LevelFigures

# Bits that fit on a bar to either side; a heavier level ends in an arrow.
MOST_BITS = 24.0
CHART_WIDTH, CHART_HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 16, 44
# Errors per 100,000 on a logarithmic axis; below its foot a line runs along the foot.
_FEWEST, _MOST = 0.01, 10_000.0
_UP_TEXT = {-2: "≤ 0.01", 4: "≥ 10,000"}
_LINES = (
    ("false_links", "expected-false", "false links, expected"),
    ("known_false", "known-false", "false links, counted"),
    ("missed_links", "expected-missed", "missed links, expected"),
    ("known_missed", "known-missed", "missed links, counted"),
)


@dataclass(frozen=True, slots=True)
class WeightBar:
    """A level's bar, in hundredths of the width; 50 is the middle (no evidence)."""

    level: LevelFigures
    start: float
    width: float
    kind: str
    mark: float | None


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, and what stands beside it."""

    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: the points of a polyline."""

    kind: str
    title: str
    points: str


@dataclass(frozen=True, slots=True)
class ThresholdChart:
    """Lines and axes in the units of the drawing."""

    lines: Sequence[Line]
    across: Sequence[Tick]
    up: Sequence[Tick]
    upper: float
    lower: float
    top: float
    bottom: float
    left: float
    right: float


def weight_bars(levels: Sequence[LevelFigures]) -> list[WeightBar]:
    """Bars of one field's levels, in their order."""
    return [_weight_bar(level) for level in levels]


def threshold_chart(curve: CurveFigures, *, upper: float, lower: float) -> ThresholdChart:
    """False and missed links at each threshold, and where the model's two thresholds stand."""
    first, last = curve.rows[0].threshold, curve.rows[-1].threshold
    width = CHART_WIDTH - _LEFT - _RIGHT

    def across(bits: float) -> float:
        return round(_LEFT + width * (bits - first) / (last - first), 1)

    lines = [
        Line(kind, title, " ".join(f"{across(row.threshold)},{_height(getattr(row, name))}" for row in curve.rows))
        for name, kind, title in _LINES
    ]
    return ThresholdChart(
        lines,
        [Tick(across(bits), str(bits)) for bits in range(round(first), round(last) + 1) if bits % 4 == 0],
        [Tick(_height(10**power), _UP_TEXT.get(power, f"{10**power:,g}")) for power in range(-2, 5)],
        across(upper),
        across(lower),
        _TOP,
        CHART_HEIGHT - _BOTTOM,
        _LEFT,
        CHART_WIDTH - _RIGHT,
    )


def _weight_bar(level: LevelFigures) -> WeightBar:
    place = _place(level.weight)
    mark = None if level.other_weight is None else _place(level.other_weight)
    kind = "good" if level.weight >= 0 else "error"
    return WeightBar(level, min(50.0, place), max(abs(place - 50.0), 0.4), kind, mark)


def _place(bits: float) -> float:
    return round(50 + 50 * max(-1.0, min(1.0, bits / MOST_BITS)), 2)


def _height(errors: float) -> float:
    share = log10(max(errors, _FEWEST) / _FEWEST) / log10(_MOST / _FEWEST)
    return round(CHART_HEIGHT - _BOTTOM - min(share, 1.0) * (CHART_HEIGHT - _TOP - _BOTTOM), 1)
