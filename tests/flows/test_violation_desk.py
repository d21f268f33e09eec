"""The violation desk from drop to page: waivers, answers, fix-up files, rules corrected in production, and kills in between."""

import csv
import io
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.report_again import rewrite_reports
from flows.response_desk import decide, import_decisions, write_export
from flows.revalidation import revalidate
from flows.session import open_session
from flows.violations import Selection, list_violations, set_violations, waive_violations
from outputs.state_page import STATE_PAGE
from outputs.violation_desk.decide_responses import ResponseSelection
from schemas.clock import FixedClock
from schemas.errors import UnknownName, UsageError
from schemas.faults import KILLED
from schemas.paths import StateHome
from tests.flows.small_files import HERE, OCTOBER, THERE, Child, child, core_file, drop, new_home, receipt_of, run

pytestmark = pytest.mark.slow
RACE = "STC90100"
RULE = Selection(rules=(RACE,), collections=(OCTOBER,), districts=(HERE,))
OVERLAY = (
    "code,meaning,same_as,effective,expires,source,changed_on,changed_by,reason\n"
    "X,Other,,,,letter,2025-10-01,boss,forgotten\n"
)


def children(**races: str) -> list[Child]:
    """Six children; ``c1="X"`` gives the first another race code."""
    return [child(number, race_ethnicity=races.get(f"c{number}", "W")) for number in range(1, 7)]


@pytest.fixture
def at() -> FixedClock:
    return FixedClock(datetime(2025, 10, 7, 14, tzinfo=UTC))


@pytest.fixture
def home(tmp_path: Path, at: FixedClock) -> StateHome:
    """A home whose district has sent two errors of one rule, on lines 2 and 3."""
    found = new_home(tmp_path)
    drop(found, HERE, "first.csv", core_file(HERE, children(c1="X", c2="Q")))
    run(found, at)
    return found


def rows(home: StateHome, at: FixedClock, sql: str) -> list[tuple[Any, ...]]:
    with open_session(home, at) as session:
        return session.con.execute(sql).fetchall()


def statuses(home: StateHome, at: FixedClock) -> list[tuple[Any, ...]]:
    return rows(home, at, "SELECT line_number, status, changed_by FROM quality.violation ORDER BY ALL")


def folder_of(home: StateHome, name: str) -> Path:
    receipt = receipt_of(home, name)
    return home.outbox / receipt["district_code"] / receipt["submission_id"]


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def as_csv(found: list[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, found[0].keys())
    writer.writeheader()
    writer.writerows(found)
    return out.getvalue().encode("utf-8")


def correct_rule(home: StateHome) -> None:
    folder = home.dictionary / "code_sets"
    folder.mkdir()
    (folder / "Race_Ethnicity_Codes.csv").write_text(OVERLAY, "utf-8")


def test_a_waiver_is_told_covers_the_next_file_and_runs_out(home: StateHome, at: FixedClock) -> None:
    state_page = (home.reports / STATE_PAGE).read_text()
    done = waive_violations(
        home, RULE, until=date(2025, 10, 20), reason="late", actor="boss", dry_run=False, clock=at
    )  # fmt: skip
    assert (done.count, done.submissions) == (2, 1)
    assert (home.reports / STATE_PAGE).read_text() != state_page
    receipt = receipt_of(home, "first.csv")
    assert receipt["errors"] == 0
    assert "2 violations are waived by the state" in receipt["message"]
    drop(home, HERE, "second.csv", core_file(HERE, children(c1="X", c2="Q", c3="Z")))
    run(home, at)
    assert receipt_of(home, "second.csv")["errors"] == 0
    at.advance(days=30)
    assert run(home, at).notes[0] == "3 violations stand again: their waiver has run out."
    receipt = receipt_of(home, "second.csv")
    assert receipt["errors"] == 3
    assert "the waiver has ended" in receipt["message"]


def test_a_dry_run_changes_nothing_and_a_loose_selection_is_refused(home: StateHome, at: FixedClock) -> None:
    before = statuses(home, at)
    asked = set_violations(home, RULE, "contacted", reason="tel", actor="boss", dry_run=True, clock=at)
    assert asked.count == 2
    assert statuses(home, at) == before
    with pytest.raises(UsageError, match="which violations"):
        set_violations(home, Selection(), "contacted", reason="tel", actor="boss", dry_run=True, clock=at)
    no_rule = Selection(rules=("STC99999",), collections=(OCTOBER,))
    with pytest.raises(UnknownName, match="No rule STC99999 judges"):
        waive_violations(home, no_rule, until=date(2026, 6, 30), reason="x", actor="boss", dry_run=True, clock=at)


def test_a_corrected_rule_is_told_apart_from_corrected_data(home: StateHome, at: FixedClock) -> None:
    ids = rows(home, at, "SELECT line_number, state_id FROM collection.student_core ORDER BY ALL")
    correct_rule(home)
    asked = revalidate(home, OCTOBER, dry_run=True, reason="codes", actor="boss", clock=at)
    assert asked.rules.filter(asked.rules["gone"] > 0).select("rule_id", "before", "after", "gone").rows() == [
        (RACE, 2, 1, 1)
    ]
    assert {status for _, status, _ in statuses(home, at)} == {"open"}
    revalidate(home, OCTOBER, dry_run=False, reason="codes", actor="boss", clock=at)
    assert statuses(home, at) == [(2, "fixed", "rule"), (3, "open", "file")]
    assert rows(home, at, "SELECT line_number, state_id FROM collection.student_core ORDER BY ALL") == ids
    typed = rows(home, at, "SELECT race_ethnicity FROM collection.student_core WHERE line_number = 2")
    assert typed == [("X",)]
    receipt = receipt_of(home, "first.csv")
    assert receipt["errors"] == 1
    assert "without any change to your data: 1 violation went away" in receipt["message"]
    again = revalidate(home, OCTOBER, dry_run=False, reason="codes", actor="boss", clock=at)
    assert again.changed == ()
    at.advance(days=1)
    drop(home, HERE, "second.csv", core_file(HERE, children(c1="X")))
    run(home, at)
    assert statuses(home, at) == [(2, "fixed", "rule"), (3, "fixed", "file")]


def test_answers_come_back_are_exported_and_decided(home: StateHome, at: FixedClock) -> None:
    found = table(folder_of(home, "first.csv") / "violations.csv")
    found[0] |= {"Response": "waive", "Comment": "=the code is new"}
    found[1] |= {"Response": "perhaps"}
    drop(home, HERE, "answer.csv", as_csv(found))
    drop(home, THERE, "stolen.csv", as_csv(found))
    summary = run(home, at)
    assert "code is new" not in json.dumps(summary.to_json()) + (home.logs / "2025-10.log").read_text()
    answered = table(folder_of(home, "answer.csv") / "responses.csv")
    assert [(row["Line"], row["Taken"]) for row in answered] == [("2", "yes"), ("3", "no")]
    assert receipt_of(home, "stolen.csv")["warnings"] == 2
    export = home.root / "answers.csv"
    assert write_export(home, ResponseSelection(), export) == 1
    (row,) = table(export)
    assert row["Comment"] == "'=the code is new"
    export.write_bytes(as_csv([row | {"Decision": "approve", "Until": "12/31/2025", "Reason": "right"}]))
    done = import_decisions(home, export, actor="boss", dry_run=False, clock=at)
    assert (done.approved, done.refused, done.left) == (1, 0, 0)
    assert statuses(home, at) == [(2, "waived", "decision"), (3, "open", "file")]
    told = table(folder_of(home, "answer.csv") / "responses.csv")
    assert [(row["Decision of the state"], row["Because"]) for row in told] == [("approved", "right"), ("", "")]
    drop(home, HERE, "again.csv", as_csv(found))
    run(home, at)
    assert receipt_of(home, "again.csv")["message"].startswith("No new answer was taken. 1 answer was there already.")


def test_an_answer_goes_with_its_child_into_the_next_file(home: StateHome, at: FixedClock) -> None:
    found = table(folder_of(home, "first.csv") / "violations.csv")
    drop(home, HERE, "answer.csv", as_csv([found[1] | {"Response": "WAIVE"}]))
    run(home, at)
    at.advance(days=1)
    drop(home, HERE, "second.csv", core_file(HERE, [child(9), *children(c1="X", c2="Q")]))
    run(home, at)
    kept = decide(
        home, ResponseSelection(), "approved", until=None, reason="r", actor="b", dry_run=False, clock=at
    )  # fmt: skip
    assert (kept.approved, kept.left) == (0, 1)
    decide(
        home, ResponseSelection(), "approved", until=date(2025, 12, 1), reason="r", actor="b", dry_run=False, clock=at
    )
    assert statuses(home, at) == [(3, "open", "file"), (4, "waived", "decision")]


def test_an_answer_dropped_together_with_a_new_file_is_taken(home: StateHome, at: FixedClock) -> None:
    found = table(folder_of(home, "first.csv") / "violations.csv")
    at.advance(days=1)
    drop(home, HERE, "a_new.csv", core_file(HERE, [child(9), *children(c1="X", c2="Q")]))
    drop(home, HERE, "b_answer.csv", as_csv([found[1] | {"Response": "WAIVE"}]))
    run(home, at)
    assert receipt_of(home, "b_answer.csv")["outcome"] == "accepted"
    done = decide(
        home, ResponseSelection(), "approved", until=date(2025, 12, 1), reason="r", actor="b", dry_run=False, clock=at
    )
    assert done.approved == 1
    assert statuses(home, at) == [(3, "open", "file"), (4, "waived", "decision")]


def test_a_fix_up_becomes_a_whole_file_and_keeps_its_ids(home: StateHome, at: FixedClock) -> None:
    ids = rows(home, at, "SELECT local_student_id, state_id FROM collection.student_core ORDER BY ALL")
    found = table(folder_of(home, "first.csv") / "fix_up.csv")
    assert [row["Line"] for row in found] == ["2", "3"]
    fixed = as_csv([row | {"RaceEthnicity": "W"} for row in found])
    drop(home, HERE, "fixed.csv", fixed)
    run(home, at)
    receipt = receipt_of(home, "fixed.csv")
    assert (receipt["status"], receipt["records"], receipt["errors"]) == ("trial", 6, 0)
    assert "2 cells in 2 records changed" in receipt["message"]
    assert rows(home, at, "SELECT local_student_id, state_id FROM collection.student_core ORDER BY ALL") == ids
    kept = home.archive / receipt["sha256"][:2] / receipt["sha256"]
    assert kept.read_bytes() == core_file(HERE, children())
    assert not (folder_of(home, "fixed.csv") / "fix_up.csv").exists()
    drop(home, HERE, "fixed_again.csv", fixed)
    drop(home, HERE, "stale.csv", as_csv([found[0] | {"RaceEthnicity": "B"}]))
    drop(home, THERE, "foreign.csv", fixed)
    run(home, at)
    assert receipt_of(home, "fixed_again.csv")["outcome"] == "duplicate"
    assert "which was replaced since" in receipt_of(home, "stale.csv")["message"]
    assert receipt_of(home, "foreign.csv")["outcome"] == "rejected"


@pytest.mark.parametrize("point", ["after_journal", "after_commit"])
@pytest.mark.parametrize("command", ["revalidate", "waive"])
def test_a_killed_decision_is_finished_by_the_next_start(
    home: StateHome, at: FixedClock, point: str, command: str
) -> None:
    correct_rule(home)
    arguments = {
        "revalidate": ["revalidate", OCTOBER],
        "waive": ["waive", "--rule", RACE, "--collection", OCTOBER, "--until", "2099-01-01", "--reason", "late"],
    }[command]
    killed = subprocess.run(
        [sys.executable, "-c", "from flows.cli.app import main; main()", "violations", *arguments],
        env=os.environ | {"MOSIS_FAULT": point, "MOSIS_HOME": str(home.root)},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == KILLED
    run(home, at)
    expected = {
        "revalidate": [(2, "fixed", "rule"), (3, "open", "file")],
        "waive": [(2, "waived", "decision"), (3, "waived", "decision")],
    }[command]
    assert statuses(home, at) == expected
    assert rows(home, at, "SELECT count(*) FROM quality.page_due") == [(0,)]
    assert receipt_of(home, "first.csv")["errors"] == sum(status == "open" for _, status, _ in expected)
    assert list_violations(home, RULE, limit=9, clock=at)["total"] == sum(
        status != "fixed" for _, status, _ in expected
    )


def test_pages_written_again_without_news_are_the_same_bytes(home: StateHome, at: FixedClock) -> None:
    folder = folder_of(home, "first.csv")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with open_session(home, at) as session:
        assert rewrite_reports(session, [folder.name, "no-such"], at.now()) == [folder.name]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
