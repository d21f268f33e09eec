"""The frozen model: what each level of agreement weighs, how rare each name is, and where the thresholds lie.

A model is a folder that never changes: ``model.json`` (splink's settings with m and u probabilities), one Parquet file of
term frequencies per name column, ``thresholds.toml``, ``README.md`` and ``manifest.json`` with the hash of each of them.
Scheduled runs load a model; only ``matching/training.py`` makes one.
"""

import hashlib
import json
import math
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from matching.comparisons import COMPARISONS, TERM_FREQUENCY_COLUMNS, splink_comparison
from matching.standardize import STANDARDIZE_VERSION
from schemas.errors import UsageError

PARAMETERS = Path(__file__).parent / "parameters"
SHIPPED_MODEL = "synthetic-1"
MANIFEST = "manifest.json"
STATEMENTS = "scoring.sql"
FORMAT_VERSION = 1
# A registry that is only being filled is no proof of a small state: strangers with one name and birth date are weighed
# against at least so many children.
LEAST_POPULATION = 100_000


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where decisions change; all in bits (log2 of odds), of one person against everybody else.

    Args:
        upper: a link needs at least this weight.
        lower: below it nobody is shown to a clerk.
        margin: the best person must beat the next one by this much.
        new_upper, new_lower: the same for two children who are both new in a run.
        known_odds: odds, before looking at the data, that a request is for a child in the registry.
        same_run_odds: odds, before looking, that a new child stands in the run a second time.
        gone: added when the candidate has left every district it was in, as the others' files of this run show.
        still_there: added when the candidate stands in another district's file of this run.
        seen_this_year: added when another district reported the candidate earlier in this school year.
        alike_names: added when birth date and last name agree and the first names are only alike: twins.
        candidates_shown: at most so many candidates of a near match.
    """

    upper: float
    lower: float
    margin: float
    new_upper: float
    new_lower: float
    known_odds: float
    same_run_odds: float
    gone: float
    still_there: float
    seen_this_year: float
    alike_names: float
    candidates_shown: int


@dataclass(frozen=True)
class Model:
    """A loaded model; ``version`` goes into every assignment it decides.

    Attributes:
        statements: what splink says to the database for this model, where it was written down.
    """

    version: str
    settings: dict[str, Any]
    term_frequencies: dict[str, pl.DataFrame]
    rare_frequency: dict[str, float]
    thresholds: Thresholds
    statements: str | None = None

    @cached_property
    def prior_weight(self) -> float:
        """The part of splink's match weight that is not evidence; taken out, since the registry's size decides it."""
        prior = self.settings["probability_two_random_records_match"]
        return math.log2(prior / (1 - prior))


def load_model(folder: Path | None = None) -> Model:
    """The model of a folder; the one that ships when none is named.

    Raises:
        UsageError: a file is missing or changed, or the model was trained for other comparisons than this code makes.
    """
    folder = folder or PARAMETERS / SHIPPED_MODEL
    manifest = _checked_manifest(folder)
    settings = json.loads((folder / "model.json").read_text("utf-8"))
    _check_comparisons(folder, settings)
    digest = hashlib.sha256(json.dumps(manifest["files"], sort_keys=True).encode()).hexdigest()
    return Model(
        version=f"{manifest['name']}-{digest[:8]}",
        settings=settings,
        term_frequencies={
            column: pl.read_parquet(folder / f"tf_{column}.parquet") for column in TERM_FREQUENCY_COLUMNS
        },
        rare_frequency=manifest["rare_frequency"],
        thresholds=Thresholds(**tomllib.loads((folder / "thresholds.toml").read_text("utf-8"))),
        statements=(folder / STATEMENTS).read_text("utf-8") if (folder / STATEMENTS).is_file() else None,
    )


def write_manifest(folder: Path, name: str, rare_frequency: dict[str, float]) -> None:
    """Seal a folder: what it is called and the hash of every file in it."""
    files = {path.name: _sha256(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    content = {
        "format_version": FORMAT_VERSION,
        "name": name,
        "standardize_version": STANDARDIZE_VERSION,
        "rare_frequency": rare_frequency,
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def splink_settings(probabilities: dict[str, Any] | None = None) -> dict[str, Any]:
    """Settings of an untrained model over this code's comparisons."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "comparisons": [splink_comparison(comparison) for comparison in COMPARISONS],
        "blocking_rules_to_generate_predictions": [],
        # Levels and weights of every field: guards, evidence and the sentences for clerks read them.
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
        **(probabilities or {}),
    }


def _checked_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise UsageError(f"{folder} is no matching model: {MANIFEST} was not found there. Train one with: mosis train")
    manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if manifest["standardize_version"] != STANDARDIZE_VERSION:
        raise UsageError(
            f"{folder}: trained on names of spelling version {manifest['standardize_version']}, "
            f"this system writes version {STANDARDIZE_VERSION}. Train a model anew with: mosis train"
        )
    for name, expected in manifest["files"].items():
        if not (folder / name).is_file() or _sha256(folder / name) != expected:
            raise UsageError(f"{folder / name} is missing or was changed after training. Restore it from a backup.")
    return manifest


def _check_comparisons(folder: Path, settings: dict[str, Any]) -> None:
    trained = [_conditions(comparison) for comparison in settings["comparisons"]]
    ours = [_conditions(splink_comparison(comparison)) for comparison in COMPARISONS]
    if trained != ours:
        raise UsageError(f"{folder}: trained for other comparisons than this version makes. Train it anew: mosis train")


def _conditions(comparison: dict[str, Any]) -> tuple[str, list[str]]:
    return comparison["output_column_name"], [level["sql_condition"] for level in comparison["comparison_levels"]]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
