"""Named places where a test may end the process as a crash would (design 8: kill -9 anywhere).

``MOSIS_FAULT=after_commit`` ends the process the first time it gets there, ``after_receipt:3`` the third time. Without the
variable nothing happens: the places cost one look-up each.
"""

import os
from collections import Counter
from typing import Literal, NoReturn

VARIABLE = "MOSIS_FAULT"
KILLED = 137  # what a shell reports for a process ended by kill -9

FaultPoint = Literal["after_plan", "after_journal", "after_commit", "after_checkpoint", "after_receipt"]

_hits: Counter[str] = Counter()


def reach(point: FaultPoint) -> None:
    """Say that a point was reached; ends the process where the environment asks for it."""
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return
    _hits[point] += 1
    name, _, hit = wanted.partition(":")
    if name == point and _hits[point] == int(hit or 1):
        _die()


def _die() -> NoReturn:
    # _exit runs no finally, no atexit and no flush: what is not on disk now is lost, as it would be.
    os._exit(KILLED)
