"""Collection windows and deadlines: days in Missouri, each ending at 23:59:59 there."""

from datetime import datetime

from schemas.clock import missouri_day
from schemas.dictionary import Collection


def days_to_deadline(collection: Collection, moment: datetime) -> int | None:
    """Days left on Missouri's calendar: 0 on the due date, negative after it, null without one."""
    if collection.due_date is None:
        return None
    return (collection.due_date - missouri_day(moment)).days


def is_late(collection: Collection, received_at: datetime) -> bool:
    """Whether a file came after 23:59:59 of the due date; without a due date nothing is late."""
    return collection.due_date is not None and missouri_day(received_at) > collection.due_date


def is_early(collection: Collection, received_at: datetime) -> bool:
    """Whether a file came before the collection's window opens. It is taken all the same (design 3.2)."""
    return collection.window_opens is not None and missouri_day(received_at) < collection.window_opens
