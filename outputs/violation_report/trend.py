"""The trend of a district's files: one column a file, its errors as they stood then."""

from dataclasses import dataclass

from outputs.next_steps import counted
from outputs.pages import BarPart
from outputs.violation_report.past import Trial
from schemas.clock import missouri_day

# The latest files that are drawn; the figures of all are in the table below the chart.
_DRAWN = 12


@dataclass(frozen=True, slots=True)
class TrendColumn:
    """One file. ``parts`` are stacked from the bottom, in hundredths of the tallest column."""

    day: str
    errors: str
    said: str
    is_rule_change: bool
    parts: list[BarPart]


@dataclass(frozen=True, slots=True)
class TrendLine:
    """One file in the table of figures."""

    day: str
    why: str
    records: str
    errors: str
    new: str
    fixed: str
    warnings: str


def trend_columns(trials: tuple[Trial, ...]) -> list[TrendColumn]:
    """The latest files, oldest first; none where there is only one to show."""
    drawn = trials[-_DRAWN:]
    most = max((trial.errors for trial in drawn), default=0)
    return [_column(trial, most) for trial in drawn] if len(drawn) > 1 and most else []


def trend_lines(trials: tuple[Trial, ...]) -> list[TrendLine]:
    """Figures of every file, newest first."""
    return [
        TrendLine(
            _long_day(trial), "rules changed" if trial.is_rule_change else "your file", f"{trial.records:,}",
            f"{trial.errors:,}", f"{trial.new:,}", f"{trial.fixed:,}", f"{trial.warnings:,}",
        )
        for trial in reversed(trials)
    ]  # fmt: skip


def _column(trial: Trial, most: int) -> TrendColumn:
    new = min(trial.new, trial.errors)
    heights = [("error", trial.errors - new), ("new", new)]
    parts, bottom = [], 100.0
    for kind, count in heights:
        height = max(round(100 * count / most, 2), 1.0) if count else 0.0
        bottom = max(bottom - height, 0.0)
        parts.append(BarPart(kind, round(bottom, 2), height))
    why = "The rules changed" if trial.is_rule_change else "Your file"
    said = f"{why} of {_long_day(trial)}: {counted(trial.errors, 'error')}, {trial.new:,} of them new."
    return TrendColumn(_short_day(trial), f"{trial.errors:,}", said, trial.is_rule_change, parts)


def _short_day(trial: Trial) -> str:
    day = missouri_day(trial.at)
    return f"{day:%b} {day.day}"


def _long_day(trial: Trial) -> str:
    day = missouri_day(trial.at)
    return f"{day:%B} {day.day}, {day.year}"
