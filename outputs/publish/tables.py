"""A population's cells as the files of a release: one CSV per product and the description in release.json."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from outputs.aggregates.products import TOTAL, Population, Product
from outputs.publish.engine.suppress import SHOWN

FORMAT_VERSION = 1
PERCENT_DECIMALS = 1
GEOGRAPHY = ("district_code", "school_code")
# Intervals of withheld cells are not widened yet; what is promised is that none can be computed.
MIN_WIDTH = 0


@dataclass(frozen=True)
class PublishedTable:
    """One product's file.

    Args:
        rows: district_code, school_code, the axis column, student_count (null when withheld), percent, status.
    """

    product: Product
    population: Population
    threshold: int
    rows: pl.DataFrame
    content: bytes

    @property
    def file(self) -> str:
        return f"{self.product.name}.csv"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def describe(self) -> dict[str, Any]:
        """The table as release.json has it."""
        return {
            "name": self.product.name,
            "file": self.file,
            "population": self.population.name,
            "axes": ["geography", self.product.axis],
            "value": "student_count",
            "status": "status",
            "threshold": self.threshold,
            "zeros": self.population.zeros,
            "percent": [{"column": "percent", "over": [self.product.axis], "decimals": PERCENT_DECIMALS}],
            "sha256": self.sha256,
        }


def build_table(product: Product, population: Population, threshold: int, cells: pl.DataFrame) -> PublishedTable:
    """A product's file from the population's cells and their statuses.

    Args:
        cells: district_code, school_code, axis, category, student_count, status.
    """
    own = cells.filter(pl.col("axis").is_in([product.axis, TOTAL])).rename({"category": product.axis})
    totals = cells.filter(pl.col("axis") == TOTAL).select(*GEOGRAPHY, whole="student_count", whole_status="status")
    rows = (
        own.join(totals, on=list(GEOGRAPHY))
        .with_columns(percent=_percent(threshold))
        .with_columns(student_count=pl.when(pl.col("status") == SHOWN).then("student_count"))
        .select(*GEOGRAPHY, product.axis, "student_count", "percent", "status")
        .sort(*GEOGRAPHY, product.axis)
    )
    content = rows.write_csv(line_terminator="\n", null_value="").encode("utf-8")
    return PublishedTable(product, population, threshold, rows, content)


def _percent(threshold: int) -> pl.Expr:
    """Share of the place's total, to a tenth, half up; empty unless count, total and the rest may all be printed."""
    count, whole = pl.col("student_count"), pl.col("whole")
    rest = whole - count
    may_print = (pl.col("status") == SHOWN) & (pl.col("whole_status") == SHOWN) & ~rest.is_between(1, threshold - 1)
    tenths = (2_000 * count + whole) // (2 * whole)
    text = pl.concat_str((tenths // 10).cast(pl.String), pl.lit("."), (tenths % 10).cast(pl.String))
    return pl.when(may_print & (whole > 0)).then(text)


def describe_release(
    name: str,
    school_year: int,
    cycle: str,
    tables: list[PublishedTable],
    population_texts: dict[str, str],
    earlier: list[str],
) -> bytes:
    """release.json, with every key always present.

    Args:
        earlier: names of the releases of the same figures before this one, oldest first.
    """
    axes = [{"name": "geography", "columns": list(GEOGRAPHY), "total": TOTAL, "parents": {}, "additive": True}]
    for axis in dict.fromkeys(table.product.axis for table in tables):
        axes.append({"name": axis, "columns": [axis], "total": TOTAL, "parents": {}, "additive": True})
    description = {
        "format_version": FORMAT_VERSION,
        "release": name,
        "school_year": school_year,
        "cycle": cycle,
        "supersedes": earlier[-1] if earlier else None,
        "min_width": MIN_WIDTH,
        "population": population_texts,
        "axes": axes,
        "tables": [table.describe() for table in tables],
        "earlier": [
            {"release": other, "path": f"../{other}/release.json", "relation": "revision"} for other in earlier
        ],
    }
    return (json.dumps(description, indent=2, ensure_ascii=False) + "\n").encode("utf-8")
