"""``mosis confirm``: the operator lets a waiting file pass; its bytes go back into the inbox, where the second drop counts."""

from pathlib import Path

from flows.session import open_session
from schemas.clock import Clock
from schemas.errors import UnknownName, UsageError
from schemas.files import copy_file
from schemas.paths import StateHome


def confirm_submission(home: StateHome, submission_id: str, *, clock: Clock) -> Path:
    """Put a waiting file's archived bytes back into its district's inbox; the next run takes them.

    Raises:
        UnknownName: no such submission. UsageError: it does not wait for anything.
    """
    with open_session(home, clock) as session:
        rows = session.con.execute(
            "SELECT district_code, school_code, sha256, status FROM intake.submission WHERE submission_id = ?",
            [submission_id],
        ).fetchall()
    if not rows:
        raise UnknownName(
            f"No submission is called {submission_id}. Receipts name them: outbox/<district>/<submission>."
        )
    district, school, sha256, status = rows[0]
    if status != "waiting":
        raise UsageError(f"{submission_id} does not wait for confirmation: it is {status}.")
    target = home.inbox / district / (school or "") / f"confirmed-{submission_id}"
    copy_file(home.archive / sha256[:2] / sha256, target, mode=0o640)
    return target
