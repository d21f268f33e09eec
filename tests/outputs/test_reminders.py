"""Who is reminded on which day, once, and in what words."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from outputs.reminders import DueReminder, due_reminders, write_reminder
from outputs.reminders.page import headline_of, paragraphs_of
from tests.outputs.conftest import OCTOBER

SCHEDULE = (14, 7, 3, 1, 0, -1, -7)
DUE = date(2025, 10, 15)


def row(**changes: Any) -> dict[str, Any]:
    usual = {
        "collection_version": OCTOBER, "collection_title": "October Student Core", "district_code": "048078",
        "district_name": "Cedar Bluff R-II", "state": "missing", "errors": 0, "near_matches": 0, "due_date": DUE,
        "days_left": 7, "is_closed": False, "is_pilot": False,
    }  # fmt: skip
    return {**usual, **changes}


def due(*rows: dict[str, Any], written: set[tuple[str, str, date, int]] = frozenset()) -> list[DueReminder]:  # type: ignore[assignment]
    return due_reminders(pl.DataFrame(list(rows)), written, SCHEDULE)


@pytest.mark.parametrize(
    "days_left, reminder",
    [
        (20, None),
        (14, 14),
        (12, 14),
        (10, None),
        (7, 7),
        (5, 7),
        (3, 3),
        (0, 0),
        (-1, -1),
        (-3, -1),
        (-7, -7),
        (-11, None),
    ],
)
def test_reminder_of_the_day_or_of_the_days_before(days_left: int, reminder: int | None) -> None:
    """A run that was missed is made up for within three days; what came and went longer ago is left."""
    assert [one.days for one in due(row(days_left=days_left))] == ([] if reminder is None else [reminder])


def test_each_goes_out_once_for_a_due_date() -> None:
    written = {(OCTOBER, "048078", DUE, 7)}
    assert due(row(), written=written) == []
    assert len(due(row(due_date=date(2025, 10, 22)), written=written)) == 1
    assert len(due(row(days_left=3), written=written)) == 1


@pytest.mark.parametrize("changes", [{"state": "certified"}, {"is_closed": True}, {"days_left": None}])
def test_who_has_nothing_to_do_is_left_alone(changes: dict[str, Any]) -> None:
    assert due(row(), row(district_code="010004", **changes))[0].district_code == "048078"
    assert len(due(row(), row(district_code="010004", **changes))) == 1


@pytest.mark.parametrize(
    "days_left, words",
    [
        (7, "is due in 7 days"),
        (1, "is due tomorrow"),
        (0, "is due today"),
        (-1, "was due 1 day ago"),
        (-7, "was due 7 days ago"),
    ],
)
def test_headline_counts_down(days_left: int, words: str) -> None:
    (one,) = due(row(days_left=days_left))
    assert headline_of(one) == f"October Student Core {words}"


@pytest.mark.parametrize(
    "state, words",
    [
        ("missing", "We have no file from you yet."),
        ("errors", "Your file has 3 errors."),
        ("near_matches", "2 students wait for your decision"),
        ("ready", "Sign the certificate"),
        ("recertify", "amendment.html"),
        ("waiting", "Drop it once more"),
        ("refused", "its receipt says why"),
    ],
)
def test_text_says_what_to_do_next(state: str, words: str) -> None:
    (one,) = due(row(state=state, errors=3, near_matches=2))
    assert words in " ".join(paragraphs_of(one))


def test_reminder_lies_in_the_outbox_as_text_and_as_a_page(tmp_path: Path) -> None:
    (one,) = due(row(is_pilot=True, district_name="<b>Cedar"))
    path = write_reminder(tmp_path, one, date(2025, 10, 8))
    assert path == tmp_path / "048078" / "reminders" / f"2025-10-08_{OCTOBER}.txt"
    assert "This is a pilot" in path.read_text("utf-8")
    page = path.with_suffix(".html") if path.with_suffix(".html").exists() else Path(f"{str(path)[:-4]}.html")
    assert "&lt;b&gt;Cedar" in page.read_text("utf-8")
