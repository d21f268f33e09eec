"""Taking over a registry as the operator does it: dry run, import, the first run on it, a number's story, the check."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from flows.registry import ImportSummary, import_registry, tell_story_of, verify_registry
from flows.run import run_inbox
from matching.journal import Journal
from matching.student_ids import SystemIdSource
from outputs.disclosure_log import first_broken_link
from schemas.clock import FixedClock
from schemas.database import open_state
from schemas.errors import UsageError
from schemas.home_setup import make_home
from schemas.paths import StateHome
from tests.conftest import OCTOBER_2024, drop
from tests.flows.test_commands import mosis

# A whole sample state is taken over and received; the fast tests of imports are beside the code and in
# test_imported_numbers.py.
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class TakenOver:
    """A home that took over the sample's registry and then received the first year's extracts."""

    home: StateHome
    dry: ImportSummary
    after_dry: tuple[int, int]
    summary: ImportSummary


@pytest.fixture(scope="module")
def taken(small_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TakenOver]:
    home = make_home(tmp_path_factory.mktemp("registry") / "home", small_sample / "directory")
    clock, file = FixedClock(OCTOBER_2024), small_sample / "registry.csv"
    dry = import_registry(home, file, clock=clock, actor="ann", reason=None, dry_run=True)
    after_dry = (Journal(home.journal).head().number, len(list(home.archive.rglob("*"))))
    summary = import_registry(home, file, clock=clock, actor="ann", reason="takeover")
    drop(small_sample / "2025" / "core", home.root)
    clock.advance(hours=1)
    run_inbox(home, clock=clock, id_source=SystemIdSource(), settle=0)
    yield TakenOver(home, dry, after_dry, summary)


def truth(sample: Path) -> list[dict[str, str]]:
    with (sample / "truth" / "registry.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def query(home: StateHome, sql: str) -> list[tuple[object, ...]]:
    con: duckdb.DuckDBPyConnection = open_state(home, read_only=True)
    try:
        return con.execute(sql).fetchall()
    finally:
        con.close()


def test_a_dry_run_says_the_same_and_writes_findings_only(taken: TakenOver) -> None:
    assert taken.after_dry == (0, 0)
    assert taken.dry.is_dry_run and taken.dry.block_number is None
    assert (taken.dry.numbers, taken.dry.codes) == (taken.summary.numbers, taken.summary.codes)
    assert taken.dry.findings_file is not None and "dry-run" in str(taken.dry.findings_file)


def test_numbers_come_as_the_truth_has_them(taken: TakenOver, small_sample: Path) -> None:
    cases = {
        case: {row["state_id"] for row in truth(small_sample) if row["case"] == case}
        for case in ("active", "double", "alias", "retired", "shared")
    }
    expected = {
        "active": len(cases["active"] | cases["double"]), "merged": len(cases["alias"]),
        "retired": len(cases["retired"]), "held": len(cases["shared"]),
    }  # fmt: skip
    assert taken.summary.numbers == expected
    assert taken.summary.codes["ID_ON_TWO_CHILDREN"] == 1
    assert taken.summary.codes["ONE_CHILD_TWO_IDS"] >= len(cases["double"])


def test_findings_name_lines_and_no_child(taken: TakenOver, small_sample: Path) -> None:
    assert taken.summary.findings_file is not None
    text = taken.summary.findings_file.read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    by_line = {row["line_number"]: row["state_id"] for row in truth(small_sample)}
    assert all(by_line[row["line"]] == row["state_id"] for row in rows)
    with (small_sample / "registry.csv").open(encoding="utf-8", newline="") as lines:
        names = {row["last_name"] for row in csv.DictReader(lines)} - {""}
    assert not any(f",{name}," in text for name in names)
    assert taken.summary.findings_file.stat().st_mode & 0o777 == 0o600


def test_original_bytes_are_kept_private(taken: TakenOver, small_sample: Path) -> None:
    ((sha256,),) = query(taken.home, "SELECT sha256 FROM identity.registry_import")
    kept = taken.home.archive / str(sha256)[:2] / str(sha256)
    assert kept.read_bytes() == (small_sample / "registry.csv").read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_the_first_run_reuses_the_numbers(taken: TakenOver) -> None:
    counts = dict(query(taken.home, "SELECT outcome, count(*) FROM identity.assignment GROUP BY 1"))
    assert counts.get("NEW", 0) == 0
    assert counts["REUSED"] > 0.95 * sum(counts.values())
    held = query(taken.home, "SELECT outcome, state_id FROM identity.assignment WHERE reason = 'ID_HELD'")
    assert held and set(held) == {("ERROR", None)}


def test_the_ledger_agrees(taken: TakenOver) -> None:
    found = verify_registry(taken.home)
    assert found.differences.is_empty()
    assert found.id_count == sum(taken.summary.numbers.values())
    answer = mosis("ids", "verify", home=taken.home.root)
    assert answer.returncode == 0 and "Everything agrees" in answer.stdout


def test_a_story_names_nobody_unless_asked(taken: TakenOver, small_sample: Path) -> None:
    ((number, last, first),) = query(
        taken.home,
        "SELECT r.state_id, last_name, first_name FROM identity.record r JOIN identity.assignment a USING (state_id) "
        "WHERE layout = 'registry' AND outcome = 'REUSED' ORDER BY 1 LIMIT 1",
    )
    plain = mosis("ids", "show", str(number), home=taken.home.root)
    assert plain.returncode == 0 and "taken over from line" in plain.stdout and "REUSED" in plain.stdout
    assert str(last) not in plain.stdout
    told = tell_story_of(taken.home, str(number), clock=FixedClock(OCTOBER_2024), actor="ann", with_names=True)
    assert f"{last}" in json.dumps(told.to_json()) and first in {
        version["first_name"] for version in told.story.versions
    }
    con = open_state(taken.home, read_only=True)
    logged = con.execute("SELECT actor, level, record_count FROM access.log").fetchall()
    assert logged == [("ann", 4, 1)] and first_broken_link(con) is None
    con.close()


def test_unknown_and_malformed_numbers(taken: TakenOver) -> None:
    assert mosis("ids", "show", "9999999999", home=taken.home.root).returncode in (4,)
    assert mosis("ids", "show", "123", home=taken.home.root).returncode == 2


def test_the_same_file_again_changes_nothing(taken: TakenOver, small_sample: Path, tmp_path: Path) -> None:
    home = StateHome(shutil.copytree(taken.home.root, tmp_path / "copy"))
    before = Journal(home.journal).head()
    again = import_registry(
        home, small_sample / "registry.csv", clock=FixedClock(OCTOBER_2024), actor="ann", reason=None
    )
    assert again.block_number is None and sum(again.numbers.values()) == 0
    assert again.codes["ID_KNOWN"] == sum(taken.summary.numbers.values()) - taken.summary.numbers["held"]
    assert Journal(home.journal).head() == before


def test_a_difference_ends_with_its_exit_code(taken: TakenOver, tmp_path: Path) -> None:
    home = StateHome(shutil.copytree(taken.home.root, tmp_path / "copy"))
    con = open_state(home)
    con.execute("UPDATE identity.student SET status = 'active', merged_into = NULL WHERE status = 'merged'").fetchall()
    con.close()
    answer = mosis("ids", "verify", home=home.root)
    assert answer.returncode == 7 and "STANDING_DIFFERS" in answer.stdout
    told = json.loads(mosis("ids", "verify", "--json", home=home.root).stdout)
    assert told["counts"] == {"STANDING_DIFFERS": taken.summary.numbers["merged"]} and not told["agrees"]


def test_a_file_that_is_none_is_said_in_a_line(taken: TakenOver, small_sample: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="was not found"):
        import_registry(taken.home, tmp_path / "no.csv", clock=FixedClock(OCTOBER_2024), actor="ann", reason=None)
    answer = mosis("ids", "import", str(small_sample / "directory" / "schools.csv"), home=taken.home.root)
    assert answer.returncode == 2 and "missing: state_id" in answer.stderr
