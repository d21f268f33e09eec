"""The staged frames of some submissions of a plan, read back for storing and reporting."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.staging import StagedBatch, scan_refused, scan_rule_runs, scan_violations
from matching.plan import Plan
from matching.standardize import STANDARDIZE_VERSION, standardize

LINE = ["submission_id", "line_number"]


@dataclass(frozen=True)
class StagedFrames:
    """Access to what a plan's run staged; every reading is limited to the submissions asked for."""

    plan: Plan

    @property
    def folder(self) -> Path:
        return self.plan.folder / "stage"

    @property
    def batches(self) -> list[StagedBatch]:
        return [StagedBatch(**values) for values in self.plan.versions["batches"]]

    def records(self, names: Collection[str], columns: Collection[str] | None = None) -> dict[str, pl.DataFrame]:
        """Typed records by layout, all columns or those of ``columns`` that the layout has."""
        frames: dict[str, list[pl.DataFrame]] = {}
        for batch in self.batches:
            if not set(names) & set(batch.submission_ids):
                continue
            scan = pl.scan_parquet(self.folder / f"records-{batch.stem}.parquet")
            if columns is not None:
                present = scan.collect_schema().names()
                scan = scan.select(*LINE, *(name for name in present if name in columns and name not in LINE))
            found = scan.filter(pl.col("submission_id").is_in(list(names))).collect()
            frames.setdefault(batch.layout, []).append(found)
        return {layout: pl.concat(parts, how="diagonal") for layout, parts in frames.items()}

    def violations(self, names: Collection[str]) -> pl.DataFrame:
        return only(scan_violations(self.folder), names)

    def rule_runs(self, names: Collection[str]) -> pl.DataFrame:
        return only(scan_rule_runs(self.folder), names)

    def refused(self, names: Collection[str]) -> pl.DataFrame:
        return only(scan_refused(self.folder), names)

    def returned(self, names: Collection[str]) -> pl.DataFrame:
        """The requests that returned worklists are about, under the name of the return, with ``request_line``."""
        scan = pl.scan_parquet(self.folder / "requests.parquet")
        if "request_line" not in scan.collect_schema().names():
            return pl.DataFrame(schema={"submission_id": pl.String})
        # Answers name school and district as an ID batch does.
        as_batch = scan.rename({"school_code": "current_school_code"}).with_columns(
            current_district_code="district_code"
        )
        return only(as_batch.filter(pl.col("request_line").is_not_null()), names)

    def return_findings(self, names: Collection[str]) -> pl.DataFrame:
        return only(pl.scan_parquet(self.folder / "return_findings.parquet"), names)

    def proposals(self) -> pl.DataFrame:
        """The pairs of records or numbers that may be one child's, of the whole plan."""
        return pl.read_parquet(self.folder / "proposals.parquet")

    def requests(self, names: Collection[str]) -> pl.DataFrame:
        """The requests of these submissions: identity columns with the keys that the ledger keeps beside them."""
        found = only(pl.scan_parquet(self.folder / "requests.parquet"), names)
        return standardize(found).with_columns(standardize_version=pl.lit(STANDARDIZE_VERSION, pl.Int32))


def only(frame: pl.LazyFrame, names: Collection[str]) -> pl.DataFrame:
    return frame.filter(pl.col("submission_id").is_in(list(names))).collect()


def with_state_ids(records: pl.DataFrame, assignments: pl.DataFrame) -> pl.DataFrame:
    """Typed records with ``state_id``, the one that came out."""
    came_out = assignments.select(*LINE, "state_id")
    return records.join(came_out, on=LINE, how="left", maintain_order="left")
