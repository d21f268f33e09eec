"""Claims: one rename decides, the copy is what counts, a killed run loses nothing."""

import hashlib
import os
from pathlib import Path

import pytest

from schemas.inbox import claim as claiming
from schemas.inbox.claim import StillChanging, archive_claim, claim_file, pending_claims, release_claim
from schemas.inbox.look import Entry
from schemas.inbox.opening import NotPlain
from tests.schemas.inbox.conftest import DISTRICT, SCHOOL, InboxUnderTest

LIMIT = 1000


def only_entry(inbox: InboxUnderTest) -> Entry:
    (entry,) = inbox.look(settle=0, limit=LIMIT).ready
    return entry


def files_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", [b"a.csv", b"caf\xe9\n.csv", b"x" * 255, b"a.csv.sha256.txt"])
@pytest.mark.parametrize("school", [None, SCHOOL])
def test_claimed_file_keeps_name_and_place(inbox: InboxUnderTest, name: bytes, school: str | None) -> None:
    folder = inbox.district / school if school else inbox.district
    (folder / os.fsdecode(name)).write_text("abc")
    claim = claim_file(only_entry(inbox))
    assert claim is not None
    assert (os.fsencode(claim.path.name), claim.district_code, claim.school_code) == (name, DISTRICT, school)
    assert claim.path.read_text() == "abc"
    assert inbox.look(settle=0).ready == ()
    assert pending_claims(inbox.root) == [claim]


def test_checksum_goes_along(inbox: InboxUnderTest) -> None:
    (inbox.district / "a.csv").write_text("abc")
    (inbox.district / "a.csv.sha256").write_text(hashlib.sha256(b"abc").hexdigest())
    claim = claim_file(only_entry(inbox))
    assert claim is not None
    assert [path.name for path in inbox.district.iterdir() if path.is_file()] == []
    assert pending_claims(inbox.root) == [claim]
    release_claim(claim)
    assert files_under(inbox.root) == []


def test_file_taken_away_meanwhile_is_no_claim(inbox: InboxUnderTest) -> None:
    (inbox.district / "a.csv").write_text("abc")
    entry = only_entry(inbox)
    entry.path.unlink()
    assert claim_file(entry) is None
    assert pending_claims(inbox.root) == []


def test_two_files_of_one_name_are_two_claims(inbox: InboxUnderTest) -> None:
    found = []
    for text in ("first", "second"):
        (inbox.district / "a.csv").write_text(text)
        found.append(claim_file(only_entry(inbox)))
    assert sorted(claim.path.read_text() for claim in found if claim) == ["first", "second"]
    assert len(pending_claims(inbox.root)) == 2


def test_claim_folder_planted_as_a_link_is_not_followed(inbox: InboxUnderTest, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (inbox.district / "a.csv").write_text("abc")
    (inbox.district / ".claimed").symlink_to(tmp_path / "elsewhere")
    claim = claim_file(only_entry(inbox))
    assert files_under(tmp_path / "elsewhere") == []
    assert pending_claims(inbox.root) == [claim]


def claimed(inbox: InboxUnderTest, content: bytes = b"abc") -> claiming.Claim:
    (inbox.district / "a.csv").write_bytes(content)
    claim = claim_file(only_entry(inbox))
    assert claim is not None
    return claim


def test_archive_keeps_the_bytes_under_their_hash(inbox: InboxUnderTest, tmp_path: Path) -> None:
    archive, sha256 = tmp_path / "archive", hashlib.sha256(b"abc").hexdigest()
    kept = archive_claim(claimed(inbox), archive, LIMIT)
    assert (kept.sha256, kept.byte_count) == (sha256, 3)
    assert kept.path == archive / sha256[:2] / sha256
    assert kept.path.read_bytes() == b"abc"
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert kept.path.parent.stat().st_mode & 0o077 == 0


def test_same_bytes_again_are_kept_once(inbox: InboxUnderTest, tmp_path: Path) -> None:
    first = archive_claim(claimed(inbox), tmp_path / "archive", LIMIT)
    before = first.path.stat()
    second = archive_claim(claimed(inbox), tmp_path / "archive", LIMIT)
    assert (second.path, second.path.stat().st_ino) == (first.path, before.st_ino)
    assert files_under(tmp_path / "archive") == [f"{first.sha256[:2]}/{first.sha256}"]


def test_writer_who_holds_the_file_open_cannot_change_the_copy(inbox: InboxUnderTest, tmp_path: Path) -> None:
    with (inbox.district / "a.csv").open("wb") as writer:
        writer.write(b"abc")
        writer.flush()
        claim = claim_file(only_entry(inbox))
        assert claim is not None
        kept = archive_claim(claim, tmp_path / "archive", LIMIT)
        writer.write(b"def")
    assert kept.path.read_bytes() == b"abc"


def test_file_that_grows_while_copied_stays_claimed(
    inbox: InboxUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = claimed(inbox)
    copy = claiming._copy

    def copy_slowly(source: int, target: Path) -> tuple[str, int]:
        found = copy(source, target)
        with claim.path.open("ab") as writer:
            writer.write(b"more")
        return found

    monkeypatch.setattr(claiming, "_copy", copy_slowly)
    with pytest.raises(StillChanging):
        archive_claim(claim, tmp_path / "archive", LIMIT)
    assert files_under(tmp_path / "archive") == []
    assert pending_claims(inbox.root) == [claim]


def test_file_that_grew_since_the_look_stays_claimed(inbox: InboxUnderTest, tmp_path: Path) -> None:
    (inbox.district / "a.csv").write_bytes(b"abc")
    entry = only_entry(inbox)
    with entry.path.open("ab") as writer:
        writer.write(b"d")
    claim = claim_file(entry)
    assert claim is not None
    with pytest.raises(StillChanging):
        archive_claim(claim, tmp_path / "archive", LIMIT, seen=entry)
    assert archive_claim(claim, tmp_path / "archive", LIMIT).byte_count == 4


@pytest.mark.parametrize(
    "swap, reason",
    [
        (lambda path: path.symlink_to("/etc/passwd"), "LINK"),
        (os.mkfifo, "FIFO"),
        (lambda path: path.mkdir(), "FOLDER"),
        (lambda path: path.write_bytes(b"x" * (LIMIT + 1)), "TOO_LARGE"),
    ],
)
def test_file_swapped_between_look_and_claim_is_not_opened(
    inbox: InboxUnderTest, tmp_path: Path, swap, reason: str
) -> None:  # type: ignore[no-untyped-def]
    (inbox.district / "a.csv").write_text("abc")
    entry = only_entry(inbox)
    entry.path.unlink()
    swap(entry.path)
    claim = claim_file(entry)
    assert claim is not None
    with pytest.raises(NotPlain, match=reason):
        archive_claim(claim, tmp_path / "archive", LIMIT)
    assert files_under(tmp_path / "archive") == []


def test_release_twice_is_no_fault(inbox: InboxUnderTest) -> None:
    claim = claimed(inbox)
    release_claim(claim)
    release_claim(claim)
    assert pending_claims(inbox.root) == []


class Killed(BaseException):
    """Stands for kill -9: nothing that catches exceptions may react to it."""


CALLS = ("mkdir", "rename", "open", "fsync", "unlink", "rmdir", "write", "close")


@pytest.mark.parametrize("nth", range(40))
def test_killed_at_any_system_call_the_file_is_in_one_place_under_its_name(
    inbox: InboxUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """Claim, archive and release, stopped before the n-th call that touches the disk; then a second run takes over."""
    name, content = b"caf\xe9.csv", b"abc"
    (inbox.district / os.fsdecode(name)).write_bytes(content)
    (inbox.district / (os.fsdecode(name) + ".sha256")).write_text(hashlib.sha256(content).hexdigest())
    entry, archive = only_entry(inbox), tmp_path / "archive"
    left = [nth]

    def counting(call):  # type: ignore[no-untyped-def]
        def counted(*args, **kwargs):  # type: ignore[no-untyped-def]
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return call(*args, **kwargs)

        return counted

    released = False
    with monkeypatch.context() as patched:
        for call in CALLS:
            patched.setattr(os, call, counting(getattr(os, call)))
        try:
            claim = claim_file(entry)
            assert claim is not None
            archive_claim(claim, archive, LIMIT, seen=entry)
            released = True  # from here on the receipt is out
            release_claim(claim)
        except Killed:
            pass
    waiting = [found.path for found in inbox.look(settle=0, limit=LIMIT).ready]
    pending = [found.path for found in pending_claims(inbox.root)]
    assert len(waiting) + len(pending) == 1 or (released and not waiting and not pending)
    assert all(os.fsencode(path.name) == name and path.read_bytes() == content for path in waiting + pending)
    for found in pending_claims(inbox.root):
        assert archive_claim(found, archive, LIMIT).path.read_bytes() == content
        release_claim(found)
    assert pending_claims(inbox.root) == []
