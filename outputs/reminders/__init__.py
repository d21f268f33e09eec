"""Reminders: who has to be told that a collection is due, and the short page that says so."""

from outputs.reminders.choosing import DueReminder, due_reminders, note_reminders, note_round, was_looked_at
from outputs.reminders.page import write_reminder

__all__ = ["DueReminder", "due_reminders", "note_reminders", "note_round", "was_looked_at", "write_reminder"]
