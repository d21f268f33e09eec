"""A process that dies at any named point is started again: no ID lost or given twice, each file once, nothing answered early.

The plan is ``commit_driver.py``'s: five files in three groups, children who stand in several of them, and one file that
cannot be stored. Mutants of the commit code prove that these tests can fail.
"""

import importlib.util
import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from matching.journal import Journal
from matching.recovery import database_head
from schemas.database import open_state
from schemas.errors import MosisError
from schemas.paths import FOLDERS, StateHome

DRIVER = Path(__file__).with_name("commit_driver.py")
REPOSITORY = DRIVER.parents[2]
_spec = importlib.util.spec_from_file_location("commit_driver", DRIVER)
assert _spec and _spec.loader
driver = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(driver)

# How often an undisturbed run gets to each point: blocks are 3 groups, 2 voids, 2 units alone and 1 retirement.
HITS = {"after_plan": 1, "after_journal": 8, "after_commit": 4, "after_checkpoint": 4, "after_receipt": 5}
POINTS = [f"{point}:{hit}" for point, hits in HITS.items() for hit in range(1, hits + 1)]
MUTANTS = (
    "no_transaction", "no_journal", "head_forgotten", "reservations_forgotten", "tail_ignored", "receipts_first", "drawn_per_unit",
)  # fmt: skip

Run = Callable[..., int]
State = dict[str, Any]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs the driver on a home in a child process; gives back the child's exit code."""
    server = subprocess.Popen(
        [sys.executable, str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        cwd=REPOSITORY, env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert server.stdin and server.stdout

    def order(home: Path, fault: str | None = None, mutant: str | None = None, seed: int = 0, **more: float) -> int:
        usual = {"fault": fault, "mutant": mutant, "seed": seed, "file_bytes": None, "kill_after": None}
        server.stdin.write(json.dumps({"home": str(home), **usual, **more}) + "\n")
        server.stdin.flush()
        return int(server.stdout.readline())

    yield order
    server.stdin.close()
    server.wait(timeout=30)
    server.stdout.close()


@pytest.fixture(scope="module")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = StateHome(tmp_path_factory.mktemp("state") / "home")
    home.root.mkdir()
    for folder in FOLDERS:
        (home.root / folder).mkdir()
    home.settings_file.write_text("threads = 1\nmemory_limit = '500MB'\n")
    open_state(home, create=True).close()
    return home.root


@pytest.fixture
def home(fresh_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fresh_home, tmp_path / "home"))


def look(root: Path) -> State:
    """Everything that must hold together, read from the files of a home nobody works on."""
    home = StateHome.open(root)
    con = open_state(home)
    try:
        query = lambda sql: con.execute(sql).fetchall()  # noqa: E731
        journal = Journal(home.journal)
        journal.verify()
        return {
            "blocks": list(journal.blocks_after(0)),
            "journal_head": journal.head(),
            "database_head": database_head(con),
            "students": query("SELECT state_id, status FROM identity.student ORDER BY ALL"),
            "events": query("SELECT state_id, kind FROM identity.event ORDER BY ALL"),
            "assignments": query("SELECT submission_id, line_number, state_id FROM identity.assignment ORDER BY ALL"),
            "records": query("SELECT state_id, first_name FROM identity.record ORDER BY ALL"),
            "reservations": query("SELECT sha256, line_number, state_id FROM identity.reservation ORDER BY ALL"),
            "submissions": query("SELECT submission_id, status FROM intake.submission ORDER BY ALL"),
            "receipts": {path.stem: json.loads(path.read_text()) for path in sorted((root / "outbox").glob("*.json"))},
            "temporary": [path.name for path in root.rglob(".*.tmp")],
        }
    finally:
        con.close()


def check_always(state: State) -> None:
    """Holds at any moment, half a run included."""
    ids = [state_id for state_id, _ in state["students"]]
    assert len(ids) == len(set(ids))
    known = set(ids) | {state_id for *_, state_id in state["reservations"]}
    taken_in = [block for block in state["blocks"] if block.number <= state["database_head"].number]
    assert known == {state_id for block in taken_in for state_id in block.entries["state_id"]}
    promised: dict[tuple[str, int], set[str]] = {}
    for block in state["blocks"]:
        for file, line, _, state_id in block.entries.iter_rows():
            promised.setdefault((block.files[file].sha256, line), set()).add(state_id)
    assert all(len(found) == 1 for found in promised.values())
    lines = Counter((submission, line) for submission, line, _ in state["assignments"])
    stored = {submission for submission, status in state["submissions"] if status == "trial"}
    assert lines == Counter((name, line) for name, line, *_ in driver.LINES if name in stored)
    assert Counter(submission for submission, _ in state["submissions"]).keys() >= state["receipts"].keys()
    for name, receipt in state["receipts"].items():
        assert receipt["ids"] == [[line, state_id] for found, line, state_id in state["assignments"] if found == name]


def check_finished(state: State) -> None:
    """Holds when the plan was carried out to its end."""
    check_always(state)
    assert state["submissions"] == [("A", "trial"), ("B", "trial"), ("C", "trial"), ("D", "rejected"), ("E", "trial")]
    assert set(state["receipts"]) == set("ABCDE")
    assert state["journal_head"] == state["database_head"]
    assert state["reservations"] == []
    assert state["temporary"] == []
    persons = {(name, line): person for name, line, _, person in driver.LINES}
    given = {(persons[name, line], state_id) for name, line, state_id in state["assignments"] if state_id}
    assert sorted(person for person, _ in given) == [1, 2, 3, 4, 5, 7, 8]
    active = {state_id for state_id, status in state["students"] if status == "active"}
    assert {state_id for _, state_id in given} == active and len(active) == 7
    assert sorted(state["records"]) == sorted((state_id, str(person)) for person, state_id in given)
    kinds = {"issued": "active", "retired": "retired"}
    assert [(state_id, kinds[kind]) for state_id, kind in state["events"]] == state["students"]


def check_kept(before: State, after: State) -> None:
    """What was stored or answered stays as it was."""
    assert set(before["students"]) <= set(after["students"])
    assert set(before["assignments"]) <= set(after["assignments"])
    assert before["receipts"].items() <= after["receipts"].items()
    assert [block.hash for block in before["blocks"]] == [block.hash for block in after["blocks"]][
        : len(before["blocks"])
    ]


def kill_and_finish(run: Run, home: Path, fault: str, mutant: str | None = None) -> None:
    """One kill, then runs to the end, each with other random digits; everything is checked in between."""
    assert run(home, fault, mutant, seed=1) == 137
    killed = look(home)
    check_always(killed)
    assert run(home, mutant=mutant, seed=2) == 0
    finished = look(home)
    check_kept(killed, finished)
    check_finished(finished)


def test_a_run_after_the_last_changes_nothing(run: Run, home: Path) -> None:
    assert run(home, "after_receipt:5", seed=1) == 137
    assert run(home, seed=2) == 0
    finished = look(home)
    assert run(home, seed=3) == 0
    assert look(home) == finished


def test_undisturbed_run_stores_everything_once(run: Run, home: Path) -> None:
    assert run(home) == 0
    state = look(home)
    check_finished(state)
    kinds = [block.kind for block in state["blocks"]]
    assert kinds == ["group", "group", "void", "group", "group", "void", "retire", "group"]
    # 5 and 6 were promised to the rejected file alone; 7 stands in C as well and is kept.
    assert Counter(status for _, status in state["students"]) == {"active": 7, "retired": 2}


# The first of each kind runs with the fast tests.
@pytest.mark.parametrize(
    "fault", [point if point.endswith(":1") else pytest.param(point, marks=pytest.mark.slow) for point in POINTS]
)
def test_rerun_completes_the_plan_after_a_kill(run: Run, home: Path, fault: str) -> None:
    kill_and_finish(run, home, fault)


@pytest.mark.slow
@pytest.mark.parametrize("point", HITS)
def test_an_undisturbed_run_gets_to_each_point_so_often(run: Run, home: Path, point: str) -> None:
    assert run(home, f"{point}:{HITS[point] + 1}") == 0


def test_two_kills_in_a_row_change_nothing(run: Run, home: Path) -> None:
    assert run(home, "after_journal:4", seed=1) == 137
    assert run(home, "after_commit:1", seed=2) == 137
    killed = look(home)
    check_always(killed)
    assert run(home, seed=3) == 0
    finished = look(home)
    check_kept(killed, finished)
    check_finished(finished)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_commit_is_noticed(run: Run, fresh_home: Path, tmp_path: Path, mutant: str) -> None:
    for number, fault in enumerate(("after_journal:1", "after_journal:2", "after_commit:2")):
        home = Path(shutil.copytree(fresh_home, tmp_path / str(number)))
        try:
            kill_and_finish(run, home, fault, mutant)
        except (AssertionError, MosisError):
            return
    pytest.fail(f"the kill tests let {mutant} pass")


@pytest.mark.slow
@pytest.mark.parametrize(
    "file_bytes, stored", [(300, 0), (2_000, 0), (20_000, 2)], ids=["journal", "COMMIT", "CHECKPOINT"]
)
def test_a_full_disk_loses_and_rejects_nothing(run: Run, home: Path, file_bytes: int, stored: int) -> None:
    """No file may grow past a size: the journal block, the log or the database file cannot be written. Later there is room."""
    assert run(home, "after_plan", seed=1) == 137
    assert run(home, seed=2, file_bytes=file_bytes) == 1
    full = look(home)
    check_always(full)
    assert [status for _, status in full["submissions"]] == ["trial"] * stored
    assert full["receipts"] == {}
    assert run(home, seed=3) == 0
    finished = look(home)
    check_kept(full, finished)
    check_finished(finished)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_a_kill_at_any_moment_loses_nothing(run: Run, home: Path, seed: int) -> None:
    """Real kill -9, up to three in a row, wherever the process happens to be."""
    moments = random.Random(seed)
    before = look(home)
    for attempt in range(3):
        run(home, seed=100 * seed + attempt, kill_after=moments.uniform(0.01, 0.6))
        state = look(home)
        check_always(state)
        check_kept(before, state)
        before = state
    assert run(home, seed=100 * seed + 99) == 0
    finished = look(home)
    check_kept(before, finished)
    check_finished(finished)
