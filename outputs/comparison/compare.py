"""Counting a collection as the other system's cells ask, and ranking the differences."""

from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from outputs.certification.counts import SCHOOL_COLUMNS, first_of
from outputs.comparison.aggregates import KEYS, TOTAL, UNKNOWN
from outputs.store import table_columns
from schemas.dictionary import Collection

DIFFERENCE_SCHEMA = {
    **dict.fromkeys(KEYS, pl.String()), "theirs": pl.Int64(), "ours": pl.Int64(), "difference": pl.Int64(),
    "percent": pl.Float64(), "is_over": pl.Boolean(), "note": pl.String(),
}  # fmt: skip
NO_FILE, NOT_THERE = "no file of this district stands", "not in the other system's file"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A difference within either is none to look at; percent of the other system's count."""

    count: int = 0
    percent: float = 0.0

    def text(self) -> str:
        """``more than 5 or 0.5%``; nothing is tolerated where both are zero."""
        return f" by more than {self.count:,} or {self.percent:g}%" if self.count or self.percent else ""


@dataclass(frozen=True)
class Comparison:
    """Every cell that was compared, largest difference first (DIFFERENCE_SCHEMA)."""

    collection_version: str
    collection_title: str
    is_pilot: bool
    tolerance: Tolerance
    cells: pl.DataFrame
    districts: int

    @property
    def over(self) -> pl.DataFrame:
        return self.cells.filter("is_over")

    def to_json(self) -> dict[str, Any]:
        return {
            "format_version": 1,
            "collection_version": self.collection_version,
            "is_pilot": self.is_pilot,
            "tolerance": {"count": self.tolerance.count, "percent": self.tolerance.percent},
            "cells": self.cells.height,
            "equal": self.cells.filter(pl.col("difference") == 0).height,
            "over_tolerance": self.over.height,
            "differences": self.cells.filter(pl.col("difference") != 0).to_dicts(),
        }


def compare_totals(
    con: duckdb.DuckDBPyConnection,
    collection: Collection,
    theirs: pl.DataFrame,
    *,
    is_pilot: bool,
    tolerance: Tolerance,
    certified_only: bool = False,
) -> Comparison:
    """Set the collection's totals against the other system's.

    Compared are the cells of ``theirs`` and those of ours that belong to the same tables: measure, level, axis and district.

    Args:
        theirs: CELL_SCHEMA.
        certified_only: count certified files alone; else the newest trial of each place, and certified where there is none.
    """
    files = _files(con, collection.version, certified_only)
    ours = _count(con, collection.layout, files, theirs)
    joined = (
        theirs.rename({"count": "theirs"})
        .join(ours.rename({"count": "ours"}), on=list(KEYS), how="full", coalesce=True)
        .with_columns(_level())
        .join(_tables(theirs), on=["measure", "level", "axis", "district_code"], how="semi")
    )
    sent = set(files["district_code"])
    no_file = ~pl.col("district_code").is_in([*sent, TOTAL])
    note = pl.when(no_file).then(pl.lit(NO_FILE)).when(pl.col("theirs").is_null()).then(pl.lit(NOT_THERE))
    noted = joined.with_columns(note=note).with_columns(pl.col("theirs", "ours").fill_null(0))
    differs = noted.with_columns(difference=pl.col("ours") - pl.col("theirs")).with_columns(
        percent=pl.when(pl.col("theirs") > 0).then((100 * pl.col("difference") / pl.col("theirs")).round(2))
    )
    is_within = (pl.col("difference").abs() <= tolerance.count) | (
        pl.col("percent").abs().fill_null(float("inf")) <= tolerance.percent
    )
    ranked = differs.with_columns(is_over=~is_within).sort(
        pl.col("difference").abs(), pl.col("percent").abs().fill_null(float("inf")), *KEYS,
        descending=[True, True, *([False] * len(KEYS))],
    )  # fmt: skip
    cells = ranked.select(*DIFFERENCE_SCHEMA).cast(pl.Schema(DIFFERENCE_SCHEMA))
    return Comparison(collection.version, collection.title, is_pilot, tolerance, cells, len(sent))


def _level() -> pl.Expr:
    is_state, is_district = pl.col("district_code") == TOTAL, pl.col("school_code") == TOTAL
    level = pl.when(is_state).then(pl.lit("state")).when(is_district).then(pl.lit("district"))
    return level.otherwise(pl.lit("school")).alias("level")


def _tables(theirs: pl.DataFrame) -> pl.DataFrame:
    """The tables that the other system's cells belong to."""
    return theirs.with_columns(_level()).select("measure", "level", "axis", "district_code").unique()


def _files(con: duckdb.DuckDBPyConnection, collection_version: str, certified_only: bool) -> pl.DataFrame:
    """submission_id and district_code of the files that are counted."""
    return con.sql(
        """
        SELECT submission_id, district_code FROM intake.submission
        WHERE collection_version = ? AND (status = 'certified' OR (status = 'trial' AND NOT ?))
        QUALIFY row_number() OVER (
            PARTITION BY district_code, school_code ORDER BY (status = 'trial') DESC, received_at DESC
        ) = 1
        """,
        params=[collection_version, certified_only],
    ).pl()


def _count(con: duckdb.DuckDBPyConnection, layout: str, files: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Our count of every cell of the tables that ``theirs`` has."""
    columns = table_columns(con, "collection", layout)
    school = first_of(columns, SCHOOL_COLUMNS)
    child = (
        "coalesce(state_id, submission_id || ' ' || line_number)"
        if "state_id" in columns
        else "submission_id || ' ' || line_number"
    )
    parts = [theirs.clear()]
    for measure, level, axis in sorted(_tables(theirs).select("measure", "level", "axis").unique().iter_rows()):
        value = "count(*)" if measure == "records" else f"count(DISTINCT {child})"
        where = "enrolled_on_count_date = 'Y'" if measure == "enrolled" else "true"
        district = f"'{TOTAL}'" if level == "state" else "record.district_code"
        place = f"coalesce({school}, '{UNKNOWN}')" if level == "school" and school else f"'{TOTAL}'"
        category = f"'{TOTAL}'" if axis == TOTAL else f"coalesce(CAST(\"{axis}\" AS VARCHAR), '{UNKNOWN}')"
        found = con.sql(
            f"""
            SELECT '{measure}' AS measure, {district} AS district_code, {place} AS school_code, '{axis}' AS axis,
                   {category} AS category, {value} AS count
            FROM collection."{layout}" AS record SEMI JOIN files USING (submission_id)
            WHERE {where} GROUP BY ALL
            """
        ).pl()
        totals = con.sql(
            f"""
            SELECT '{measure}' AS measure, {district} AS district_code, {place} AS school_code, '{axis}' AS axis,
                   '{TOTAL}' AS category, {value} AS count
            FROM collection."{layout}" AS record SEMI JOIN files USING (submission_id)
            WHERE {where} GROUP BY ALL
            """
        ).pl()
        # An axis has its own total where the other system gives one.
        has_total = theirs.filter(measure=measure, axis=axis, category=TOTAL).height > 0
        counted = [found, totals] if has_total and axis != TOTAL else [found]
        parts += [part.cast(pl.Schema(theirs.schema)) for part in counted]
    return pl.concat(parts)
