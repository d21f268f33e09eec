"""October's staff, courses and rosters through the whole pipeline: read, judged, stored, answered, certified; no SSN left."""

import csv
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.run import run_inbox
from flows.session import open_session
from flows.summary import RunSummary
from matching.student_ids import SystemIdSource
from sample_data.generate import generate_sample
from schemas.clock import FixedClock
from schemas.home_setup import make_home
from schemas.paths import StateHome
from tests.conftest import drop

pytestmark = pytest.mark.slow

MOMENTS = (
    ("2025/id", datetime(2024, 9, 16, 14, tzinfo=UTC)),
    ("2025/core", datetime(2024, 10, 7, 14, tzinfo=UTC)),
    ("2025/staff", datetime(2024, 10, 21, 14, tzinfo=UTC)),
)
STAFF = ("educator_core", "educator_school", "course_assignment")
ROSTER = "student_assignment"
# Level 1 by design (original bytes), and the drawer of files to drop.
ORIGINALS = ("archive", "inbox", "work")


@dataclass
class State:
    """A home after IDs, Student Core and the staff files."""

    home: StateHome
    sample: Path
    run: RunSummary

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with open_session(self.home, FixedClock(MOMENTS[-1][1])) as session:
            return session.con.execute(query).fetchall()

    def receipts(self) -> dict[str, dict[str, Any]]:
        found = [json.loads(path.read_text("utf-8")) for path in self.home.outbox.glob("*/*/receipt.json")]
        staff = {path.name for path in (self.sample / "2025" / "staff").glob("*/*")}
        return {receipt["file_name"]: receipt for receipt in found if receipt["file_name"] in staff}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    folder = tmp_path_factory.mktemp("staff_files")
    generate_sample(folder / "sample", 400, 3, 5, (2025,), with_staff=True)
    home = make_home(folder / "home", folder / "sample" / "directory")
    for place, moment in MOMENTS:
        drop(folder / "sample" / place, home.root)
        run = run_inbox(home, clock=FixedClock(moment), id_source=SystemIdSource(), settle=0)
    yield State(home, folder / "sample", run)


def numbers_of(sample: Path) -> set[str]:
    """Every Social Security number of an educator in the sample."""
    found: set[str] = set()
    for path in (sample / "2025" / "staff").glob("*/*EducatorCore*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            found |= {value for row in csv.DictReader(file) for name, value in row.items() if "EDSSN" in name.upper()}
    return {number for number in found if len(number) == 9 and number != "999999999"}


def test_every_file_is_answered_and_counted(state):
    receipts = state.receipts()
    assert len(receipts) == 12
    for name, receipt in receipts.items():
        assert receipt["outcome"] in ("accepted", "accepted_with_violations"), name
        assert receipt["status"] == "trial" and receipt["records"] == receipt["accepted"] > 0
        assert (receipt["ids"] is None) == ("StudentAssignment" not in name)


def test_expected_violations_stand_in_the_database(state):
    with (state.sample / "truth" / "expected.csv").open(encoding="utf-8") as file:
        expected = {
            (row["file_name"], int(row["line_number"]), row["rule_id"])
            for row in csv.DictReader(file)
            if row["folder"] == "staff"
        }
    found = set(
        state.rows(
            "SELECT file_name, line_number, rule_id FROM quality.violation JOIN intake.submission USING (submission_id)"
        )
    )
    assert expected and expected <= found


def test_adults_get_no_state_id_and_no_identity_record(state):
    for table in ("identity.record", "identity.assignment JOIN intake.submission USING (submission_id)"):
        layouts = {layout for (layout,) in state.rows(f"SELECT DISTINCT layout FROM {table}")}
        assert not layouts & set(STAFF)
    for layout in STAFF:
        assert state.rows(f"SELECT count(state_id) FROM collection.{layout}") == [(0,)]


def test_a_roster_names_the_children_that_student_core_names(state):
    ((rostered, agree),) = state.rows(
        """
        SELECT count(*), count(*) FILTER (roster.state_id = core.state_id)
        FROM collection.student_assignment AS roster
        JOIN collection.student_core AS core USING (district_code, local_student_id)
        WHERE core.state_id IS NOT NULL
        """
    )
    assert rostered == agree > 300


def test_the_dummy_identifier_joins_the_four_files(state):
    for layout in ("educator_school", "course_assignment", ROSTER):
        ((known, unknown),) = state.rows(
            f"""
            SELECT count(core.educator_id), count(*) FILTER (core.educator_id IS NULL)
            FROM collection.{layout} AS other LEFT JOIN (
                SELECT DISTINCT district_code, educator_id FROM collection.educator_core
            ) AS core USING (district_code, educator_id)
            WHERE other.educator_id IS NOT NULL
            """
        )
        # Two records of the first district's Educator Core have a number that cannot be used.
        assert known > 20 * max(unknown, 1) or layout != "educator_school"


def test_no_number_is_left_anywhere_but_in_the_original_bytes(state):
    numbers = numbers_of(state.sample)
    assert len(numbers) > 40
    for path in sorted(state.home.root.rglob("*")):
        if path.is_file() and path.relative_to(state.home.root).parts[0] not in ORIGINALS:
            assert not any(number in text_of(path) for number in numbers), path.name
    for layout in (*STAFF, ROSTER):
        names = [name for (name,) in state.rows(f"SELECT column_name FROM (DESCRIBE collection.{layout})")]
        assert not {"ssn", "ssn_hash", "ssn_near"} & set(names)
        text = str(state.rows(f"SELECT * FROM collection.{layout}"))
        assert not any(number in text for number in numbers)


def text_of(path: Path) -> str:
    """What stands in a file; of a workbook what stands in its parts, which are packed."""
    if path.suffix != ".xlsx":
        return path.read_bytes().decode("latin-1")
    with zipfile.ZipFile(path) as parts:
        return "".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())


def test_no_name_of_an_educator_is_in_a_log(state):
    logs = "".join(path.read_text("utf-8") for path in (state.home.root / "logs").rglob("*") if path.is_file())
    names = {last for (last,) in state.rows("SELECT DISTINCT last_name FROM collection.educator_core")}
    assert names and not any(f" {name} " in logs for name in names)


def test_a_clean_staff_file_can_be_certified_by_its_form(state):
    forms = sorted(state.home.outbox.glob("*/*/certify_*.csv"))
    staff = {receipt["submission_id"] for receipt in state.receipts().values() if receipt["errors"] == 0}
    assert staff and staff <= {path.parent.name for path in forms}


def test_a_corrected_file_keeps_what_was_said_of_the_same_educator(state):
    """Two lines in front of the others move every line; the educator's violations go on all the same."""
    source = next((state.sample / "2025" / "staff" / "048078").glob("*_EducatorCore_*.csv"))
    lines = source.read_text("utf-8").splitlines()
    moved = "\n".join([lines[0], *lines[3:], *lines[1:3], ""])
    (state.home.inbox / "048078" / "again.csv").write_text(moved, "utf-8")
    before = educator_violations(state)
    run_inbox(
        state.home, clock=FixedClock(datetime(2024, 10, 22, 14, tzinfo=UTC)), id_source=SystemIdSource(), settle=0
    )
    after = educator_violations(state)
    assert before and {row[:2] for row in after} >= {row[:2] for row in before if row[0]}
    assert {row[2] for row in after if row[0]} == {row[2] for row in before if row[0]}


def educator_violations(state: State) -> set[tuple[Any, ...]]:
    """Educator, rule and first day of the standing violations of the first district's Educator Core."""
    return set(
        state.rows(
            """
            SELECT local_student_id, rule_id, first_seen_at FROM quality.violation
            WHERE layout = 'educator_core' AND district_code = '048078' AND status IN ('open', 'reopened')
              AND scope = 'record'
            """
        )
    )
