"""The frozen model: what ships loads, and nothing altered does."""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from matching.comparisons import COMPARISONS, TERM_FREQUENCY_COLUMNS
from matching.model import MANIFEST, PARAMETERS, SHIPPED_MODEL, load_model, write_manifest
from matching.training import LEAST_M, LEAST_U, train
from schemas.errors import UsageError


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PARAMETERS / SHIPPED_MODEL, tmp_path / "model"))


def test_shipped_model_is_complete() -> None:
    model = load_model()
    assert model.version.startswith(f"{SHIPPED_MODEL}-")
    assert set(model.term_frequencies) == set(TERM_FREQUENCY_COLUMNS)
    for comparison in model.settings["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        assert all(LEAST_M <= level["m_probability"] <= 1 for level in levels)
        assert all(LEAST_U <= level["u_probability"] <= 1 for level in levels)


def test_shipped_model_is_small() -> None:
    assert sum(path.stat().st_size for path in (PARAMETERS / SHIPPED_MODEL).iterdir()) < 3_000_000


def test_every_shipped_folder_loads() -> None:
    for folder in PARAMETERS.iterdir():
        assert load_model(folder).version


def test_disagreement_weighs_less_than_agreement() -> None:
    settings = load_model().settings
    for comparison, trained in zip(COMPARISONS, settings["comparisons"], strict=True):
        levels = [level for level in trained["comparison_levels"] if not level.get("is_null_level")]
        assert _ratio(levels[-1]) < min(1.0, _ratio(levels[0])), comparison.name


def _ratio(level: dict[str, Any]) -> float:
    return float(level["m_probability"] / level["u_probability"])


@pytest.mark.parametrize("name", ["model.json", "thresholds.toml", "tf_last_name.parquet", "README.md"])
def test_a_changed_file_is_refused(name: str, copied: Path) -> None:
    (copied / name).write_bytes((copied / name).read_bytes() + b" ")
    with pytest.raises(UsageError, match=f"{name} is missing or was changed"):
        load_model(copied)


def test_a_missing_file_is_refused(copied: Path) -> None:
    (copied / "tf_first_name.parquet").unlink()
    with pytest.raises(UsageError, match="missing or was changed"):
        load_model(copied)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no matching model"):
        load_model(tmp_path)


def test_a_model_of_other_comparisons_is_refused(copied: Path) -> None:
    settings = json.loads((copied / "model.json").read_text())
    settings["comparisons"][0]["comparison_levels"][1]["sql_condition"] = "1 = 1"
    (copied / "model.json").write_text(json.dumps(settings))
    write_manifest(copied, "other", load_model().rare_frequency)
    with pytest.raises(UsageError, match="trained for other comparisons"):
        load_model(copied)


def test_a_model_of_another_spelling_is_refused(copied: Path) -> None:
    manifest = json.loads((copied / MANIFEST).read_text())
    (copied / MANIFEST).write_text(json.dumps({**manifest, "standardize_version": 0}))
    with pytest.raises(UsageError, match="spelling version 0"):
        load_model(copied)


def test_training_needs_records_and_an_empty_place(tmp_path: Path, make_requests: Any) -> None:
    with pytest.raises(UsageError, match="1 records found, at least"):
        train(make_requests({}), tmp_path / "new", "small", source="one child")
    with pytest.raises(UsageError, match="exists already"):
        train(pl.concat([make_requests({})] * 3000), tmp_path, "small", source="one child")


def test_version_names_the_content(copied: Path) -> None:
    assert load_model(copied).version == load_model().version
    (copied / "thresholds.toml").write_text(
        (copied / "thresholds.toml").read_text().replace("upper = 12.0", "upper = 13.0")
    )
    write_manifest(copied, SHIPPED_MODEL, load_model().rare_frequency)
    assert load_model(copied).version != load_model().version
    assert load_model(copied).thresholds.upper == 13.0
