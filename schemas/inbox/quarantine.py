"""What is no submission: set aside under ``quarantine/<date>/`` with the reason beside it; nothing is ever deleted.

The reason is written before the thing is moved, so that a crash leaves a reason without a thing, never the reverse.
"""

import errno
import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from schemas.clock import missouri_day, rfc3339
from schemas.errors import FileRefused
from schemas.inbox.names import printable_name
from schemas.inbox.opening import sync_folder
from schemas.inbox.waiting import Suspect
from schemas.reading.refusals import file_refused

REASON_SUFFIX = ".reason.json"
# Leaves room for a number and the suffix within the 255 bytes that a name may have.
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class QuarantineNote:
    """What the reason file says; ``name_hex`` are the bytes of the original name."""

    file_name: str
    name_hex: str
    district_code: str | None
    school_code: str | None
    sha256: str | None
    reason: str
    message: str
    next_step: str
    line: int | None
    at: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Where something lies now, and why."""

    path: Path
    note: QuarantineNote


def quarantine_suspect(suspect: Suspect, quarantine: Path, at: datetime) -> Quarantined | None:
    """Move something aside by rename, unopened and not followed; null where it was taken away meanwhile.

    Where the inbox is on another file system it goes to ``.quarantined`` of its own folder instead, because a move
    across file systems would have to open it.
    """
    entry = suspect.entry
    note = _note(
        entry.path.name,
        file_refused(suspect.reason),
        at,
        district_code=entry.district_code,
        school_code=entry.school_code,
    )
    try:
        return _move(entry.path, quarantine, note, at)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    return _move(entry.path, entry.path.parent / ".quarantined", note, at)


def quarantine_content(
    content: Path,
    original_name: str,
    refused: FileRefused,
    quarantine: Path,
    at: datetime,
    *,
    district_code: str | None,
    school_code: str | None = None,
    sha256: str | None = None,
) -> Quarantined:
    """Set a copy of bytes aside that were read and found to be none of ours; the content itself stays where it is."""
    note = _note(original_name, refused, at, district_code=district_code, school_code=school_code, sha256=sha256)
    target = _reserve(quarantine, note, at)
    with (
        content.open("rb") as source,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy,
    ):
        shutil.copyfileobj(source, copy)
        copy.flush()
        os.fsync(copy.fileno())
    sync_folder(target.parent)
    return Quarantined(target, note)


def _note(
    original_name: str,
    refused: FileRefused,
    at: datetime,
    *,
    district_code: str | None,
    school_code: str | None,
    sha256: str | None = None,
) -> QuarantineNote:
    return QuarantineNote(
        file_name=printable_name(original_name),
        name_hex=os.fsencode(original_name).hex(),
        district_code=district_code,
        school_code=school_code,
        sha256=sha256,
        reason=refused.reason,
        message=refused.message,
        next_step=refused.next_step,
        line=refused.line,
        at=rfc3339(at),
    )


def _move(source: Path, quarantine: Path, note: QuarantineNote, at: datetime) -> Quarantined | None:
    target = _reserve(quarantine, note, at)
    try:
        source.rename(target)
    except OSError as error:
        _reason_path(target).unlink()
        if error.errno == errno.ENOENT:
            return None
        raise
    sync_folder(target.parent)
    return Quarantined(target, note)


def _reserve(quarantine: Path, note: QuarantineNote, at: datetime) -> Path:
    """A free name in the day's folder, taken by writing its reason file."""
    folder = quarantine / missouri_day(at).isoformat()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = note.file_name.encode()[:LONGEST_NAME].decode("utf-8", "ignore").replace("/", "_")
    for number in count(1):
        target = folder / (name if number == 1 else f"{name}-{number}")
        try:
            descriptor = os.open(_reason_path(target), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(note), file, indent=2, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        return target
    raise AssertionError("unreachable")


def _reason_path(target: Path) -> Path:
    return target.with_name(target.name + REASON_SUFFIX)
