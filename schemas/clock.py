"""Time is asked for in flows only and handed down; count dates and deadlines are days in Missouri."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

MISSOURI = ZoneInfo("America/Chicago")


class Clock(Protocol):
    """Anything that tells the time in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ShiftedClock:
    """A clock that starts at a chosen moment and then runs at the machine's pace (the demo's October)."""

    def __init__(self, start: datetime) -> None:
        self._shift = start - datetime.now(UTC)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift


class FixedClock:
    """A clock that stands still until it is moved (tests)."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


def missouri_day(moment: datetime) -> date:
    """The calendar day in Missouri at a moment in UTC."""
    return moment.astimezone(MISSOURI).date()


def end_of_day(day: date) -> datetime:
    """23:59:59 in Missouri on a day, in UTC: the last second before a deadline."""
    return datetime.combine(day, time(23, 59, 59), MISSOURI).astimezone(UTC)


def rfc3339(moment: datetime) -> str:
    """A moment as receipts print it: ``2025-10-06T14:03:09Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_rfc3339(text: str) -> datetime:
    """The moment that ``rfc3339`` printed."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
