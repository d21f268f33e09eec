"""Pre-code requests for the spring MAP as some districts send them: one record a child and subject."""

from collections.abc import Iterator

import polars as pl

from sample_data.directory import GRADES, State
from sample_data.faults import runs_of
from schemas.dictionary import Collection

SCIENCE_GRADES = (GRADES.index("05"), GRADES.index("08"))


def precode_records(
    state: State, rows: pl.DataFrame, collection: Collection, districts: tuple[int, ...]
) -> Iterator[tuple[int, pl.DataFrame]]:
    """For each of the districts that has tested children: its row and its records, by standard name; StateID blank."""
    for district, start, count in runs_of(rows["district"].to_numpy()):
        if district in districts:
            yield district, _records(state, rows.slice(start, count), collection)


def _records(state: State, rows: pl.DataFrame, collection: Collection) -> pl.DataFrame:
    subjects = [rows.with_columns(subject=pl.lit(subject)) for subject in ("ELA", "MATH")]
    science = rows.filter(pl.col("grade").is_in(SCIENCE_GRADES)).with_columns(subject=pl.lit("SC"))
    rows = pl.concat([*subjects, science])
    code = state.codes.gather(rows["district"])
    room = pl.format("Room {}", pl.col("grade") * 10 + pl.col("school") % 7)
    return rows.select(
        pl.lit(collection.version).alias("collection_version"),
        pl.lit(str(collection.school_year)).alias("school_year"),
        code.alias("reporting_district_code"),
        pl.col("school_code").alias("reporting_school_code"),
        pl.lit(None, pl.String).alias("submitted_state_id"),
        "local_student_id", "last_name", "first_name", "middle_name", "suffix",
        pl.col("birth_date").dt.strftime("%m/%d/%Y"),
        pl.Series("grade", GRADES).gather(rows["grade"]),
        "gender", "race_ethnicity",
        pl.lit("MAPSPR").alias("assessment"),
        pl.lit("ON").alias("test_method"),
        pl.lit(None, pl.String).alias("examiner_first_name"),
        pl.lit(None, pl.String).alias("examiner_last_name"),
        "subject",
        pl.lit(None, pl.String).alias("period"),
        room.alias("sort"),
        pl.lit(None, pl.String).alias("examiner_email"),
    )  # fmt: skip
