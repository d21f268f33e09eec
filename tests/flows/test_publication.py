"""What follows a run: the operator's page keeps up with what was certified."""

from datetime import UTC, datetime
from pathlib import Path

from outputs.state_page import STATE_PAGE
from schemas.clock import FixedClock
from tests.flows.certifying import certify_trial
from tests.flows.small_files import HERE, OCTOBER, child, core_file, drop, new_home, run


def test_certified_trial_is_certified_on_the_state_page(tmp_path: Path) -> None:
    home, clock = new_home(tmp_path), FixedClock(datetime(2025, 10, 6, 14, tzinfo=UTC))
    drop(home, HERE, "core.csv", core_file(HERE, [child(1)]))
    run(home, clock)
    page = home.reports / STATE_PAGE
    assert "1 trial is ready to certify" in page.read_text("utf-8")
    assert certify_trial(home, HERE, OCTOBER, actor="tester", clock=clock).is_certified
    assert "1 trial is ready to certify" not in page.read_text("utf-8")
