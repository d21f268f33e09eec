"""The synthetic state as files: directory, ID batches and Student Core extracts of successive years, truth apart.

Order: directory, people, then year by year enrolment, register, files. Files are written for a few districts at a
time, so memory follows the largest slice and not the state.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from sample_data.core_records import core_records, draw_traits
from sample_data.directory import GRADES, State, build_state, write_directory
from sample_data.enrolment import enrol
from sample_data.formats import write_extract
from sample_data.id_batches import BatchForm, batch_records, write_batch
from sample_data.people import make_people
from sample_data.registrations import register
from sample_data.styles import Habits, draw_habits, spell
from sample_data.tables import stream
from sample_data.truth import TruthWriter
from schemas.dictionary import Collection, Dictionary, RecordLayout, load_dictionary
from schemas.errors import UsageError

# Told what is being done, how many steps of it are done, and how many there are.
Progress = Callable[[str, int, int], None]
FEWEST_STUDENTS = 20
ROWS_PER_SLICE = 60_000
EXTENSIONS = {"comma": "csv", "tab": "txt", "fixed": "dat"}


@dataclass(frozen=True)
class SampleSummary:
    """What was written: counts by year, and the extract that breaks no rule."""

    out: Path
    seed: int
    district_count: int
    school_count: int
    person_count: int
    core_records: dict[int, int]
    id_requests: dict[int, int]
    file_count: int
    spotless_file: Path


@dataclass(frozen=True)
class Plan:
    """Everything that stands before the first file is written."""

    out: Path
    seed: int
    state: State
    habits: Habits
    dictionary: Dictionary
    traits: pl.DataFrame


def generate_sample(
    out: Path,
    students: int,
    districts: int,
    seed: int,
    years: tuple[int, ...] = (2025, 2026),
    progress: Progress | None = None,
) -> SampleSummary:
    """Write the sample state and say what was written. The same arguments give the same bytes.

    Raises:
        UsageError: fewer than 20 students, fewer students than districts, or a folder that holds files already.
    """
    _check(out, students, districts)
    tell = progress or (lambda step, done, total: None)
    tell("directory", 0, 1)
    state = build_state(seed, students, districts)
    write_directory(state, out / "directory")
    tell("families", 0, 1)
    people = make_people(seed, state, students, tuple(years))
    rolls = enrol(seed, state, people, students, tuple(years))
    traits = draw_traits(stream(seed, "traits"), people.height)
    plan = Plan(out, seed, state, draw_habits(seed, state), load_dictionary(), traits)
    core_counts, request_counts, file_count = {}, {}, 0
    held: pl.DataFrame | None = None
    with TruthWriter(out / "truth") as truth:
        truth.write_people(people, rolls, state)
        for year in sorted(years):
            tell(f"register {year}", 0, 1)
            held = register(seed, state, people, rolls.years[year], year, held)
            core_counts[year], request_counts[year], files = _write_year(plan, year, held, truth, tell)
            file_count += files
    return SampleSummary(
        out, seed, districts, state.schools.height, people.height, core_counts, request_counts, file_count,
        _spotless_path(plan, min(years)),
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


def _write_year(plan: Plan, year: int, held: pl.DataFrame, truth: TruthWriter, tell: Progress) -> tuple[int, int, int]:
    """All files of one year: core records, ID requests and files written."""
    rows = held.sort("district", "school_code", "last_name", "first_name", "person")
    core_count = request_count = file_count = 0
    for number, (part, is_last) in enumerate(_slices(rows)):
        tell(f"files {year}", int(part["district"][-1]) + 1, len(plan.state.codes))
        spelled = spell(part, plan.habits)
        for rows_written, files in _write_core(plan, year, number, spelled, truth):
            core_count, file_count = core_count + rows_written, file_count + files
        for rows_written, files in _write_batches(plan, year, spelled, truth):
            request_count, file_count = request_count + rows_written, file_count + files
    return core_count, request_count, file_count


def _slices(rows: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, bool]]:
    """Whole districts of about ROWS_PER_SLICE rows together."""
    sizes = rows.group_by("district", maintain_order=True).len()["len"].to_list()
    start = taken = 0
    for position, size in enumerate(sizes):
        taken += size
        is_last = position == len(sizes) - 1
        if taken >= ROWS_PER_SLICE or is_last:
            yield rows.slice(start, taken), is_last
            start, taken = start + taken, 0


def _write_core(
    plan: Plan, year: int, number: int, rows: pl.DataFrame, truth: TruthWriter
) -> Iterator[tuple[int, int]]:
    collection = student_core_of(plan.dictionary, year)
    layout = plan.dictionary.layout(collection.layout, year)
    rows = rows.filter("in_core")
    rng = stream(plan.seed, "core", year, number)
    records = core_records(rng, plan.state, rows, plan.traits, layout, collection)
    for district, start, count in _districts_in(rows):
        name = core_file_name(plan, district, year)
        content, first_line = _core_file(plan, district, records.slice(start, count), layout)
        path = plan.out / str(year) / "core" / plan.state.codes[district] / name
        _write(path, content)
        lines = pl.Series(np.arange(count) + first_line)
        truth.write_registrations(year, "core", plan.state, rows.slice(start, count), name, lines)
        yield count, 1


def _core_file(plan: Plan, district: int, records: pl.DataFrame, layout: RecordLayout) -> tuple[bytes, int]:
    """Bytes of one extract and the line of its first record."""
    dialect = plan.habits.dialect(district)
    if plan.habits.of("teacher_name", district) == "plain":
        records = records.with_columns(pl.col("teacher_name").str.replace(r"^(.*), (.*)$", "$2 $1"))
    if plan.habits.of("column_order", district) == "shuffled" and dialect.format != "fixed":
        order = stream(plan.seed, "column_order", district).permutation(records.width)
        records = records.select(records.columns[position] for position in order)
    return write_extract(records, layout, dialect), 1 if dialect.format == "fixed" else 2


def _write_batches(plan: Plan, year: int, rows: pl.DataFrame, truth: TruthWriter) -> Iterator[tuple[int, int]]:
    layout = plan.dictionary.layout("id_batch", year)
    grade = pl.Series(GRADES)
    rows = rows.filter("in_id_batch")
    rows = rows.with_columns(grade=grade.gather(rows["grade"]))
    codes = plan.state.codes.gather(rows["district"])
    records = batch_records(_with_ssn_form(plan, rows), codes, codes, year)
    for district, start, count in _districts_in(rows):
        code = plan.state.codes[district]
        name = f"{code}_ID_{year}.txt"
        made = datetime(year - 1, 9, 3, 7 + district % 9, district * 7 % 60, district * 13 % 60)  # noqa: DTZ001
        transmission = f"{(district * 7919 + year) % 10**10:010d}"
        content = write_batch(records.slice(start, count), layout, _form(plan, district), made, transmission)
        _write(plan.out / str(year) / "id" / code / name, content)
        lines = pl.Series(np.arange(count) + 2)
        truth.write_registrations(year, "id", plan.state, rows.slice(start, count), name, lines)
        yield count, 1


def _with_ssn_form(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    dashed = plan.habits.has("ssn_form", "dashed", rows["district"].to_numpy())
    form = pl.col("ssn").str.replace(r"^(\d{3})(\d{2})(\d{4})$", "$1-$2-$3")
    return rows.with_columns(ssn=pl.when(dashed).then(form).otherwise("ssn"))


def _form(plan: Plan, district: int) -> BatchForm:
    of = plan.habits.of
    return BatchForm(
        delimiter=of("id_delimiter", district),
        frame_separator=of("id_frame_separator", district),
        fields=of("id_fields", district),
        encoding=of("encoding", district),
        newline=of("newline", district),
    )


def _districts_in(rows: pl.DataFrame) -> Iterator[tuple[int, int, int]]:
    """Each district of sorted rows: row in the directory, first row, number of rows."""
    start = 0
    for district, count in rows.group_by("district", maintain_order=True).len().iter_rows():
        yield district, start, count
        start += count


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def student_core_of(dictionary: Dictionary, year: int) -> Collection:
    """The October Student Core collection of a school year."""
    return next(
        collection
        for collection in dictionary.collections
        if (collection.layout, collection.school_year, collection.cycle) == ("student_core", year, "Oct")
    )


def core_file_name(plan: Plan, district: int, year: int) -> str:
    extension = EXTENSIONS[plan.habits.of("format", district)]
    return f"{plan.state.codes[district]}_StudentCore_Oct{year - 1}.{extension}"


def _spotless_path(plan: Plan, year: int) -> Path:
    district = plan.habits.spotless
    return plan.out / str(year) / "core" / plan.state.codes[district] / core_file_name(plan, district, year)
