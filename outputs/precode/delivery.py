"""One delivery: files for the vendor, files for each district, and the rows that remember who was in it.

A delivery is named by its content. The same certified data give the same bytes and the same name, so a second call
writes nothing new, and a call after a crash finishes what the first began.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from outputs.disclosure_log import Disclosure, record_disclosures
from outputs.next_steps import counted
from outputs.precode.definitions import Assessment, load_assessment, load_left_out_reasons
from outputs.precode.folders import count_left_out, vendor_files, write_district, write_vendor
from outputs.precode.selection import label_rows, latest_certified_year, select_students
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.errors import UnknownName, UsageError
from schemas.paths import StateHome

_LAYOUT = "assessment_precode"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was delivered; ``is_new`` is false when the vendor has these bytes already."""

    delivery_id: str
    folder: str
    is_new: bool
    school_year: int
    students: int
    labels: int
    left_out: dict[str, int]
    districts: tuple[str, ...]
    missing_districts: tuple[str, ...]

    @property
    def text(self) -> str:
        what = "Pre-code delivery" if self.is_new else "Nothing has changed since pre-code delivery"
        lines = [
            f"{what} {self.delivery_id}: {counted(self.students, 'student')}, {counted(self.labels, 'label')}, "
            f"{counted(len(self.districts), 'district')}. {self.folder}"
        ]
        meanings = {reason.reason: reason.what for reason in load_left_out_reasons()}
        lines += [f"  Left out: {count:,} ({meanings[reason]})" for reason, count in self.left_out.items()]
        if self.missing_districts:
            lines.append(f"  Not certified, not in it: {', '.join(self.missing_districts)}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def build_precode(
    con: duckdb.DuckDBPyConnection,
    assessment: str,
    school_year: int | None,
    home: StateHome,
    directory: Directory,
    dictionary: Dictionary,
    at: datetime,
    run_id: str,
    actor: str,
) -> Delivery:
    """Write the vendor's and the districts' files and note the delivery in precode.*. Does not commit.

    Args:
        school_year: the latest certified one when none is given.
        actor: who gives the vendor the files, for the disclosure log.

    Raises:
        UnknownName: no such assessment, or the calendar has no pre-code collection of it in the year.
        UsageError: no district has certified Student Core of the year.
    """
    definition = load_assessment(assessment)
    year = school_year or latest_certified_year(con)
    students = select_students(con, definition, year) if year else pl.DataFrame()
    if year is None or students.is_empty():
        raise UsageError(
            f"No district has certified Student Core{f' of {year}' if year else ''}, so there is nobody to test. "
            "Certify first: mosis certify COLLECTION --district DISTRICT"
        )
    labels = label_rows(students, definition, _collection_version(dictionary, assessment, year), year)
    districts = tuple(students["district_code"].unique().sort())
    missing = tuple(sorted(set(_open_districts(directory, year)) - set(districts)))
    files = vendor_files(labels, students, definition, year, districts, missing)
    delivery_id, is_new = _name_delivery(con, assessment, year, _content_hash(files))
    folder = home.precode / assessment / delivery_id
    write_vendor(folder, files)
    labels_of = labels.partition_by("district_code", as_dict=True)
    for (district,), own_students in students.partition_by("district_code", as_dict=True).items():
        own_folder = home.outbox_of(district) / "precode" / assessment
        write_district(
            own_folder, str(district), labels_of.get((district,), labels.clear()), own_students, definition, year
        )
    if is_new:
        _note_delivery(con, delivery_id, definition, year, students, labels, _content_hash(files), at, run_id)
        level = min(field.access_level for field in dictionary.layout(_LAYOUT, year).fields)
        _log_delivery(con, delivery_id, assessment, students, level, actor, at)
    return Delivery(
        delivery_id=delivery_id,
        folder=str(folder),
        is_new=is_new,
        school_year=year,
        students=students["reason"].null_count(),
        labels=labels.height,
        left_out=count_left_out(students),
        districts=districts,
        missing_districts=missing,
    )


def _collection_version(dictionary: Dictionary, assessment: str, school_year: int) -> str:
    for collection in dictionary.collections:
        if (collection.layout, collection.cycle, collection.school_year) == (_LAYOUT, assessment, school_year):
            return collection.version
    raise UnknownName(f"The calendar of {school_year} has no pre-code collection of {assessment}.")


def _open_districts(directory: Directory, school_year: int) -> list[str]:
    opened = pl.col("opened_year").fill_null(school_year) <= school_year
    closed = pl.col("closed_year").fill_null(school_year) < school_year
    return directory.districts.filter(opened & ~closed)["district_code"].to_list()


def _content_hash(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return digest.hexdigest()


def _name_delivery(con: duckdb.DuckDBPyConnection, assessment: str, school_year: int, sha256: str) -> tuple[str, bool]:
    """The delivery's name and whether it is a new one: not when the latest delivery has the same content."""
    rows = con.execute(
        'SELECT delivery_id, sha256 FROM precode.delivery WHERE assessment = ? AND school_year = ? ORDER BY "at", delivery_id',
        [assessment, school_year],
    ).fetchall()
    if rows and rows[-1][1] == sha256:
        return rows[-1][0], False
    base = f"{assessment}-{school_year}-{sha256[:12]}"
    repeats = sum(other == sha256 for _, other in rows)
    return (f"{base}-{repeats + 1}" if repeats else base), True


def _note_delivery(
    con: duckdb.DuckDBPyConnection,
    delivery_id: str,
    assessment: Assessment,
    school_year: int,
    students: pl.DataFrame,
    labels: pl.DataFrame,
    sha256: str,
    at: datetime,
    run_id: str,
) -> None:
    left_out = students.height - students["reason"].null_count()
    version = labels["collection_version"].first() if labels.height else ""
    con.execute(
        "INSERT INTO precode.delivery VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [delivery_id, assessment.name, school_year, version, at, run_id, labels.height, left_out, sha256],
    ).fetchall()
    delivered = students.select(  # noqa: F841 (read by the query)
        "district_code",
        "submission_id",
        "line_number",
        "state_id",
        "reason",
        school_code="reporting_school_code",
        is_included=pl.col("reason").is_null(),
    )
    con.execute(
        "INSERT INTO precode.record BY NAME SELECT ? AS delivery_id, * FROM delivered", [delivery_id]
    ).fetchall()


def _log_delivery(
    con: duckdb.DuckDBPyConnection,
    delivery_id: str,
    assessment: str,
    students: pl.DataFrame,
    level: int,
    actor: str,
    at: datetime,
) -> None:
    """One row of the disclosure log; the children stand in precode.record under the delivery's name."""
    included = students.filter(pl.col("reason").is_null())["state_id"].drop_nulls().to_list()
    disclosure = Disclosure(
        actor, level, f"pre-code {delivery_id}", f"vendor of {assessment}", included, names_children=False
    )
    record_disclosures(con, [disclosure], at)
