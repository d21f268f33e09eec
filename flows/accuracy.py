"""Identity measured on a sample state with truth: the registrations of two years, run by run, and the table of errors.

The registers are taken as districts keep them, before files are written: what reading and validation refuse would only
hide errors of identity. SSNs are hashed under a key of this one measurement.
"""

import hashlib
import io
import secrets
from dataclasses import dataclass
from typing import Any

import polars as pl

from flows.progress import Progress, silent
from matching.accuracy_run import AccuracyRun, run_accuracy
from matching.evaluation import EVERYBODY
from matching.ssn import SsnHasher
from sample_data.directory import GRADES, build_state
from sample_data.enrolment import enrol
from sample_data.people import make_people
from sample_data.registrations import register
from sample_data.styles import draw_habits, spell

YEARS = (2025, 2026)
LAYOUT = "student_core"


@dataclass(frozen=True)
class Measured:
    """A cold and a warm run of one sample state, with the seed that makes it again."""

    students: int
    districts: int
    seed: int
    cold: AccuracyRun
    warm: AccuracyRun

    def to_json(self) -> dict[str, Any]:
        return {
            "students": self.students,
            "districts": self.districts,
            "seed": self.seed,
            "cold": self.cold.to_json(),
            "warm": self.warm.to_json(),
        }

    @property
    def text(self) -> str:
        return render(self)


def measure_accuracy(
    students: int, districts: int, seed: int | None = None, *, progress: Progress = silent
) -> Measured:
    """Errors of identity on a sample state; a seed that is left out comes from the operating system."""
    seed = secrets.randbelow(2**31) if seed is None else seed
    progress("sample state", 0, 1)
    runs, truth = sample_runs(students, districts, seed)
    progress("sample state", 1, 1)
    cold = run_accuracy(runs, truth)
    progress("cold and warm", 1, 2)
    warm = run_accuracy(runs, truth, warm_seed=seed)
    progress("cold and warm", 2, 2)
    return Measured(students, districts, seed, cold, warm)


def sample_runs(students: int, districts: int, seed: int) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """The identity requests of each year, one run a year, and the truth about every line of them."""
    state = build_state(seed, students, districts)
    people = make_people(seed, state, students, YEARS)
    rolls = enrol(seed, state, people, students, YEARS)
    habits = draw_habits(seed, state)
    hasher = SsnHasher({1: secrets.token_bytes(32)})
    held: pl.DataFrame | None = None
    runs: list[pl.DataFrame] = []
    for year in YEARS:
        held = register(seed, state, people, rolls.years[year], year, held)
        runs.append(_requests(spell(held, habits), state.codes, year, hasher))
    known = ("person_id", "family", "twin_set", "is_hispanic", "school_year", "district_code")
    truth = pl.concat(
        run.select("submission_id", "line_number", *known, has_ssn=pl.col("ssn_hash").is_not_null()) for run in runs
    )
    return [run.drop("person_id", "family", "twin_set", "is_hispanic") for run in runs], truth


def _requests(rows: pl.DataFrame, codes: pl.Series, year: int, hasher: SsnHasher) -> pl.DataFrame:
    district = codes.gather(rows["district"]).alias("district_code")
    names = pl.DataFrame({"district_code": district.unique().sort()}).with_columns(
        sha256=pl.col("district_code").map_elements(
            lambda code: hashlib.sha256(f"{code}/{year}".encode()).hexdigest(), return_dtype=pl.String
        )
    )
    placed = rows.select(
        district,
        "person_id", "family", "twin_set", "is_hispanic", "last_name", "first_name", "middle_name", "suffix",
        "birth_date", "gender", "race_ethnicity", "guardian_last_name", "guardian_first_name", "local_student_id",
        "school_code", resident_district_code=district, grade=pl.Series(GRADES).gather(rows["grade"]),
        school_year=pl.lit(year, pl.Int32), layout=pl.lit(LAYOUT), submitted_state_id=pl.lit(None, pl.String),
        has_identity_error=pl.lit(False), error_reason=pl.lit(None, pl.String),
    )  # fmt: skip
    return (
        placed.hstack(hasher(rows["ssn"]))
        .join(names, on="district_code", how="left", maintain_order="left")
        .with_columns(
            submission_id=pl.format("{}-{}", pl.lit(str(year)), "district_code"),
            line_number=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over("district_code"),
        )
    )


def render(measured: Measured) -> str:
    """The table as text: everybody first, then the subgroups, cold and warm side by side."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=_title(measured), caption=_caption(measured), title_justify="left", caption_justify="left")
    for name, justify in (("", "left"), ("among", "left"), ("cold", "right"), ("95% interval", "right"),
                          ("warm", "right"), ("95% interval", "right"), ("unit", "left")):  # fmt: skip
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    both = measured.cold.table.join(
        measured.warm.table, on=["measure", "subgroup"], how="left", suffix="_warm", maintain_order="left"
    )
    for row in both.iter_rows(named=True):
        if row["subgroup"] != EVERYBODY and row["measure"] == "false merges":
            table.add_section()
        table.add_row(row["measure"], row["subgroup"], *_figures(row, ""), *_figures(row, "_warm"), row["unit"])
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(table)
    return console.export_text()


def _figures(row: dict[str, Any], side: str) -> tuple[str, str]:
    value, low, high = (row[f"{name}{side}"] for name in ("value", "low", "high"))
    return ("", "") if value is None else (f"{value:,.2f}", f"{low:,.2f} to {high:,.2f}")


def _title(measured: Measured) -> str:
    return (
        f"Identity on a sample state: {measured.students:,} students a year, {measured.districts} districts, "
        f"{measured.cold.records:,} records, seed {measured.seed}, model {measured.cold.model_version}"
    )


def _caption(measured: Measured) -> str:
    seconds = ", ".join(f"{value:.1f} s" for value in measured.cold.seconds)
    return (
        f"Cold: no record names a state ID. Warm: in the second year nine of ten do; "
        f"{measured.warm.flagged_ids} of {measured.warm.wrong_ids} wrong IDs were flagged. "
        f"Identify took {seconds} (cold). Mistakes and their rates: sample_data/error_rates.csv."
    )
