"""Writing the reminders of a day: once a day by ``mosis run``, and by ``mosis cycle remind``."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.session import Session
from outputs.district_states import status_rows
from outputs.reminders import due_reminders, note_reminders, note_round, was_looked_at, write_reminder
from outputs.reminders.choosing import GRACE_DAYS, written_reminders
from schemas.clock import missouri_day
from schemas.database import checkpoint, transaction

# Layouts that a district sends when it has something to ask for.
ON_DEMAND = ("assessment_precode", "direct_certification", "referrals")


@dataclass(frozen=True, slots=True)
class Written:
    """One reminder that was put into an outbox."""

    district_code: str
    collection_version: str
    path: Path

    def to_json(self) -> dict[str, str]:
        return {
            "district_code": self.district_code, "collection_version": self.collection_version, "path": str(self.path),
        }  # fmt: skip


def remind_districts(session: Session, collection: str | None = None) -> list[Written]:
    """Write what is due today and was not written yet; in order of collection and district.

    Raises:
        UnknownName: no such collection.
    """
    con, now = session.con, session.clock.now()
    day = missouri_day(now)
    schedule = session.home.settings.reminder_days
    latest = max(0, *(GRACE_DAYS - days for days in schedule)) if schedule else 0
    rows = status_rows(con, session.dictionary, session.directory, now, collection, days_after=latest)
    rows = rows.filter(~pl.col("collection_version").is_in(_on_demand(session)) | (pl.col("received_count") > 0))
    due = due_reminders(rows, written_reminders(con), schedule)
    written = [
        Written(one.district_code, one.collection_version, write_reminder(session.home.outbox, one, day)) for one in due
    ]
    with transaction(con):
        note_reminders(con, due, f"{day:%Y-%m-%d}", now)
        if collection is None and not was_looked_at(con, day):
            note_round(con, day, now)
    checkpoint(con)
    return written


def _on_demand(session: Session) -> list[str]:
    """Collections that only districts with something to report send; who has sent nothing is not asked for it."""
    return [each.version for each in session.dictionary.collections if each.layout in ON_DEMAND]


def remind_once_a_day(session: Session) -> list[str]:
    """The reminders of the day, where no run has written them yet; a sentence where there were some."""
    written = remind_districts(session)
    if not written:
        return []
    return [f"{len(written):,} {'reminder was' if len(written) == 1 else 'reminders were'} put into outboxes."]
