"""One run decides once: what comes out follows from the set of files, not from their names, order, threads or groups."""

import random
import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.clock import FixedClock
from schemas.home_setup import make_home
from schemas.paths import StateHome
from tests.flows.small_files import receipts, run
from tests.flows.test_near_match_return import rows_of

Line = tuple[str, str, int]


@dataclass(frozen=True)
class CameOut:
    """What a home says of every line, state IDs apart, and which lines are one child."""

    outcomes: dict[Line, tuple[str, str | None, str | None]]
    partition: frozenset[frozenset[Line]]
    ids: dict[Line, str]


@pytest.fixture(scope="module")
def files(small_sample: Path) -> list[tuple[str, bytes]]:
    """District and bytes of a year's ID batches and core files, and the next year's: many children come several times."""
    folders = [small_sample / year / kind for year in ("2025", "2026") for kind in ("id", "core")]
    return [
        (path.parent.name, path.read_bytes())
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def made_home(folder: Path, sample: Path, settings: str = "") -> StateHome:
    home = make_home(folder, sample / "directory")
    home.settings_file.write_text(home.settings_file.read_text("utf-8") + settings, "utf-8")
    return StateHome.open(home.root)


def drop_all(home: StateHome, files: Sequence[tuple[str, bytes]], names: Callable[[int], str]) -> None:
    for number, (district, content) in enumerate(files):
        (home.inbox / district / names(number)).write_bytes(content)


def came_out(home: StateHome) -> CameOut:
    rows = rows_of(
        home,
        "SELECT district_code, sha256, line_number, a.outcome, a.reason, step, state_id "
        "FROM state.identity.assignment AS a JOIN state.intake.submission USING (submission_id)",
    )
    outcomes, children, ids = {}, defaultdict(set), {}
    for district, sha256, line, outcome, reason, step, state_id in rows:
        key = (str(district), str(sha256), int(str(line)))
        outcomes[key] = (str(outcome), reason, step)
        if state_id is not None:
            children[state_id].add(key)
            ids[key] = str(state_id)
    return CameOut(outcomes, frozenset(map(frozenset, children.values())), ids)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, small_sample: Path, files: list[tuple[str, bytes]]) -> CameOut:
    home = made_home(tmp_path_factory.mktemp("order") / "home", small_sample)
    drop_all(home, files, lambda number: f"{number:03}.txt")
    run(home, FixedClock(datetime(2025, 10, 6, 14, tzinfo=UTC)))
    found = came_out(home)
    assert len(found.outcomes) > 800
    assert {outcome for outcome, _, _ in found.outcomes.values()} >= {"NEW", "ERROR"}
    return found


VARIANTS = {
    "names and order": "",
    "one thread, tiny groups and batches": "\nthreads = 1\nrecords_per_group = 40\nrecords_per_batch = 70\n",
    "every file a group": "\nrecords_per_group = 1\nrecords_per_batch = 100000\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("settings", [pytest.param(settings, id=name) for name, settings in VARIANTS.items()])
def test_the_same_files_give_the_same_children(
    settings: str, expected: CameOut, tmp_path: Path, small_sample: Path, files: list[tuple[str, bytes]]
) -> None:
    home = made_home(tmp_path / "home", small_sample, settings)
    chance = random.Random(len(settings))
    shuffled = chance.sample(files, len(files))
    names = [f"{chance.randrange(10**9)}-{number}.dat" for number in range(len(files))]
    drop_all(home, shuffled, lambda number: names[number])
    run(home, FixedClock(datetime(2025, 10, 6, 14, tzinfo=UTC)))
    found = came_out(home)
    assert found.outcomes == expected.outcomes
    assert found.partition == expected.partition


@pytest.mark.slow
def test_a_rerun_changes_nothing_and_a_second_run_moves_no_id(
    expected: CameOut, tmp_path: Path, small_sample: Path, files: list[tuple[str, bytes]]
) -> None:
    home, clock = made_home(tmp_path / "home", small_sample), FixedClock(datetime(2025, 10, 6, 14, tzinfo=UTC))
    chance = random.Random(5)
    shuffled = chance.sample(files, len(files))
    half = len(files) // 2
    drop_all(home, shuffled[:half], lambda number: f"a{number}")
    run(home, clock)
    first, answered = came_out(home), receipts(home)
    shutil.copyfile(home.database, tmp_path / "before.duckdb")
    clock.advance(hours=1)
    assert run(home, clock).file_count == 0
    assert came_out(home) == first and receipts(home) == answered
    assert (tmp_path / "before.duckdb").read_bytes() == home.database.read_bytes()
    drop_all(home, shuffled[half:], lambda number: f"b{number}")
    run(home, clock)
    both = came_out(home)
    assert {line: both.ids.get(line) for line in first.ids} == first.ids
    assert both.outcomes.keys() == expected.outcomes.keys()
    drop_all(home, shuffled, lambda number: f"again{number}")
    clock.advance(hours=1)
    again = run(home, clock)
    after = came_out(home)
    assert {line: after.ids[line] for line in both.ids} == both.ids
    assert again.files["duplicate"] >= again.file_count - again.files["rejected"] - again.files["quarantined"]
