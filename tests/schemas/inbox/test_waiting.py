"""Which files are taken, which must wait, and what is set aside unopened."""

import hashlib
import os
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.inbox.waiting import Inbox
from tests.schemas.inbox.conftest import DISTRICT, SCHOOL, InboxUnderTest


def ready(found: Inbox) -> list[str]:
    return [entry.path.name for entry in found.ready]


def suspects(found: Inbox) -> list[tuple[str, str]]:
    return [(suspect.entry.path.name, suspect.reason) for suspect in found.suspects]


def unfinished(found: Inbox) -> list[str]:
    return [entry.path.name for entry in found.unfinished]


def test_quiet_files_are_ready_with_their_district_and_school(inbox: InboxUnderTest) -> None:
    (inbox.district / "a.csv").write_text("a")
    (inbox.district / "b.csv").write_text("b")
    (inbox.district / SCHOOL / "c.csv").write_text("c")
    found = inbox.look()
    assert [(entry.path.name, entry.district_code, entry.school_code) for entry in found.ready] == [
        ("a.csv", DISTRICT, None), ("b.csv", DISTRICT, None), ("c.csv", DISTRICT, SCHOOL),
    ]  # fmt: skip
    assert inbox.slept == [60]


def test_settle_of_zero_trusts_the_first_look(inbox: InboxUnderTest) -> None:
    (inbox.district / "a.csv").write_text("a")
    assert ready(inbox.look(settle=0)) == ["a.csv"]
    assert inbox.slept == []


def test_nothing_waiting_means_no_waiting(inbox: InboxUnderTest) -> None:
    (inbox.district / "a.part").write_text("a")
    inbox.look()
    assert inbox.slept == []


def test_file_that_grows_between_looks_is_unfinished(inbox: InboxUnderTest) -> None:
    path = inbox.district / "a.csv"
    path.write_text("a")
    (inbox.district / "b.csv").write_text("b")
    found = inbox.look(during_sleep=lambda: path.write_text("ab"))
    assert (ready(found), unfinished(found)) == (["b.csv"], ["a.csv"])


def test_same_size_but_other_time_is_unfinished(inbox: InboxUnderTest) -> None:
    path = inbox.district / "a.csv"
    path.write_text("a")
    found = inbox.look(during_sleep=lambda: os.utime(path, ns=(1, 1)))
    assert unfinished(found) == ["a.csv"]


def test_file_replaced_between_looks_is_unfinished(inbox: InboxUnderTest) -> None:
    path, other = inbox.district / "a.csv", inbox.root / ".other"
    path.write_text("a")
    other.write_text("b")
    found = inbox.look(during_sleep=lambda: other.rename(path))
    assert unfinished(found) == ["a.csv"]


def test_file_removed_between_looks_is_not_ready(inbox: InboxUnderTest) -> None:
    path = inbox.district / "a.csv"
    path.write_text("a")
    assert ready(inbox.look(during_sleep=path.unlink)) == []


@pytest.mark.parametrize("name", ["a.csv.part", "a.filepart", "a.TMP", "a.csv~", "~$a.csv"])
def test_names_of_uploads_in_progress_wait(inbox: InboxUnderTest, name: str) -> None:
    (inbox.district / name).write_text("a")
    found = inbox.look()
    assert (ready(found), unfinished(found), suspects(found)) == ([], [name], [])


@pytest.mark.parametrize("name", [".a.csv", ".hidden", ".claimed", "..."])
def test_dot_names_are_not_there(inbox: InboxUnderTest, name: str) -> None:
    (inbox.district / name).write_text("a")
    assert inbox.look() == Inbox((), (), (), ())


@pytest.mark.parametrize("hours, is_stale", [(23, False), (25, True)])
def test_upload_left_for_a_day_is_reported(inbox: InboxUnderTest, hours: int, is_stale: bool) -> None:
    (inbox.district / "a.part").write_text("a")
    found = inbox.look(after=timedelta(hours=hours))
    assert [entry.path.name for entry in found.stale] == (["a.part"] if is_stale else [])
    assert unfinished(found) == ["a.part"]


def checksum(content: bytes, name: str = "a.csv", form: str = "{}  {}\n") -> str:
    return form.format(hashlib.sha256(content).hexdigest(), name)


@pytest.mark.parametrize("form", ["{}  {}\n", "{}", "{} *{}\r\n", "\\{}  {}\n"])
def test_checksum_that_agrees_makes_waiting_unnecessary(inbox: InboxUnderTest, form: str) -> None:
    (inbox.district / "a.csv").write_bytes(b"abc")
    (inbox.district / "a.csv.sha256").write_text(checksum(b"abc", form=form))
    found = inbox.look()
    assert (ready(found), unfinished(found), inbox.slept) == (["a.csv"], [], [])


@pytest.mark.parametrize("content", [checksum(b"other"), "no checksum", "", "ab" * 31])
@pytest.mark.parametrize("minutes, waits", [(59, True), (61, False)])
def test_checksum_that_disagrees_waits_an_hour(inbox: InboxUnderTest, content: str, minutes: int, waits: bool) -> None:
    (inbox.district / "a.csv").write_bytes(b"abc")
    (inbox.district / "a.csv.sha256").write_text(content)
    found = inbox.look(after=timedelta(minutes=minutes))
    assert ready(found) == []
    assert unfinished(found) == (["a.csv"] if waits else [])
    assert suspects(found) == ([] if waits else [("a.csv", "CHECKSUM_DISAGREES")])


@pytest.mark.parametrize("hours, waits", [(23, True), (25, False)])
def test_checksum_alone_waits_a_day(inbox: InboxUnderTest, hours: int, waits: bool) -> None:
    (inbox.district / "a.csv.sha256").write_text(checksum(b""))
    found = inbox.look(after=timedelta(hours=hours))
    assert suspects(found) == ([] if waits else [("a.csv.sha256", "CHECKSUM_WITHOUT_FILE")])


def test_checksum_is_never_followed_or_waited_for(inbox: InboxUnderTest, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(checksum(b"abc"))
    for name, make in (("a", lambda p: p.symlink_to(tmp_path / "secret")), ("b", os.mkfifo), ("c", Path.mkdir)):
        (inbox.district / f"{name}.csv").write_bytes(b"abc")
        make(inbox.district / f"{name}.csv.sha256")
    assert unfinished(inbox.look()) == ["a.csv", "b.csv", "c.csv"]


@pytest.mark.parametrize("size, is_too_large", [(1000, False), (1001, True)])
def test_file_over_the_limit_is_suspect(inbox: InboxUnderTest, size: int, is_too_large: bool) -> None:
    (inbox.district / "a.csv").write_bytes(b"x" * size)
    assert suspects(inbox.look(limit=1000)) == ([("a.csv", "TOO_LARGE")] if is_too_large else [])


def test_links_pipes_sockets_and_folders_are_suspects(
    inbox: InboxUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outside").write_text("x")
    (inbox.district / "link.csv").symlink_to(tmp_path / "outside")
    (inbox.district / "dead.csv").symlink_to("nowhere")
    os.link(tmp_path / "outside", inbox.district / "hard.csv")
    os.mkfifo(inbox.district / "pipe.csv")
    (inbox.district / "folder").mkdir()
    (inbox.district / "folder" / "a.csv").write_text("x")
    (inbox.district / SCHOOL / "inner").mkdir()
    monkeypatch.chdir(inbox.district)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.csv")
        found = inbox.look()
    assert ready(found) == []
    assert suspects(found) == [
        ("dead.csv", "LINK"), ("folder", "FOLDER"), ("hard.csv", "HARD_LINK"), ("link.csv", "LINK"),
        ("pipe.csv", "FIFO"), ("socket.csv", "SOCKET"), ("inner", "FOLDER"),
    ]  # fmt: skip


def test_folder_that_is_still_filled_is_left_alone(inbox: InboxUnderTest) -> None:
    (inbox.district / "folder").mkdir()
    found = inbox.look(during_sleep=lambda: (inbox.district / "folder" / "a.csv").write_text("x"))
    assert (suspects(found), unfinished(found)) == ([], ["folder"])


def test_unknown_districts_and_the_inbox_itself(inbox: InboxUnderTest) -> None:
    (inbox.root / "999999").mkdir()
    (inbox.root / "999999" / "a.csv").write_text("x")
    (inbox.root / "999999" / "b.part").write_text("x")
    (inbox.root / "stray.csv").write_text("x")
    (inbox.root / ".claimed").mkdir()
    found = inbox.look()
    assert suspects(found) == [("a.csv", "UNKNOWN_DISTRICT"), ("stray.csv", "UNKNOWN_DISTRICT")]
    assert {suspect.entry.district_code for suspect in found.suspects} == {None}


def test_district_folder_of_the_operator_may_lie_elsewhere(inbox: InboxUnderTest, tmp_path: Path) -> None:
    (inbox.district / SCHOOL).rmdir()
    inbox.district.rename(tmp_path / "chroot")
    inbox.district.symlink_to(tmp_path / "chroot")
    (inbox.district / "a.csv").write_text("x")
    assert ready(inbox.look()) == ["a.csv"]


@pytest.mark.parametrize(
    "name, shown",
    [
        (b"caf\xe9.csv", r"caf\xe9.csv"),
        ("Muñoz 1.csv".encode(), "Muñoz 1.csv"),
        (b"a\nb.csv", r"a\x0ab.csv"),
        (b"-rf *;$(id)", "-rf *;$(id)"),
        ("\u202ecsv.exe".encode(), r"\u202ecsv.exe"),
        (b"x" * 255, "x" * 255),
    ],
)
def test_names_are_bytes_of_any_kind(inbox: InboxUnderTest, name: bytes, shown: str) -> None:
    (inbox.district / os.fsdecode(name)).write_text("x")
    (entry,) = inbox.look().ready
    assert os.fsencode(entry.path.name) == name
    assert entry.file_name == shown


def test_inbox_that_is_gone_is_empty(inbox: InboxUnderTest) -> None:
    inbox.root.rename(inbox.root.with_name("moved"))
    assert inbox.look() == Inbox((), (), (), ())
