"""What stands before the first file of a sample is written, and what every kind of file shares."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from sample_data.directory import State
from sample_data.faults import rule_of_fault, runs_of
from sample_data.styles import Habits
from sample_data.truth import Expected, TruthWriter
from schemas.dictionary import Collection, Dictionary

EXTENSIONS = {"comma": "csv", "tab": "txt", "fixed": "dat"}


@dataclass
class Plan:
    """What stands before the first file is written, and the counts that grow with the files."""

    out: Path
    seed: int
    state: State
    habits: Habits
    has_errors: np.ndarray
    dictionary: Dictionary
    traits: pl.DataFrame
    truth: TruthWriter
    first_year: int
    file_count: int = 0
    core_records: dict[int, int] = field(default_factory=dict)
    id_requests: dict[int, int] = field(default_factory=dict)
    # (district row, place in the district) -> number of the educator who holds it
    educators: dict[tuple[int, str], int] = field(default_factory=dict)

    def write(self, year: int, kind: str, district: int, name: str, content: bytes) -> None:
        path = self.out / str(year) / kind / self.state.codes[district] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.file_count += 1

    def expect(self, year: int, folder: str, district: int, name: str, case: str, outcome: str, **more: object) -> None:
        code = self.state.codes[district]
        self.truth.expect(Expected(year, folder, code, name, case, outcome, **more))  # type: ignore[arg-type]


def collection_of(dictionary: Dictionary, layout: str, year: int, cycle: str) -> Collection:
    """The collection of a layout in one cycle of a school year."""
    wanted = (layout, year, cycle)
    return next(c for c in dictionary.collections if (c.layout, c.school_year, c.cycle) == wanted)


def core_file_name(plan: Plan, district: int, year: int) -> str:
    extension = EXTENSIONS[plan.habits.of("format", district)]
    return f"{plan.state.codes[district]}_StudentCore_Oct{year - 1}.{extension}"


def batch_file_name(plan: Plan, district: int, year: int) -> str:
    return f"{plan.state.codes[district]}_ID_{year}.txt"


def slices(rows: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    """Whole districts of about ``size`` rows together, in the order of the rows."""
    start = taken = 0
    counts = [count for _, _, count in runs_of(rows["district"].to_numpy())]
    for position, count in enumerate(counts):
        taken += count
        if taken >= size or position == len(counts) - 1:
            yield rows.slice(start, taken)
            start, taken = start + taken, 0


def tagged(rows: pl.DataFrame, tags: pl.Series, prefix: str = "fault:") -> pl.DataFrame:
    """Rows with one more tag where there is one."""
    old, new = pl.col("error_tags"), prefix + tags
    joined = pl.when(old == "").then(new).otherwise(old + ";" + new)
    return rows.with_columns(error_tags=pl.when(tags == "").then(old).otherwise(joined))


def expect_faults(
    plan: Plan, year: int, folder: str, district: int, name: str, rows: pl.DataFrame, lines: pl.Series, table: str
) -> None:
    """One expected violation for each record with a fault that can be read."""
    rule = rule_of_fault(table)
    tagged = rows.select("error_tags", lines.alias("line_number")).filter(
        pl.col("error_tags").str.contains("fault:") & ~pl.col("error_tags").str.contains("refused_line")
    )
    for tags, line in tagged.iter_rows():
        fault = next(tag for tag in tags.split(";") if tag.startswith("fault:")).removeprefix("fault:")
        plan.expect(
            year, folder, district, name, f"fault:{fault}", "accepted_with_violations", line_number=line,
            rule_id=rule[fault],
        )  # fmt: skip
