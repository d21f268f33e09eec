"""The files of one year: Student Core extracts, ID batches, pre-code requests, and the truth of each line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from sample_data.core_records import Slice, core_records
from sample_data.damage import Damaged, cut_off, damage_lines
from sample_data.directory import GRADES, State
from sample_data.faults import FaultTable, put_faults, rule_of_fault, runs_of
from sample_data.formats import NEWLINES, SEPARATORS, Dialect, write_extract
from sample_data.id_batches import BatchForm, batch_records, write_batch
from sample_data.precode import precode_records
from sample_data.styles import Habits
from sample_data.tables import Rng, rates, stream
from sample_data.truth import Expected, TruthWriter
from schemas.dictionary import Collection, Dictionary

EXTENSIONS = {"comma": "csv", "tab": "txt", "fixed": "dat"}
# The two districts (by place) that ask for pre-code files themselves; the others leave it to the state.
PRECODE_DISTRICTS = (1, 3)


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


def write_core(plan: Plan, year: int, number: int, rows: pl.DataFrame) -> None:
    """Student Core extracts of a slice of whole districts."""
    collection = collection_of(plan.dictionary, "student_core", year, "Oct")
    layout = plan.dictionary.layout_of(collection)
    rng = stream(plan.seed, "core", year, number)
    rows = _with_doubles(rng, plan, _without_namesakes(plan, rows.filter("in_core")))
    part = Slice(plan.state, rows, plan.traits)
    records = core_records(rng, plan.state, part, layout, collection)
    share = rates()
    assert collection.count_date is not None
    table = FaultTable(
        "core_faults.csv", layout, share["core_fault"], share["core_warning"], year, collection.count_date,
        collection.version,
    )  # fmt: skip
    records, faults = put_faults(
        rng, plan.state, plan.habits, part.district, records, plan.has_errors, table, part.among
    )
    records, rows = _with_unknown_ids(rng, plan, records, _tagged(rows, faults))
    for district, start, count in runs_of(part.district):
        _write_core_file(plan, year, district, rows.slice(start, count), records.slice(start, count))


def _without_namesakes(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    """The spotless district keeps one of two strangers who share name, birth date and school: they draw a warning."""
    name = ("district", "school_code", "last_name", "first_name", "middle_name", "suffix", "birth_date")
    first = rows.select(pl.int_range(pl.len()).over(*name) == 0).to_series()
    return rows.filter(first | (pl.col("district") != plan.habits.spotless))


def _with_doubles(rng: Rng, plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    """Some records of districts with errors stand twice, the second right after the first."""
    errs = plan.has_errors[rows["district"].to_numpy()]
    twice = np.flatnonzero(errs & (rng.random(rows.height) < rates()["doubled_record"]))
    if not len(twice):
        return rows
    order = np.sort(np.concatenate([np.arange(rows.height), twice]), kind="stable")
    again = pl.Series(np.r_[False, order[1:] == order[:-1]])
    rows = rows[order]
    return _tagged(rows, pl.select(pl.when(again).then(pl.lit("doubled_record")).otherwise(pl.lit(""))).to_series(), "")


def _tagged(rows: pl.DataFrame, tags: pl.Series, prefix: str = "fault:") -> pl.DataFrame:
    """Rows with one more tag where there is one."""
    old, new = pl.col("error_tags"), prefix + tags
    joined = pl.when(old == "").then(new).otherwise(old + ";" + new)
    return rows.with_columns(error_tags=pl.when(tags == "").then(old).otherwise(joined))


def _with_unknown_ids(
    rng: Rng, plan: Plan, records: pl.DataFrame, rows: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A few records carry ten digits that the state never gave, on children with and without an earlier request."""
    district = rows["district"].to_numpy()
    share = rates()["unknown_state_id"]
    unasked = ~rows["in_id_batch"].to_numpy() & (rows["arrival"] != "stayed").to_numpy()
    chance = np.where(unasked, 0.15, share) * plan.has_errors[district]
    free = (records["submitted_state_id"].is_null() & (rows["error_tags"].str.contains("fault:").not_())).to_numpy()
    at = np.flatnonzero(free & (rng.random(rows.height) < chance))
    numbers = pl.Series(rng.integers(10**9, 10**10, len(at))).cast(pl.String)
    tags = pl.Series([""]).new_from_index(0, rows.height).scatter(at, pl.Series(["unknown_state_id"] * len(at)))
    sent = records["submitted_state_id"].scatter(at, numbers)
    return records.with_columns(submitted_state_id=sent), _tagged(rows, tags, "")


def _write_core_file(plan: Plan, year: int, district: int, rows: pl.DataFrame, records: pl.DataFrame) -> None:
    layout = plan.dictionary.layout("student_core", year)
    dialect = plan.habits.dialect(district)
    name = core_file_name(plan, district, year)
    records = _as_habit(plan, district, dialect, records)
    content = write_extract(records, layout, dialect)
    lines = _line_numbers(records, dialect)
    harmed = _harmed(plan, year, district, dialect, content, records.height)
    if harmed is not None:
        content, rows, lines = harmed.content, *_after_damage(rows, lines, harmed)
    plan.write(year, "core", district, name, content)
    plan.truth.write_registrations(year, "core", plan.state, rows, name, lines)
    plan.core_records[year] = plan.core_records.get(year, 0) + rows.height
    _expect_core(plan, year, district, name, rows, lines, harmed)


def _as_habit(plan: Plan, district: int, dialect: Dialect, records: pl.DataFrame) -> pl.DataFrame:
    """Teacher names and the order of columns as the district's software has them."""
    teacher = pl.col("teacher_name")
    if plan.habits.of("teacher_name", district) == "plain":
        records = records.with_columns(teacher.str.replace(r"^(.*), (.*)$", "$2 $1"))
    if dialect.quoting == "all" and dialect.newline in ("lf", "crlf") and dialect.format != "fixed":
        # A field typed in two lines, in quotes: one record, two physical lines.
        every = pl.int_range(pl.len()) % 400 == 3
        records = records.with_columns(
            pl.when(every).then(teacher + "\n(room 12)").otherwise(teacher).alias("teacher_name")
        )
    if plan.habits.of("column_order", district) == "shuffled" and dialect.format != "fixed":
        order = stream(plan.seed, "column_order", district).permutation(records.width)
        records = records.select(records.columns[position] for position in order)
    return records


def _line_numbers(records: pl.DataFrame, dialect: Dialect) -> pl.Series:
    """The first physical line of each record, counted from 1."""
    spans = 1 + records["teacher_name"].str.count_matches("\n").fill_null(0).cast(pl.Int64)
    first = 1 if dialect.format == "fixed" else 2
    return (spans.cum_sum() - spans + first).alias("line_number")


def _harmed(plan: Plan, year: int, district: int, dialect: Dialect, content: bytes, count: int) -> Damaged | None:
    """Two districts of the first year send extracts of which some lines cannot be read."""
    if year != plan.first_year or dialect.format == "fixed" or count < 8:
        return None
    newline, separator = NEWLINES[dialect.newline].encode(), SEPARATORS[dialect.format].encode()
    role = plan.habits.damage_of(district)
    if role == "lines":
        return damage_lines(content, separator, newline)
    return cut_off(content, newline) if role == "cut" else None


def _after_damage(rows: pl.DataFrame, lines: pl.Series, harmed: Damaged) -> tuple[pl.DataFrame, pl.Series]:
    left = lines <= harmed.last_line
    refused = lines.is_in(list(harmed.refused_lines))
    tags = pl.select(pl.when(refused).then(pl.lit("refused_line")).otherwise(pl.lit(""))).to_series()
    return _tagged(rows, tags, "").filter(left), lines.filter(left)


def _expect_core(
    plan: Plan, year: int, district: int, name: str, rows: pl.DataFrame, lines: pl.Series, harmed: Damaged | None
) -> None:
    if district == plan.habits.spotless:
        plan.expect(year, "core", district, name, "spotless", "accepted", note="breaks no rule")
    if harmed is not None:
        for line in harmed.refused_lines:
            plan.expect(year, "core", district, name, "refused_line", "accepted_with_violations", line_number=line)
    _expect_faults(plan, year, "core", district, name, rows, lines, "core_faults.csv")


def _expect_faults(
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


def write_batches(plan: Plan, year: int, number: int, rows: pl.DataFrame) -> None:
    """ID batches of a slice of whole districts."""
    layout = plan.dictionary.layout("id_batch", year)
    rows = rows.filter("in_id_batch")
    rng = stream(plan.seed, "batch", year, number)
    codes = plan.state.codes.gather(rows["district"])
    graded = _with_ssn_form(plan, rows).with_columns(grade=pl.Series(GRADES).gather(rows["grade"]))
    records = batch_records(graded, codes, codes, year)
    core = collection_of(plan.dictionary, "student_core", year, "Oct")
    share = rates()
    assert core.count_date is not None
    table = FaultTable(
        "batch_faults.csv", layout, share["batch_fault"], share["batch_warning"], year, core.count_date, core.version
    )
    everyone = np.ones(rows.height, dtype=bool)
    records, faults = put_faults(
        rng, plan.state, plan.habits, rows["district"].to_numpy(), records, plan.has_errors, table, lambda _: everyone
    )
    rows = _tagged(rows, faults)
    for district, start, count in runs_of(rows["district"].to_numpy()):
        _write_batch_file(plan, year, district, rows.slice(start, count), records.slice(start, count))


def _write_batch_file(plan: Plan, year: int, district: int, rows: pl.DataFrame, records: pl.DataFrame) -> None:
    name = batch_file_name(plan, district, year)
    content = batch_content(plan, year, district, records)
    plan.write(year, "id", district, name, content)
    lines = pl.Series("line_number", np.arange(rows.height) + 2)
    plan.truth.write_registrations(year, "id", plan.state, rows, name, lines)
    plan.id_requests[year] = plan.id_requests.get(year, 0) + rows.height
    _expect_faults(plan, year, "id", district, name, rows, lines, "batch_faults.csv")


def batch_content(plan: Plan, year: int, district: int, records: pl.DataFrame, form: BatchForm | None = None) -> bytes:
    """The bytes of a district's batch, in the district's own form unless another is asked for."""
    layout = plan.dictionary.layout("id_batch", year)
    # A made-up moment in the first week of the school year.
    made = datetime(year - 1, 9, 3, 7 + district % 9, district * 7 % 60, district * 13 % 60)  # noqa: DTZ001
    transmission = f"{(district * 7919 + year) % 10**10:010d}"
    return write_batch(records, layout, form or _form(plan, district), made, transmission)


def _form(plan: Plan, district: int) -> BatchForm:
    of = plan.habits.of
    return BatchForm(
        delimiter=of("id_delimiter", district),
        frame_separator=of("id_frame_separator", district),
        fields=of("id_fields", district),
        encoding=of("encoding", district),
        newline=of("newline", district),
    )


def _with_ssn_form(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    dashed = plan.habits.has("ssn_form", "dashed", rows["district"].to_numpy())
    form = pl.col("ssn").str.replace(r"^(\d{3})(\d{2})(\d{4})$", "$1-$2-$3")
    return rows.with_columns(ssn=pl.when(dashed).then(form).otherwise("ssn"))


def write_precodes(plan: Plan, year: int, rows: pl.DataFrame) -> None:
    """Pre-code requests for the spring MAP of the districts that send their own."""
    collection = collection_of(plan.dictionary, "assessment_precode", year, "MAPSPR")
    layout = plan.dictionary.layout_of(collection)
    tested = rows.filter(pl.col("in_core") & pl.col("grade").is_between(GRADES.index("03"), GRADES.index("08")))
    for district, records in precode_records(plan.state, tested, collection, PRECODE_DISTRICTS):
        content = write_extract(records.select(layout.standard_names), layout, Dialect())
        name = f"{plan.state.codes[district]}_MAP_PreCode_{year}.csv"
        plan.write(year, "precode", district, name, content)
        plan.expect(year, "precode", district, name, "precode", "accepted")


def slices(rows: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    """Whole districts of about ``size`` rows together, in the order of the rows."""
    start = taken = 0
    counts = [count for _, _, count in runs_of(rows["district"].to_numpy())]
    for position, count in enumerate(counts):
        taken += count
        if taken >= size or position == len(counts) - 1:
            yield rows.slice(start, taken)
            start, taken = start + taken, 0
