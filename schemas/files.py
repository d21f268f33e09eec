"""Files that exist whole or not at all: temporary name, fsync, rename, fsync of the folder.

Every file that somebody may act on (receipt, answer, journal block, plan, key) goes through here.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
# Outbox files: the district's own group reads them, nobody else does.
GROUP_FILE = 0o640
TEMPORARY_SUFFIX = ".tmp"

_CHUNK = 1024 * 1024


def write_atomic(path: Path, content: bytes | str, mode: int = GROUP_FILE) -> None:
    """Put ``content`` at ``path``, durable when this returns; text is written as UTF-8, line ends as they are."""
    with new_file(path, mode) as temporary:
        temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


@contextlib.contextmanager
def new_file(path: Path, mode: int = GROUP_FILE) -> Iterator[Path]:
    """A temporary name to write to; it becomes ``path`` when the block ends, and is removed when the block fails.

    The temporary name is always the same for a path, so what a crash left behind is overwritten by the next try.
    """
    temporary = path.with_name(f".{path.name}{TEMPORARY_SUFFIX}")
    try:
        _create_empty(temporary)
        yield temporary
        temporary.chmod(mode)
        fsync_file(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


def _create_empty(path: Path) -> None:
    # Removed first: whoever may write into the folder could have put a link there.
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))


def fsync_file(path: Path) -> None:
    """Wait until the content of a file is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_folder(path: Path) -> None:
    """Wait until a folder's entries (files made, renamed, removed) are on disk."""
    if os.name == "nt":  # a clerk's desk (``mosis check``): Windows opens no folders, and nothing there is promised
        return
    fsync_file(path)


def make_folder(path: Path, mode: int = 0o755) -> None:
    """Make a folder with exactly this mode, durable when this returns; one that exists is left as it is."""
    try:
        path.mkdir(mode)
    except FileExistsError:
        return
    path.chmod(mode)  # mkdir's mode passes through the umask
    fsync_folder(path.parent)


def fsync_tree(folder: Path) -> None:
    """Wait until every file and folder below ``folder``, and itself, is on disk."""
    for parent, _, names in os.walk(folder):
        for name in names:
            fsync_file(Path(parent, name))
        fsync_folder(Path(parent))


def copy_file(source: Path, target: Path, mode: int = PRIVATE_FILE) -> None:
    """A durable copy, whole or not at all."""
    with new_file(target, mode) as temporary:
        shutil.copyfile(source, temporary)


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Files made inside the block (by a library that takes no mode) can be read by the service account alone."""
    earlier = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(earlier)
