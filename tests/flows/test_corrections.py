"""Corrections the whole way: districts and vendor are told, windows and second persons are waited for, kills lose nothing."""

import csv
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.corrections import (
    Ordered,
    approve_correction,
    merge_ids,
    order_correction,
    preview_correction,
    withdraw_correction,
)
from flows.publication import deliver_precode
from flows.session import Session, open_session
from matching.corrections.change import Order
from matching.corrections.register import load_correction, load_corrections
from matching.journal import Journal
from matching.student_ids import SystemIdSource
from schemas.clock import FixedClock
from schemas.database import open_state
from schemas.errors import UsageError
from schemas.paths import StateHome
from tests.flows.certifying import certify_trial
from tests.flows.small_files import HERE, OCTOBER, THERE, child, core_file, drop, ids, new_home, receipt_of, run

pytestmark = pytest.mark.slow

MOSIS = str(Path(sys.executable).with_name("mosis"))
WINDOW = 'testing_windows = [{ assessment = "MAPSPR", opens = 2026-03-30, closes = 2026-05-22 }]\n'
REASON = "One child, confirmed by both districts"


@pytest.fixture(scope="module")
def delivered_home(tmp_path_factory: pytest.TempPathFactory) -> StateHome:
    """Two districts with two children each, certified, and in a pre-code delivery."""
    home, clock = new_home(tmp_path_factory.mktemp("delivered")), FixedClock(datetime(2025, 10, 6, 14, tzinfo=UTC))
    drop(home, HERE, "here.csv", core_file(HERE, [child(1), child(2)]))
    drop(home, THERE, "there.csv", core_file(THERE, [child(3), child(4)]))
    run(home, clock)
    for district in (HERE, THERE):
        assert certify_trial(home, district, OCTOBER, actor="tester", clock=clock).is_certified
    clock.advance(days=60)
    deliver_precode(home, "MAPSPR", 2026, actor="tester", clock=clock)
    return home


@pytest.fixture
def home(delivered_home: StateHome, tmp_path: Path) -> StateHome:
    """A copy of that home for one test."""
    shutil.copytree(delivered_home.root, tmp_path / "home", symlinks=True)
    return StateHome.open(tmp_path / "home")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 4, 6, 14, tzinfo=UTC))


@pytest.fixture
def numbers(home: StateHome) -> tuple[str, str]:
    """The number of a child here and of one there."""
    return ids(home, "here.csv")[2], ids(home, "there.csv")[2]


@contextmanager
def session(home: StateHome, clock: FixedClock) -> Iterator[Session]:
    with open_session(StateHome.open(home.root), clock) as opened:
        yield opened


def merge(home: StateHome, clock: FixedClock, numbers: tuple[str, str]) -> Ordered:
    with session(home, clock) as opened:
        return merge_ids(opened, *numbers, actor="ann", reason=REASON)


def set_up(home: StateHome, text: str) -> None:
    home.settings_file.write_text(text)


def rows(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")))


def notice_folder(home: StateHome, district: str) -> Path:
    (folder,) = (home.outbox_of(district) / "id_changes").iterdir()
    return folder


def standing(home: StateHome, state_id: str) -> tuple[str, str | None]:
    con = open_state(home, read_only=True)
    try:
        return con.execute(
            "SELECT status, merged_into FROM state.identity.student WHERE state_id = ?", [state_id]
        ).fetchall()[0]
    finally:
        con.close()


def test_each_district_is_told_of_its_own_students_only(
    home: StateHome, clock: FixedClock, numbers: tuple[str, str]
) -> None:
    keep, other = numbers
    ordered = merge(home, clock, numbers)
    assert ordered.status == "applied" and standing(home, other) == ("merged", keep)
    there, here = notice_folder(home, THERE), notice_folder(home, HERE)
    assert there.name == f"2026-04-06-act-{ordered.act_number}"
    changed = rows(there / "id_crosswalk.csv")
    assert changed[0][:6] == [
        "old_state_id",
        "new_state_id",
        "effective_at",
        "reason",
        "local_student_id",
        "school_code",
    ]
    assert [row[:6] for row in changed[1:]] == [[other, keep, "2026-04-06T14:00:00Z", "MERGED", "1003", "4020"]]
    assert [row[:5] for row in rows(here / "id_crosswalk.csv")[1:]] == [
        [keep, keep, "2026-04-06T14:00:00Z", "UNCHANGED", "1001"]
    ]
    told = "".join((here / name).read_text("utf-8") for name in ("notice.txt", "notice.html", "id_crosswalk.csv"))
    assert "1003" not in told and THERE not in told and other not in told
    assert child(1)["last_name"] not in told


def test_vendor_who_was_sent_the_old_number_gets_a_crosswalk(
    home: StateHome, clock: FixedClock, numbers: tuple[str, str]
) -> None:
    keep, other = numbers
    act = merge(home, clock, numbers).act_number
    clock.advance(hours=1)
    with session(home, clock) as opened:
        undo = Order("undo", act_number=act)
        order_correction(opened, undo, actor="ann", reason="Two children", id_source=SystemIdSource())
    crosswalk = rows(home.precode / "MAPSPR" / "id_crosswalk_2026-04-06.csv")
    assert [row[:2] + row[3:4] + row[6:] for row in crosswalk[1:]] == [
        [other, keep, "MERGED", "1003"],
        [keep, other, "UNDONE", "1003"],
    ]


def test_crosswalk_for_a_vendor_is_in_the_log_of_disclosures(
    home: StateHome, clock: FixedClock, numbers: tuple[str, str]
) -> None:
    act = merge(home, clock, numbers).act_number
    with session(home, clock) as opened:
        logged = opened.con.execute(
            "SELECT actor, purpose, recipient, list(state_id ORDER BY state_id) FROM access.log JOIN access.disclosed "
            "USING (seq) WHERE starts_with(purpose, 'crosswalk') GROUP BY ALL"
        ).fetchall()
    assert logged == [("ann", f"crosswalk of state IDs, correction {act}", "vendor of MAPSPR", sorted(numbers))]


def test_command_shows_before_it_does(home: StateHome, numbers: tuple[str, str]) -> None:
    from typer.testing import CliRunner

    from flows.cli.app import app

    def say(*arguments: str) -> str:
        return CliRunner().invoke(app, ["ids", *arguments, "--home", str(home.root)], catch_exceptions=False).output

    keep, other = numbers
    shown = say("merge", keep, other, "--keep", keep, "--dry-run")
    assert "nothing is changed" in shown and f"{other}: active -> merged into {keep}" in shown
    assert child(1)["last_name"] not in shown and child(3)["last_name"] not in shown
    assert say("acts") == "Nothing was merged, split, retired or undone.\n"
    done = say("merge", keep, other, "--keep", keep, "--reason", REASON, "--actor", "ann")
    assert f"{other} is merged into {keep}" in done and f"Told: {HERE}, {THERE}, MAPSPR" in done.replace(
        f"{THERE}, {HERE}", f"{HERE}, {THERE}"
    )
    assert f"by ann: {REASON}" in say("acts", "--id", other)
    assert '"effect": "stays"' in say("split", keep, "--to", other, "--dry-run", "--json")


def test_preview_changes_nothing_and_names_every_row(
    home: StateHome, clock: FixedClock, numbers: tuple[str, str]
) -> None:
    order = Order("merge", state_id=numbers[0], other_id=numbers[1], keeps=numbers[0])
    with session(home, clock) as opened:
        tables = "student", "record", "event", "decision", "correction", "correction_line"
        before = [opened.con.execute(f"SELECT * FROM identity.{table} ORDER BY ALL").fetchall() for table in tables]
        preview = preview_correction(opened, order, actor="ann", id_source=SystemIdSource())
        after = [opened.con.execute(f"SELECT * FROM identity.{table} ORDER BY ALL").fetchall() for table in tables]
    assert after == before
    touched = {(row.table, row.district_code, row.standing, row.effect) for row in preview.rows}
    assert touched == {
        (table, district, "certified", effect)
        for table in ("identity.record", "identity.assignment", "collection.student_core", "precode.record")
        for district, effect in ((HERE, "stays"), (THERE, "follows"))
    }


def test_labels_follow_corrections_and_certified_rows_stay(
    home: StateHome, clock: FixedClock, numbers: tuple[str, str]
) -> None:
    """Two children were merged by mistake, so one lost its label; a split brings both back, without touching a row."""
    keep, other = numbers
    before = stored(home)
    merge(home, clock, numbers)
    deliver_precode(home, "MAPSPR", 2026, actor="tester", clock=clock)
    assert sum(state_id in numbers for state_id in labels(home)) == 1
    clock.advance(days=1)
    with session(home, clock) as opened:
        split = Order("split", state_id=keep, other_id=other)
        order_correction(opened, split, actor="ann", reason="Two children", id_source=SystemIdSource())
    deliver_precode(home, "MAPSPR", 2026, actor="tester", clock=clock)
    assert sum(state_id in numbers for state_id in labels(home)) == 2
    assert stored(home) == before


def labels(home: StateHome) -> list[str]:
    """Numbers of the students in the latest delivery."""
    con = open_state(home, read_only=True)
    try:
        rows = con.execute(
            "SELECT state_id FROM state.precode.record JOIN state.precode.delivery USING (delivery_id) "
            'WHERE is_included QUALIFY rank() OVER (ORDER BY "at" DESC) = 1'
        ).fetchall()
    finally:
        con.close()
    return [state_id for (state_id,) in rows]


def stored(home: StateHome) -> list[tuple[object, ...]]:
    con = open_state(home, read_only=True)
    try:
        return con.execute("SELECT * FROM state.collection.student_core ORDER BY submission_id, line_number").fetchall()
    finally:
        con.close()


def test_act_waits_for_the_testing_window_and_is_carried_out_by_the_next_run(
    home: StateHome, clock: FixedClock, numbers: tuple[str, str]
) -> None:
    set_up(home, WINDOW)
    ordered = merge(home, clock, numbers)
    assert (ordered.status, str(ordered.window and ordered.window.closes)) == ("waiting", "2026-05-22")
    assert run(StateHome.open(home.root), clock).notes == []
    assert standing(home, numbers[1]) == ("active", None)
    assert not (home.outbox_of(THERE) / "id_changes").exists()
    clock.moment = datetime(2026, 5, 23, 14, tzinfo=UTC)
    note, *_ = run(StateHome.open(home.root), clock).notes
    assert f"Act {ordered.act_number}" in note and "was carried out" in note
    assert standing(home, numbers[1]) == ("merged", numbers[0])
    assert (home.precode / "MAPSPR" / "id_crosswalk_2026-05-23.csv").is_file()
    assert notice_folder(home, THERE).name == f"2026-05-23-act-{ordered.act_number}"


def test_waiting_act_that_no_longer_fits_is_refused_with_the_reason(
    home: StateHome, clock: FixedClock, numbers: tuple[str, str]
) -> None:
    set_up(home, WINDOW)
    first = merge(home, clock, numbers)
    clock.advance(minutes=1)
    second = merge(home, clock, numbers)
    clock.moment = datetime(2026, 5, 23, 14, tzinfo=UTC)
    _, note, *_ = run(StateHome.open(home.root), clock).notes
    assert f"Act {second.act_number}" in note and "was refused" in note and "leads there already" in note
    with session(home, clock) as opened:
        assert load_correction(opened.con, first.act_number).status == "applied"
        refused = load_correction(opened.con, second.act_number)
        assert refused.status == "refused" and "leads there already" in (refused.note or "")


def test_second_person_has_to_agree_and_is_not_the_first(
    home: StateHome, clock: FixedClock, numbers: tuple[str, str]
) -> None:
    set_up(home, "second_approver = true\n")
    act = merge(home, clock, numbers).act_number
    assert standing(home, numbers[1]) == ("active", None)
    with session(home, clock) as opened:
        with pytest.raises(UsageError, match="another person"):
            approve_correction(opened, act, actor="Ann", id_source=SystemIdSource())
        (said,) = approve_correction(opened, act, actor="bea", id_source=SystemIdSource())
        assert "was carried out" in said
        correction = load_correction(opened.con, act)
        assert (correction.status, correction.approver, correction.actor) == ("applied", "bea", "ann")
        with pytest.raises(UsageError, match="waits for nobody"):
            approve_correction(opened, act, actor="bea", id_source=SystemIdSource())
    assert standing(home, numbers[1]) == ("merged", numbers[0])


def test_withdrawn_act_is_never_carried_out(home: StateHome, clock: FixedClock, numbers: tuple[str, str]) -> None:
    set_up(home, "second_approver = true\n")
    act = merge(home, clock, numbers).act_number
    with session(home, clock) as opened:
        withdraw_correction(opened, act, actor="ann", reason="A mistake")
        with pytest.raises(UsageError, match="withdrawn"):
            approve_correction(opened, act, actor="bea", id_source=SystemIdSource())
    assert run(StateHome.open(home.root), clock).notes == []
    assert standing(home, numbers[1]) == ("active", None)


def test_blank_reason_is_refused(home: StateHome, clock: FixedClock, numbers: tuple[str, str]) -> None:
    with session(home, clock) as opened, pytest.raises(UsageError, match="Say why"):
        merge_ids(opened, *numbers, actor="ann", reason=" ")


def mosis(home: StateHome, *arguments: str, fault: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MOSIS_HOME": str(home.root), **({"MOSIS_FAULT": fault} if fault else {})}
    return subprocess.run([MOSIS, *arguments], env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["after_journal", "after_commit"])
@pytest.mark.parametrize("next_command", [("run", "--settle", "0"), ("ids", "apply")])
def test_killed_merge_is_finished_once_and_everybody_is_told(
    home: StateHome, numbers: tuple[str, str], fault: str, next_command: tuple[str, ...]
) -> None:
    keep, other = numbers
    killed = mosis(home, "ids", "merge", keep, other, "--keep", keep, "--reason", REASON, fault=fault)
    assert killed.returncode == 137, killed.stderr
    blocks = Journal(home.journal).head().number
    assert not (home.outbox_of(THERE) / "id_changes").exists()
    for _ in range(2):
        completed = mosis(home, *next_command)
        assert completed.returncode == 0, completed.stderr
    assert Journal(home.journal).head().number == blocks
    assert standing(home, other) == ("merged", keep)
    con = open_state(home, read_only=True)
    try:
        (correction,) = load_corrections(con)
        assert correction.act_number == blocks and correction.status == "applied"
        assert con.execute("SELECT count(*) FROM state.identity.event WHERE kind = 'merged'").fetchall() == [(2,)]
    finally:
        con.close()
    for district in (HERE, THERE):
        assert sorted(path.name for path in notice_folder(home, district).iterdir()) == [
            "id_crosswalk.csv", "notice.html", "notice.txt"
        ]  # fmt: skip


def test_rules_across_files_see_the_numbers_as_they_stand_after_a_correction(
    home: StateHome, clock: FixedClock, numbers: tuple[str, str]
) -> None:
    """A merge brings October's child and June's together, whose genders differ; taking it back clears that again."""
    june = child(5, gender="MF"[child(1)["gender"] == "M"])
    drop(home, HERE, "june.csv", core_file(HERE, [june], collection="2026Jun1.0StuCore"))
    run(home, clock)
    assert "STC98002" not in reported(home, "june.csv")
    with session(home, clock) as opened:
        order = Order("merge", state_id=numbers[0], other_id=ids(home, "june.csv")[2], keeps=numbers[0], is_forced=True)
        merged = order_correction(opened, order, actor="ann", reason=REASON, id_source=SystemIdSource())
    assert "STC98002" in reported(home, "june.csv")
    with session(home, clock) as opened:
        undo = Order("undo", act_number=merged.act_number)
        order_correction(opened, undo, actor="ann", reason="Two children", id_source=SystemIdSource())
        assert opened.con.execute("SELECT count(*) FROM quality.page_due").fetchall() == [(0,)]
    assert "STC98002" not in reported(home, "june.csv")


def reported(home: StateHome, file_name: str) -> set[str]:
    """Rules that stand against a file, by its page for spreadsheets."""
    receipt = receipt_of(home, file_name)
    (path,) = home.outbox.glob(f"*/{receipt['submission_id']}/violations.csv")
    return {row["Rule"] for row in csv.DictReader(io.StringIO(path.read_text("utf-8-sig")))}
