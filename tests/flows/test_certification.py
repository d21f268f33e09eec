"""Certifying by a dropped file, taking back, closed and extended collections, pilots: the whole way through a run."""

import csv
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows.certification import (
    approve_request,
    certify_many,
    look_at_certificate,
    refuse_request,
    take_certificate_back,
)
from flows.cycles import CycleOrder, change_cycle
from flows.publication import count_cells, release_cells
from flows.session import Session, open_session
from outputs.certification.register import load_certificates
from outputs.certification.requests import load_requests
from outputs.certification.verification import verify_certificate
from schemas.clock import FixedClock
from schemas.errors import MosisError, UsageError
from schemas.faults import KILLED, VARIABLE
from schemas.paths import StateHome
from tests.flows.small_files import HERE, OCTOBER, THERE, child, core_file, drop, new_home, receipt_of, run


@pytest.fixture
def home(tmp_path: Path) -> StateHome:
    return new_home(tmp_path)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2025, 10, 6, 14, tzinfo=UTC))


@contextmanager
def at_work(home: StateHome, clock: FixedClock) -> Iterator[Session]:
    with open_session(home, clock) as session:
        yield session


def send(home: StateHome, clock: FixedClock, name: str, children: list[dict[str, str]], district: str = HERE) -> str:
    """Send October; gives the submission."""
    drop(home, district, name, core_file(district, children))
    run(home, clock)
    return str(receipt_of(home, name)["submission_id"])


def form(home: StateHome, submission: str, *, kind: str = "certify", district: str = HERE, **cells: str) -> bytes:
    """The form that lies beside a report, signed."""
    path = home.outbox / district / submission / f"{kind}_{submission}.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    rows[0] |= {"SignedBy": "Ruth Ames", "Title": "Superintendent", "Date": "10/06/2025", **cells}
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def statuses(home: StateHome, clock: FixedClock) -> dict[str, str]:
    with at_work(home, clock) as session:
        return dict(
            session.con.execute(
                "SELECT file_name, status FROM intake.submission WHERE layout = 'student_core'"
            ).fetchall()
        )


@pytest.mark.slow
def test_district_certifies_by_its_own_file(home: StateHome, clock: FixedClock) -> None:
    submission = send(home, clock, "core.csv", [child(1), child(2)])
    signed = form(home, submission)
    drop(home, THERE, "theirs.csv", signed)
    drop(home, HERE, "certificate.csv", signed)
    run(home, clock)
    assert receipt_of(home, "theirs.csv")["outcome"] == "rejected"
    receipt = receipt_of(home, "certificate.csv")
    assert (receipt["outcome"], receipt["status"]) == ("accepted", "answered")
    assert "signed by Ruth Ames, Superintendent" in receipt["message"]
    folder = home.outbox / HERE / submission
    assert (folder / "certificate.json").exists() and (folder / f"decertify_{submission}.csv").exists()
    assert not (folder / f"certify_{submission}.csv").exists()
    assert list((home.outbox / HERE / "notices").iterdir())
    drop(home, HERE, "again.csv", signed)
    run(home, clock)
    assert receipt_of(home, "again.csv")["outcome"] == "duplicate"
    with at_work(home, clock) as session:
        (certificate,) = load_certificates(session.con)
        assert verify_certificate(session.con, home.archive, certificate).findings == ()
        assert (certificate.signed_by, certificate.signed_on) == ("Ruth Ames", date(2025, 10, 6))


@pytest.mark.slow
def test_certificate_that_comes_with_a_newer_file_is_refused(home: StateHome, clock: FixedClock) -> None:
    submission = send(home, clock, "core.csv", [child(1), child(2)])
    drop(home, HERE, "certificate.csv", form(home, submission))
    send(home, clock, "newer.csv", [child(1), child(2, grade="08")])
    assert "replaces" in receipt_of(home, "certificate.csv")["message"]
    assert statuses(home, clock) == {"core.csv": "superseded", "newer.csv": "trial"}


@pytest.mark.slow
def test_amendment_is_shown_before_it_is_certified(home: StateHome, clock: FixedClock) -> None:
    first = send(home, clock, "core.csv", [child(n) for n in range(1, 7)])
    with at_work(home, clock) as session:
        certify_many(session, OCTOBER, [HERE], all_ready=False, actor="op")
    clock.advance(days=1)
    second = send(home, clock, "core2.csv", [child(1, grade="08"), *(child(n) for n in range(2, 7))])
    folder = home.outbox / HERE / second
    shown = (folder / "amendment.csv").read_text("utf-8-sig").splitlines()
    assert len(shown) == 2 and shown[1].startswith("changed,") and shown[1].endswith("StudentGradeLevel,07,08")
    assert "1 changed (1 cell)" in (folder / "amendment.html").read_text("utf-8")
    with at_work(home, clock) as session:
        (outcome,) = certify_many(session, OCTOBER, [HERE], all_ready=False, actor="op")
        assert (
            f"It replaces the certified file {first}: 0 records added, 0 removed, 1 changed (1 cell)." in outcome.text
        )
        assert [one.ended for one in load_certificates(session.con)] == ["replaced", None]
    assert statuses(home, clock) == {"core.csv": "superseded", "core2.csv": "certified"}
    assert not (home.outbox / HERE / first / f"decertify_{first}.csv").exists()


@pytest.mark.slow
def test_superintendent_asks_to_have_a_certificate_taken_back(home: StateHome, clock: FixedClock) -> None:
    submission = send(home, clock, "core.csv", [child(1)])
    with at_work(home, clock) as session:
        certify_many(session, OCTOBER, [HERE], all_ready=False, actor="op")
    drop(home, HERE, "no_reason.csv", form(home, submission, kind="decertify"))
    drop(home, HERE, "wish.csv", form(home, submission, kind="decertify", Reason="Wrong grades"))
    run(home, clock)
    assert receipt_of(home, "no_reason.csv")["outcome"] == "rejected"
    assert "desk decides" in receipt_of(home, "wish.csv")["message"]
    with at_work(home, clock) as session:
        (request,) = load_requests(session.con, "open")
        refuse_request(session, request.request_submission_id, actor="op", reason="Send a new file instead")
        with pytest.raises(UsageError, match="was refused by op"):
            approve_request(session, request.request_submission_id, actor="op")
    assert statuses(home, clock) == {"core.csv": "certified"}
    drop(home, HERE, "wish2.csv", form(home, submission, kind="decertify", Reason="They are wrong", Title="Supt"))
    run(home, clock)
    with at_work(home, clock) as session:
        (request,) = load_requests(session.con, "open")
        approve_request(session, request.request_submission_id, actor="op")
        assert {one.status for one in load_requests(session.con)} == {"refused", "approved"}
    assert statuses(home, clock) == {"core.csv": "trial"}
    texts = " ".join(path.read_text("utf-8") for path in (home.outbox / HERE / "notices").iterdir())
    assert "Send a new file instead" in texts and "They are wrong" in texts


@pytest.mark.slow
def test_what_was_built_on_a_certificate_is_named_and_stale_counts_are_not_published(
    home: StateHome, clock: FixedClock
) -> None:
    send(home, clock, "core.csv", [child(1)])
    with at_work(home, clock) as session:
        certify_many(session, OCTOBER, [HERE], all_ready=False, actor="op")
        clock.advance(hours=1)
        count_cells(session, 2026, "Oct")
        clock.advance(hours=1)
        assert "It is in the counts for publication" in look_at_certificate(session, HERE, OCTOBER).built.sentences()[0]
        with pytest.raises(UsageError, match="Say why"):
            take_certificate_back(session, HERE, OCTOBER, actor="op", reason=" ")
        take_certificate_back(session, HERE, OCTOBER, actor="op", reason="Test")
        with pytest.raises(UsageError, match="mosis aggregate --year 2026 --cycle Oct"):
            release_cells(session, 2026, "Oct")
        with pytest.raises(MosisError, match="is not certified"):
            look_at_certificate(session, HERE, OCTOBER)


@pytest.mark.slow
def test_closed_collection_refuses_and_an_extension_takes(home: StateHome, clock: FixedClock) -> None:
    def order(*words: object, **more: object) -> str:
        with at_work(home, clock) as session:
            return change_cycle(session, CycleOrder(*words, **more), actor="op", reason="Flood")  # type: ignore[arg-type]

    order("close", OCTOBER)
    with pytest.raises(UsageError, match="closed already"):
        order("close", OCTOBER)
    send(home, clock, "core.csv", [child(1)])
    receipt = receipt_of(home, "core.csv")
    assert receipt["outcome"] == "rejected" and "(Flood)" in receipt["message"]
    order("open", OCTOBER, HERE, date(2025, 10, 20))
    clock.advance(days=12)
    send(home, clock, "core2.csv", [child(1)])
    assert "late" not in " ".join(receipt_of(home, "core2.csv")["next_steps"])
    drop(home, THERE, "theirs.csv", core_file(THERE, [child(2)]))
    run(home, clock)
    assert receipt_of(home, "theirs.csv")["outcome"] == "rejected"
    with pytest.raises(UsageError, match="lies before today"):
        order("extend", OCTOBER, None, date(2025, 10, 1))


@pytest.mark.slow
def test_pilot_runs_every_stage_and_counts_nowhere(home: StateHome, clock: FixedClock) -> None:
    def pilot(is_pilot: bool) -> str:
        with at_work(home, clock) as session:
            order = CycleOrder("open", OCTOBER, is_pilot=is_pilot)
            return change_cycle(session, order, actor="op", reason=None)

    assert "permanent state IDs" in pilot(True)
    submission = send(home, clock, "core.csv", [child(1)])
    receipt = receipt_of(home, "core.csv")
    assert "This is a pilot" in receipt["message"] and receipt["ids"]["new"] == 1
    assert "This is a pilot" in (home.outbox / HERE / submission / "violations.html").read_text("utf-8")
    with at_work(home, clock) as session:
        (outcome,) = certify_many(session, OCTOBER, [HERE], all_ready=True, actor="op")
        assert outcome.certified is not None and "nothing of it is counted" in outcome.text
        with pytest.raises(UsageError, match="nothing to count"):
            count_cells(session, 2026, "Oct")
    assert "1 file of it was set aside" in pilot(False)
    send(home, clock, "real.csv", [child(1)])
    assert receipt_of(home, "real.csv")["ids"]["confirmed"] + receipt_of(home, "real.csv")["ids"]["reused"] == 1
    with pytest.raises(UsageError, match="cannot become a pilot"):
        pilot(True)


KILLED_COMMAND = """
import sys
from pathlib import Path
from flows.certification import certify_many
from flows.session import open_session
from schemas.clock import SystemClock
from schemas.paths import StateHome
with open_session(StateHome.open(Path(sys.argv[1])), SystemClock()) as session:
    certify_many(session, sys.argv[2], [sys.argv[3]], all_ready=False, actor="op")
"""


@pytest.mark.slow
@pytest.mark.parametrize("point", ["after_journal", "after_commit"])
def test_certificate_cut_off_by_a_crash_is_finished_and_told(home: StateHome, clock: FixedClock, point: str) -> None:
    submission = send(home, clock, "core.csv", [child(1)])
    command = [sys.executable, "-c", KILLED_COMMAND, str(home.root), OCTOBER, HERE]
    done = subprocess.run(command, env={**os.environ, VARIABLE: point}, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == KILLED
    run(home, clock)
    assert statuses(home, clock) == {"core.csv": "certified"}
    assert (home.outbox / HERE / submission / "certificate.json").exists()
    assert list((home.outbox / HERE / "notices").iterdir())
