"""Quarantine: set aside unopened or as a copy, with the reason beside it."""

import errno
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.inbox.quarantine import quarantine_content, quarantine_suspect
from schemas.inbox.waiting import Suspect
from schemas.reading.refusals import file_refused
from tests.schemas.inbox.conftest import DISTRICT, InboxUnderTest

# Late evening in Missouri, already the next day in UTC.
AT = datetime(2025, 10, 7, 3, 30, tzinfo=UTC)


def only_suspect(inbox: InboxUnderTest) -> Suspect:
    (suspect,) = inbox.look(settle=0).suspects
    return suspect


def test_link_is_moved_as_a_link(inbox: InboxUnderTest, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    (inbox.district / "a.csv").symlink_to(tmp_path / "outside")
    moved = quarantine_suspect(only_suspect(inbox), tmp_path / "quarantine", AT)
    assert moved is not None
    assert moved.path == tmp_path / "quarantine" / "2025-10-06" / "a.csv"
    assert moved.path.is_symlink()
    assert list(inbox.district.glob("*.csv")) == []
    note = json.loads((moved.path.parent / "a.csv.reason.json").read_text())
    assert (note["reason"], note["district_code"], note["at"]) == ("LINK", DISTRICT, "2025-10-07T03:30:00Z")
    assert "was not followed" in note["message"]


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir])
def test_pipe_and_folder_are_moved_unopened(inbox: InboxUnderTest, tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    make(inbox.district / "thing")
    moved = quarantine_suspect(only_suspect(inbox), tmp_path / "quarantine", AT)
    assert moved is not None and moved.path.exists()
    assert not (inbox.district / "thing").exists()


def test_same_name_again_gets_a_number(inbox: InboxUnderTest, tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        (inbox.root / "stray.csv").write_text("x")
        moved = quarantine_suspect(only_suspect(inbox), tmp_path / "quarantine", AT)
        assert moved is not None
        names.append(moved.path.name)
    assert names == ["stray.csv", "stray.csv-2", "stray.csv-3"]


def test_thing_that_is_gone_leaves_no_reason(inbox: InboxUnderTest, tmp_path: Path) -> None:
    (inbox.root / "stray.csv").write_text("x")
    suspect = only_suspect(inbox)
    suspect.entry.path.unlink()
    assert quarantine_suspect(suspect, tmp_path / "quarantine", AT) is None
    assert [path for path in (tmp_path / "quarantine").rglob("*") if path.is_file()] == []


def test_inbox_on_another_file_system_keeps_the_thing_beside_it(
    inbox: InboxUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox.root / "stray.csv").write_text("x")
    suspect, rename = only_suspect(inbox), Path.rename

    def rename_within(source: Path, target: Path) -> Path:
        if "quarantine" in target.parts:
            raise OSError(errno.EXDEV, "another device")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", rename_within)
    moved = quarantine_suspect(suspect, tmp_path / "quarantine", AT)
    assert moved is not None
    assert moved.path == inbox.root / ".quarantined" / "2025-10-06" / "stray.csv"
    assert moved.path.read_text() == "x"
    assert inbox.look(settle=0).suspects == ()


@pytest.mark.parametrize("name", [b"caf\xe9\n.csv", b"x" * 255, "é".encode() * 127, b"..csv"])
def test_content_is_copied_under_a_printable_name(tmp_path: Path, name: bytes) -> None:
    content = tmp_path / "content"
    content.write_bytes(b"PK\x03\x04")
    refused = file_refused("ARCHIVE_FILE", kind="ZIP")
    moved = quarantine_content(
        content, os.fsdecode(name), refused, tmp_path / "quarantine", AT, district_code=DISTRICT, sha256="ab"
    )
    assert moved.path.read_bytes() == content.read_bytes() == b"PK\x03\x04"
    assert moved.path.name.isprintable()
    assert moved.path.stat().st_mode & 0o777 == 0o600
    note = json.loads((moved.path.parent / f"{moved.path.name}.reason.json").read_text("utf-8"))
    assert bytes.fromhex(note["name_hex"]) == name
    assert (note["reason"], note["sha256"]) == ("ARCHIVE_FILE", "ab")
