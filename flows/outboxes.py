"""Outboxes brought up to date at the end of whatever changed them."""

from collections.abc import Collection

from flows.session import Session
from outputs import outbox_index


def refresh_outboxes(session: Session, touched: Collection[str] = ()) -> list[str]:
    """Write index.html and latest/ of each district of which something has changed; gives their codes.

    Args:
        touched: districts whose receipts were written anew although nothing of their submissions has changed.
    """
    return outbox_index.refresh_outboxes(
        session.con, session.home, session.dictionary, session.directory, session.clock.now(), touched=touched
    )
