"""Small batches for the rule and validation tests: a clean record of each layout, and records changed from it."""

from pathlib import Path
from typing import Any

import polars as pl

from schemas.dictionary import Collection, Dictionary, load_dictionary
from schemas.directory import Directory, load_directory
from schemas.rules import RuleBook, load_rule_book
from schemas.schema_builder import text_columns
from schemas.validation import Validated, validate_records

DISTRICT, OTHER_DISTRICT = "048078", "048080"
CLEAN: dict[str, dict[str, str]] = {
    "student_core": {
        "collection_version": "2026Oct1.0StuCore", "school_year": "2026",
        "attending_district_code": DISTRICT, "attending_school_code": "1050",
        "reporting_district_code": DISTRICT, "reporting_school_code": "1050",
        "resident_district_code": DISTRICT, "resident_school_code": "1050",
        "last_name": "O'Neil-Smith", "first_name": "Ann", "birth_date": "05/01/2015", "grade": "05", "gender": "F",
        "race_ethnicity": "W", "lunch_status": "U", "lep_status": "NLP", "residency_status": "R1",
        "member_fte": "1.00", "one_prior_ten": "Y", "enrolled_on_count_date": "Y", "local_student_id": "17",
    },
    "assessment_precode": {
        "collection_version": "2026MAPSPR1.0AsmPre", "school_year": "2026",
        "reporting_district_code": DISTRICT, "reporting_school_code": "1050",
        "last_name": "Smith", "first_name": "Ann", "birth_date": "05/01/2015", "grade": "05", "gender": "F",
        "race_ethnicity": "W", "assessment": "MAPSPR", "sort": "ROOM 12",
    },
    "id_batch": {
        "record_type": "ID", "current_school_code": "1050", "resident_district_code": DISTRICT,
        "last_name": "Smith", "first_name": "Ann", "gender": "F", "birth_date": "05/01/2015", "grade": "05",
        "local_student_id": "17", "race_ethnicity": "W", "current_district_code": DISTRICT, "school_year": "2026",
        "ssn_status": "blank",
    },
}  # fmt: skip
LITERALS = {"student_core": "2026Oct1.0StuCore", "assessment_precode": "2026MAPSPR1.0AsmPre", "id_batch": "id_batch"}

DICTIONARY: Dictionary = load_dictionary()
BOOKS: dict[str, RuleBook] = {name: load_rule_book(DICTIONARY, literal) for name, literal in LITERALS.items()}


def collection_of(layout: str) -> Collection:
    return BOOKS[layout].collection


def write_directory(folder: Path) -> Directory:
    """Two districts: 048078 with schools 1050 and 3000 (closed after 2020), 048080 with school 4020."""
    (folder / "districts.csv").write_text(
        "district_code,name,county,kind,opened_year,closed_year\n"
        f"{DISTRICT},Kansas City 33,048,district,,\n{OTHER_DISTRICT},Grandview C-4,048,district,1990,\n"
    )
    (folder / "schools.csv").write_text(
        "district_code,school_code,name,low_grade,high_grade,opened_year,closed_year\n"
        f"{DISTRICT},1050,Lincoln High,09,12,1950,\n{DISTRICT},3000,Old Mill,K,05,1950,2020\n"
        f"{OTHER_DISTRICT},4020,Meadow,K,05,,\n"
    )
    return load_directory(folder)


def text_records(layout: str, *changes: dict[str, str | None], submission_id: str = "one") -> pl.DataFrame:
    """Text records, one for each change of the layout's clean record; an empty change leaves it clean.

    Each is another child: first name and local ID differ unless a change says otherwise.
    """
    names = text_columns(BOOKS[layout].layout)
    rows: list[dict[str, Any]] = [
        {**dict.fromkeys(names), **CLEAN[layout], **_child(place), **change} for place, change in enumerate(changes)
    ]
    kinds = {name: pl.List(pl.String) if name == "ssn_near" else pl.String for name in names}
    return pl.DataFrame(rows, schema=kinds).with_columns(
        pl.lit(submission_id).alias("submission_id"),
        pl.int_range(2, len(rows) + 2, dtype=pl.UInt32).alias("line_number"),
    )


def _child(place: int) -> dict[str, str]:
    return {"first_name": f"Ann{'abcdefghijklmnopqrstuvwxyz'[place]}", "local_student_id": str(17 + place)}


def submissions(**districts: str) -> pl.DataFrame:
    """The submissions frame: submission_id -> district."""
    return pl.DataFrame(
        [(name, district, None) for name, district in districts.items()],
        schema={"submission_id": pl.String, "district_code": pl.String, "school_code": pl.String},
        orient="row",
    )


def validate(layout: str, records: pl.DataFrame, directory: Directory | None = None, **more: Any) -> Validated:
    """One batch of one submission ``one`` of district 048078, unless told otherwise."""
    files = more.pop("files", None)
    return validate_records(
        records,
        submissions(one=DISTRICT) if files is None else files,
        layout=BOOKS[layout].layout,
        rule_book=BOOKS[layout],
        directory=directory,
        **more,
    )


def found(validated: Validated) -> list[tuple[int | None, str | None, str]]:
    """Line, field and rule of every violation."""
    return validated.violations.select("line_number", "field", "rule_id").rows()
