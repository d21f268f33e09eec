"""Deadlines are days in Missouri and end with their last second there."""

from datetime import UTC, datetime

import pytest

from schemas.calendar import days_to_deadline, is_early, is_late
from tests.schemas.batches import DICTIONARY, collection_of

OCTOBER = collection_of("student_core")  # due 2025-10-15, central daylight time: UTC - 5 h
MAP = collection_of("assessment_precode")  # due 2026-01-21, central standard time: UTC - 6 h
LAST_SECOND = datetime(2025, 10, 16, 4, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "collection, moment, late, days",
    [
        (OCTOBER, LAST_SECOND, False, 0),
        (OCTOBER, LAST_SECOND.replace(microsecond=999_999), False, 0),
        (OCTOBER, datetime(2025, 10, 16, 5, 0, 0, tzinfo=UTC), True, -1),
        (OCTOBER, datetime(2025, 10, 6, 14, 0, 0, tzinfo=UTC), False, 9),
        (MAP, datetime(2026, 1, 22, 5, 59, 59, tzinfo=UTC), False, 0),
        (MAP, datetime(2026, 1, 22, 6, 0, 0, tzinfo=UTC), True, -1),
        (DICTIONARY.id_batch, datetime(2031, 1, 1, tzinfo=UTC), False, None),
    ],
)
def test_deadline(collection, moment, late, days):
    assert (is_late(collection, moment), days_to_deadline(collection, moment)) == (late, days)


@pytest.mark.parametrize(
    "moment, early",
    [(datetime(2025, 9, 15, 4, 59, 59, tzinfo=UTC), True), (datetime(2025, 9, 15, 5, 0, tzinfo=UTC), False)],
)
def test_window_opens_at_midnight_in_missouri(moment, early):
    assert is_early(OCTOBER, moment) == early
    assert not is_early(DICTIONARY.id_batch, moment)
