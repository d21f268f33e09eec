"""Why a file or a record was not taken; the reasons stand in ``reasons.csv``, so that their words are in one place."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from schemas.errors import FileRefused

REFUSED_RECORD_SCHEMA = pl.Schema(
    {"line_number": pl.UInt32, "line_span": pl.UInt32, "reason": pl.String, "message": pl.String}
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One row of ``reasons.csv``; message and next step have named slots."""

    reason: str
    scope: str
    outcome: str
    message: str
    next_step: str


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A data record that could not be read: where it begins, how many physical lines it spans, why."""

    line_number: int
    line_span: int
    reason: str
    message: str


@cache
def load_reasons() -> dict[str, Reason]:
    """All reasons by their code."""
    with (Path(__file__).parent / "reasons.csv").open(encoding="utf-8", newline="") as file:
        return {row["reason"]: Reason(**row) for row in csv.DictReader(file, strict=True)}


def file_refused(reason: str, line: int | None = None, **facts: object) -> FileRefused:
    """The refusal of a whole file, for the caller to raise; ``facts`` fill the slots and hold no student value."""
    row = load_reasons()[reason]
    facts = {"line": line, **facts}
    return FileRefused(row.outcome, reason, _filled(row.message, facts), _filled(row.next_step, facts), line)


def refused_record(line_number: int, line_span: int, reason: str, **facts: object) -> RefusedRecord:
    """The refusal of one record; the message ends with what to do."""
    row = load_reasons()[reason]
    return RefusedRecord(line_number, line_span, reason, f"{_filled(row.message, facts)} {row.next_step}")


def refused_frame(refused: list[RefusedRecord]) -> pl.DataFrame:
    """Refused records as a frame, in line order."""
    rows = sorted((r.line_number, r.line_span, r.reason, r.message) for r in refused)
    return pl.DataFrame(rows, schema=REFUSED_RECORD_SCHEMA, orient="row")


def _filled(text: str, facts: dict[str, object]) -> str:
    return text.format(**facts).rstrip()
