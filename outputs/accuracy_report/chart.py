"""The frontier as small charts: each shows one error against review load, one dot a choice of thresholds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 360.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 14.0, 14.0, 44.0
TICKS = 5
_STEPS = (1, 2, 2.5, 5, 10)

Point = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dot:
    """A choice of thresholds in pixels; ``says`` is what a pointer shows."""

    x: float
    y: float
    says: str


@dataclass(frozen=True, slots=True)
class Tick:
    place: float
    text: str


@dataclass(frozen=True)
class Chart:
    """One panel, ready for SVG.

    Attributes:
        line: the points of the upper threshold alone, joined.
        dots: every other choice.
        chosen: the thresholds in force.
    """

    title: str
    x_title: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    line: str
    line_dots: list[Dot]
    dots: list[Dot]
    chosen: Dot | None
    summary: str
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = HEIGHT - BOTTOM


@dataclass(frozen=True, slots=True)
class Panel:
    """What a chart shows on its upright axis, and the least that the axis spans."""

    title: str
    value: Callable[[Point], float]
    digits: int
    least_height: float


PANELS = (
    Panel("False merges per 100,000 children", lambda point: 1e5 * point["false_merges"] / point["pupils"], 2, 2.0),
    Panel("Splits per 100,000 children", lambda point: 1e5 * point["splits"] / point["pupils"], 0, 50.0),
    Panel("Moves linked without a clerk, %", lambda point: 100 * point["moves_linked"] / point["moves"], 1, 1.0),
)
X_TITLE = "children in review, per 1,000"


def frontier_charts(points: Sequence[Point]) -> list[Chart]:
    """A chart for each of PANELS; none where no thresholds were tried or nobody moved."""
    linking = [point for point in points if point["kind"] == "link" and point["moves"]]
    return [_chart(panel, linking) for panel in PANELS] if linking else []


def review_load(point: Point) -> float:
    """Children in review per 1,000."""
    return 1e3 * float(point["pupils_in_review"]) / float(point["pupils"])


def nice_ticks(low: float, high: float) -> list[float]:
    """Three to six round values that hold everything between them."""
    span = max(high - low, 1e-6)
    magnitude = 10.0 ** _exponent(span / (TICKS - 1))
    step = next(step * magnitude for step in _STEPS if step * magnitude * (TICKS - 1) >= span)
    first = int(low // step)
    last = int(-(-high // step))
    return [round(place * step, 10) for place in range(first, max(last, first + 1) + 1)]


def _exponent(value: float) -> int:
    exponent = 0
    while value >= 10:
        value, exponent = value / 10, exponent + 1
    while value < 1:
        value, exponent = value * 10, exponent - 1
    return exponent


def _chart(panel: Panel, points: Sequence[Point]) -> Chart:
    values = [panel.value(point) for point in points]
    x_values = nice_ticks(0.0, max(map(review_load, points)))
    floor = min(values) if panel.digits == 1 else 0.0
    y_values = nice_ticks(floor, max(*values, floor + panel.least_height))
    if panel.digits == 1:
        y_values = [value for value in y_values if value <= 100]

    def x(value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (value - x_values[0]) / (x_values[-1] - x_values[0]), 1)

    def y(value: float) -> float:
        return round(
            HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - y_values[0]) / (y_values[-1] - y_values[0]), 1
        )

    def dot(point: Point) -> Dot:
        return Dot(x(review_load(point)), y(panel.value(point)), _says(panel, point))

    chosen = next((point for point in points if point["is_in_force"]), None)
    line = sorted(
        (point for point in points if chosen and _only_upper(point, chosen)), key=lambda point: point["upper"]
    )
    on_line = [dot(point) for point in line]
    return Chart(
        title=panel.title,
        x_title=X_TITLE,
        x_ticks=[Tick(x(value), f"{value:g}") for value in x_values],
        y_ticks=[Tick(y(value), f"{value:,g}") for value in y_values],
        line=" ".join(f"{place.x},{place.y}" for place in on_line),
        line_dots=on_line,
        dots=[dot(point) for point in points if point not in line],
        chosen=dot(chosen) if chosen else None,
        summary=_says(panel, chosen) if chosen else "",
    )


def _only_upper(point: Point, chosen: Point) -> bool:
    return all(point[name] == chosen[name] for name in ("lower", "margin", "new_upper"))


def _says(panel: Panel, point: Point) -> str:
    return (
        f"upper {point['upper']:g}, lower {point['lower']:g}, margin {point['margin']:g}: "
        f"{panel.title} {panel.value(point):,.{panel.digits}f}, {X_TITLE} {review_load(point):.2f}"
    )
