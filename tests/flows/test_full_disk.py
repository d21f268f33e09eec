"""A disk that fills up at any point of a run: it ends, nobody's file is refused for it, and the next run completes."""

import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.clock import FixedClock
from tests.flows.small_files import HERE, THERE, child, core_file, drop, id_batch, ids, new_home, receipts, run
from tests.flows.state_checks import Witness, check_home
from tests.flows.test_kills import fingerprints

MOSIS = str(Path(sys.executable).with_name("mosis"))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("most_bytes", [300, 2_000, 6_000, 20_000, 60_000, 400_000, 1_500_000])
def test_a_full_disk_loses_and_refuses_nothing(most_bytes: int, tmp_path: Path) -> None:
    """No file may grow beyond a size: what the kernel says (EFBIG) goes the same way as a full disk (ENOSPC)."""
    home, clock = new_home(tmp_path), FixedClock(datetime(2025, 10, 6, 14, tzinfo=UTC))
    children = [child(number) for number in range(8)]
    drop(home, HERE, "known.txt", id_batch(HERE, children[:2]))
    run(home, clock)
    witness = Witness()
    witness.look(home.root)
    dropped = fingerprints([])
    for path in home.archive.glob("[0-9a-f][0-9a-f]/*"):
        if path.is_file():
            dropped[HERE, path.name] += 1
    dropped += fingerprints([
        drop(home, HERE, "core.csv", core_file(HERE, children)),
        drop(home, THERE, "batch.txt", id_batch(THERE, [child(number) for number in range(10, 14)])),
    ])  # fmt: skip

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    command = [MOSIS, "run", "--settle", "0", "--home", str(home.root)]
    # Its one log of errors is a pipe: the limit is on files alone.
    full = subprocess.run(command, capture_output=True, text=True, timeout=120, preexec_fn=limit)
    # 1: the database's own error at COMMIT or CHECKPOINT, which says that what it left is unknown.
    assert full.returncode in (1, 8) and "Traceback" not in full.stderr, full.stderr
    witness.look(home.root)
    for receipt in receipts(home).values():
        assert receipt["outcome"] in ("accepted", "accepted_with_violations"), "a full disk is nobody's file's fault"
    assert child(3)["last_name"] not in full.stdout + full.stderr
    completed = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert completed.returncode == 0, completed.stderr
    witness.look(home.root)
    check_home(home.root, witness, dropped)
    assert len(ids(home, "core.csv")) == len(children)
    print(f"{most_bytes} bytes: the full disk ended with {full.returncode}")
