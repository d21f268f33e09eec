"""The first page of a district's outbox, and the folder with its latest answers."""

from outputs.outbox_index.refresh import refresh_outboxes

__all__ = ["refresh_outboxes"]
