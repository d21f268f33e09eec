"""Business days in Missouri: no weekends, no public holidays of the state (RSMo 9.010) or of the nation (5 U.S.C. 6103).

The holidays are data (``holidays.csv``). A fixed day that falls on a Sunday is kept on the Monday after it; on a Saturday a
federal holiday is kept on the Friday before it. The column ``weekend`` says which of the two moves: Sunday, or both.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from schemas.data_files import DataRow, read_rows

HOLIDAY_FILE = Path(__file__).with_name("holidays.csv")
_COLUMNS = ("holiday", "month", "day", "weekday", "occurrence", "first_year", "weekend", "source")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SATURDAY, _SUNDAY = 5, 6
_DAY = timedelta(days=1)


def holidays_of(year: int) -> dict[date, str]:
    """The days of a calendar year on which public holidays are kept, each with its name.

    New Year's Day of the next year can be kept on 31 December of this one.
    """
    kept = {day: name for of in (year, year + 1) for day, name in _kept_in(of)}
    return {day: name for day, name in sorted(kept.items()) if day.year == year}


def is_business_day(day: date) -> bool:
    return day.weekday() < _SATURDAY and day not in _holidays(day.year)


def add_business_days(day: date, count: int) -> date:
    """The ``count``-th business day after a day, which itself does not count; the day itself for 0."""
    while count > 0:
        day += _DAY
        count -= is_business_day(day)
    return day


def count_business_days(days: Sequence[date], until: date) -> list[int]:
    """For each day the business days from it on, up to but without ``until``; negative for a later day."""
    if not days:
        return []
    years = range(min(*days, until).year, max(*days, until).year + 1)
    free = [day for year in years for day in _holidays(year)]
    return [int(count) for count in np.busday_count(list(days), until, holidays=free)]


@cache
def _holidays(year: int) -> dict[date, str]:
    return holidays_of(year)


@cache
def _rows() -> tuple[DataRow, ...]:
    return tuple(read_rows(HOLIDAY_FILE, _COLUMNS))


def _kept_in(year: int) -> list[tuple[date, str]]:
    return [
        (_kept(row, year), row["holiday"])
        for row in _rows()
        if not row["first_year"] or year >= row.integer("first_year", at_least=1800)
    ]


def _kept(row: DataRow, year: int) -> date:
    """The day on which a holiday of a year is kept; the row names a day of the month or a weekday."""
    month = row.integer("month", at_least=1)
    if row["weekday"]:
        return _nth_weekday(row, year, month)
    day = date(year, month, row.integer("day", at_least=1))
    moves: str = row.choice("weekend", ("Sunday", "both"))
    if day.weekday() == _SUNDAY:
        return day + _DAY
    return day - _DAY if day.weekday() == _SATURDAY and moves == "both" else day


def _nth_weekday(row: DataRow, year: int, month: int) -> date:
    weekday = _WEEKDAYS.index(row.choice("weekday", _WEEKDAYS))
    first = date(year, month, 1)
    day = first + timedelta(days=(weekday - first.weekday()) % 7)
    if row["occurrence"] != "last":
        return day + timedelta(weeks=row.integer("occurrence", at_least=1) - 1)
    while (later := day + timedelta(weeks=1)).month == month:
        day = later
    return day
