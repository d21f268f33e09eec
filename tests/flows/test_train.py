"""``mosis train``: what it refuses, what it writes, and that nothing uses a model that nobody chose."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.progress import silent
from flows.train import REPORT, activate_model, train_model
from flows.training_page import find_warnings
from matching.model import PARAMETERS, SHIPPED_MODEL, load_model
from outputs.training_report.report import CurveFigures, LevelFigures, ThresholdFigures
from schemas.clock import Clock
from schemas.errors import UsageError
from schemas.paths import StateHome, read_settings


@pytest.fixture
def home(make_home: Callable[[], Path]) -> StateHome:
    return StateHome.open(make_home())


def test_a_registry_that_is_too_small_is_refused(home: StateHome, clock: Clock) -> None:
    with pytest.raises(UsageError, match="the registry has 0 records of 0 children to learn from, at least 2,000"):
        train_model(home, name="autumn", clock=clock, progress=silent)
    assert list(home.models.iterdir()) == []


def test_names_that_are_no_folder_are_refused(home: StateHome, clock: Clock) -> None:
    for name in ("", "Autumn", "../other", "a" * 41, "-a"):
        with pytest.raises(UsageError, match="small letters, digits and hyphens"):
            train_model(home, name=name, clock=clock, progress=silent)


def copy_model(home: StateHome) -> str:
    version = load_model().version
    (home.models / version).mkdir()
    for path in (PARAMETERS / SHIPPED_MODEL).iterdir():
        (home.models / version / path.name).write_bytes(path.read_bytes())
    return version


def test_activating_changes_one_line(home: StateHome, clock: Clock) -> None:
    version = copy_model(home)
    for before in ('# model_version = "2026-10"\n', 'model_version = "old"\n', ""):
        home.settings_file.write_text(f'# a note\nstate_name = "Utopia"\n{before}threads = 1\n')
        activate_model(home, version, clock)
        after = home.settings_file.read_text()
        assert tomllib.loads(after) == {"state_name": "Utopia", "model_version": version, "threads": 1}
        assert "# a note" in after


def test_a_changed_model_is_refused_by_name(home: StateHome, clock: Clock) -> None:
    version = copy_model(home)
    (home.models / version / "model.json").write_text("{}")
    with pytest.raises(UsageError, match=rf"{version}/model.json is missing or was changed"):
        activate_model(home, version, clock)
    assert read_settings(home.settings_file).model_version is None


def test_a_run_does_not_even_load_what_trains() -> None:
    code = "import flows.run, sys; print([name for name in sys.modules if 'train' in name.split('.')[-1]])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = [name for name in eval(done.stdout) if name.split(".")[0] in ("flows", "matching", "outputs")]
    assert ours == []


CURVE = [ThresholdFigures(bits, false, 1.0, known, 0.0) for bits, false, known in ((0, 50.0, 0.0), (12, 0.5, 0.0))]


def warnings_of(level: LevelFigures, rows: list[ThresholdFigures], upper: float = 12.0) -> list[str]:
    return find_warnings([level], CurveFigures("", "", "", 1, 1, rows), upper, is_truth=False)


def test_a_sound_model_is_not_warned_of() -> None:
    assert warnings_of(LevelFigures("gender", "SAME", 0.9, 0.5, 0.99, 0.5, 90, 100), CURVE) == []


@pytest.mark.parametrize(
    "level, upper, said",
    [
        (LevelFigures("gender", "SAME", 0.9, 0.01, 0.99, 0.5, 0, 0), 12.0, "gender same weighs"),
        (LevelFigures("gender", "DIFFERENT", 0.01, 0.5, 0.01, 0.5, 40, 1000), 12.0, "4.00% of the known pairs"),
        (LevelFigures("gender", "SAME", 0.9, 0.5, 0.9, 0.5, 0, 0), 0.0, "50.0 false links per 100,000"),
    ],
)
def test_what_a_person_should_look_at(level: LevelFigures, upper: float, said: str) -> None:
    (warning,) = warnings_of(level, CURVE, upper)
    assert said in warning


@pytest.mark.slow
def test_a_model_of_a_sample_state_is_made_used_and_kept(home: StateHome) -> None:
    command = [
        "train",
        "--home",
        str(home.root),
        "--from",
        "synthetic",
        "--sample",
        "8000",
        "--truth",
        "5000",
        "--json",
    ]
    done = CliRunner().invoke(app, [*command, "--activate"], catch_exceptions=False)
    assert done.exit_code == 0
    made = json.loads(done.stdout)
    folder = home.models / made["model_version"]
    assert read_settings(home.settings_file).model_version == load_model(folder).version == made["model_version"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    page = (folder / REPORT).read_text()
    assert page.count("Held against the truth") == 2
    assert list(home.models.iterdir()) == [folder]
