"""A locator request as data: its columns, what one line asks, and why a line cannot be looked up.

The policy of 2007 gives designated district staff a locator over all students with a few fields. A file of look-ups has a
header row that begins with ``LocatorRequest``; each line names what is known of one child.
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl

from schemas.directory import Directory

_FOLDER = Path(__file__).parent
FOUND, NOT_FOUND, TOO_MANY, NOT_ANSWERED = "FOUND", "NOT_FOUND", "TOO_MANY", "NOT_ANSWERED"

LOOKUP_SCHEMA = pl.Schema({
    "line_number": pl.UInt32(), "reference": pl.String(), "purpose": pl.String(), "last_name": pl.String(),
    "first_name": pl.String(), "middle_name": pl.String(), "birth_date": pl.Date(), "state_id": pl.String(),
    "local_student_id": pl.String(), "district_code": pl.String(), "fault": pl.String(),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class RequestColumn:
    """A column of a locator request; ``is_needed``: the header must have it."""

    column: str
    standard_name: str
    is_needed: bool
    length: int
    definition: str


@cache
def request_columns() -> tuple[RequestColumn, ...]:
    return tuple(
        RequestColumn(
            row["column"], row["standard_name"], row["needed"] == "yes", int(row["length"]), row["definition"]
        )
        for row in _rows("columns")
    )


@cache
def purposes() -> dict[str, str]:
    """What a look-up may be for: code -> meaning."""
    return {row["purpose"]: row["meaning"] for row in _rows("purposes")}


@cache
def answer_reasons() -> dict[str, tuple[str, str]]:
    """Reason code -> (result, sentence for a person)."""
    return {row["reason"]: (row["result"], row["sentence"]) for row in _rows("answers")}


def typed_lookups(records: pl.DataFrame, own_district: str, directory: Directory) -> pl.DataFrame:
    """The look-ups of a file that was read.

    Args:
        records: line_number and text columns by standard name; a column that the file lacks may be missing.
        own_district: whose local IDs are meant where a line names no district.

    Returns:
        LOOKUP_SCHEMA; ``fault`` is the reason code of a line that cannot be looked up, else null.
    """
    named = records.with_columns(
        pl.lit(None, pl.String).alias(column.standard_name)
        for column in request_columns()
        if column.standard_name not in records.columns
    )
    is_long = pl.any_horizontal(
        (pl.col(column.standard_name).str.len_chars() > column.length).fill_null(False)
        for column in request_columns()
        if column.standard_name != "birth_date"
    )
    typed = named.with_columns(
        pl.col("purpose").str.to_uppercase(),
        day=pl.col("birth_date").map_elements(read_date, return_dtype=pl.Date),
        district_code=pl.coalesce("district_code", pl.lit(own_district)),
    )
    # The first fault that stands in the way; the later ones make no sense before it is mended.
    fault = (
        pl.when(is_long)
        .then(pl.lit("VALUE_TOO_LONG"))
        .when(~pl.col("purpose").is_in(list(purposes())).fill_null(False))
        .then(pl.lit("PURPOSE_UNKNOWN"))
        .when(pl.col("birth_date").is_not_null() & pl.col("day").is_null())
        .then(pl.lit("BIRTH_DATE_UNREADABLE"))
        .when(~pl.col("state_id").str.contains(r"^\d{1,10}$").fill_null(True))
        .then(pl.lit("STATE_ID_UNREADABLE"))
        .when(pl.col("local_student_id").is_not_null() & ~pl.col("district_code").is_in(list(directory.district_codes)))
        .then(pl.lit("DISTRICT_UNKNOWN"))
        .when(says_too_little())
        .then(pl.lit("TOO_LITTLE"))
    )
    return typed.with_columns(birth_date="day", fault=fault).select(*LOOKUP_SCHEMA).cast(LOOKUP_SCHEMA)


def says_too_little() -> pl.Expr:
    """Whether a look-up names no number and fewer than two of last name, first name and birth date.

    One name or one birthday alone fits hundreds of children: an answer would disclose, not find.
    """
    known = pl.sum_horizontal(pl.col("last_name", "first_name", "birth_date").is_not_null())
    return pl.col("state_id").is_null() & pl.col("local_student_id").is_null() & (known < 2)


def read_date(text: str | None) -> date | None:
    """A date as people write it, mm/dd/yyyy; leading zeros may be missing. Null for anything else."""
    month, day, year = [*(text or "").split("/"), "", ""][:3] if (text or "").count("/") == 2 else ("", "", "")
    if not (month.isdecimal() and day.isdecimal() and year.isdecimal() and len(year) == 4):
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _rows(name: str) -> list[dict[str, str]]:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))
