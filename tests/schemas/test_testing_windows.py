"""Testing windows: days in Missouri, both included, and only such that make sense."""

from datetime import date
from pathlib import Path

import pytest

from schemas.errors import UsageError
from schemas.paths import read_settings
from schemas.testing_windows import AssessmentWindow, waits_until

SPRING = AssessmentWindow(assessment="MAPSPR", opens=date(2026, 3, 30), closes=date(2026, 5, 22))
EXCEPTION = AssessmentWindow(assessment="EOC", opens=date(2026, 5, 1), closes=date(2026, 6, 5))


@pytest.mark.parametrize(
    ("day", "window"),
    [
        (date(2026, 3, 29), None),
        (date(2026, 3, 30), SPRING),
        (date(2026, 5, 1), EXCEPTION),
        (date(2026, 6, 5), EXCEPTION),
        (date(2026, 6, 6), None),
    ],
)
def test_a_day_waits_for_the_window_that_closes_last(day: date, window: AssessmentWindow | None) -> None:
    assert waits_until([EXCEPTION, SPRING], day) == window


def test_window_that_closes_before_it_opens_is_refused(tmp_path: Path) -> None:
    settings = tmp_path / "mosis.toml"
    settings.write_text('testing_windows = [{ assessment = "EOC", opens = 2026-06-05, closes = 2026-05-01 }]\n')
    with pytest.raises(UsageError, match=r"testing_windows\.0: .*closes before it opens"):
        read_settings(settings)
