"""Districts compared after real runs: every rule fires, decisions hold for both, and a crash keeps nobody uninformed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.session import open_session
from matching.corrections.register import load_corrections
from outputs.disclosure_log import first_broken_link
from schemas.across_files import STATE
from schemas.faults import KILLED, VARIABLE
from tests.flows.between_districts import HERE, THERE, drop, play, pupil
from tests.flows.small_files import child, core_file, id_batch, ids, new_home, run
from tests.outputs.state_level.small_state import MONDAY

MOSIS = str(Path(sys.executable).with_name("mosis"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_rule_fires_in_a_whole_year(tmp_path: Path) -> None:
    home, clock, given = play(tmp_path)
    with open_session(home, clock) as session:
        fired = {rule for (rule,) in session.con.execute(
            "SELECT DISTINCT rule_id FROM quality.violation WHERE scope = 'state'").fetchall()}  # fmt: skip
        assert fired == {rule.rule_id for rule in session.dictionary.across_rules if rule.scope == STATE}
        assert first_broken_link(session.con) is None
        assert len(load_corrections(session.con)) == 2
        unpaired = session.con.execute(
            "SELECT rule_id FROM quality.violation WHERE scope = 'state' AND other_district_code IS NOT NULL "
            "GROUP BY finding_id, rule_id HAVING count(*) <> 2"
        ).fetchall()
        assert unpaired == []
    for district, other in ((HERE, THERE), (THERE, HERE)):
        page = (home.outbox_of(district) / "state_level" / "2026-06-10" / "state_level.html").read_text("utf-8")
        assert f"mosis@{other}.example.org" in page
        assert pupil(given, 2, other)["local_student_id"] not in page


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", ["after_commit:1", "after_commit:2", "after_receipt"])
def test_killed_between_storing_and_telling_the_next_run_tells(tmp_path: Path, fault: str) -> None:
    from schemas.clock import FixedClock

    home, clock = new_home(tmp_path), FixedClock(MONDAY)
    drop(home, HERE, "batch.csv", id_batch(HERE, [child(1)]))
    run(home, clock)
    known = {"submitted_state_id": ids(home, "batch.csv")[2]}
    drop(home, HERE, "here.csv", core_file(HERE, [child(1, **known)]))
    run(home, clock)
    drop(home, THERE, "there.csv", core_file(THERE, [child(1, **known, local_student_id="T1", grade="05")]))
    command = [MOSIS, "run", "--settle", "0", "--home", str(home.root)]
    killed = subprocess.run(command, env={**os.environ, VARIABLE: fault}, capture_output=True, timeout=120, check=False)
    assert killed.returncode == KILLED
    assert not list(home.outbox.glob("*/state_level/*/state_level.html"))
    done = subprocess.run(command, capture_output=True, timeout=120, text=True, check=True)
    assert "State-level pages written for 2 districts" in done.stdout
    assert {path.parts[-4] for path in home.outbox.glob("*/state_level/*/state_level.html")} == {HERE, THERE}
    with open_session(home, clock) as session:
        rows = session.con.execute(
            "SELECT district_code, count(*) FROM quality.violation WHERE rule_id = 'STC99020' GROUP BY ALL ORDER BY 1"
        ).fetchall()
        assert rows == [(HERE, 1), (THERE, 1)]
