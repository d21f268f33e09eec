"""Secret keys as files: ``ssn_v1.key``, ``analyst_v1.key``, 32 random bytes, readable by the service account alone."""

import re
import secrets
import stat
from pathlib import Path

from schemas.errors import KeyUnavailable
from schemas.files import PRIVATE_FILE, write_atomic

KEY_BYTES = 32
_SSN_KEY_NAME = re.compile(r"ssn_v([1-9][0-9]*)\.key")


def ssn_key_path(folder: Path, version: int) -> Path:
    return folder / f"ssn_v{version}.key"


def create_ssn_key(folder: Path, version: int) -> Path:
    """Write a new key; one that exists is kept, for hashes made under it could never be made again."""
    return _create_key(ssn_key_path(folder, version))


def _create_key(path: Path) -> Path:
    if not path.exists():
        write_atomic(path, secrets.token_bytes(KEY_BYTES), PRIVATE_FILE)
    return path


def analyst_key_path(folder: Path) -> Path:
    """The key of the pseudonyms in the analysts' copy."""
    return folder / "analyst_v1.key"


def create_analyst_key(folder: Path) -> Path:
    """Write a new key; one that exists is kept, for pseudonyms made under it could never be made again."""
    return _create_key(analyst_key_path(folder))


def read_analyst_key(folder: Path) -> bytes:
    """The key of the pseudonyms.

    Raises:
        KeyUnavailable: it can be read by others or has not 32 bytes.
    """
    return _read_key(analyst_key_path(folder))


def read_ssn_keys(folder: Path) -> dict[int, bytes]:
    """Every living key version, oldest first.

    Raises:
        KeyUnavailable: there is none, or one can be read by others or has not 32 bytes.
    """
    found = {int(match[1]): path for path in folder.glob("ssn_v*.key") if (match := _SSN_KEY_NAME.fullmatch(path.name))}
    if not found:
        raise KeyUnavailable(
            f"{ssn_key_path(folder, 1)}: missing. Restore it from your safe copy; without it SSNs cannot be compared."
        )
    return {version: _read_key(found[version]) for version in sorted(found)}


def _read_key(path: Path) -> bytes:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeyUnavailable(f"{path}: mode {mode:04o} lets others read it. Run: chmod 600 {path}")
    try:
        key = path.read_bytes()
    except PermissionError:
        raise KeyUnavailable(
            f"{path}: cannot be read by this account. Run as the service account that owns it."
        ) from None
    if len(key) != KEY_BYTES:
        raise KeyUnavailable(f"{path}: {len(key)} bytes where a key has {KEY_BYTES}. Restore it from your safe copy.")
    return key
