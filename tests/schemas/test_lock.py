"""One writer, and none on a full disk."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.errors import Busy, NoSpace
from schemas.lock import hold_lock, require_free_space
from schemas.paths import StateHome

HOLDER = """
import sys
from pathlib import Path
from schemas.lock import hold_lock
from schemas.paths import StateHome
with hold_lock(StateHome(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> StateHome:
    home = StateHome(tmp_path)
    for name in ("work", "inbox"):
        (tmp_path / name).mkdir()
    home.settings_file.write_text("")
    return home


@pytest.fixture
def holder(home: StateHome):  # type: ignore[no-untyped-def]
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": "."},
    ) as process:
        assert process.stdout and process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_lock_can_be_taken_again(home: StateHome) -> None:
    for _ in range(2):
        with hold_lock(home):
            assert home.lock_file.read_text() == f"{os.getpid()}\n"
    assert home.lock_file.read_text() == ""
    assert home.lock_file.stat().st_mode & 0o777 == 0o600


def test_a_second_run_is_told_who_holds_it(home: StateHome, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(Busy, match=f"PID {holder.pid}") as caught, hold_lock(home):
        pass
    assert caught.value.exit_code == 5


def test_a_killed_holder_blocks_nobody(home: StateHome, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    with hold_lock(home):
        assert home.lock_file.read_text() == f"{os.getpid()}\n"


def test_a_failed_run_lets_go(home: StateHome) -> None:
    with pytest.raises(RuntimeError), hold_lock(home):
        raise RuntimeError
    with hold_lock(home):
        pass


@pytest.mark.parametrize("free, starts", [(3 * (100 + 50), True), (3 * (100 + 50) - 1, False)])
def test_three_times_inbox_and_database_must_be_free(home: StateHome, free: int, starts: bool) -> None:
    (home.inbox / "001090").mkdir()
    (home.inbox / "001090" / "a.csv").write_bytes(b"x" * 100)
    (home.inbox / "001090" / "link").symlink_to(home.settings_file)
    os.mkfifo(home.inbox / "001090" / "pipe")
    home.database.write_bytes(b"x" * 50)
    if starts:
        require_free_space(home, lambda path: free)
    else:
        with pytest.raises(NoSpace, match="needed") as caught:
            require_free_space(home, lambda path: free)
        assert caught.value.exit_code == 8


def test_the_real_disk_is_asked(home: StateHome) -> None:
    require_free_space(home)
