"""One look at the inbox: everything in the district folders and in the school folders inside them, by lstat alone."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from schemas.inbox.names import is_hidden, printable_name


class KnownPlaces(Protocol):
    """What the inbox asks of the directory."""

    def has_district(self, district_code: str) -> bool: ...

    def has_school(self, district_code: str, school_code: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder of the inbox as one look saw it; the path may hold any bytes.

    ``district_code`` is null outside the folders of known districts.
    """

    path: Path
    district_code: str | None
    school_code: str | None
    mode: int
    link_count: int
    byte_count: int
    modified_ns: int
    changed_ns: int
    inode: int

    @property
    def file_name(self) -> str:
        return printable_name(self.path.name)

    @property
    def order(self) -> tuple[str, str, int, bytes]:
        """By place, then as the uploads ended: of two files of one collection the later one stands, whatever its name.

        The time of the last change is the file system's own; a client can set the time of modification, not this one.
        """
        return self.district_code or "", self.school_code or "", self.changed_ns, os.fsencode(self.path)


def look(inbox: Path, places: KnownPlaces) -> list[Entry]:
    """All entries but those with a dot name, in the order of Entry.order; an inbox or folder that is gone is empty.

    The folders of the inbox itself are the operator's, so one of a known district may be a link to elsewhere;
    whatever a district put inside is never followed.
    """
    found: list[Entry] = []
    for item in _items(inbox):
        if places.has_district(item.name) and item.is_dir():
            found.extend(_in_district(Path(item.path), item.name, places))
        elif item.is_dir(follow_symlinks=False):
            found.extend(_entries(Path(item.path), None, None))
        else:
            found.extend(_entry(item, None, None))
    return sorted(found, key=lambda entry: entry.order)


def district_folders(inbox: Path) -> Iterator[Path]:
    """Every folder of the inbox that may hold files: those of districts, and those inside them."""
    for item in _items(inbox):
        if item.is_dir():
            yield Path(item.path)
            yield from (Path(inner.path) for inner in _items(Path(item.path)) if inner.is_dir(follow_symlinks=False))


def _in_district(folder: Path, district_code: str, places: KnownPlaces) -> Iterator[Entry]:
    for entry in _entries(folder, district_code, None):
        if stat.S_ISDIR(entry.mode) and places.has_school(district_code, entry.path.name):
            yield from _entries(entry.path, district_code, entry.path.name)
        else:
            yield entry


def _entries(folder: Path, district_code: str | None, school_code: str | None) -> Iterator[Entry]:
    for item in _items(folder):
        yield from _entry(item, district_code, school_code)


def _items(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as items:
            return [item for item in items if not is_hidden(item.name)]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def _entry(item: "os.DirEntry[str]", district_code: str | None, school_code: str | None) -> Iterator[Entry]:
    try:
        found = item.stat(follow_symlinks=False)
    except FileNotFoundError:
        # Removed or renamed by the client between list and look.
        return
    yield Entry(
        Path(item.path),
        district_code,
        school_code,
        found.st_mode,
        found.st_nlink,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_ino,
    )
