"""``report.html`` of a trained model: what it learnt, what its thresholds cost, and what to look at before it is used."""

from outputs.pages import render_page
from outputs.training_report.charts import CHART_HEIGHT, CHART_WIDTH, MOST_BITS, threshold_chart, weight_bars
from outputs.training_report.report import CurveFigures, ThresholdFigures, TrainingReport
from schemas.clock import rfc3339


def training_page(report: TrainingReport) -> bytes:
    """The page, self-contained; it names no child and no name."""
    by_field = {
        name: [level for level in report.levels if level.field == name]
        for name in dict.fromkeys(level.field for level in report.levels)
    }
    return render_page(
        "training.html.j2",
        title=f"Matching model {report.version}",
        data=None,
        report=report,
        at=rfc3339(report.at),
        fields=[(report.fields.get(name, name), weight_bars(levels)) for name, levels in by_field.items()],
        curves=[
            (curve, threshold_chart(curve, upper=report.upper, lower=report.lower), _chosen(curve, report))
            for curve in report.curves
        ],
        most_bits=MOST_BITS,
        chart_width=CHART_WIDTH,
        chart_height=CHART_HEIGHT,
        at_upper=_nearest(report.curves[0], report.upper) if report.curves else None,
    )


def _chosen(curve: CurveFigures, report: TrainingReport) -> list[tuple[ThresholdFigures, bool]]:
    """Every other threshold from the lower one upwards for the table, and the upper one; whether it is the one in use."""
    upper = _nearest(curve, report.upper)
    rows = [row for row in curve.rows if (row.threshold % 2 == 0 and row.threshold >= report.lower) or row is upper]
    return [(row, row is upper) for row in rows]


def _nearest(curve: CurveFigures, bits: float) -> ThresholdFigures:
    return min(curve.rows, key=lambda row: abs(row.threshold - bits))
