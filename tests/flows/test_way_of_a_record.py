"""The whole way of a record on a small sample state: two years, every file answered, certified, pre-coded, published."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.publication import count_cells, precode, release_cells
from flows.run import preview_run, run_inbox
from flows.session import open_session
from flows.summary import RunSummary
from matching.journal import Journal
from matching.student_ids import SystemIdSource, has_check_digit
from outputs.certification import find_certifiable
from outputs.publish.audit.audit import require_safe
from schemas.clock import FixedClock
from schemas.home_setup import make_home
from schemas.paths import StateHome
from tests.conftest import drop
from tests.flows.certifying import certify_trial

SEPTEMBER = datetime(2024, 9, 16, 14, tzinfo=UTC)
OCTOBER = datetime(2024, 10, 7, 14, tzinfo=UTC)
NEXT_OCTOBER = datetime(2025, 10, 6, 14, tzinfo=UTC)
COLLECTION = "2025Oct1.0StuCore"
ANSWERS = ("ids_assigned.txt", "errors_to_fix.txt", "matches_to_resolve.txt", "canceled_records.txt")


@dataclass
class State:
    """A home after September's IDs, October's extracts and next year's; with what each run said."""

    home: StateHome
    sample: Path
    runs: dict[str, RunSummary]
    ids_after: dict[str, dict[tuple[str, str], str]]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory, small_sample: Path) -> Iterator[State]:
    home = make_home(tmp_path_factory.mktemp("way") / "home", small_sample / "directory")
    state = State(home, small_sample, {}, {})
    steps = (
        ("ids", SEPTEMBER, ("2025/id",)),
        ("october", OCTOBER, ("2025/core", "2025/odd")),
        ("next year", NEXT_OCTOBER, ("2026/id", "2026/core")),
    )
    for name, moment, folders in steps:
        for folder in folders:
            drop(small_sample / folder, home.root)
        state.runs[name] = run_inbox(home, clock=FixedClock(moment), id_source=SystemIdSource(), settle=0)
        state.ids_after[name] = ledger(home)
    yield state


def ledger(home: StateHome) -> dict[tuple[str, str], str]:
    """(district and hash of the file, line) -> ID, for every line that ever got one."""
    with open_session(home, FixedClock(NEXT_OCTOBER)) as session:
        rows = session.con.execute(
            """
            SELECT district_code || sha256, line_number::VARCHAR, state_id
            FROM identity.assignment JOIN intake.submission USING (submission_id) WHERE state_id IS NOT NULL
            """
        ).fetchall()
    return {(file, line): state_id for file, line, state_id in rows}


def receipts(home: StateHome) -> list[tuple[Path, dict[str, Any]]]:
    return [(path.parent, json.loads(path.read_text("utf-8"))) for path in sorted(home.outbox.glob("*/*/receipt.json"))]


def details(path: Path) -> list[list[str]]:
    """Detail lines of an answer file, whose TH and TT are checked on the way."""
    lines = path.read_bytes().decode("utf-8").split("\r\n")
    assert lines.pop() == ""
    header, *rows, trailer = [line.split("\t") for line in lines]
    assert header[0] == "TH" and header[5] == "delimiter=0x09"
    assert trailer == ["TT", str(len(rows)), header[3]]
    return rows


def test_every_file_is_answered_once_and_its_lines_add_up(state: State) -> None:
    dropped = [
        path
        for folder in ("2025/id", "2025/core", "2025/odd", "2026/id", "2026/core")
        for path in (state.sample / folder).rglob("*")
        if path.is_file()
    ]
    answered = receipts(state.home)
    assert len(answered) == len(dropped)
    assert not [path for path in state.home.inbox.rglob("*") if path.is_file()]
    for _, receipt in answered:
        if receipt["outcome"] in ("accepted", "accepted_with_violations"):
            assert receipt["records"] == receipt["accepted"] + receipt["refused"]
            assert receipt["lines"] >= receipt["header_lines"] + receipt["blank_lines"] + receipt["records"]
            assert sum(receipt["ids"].values()) == receipt["accepted"]


def test_odd_files_end_as_the_sample_says(state: State) -> None:
    with (state.sample / "truth" / "expected.csv").open(encoding="utf-8", newline="") as rows:
        expected = {
            (row["district_code"], row["file_name"]): (row["expected_outcome"], row["reason"])
            for row in csv.DictReader(rows)
            if row["folder"] == "odd"
        }
    found = {(receipt["district_code"], receipt["file_name"]): receipt for _, receipt in receipts(state.home)}
    for key, (outcome, reason) in expected.items():
        assert found[key]["outcome"] == outcome, key
        if reason and outcome != "duplicate":
            assert reason in {row["rule_id"] for row in found[key]["violations"]}, key
    quarantined = [
        path for path in state.home.quarantine.rglob("*") if path.is_file() and not path.name.endswith(".json")
    ]
    assert len(quarantined) == sum(outcome == "quarantined" for outcome, _ in expected.values())


def test_planted_violations_are_found_on_their_lines(state: State) -> None:
    with (state.sample / "truth" / "expected.csv").open(encoding="utf-8", newline="") as rows:
        planted = [
            row
            for row in csv.DictReader(rows)
            if row["rule_id"] and row["folder"] == "core" and row["line_number"] != "0"
        ]
    assert planted
    with open_session(state.home, FixedClock(NEXT_OCTOBER)) as session:
        found = set(
            session.con.execute(
                """
                SELECT district_code, collection_version, line_number::VARCHAR, rule_id FROM quality.violation
                """
            ).fetchall()
        )
    for row in planted:
        key = (row["district_code"], f"{row['school_year']}Oct1.0StuCore", row["line_number"], row["rule_id"])
        assert key in found, row["case"]


def test_every_request_line_stands_in_exactly_one_answer_file(state: State) -> None:
    for folder, receipt in receipts(state.home):
        if receipt["layout"] != "id_batch" or receipt["outcome"] not in ("accepted", "accepted_with_violations"):
            continue
        lines: Counter[str] = Counter()
        for name in ANSWERS:
            rows = details(folder / name)
            assert all(len(row) == (33 if name == "matches_to_resolve.txt" else 21) for row in rows)
            lines.update({row[20] for row in rows})
        assert len(lines) == receipt["records"]
        assert set(lines.values()) <= {1}


def test_ids_are_ours_and_nobody_has_two_children(state: State) -> None:
    with open_session(state.home, FixedClock(NEXT_OCTOBER)) as session:
        issued = session.con.sql("SELECT state_id FROM identity.student").pl()["state_id"]
        Journal(state.home.journal).verify()
    assert issued.n_unique() == issued.len() > 250
    assert has_check_digit(issued).all()
    assert set(state.ids_after["next year"].values()) <= set(issued)


def test_a_later_run_moves_no_id(state: State) -> None:
    for earlier, later in (("ids", "october"), ("october", "next year")):
        before, after = state.ids_after[earlier], state.ids_after[later]
        assert {key: after.get(key) for key in before} == before


def test_october_finds_the_children_that_september_numbered(state: State) -> None:
    ids = state.runs["october"].ids
    assert ids["reused"] > 10 * ids.get("new", 0)
    assert state.runs["next year"].ids["reused"] > state.runs["next year"].ids.get("near_match", 0)


def test_reports_are_self_contained_pages(state: State) -> None:
    pages = list(state.home.outbox.glob("*/*/violations.html"))
    assert pages
    for page in [*pages, state.home.reports / "state.html"]:
        text = page.read_text("utf-8")
        assert "http://" not in text and "https://" not in text
        assert "Content-Security-Policy" in text


def test_ssns_are_nowhere_but_in_the_original_bytes(state: State) -> None:
    ssns = set()
    for path in (state.sample / "2025" / "id").rglob("*"):
        if path.is_file():
            for line in path.read_text("utf-8", errors="replace").splitlines():
                fields = line.replace("\t", ",").split(",")
                if len(fields) > 11 and len(fields[11].replace("-", "")) == 9:
                    ssns.add(fields[11])
    assert len(ssns) > 20
    for folder in ("outbox", "reports", "logs", "journal", "work"):
        for path in (state.home.root / folder).rglob("*"):
            if path.is_file():
                text = path.read_bytes().decode("utf-8", "replace")
                assert not [ssn for ssn in ssns if ssn in text], path.name


def test_certified_october_becomes_precode_and_a_safe_release(state: State) -> None:
    clock = FixedClock(NEXT_OCTOBER)
    with open_session(state.home, clock) as session:
        ready = find_certifiable(session.con, COLLECTION)
        districts = {
            row[0]
            for row in session.con.execute(
                "SELECT DISTINCT district_code FROM intake.submission WHERE collection_version = ? AND status = 'trial'",
                [COLLECTION],
            ).fetchall()
        }
    assert ready
    faulty = sorted(districts - {district for district, _ in ready})
    assert faulty
    refusal = certify_trial(state.home, faulty[0], COLLECTION, actor="tester", clock=clock)
    assert not refusal.is_certified and "violations.html" in refusal.text
    for district, collection in ready:
        assert certify_trial(state.home, district, collection, actor="tester", clock=clock).is_certified
    with open_session(state.home, clock) as session:
        delivery = precode(session, "MAPSPR", 2025, "operator")
        again = precode(session, "MAPSPR", 2025, "operator")
        count_cells(session, 2025, "Oct")
        release = release_cells(session, 2025, "Oct")
    assert delivery.is_new and not again.is_new
    assert set(delivery.districts) == {district for district, _ in ready}
    labels = pl.read_csv(next(Path(delivery.folder).glob("MAPSPR_2025.csv")), infer_schema=False)
    assert set(labels["StudentGradeLevel"].unique()) <= {"03", "04", "05", "06", "07", "08"}
    assert labels["StateID"].str.len_chars().eq(10).all()
    require_safe(Path(release.folder))


def test_a_dry_run_changes_nothing(state: State, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", state.sample / "directory")
    dropped = drop(state.sample / "2025" / "core", home.root)
    dropped[0].with_name("half.csv.part").write_bytes(b"CollectionVersion")
    before = {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file() and "lock" not in path.name}
    summary = preview_run(home, clock=FixedClock(OCTOBER))
    assert summary.file_count == len(dropped) and summary.is_dry_run
    assert {
        path: path.read_bytes() for path in home.root.rglob("*") if path.is_file() and "lock" not in path.name
    } == before
