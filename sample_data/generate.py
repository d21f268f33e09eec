"""The synthetic state as files: directory, ID batches and Student Core extracts of successive years, truth apart.

Order: directory, people, then year by year enrolment, register, files. Files are written for a few districts at a
time, so that the columns of a record never exist for the whole state at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sample_data.core_files import without_namesakes, write_core
from sample_data.core_records import draw_traits
from sample_data.directory import build_state, write_directory
from sample_data.earlier_registry import earlier_registry, write_earlier_registry
from sample_data.enrolment import enrol
from sample_data.faults import districts_with_errors
from sample_data.odd_files import odd_files
from sample_data.people import make_people
from sample_data.plan import Plan, batch_file_name, collection_of, core_file_name, slices
from sample_data.registrations import register
from sample_data.request_files import write_batches, write_precodes
from sample_data.staff_files import write_staff
from sample_data.styles import draw_habits, spell
from sample_data.tables import stream
from sample_data.truth import TruthWriter, write_readme
from schemas.dictionary import load_dictionary
from schemas.errors import UsageError

# Told what is being done, how many steps of it are done, and how many there are.
Progress = Callable[[str, int, int], None]
FEWEST_STUDENTS = 20
ROWS_PER_SLICE = 60_000


@dataclass(frozen=True)
class SampleSummary:
    """What was written: counts by year, and the extract that breaks no rule."""

    out: Path
    seed: int
    district_count: int
    school_count: int
    core_records: dict[int, int]
    id_requests: dict[int, int]
    file_count: int
    spotless_file: Path

    def __str__(self) -> str:
        years = "\n".join(
            f"  {year}: {self.core_records[year]:,} Student Core records, {self.id_requests.get(year, 0):,} ID requests"
            for year in self.core_records
        )
        return (
            f"Sample state (seed {self.seed}) in {self.out}: {self.district_count} districts, {self.school_count} "
            f"schools, {self.file_count} files\n{years}\n  An extract without any violation: {self.spotless_file}\n"
            f"Next: mosis init HOME --directory {self.out / 'directory'}"
        )


def generate_sample(
    out: Path,
    students: int,
    districts: int,
    seed: int,
    years: tuple[int, ...] = (2025, 2026),
    progress: Progress | None = None,
    with_staff: bool = False,
) -> SampleSummary:
    """Write the sample state and say what was written. The same arguments give the same bytes.

    Args:
        years: ending years of successive school years that the data dictionary has.
        with_staff: also October files of staff and courses; the other files are the same with and without them.

    Raises:
        UsageError: fewer than 20 students, fewer students than districts, or a folder that holds files already.
    """
    years = tuple(sorted(years))
    _check(out, students, districts)
    tell = progress or (lambda step, done, total: None)
    state = build_state(seed, students, districts)
    write_directory(state, out / "directory")
    people = make_people(seed, state, students, years)
    rolls = enrol(seed, state, people, students, years)
    tell("families", 1, 1)
    habits = draw_habits(seed, state)
    held: pl.DataFrame | None = None
    with TruthWriter(out / "truth") as truth:
        truth.write_people(people, rolls)
        plan = Plan(
            out, seed, state, habits, districts_with_errors(seed, state, habits), load_dictionary(),
            draw_traits(stream(seed, "traits"), people.height), truth, years[0],
        )  # fmt: skip
        for year in years:
            held = register(seed, state, people, rolls.years[year], year, held)
            tell(f"register {year}", 1, 1)
            if year == years[0]:
                registry = earlier_registry(seed, held, state.codes, year)
                write_earlier_registry(registry, out / "registry.csv", out / "truth" / "registry.csv")
            _write_year(plan, year, held, tell, with_staff=with_staff)
    write_readme(out, with_staff=with_staff)
    spotless = core_file_name(plan, habits.spotless, years[0])
    return SampleSummary(
        out, seed, districts, state.schools.height, plan.core_records, plan.id_requests, plan.file_count,
        out / str(years[0]) / "core" / state.codes[habits.spotless] / spotless,
    )  # fmt: skip


def _check(out: Path, students: int, districts: int) -> None:
    if students < FEWEST_STUDENTS:
        raise UsageError(f"--students {students}: a sample state needs at least {FEWEST_STUDENTS} students")
    if not 1 <= districts <= students:
        raise UsageError(
            f"--districts {districts}: give at least 1 and at most one for each of the {students} students"
        )
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} holds files already. Name an empty or new folder for the sample state.")


def _write_year(plan: Plan, year: int, held: pl.DataFrame, tell: Progress, *, with_staff: bool) -> None:
    rows = held.sort("district", "school_code", "last_name", "first_name", "person")
    for number, part in enumerate(slices(rows, ROWS_PER_SLICE)):
        spelled = spell(part, plan.habits)
        write_core(plan, year, number, spelled)
        write_batches(plan, year, number, spelled)
        write_precodes(plan, year, spelled)
        if with_staff:
            write_staff(plan, year, without_namesakes(plan, spelled))
        tell(f"files {year}", int(part["district"][-1]) + 1, len(plan.state.codes))
    if year == plan.first_year:
        _write_odd_files(plan, year)


def _write_odd_files(plan: Plan, year: int) -> None:
    """Mistaken drops, made from the spotless district's files."""
    home, code = plan.habits.spotless, plan.state.codes[plan.habits.spotless]
    core = (plan.out / str(year) / "core" / code / core_file_name(plan, home, year)).read_bytes()
    batch = plan.out / str(year) / "id" / code / batch_file_name(plan, home, year)
    literal = collection_of(plan.dictionary, "student_core", year, "Oct").version
    for file in odd_files(core, batch.read_bytes() if batch.exists() else b"", literal):
        place = home if file.place is None else file.place % len(plan.state.codes)
        if file.case == "wrong_district" and place == home:
            continue
        plan.write(year, "odd", place, file.name, file.content)
        plan.expect(year, "odd", place, file.name, file.case, file.outcome, reason=file.reason, note=file.note)
