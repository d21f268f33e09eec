"""``mosis accuracy``: two years of a sample state through identification, held against the truth."""

import secrets
from dataclasses import dataclass
from io import StringIO
from typing import Any

import polars as pl

from flows.progress import Progress, Stopwatch
from matching.accuracy_run import AccuracyRun, run_accuracy
from matching.ssn import SsnHasher
from sample_data.requests import registration_requests

TRUTH = [
    "submission_id",
    "line_number",
    "person_id",
    "family",
    "twin_set",
    "is_hispanic",
    "has_ssn",
    "school_year",
    "district_code",
]
TRUTH_ALONE = ["person_id", "family", "twin_set", "is_hispanic", "has_ssn"]


@dataclass(frozen=True)
class Measured:
    """A cold and a warm run over one sample state; the seed repeats it."""

    seed: int
    students: int
    districts: int
    cold: AccuracyRun
    warm: AccuracyRun

    def to_json(self) -> dict[str, Any]:
        state = {"seed": self.seed, "students": self.students, "districts": self.districts}
        return {**state, "cold": self.cold.to_json(), "warm": self.warm.to_json()}

    @property
    def text(self) -> str:
        head = f"Sample state: {self.students:,} students, {self.districts} districts, seed {self.seed}, model {self.cold.model_version}."
        return "\n".join(
            [head, *_table("Cold: no record names a state ID", self.cold), *_table(_warm_title(self.warm), self.warm)]
        )


def measure_accuracy(students: int, districts: int, seed: int | None, *, progress: Progress) -> Measured:
    """Make a state, identify its two years cold and warm, and measure both.

    Args:
        seed: drawn from the operating system where none is given, and printed with the figures.
    """
    seed = secrets.randbelow(2**31) if seed is None else seed
    watch = Stopwatch(progress)
    with watch.stage("sample state"):
        hasher = SsnHasher({1: secrets.token_bytes(32)})
        years = [hashed(frame, hasher) for frame in registration_requests(seed, students, districts)]
        truth = pl.concat([frame.select(TRUTH) for frame in years])
    with watch.stage("identify, cold"):
        requests = [frame.drop(TRUTH_ALONE) for frame in years]
        cold = run_accuracy(requests, truth)
    with watch.stage("identify, warm"):
        warm = run_accuracy(requests, truth, warm_seed=seed)
    return Measured(seed, students, districts, cold, warm)


def hashed(requests: pl.DataFrame, hasher: SsnHasher) -> pl.DataFrame:
    """Requests with the codes of their SSNs in place of the numbers."""
    return requests.drop("ssn").hstack(hasher(requests["ssn"])).with_columns(has_ssn=pl.col("ssn_status") == "ok")


def _warm_title(warm: AccuracyRun) -> str:
    share = f"{warm.flagged_ids} of {warm.wrong_ids} wrong ones flagged" if warm.wrong_ids else "none of them wrong"
    return f"Warm: nine of ten records of the second year name the child's state ID; {share}"


def _table(title: str, run: AccuracyRun) -> list[str]:
    """One line a measure, one column a subgroup; the interval (95%, exact) stands under the figure."""
    from rich.console import Console
    from rich.table import Table

    subgroups = run.table["subgroup"].unique(maintain_order=True).to_list()
    table = Table("measure", "unit", *subgroups, title=title, title_justify="left", box=None, pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    cells = {(row["measure"], row["subgroup"]): _cell(row) for row in run.table.iter_rows(named=True)}
    units = dict(run.table.select("measure", "unit").unique(maintain_order=True).iter_rows())
    for measure, unit in units.items():
        table.add_row(measure, unit, *(cells.get((measure, subgroup), "") for subgroup in subgroups))
    page = StringIO()
    Console(file=page, width=118).print(table)
    seconds = ", ".join(f"{value:.1f} s" for value in run.seconds)
    return ["", page.getvalue().rstrip(), f"{run.records:,} records of {run.pupils:,} pupils; identify took {seconds}."]


def _cell(row: dict[str, Any]) -> str:
    return f"{row['value']:,.2f}\n{row['low']:,.1f}–{row['high']:,.1f}"
