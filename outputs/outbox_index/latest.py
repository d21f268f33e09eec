"""``latest/<collection>/``: the answer that stands, always at the same place, so that a program or a bookmark finds it.

The files are the same as in the submission's folder (hard links, copies where the file system has none) and are replaced
together. A crash between taking the old folder away and putting the new one there leaves none, until the next run.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from schemas.files import GROUP_FILE, copy_file, make_folder, write_atomic

FOLDER = "latest"
_MODE = 0o750


def refresh_latest(outbox: Path, wanted: Mapping[str, str], page: bytes) -> None:
    """Make ``latest/`` hold the named submissions, its own first page, and nothing else.

    Args:
        wanted: name of a folder -> submission_id.
        page: ``latest/index.html``: the pages in the folders link to ``../index.html``, as they do where they were first written.
    """
    latest = outbox / FOLDER
    make_folder(latest, _MODE)
    for path in latest.iterdir():
        if path.is_dir() and path.name not in wanted:
            shutil.rmtree(path)
    for name, submission_id in wanted.items():
        source = outbox / submission_id
        if source.is_dir() and not _is_same(source, latest / name):
            _replace(source, latest, name)
    write_atomic(latest / "index.html", page)


def _is_same(source: Path, copy: Path) -> bool:
    """Whether the copy is of the very files that stand in the folder now."""
    return copy.is_dir() and _files(source) == _files(copy)


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Name -> size and time of change; a file that was replaced differs in one of them."""
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if entry.is_file() and not entry.name.startswith(".")]
        return {entry.name: (entry.stat().st_size, entry.stat().st_mtime_ns) for entry in found}


def _replace(source: Path, latest: Path, name: str) -> None:
    fresh, old = latest / f".{name}.new", latest / f".{name}.old"
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    make_folder(fresh, _MODE)
    for file in _files(source):
        _put(source / file, fresh / file)
    if (latest / name).exists():
        (latest / name).rename(old)
    fresh.rename(latest / name)
    shutil.rmtree(old, ignore_errors=True)


def _put(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        copy_file(source, target, GROUP_FILE)
        stat = source.stat()
        os.utime(target, ns=(stat.st_atime_ns, stat.st_mtime_ns))
