"""One writer at a time, and none on a disk too small to finish (design 8)."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from schemas.errors import Busy, NoSpace
from schemas.paths import StateHome

# A run keeps the claim, the archive copy and the stage frames of what waits, and the database may grow as much again.
SPACE_FACTOR = 3


@contextlib.contextmanager
def hold_lock(home: StateHome) -> Iterator[None]:
    """Hold the home's lock for the block.

    The lock is the kernel's (flock): it ends with the process however that ends, so a dead holder never blocks a run.
    The file is never removed: two runs could otherwise each lock a file of that name.

    Raises:
        Busy: another process holds it; the message names its PID.
    """
    descriptor = os.open(home.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, home)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _take(descriptor: int, home: StateHome) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "not yet known"
        raise Busy(f"{home.root}: another run holds the lock (PID {holder}). Try again when it has finished.") from None


def require_free_space(home: StateHome, free_bytes: Callable[[Path], int] | None = None) -> None:
    """Refuse to start a run that could fill the disk.

    Raises:
        NoSpace: less is free under the home than three times the inbox and the database together.
    """
    free = (free_bytes or _free_bytes)(home.root)
    needed = SPACE_FACTOR * (_folder_bytes(home.inbox) + _file_bytes(home.database))
    if free < needed:
        raise NoSpace(
            f"{home.root}: {_megabytes(free)} free, {_megabytes(needed)} needed "
            f"({SPACE_FACTOR} x inbox and database). Make room, then run again; nothing was changed."
        )


def _free_bytes(path: Path) -> int:
    return shutil.disk_usage(path).free


def _folder_bytes(folder: Path) -> int:
    """Bytes of the regular files below a folder; links and special files count nothing, vanished ones neither."""
    total = 0
    for parent, _, names in os.walk(folder):
        total += sum(_file_bytes(Path(parent, name)) for name in names)
    return total


def _file_bytes(path: Path) -> int:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return 0
    return status.st_size if path.is_file() and not path.is_symlink() else 0


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
