"""Reads sample files the way the pipeline does: recognised, read, validated."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import polars as pl

from schemas.dictionary import load_dictionary
from schemas.directory import load_directory
from schemas.inbox.recognise import recognise
from schemas.reading import read_extract
from schemas.reading.extract import Extract
from schemas.reading.recognition import Recognition
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


def read_file(path: Path) -> tuple[Recognition, Extract]:
    """A file recognised and read; raises FileRefused as the pipeline would."""
    content = path.read_bytes()
    recognition = recognise(content, DICTIONARY)
    return recognition, read_extract(content, recognition, DICTIONARY, status_only)


def violations_of(paths: Iterable[Path], directory: Path) -> pl.DataFrame:
    """Violations of files, each dropped by the district its folder is named for, with ``path``; one validate a collection."""
    by_collection: dict[Recognition, list[tuple[Path, Extract]]] = {}
    for path in paths:
        recognition, extract = read_file(path)
        key = replace(recognition, file_format="comma", encoding="utf-8", has_bom=False, newlines=frozenset(),
                      columns=(), header_line=0, header_lines=0)  # fmt: skip
        by_collection.setdefault(key, []).append((path, extract))
    found = [_validated(recognition, files, directory) for recognition, files in by_collection.items()]
    return pl.concat(found)


def _validated(recognition: Recognition, files: list[tuple[Path, Extract]], directory: Path) -> pl.DataFrame:
    submissions = pl.DataFrame(
        {"submission_id": [str(path) for path, _ in files], "district_code": [path.parent.name for path, _ in files]}
    ).with_columns(school_code=pl.lit(None, pl.String))
    validated = validate_records(
        pl.concat([extract.records.with_columns(submission_id=pl.lit(str(path))) for path, extract in files]),
        submissions,
        layout=DICTIONARY.layout(recognition.layout, recognition.school_year),
        rule_book=load_rule_book(DICTIONARY, recognition.collection_version),
        directory=load_directory(directory),
    )
    return validated.violations.rename({"submission_id": "path"})
