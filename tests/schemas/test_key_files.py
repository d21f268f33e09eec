"""Key files: made once, read only when nobody else can."""

from pathlib import Path

import pytest

from schemas.errors import KeyUnavailable
from schemas.key_files import create_ssn_key, read_ssn_keys


def test_a_key_is_random_private_and_kept(tmp_path: Path) -> None:
    path = create_ssn_key(tmp_path, 1)
    key = path.read_bytes()
    assert path.name == "ssn_v1.key" and len(key) == 32 and path.stat().st_mode & 0o777 == 0o600
    assert create_ssn_key(tmp_path, 1).read_bytes() == key
    assert create_ssn_key(tmp_path, 2).read_bytes() != key
    assert read_ssn_keys(tmp_path) == {1: key, 2: (tmp_path / "ssn_v2.key").read_bytes()}


def test_versions_are_numbers_not_texts(tmp_path: Path) -> None:
    for version in (10, 9):
        create_ssn_key(tmp_path, version)
    (tmp_path / "ssn_v2.key.bak").write_bytes(b"x")
    assert list(read_ssn_keys(tmp_path)) == [9, 10]


def test_no_key(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match=r"ssn_v1\.key: missing") as caught:
        read_ssn_keys(tmp_path)
    assert caught.value.exit_code == 11


@pytest.mark.parametrize(
    "mode, is_read", [(0o600, True), (0o400, True), (0o640, False), (0o604, False), (0o620, False)]
)
def test_a_key_others_can_touch_is_refused(tmp_path: Path, mode: int, is_read: bool) -> None:
    path = create_ssn_key(tmp_path, 1)
    path.chmod(mode)
    if is_read:
        assert read_ssn_keys(tmp_path)
    else:
        with pytest.raises(KeyUnavailable, match=f"chmod 600 {path}"):
            read_ssn_keys(tmp_path)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_length_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "ssn_v1.key"
    path.write_bytes(b"x" * size)
    path.chmod(0o600)
    with pytest.raises(KeyUnavailable, match=f"{size} bytes where a key has 32"):
        read_ssn_keys(tmp_path)
