"""Fixtures that several folders of tests share: a small sample state and a home that has received it."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.clock import FixedClock

OCTOBER_2024 = datetime(2024, 10, 7, 14, tzinfo=UTC)


@pytest.fixture(scope="session")
def small_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample state of 300 students in 4 districts; never changed by a test."""
    from sample_data.generate import generate_sample

    out = tmp_path_factory.mktemp("sample") / "state"
    generate_sample(out, students=300, districts=4, seed=11)
    return out


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(OCTOBER_2024)


@pytest.fixture
def make_home(tmp_path: Path, small_sample: Path) -> Iterator[Callable[[], Path]]:
    """Makes empty state homes for the sample's districts."""
    from schemas.home_setup import make_home as make

    numbers = itertools.count(1)
    yield lambda: make(tmp_path / f"home{next(numbers)}", small_sample / "directory").root


@pytest.fixture
def sample_home(make_home: Callable[[], Path], small_sample: Path) -> Path:
    """A home in whose inbox the first year's October extracts wait."""
    home = make_home()
    drop(small_sample / "2025" / "core", home)
    return home


def drop(source: Path, home: Path) -> list[Path]:
    """Copy a folder of district folders into the inbox."""
    dropped = []
    for path in sorted(source.rglob("*")):
        if path.is_file():
            target = home / "inbox" / path.parent.name / path.name
            shutil.copyfile(path, target)
            dropped.append(target)
    return dropped
