"""A series of measurements: planned seeds in a folder, one file a measurement, added up by size and variant.

``seeds.json`` is written before the first measurement, so that one that is interrupted is taken up again with the very
seeds it drew: a seed that failed is never quietly replaced by a kinder one.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from flows.accuracy import AS_GIVEN, COLD, FORMAT_VERSION, VARIANTS, Order
from matching.error_causes import CAUSE_SCHEMA, pool_causes
from matching.evaluation import COUNT_SCHEMA, REASON_SCHEMA, pool_counts, with_intervals
from matching.frontier import POINT_SCHEMA, pool_points
from matching.goals import Judged, judge
from schemas.errors import UsageError
from schemas.files import write_atomic

SEEDS_FILE = "seeds.json"
Measure = Callable[[Order], dict[str, Any]]


@dataclass(frozen=True)
class PooledMode:
    """What all seeds of a variant came to in one mode (cold, warm, plain splink)."""

    table: pl.DataFrame
    reasons: pl.DataFrame
    causes: pl.DataFrame
    frontier: pl.DataFrame
    judged: tuple[Judged, ...]
    pupils: int
    records: int


@dataclass(frozen=True)
class Pooled:
    """Measurements of one size and variant, added up.

    Attributes:
        given_seeds: those that nobody drew: somebody named them.
        runs: the measurements themselves, for the figures of each seed.
    """

    students: int
    districts: int
    variant: str
    model_versions: tuple[str, ...]
    code_versions: tuple[str, ...]
    seeds: tuple[int, ...]
    given_seeds: tuple[int, ...]
    modes: dict[str, PooledMode]
    runs: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        modes = {
            name: {
                "pupils": mode.pupils,
                "records": mode.records,
                "measures": mode.table.to_dicts(),
                "goals": [judged.to_json() for judged in mode.judged],
                "reasons": mode.reasons.to_dicts(),
                "causes": mode.causes.to_dicts(),
                "frontier": mode.frontier.to_dicts(),
            }
            for name, mode in self.modes.items()
        }
        return {
            "students": self.students,
            "districts": self.districts,
            "variant": self.variant,
            "model_versions": self.model_versions,
            "code_versions": self.code_versions,
            "seeds": self.seeds,
            "given_seeds": self.given_seeds,
            "modes": modes,
            "by_seed": [seed_figures(run) for run in self.runs],
        }


def plan_orders(order: Order, seeds: int, variants: bool, folder: Path | None, given: int | None) -> list[Order]:
    """The measurements to make, variants after the seed they vary.

    Args:
        seeds: how many; drawn from the operating system unless ``given`` or planned in ``folder`` before.

    Raises:
        UsageError: the folder holds a series of another size.
    """
    drawn = _planned_seeds(order, seeds, folder, given)
    kinds = VARIANTS if variants else {AS_GIVEN: VARIANTS[AS_GIVEN]}
    plain = replace(order, warm=False, plain=False, frontier=False)
    return [
        replace(order if variant == AS_GIVEN else plain, seed=seed, variant=variant, is_drawn=seed != given)
        for seed in drawn
        for variant in kinds
    ]


def run_series(
    orders: Sequence[Order], folder: Path | None, measure: Measure, tell: Callable[[int, Order, dict[str, Any]], None]
) -> list[dict[str, Any]]:
    """The measurements of a series, each written as soon as it is done; those in the folder are taken from there.

    Args:
        tell: called after each with its place, its order and its result.
    """
    results = []
    for place, order in enumerate(orders):
        path = folder / f"{order.students}-{order.seed}-{order.variant}.json" if folder else None
        if path is not None and path.exists():
            result = _read(path)
        else:
            result = measure(order)
            if path is not None:
                write_atomic(path, json.dumps(result) + "\n")
        results.append(result)
        tell(place, order, result)
    return results


def read_results(folders: Iterable[Path]) -> list[dict[str, Any]]:
    """Every measurement of the folders.

    Raises:
        UsageError: a folder is none or holds no measurement, or a file is none.
    """
    results = []
    for folder in folders:
        paths = [path for path in sorted(folder.glob("*.json")) if path.name != SEEDS_FILE]
        if not paths:
            raise UsageError(f"{folder}: no measurement was found there. Make some with: mosis accuracy --out {folder}")
        results += [_read(path) for path in paths]
    return results


def pool(results: Sequence[dict[str, Any]]) -> list[Pooled]:
    """Measurements added up by size and variant, in the order of VARIANTS within a size.

    Raises:
        UsageError: two models in one group: their errors are not errors of one thing.
    """
    groups: dict[tuple[int, int, str], list[dict[str, Any]]] = {}
    order = list(VARIANTS)
    for result in sorted(results, key=lambda one: (one["students"], order.index(one["variant"]), one["seed"])):
        groups.setdefault((result["students"], result["districts"], result["variant"]), []).append(result)
    return [_pooled(*key, runs) for key, runs in groups.items()]


def seed_figures(run: dict[str, Any]) -> dict[str, Any]:
    """The figures of one seed that are printed beside the pooled ones."""
    counts = {
        (mode, row["measure"]): row["count"] / row["among"] if row["measure"] != "false merges" else row["count"]
        for mode, content in run["modes"].items()
        for row in content["counts"]
        if row["subgroup"] == "all"
    }
    names = ("false merges", "splits", "settled without a clerk", "moves linked")
    figures = {name: counts.get((COLD, name)) for name in names}
    return {
        "seed": run["seed"],
        **figures,
        "warm false merges": counts.get(("warm", "false merges")),
        "wrong IDs flagged": counts.get(("warm", "wrong IDs flagged")),
        "seconds": round(sum(run["seconds"].values()), 1),
        "peak_mib": run.get("peak_mib"),
    }


def _planned_seeds(order: Order, seeds: int, folder: Path | None, given: int | None) -> list[int]:
    drawn = [given] if given is not None else []
    plan: dict[str, Any] = {"students": order.students, "districts": order.districts, "seeds": drawn}
    path = folder / SEEDS_FILE if folder else None
    if path is not None and path.exists():
        plan = json.loads(path.read_text("utf-8"))
        if (plan["students"], plan["districts"]) != (order.students, order.districts):
            raise UsageError(
                f"{path.parent} holds measurements of {plan['students']} students in {plan['districts']} districts, "
                f"{order.students} in {order.districts} were asked for. Name another folder."
            )
        plan["seeds"] += [seed for seed in drawn if seed not in plan["seeds"]]
        drawn = plan["seeds"]
    while len(drawn) < seeds:
        drawn.append(secrets.randbelow(2**31))
    plan["seeds"] = drawn
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(plan) + "\n")
    return [given] if given is not None and seeds == 1 else drawn


def _read(path: Path) -> dict[str, Any]:
    try:
        result: dict[str, Any] = json.loads(path.read_text("utf-8"))
        version = result["format_version"]
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{path} is no measurement of mosis accuracy. Move it away and pool again.") from None
    if version != FORMAT_VERSION:
        raise UsageError(f"{path} has format version {version}, this system reads {FORMAT_VERSION}. Measure again.")
    return result


def _pooled(students: int, districts: int, variant: str, runs: list[dict[str, Any]]) -> Pooled:
    models = tuple(sorted({run["model_version"] for run in runs}))
    if len(models) > 1:
        raise UsageError(
            f"accuracy: measurements of {len(models)} models ({', '.join(models)}) cannot be added up. "
            "Pool the folders of one model."
        )
    modes = {mode: None for run in runs for mode in run["modes"]}
    return Pooled(
        students=students,
        districts=districts,
        variant=variant,
        model_versions=models,
        code_versions=tuple(sorted({run["code_version"] for run in runs})),
        seeds=tuple(run["seed"] for run in runs),
        given_seeds=tuple(run["seed"] for run in runs if not run["is_drawn"]),
        modes={mode: _pooled_mode(mode, students, runs) for mode in modes},
        runs=tuple(runs),
    )


def _pooled_mode(mode: str, students: int, runs: list[dict[str, Any]]) -> PooledMode:
    parts = [run["modes"][mode] for run in runs if mode in run["modes"]]
    table = with_intervals(pool_counts([pl.DataFrame(part["counts"], schema=COUNT_SCHEMA) for part in parts]))
    reasons = pl.concat([pl.DataFrame(part.get("reasons", []), schema=REASON_SCHEMA) for part in parts])
    return PooledMode(
        table=table,
        reasons=reasons.group_by("outcome", "reason", maintain_order=True)
        .agg(pl.col("records", "pupils").sum())
        .sort("records", descending=True, maintain_order=True),
        causes=pool_causes([pl.DataFrame(part.get("causes", []), schema=CAUSE_SCHEMA) for part in parts]),
        frontier=pool_points([pl.DataFrame(part.get("frontier", []), schema=POINT_SCHEMA) for part in parts]),
        judged=tuple(judge(table, mode, students, students * len(parts))),
        pupils=sum(part.get("pupils", 0) for part in parts),
        records=sum(part.get("records", 0) for part in parts),
    )
