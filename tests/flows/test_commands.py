"""The commands as a person uses them: what they print, how they end, what a wrong word gets."""

import csv
import fcntl
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.cli.app import main

ROOT = Path(__file__).parents[2]
CLEAN_CASE = "spotless"


@dataclass(frozen=True)
class Answer:
    returncode: int
    stdout: str
    stderr: str


def mosis(*arguments: str, home: Path | None = None) -> Answer:
    """The command as the shell would see it, without the cost of a process."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["mosis", *arguments])
        patch.delenv("MOSIS_HOME", raising=False)
        patch.setenv("COLUMNS", "200")
        if home:
            patch.setenv("MOSIS_HOME", str(home))
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
    return Answer(code, out.getvalue(), err.getvalue())


def test_help_has_an_example_for_every_command() -> None:
    commands = (
        "init", "run", "status", "confirm", "demo", "check", "certify", "precode", "aggregate", "publish", "sample", "accuracy",
    )  # fmt: skip
    for command in commands:
        answer = mosis(command, "--help")
        assert answer.returncode == 0
        assert f"mosis {command}" in answer.stdout.replace("Usage: mosis", ""), command


def test_a_folder_that_is_no_home_is_said_in_one_line(tmp_path: Path) -> None:
    answer = mosis("status", home=tmp_path)
    assert answer.returncode == 3
    assert answer.stderr.count("\n") == 1 and "mosis init" in answer.stderr


def test_no_home_at_all_is_said_in_one_line() -> None:
    answer = mosis("run")
    assert answer.returncode == 3 and "MOSIS_HOME" in answer.stderr


def test_init_refuses_a_home_that_exists(make_home: Callable[[], Path], small_sample: Path) -> None:
    answer = mosis("init", str(make_home()), "--directory", str(small_sample / "directory"))
    assert answer.returncode == 2 and "already" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("certify", "999999", "2025Oct1.0StuCore"), "999999"),
        (("certify", "048078", "2031Oct1.0StuCore"), "2031Oct1.0StuCore"),
        (("run", "--settle", "0", "--district", "999999"), "999999"),
        (("run", "--settle", "0", "--collection", "no-such"), "no-such"),
        (("confirm", "no-such-submission"), "no-such-submission"),
        (("status", "--collection", "no-such"), "no-such"),
    ],
)
def test_an_unknown_name_ends_with_4_and_is_named(
    arguments: tuple[str, ...], named: str, make_home: Callable[[], Path]
) -> None:
    answer = mosis(*arguments, home=make_home())
    assert answer.returncode == 4, answer.stderr
    assert named in answer.stderr and answer.stderr.count("\n") == 1


def test_a_second_run_says_who_is_at_work(make_home: Callable[[], Path]) -> None:
    home = make_home()
    with (home / "work" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        answer = mosis("run", "--settle", "0", home=home)
    assert answer.returncode == 5
    assert f"PID {os.getpid()}" in answer.stderr and answer.stderr.count("\n") == 1


def test_a_key_that_others_can_read_stops_the_run(make_home: Callable[[], Path]) -> None:
    home = make_home()
    key = next((home / "keys").iterdir())
    key.chmod(0o644)
    answer = mosis("run", "--settle", "0", home=home)
    assert answer.returncode == 11 and "chmod" in answer.stderr


def test_nothing_to_do_is_said_and_leaves_nothing(make_home: Callable[[], Path]) -> None:
    home = make_home()
    answer = mosis("run", "--settle", "0", home=home)
    assert answer.returncode == 0 and "Nothing was waiting" in answer.stdout
    assert not list((home / "journal").iterdir())
    assert json.loads(mosis("run", "--settle", "0", "--json", home=home).stdout)["files"] == {}


def test_check_of_a_clean_file_ends_with_0_and_prints_json_alone(small_sample: Path) -> None:
    clean = clean_file(small_sample)
    answer = mosis("check", str(clean), "--directory", str(small_sample / "directory"), "--json")
    body = json.loads(answer.stdout)
    assert answer.returncode == 0
    assert (body["outcome"], body["errors"], body["refused"]) == ("accepted", 0, 0)
    assert body["lines"] == body["header_lines"] + body["blank_lines"] + body["records"]
    assert "STC00202" in body["not_checked"] or body["not_checked"]


def test_check_finds_what_is_wrong_and_ends_with_1(tmp_path: Path, small_sample: Path) -> None:
    lines = clean_file(small_sample).read_text("utf-8").splitlines()
    header, first = lines[0].split(","), lines[1].split(",")
    first[header.index("Gender")] = "X"
    broken = tmp_path / "broken.csv"
    broken.write_text("\n".join([lines[0], ",".join(first), *lines[2:]]) + "\n", "utf-8")
    answer = mosis("check", str(broken), "--report", str(tmp_path / "findings"), "--json")
    body = json.loads(answer.stdout)
    assert answer.returncode == 1
    assert ("Gender", 2) in {(row["field"], row["line"]) for row in body["violations"]}
    assert (tmp_path / "findings" / "violations.html").is_file()


def test_check_of_something_else_ends_with_1_and_says_what_to_do(tmp_path: Path) -> None:
    foreign = tmp_path / "letter.csv"
    foreign.write_bytes(b"%PDF-1.7 something")
    answer = mosis("check", str(foreign), "--json")
    body = json.loads(answer.stdout)
    assert answer.returncode == 1 and body["outcome"] == "quarantined" and body["next_steps"]


def test_check_needs_nothing_that_windows_lacks() -> None:
    code = "import sys; sys.modules['fcntl'] = None; import flows.check, flows.cli.app"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_dictionary_shows_collections_layouts_and_fields(tmp_path: Path) -> None:
    assert "2026Oct1.0StuCore" in mosis("dictionary", "show").stdout
    assert len(json.loads(mosis("dictionary", "show", "2026Oct1.0StuCore", "--json").stdout)) == 114
    assert "RCV" in mosis("dictionary", "show", "2026Oct1.0StuCore", "--field", "LEPELL").stdout
    template = tmp_path / "core.csv"
    assert mosis("dictionary", "template", "2026Oct1.0StuCore", "--out", str(template)).returncode == 0
    assert template.read_text("utf-8-sig").startswith("CollectionVersion,CurrentSchoolYear,")


def clean_file(sample: Path) -> Path:
    """The comma file that the sample promises to break no rule."""
    with (sample / "truth" / "expected.csv").open(encoding="utf-8", newline="") as rows:
        clean = next(row for row in csv.DictReader(rows) if row["case"] == CLEAN_CASE)
    return sample / clean["school_year"] / clean["folder"] / clean["district_code"] / clean["file_name"]


def test_a_defect_is_told_without_the_values_it_quotes(make_home: Callable[[], Path]) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("could not convert 'SECRET NAME'")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.run.run_inbox", fail)
        answer = mosis("run", "--settle", "0", home=make_home())
    assert answer.returncode == 70
    assert "ValueError in test_commands.py line" in answer.stderr and "SECRET" not in answer.stderr
