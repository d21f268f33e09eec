"""Opening what a stranger put there: never through a link, never waiting on a FIFO, only a plain file with one name."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHUNK_BYTES = 1 << 20


class NotPlain(Exception):
    """What was opened is not a plain file; the argument is the reason code."""

    @property
    def reason(self) -> str:
        return str(self.args[0])


def suspicion(mode: int, link_count: int, byte_count: int, max_file_bytes: int) -> str | None:
    """Why something must not be opened, as a reason code; null for a plain file of decent size with one name."""
    kinds = {
        stat.S_IFLNK: "LINK",
        stat.S_IFIFO: "FIFO",
        stat.S_IFSOCK: "SOCKET",
        stat.S_IFBLK: "DEVICE",
        stat.S_IFCHR: "DEVICE",
        stat.S_IFDIR: "FOLDER",
    }
    if not stat.S_ISREG(mode):
        return kinds.get(stat.S_IFMT(mode), "SPECIAL_FILE")
    if link_count > 1:
        return "HARD_LINK"
    return "TOO_LARGE" if byte_count > max_file_bytes else None


@contextmanager
def open_plain(path: Path, max_file_bytes: int) -> Iterator[int]:
    """A descriptor for reading a plain file.

    Raises:
        NotPlain: it is a link, something that is no file, has another name too, or is over the limit.
        OSError: it is gone or cannot be read.
    """
    found = path.lstat()
    reason = suspicion(found.st_mode, found.st_nlink, found.st_size, max_file_bytes)
    if reason:
        raise NotPlain(reason)
    # The name may have been given to something else meanwhile: a link is refused, a FIFO does not block.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        reason = suspicion(found.st_mode, found.st_nlink, found.st_size, max_file_bytes)
        if reason:
            raise NotPlain(reason)
        yield descriptor
    finally:
        os.close(descriptor)


def chunks(descriptor: int) -> Iterator[bytes]:
    while chunk := os.read(descriptor, CHUNK_BYTES):
        yield chunk


def file_sha256(path: Path, max_file_bytes: int) -> str:
    """The SHA-256 of a plain file's bytes, in hex."""
    digest = hashlib.sha256()
    with open_plain(path, max_file_bytes) as descriptor:
        for chunk in chunks(descriptor):
            digest.update(chunk)
    return digest.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
