"""What an import can find in a registry file: codes are promises to operators and never change their meaning."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

# refused: the row is not taken. held: the number is kept, but nobody is linked to it. warning: taken as it stands.
REFUSED, HELD_BACK, WARNING = "refused", "held", "warning"
FINDING_SCHEMA = pl.Schema(
    {
        "line_number": pl.UInt32(),
        "state_id": pl.String(),
        "code": pl.String(),
        "detail": pl.String(),
        "other_line": pl.UInt32(),
        "other_state_id": pl.String(),
    }
)


@dataclass(frozen=True, slots=True)
class ImportReason:
    """A code, what it does to the row or number, and what to tell the operator."""

    code: str
    effect: str
    message: str
    fix: str


@cache
def import_reasons() -> dict[str, ImportReason]:
    """Every reason by its code, in the order of the file: what refuses a row, what holds a number, warnings."""
    with Path(__file__).with_name("reasons.csv").open(encoding="utf-8", newline="") as lines:
        return {row["code"]: ImportReason(**row) for row in csv.DictReader(lines, strict=True)}


def findings_of(rows: pl.DataFrame, code: str, **more: pl.Expr) -> pl.DataFrame:
    """One finding a row, in FINDING_SCHEMA; ``rows`` has line_number and state_id."""
    given = {"code": pl.lit(code), **more}
    return rows.select(
        (given.get(name, pl.col(name) if name in ("line_number", "state_id") else pl.lit(None))).cast(kind).alias(name)
        for name, kind in FINDING_SCHEMA.items()
    )


def no_findings() -> pl.DataFrame:
    return pl.DataFrame(schema=FINDING_SCHEMA)
