"""Business days: weekends and public holidays of Missouri and the nation do not count."""

from datetime import date

import pytest

from schemas.business_days import add_business_days, count_business_days, holidays_of, is_business_day


def test_the_holidays_of_a_year() -> None:
    assert [f"{day:%m/%d}" for day in holidays_of(2025)] == [
        "01/01", "01/20", "02/12", "02/17", "05/08", "05/26", "06/19", "07/04", "09/01", "10/13", "11/11", "11/27",
        "12/25",
    ]  # fmt: skip


def test_juneteenth_is_kept_since_2021() -> None:
    assert date(2020, 6, 19) not in holidays_of(2020)
    assert date(2021, 6, 18) in holidays_of(2021)


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (date(2026, 7, 3), False),  # Independence Day on a Saturday: kept on the Friday
        (date(2027, 7, 5), False),  # on a Sunday: kept on the Monday
        (date(2021, 12, 31), False),  # New Year's Day 2022 on a Saturday
        (date(2022, 2, 11), True),  # Lincoln Day on a Saturday: the state alone keeps it, and moves Sundays only
        (date(2023, 2, 13), False),  # Lincoln Day on a Sunday
        (date(2025, 11, 28), True),
        (date(2025, 11, 29), False),
    ],
)
def test_days_that_move(day: date, is_open: bool) -> None:
    assert is_business_day(day) is is_open


@pytest.mark.parametrize(
    ("day", "count", "answer"),
    [
        (date(2025, 10, 6), 2, date(2025, 10, 8)),
        (date(2025, 10, 9), 2, date(2025, 10, 14)),  # over a weekend and Columbus Day
        (date(2025, 10, 11), 2, date(2025, 10, 15)),  # from a Saturday
        (date(2025, 12, 23), 5, date(2025, 12, 31)),
        (date(2025, 10, 11), 0, date(2025, 10, 11)),
    ],
)
def test_adding(day: date, count: int, answer: date) -> None:
    assert add_business_days(day, count) == answer


def test_counting_leaves_out_holidays() -> None:
    days = [date(2025, 10, 10), date(2025, 10, 13), date(2025, 10, 20)]
    assert count_business_days(days, date(2025, 10, 20)) == [5, 4, 0]
    assert count_business_days([], date(2025, 10, 20)) == []
