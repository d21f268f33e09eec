"""Reads sample files the way the pipeline does: recognised, read, validated."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from schemas.dictionary import load_dictionary
from schemas.directory import load_directory
from schemas.errors import FileRefused
from schemas.inbox.recognise import recognise
from schemas.reading import read_extract
from schemas.reading.extract import Extract
from schemas.rules import load_rule_book
from schemas.validation import validate_records

DICTIONARY = load_dictionary()


def status_only(numbers: pl.Series) -> pl.DataFrame:
    """SSN columns without any hash: these tests need only the form of the number."""
    digits = numbers.str.replace_all("-", "").fill_null("")
    status = pl.select(
        pl.when(digits == "").then(pl.lit("blank"))
        .when(~digits.str.contains(r"^\d{9}$")).then(pl.lit("malformed"))
        .otherwise(pl.lit("ok"))
    ).to_series()  # fmt: skip
    empty = pl.Series([None], dtype=pl.String).new_from_index(0, len(numbers))
    near = pl.Series([None], dtype=pl.List(pl.String)).new_from_index(0, len(numbers))
    return pl.DataFrame({"ssn_hash": empty, "ssn_near": near, "ssn_status": status})


@dataclass(frozen=True)
class Outcome:
    """What became of a file: its extract and violations, or the refusal."""

    extract: Extract | None
    violations: pl.DataFrame
    refusal: FileRefused | None


def take_file(path: Path, directory: Path) -> Outcome:
    """Recognise, read and validate one file dropped by the district that its folder is named for."""
    content = path.read_bytes()
    try:
        recognition = recognise(content, DICTIONARY)
        extract = read_extract(content, recognition, DICTIONARY, status_only)
    except FileRefused as refusal:
        return Outcome(None, pl.DataFrame(), refusal)
    submissions = pl.DataFrame({"submission_id": ["s"], "district_code": [path.parent.name], "school_code": [None]},
                               schema_overrides={"school_code": pl.String})  # fmt: skip
    collection = DICTIONARY.collection(recognition.collection_version)
    validated = validate_records(
        extract.records.with_columns(submission_id=pl.lit("s")),
        submissions,
        layout=DICTIONARY.layout(recognition.layout, recognition.school_year),
        rule_book=load_rule_book(DICTIONARY, collection),
        directory=load_directory(directory),
    )
    return Outcome(extract, validated.violations, None)
