"""Files that exist whole or not at all."""

import hashlib
from pathlib import Path

import pytest

from schemas.files import copy_file, make_folder, new_file, private_files, sha256_of, write_atomic


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    "content, expected", [("a\r\né\n", "a\r\né\n".encode()), (b"\x00\xff", b"\x00\xff"), ("", b"")]
)
def test_content_is_written_as_it_is(tmp_path: Path, content: str | bytes, expected: bytes) -> None:
    write_atomic(tmp_path / "receipt.json", content)
    assert (tmp_path / "receipt.json").read_bytes() == expected
    assert names(tmp_path) == ["receipt.json"]


def test_an_earlier_file_is_replaced(tmp_path: Path) -> None:
    for content in ("first", "second"):
        write_atomic(tmp_path / "f", content)
    assert (tmp_path / "f").read_text() == "second"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400, 0o644])
def test_the_mode_is_exact_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    with private_files():
        write_atomic(tmp_path / "f", "x", mode)
    assert (tmp_path / "f").stat().st_mode & 0o777 == mode


def test_a_failure_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    write_atomic(tmp_path / "f", "kept")
    with pytest.raises(RuntimeError), new_file(tmp_path / "f") as temporary:
        temporary.write_text("half")
        assert (tmp_path / "f").read_text() == "kept"
        raise RuntimeError
    assert (tmp_path / "f").read_text() == "kept"
    assert names(tmp_path) == ["f"]


def test_the_temporary_file_is_private_and_hidden(tmp_path: Path) -> None:
    with new_file(tmp_path / "f", 0o644) as temporary:
        assert temporary.stat().st_mode & 0o777 == 0o600
        assert temporary.name == ".f.tmp"
        temporary.write_text("x")


def test_what_a_crash_left_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".f.tmp").write_text("a longer half file")
    write_atomic(tmp_path / "f", "whole")
    assert (tmp_path / "f").read_text() == "whole" and names(tmp_path) == ["f"]


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / ".f.tmp").symlink_to(victim)
    (tmp_path / "f").symlink_to(victim)
    write_atomic(tmp_path / "f", "new")
    assert victim.read_text() == "untouched"
    assert (tmp_path / "f").read_text() == "new" and not (tmp_path / "f").is_symlink()


def test_copy_and_hash(tmp_path: Path) -> None:
    content = b"x" * 3_000_000
    (tmp_path / "source").write_bytes(content)
    copy_file(tmp_path / "source", tmp_path / "copy")
    assert sha256_of(tmp_path / "copy") == hashlib.sha256(content).hexdigest()
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600


def test_a_folder_has_its_mode_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    with private_files():
        make_folder(tmp_path / "a", 0o755)
    make_folder(tmp_path / "a", 0o700)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o755
