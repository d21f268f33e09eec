"""A state home as it stands after many years, for the benches: millions of people on file, few of them in school today.

Three of ten people are today's pupils, known from last school year; the others left school six or twelve years ago. Their
IDs are entered directly: how they were once found does not matter to what a run costs today.

Run by hand: ``python -m tests.benches.big_registry FOLDER --people 3000000``.
"""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from flows.accuracy import hashed
from matching.ledger import record_versions
from matching.ssn import SsnHasher
from matching.standardize import STANDARDIZE_VERSION, standardize
from matching.student_ids import IdTest, SystemIdSource, draw_ids
from sample_data.core_files import write_core
from sample_data.core_records import draw_traits
from sample_data.directory import State, build_state, write_directory
from sample_data.enrolment import enrol
from sample_data.faults import districts_with_errors
from sample_data.people import make_people
from sample_data.plan import Plan
from sample_data.registrations import register
from sample_data.requests import registration_requests
from sample_data.styles import draw_habits, spell
from sample_data.tables import stream
from sample_data.truth import TruthWriter
from schemas.database import checkpoint, open_state
from schemas.dictionary import load_dictionary
from schemas.home_setup import make_home
from schemas.paths import StateHome

SEED, DISTRICTS = 2026, 560
TODAY, LAST_YEAR = 2026, 2025
PUPILS_SHARE = 0.3
YEARS_AGO = (6, 12)


def make_big_home(folder: Path, people: int) -> StateHome:
    """A home with ``people`` people and, beside it, this year's requests of its pupils and files of three districts.

    ``folder/home``; ``folder/requests.parquet``; ``folder/files/2026/core/<district>/...`` of the districts that are
    nearest to 20,000 and 500 pupils (of a smaller state: the largest and a small one).
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pupils = round(people * PUPILS_SHARE)
    state = build_state(SEED, pupils, DISTRICTS)
    write_directory(state, folder / "directory")
    home = make_home(folder / "home", folder / "directory")
    hasher = SsnHasher.from_keys(home.keys)
    con = open_state(home)
    try:
        known, today = registration_requests(SEED, pupils, DISTRICTS, (LAST_YEAR, TODAY))
        hashed(today, hasher).write_parquet(folder / "requests.parquet")
        _enter(con, hashed(known, hasher), "today")
        for number, years in enumerate(YEARS_AGO, start=1):
            former = round((people - pupils) / len(YEARS_AGO))
            for frame in _former(SEED + number, former, years, state):
                _enter(con, hashed(frame, hasher), f"former{number}")
        con.execute(_EVENTS).fetchall()
        checkpoint(con)
    finally:
        con.close()
    _write_files(folder / "files", state, pupils)
    return home


def _former(seed: int, count: int, years: int, state: State) -> Iterator[pl.DataFrame]:
    """Two school years of children who left: in today's districts, with local IDs that nobody has again."""
    for frame in registration_requests(seed, count, DISTRICTS, (LAST_YEAR, TODAY)):
        code = state.codes.gather(frame["district"]).alias("district_code")
        yield frame.with_columns(
            code,
            pl.col("birth_date").dt.offset_by(f"-{years}y"),
            school_year=pl.col("school_year") - years,
            local_student_id=pl.format("{}{}", pl.lit(years), "local_student_id"),
            submission_id=pl.format("{}-{}", pl.col("school_year") - years, code),
        )


def _enter(con: duckdb.DuckDBPyConnection, requests: pl.DataFrame, people: str) -> None:
    """The people of the requests, each under one ID, with what was sent about them."""
    at = datetime(2000 + int(requests["school_year"][0]) % 100, 1, 15, tzinfo=UTC)
    children = requests.select(child=pl.format("{}-{}", pl.lit(people), "person_id")).unique(maintain_order=True)
    con.execute("CREATE TEMP TABLE IF NOT EXISTS child_id (child VARCHAR, state_id VARCHAR)").fetchall()
    unknown = children.join(con.sql("FROM child_id").pl(), on="child", how="anti")
    if unknown.height:
        con.register("drawn", unknown.with_columns(draw_ids(SystemIdSource(), unknown.height, _taken(con))))
        con.execute("INSERT INTO child_id FROM drawn").fetchall()
        con.execute(
            "INSERT INTO identity.student SELECT state_id, 'active', NULL, ?, 'before' FROM drawn", [at]
        ).fetchall()
        con.unregister("drawn")
    keyed = standardize(requests).with_columns(standardize_version=pl.lit(STANDARDIZE_VERSION, pl.Int32))
    given = requests.select(
        "submission_id", "line_number", child=pl.format("{}-{}", pl.lit(people), "person_id"), outcome=pl.lit("REUSED")
    ).join(con.sql("FROM child_id").pl(), on="child")
    con.register("given", given)
    con.execute(
        "INSERT INTO identity.assignment "
        "SELECT submission_id, line_number, state_id, outcome, 'EXACT_MATCH', 'exact', NULL, NULL, NULL FROM given"
    ).fetchall()
    con.unregister("given")
    record_versions(con, keyed, given, at)
    checkpoint(con)


def _taken(con: duckdb.DuckDBPyConnection) -> IdTest:
    known = con.sql("SELECT state_id FROM identity.student").pl()["state_id"]
    return lambda state_ids: state_ids.is_in(known.implode())


_EVENTS = """
    INSERT INTO identity.event BY NAME
    SELECT row_number() OVER () AS event_id, issued_at AS "at", issued_run_id AS run_id, 'issued' AS kind, state_id,
           'bench' AS actor
    FROM identity.student
"""


def _write_files(out: Path, state: State, pupils: int) -> None:
    """October's Student Core files of a district near 20,000 pupils and of one near 500."""
    years = (LAST_YEAR, TODAY)
    people = make_people(SEED, state, pupils, years)
    rolls = enrol(SEED, state, people, pupils, years)
    habits = draw_habits(SEED, state)
    before = register(SEED, state, people, rolls.years[LAST_YEAR], LAST_YEAR, None)
    rows = register(SEED, state, people, rolls.years[TODAY], TODAY, before)
    sizes = rows.group_by("district").len()
    wanted = [sizes.sort((pl.col("len") - size).abs(), "district")["district"][0] for size in (20_000, 500)]
    chosen = rows.filter(pl.col("district").is_in(wanted)).sort(
        "district", "school_code", "last_name", "first_name", "person"
    )
    with TruthWriter(out / "truth") as truth:
        plan = Plan(
            out, SEED, state, habits, districts_with_errors(SEED, state, habits), load_dictionary(),
            draw_traits(stream(SEED, "traits"), people.height), truth, LAST_YEAR,
        )  # fmt: skip
        write_core(plan, TODAY, 0, spell(chosen, habits))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=3_000_000)
    arguments = parser.parse_args()
    print(make_big_home(arguments.folder, arguments.people).root)
