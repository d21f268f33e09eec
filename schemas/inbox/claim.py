"""Taking a file out of the inbox for good: claim by rename, copy while hashing, keep the original bytes (design 8).

A claim is a folder of its own, ``<folder of the file>/.claimed/<claim_id>/<original name>``: one rename on one file
system, so after a crash at any point the file is either still in the inbox or in its claim, under its own name. Claims
are not fsynced: a power cut may put a file back into the inbox, which is where it came from. The copy in the archive is
what every later step reads; a client that still holds the file open cannot change it.
"""

import errno
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from schemas.inbox.look import Entry, district_folders
from schemas.inbox.names import CLAIMED, is_checksum, printable_name
from schemas.inbox.opening import chunks, open_plain, sync_folder
from schemas.inbox.waiting import checksum_path


class StillChanging(Exception):
    """The file changed while it was copied; it stays claimed, and the next run takes it up again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A file that this system has taken; ``path`` is where it lies now, under the name that the district gave it."""

    path: Path
    district_code: str
    school_code: str | None

    @property
    def file_name(self) -> str:
        return printable_name(self.path.name)


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """The original bytes of a claim, kept under their hash."""

    path: Path
    sha256: str
    byte_count: int


def claim_file(entry: Entry) -> Claim | None:
    """The claim on a waiting file, or null where the client has taken it away meanwhile."""
    assert entry.district_code is not None
    try:
        folder = _claim_folder(entry.path.parent)
    except FileNotFoundError:
        return None
    claimed, checksum = folder / entry.path.name, checksum_path(entry.path)
    # The checksum goes first: left behind, it would speak against the next file of that name.
    if _is_file(checksum):
        _rename_if_there(checksum, folder / checksum.name)
    if not _rename_if_there(entry.path, claimed):
        _remove_claim_folder(folder)
        return None
    return Claim(claimed, entry.district_code, entry.school_code)


def _claim_folder(folder: Path) -> Path:
    """A new folder for one claim; the parent is made where missing. What else has its name (a file, a link) steps aside."""
    parent = folder / CLAIMED
    if parent.is_symlink() or (os.path.lexists(parent) and not parent.is_dir()):
        parent.rename(folder / f"{CLAIMED}-not-ours-{secrets.token_hex(8)}")
    parent.mkdir(mode=0o700, exist_ok=True)
    claim = parent / secrets.token_hex(8)
    claim.mkdir(mode=0o700)
    return claim


def _rename_if_there(source: Path, target: Path) -> bool:
    try:
        source.rename(target)
    except FileNotFoundError:
        return False
    return True


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        # Not there, or the longest of names made longer still.
        return False


def pending_claims(inbox: Path) -> list[Claim]:
    """The claims that a killed run left, to be taken up before anything new; empty claim folders are removed."""
    found: list[Claim] = []
    for folder in district_folders(inbox):
        for claim in _subfolders(folder / CLAIMED):
            files = [path for path in claim.iterdir() if not is_checksum(path.name)]
            if not files:
                _remove_claim_folder(claim)
            found.extend(_claim_in(path, inbox) for path in files)
    return sorted(found, key=_claim_order)


def _claim_order(claim: Claim) -> tuple[str, str, int, bytes]:
    """By place, then as they were claimed: the rename into the claim is the file's last change."""
    claimed = claim.path.lstat().st_ctime_ns
    return claim.district_code, claim.school_code or "", claimed, os.fsencode(claim.path.name)


def _subfolders(parent: Path) -> list[Path]:
    if parent.is_symlink() or not parent.is_dir():
        return []
    return [path for path in parent.iterdir() if path.is_dir() and not path.is_symlink()]


def _claim_in(path: Path, inbox: Path) -> Claim:
    """A claim by its place: inbox/<district>/[<school>/].claimed/<claim_id>/<name>."""
    district, *school = path.relative_to(inbox).parts[:-3]
    return Claim(path, district, school[0] if school else None)


def archive_claim(claim: Claim, archive: Path, max_file_bytes: int, seen: Entry | None = None) -> ArchivedFile:
    """Copy the claimed bytes under their hash, unless they are there already.

    Args:
        seen: the entry as the inbox was last looked at; what differs from it has grown since.

    Raises:
        schemas.inbox.opening.NotPlain: what was claimed is a link, no file, has a second name or is over the limit.
        StillChanging: somebody still writes to it.
    """
    archive.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = archive / f".{secrets.token_hex(8)}.copy"
    try:
        with open_plain(claim.path, max_file_bytes) as source:
            before = os.fstat(source)
            sha256, byte_count = _copy(source, copy)
            after = os.fstat(source)
        if _state(before) != _state(after) or byte_count != after.st_size:
            raise StillChanging(claim.file_name)
        if seen is not None and (seen.byte_count, seen.modified_ns) != (after.st_size, after.st_mtime_ns):
            raise StillChanging(claim.file_name)
        return ArchivedFile(_keep(copy, archive, sha256), sha256, byte_count)
    finally:
        copy.unlink(missing_ok=True)


def _state(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns


def _copy(source: int, target: Path) -> tuple[str, int]:
    """SHA-256 and size of the bytes copied; they are on disk when this returns."""
    digest, byte_count = hashlib.sha256(), 0
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        for chunk in chunks(source):
            digest.update(chunk)
            byte_count += len(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest(), byte_count


def _keep(copy: Path, archive: Path, sha256: str) -> Path:
    kept = archive / sha256[:2] / sha256
    if not kept.exists():
        if not kept.parent.is_dir():
            kept.parent.mkdir(mode=0o700, exist_ok=True)
            sync_folder(archive)
        copy.rename(kept)
        sync_folder(kept.parent)
    return kept


def release_claim(claim: Claim) -> None:
    """Remove a claim whose receipt is out; a claim that is gone already is no fault."""
    claim.path.unlink(missing_ok=True)
    _remove_claim_folder(claim.path.parent)


def _remove_claim_folder(folder: Path) -> None:
    """Remove a claim folder with what belongs to it: nothing, or the checksum of a file that is gone."""
    try:
        for path in folder.iterdir():
            if is_checksum(path.name):
                path.unlink()
        folder.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY):
            raise
