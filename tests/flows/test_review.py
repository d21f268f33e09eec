"""Questions reviewed by the operator: exported, decided, carried out the way of a district's return."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.review import Filters, export_worklist, list_questions, questions_json
from flows.review_import import ImportResult, import_decisions
from flows.session import open_reader
from matching.journal import Journal
from matching.student_ids import SystemIdSource
from schemas.clock import FixedClock
from schemas.paths import StateHome
from tests.flows import test_near_match_return as near
from tests.flows.small_files import HERE, answers, drop, id_batch, ids, receipt_of, receipts, run
from tests.flows.test_near_match_return import ASKED, KNOWN, everything, registry, returned, rows_of, stored_ids

asked_home, home, clock = near.asked_home, near.home, near.clock
MADE = "decided_by_the_state.txt"
Row = dict[str, str]


def export(home: StateHome, clock: FixedClock, folder: Path) -> list[Row]:
    """The rows of the decisions file of an export."""
    with open_reader(home) as reader:
        export_worklist(reader.con, reader.directory, folder, clock.now(), Filters())
    with (folder / "decisions.csv").open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def decide(rows: list[Row], folder: Path, **decisions: str) -> Path:
    """The decisions file with a decision for some items."""
    path = folder / "decided.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "Decision": decisions.get(row["Item"], "")} for row in rows)
    return path


def import_them(home: StateHome, clock: FixedClock, file: Path) -> ImportResult:
    clock.advance(hours=1)
    return import_decisions(
        home, file, actor="A. Operator", reason="asked by telephone", clock=clock, id_source=SystemIdSource()
    )


@pytest.mark.slow
def test_decisions_of_the_operator_are_carried_out_as_a_return(
    home: StateHome, clock: FixedClock, tmp_path: Path
) -> None:
    before, known = registry(home), ids(home, "batch.txt")
    rows = export(home, clock, tmp_path / "out")
    group, *questions = rows
    assert group["Members"].split() == sorted(row["Item"] for row in questions)
    with open_reader(home) as reader:
        told = json.dumps(questions_json(list_questions(reader.con, clock.now(), Filters())))
    page = (tmp_path / "out" / "worklist.html").read_text("utf-8")
    for one in KNOWN:
        assert one["last_name"] in page and one["last_name"] not in told
    by_line: dict[object, object] = dict(rows_of(home, _LINES))
    first, second = sorted((row["Item"] for row in questions), key=lambda name: int(str(by_line[name])))[:2]

    result = import_them(
        home, clock, decide(rows, tmp_path, **{group["Item"]: "DIFFERENT", first: "SAME", second: "cancel"})
    )

    assert result.refused == []
    assert sorted(each.outcome for each in result.answered) == ["CANCELED", "NEW", "NEW", "REUSED"]
    _, same, canceled, *new = stored_ids(home)
    assert same == known[2] and canceled is None
    assert registry(home) == before | set(new)
    # The district has its answers, the database and the journal know who decided and why.
    assert ids(home, MADE) == {3: same, 5: new[0], 6: new[1]}
    assert "state's MOSIS desk decided 4" in receipt_of(home, MADE)["message"]
    assert set(rows_of(home, "SELECT actor, reason FROM state.identity.decision")) == {
        ("A. Operator", "asked by telephone")
    }
    (block,) = [block for block in Journal(home.journal).blocks_after(0) if "decisions" in block.facts]
    assert {(fact["near_match_id"], fact["kind"]) for fact in block.facts["decisions"]} >= {
        (first, "must_link"), (second, "cancel"),
    }  # fmt: skip

    after = everything(home)
    again = import_them(home, clock, decide(rows, tmp_path, **{first: "DIFFERENT"}))
    assert [(refusal.item, refusal.reason) for refusal in again.refused] == [(first, "RETURN_CLOSED")]
    assert everything(home) == after


_LINES = "SELECT near_match_id, line_number FROM state.identity.near_match"


@pytest.mark.slow
def test_an_answer_of_a_district_against_the_operators_is_refused(
    home: StateHome, clock: FixedClock, tmp_path: Path
) -> None:
    """The same record stands in another file of the district, and its question is answered the other way."""
    drop(home, HERE, "other.txt", id_batch(HERE, ASKED, number=2))
    run(home, clock)
    rows = export(home, clock, tmp_path / "out")
    by_file = {str(name): str(file) for name, file in rows_of(home, _FILES)}
    ours = next(row["Item"] for row in rows if by_file.get(row["Item"]) == "core.csv")
    assert import_them(home, clock, decide(rows, tmp_path, **{ours: "SAME"})).refused == []
    clock.advance(days=1)
    asked = answers(home, "other.txt", near.MATCHES)
    # A record that says the same, in another file: whichever it is of the four, DIFFERENT for all contradicts one.
    drop(home, HERE, "answers.txt", returned(asked, *["DIFFERENT"] * len(asked)))
    run(home, clock)
    (refused,) = [
        row for row in receipt_of(home, "answers.txt")["violations"] if row["rule_id"] == "RETURN_CONTRADICTS"
    ]
    assert "decided by A. Operator on" in refused["message"] and ours in refused["message"]


_FILES = "SELECT DISTINCT near_match_id, file_name FROM state.identity.near_match JOIN state.intake.submission USING (submission_id)"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", ["after_plan", "after_journal", "after_commit", "after_checkpoint", "after_receipt"])
def test_a_kill_during_an_import_loses_and_doubles_nothing(
    home: StateHome, clock: FixedClock, tmp_path: Path, fault: str
) -> None:
    before = registry(home)
    rows = export(home, clock, tmp_path / "out")
    file = decide(rows, tmp_path, **{rows[0]["Item"]: "DIFFERENT"})
    mosis = str(Path(sys.executable).with_name("mosis"))
    command = [
        mosis,
        "review",
        "import",
        str(file),
        "--reason",
        "test",
        "--actor",
        "A. Operator",
        "--home",
        str(home.root),
    ]
    killed = subprocess.run(command, env={**os.environ, "MOSIS_FAULT": fault}, capture_output=True, timeout=120)
    assert killed.returncode == 137, killed.stderr
    finish = [mosis, "run", "--settle", "0", "--home", str(home.root)]
    assert subprocess.run(finish, capture_output=True, timeout=120).returncode == 0
    given = stored_ids(home)
    assert len(registry(home) - before) == 4 and None not in given and len(set(given)) == 5
    assert [receipt["status"] for receipt in receipts(home).values() if receipt["file_name"] == MADE] == ["decisions"]
    assert set(rows_of(home, "SELECT actor FROM state.identity.decision")) == {("A. Operator",)}
