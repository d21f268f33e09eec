"""Schools of which a file says too little: none of their records are there, or far fewer than when the district last certified.

Which collections hold every school, and with which earlier one each is compared, stands in ``school_expectations.csv``: first
the same cycle of the latest earlier year that was certified, then the cycles in ``compare_with`` (those before it in the school
year, or of the year before). A finding is a warning about the file as a whole; its value is the school's code.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import polars as pl

from outputs.certification.counts import count_by_school
from outputs.next_steps import counted
from schemas.dictionary import CYCLES, Collection, Dictionary
from schemas.directory import STANDING_SCHOOLS, Directory

# Behind the prefix of the layout's rules: no record of a school; far fewer than before.
NO_RECORDS, FAR_FEWER = "98090", "98091"
_GRADES = ("PK", "K", *(f"{grade:02}" for grade in range(1, 13)))
# Children who are reported at 8000 come and go; nothing follows from their number.
_NOT_COUNTED = "8000"
_FIX = (
    "Look whether the school's students are in the export of your student system. If the number is right as it is, nothing has "
    "to be changed."
)
_CYCLE_NAMES = {"Aug": "August", "Oct": "October", "Dec": "December", "Feb": "February", "Apr": "April", "Jun": "June"}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a collection is expected to hold of each school."""

    every_school: bool
    grades: tuple[str, str]
    compare_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SchoolFile:
    """A file that was read, with its records by school; ``school_code`` where a building sent it."""

    submission_id: str
    district_code: str
    school_code: str | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SchoolFinding:
    """One school of one file."""

    submission_id: str
    rule_number: str
    school_code: str
    message: str
    fix: str = _FIX


@cache
def load_expectations() -> dict[tuple[str, str], Expectation]:
    """By layout and cycle; a collection that is not there expects nothing."""
    with Path(__file__).with_name("school_expectations.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["layout"], row["cycle"]): Expectation(
                row["every_school"] == "yes", (row["low_grade"], row["high_grade"]), tuple(row["compare_with"].split())
            )
            for row in csv.DictReader(file, strict=True)
        }


def find_schools(
    con: duckdb.DuckDBPyConnection,
    collection: Collection,
    files: Sequence[SchoolFile],
    *,
    dictionary: Dictionary,
    directory: Directory,
    drop_share: float,
) -> tuple[list[SchoolFinding], dict[str, int]]:
    """What stands out in files of one collection, and by submission how many schools were looked at.

    Args:
        drop_share: a school with this share fewer than before is named.
    """
    expectation = load_expectations().get((collection.layout, collection.cycle))
    if expectation is None or not files:
        return [], {}
    earlier = _earlier_counts(con, collection, expectation, {file.district_code for file in files}, dictionary)
    findings: list[SchoolFinding] = []
    looked_at = {}
    for file in files:
        open_schools = _open_schools(directory, file, collection.school_year)
        before, title = earlier.get(file.district_code, ({}, ""))
        expected = set(_expected(open_schools, expectation)) if expectation.every_school else set()
        compared = {school for school in before if school in open_schools or school in STANDING_SCHOOLS} - {
            _NOT_COUNTED
        }
        if file.school_code:
            compared &= {file.school_code}
        looked_at[file.submission_id] = len(expected | compared)
        for school in sorted(expected | compared):
            now, then = file.counts.get(school, 0), before.get(school, 0)
            name = f"{directory.school_name(file.district_code, school)} ({school})"
            if not now:
                last = f" {title} had {then:,}." if then else ""
                findings.append(SchoolFinding(file.submission_id, NO_RECORDS, school, f"No record is of {name}.{last}"))
            elif now < then * (1 - drop_share):
                share = round(100 * (then - now) / then)
                message = f"{name} has {counted(now, 'record')}, {share}% fewer than {title} ({then:,})."
                findings.append(SchoolFinding(file.submission_id, FAR_FEWER, school, message))
    return findings, looked_at


def _open_schools(directory: Directory, file: SchoolFile, school_year: int) -> dict[str, tuple[str | None, str | None]]:
    """Schools of the district (or the building alone) that are open in a school year, with their lowest and highest grade."""
    schools = directory.schools.filter(
        pl.col("district_code") == file.district_code,
        pl.col("opened_year").fill_null(school_year) <= school_year,
        pl.col("closed_year").fill_null(school_year) >= school_year,
    )
    rows = schools.select("school_code", "low_grade", "high_grade").iter_rows()
    return {school: (low, high) for school, low, high in rows if file.school_code in (None, school)}


def _expected(schools: Mapping[str, tuple[str | None, str | None]], expectation: Expectation) -> Iterator[str]:
    """Schools that teach a grade of the collection; one whose grades are not known is expected too."""
    lowest, highest = (_GRADES.index(grade) for grade in expectation.grades)
    for school, (low, high) in schools.items():
        if (
            low not in _GRADES
            or high not in _GRADES
            or not (_GRADES.index(high) < lowest or _GRADES.index(low) > highest)
        ):
            yield school


def _earlier_counts(
    con: duckdb.DuckDBPyConnection,
    collection: Collection,
    expectation: Expectation,
    districts: set[str],
    dictionary: Dictionary,
) -> dict[str, tuple[dict[str, int], str]]:
    """District -> records by school of the certified collection it is compared with, and how that is called."""
    rows = con.execute(
        "SELECT district_code, collection_version, school_year, cycle, list(submission_id) FROM intake.submission "
        "WHERE status = 'certified' AND layout = ? AND list_contains(?, district_code) AND NOT coalesce(is_pilot, false) "
        "AND collection_version <> ? GROUP BY ALL",
        [collection.layout, sorted(districts), collection.version],
    ).fetchall()
    best: dict[str, tuple[tuple[int, int, int], str, list[str]]] = {}
    for district, version, year, cycle, names in rows:
        rank = _rank(collection, expectation, year, cycle)
        if rank is not None and (district not in best or rank < best[district][0]):
            best[district] = (rank, version, names)
    names = [name for _, _, found in best.values() for name in found]
    counts = count_by_school(con, {collection.layout: names}) if names else None
    if counts is None:
        return {}
    by_file = {name: part for (name,), part in counts.group_by("submission_id")}
    return {
        district: (_summed([by_file[name] for name in found if name in by_file]), _called(dictionary, version))
        for district, (_, version, found) in best.items()
    }


def _rank(collection: Collection, expectation: Expectation, year: int, cycle: str) -> tuple[int, int, int] | None:
    """How well a certified collection serves for the comparison, best first; null where it does not or is not earlier."""
    if cycle == collection.cycle:
        return (0, -year, 0) if year < collection.school_year else None
    if cycle not in expectation.compare_with:
        return None
    is_earlier = (year, CYCLES.index(cycle)) < (collection.school_year, CYCLES.index(collection.cycle))
    return (1, -year, expectation.compare_with.index(cycle)) if is_earlier else None


def _summed(parts: Sequence[pl.DataFrame]) -> dict[str, int]:
    together = pl.concat(parts).filter(pl.col("school_code") != "")
    return dict(together.group_by("school_code").agg(pl.col("records").sum()).iter_rows())


def _called(dictionary: Dictionary, version: str) -> str:
    """``October 2024-25``."""
    found = dictionary.collection(version)
    return f"{_CYCLE_NAMES.get(found.cycle, found.cycle)} {found.school_year - 1}-{found.school_year % 100:02}"
