"""What is found in one file, ready for every form of the report: rows in order, errors that stand, what to do first."""

from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from outputs.violation_report.past import NO_PAST, Past
from outputs.violation_report.root_causes import Cause, assign_causes, find_causes
from outputs.violation_report.words import ReportSubject, ReportWords
from outputs.violation_rows import STANDING

STATE_SCOPE = "state"
IS_NEW = (pl.col("first_seen_at") == pl.col("last_seen_at")) & (pl.col("status") == "open")


@dataclass(frozen=True)
class Findings:
    """One file's violations and all that is worked out from them.

    Attributes:
        rows: violations of the file, numbered in ``row``: errors first, then by line, field and rule.
        records: the records that have a violation, one row a line, columns by standard name; null where they are not at hand.
    """

    subject: ReportSubject
    rows: pl.DataFrame
    words: ReportWords
    past: Past = NO_PAST
    records: pl.DataFrame | None = None

    @classmethod
    def of(
        cls,
        subject: ReportSubject,
        rows: pl.DataFrame,
        words: ReportWords,
        past: Past = NO_PAST,
        records: pl.DataFrame | None = None,
    ) -> "Findings":
        """Findings of the rows of a file; those that compare districts are counted and left to their own folder."""
        own = rows.filter(pl.col("scope") != STATE_SCOPE)
        return cls(subject, in_page_order(own).with_row_index("row"), words, past, records)

    @cached_property
    def errors(self) -> pl.DataFrame:
        """Errors that stand, with their cause, numbered as in ``rows``."""
        standing = self.rows.filter((pl.col("severity") == "E") & pl.col("status").is_in(STANDING))
        shape = replace(self.words.shape, record_count=self.subject.record_count)
        return self._with_shared(assign_causes(standing, self.words.identity_columns, shape))

    @cached_property
    def causes(self) -> list[Cause]:
        return find_causes(self.errors, [name for name in self.words.shared if name in self.errors.columns])

    @cached_property
    def warnings(self) -> int:
        """Warnings that stand."""
        return self.rows.filter((pl.col("severity") == "W") & pl.col("status").is_in(STANDING)).height

    @cached_property
    def settled(self) -> int:
        """Errors that were waived or accepted and stand no longer."""
        return self.rows.filter((pl.col("severity") == "E") & ~pl.col("status").is_in(STANDING)).height

    @property
    def has_history(self) -> bool:
        return self.past.fixed is not None

    def _with_shared(self, errors: pl.DataFrame) -> pl.DataFrame:
        if self.records is None or not self.words.shared:
            return errors
        at_hand = {header: name for header, name in self.words.shared.items() if name in self.records.columns}
        beside = self.records.select(
            pl.col("line_number").cast(pl.Int64), *(pl.col(name).cast(pl.String).alias(header) for header, name in at_hand.items())
        )  # fmt: skip
        return errors.join(beside, on="line_number", how="left", maintain_order="left")


def in_page_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Errors before warnings, then by line, field and rule; what is about the whole file first."""
    return rows.sort("severity", "line_number", "field", "rule_id", nulls_last=False)
