"""What districts, operators and clocks do while a run is at work: nothing is lost, nobody is stopped by somebody else's file."""

import fcntl
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import flows.receiving as receiving
from flows.confirm import confirm_submission
from flows.run import run_inbox
from flows.session import open_session
from matching.student_ids import SystemIdSource
from schemas.clock import FixedClock
from schemas.database import open_state
from schemas.errors import Busy
from schemas.inbox.claim import Claim, claim_file, release_claim
from schemas.inbox.look import Entry
from schemas.paths import StateHome
from tests.flows.certifying import certify_trial
from tests.flows.small_files import (  # fmt: skip
    HERE,
    OCTOBER,
    THERE,
    child,
    core_file,
    drop,
    id_batch,
    ids,
    new_home,
    receipt_of,
    receipts,
    run,
)

CHILDREN = [child(number) for number in range(6)]


@pytest.fixture
def home(tmp_path: Path) -> StateHome:
    return new_home(tmp_path)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2025, 10, 6, 14, tzinfo=UTC))


def waiting_files(home: StateHome) -> list[Path]:
    return [path for path in home.inbox.rglob("*") if path.is_file()]


def count(home: StateHome, query: str) -> int:
    con = open_state(home, read_only=True)
    try:
        ((found,),) = con.execute(query).fetchall()
        return int(found)
    finally:
        con.close()


def test_a_second_run_leaves_without_a_trace(home: StateHome, clock: FixedClock) -> None:
    dropped = drop(home, HERE, "batch.txt", id_batch(HERE, CHILDREN))
    before = home.database.read_bytes()
    with home.lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Busy):
            run(home, clock)
    assert waiting_files(home) == [dropped]
    assert home.database.read_bytes() == before and not list(home.journal.iterdir())


def between_look_and_claim(patch: pytest.MonkeyPatch, act: Callable[[Entry], None]) -> None:
    """Do something to a file after it was found whole and before it is claimed."""

    def claim(entry: Entry) -> Claim | None:
        act(entry)
        return claim_file(entry)

    patch.setattr(receiving, "claim_file", claim)


def test_a_file_replaced_after_the_look_is_taken_by_the_next_run(
    home: StateHome, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(home, HERE, "batch.txt", id_batch(HERE, CHILDREN[:2]))
    with monkeypatch.context() as patch:
        between_look_and_claim(patch, lambda entry: drop(home, HERE, "batch.txt", id_batch(HERE, CHILDREN)) and None)
        first = run(home, clock)
    assert first.file_count == 0 and "still being written" in first.notes[0]
    assert run(home, clock).files["accepted"] == 1
    assert len(ids(home, "batch.txt")) == len(CHILDREN) and not waiting_files(home)


def test_a_file_taken_away_after_the_look_is_no_fault(
    home: StateHome, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(home, HERE, "a.txt", id_batch(HERE, CHILDREN[:2]))
    drop(home, THERE, "b.txt", id_batch(THERE, CHILDREN[2:]))
    between_look_and_claim(monkeypatch, lambda entry: entry.path.unlink() if entry.path.name == "a.txt" else None)
    assert run(home, clock).files == {"accepted": 1}


@pytest.mark.slow
def test_a_district_folder_taken_away_after_the_look_is_no_fault(
    home: StateHome, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(home, HERE, "a.txt", id_batch(HERE, CHILDREN[:2]))
    drop(home, THERE, "b.txt", id_batch(THERE, CHILDREN[2:]))
    between_look_and_claim(
        monkeypatch, lambda entry: shutil.rmtree(entry.path.parent) if entry.path.name == "a.txt" else None
    )
    assert run(home, clock).files == {"accepted": 1}


def test_a_folder_of_a_district_that_is_missing_stops_nobody(home: StateHome, clock: FixedClock) -> None:
    shutil.rmtree(home.inbox / HERE)
    shutil.rmtree(home.outbox_of(THERE))
    drop(home, THERE, "b.txt", id_batch(THERE, CHILDREN))
    assert run(home, clock).files == {"accepted": 1}
    assert len(ids(home, "b.txt")) == len(CHILDREN)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["file", "link", "dangling link"])
def test_something_in_the_place_of_the_claim_folder_stops_nobody(home: StateHome, clock: FixedClock, kind: str) -> None:
    place = home.inbox / HERE / ".claimed"
    if kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to(home.root / ("nowhere" if kind == "dangling link" else "outbox"))
    drop(home, HERE, "a.txt", id_batch(HERE, CHILDREN[:2]))
    drop(home, THERE, "b.txt", id_batch(THERE, CHILDREN[2:]))
    assert run(home, clock).files == {"accepted": 2}
    assert not list(home.outbox.glob("*.txt")), "nothing was moved through the link"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["oct\nober.csv", "-rf", "\udcff\udcfe.txt", "n" * 255, "é" * 127, "a b;c&d.txt"])
def test_odd_names_are_taken_like_others(home: StateHome, clock: FixedClock, name: str) -> None:
    drop(home, HERE, name, id_batch(HERE, CHILDREN))
    assert run(home, clock).files == {"accepted": 1}
    (receipt,) = receipts(home).values()
    assert receipt["ids"]["new"] == len(CHILDREN) and receipt["file_name"].isprintable()
    assert not waiting_files(home)


@pytest.mark.slow
def test_two_uploads_of_one_name_are_two_files(
    home: StateHome, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is uploaded while the first is at work."""
    drop(home, HERE, "batch.txt", id_batch(HERE, CHILDREN[:2]))
    real = receiving.archive_claim

    def upload_again(*args: object) -> object:
        kept = real(*args)  # type: ignore[arg-type]
        drop(home, HERE, "batch.txt", id_batch(HERE, CHILDREN[2:], number=2))
        return kept

    with monkeypatch.context() as patch:
        patch.setattr(receiving, "archive_claim", upload_again)
        assert run(home, clock).files == {"accepted": 1}
    assert len(waiting_files(home)) == 1
    clock.advance(minutes=5)
    assert run(home, clock).files == {"accepted": 1}
    assert sum(receipt["ids"]["new"] for receipt in receipts(home).values()) == len(CHILDREN)


@pytest.mark.slow
def test_what_comes_after_something_quarantined_under_its_name_is_not_touched(
    home: StateHome, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link was quarantined unopened; before its receipt is out, the district uploads a real file of that name."""
    (home.inbox / HERE / "core.csv").symlink_to("/etc/hostname")
    real = receiving.quarantine_suspect

    def upload_again(*args: object) -> object:
        moved = real(*args)  # type: ignore[arg-type]
        drop(home, HERE, "core.csv", core_file(HERE, CHILDREN))
        drop(home, HERE, "other.csv.sha256", b"0" * 64)
        return moved

    with monkeypatch.context() as patch:
        patch.setattr(receiving, "quarantine_suspect", upload_again)
        assert run(home, clock).files == {"quarantined": 1}
    assert sorted(path.name for path in waiting_files(home)) == ["core.csv", "other.csv.sha256"]
    assert run(home, clock).files == {"accepted": 1}


def test_the_inbox_of_a_district_outlives_what_was_quarantined_from_it(home: StateHome, clock: FixedClock) -> None:
    os.mkfifo(home.inbox / HERE / "pipe")
    assert run(home, clock).files == {"quarantined": 1}
    assert (home.inbox / HERE).is_dir()


def pending_claim(home: StateHome, district: str, name: str, content: bytes) -> None:
    """What a run leaves that was killed after claiming a file."""
    folder = home.inbox / district / ".claimed" / f"{len(list(home.inbox.rglob('.claimed/*'))):016x}"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)


@pytest.mark.slow
def test_a_correction_dropped_while_a_claim_is_pending_stands(home: StateHome, clock: FixedClock) -> None:
    pending_claim(home, HERE, "z-first.csv", core_file(HERE, CHILDREN))
    drop(home, HERE, "a-correction.csv", core_file(HERE, [*CHILDREN, child(7)]))
    run(home, clock)
    assert receipt_of(home, "z-first.csv")["status"] == "superseded"
    assert receipt_of(home, "a-correction.csv")["status"] == "trial"
    assert count(home, "SELECT count(*) FROM state.collection.student_core") == len(CHILDREN) + 1


@pytest.mark.parametrize("records_per_group", [pytest.param(3, marks=pytest.mark.slow), 1000])
def test_of_two_files_dropped_before_one_run_the_later_upload_stands(
    home: StateHome, clock: FixedClock, records_per_group: int
) -> None:
    home.settings_file.write_text(home.settings_file.read_text() + f"\nrecords_per_group = {records_per_group}\n")
    drop(home, HERE, "final.csv", core_file(HERE, CHILDREN))
    drop(home, HERE, "corrected.csv", core_file(HERE, [*CHILDREN, child(7)]))
    run(home, clock)
    assert count(home, "SELECT count(*) FROM state.collection.student_core") == len(CHILDREN) + 1
    con = open_state(home, read_only=True)
    rows = dict(con.execute("SELECT file_name, status FROM state.intake.submission").fetchall())
    con.close()
    assert rows == {"final.csv": "superseded", "corrected.csv": "trial"}


@pytest.mark.slow
def test_the_same_bytes_after_another_file_of_one_run_are_no_duplicate(home: StateHome, clock: FixedClock) -> None:
    """Dropped: the file, a correction, and the file again. What was dropped last stands."""
    drop(home, HERE, "1.csv", core_file(HERE, CHILDREN))
    drop(home, HERE, "2.csv", core_file(HERE, [*CHILDREN, child(7)]))
    drop(home, HERE, "3.csv", core_file(HERE, CHILDREN))
    run(home, clock)
    con = open_state(home, read_only=True)
    rows = dict(con.execute("SELECT file_name, status FROM state.intake.submission").fetchall())
    con.close()
    assert rows == {"1.csv": "superseded", "2.csv": "superseded", "3.csv": "trial"}


@pytest.mark.slow
def test_the_same_bytes_twice_before_one_run_are_one_file_and_one_duplicate(home: StateHome, clock: FixedClock) -> None:
    for name in ("1.txt", "2.txt"):
        drop(home, HERE, name, id_batch(HERE, CHILDREN))
        drop(home, HERE, f"core{name}", core_file(HERE, CHILDREN))
    assert run(home, clock).files == {"accepted": 2, "duplicate": 2}
    assert receipt_of(home, "2.txt")["duplicate_of"] == receipt_of(home, "1.txt")["submission_id"]
    assert count(home, "SELECT count(*) FROM state.identity.student") == len(CHILDREN)


@pytest.mark.slow
def test_a_part_of_a_file_waits_even_when_the_whole_came_in_the_same_run(home: StateHome, clock: FixedClock) -> None:
    drop(home, HERE, "1.csv", core_file(HERE, CHILDREN))
    drop(home, HERE, "2.csv", core_file(HERE, CHILDREN[:3]))
    run(home, clock)
    assert receipt_of(home, "2.csv")["status"] == "waiting"
    assert count(home, "SELECT count(*) FROM state.collection.student_core") == len(CHILDREN)


@pytest.mark.slow
def test_a_part_of_a_certified_file_waits(home: StateHome, clock: FixedClock) -> None:
    drop(home, HERE, "batch.txt", id_batch(HERE, CHILDREN))
    run(home, clock)
    drop(home, HERE, "1.csv", core_file(HERE, CHILDREN))
    run(home, clock)
    assert certify_trial(home, HERE, OCTOBER, actor="tester", clock=clock).is_certified
    clock.advance(days=1)
    drop(home, HERE, "2.csv", core_file(HERE, CHILDREN[:3]))
    run(home, clock)
    assert receipt_of(home, "2.csv")["status"] == "waiting"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["drop again", "confirm"])
def test_a_confirmed_file_waits_no_longer(home: StateHome, clock: FixedClock, way: str) -> None:
    drop(home, HERE, "1.csv", core_file(HERE, CHILDREN))
    run(home, clock)
    clock.advance(minutes=5)
    drop(home, HERE, "2.csv", core_file(HERE, CHILDREN[:3]))
    run(home, clock)
    waiting = receipt_of(home, "2.csv")["submission_id"]
    clock.advance(minutes=5)
    if way == "confirm":
        confirm_submission(home, waiting, clock=clock)
    else:
        drop(home, HERE, "2-again.csv", core_file(HERE, CHILDREN[:3]))
    run(home, clock)
    assert count(home, "SELECT count(*) FROM state.collection.student_core") == 3
    assert count(home, "SELECT count(*) FROM state.intake.submission WHERE status = 'waiting'") == 0
    clock.advance(minutes=5)
    drop(home, HERE, "3.csv", core_file(HERE, CHILDREN))
    run(home, clock)
    clock.advance(minutes=5)
    drop(home, HERE, "part.csv", core_file(HERE, CHILDREN[:3]))
    run(home, clock)
    assert receipt_of(home, "part.csv")["status"] == "waiting", (
        "an old confirmation must not let the file pass for ever"
    )


@pytest.mark.slow
def test_a_clock_set_back_loses_and_doubles_nothing(home: StateHome, clock: FixedClock) -> None:
    drop(home, HERE, "1.csv", core_file(HERE, CHILDREN))
    drop(home, HERE, "batch.txt", id_batch(HERE, CHILDREN))
    run(home, clock)
    clock.advance(days=-40)
    drop(home, HERE, "2.csv", core_file(HERE, [*CHILDREN, child(7)]))
    drop(home, HERE, "batch2.txt", id_batch(HERE, [*CHILDREN, child(7)]))
    run(home, clock)
    assert receipt_of(home, "2.csv")["status"] == "trial"
    assert count(home, "SELECT count(*) FROM state.identity.student") == len(CHILDREN) + 1
    assert count(home, "SELECT count(*) FROM state.collection.student_core") == len(CHILDREN) + 1
    assert ids(home, "batch.txt").items() <= ids(home, "batch2.txt").items()


@pytest.mark.slow
def test_a_clock_set_back_during_a_run_does_not_turn_the_order_of_two_files(home: StateHome) -> None:
    class BackwardClock(FixedClock):
        def now(self) -> datetime:
            self.advance(seconds=-1)
            return self.moment

    drop(home, HERE, "1.csv", core_file(HERE, CHILDREN))
    drop(home, HERE, "2.csv", core_file(HERE, [*CHILDREN, child(7)]))
    run(home, BackwardClock(datetime(2025, 10, 6, 14, tzinfo=UTC)))
    assert count(home, "SELECT count(*) FROM state.collection.student_core") == len(CHILDREN) + 1


def test_a_claim_of_a_district_that_left_the_directory_stops_nobody(home: StateHome, clock: FixedClock) -> None:
    pending_claim(home, "099099", "old.csv", core_file(HERE, CHILDREN))
    drop(home, THERE, "b.txt", id_batch(THERE, CHILDREN))
    summary = run(home, clock)
    assert summary.files == {"accepted": 1, "quarantined": 1}
    assert not (home.root / "outbox" / "099099").exists()
    assert list(home.quarantine.rglob("old.csv"))


@pytest.mark.slow
def test_a_correction_after_certification_leaves_the_certified_file(home: StateHome, clock: FixedClock) -> None:
    drop(home, HERE, "1.csv", core_file(HERE, CHILDREN))
    drop(home, HERE, "batch.txt", id_batch(HERE, CHILDREN))
    run(home, clock)
    assert certify_trial(home, HERE, OCTOBER, actor="tester", clock=clock).is_certified
    clock.advance(days=1)
    drop(home, HERE, "2.csv", core_file(HERE, [*CHILDREN, child(7)]))
    run(home, clock)
    assert count(home, "SELECT count(*) FROM state.intake.submission WHERE status = 'certified'") == 1
    assert count(home, "SELECT count(*) FROM state.collection.student_core") == 2 * len(CHILDREN) + 1
    assert certify_trial(home, HERE, OCTOBER, actor="tester", clock=clock).is_certified
    assert count(home, "SELECT count(*) FROM state.collection.student_core") == len(CHILDREN) + 1


@pytest.mark.slow
def test_a_building_and_the_district_are_two_trials(home: StateHome, clock: FixedClock) -> None:
    drop(home, HERE, "district.csv", core_file(HERE, CHILDREN[:3]))
    drop(home, HERE, "building.csv", core_file(HERE, CHILDREN[3:]), school="1050")
    run(home, clock)
    clock.advance(days=1)
    drop(home, HERE, "building.csv", core_file(HERE, [*CHILDREN[3:], child(7)]), school="1050")
    run(home, clock)
    assert count(home, "SELECT count(*) FROM state.intake.submission WHERE status = 'trial'") == 2
    assert count(home, "SELECT count(*) FROM state.collection.student_core") == len(CHILDREN) + 1


@pytest.mark.slow
def test_a_plan_of_a_killed_run_is_finished_after_somebody_certified(home: StateHome, clock: FixedClock) -> None:
    """Certifying takes the lock but finishes no plan: what the plan still owes is written later all the same."""
    drop(home, HERE, "batch.txt", id_batch(HERE, CHILDREN))
    run(home, clock)
    drop(home, HERE, "1.csv", core_file(HERE, CHILDREN))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.reporting.ReportDesk._report", lambda *args: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            run(home, clock)
    assert certify_trial(home, HERE, OCTOBER, actor="tester", clock=clock).is_certified
    run_inbox(home, clock=clock, id_source=SystemIdSource(), settle=0)
    receipt = receipt_of(home, "1.csv")
    assert receipt["status"] == "certified" and receipt["violations_file"] == "violations.csv"
    with open_session(home, clock) as session:
        assert session.reservations.frame.is_empty()


@pytest.mark.slow
@pytest.mark.parametrize("step", ["claim_file", "archive_claim"])
def test_a_file_that_this_account_may_not_touch_stops_nobody(
    home: StateHome, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    drop(home, HERE, "closed.txt", id_batch(HERE, CHILDREN[:2]))
    drop(home, THERE, "b.txt", id_batch(THERE, CHILDREN[2:]))
    real = getattr(receiving, step)

    def deny(what: Entry | Claim, *others: object) -> object:
        if what.path.name == "closed.txt":
            raise PermissionError(13, "Permission denied", str(what.path))
        return real(what, *others)

    with monkeypatch.context() as patch:
        patch.setattr(receiving, step, deny)
        summary = run(home, clock)
    assert summary.files == {"accepted": 1} and "closed.txt" in summary.notes[0]
    clock.advance(minutes=5)
    assert run(home, clock).files == {"accepted": 1}
    assert len(ids(home, "closed.txt")) == 2


def test_letting_go_a_claim_twice_is_no_fault(home: StateHome) -> None:
    pending_claim(home, HERE, "a.csv", b"x")
    (path,) = home.inbox.rglob("a.csv")
    for _ in range(2):
        release_claim(Claim(path, HERE, None))
    assert (home.inbox / HERE).is_dir()
