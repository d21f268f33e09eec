"""Every registration of a sample state as an identity request, with the child it really is: what accuracy is measured on.

The files of a sample ask for IDs where a district would; here every child of every year is asked for, with all that its
district knows, so that errors are counted over whole years.
"""

import hashlib

import polars as pl

from sample_data.directory import GRADES, build_state
from sample_data.enrolment import enrol
from sample_data.people import make_people
from sample_data.registrations import register
from sample_data.styles import draw_habits, spell
from sample_data.tables import errors_scaled


def registration_requests(
    seed: int, students: int, districts: int, years: tuple[int, ...] = (2025, 2026), error_scale: float = 1.0
) -> list[pl.DataFrame]:
    """One frame a year, one row a registration, spelt as its district spells.

    Columns: the identity columns with ``ssn`` in the clear instead of its codes; ``submission_id``, ``sha256``,
    ``line_number``, ``layout``; and the truth: ``person_id``, ``family``, ``twin_set``, ``is_hispanic``, ``error_tags``
    (mistakes of this registration, joined by ``;``) and ``namesake_key`` (one number a true name and birth date).

    Args:
        error_scale: every mistake of ``error_rates.csv`` is made so many times as often.
    """
    state = build_state(seed, students, districts)
    people = make_people(seed, state, students, years)
    rolls = enrol(seed, state, people, students, years)
    habits = draw_habits(seed, state)
    namesakes = people.select(
        namesake_key=pl.struct("first_name", "last_name", "other_surname", "birth_date").rank("dense").cast(pl.UInt32)
    ).to_series()
    held: pl.DataFrame | None = None
    requests = []
    for year in years:
        with errors_scaled(error_scale):
            held = register(seed, state, people, rolls.years[year], year, held)
        held = held.with_columns(namesakes.gather(held["person"]))
        ordered = held.sort("district", "school_code", "last_name", "first_name", "person")
        requests.append(as_requests(spell(ordered, habits), state.codes, year))
    return requests


def as_requests(rows: pl.DataFrame, codes: pl.Series, year: int) -> pl.DataFrame:
    """Register rows of one year as lines of one file a district."""
    district = codes.gather(rows["district"])
    hashes = {code: hashlib.sha256(f"{code}-{year}".encode()).hexdigest() for code in district.unique()}
    return rows.with_columns(
        district_code=district,
        resident_district_code=district,
        school_year=pl.lit(year, pl.Int32),
        grade=pl.Series(GRADES).gather(rows["grade"]),
    ).with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over("district_code").alias("line_number"),
        submission_id=pl.format("{}-{}", "school_year", "district_code"),
        sha256=pl.col("district_code").replace_strict(hashes, return_dtype=pl.String),
        layout=pl.lit("id_batch"),
        submitted_state_id=pl.lit(None, pl.String),
        has_identity_error=pl.lit(False),
        error_reason=pl.lit(None, pl.String),
    )
