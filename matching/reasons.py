"""The reasons an identity answer can carry: codes are promises to districts and never change their meaning."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REASONS_FILE = Path(__file__).with_name("reasons.csv")

CONFIRMED, REUSED, NEW = "CONFIRMED", "REUSED", "NEW"
ERROR, NEAR_MATCH, CANCELED = "ERROR", "NEAR_MATCH", "CANCELED"


@dataclass(frozen=True, slots=True)
class Reason:
    """A code, the outcome it stands with (null for an answer to a return that changes nothing) and what to tell a clerk."""

    code: str
    outcome: str | None
    sentence: str


@cache
def reasons() -> dict[str, Reason]:
    """Every reason by its code."""
    with REASONS_FILE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {row["code"]: Reason(row["code"], row["outcome"] or None, row["sentence"]) for row in rows}
