"""ID batches and pre-code requests of one year."""

from datetime import datetime

import numpy as np
import polars as pl

from sample_data.damage import without_last_field
from sample_data.directory import GRADES
from sample_data.faults import FaultTable, put_faults, runs_of
from sample_data.formats import Dialect, write_extract
from sample_data.id_batches import BatchForm, batch_records, write_batch
from sample_data.plan import Plan, batch_file_name, collection_of, expect_faults, tagged
from sample_data.precode import precode_records
from sample_data.tables import rates, stream

# The two districts (by place) that ask for pre-code files themselves; the others leave it to the state.
PRECODE_DISTRICTS = (1, 3)


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
    rows = tagged(rows, faults)
    for district, start, count in runs_of(rows["district"].to_numpy()):
        _write_batch_file(plan, year, district, rows.slice(start, count), records.slice(start, count))


def _write_batch_file(plan: Plan, year: int, district: int, rows: pl.DataFrame, records: pl.DataFrame) -> None:
    name = batch_file_name(plan, district, year)
    content = batch_content(plan, year, district, records)
    lines = pl.Series("line_number", np.arange(rows.height) + 2)
    if year == plan.first_year and plan.habits.damage_of(district) == "lines":
        content, rows = _shortened(plan, year, district, name, content, rows, lines)
    plan.write(year, "id", district, name, content)
    plan.truth.write_registrations(year, "id", plan.state, rows, name, lines)
    plan.id_requests[year] = plan.id_requests.get(year, 0) + rows.height
    expect_faults(plan, year, "id", district, name, rows, lines, "batch_faults.csv")


def _shortened(
    plan: Plan, year: int, district: int, name: str, content: bytes, rows: pl.DataFrame, lines: pl.Series
) -> tuple[bytes, pl.DataFrame]:
    """The batch with one detail of 17 fields: no request can be read from it."""
    line = int(lines[rows.height // 2])
    plan.expect(year, "id", district, name, "refused_line", "accepted_with_violations", line_number=line)
    tags = pl.select(pl.when(lines == line).then(pl.lit("refused_line")).otherwise(pl.lit(""))).to_series()
    return without_last_field(content, line), tagged(rows, tags, "")


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
        if district == plan.habits.spotless:
            plan.expect(year, "precode", district, name, "precode", "accepted", note="breaks no rule")
