"""Notices about certificates: to the district itself, and to districts whose files were compared with the changed one.

Each is one text file, ``outbox/<district>/notices/<day>-<what>-<collection>.txt``. A notice to another district says whose
certificate changed and which of its own files are compared with it, nothing of any record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from outputs.certification.requests import DecertifyRequest
from outputs.next_steps import counted, long_date
from schemas.clock import missouri_day
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.files import make_folder, write_atomic

FOLDER = "notices"
CERTIFIED, DECERTIFIED, REFUSED = "certified", "decertified", "decertify-refused"


@dataclass(frozen=True)
class Change:
    """A certificate that was given, taken back, or left as it is although the district asked.

    Args:
        changed_files: of which files the findings changed, as (submission_id, district_code, collection_version).
    """

    kind: str
    submission_id: str
    district_code: str
    collection_version: str
    at: datetime
    who: str
    reason: str | None = None
    changed_files: tuple[tuple[str, str, str], ...] = ()


def refused_request(request: DecertifyRequest, at: datetime, actor: str, reason: str) -> Change:
    return Change(REFUSED, request.submission_id, request.district_code, request.collection_version, at, actor, reason)


def files_changed_by(
    con: duckdb.DuckDBPyConnection, names: Sequence[str], district_code: str
) -> tuple[tuple[str, str, str], ...]:
    """Those of some changed files that a district's certificate has changed: its own, and those with findings that name it.

    Returns:
        submission_id, district_code, collection_version, in order.
    """
    rows = con.execute(
        """
        SELECT submission_id, district_code, collection_version FROM intake.submission AS file
        WHERE list_contains(?, submission_id) AND (district_code = ? OR EXISTS (
            SELECT 1 FROM quality.violation AS violation
            WHERE violation.submission_id = file.submission_id AND violation.other_district_code = ?
        ))
        ORDER BY ALL
        """,
        [sorted(names), district_code, district_code],
    ).fetchall()
    return tuple(rows)


def write_notices(outbox: Path, change: Change, dictionary: Dictionary, directory: Directory) -> list[Path]:
    """Write one notice a district concerned; those that a crash prevented come out the same when written later."""
    written = []
    for district in sorted({change.district_code} | {district for _, district, _ in change.changed_files}):
        own = [(name, version) for name, code, version in change.changed_files if code == district]
        folder = outbox / district
        for each in (folder, folder / FOLDER):
            make_folder(each, 0o750)
        day = f"{missouri_day(change.at):%Y-%m-%d}"
        path = folder / FOLDER / f"{day}-{change.kind}-{change.collection_version}-{change.district_code}.txt"
        lines = (
            _own_lines(change, dictionary)
            if district == change.district_code
            else _other_lines(change, dictionary, directory)
        )
        write_atomic(path, "\r\n".join([*lines, *_file_lines(own, dictionary), ""]))
        written.append(path)
    return written


def _own_lines(change: Change, dictionary: Dictionary) -> list[str]:
    title, day = dictionary.collection(change.collection_version).title, long_date(missouri_day(change.at))
    if change.kind == CERTIFIED:
        return [
            f"{title}: certified",
            "",
            f"Your file {change.submission_id} is certified since {day}, by {change.who}.",
            "It counts as your district's data from now on. To correct it, drop a new file and certify that one; the page",
            "amendment.html beside it will show what it changes.",
        ]
    if change.kind == REFUSED:
        return [
            f"{title}: your certificate stands",
            "",
            f"You asked to have the certificate of {change.submission_id} taken back. The state's MOSIS desk did not do that:",
            f"{change.reason}",
            "To correct data you can drop a new file at any time while the collection is open, and certify that one.",
        ]
    return [
        f"{title}: your certificate was taken back",
        "",
        f"The certificate of {change.submission_id} was taken back on {day}. Reason: {change.reason}",
        "The file is a trial again and does not count. If it is right as it is, sign the certificate that lies beside its",
        "report; if not, drop a corrected file and certify that one.",
    ]


def _other_lines(change: Change, dictionary: Dictionary, directory: Directory) -> list[str]:
    title, day = dictionary.collection(change.collection_version).title, long_date(missouri_day(change.at))
    name = f"{directory.district_name(change.district_code)} ({change.district_code})"
    what = "certified its file" if change.kind == CERTIFIED else "had its certificate taken back"
    return [
        f"{title}: a change at {name}",
        "",
        f"{name} {what} on {day}. Files of yours are compared with it.",
    ]


def _file_lines(own: Sequence[tuple[str, str]], dictionary: Dictionary) -> list[str]:
    if not own:
        return []
    return [
        "",
        f"{counted(len(own), 'file')} of yours {'has' if len(own) == 1 else 'have'} other findings now; the pages were written anew:",
        *(f"  {dictionary.collection(version).title}: {name}/violations.html" for name, version in own),
    ]
