"""``mosis train``: fit a model on a registry, or on a sample state, and write down what it learnt; it decides nothing yet.

No run comes here: a model is made by a person's command and used when ``model_version`` in mosis.toml names it.
"""

import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from flows.progress import Progress, Stopwatch
from flows.session import open_reader
from flows.training_page import compare_levels, curve_of, find_warnings
from matching.comparisons import COMPARISONS
from matching.fit_registry import MOST_CHILDREN_WEIGHED, WeighedRecords, registry_records, weigh_records
from matching.model import Model, load_model
from matching.ssn import SsnHasher
from matching.training import FEWEST_RECORDS, Trained, fit_model
from outputs.training_report.page import training_page
from outputs.training_report.report import CurveFigures, TrainingReport
from sample_data.requests import registration_requests
from schemas.clock import Clock, rfc3339
from schemas.errors import UsageError
from schemas.files import PRIVATE_FILE, write_atomic
from schemas.lock import hold_lock
from schemas.paths import StateHome, read_settings

REPORT = "report.html"
SAMPLE_SEED = 1
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SETTING = re.compile(r"^#?\s*model_version\s*=.*$", re.MULTILINE)
_SYNTHETIC_CHILDREN, _CHILDREN_A_DISTRICT = 150_000, 1_250
_TRUTH = "The counts are against the truth of a sample state: every error counts."
_REGISTRY = (
    "The counts are against the numbers the registry gave: what it split counts as two children, what it merged as one."
)


@dataclass(frozen=True)
class TrainedModel:
    """What the command reports."""

    version: str
    folder: Path
    report: Path
    records: int
    children: int
    warnings: tuple[str, ...]
    is_active: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "model_version": self.version,
            "folder": str(self.folder),
            "report": str(self.report),
            "records": self.records,
            "children": self.children,
            "warnings": list(self.warnings),
            "is_active": self.is_active,
        }


@dataclass(frozen=True)
class Material:
    """Records to learn from, with ``person``, and where they come from.

    Attributes:
        weighed: those of them whose pairs are weighed for the report.
        population: children of the registry that a model of theirs would decide about.
    """

    records: pl.DataFrame
    weighed: pl.DataFrame
    population: int
    source: str
    knows: str


def train_model(
    home: StateHome,
    *,
    name: str,
    clock: Clock,
    sample: int | None = None,
    synthetic: bool = False,
    truth_students: int | None = None,
    progress: Progress,
) -> TrainedModel:
    """Fit a model and put it, with its report, into ``HOME/models/<name>-<hash>``.

    Args:
        sample: so many children to learn from; all when null.
        synthetic: learn from a sample state instead of the registry.
        truth_students: also hold the model against a fresh sample state of so many pupils, whose truth is known.

    Raises:
        UsageError: the name is none, there are too few records, or this very model is there already.
        MosisError: a value stands on so many records that training would explode.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"--name {name!r}: a model's name is small letters, digits and hyphens, at most 40 of them.")
    watch = Stopwatch(progress)
    with watch.stage("read"):
        material = _synthetic(sample) if synthetic else _registry(home, sample)
    shipped = load_model()
    workplace = Path(tempfile.mkdtemp(prefix=".training-", dir=home.models))
    try:
        with watch.stage("fit"):
            trained = fit_model(material.records, workplace / "model", name, source=material.source, prior=shipped)
        with watch.stage("weigh"):
            weighed = weigh_records(material.weighed, trained.model, material.population)
        curves = [curve_of("What a threshold costs", material.source, material.knows, weighed.curve)]
        if truth_students is not None:
            with watch.stage("hold against the truth"):
                curves += _against_truth(trained.model, shipped, truth_students)
        report = _report(material, trained, shipped, weighed, curves, clock.now(), sum(watch.seconds.values()))
        folder = _put_in_place(home, workplace / "model", report)
    finally:
        shutil.rmtree(workplace)
    _log(home, clock, f"model {report.version} was trained on {report.record_count} records")
    return TrainedModel(
        report.version, folder, folder / REPORT, report.record_count, report.child_count, tuple(report.warnings), False
    )


def activate_model(home: StateHome, version: str, clock: Clock) -> None:
    """Make a model the one that runs use from now on: its name goes into mosis.toml, every other line stays.

    Raises:
        UsageError: the model is not there or was changed. Busy: a run is at work.
    """
    load_model(home.models / version)
    with hold_lock(home):
        before = home.settings_file.read_text("utf-8")
        line = f'model_version = "{version}"'
        after = _SETTING.sub(line, before, count=1) if _SETTING.search(before) else f"{line}\n{before}"
        write_atomic(home.settings_file, after, mode=0o644)
        if read_settings(home.settings_file).model_version != version:
            write_atomic(home.settings_file, before, mode=0o644)
            raise UsageError(f"{home.settings_file} could not be changed safely. Set this line yourself: {line}")
    _log(home, clock, f"model {version} is used from now on")


def _registry(home: StateHome, sample: int | None) -> Material:
    with open_reader(home) as reader:
        records, population = registry_records(reader.con, sample, SAMPLE_SEED)
        weighed, _ = registry_records(reader.con, min(sample or population, MOST_CHILDREN_WEIGHED), SAMPLE_SEED)
    if records.height < FEWEST_RECORDS:
        raise UsageError(
            f"training: the registry has {records.height:,} records of {population:,} children to learn from, at least "
            f"{FEWEST_RECORDS:,} are needed. Until then the model that ships decides; or train on a sample state with "
            "--from synthetic."
        )
    source = f"Learnt from the registry of {home.settings.state_name}."
    return Material(records, weighed, population, source, _REGISTRY)


def _synthetic(sample: int | None) -> Material:
    students = sample or _SYNTHETIC_CHILDREN
    seed = secrets.randbelow(2**31)
    records = _sample_records(students, seed)
    wanted = records.select("person").unique().sort("person").head(MOST_CHILDREN_WEIGHED)
    source = f"Learnt from a sample state of {students:,} pupils (seed {seed}); every child in it is invented."
    return Material(records, records.join(wanted, on="person", how="semi"), students, source, _TRUTH)


def _sample_records(students: int, seed: int) -> pl.DataFrame:
    """Two years of registrations of a sample state with ``person``, SSNs as codes under a key of the moment."""
    hasher = SsnHasher({1: secrets.token_bytes(32)})
    frames = registration_requests(seed, students, max(4, students // _CHILDREN_A_DISTRICT))
    hashed = [frame.drop("ssn").hstack(hasher(frame["ssn"])) for frame in frames]
    return pl.concat(hashed).with_columns(person=pl.col("person_id").cast(pl.String)).drop("person_id")


def _against_truth(model: Model, shipped: Model, students: int) -> list[CurveFigures]:
    seed = secrets.randbelow(2**31)
    records = _sample_records(students, seed)
    source = f"A sample state of {students:,} pupils that no model was fitted on (seed {seed})."
    return [
        curve_of(f"Held against the truth: {one.version}", source, _TRUTH, weigh_records(records, one, students).curve)
        for one in (model, shipped)
    ]


def _report(
    material: Material,
    trained: Trained,
    shipped: Model,
    weighed: WeighedRecords,
    curves: list[CurveFigures],
    at: datetime,
    seconds: float,
) -> TrainingReport:
    levels = compare_levels(trained.model, shipped, weighed.known_m)
    thresholds = trained.model.thresholds
    return TrainingReport(
        version=trained.model.version,
        compared_with=shipped.version,
        source=material.source,
        at=at.astimezone(UTC),
        record_count=material.records.height,
        child_count=material.records["person"].n_unique(),
        population=material.population,
        seconds=seconds,
        upper=thresholds.upper,
        lower=thresholds.lower,
        fields={comparison.name: comparison.title for comparison in COMPARISONS},
        levels=levels,
        curves=curves,
        notes=trained.notes,
        warnings=find_warnings(levels, curves[0], thresholds.upper, is_truth=material.knows == _TRUTH),
    )


def _put_in_place(home: StateHome, made: Path, report: TrainingReport) -> Path:
    """The sealed folder under its final name; only the service account reads it."""
    folder = home.models / report.version
    if folder.exists():
        raise UsageError(f"{folder} exists already: the same records give the same model. Nothing was changed.")
    write_atomic(made / REPORT, training_page(report), mode=PRIVATE_FILE)
    for path in made.iterdir():
        path.chmod(PRIVATE_FILE)
    made.chmod(0o700)
    made.rename(folder)
    return folder


def _log(home: StateHome, clock: Clock, text: str) -> None:
    at = clock.now()
    with (home.logs / f"{at:%Y-%m}.log").open("a", encoding="utf-8") as log:
        log.write(f"{rfc3339(at)} {text}\n")
