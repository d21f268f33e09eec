"""Student Core extracts of one year: records, faults, the district's way to write them, damage, and the truth."""

import numpy as np
import polars as pl

from sample_data.core_records import Slice, core_records
from sample_data.damage import Damaged, cut_off, damage_lines
from sample_data.faults import FaultTable, put_faults, runs_of
from sample_data.formats import NEWLINES, SEPARATORS, Dialect, write_extract
from sample_data.plan import Plan, collection_of, core_file_name, expect_faults, tagged
from sample_data.tables import Rng, rates, stream


def write_core(plan: Plan, year: int, number: int, rows: pl.DataFrame) -> None:
    """Student Core extracts of a slice of whole districts."""
    collection = collection_of(plan.dictionary, "student_core", year, "Oct")
    layout = plan.dictionary.layout_of(collection)
    rng = stream(plan.seed, "core", year, number)
    rows = _with_doubles(rng, plan, without_namesakes(plan, rows.filter("in_core")))
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
    records, rows = _with_unknown_ids(rng, plan, records, tagged(rows, faults), is_first=year == plan.first_year)
    for district, start, count in runs_of(part.district):
        _write_core_file(plan, year, district, rows.slice(start, count), records.slice(start, count))


def without_namesakes(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    """The spotless district keeps one of two strangers who share name, birth date and school: they draw a warning."""
    name = ("district", "school_code", "last_name", "first_name", "middle_name", "suffix", "birth_date")
    first = rows.select(pl.struct(*name).is_first_distinct()).to_series()
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
    return tagged(rows, pl.select(pl.when(again).then(pl.lit("doubled_record")).otherwise(pl.lit(""))).to_series(), "")


def _with_unknown_ids(
    rng: Rng, plan: Plan, records: pl.DataFrame, rows: pl.DataFrame, *, is_first: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A few records carry ten digits that the state never gave, on children with and without an earlier request."""
    district = rows["district"].to_numpy()
    share = rates()
    unasked = ~rows["in_id_batch"].to_numpy() & (is_first | (rows["arrival"] != "stayed").to_numpy())
    chance = np.where(unasked, share["unknown_state_id_unasked"], share["unknown_state_id"]) * plan.has_errors[district]
    free = (records["submitted_state_id"].is_null() & (rows["error_tags"].str.contains("fault:").not_())).to_numpy()
    at = np.flatnonzero(free & (rng.random(rows.height) < chance))
    numbers = pl.Series(rng.integers(10**9, 10**10, len(at))).cast(pl.String)
    tags = pl.Series([""]).new_from_index(0, rows.height).scatter(at, pl.Series(["unknown_state_id"] * len(at)))
    sent = records["submitted_state_id"].scatter(at, numbers)
    return records.with_columns(submitted_state_id=sent), tagged(rows, tags, "")


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
    return tagged(rows, tags, "").filter(left), lines.filter(left)


def _expect_core(
    plan: Plan, year: int, district: int, name: str, rows: pl.DataFrame, lines: pl.Series, harmed: Damaged | None
) -> None:
    if district == plan.habits.spotless:
        plan.expect(year, "core", district, name, "spotless", "accepted", note="breaks no rule")
    if harmed is not None:
        for line in harmed.refused_lines:
            plan.expect(year, "core", district, name, "refused_line", "accepted_with_violations", line_number=line)
    expect_faults(plan, year, "core", district, name, rows, lines, "core_faults.csv")
