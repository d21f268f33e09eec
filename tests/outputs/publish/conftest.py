"""Small populations, releases written from them, and a brute-force reader."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from outputs.aggregates.products import Population, Product
from outputs.publish.engine.suppress import SuppressionRules, suppress_small_cells
from outputs.publish.tables import build_table, describe_release

KEYS = ["district_code", "school_code", "axis", "category"]
# (district, school) -> axis -> category -> count
SchoolCounts = dict[tuple[str, str], dict[str, dict[str, int]]]


@pytest.fixture(scope="session")
def roll_up() -> Callable[[SchoolCounts], pl.DataFrame]:
    """School counts with all totals, shared totals once."""

    def build(schools: SchoolCounts) -> pl.DataFrame:
        rows = []
        for (district, school), axes in schools.items():
            totals = {sum(counts.values()) for counts in axes.values()}
            assert len(totals) == 1, "the axes of a school must have one total"
            rows.append((district, school, "ALL", "ALL", totals.pop()))
            rows += [(district, school, axis, code, n) for axis, counts in axes.items() for code, n in counts.items()]
        schools_frame = pl.DataFrame(rows, schema=[*KEYS, "student_count"], orient="row")
        levels = [schools_frame]
        for marked in (["school_code"], ["district_code", "school_code"]):
            level = schools_frame.with_columns(pl.lit("ALL").alias(name) for name in marked)
            levels.append(level.group_by(KEYS).agg(pl.sum("student_count")))
        return pl.concat(levels).sort(KEYS)

    return build


@pytest.fixture(scope="session")
def write_release() -> Callable[..., Path]:
    """A release folder from cells that carry a status."""

    def write(folder: Path, cells: pl.DataFrame, threshold: int = 30, earlier: tuple[str, ...] = ()) -> Path:
        population = Population(
            name="pupils",
            layout="student_core",
            cycle="Oct",
            condition="true",
            text="Pupils.",
            closes_residuals=True,
            zeros="allow",
        )
        axes = cells.filter(pl.col("axis") != "ALL")["axis"].unique().sort()
        tables = []
        for axis in axes:
            product = Product(
                name=f"by_{axis}", title=axis, population="pupils", axis=axis, expression=axis, code_set=""
            )
            tables.append(build_table(product, population, threshold, cells))
        folder.mkdir(parents=True)
        for table in tables:
            (folder / table.file).write_bytes(table.content)
        description = describe_release(folder.name, 2026, "Oct", tables, {"pupils": "Pupils."}, list(earlier))
        (folder / "release.json").write_bytes(description)
        return folder

    return write


@pytest.fixture(scope="session")
def rewrite() -> Callable[[Path, str, Callable[[str], str]], None]:
    """Change a file of a release by hand and sign it anew, as a careless editor or a broken engine would."""

    def change(folder: Path, file: str, edit: Callable[[str], str]) -> None:
        path = folder / file
        before = path.read_text("utf-8")
        after = edit(before)
        assert after != before, "the edit changed nothing"
        path.write_text(after, "utf-8")
        description = json.loads((folder / "release.json").read_text("utf-8"))
        for table in description["tables"]:
            table["sha256"] = hashlib.sha256((folder / table["file"]).read_bytes()).hexdigest()
        (folder / "release.json").write_text(json.dumps(description), "utf-8")

    return change


@pytest.fixture(scope="session")
def suppress() -> Callable[..., pl.DataFrame]:
    def run(cells: pl.DataFrame, threshold: int = 30, closes_residuals: bool = True) -> pl.DataFrame:
        return suppress_small_cells(cells, SuppressionRules(threshold, closes_residuals))

    return run


@pytest.fixture(scope="session")
def brute_force_fixed() -> Callable[[pl.DataFrame], set[tuple[str, ...]]]:
    """Withheld cells fixed by the equations, by a dense null space of equations written down anew."""

    def solve(cells: pl.DataFrame) -> set[tuple[str, ...]]:
        rows = list(cells.select(*KEYS, "status").iter_rows())
        keys = [row[:4] for row in rows]
        place = {key: number for number, key in enumerate(keys)}
        equations: dict[tuple, np.ndarray] = {}

        def add(parent: tuple[str, ...], by: str, child: int) -> None:
            line = equations.setdefault((parent, by), np.zeros(len(keys)))
            line[place[parent]] = 1
            line[child] = -1

        for number, (district, school, axis, category) in enumerate(keys):
            if axis != "ALL":
                add((district, school, "ALL", "ALL"), axis, number)
            if school != "ALL":
                add((district, "ALL", axis, category), "places", number)
            elif district != "ALL":
                add(("ALL", "ALL", axis, category), "places", number)
        withheld = [number for number, row in enumerate(rows) if row[4] != "shown"]
        if not withheld:
            return set()
        matrix = np.array(list(equations.values()))[:, withheld]
        _, values, vectors = np.linalg.svd(matrix, full_matrices=True)
        rank = int((values > 1e-9).sum())
        null_space = vectors[rank:]
        fixed = np.abs(null_space).max(axis=0, initial=0) < 1e-9
        return {keys[withheld[number]] for number in np.flatnonzero(fixed)}

    return solve
