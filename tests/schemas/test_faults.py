"""Fault points end the process at the asked hit, and are nothing without being asked."""

import subprocess
import sys

import pytest

CODE = """
from schemas.faults import reach
for point in ("after_commit", "after_receipt", "after_receipt"):
    reach(point)
    print(point, flush=True)
"""


@pytest.mark.parametrize(
    "wanted, exit_code, reached",
    [
        (None, 0, 3),
        ("", 0, 3),
        ("after_commit", 137, 0),
        ("after_receipt", 137, 1),
        ("after_receipt:2", 137, 2),
        ("after_receipt:3", 0, 3),
        ("after_plan", 0, 3),
    ],
)
def test_the_process_ends_at_the_asked_hit(wanted: str | None, exit_code: int, reached: int) -> None:
    environment = {"PYTHONPATH": ".", "PATH": "/usr/bin:/bin", **({} if wanted is None else {"MOSIS_FAULT": wanted})}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == exit_code, done.stderr
    assert len(done.stdout.split()) == reached
