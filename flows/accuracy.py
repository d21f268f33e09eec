"""One measurement of identity: two years of a fresh sample state through identification, held against the truth.

A measurement is one seed and one variant. It runs alone (``accuracy_process``), is kept as one JSON object, and is added
up with others of its kind (``accuracy_pool``).
"""

import hashlib
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

import matching
from flows.progress import Progress, Stopwatch
from matching.accuracy_run import AccuracyRun, run_accuracy
from matching.evaluation import count_errors
from matching.exact_rule import link_by_rule
from matching.plain_splink import link_plainly
from matching.ssn import SsnHasher
from sample_data.requests import registration_requests
from sample_data.tables import error_causes

FORMAT_VERSION = 1
TRUTH_ALONE = [
    "person_id", "family", "twin_set", "is_hispanic", "has_ssn", "error_tags", "namesake_key",
]  # fmt: skip
TRUTH = ["submission_id", "line_number", "school_year", "district_code", "local_student_id", *TRUTH_ALONE]
ABOUT_QUESTIONS = ["pupils in review", "pupils only flagged", "settled, later year", "moves in review"]
COLD, WARM, PLAIN, RULE = "cold", "warm", "plain", "rule"


@dataclass(frozen=True, slots=True)
class Variant:
    """A state like the given one but for its errors or for a field that nobody sends."""

    title: str
    error_scale: float = 1.0
    without: tuple[str, ...] = ()


AS_GIVEN = "as-given"
VARIANTS = {
    AS_GIVEN: Variant("As given"),
    "half-errors": Variant("Half the errors", 0.5),
    "double-errors": Variant("Double the errors", 2.0),
    "no-guardian": Variant("Without guardians", without=("guardian_last_name", "guardian_first_name")),
    "no-ssn": Variant("Without SSNs", without=("ssn",)),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What to measure. ``warm``, ``plain`` and ``frontier`` are left out of variants: they cost more than they tell.

    Args:
        is_drawn: the seed came from the operating system, and was not chosen by anybody.
    """

    students: int
    districts: int
    seed: int
    variant: str = AS_GIVEN
    warm: bool = True
    plain: bool = True
    frontier: bool = True
    is_drawn: bool = True


def measure(order: Order, *, progress: Progress) -> dict[str, Any]:
    """One measurement as a JSON object: the order, versions, seconds by stage, and the counts of each mode."""
    watch = Stopwatch(progress)
    with watch.stage("sample state"):
        requests, truth = sample_requests(order)
    modes: dict[str, dict[str, Any]] = {}
    with watch.stage("identify, cold"):
        cold = run_accuracy(requests, truth, frontier=order.frontier, tag_causes=error_causes())
        modes[COLD] = run_to_json(cold)
    if order.warm:
        with watch.stage("identify, warm"):
            modes[WARM] = run_to_json(run_accuracy(requests, truth, warm_seed=order.seed, tag_causes=error_causes()))
    if order.plain:
        with watch.stage("plain splink"):
            modes[PLAIN] = _baseline(truth, link_plainly(requests))
    with watch.stage("exact rule"):
        modes[RULE] = _baseline(truth, link_by_rule(requests))
    return {
        "format_version": FORMAT_VERSION,
        **asdict(order),
        "model_version": cold.model_version,
        "code_version": code_version(),
        "seconds": {stage: round(seconds, 1) for stage, seconds in watch.seconds.items()},
        "modes": modes,
    }  # fmt: skip


def _baseline(truth: pl.DataFrame, assignments: pl.DataFrame) -> dict[str, Any]:
    """The counts of a linker that asks nobody."""
    counts = count_errors(truth, assignments)
    return {"counts": counts.filter(~pl.col("measure").is_in(ABOUT_QUESTIONS)).to_dicts()}


def sample_requests(order: Order) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Identity requests of each year, and the truth of all of them (TRUTH); SSNs as codes under a key of the moment."""
    variant = VARIANTS[order.variant]
    hasher = SsnHasher({1: secrets.token_bytes(32)})
    frames = registration_requests(order.seed, order.students, order.districts, error_scale=variant.error_scale)
    blank = [pl.lit(None, pl.String).alias(name) for name in variant.without]
    years = [hashed(frame.with_columns(blank), hasher) for frame in frames]
    return [frame.drop(TRUTH_ALONE) for frame in years], pl.concat([frame.select(TRUTH) for frame in years])


def hashed(requests: pl.DataFrame, hasher: SsnHasher) -> pl.DataFrame:
    """Requests with the codes of their SSNs in place of the numbers."""
    return requests.drop("ssn").hstack(hasher(requests["ssn"])).with_columns(has_ssn=pl.col("ssn_status") == "ok")


def run_to_json(run: AccuracyRun) -> dict[str, Any]:
    return {
        "pupils": run.pupils,
        "records": run.records,
        "identify_seconds": [round(value, 2) for value in run.seconds],
        "counts": run.counts.to_dicts(),
        "reasons": run.reasons.to_dicts(),
        "causes": run.causes.to_dicts(),
        "frontier": run.frontier.to_dicts(),
    }


def code_version() -> str:
    """Eight hex digits that change when any rule of matching does."""
    digest = hashlib.sha256()
    for path in sorted(Path(matching.__path__[0]).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
