"""Which files wait in the inbox, whole and quiet; which things are none and go to quarantine unopened (design 8).

Method: look, wait the settle time by the monotonic clock, look again. What has the same size and times in both looks is
finished; a modification time alone says nothing, because clients set it. A ``.sha256`` beside a file that agrees makes
waiting unnecessary. Nothing is opened but to hold a plain file against its checksum, and no link is followed.
"""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from schemas.inbox.look import Entry, KnownPlaces, look
from schemas.inbox.names import CHECKSUM_SUFFIX, is_checksum, is_upload_in_progress
from schemas.inbox.opening import NotPlain, chunks, file_sha256, open_plain, suspicion

# A checksum that disagrees for so long will never agree: the upload broke, or the sum is of another file.
CHECKSUM_PATIENCE = timedelta(hours=1)
STALE_UPLOAD = timedelta(hours=24)
CHECKSUM = re.compile(rb"\s*\\?([0-9a-fA-F]{64})(?:\s|\Z)")
LONGEST_CHECKSUM_FILE = 4096

Verdict = Literal["ready", "suspect", "unfinished"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What one look says of an entry, and whether it must still prove quiet; ``reason`` is a suspect's."""

    entry: Entry
    verdict: Verdict
    reason: str = ""
    must_be_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Suspect:
    """Something that is quarantined without being opened, and why; without ``district_code`` nobody can be told."""

    entry: Entry
    reason: str


@dataclass(frozen=True, slots=True)
class Inbox:
    """What waits; each kind by district and school, and there in the order of the uploads.

    ``ready`` files are whole; ``unfinished`` ones wait for a later run; of these, ``stale`` ones have not moved for a
    day, and somebody should ask the district.
    """

    ready: tuple[Entry, ...]
    suspects: tuple[Suspect, ...]
    unfinished: tuple[Entry, ...]
    stale: tuple[Entry, ...]


def find_waiting(
    inbox: Path,
    places: KnownPlaces,
    *,
    now: datetime,
    settle_seconds: float,
    max_file_bytes: int,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Inbox:
    """Everything that waits in the district folders of the inbox and the school folders inside them.

    Args:
        settle_seconds: how long size and times must stay the same; 0 trusts one look.
        now: for the age of uploads that were left, and of checksums that disagree.
    """
    started = monotonic()
    entries = look(inbox, places)
    judged = _judge_all(entries, now, max_file_bytes)
    if settle_seconds and any(found.must_be_quiet for found in judged):
        sleep(max(0.0, settle_seconds - (monotonic() - started)))
        unchanged = set(look(inbox, places))
        judged = [_after_second_look(found, unchanged) for found in judged]
    return Inbox(
        ready=tuple(found.entry for found in judged if found.verdict == "ready"),
        suspects=tuple(Suspect(found.entry, found.reason) for found in judged if found.verdict == "suspect"),
        unfinished=tuple(found.entry for found in judged if found.verdict == "unfinished"),
        stale=tuple(
            found.entry for found in judged if found.verdict == "unfinished" and _age(found.entry, now) > STALE_UPLOAD
        ),
    )


def _after_second_look(found: Judged, unchanged: set[Entry]) -> Judged:
    if found.must_be_quiet and found.entry not in unchanged:
        return Judged(found.entry, "unfinished")
    return found


def _judge_all(entries: Iterable[Entry], now: datetime, max_file_bytes: int) -> list[Judged]:
    by_path = {entry.path: entry for entry in entries}
    judged = []
    for entry in by_path.values():
        if is_checksum(entry.path.name):
            if _checked_file(entry) not in by_path:
                judged.append(_judge_lone_checksum(entry, now))
        else:
            judged.append(_judge(entry, _checksum_of(entry, by_path), now, max_file_bytes))
    return judged


def _judge(entry: Entry, checksum: Entry | None, now: datetime, max_file_bytes: int) -> Judged:
    if is_upload_in_progress(entry.path.name):
        return Judged(entry, "unfinished")
    reason = suspicion(entry.mode, entry.link_count, entry.byte_count, max_file_bytes)
    if entry.district_code is None or reason:
        return Judged(entry, "suspect", reason or "UNKNOWN_DISTRICT", must_be_quiet=True)
    if checksum is None:
        return Judged(entry, "ready", must_be_quiet=True)
    if _agrees(entry, checksum, max_file_bytes):
        return Judged(entry, "ready")
    if min(_age(entry, now), _age(checksum, now)) <= CHECKSUM_PATIENCE:
        return Judged(entry, "unfinished")
    return Judged(entry, "suspect", "CHECKSUM_DISAGREES")


def _judge_lone_checksum(entry: Entry, now: datetime) -> Judged:
    """A checksum waits for its file for a day; left lying, it would speak against a later file of that name."""
    if _age(entry, now) > STALE_UPLOAD:
        return Judged(entry, "suspect", "CHECKSUM_WITHOUT_FILE")
    return Judged(entry, "unfinished")


def checksum_path(path: Path) -> Path:
    """Where the checksum of a file stands, if it has one."""
    return path.with_name(path.name + CHECKSUM_SUFFIX)


def _checksum_of(entry: Entry, by_path: dict[Path, Entry]) -> Entry | None:
    return by_path.get(checksum_path(entry.path))


def _checked_file(checksum: Entry) -> Path:
    return checksum.path.with_name(checksum.path.name[: -len(CHECKSUM_SUFFIX)])


def _agrees(entry: Entry, checksum: Entry, max_file_bytes: int) -> bool:
    try:
        with open_plain(checksum.path, LONGEST_CHECKSUM_FILE) as descriptor:
            stated = CHECKSUM.match(b"".join(chunks(descriptor)))
        return stated is not None and stated.group(1).decode().lower() == file_sha256(entry.path, max_file_bytes)
    except (NotPlain, OSError):
        return False


def _age(entry: Entry, now: datetime) -> timedelta:
    """Since the last change that the file system itself noted; a client cannot set that time."""
    return now - datetime.fromtimestamp(entry.changed_ns / 1e9, UTC)
