"""The page of a trained model: its figures as they are, drawn where they belong, and nothing from outside."""

from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest

from outputs.training_report.charts import threshold_chart, weight_bars
from outputs.training_report.page import training_page
from outputs.training_report.report import CurveFigures, LevelFigures, ThresholdFigures, TrainingReport

SAME = LevelFigures("gender", "SAME", 0.5, 0.125, 0.5, 0.25, 97, 100)
DIFFERENT = LevelFigures("gender", "DIFFERENT", 0.01, 0.32, None, None, 0, 0)
ROWS = [ThresholdFigures(bits, 10.0 / (bits + 5), float(bits + 5), 0.0, 12_345.0) for bits in range(-4, 31)]
CURVE = CurveFigures("What a threshold costs", "Learnt from <b>a registry</b>.", "Counted so.", 5000, 700, ROWS)
REPORT = TrainingReport(
    version="autumn-1a2b3c4d", compared_with="synthetic-1", source="Learnt from a registry.",
    at=datetime(2026, 10, 5, tzinfo=UTC), record_count=5000, child_count=4000, population=4000, seconds=3.2, upper=12.0,
    lower=-2.0, fields={"gender": "genders"}, levels=[SAME, DIFFERENT], curves=[CURVE], notes=["Seen."], warnings=[],
)  # fmt: skip


def test_bars_go_right_for_and_left_against() -> None:
    same, different = weight_bars([SAME, DIFFERENT])
    assert (same.kind, same.start, same.width) == ("good", 50.0, pytest.approx(50 * 2 / 24, abs=0.01))
    assert same.mark == pytest.approx(50 + 50 * 1 / 24, abs=0.01)
    assert (different.kind, different.start + different.width, different.mark) == ("error", pytest.approx(50.0), None)


def test_a_bar_never_leaves_its_track() -> None:
    (heavy,) = weight_bars([replace(SAME, m=0.9, u=1e-12)])
    assert heavy.start + heavy.width == 100


def test_lines_rise_with_errors_and_stay_in_the_drawing() -> None:
    chart = threshold_chart(CURVE, upper=12.0, lower=-2.0)
    for line in chart.lines:
        points = [tuple(map(float, point.split(","))) for point in line.points.split()]
        assert len(points) == len(ROWS)
        assert all(chart.left <= x <= chart.right and chart.top <= y <= chart.bottom for x, y in points)
    missed = [float(point.split(",")[1]) for point in chart.lines[2].points.split()]
    assert missed == sorted(missed, reverse=True)
    assert chart.left < chart.lower < chart.upper < chart.right


def test_page_says_what_it_found() -> None:
    page = training_page(REPORT).decode()
    assert "Nothing stands against this model" in page
    assert "12 bits the model expects 0.588 false links and 17.0 missed links" in page
    assert "&lt;b&gt;a registry" in page
    assert "12,345" in page


def test_warnings_come_first() -> None:
    page = training_page(replace(REPORT, warnings=["gender same weighs +9.0 bits"])).decode()
    assert "Look at this before the model is used" in page
    assert page.index("gender same weighs") < page.index("What a threshold costs")


def test_page_asks_nothing_of_the_network() -> None:
    page = unescape(training_page(REPORT).decode())
    assert "script-src 'none'" in page
    assert "http://" not in page and "https://" not in page and " style=" not in page
