"""Kill the whole pipeline, at every named point and at random: no ID lost or doubled, every file once, the rerun completes."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.conftest import drop
from tests.flows.state_checks import Witness, check_home

MOSIS = str(Path(sys.executable).with_name("mosis"))
FAULTS = (
    "after_plan",
    "after_journal",
    "after_commit",
    "after_checkpoint",
    "after_receipt",
    "after_receipt:3",
    "after_journal:2",
)
KILLS = 60


def mosis(home: Path, *arguments: str, fault: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MOSIS_HOME": str(home)}
    if fault:
        environment["MOSIS_FAULT"] = fault
    return subprocess.run([MOSIS, *arguments], env=environment, capture_output=True, text=True, timeout=240)


def fingerprints(paths: Sequence[Path]) -> Counter[tuple[str, str]]:
    """(district, sha256) of dropped files."""
    return Counter((path.parent.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths)


def small_groups(home: Path) -> None:
    """Settings under which a few files already make several commit groups."""
    settings = home / "mosis.toml"
    settings.write_text(settings.read_text("utf-8") + "\nrecords_per_group = 120\n", "utf-8")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("fault", FAULTS)
def test_killed_at_a_named_point_the_rerun_completes(
    fault: str, make_home: Callable[[], Path], small_sample: Path
) -> None:
    home = make_home()
    small_groups(home)
    dropped = fingerprints(drop(small_sample / "2025" / "id", home)) + fingerprints(
        drop(small_sample / "2025" / "core", home)
    )
    witness = Witness()
    killed = mosis(home, "run", "--settle", "0", fault=fault)
    assert killed.returncode == 137, killed.stderr
    witness.look(home)
    completed = mosis(home, "run", "--settle", "0")
    assert completed.returncode == 0, completed.stderr
    witness.look(home)
    check_home(home, witness, dropped)
    before = dict(witness.answered)
    again = mosis(home, "run", "--settle", "0")
    assert again.returncode == 0 and "Nothing was waiting" in again.stdout
    witness.look(home)
    assert witness.answered == before
    check_home(home, witness, dropped)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_random_kills_lose_and_double_nothing(make_home: Callable[[], Path], small_sample: Path) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")
    chance = random.Random(seed)
    home = make_home()
    small_groups(home)
    folders = [small_sample / year / kind for year in ("2025", "2026") for kind in ("id", "core")]
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    dropped: Counter[tuple[str, str]] = Counter()
    witness = Witness()
    killed = 0
    for round_number in range(KILLS):
        if files:
            source = files.pop(0)
            target = home / "inbox" / source.parent.name / f"{round_number}-{source.name}"
            target.write_bytes(source.read_bytes())
            dropped += fingerprints([target])
        run = subprocess.Popen(
            [MOSIS, "run", "--settle", "0"],
            env={**os.environ, "MOSIS_HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        time.sleep(chance.uniform(0.5, 4.0))
        run.send_signal(signal.SIGKILL)
        _, errors = run.communicate()
        killed += run.returncode == -signal.SIGKILL
        assert run.returncode in (0, -signal.SIGKILL), errors.decode()
        witness.look(home)
    assert killed >= KILLS // 4, "the storm killed too seldom to say anything"
    completed = mosis(home, "run", "--settle", "0")
    assert completed.returncode == 0, completed.stderr
    witness.look(home)
    check_home(home, witness, dropped)
    assert "Nothing was waiting" in mosis(home, "run", "--settle", "0").stdout
