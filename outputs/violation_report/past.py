"""What a report says beside the violations of the file itself: what was fixed since, earlier trials, how often rules applied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

FIXED_SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(("rule_id", "field", "message", "severity", "changed_by"), pl.String()),
    "count": pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """What stood after one file of a district and collection was checked, or after the rules changed under it.

    ``new`` and ``fixed`` count errors, against what stood before.
    """

    at: datetime
    is_rule_change: bool
    records: int
    errors: int
    warnings: int
    new: int
    fixed: int


@dataclass(frozen=True)
class Past:
    """Made from the database; empty on a clerk's own desk.

    Attributes:
        fixed: violations of the file before that are gone, by rule (FIXED_SCHEMA); null where there was no file before.
        trials: the files of this collection so far, oldest first, this one last.
        runs: for each rule number how many records it was about, and how many of them failed.
        state_findings: open findings that compare this district with others; they stand in a folder of their own.
    """

    fixed: pl.DataFrame | None = None
    trials: tuple[Trial, ...] = ()
    runs: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    state_findings: int = 0

    @property
    def fixed_count(self) -> int | None:
        return None if self.fixed is None else int(self.fixed["count"].sum())


NO_PAST = Past()
