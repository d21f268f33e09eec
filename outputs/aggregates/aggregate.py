"""Counting certified records into publish.cell: every product of a cycle at state, district and school.

Counts are exact and not public: publish.cell is the department's own (level 1). Only ``outputs/publish`` may turn them
into a release.
"""

from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl

from outputs.aggregates.products import (
    TOTAL,
    UNKNOWN,
    Population,
    Product,
    categories_of,
    populations_of,
    products_of,
)
from outputs.next_steps import counted
from outputs.one_child import CHILD, FIRST_PLACE, MERGED_IDS, placed_records
from schemas.directory import Directory
from schemas.errors import UnknownName, UsageError

CELL_COLUMNS = ("product", "school_year", "cycle", "district_code", "school_code", "axis", "category", "student_count")


@dataclass(frozen=True)
class Aggregation:
    """What was counted.

    Args:
        missing: districts of the directory that have certified nothing; none without a directory.
    """

    school_year: int
    cycle: str
    products: tuple[str, ...]
    districts: tuple[str, ...]
    missing: tuple[str, ...]
    cell_count: int

    @property
    def text(self) -> str:
        lines = [
            f"Counted {self.cycle} {self.school_year} from {counted(len(self.districts), 'certified district')}: "
            f"{self.cell_count} cells in {counted(len(self.products), 'table')} ({', '.join(self.products)})."
        ]
        if self.missing:
            who = counted(len(self.missing), "district has", "districts have")
            lines.append(f"{who} certified nothing and {'is' if len(self.missing) == 1 else 'are'} not counted.")
        return "\n".join(lines)


def aggregate(
    con: duckdb.DuckDBPyConnection, school_year: int, cycle: str, at: datetime, directory: Directory | None = None
) -> Aggregation:
    """Replace the cells of a cycle in publish.cell by counts of what is certified now. Does not commit.

    Args:
        directory: adds schools without a certified record (their zeros are counts too) and names missing districts.

    Raises:
        UnknownName: no product is counted from this cycle.
        UsageError: no district has certified the collection.
    """
    populations = populations_of(cycle)
    if not populations:
        raise UnknownName(f"No product is counted from cycle {cycle}. Products: outputs/aggregates/products.toml.")
    cells = pl.concat([_count_population(con, population, school_year, directory) for population in populations])
    if cells.is_empty():
        raise UsageError(
            f"No district has certified its {cycle} collection of {school_year}, so there is nothing to count. "
            "Certify first: mosis certify COLLECTION --district DISTRICT"
        )
    _replace_cells(con, cells, school_year, cycle, at)
    districts = cells.filter(pl.col("district_code") != TOTAL)["district_code"].unique().sort().to_list()
    return Aggregation(
        school_year=school_year,
        cycle=cycle,
        products=tuple(cells["product"].unique(maintain_order=True)),
        districts=tuple(districts),
        missing=missing_districts(directory, districts, school_year),
        cell_count=cells.height,
    )


def missing_districts(directory: Directory | None, counted: list[str], school_year: int) -> tuple[str, ...]:
    """Districts open in a school year that are not among those counted."""
    if directory is None:
        return ()
    expected = open_in(directory.districts, school_year)["district_code"].to_list()
    return tuple(sorted(set(expected) - set(counted)))


def open_in(places: pl.DataFrame, school_year: int) -> pl.DataFrame:
    """Districts or schools that exist in a school year; blank years set no limit."""
    opened = pl.col("opened_year").fill_null(school_year) <= school_year
    return places.filter(opened & (pl.col("closed_year").fill_null(school_year) >= school_year))


def _count_population(
    con: duckdb.DuckDBPyConnection, population: Population, school_year: int, directory: Directory | None
) -> pl.DataFrame:
    students = _students(con, population, school_year)
    schools = _schools(con, population, school_year, directory)
    tables = [_count_product(students, schools, product) for product in products_of(population)]
    cells = pl.concat(tables).with_columns(
        pl.lit(school_year, pl.Int32).alias("school_year"), pl.lit(population.cycle).alias("cycle")
    )
    return cells.select(CELL_COLUMNS)


def _students(con: duckdb.DuckDBPyConnection, population: Population, school_year: int) -> pl.DataFrame:
    """One row a child: district_code, school_code and one column per product."""
    columns = ", ".join(f"{product.expression} AS {product.name}" for product in products_of(population))
    query = f"""
        WITH RECURSIVE {MERGED_IDS},
        enrolled AS (
            SELECT record.* {_certified(population)} AND ({population.condition})
        )
        SELECT district_code, coalesce(reporting_school_code, '{UNKNOWN}') AS school_code, {columns}
        FROM enrolled LEFT JOIN merged USING (state_id)
        QUALIFY row_number() OVER (PARTITION BY {CHILD} ORDER BY {FIRST_PLACE}) = 1
    """
    return con.sql(query, params=[school_year, population.cycle]).pl()


def _certified(population: Population) -> str:
    return f"""
        FROM {placed_records(population.layout)} AS record JOIN intake.submission AS submission USING (submission_id)
        WHERE submission.status = 'certified' AND NOT coalesce(submission.is_pilot, false)
          AND submission.layout = '{population.layout}'
          AND submission.school_year = ? AND submission.cycle = ?
    """


def _schools(
    con: duckdb.DuckDBPyConnection, population: Population, school_year: int, directory: Directory | None
) -> pl.DataFrame:
    """Schools of the certified districts: those that any record names, and those the directory lists."""
    query = f"""
        SELECT DISTINCT record.district_code, coalesce(reporting_school_code, '{UNKNOWN}') AS school_code
        {_certified(population)}
    """
    named = con.sql(query, params=[school_year, population.cycle]).pl()
    if directory is None:
        return named
    listed = open_in(directory.schools, school_year).select("district_code", "school_code")
    listed = listed.join(named.select("district_code").unique(), on="district_code", how="semi")
    return pl.concat([named, listed]).unique()


def _count_product(students: pl.DataFrame, schools: pl.DataFrame, product: Product) -> pl.DataFrame:
    """Every cell of a product, true zeros too."""
    categories = list(categories_of(product))
    category = pl.when(pl.col(product.name).is_in(categories)).then(product.name).otherwise(pl.lit(UNKNOWN))
    counted = students.group_by("district_code", "school_code", category.alias("category")).agg(
        pl.len().cast(pl.Int64).alias("student_count")
    )
    if UNKNOWN in counted["category"]:
        categories = [*categories, UNKNOWN]
    grid = schools.join(pl.DataFrame({"category": categories}, schema={"category": pl.String}), how="cross")
    keys = ["district_code", "school_code", "category"]
    filled = grid.join(counted, on=keys, how="left").with_columns(pl.col("student_count").fill_null(0))
    return _add_totals(filled, keys).with_columns(
        pl.lit(product.name).alias("product"), pl.lit(product.axis).alias("axis")
    )


def _add_totals(cells: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """The cells with the totals over categories, schools and districts."""
    for marked in (["category"], ["school_code"], ["district_code"]):
        # Districts are summed from district rows, which the step before has added.
        parts = cells if marked != ["district_code"] else cells.filter(pl.col("school_code") == TOTAL)
        totals = parts.with_columns(pl.lit(TOTAL).alias(name) for name in marked)
        cells = pl.concat([cells, totals.group_by(keys).agg(pl.col("student_count").sum()).select(cells.columns)])
    return cells.sort(keys)


def _replace_cells(
    con: duckdb.DuckDBPyConnection, new_cells: pl.DataFrame, school_year: int, cycle: str, at: datetime
) -> None:
    columns = ", ".join(CELL_COLUMNS)
    con.execute("DELETE FROM publish.cell WHERE school_year = ? AND cycle = ?", [school_year, cycle]).fetchall()
    con.execute(
        f"INSERT INTO publish.cell ({columns}, aggregated_at) SELECT {columns}, ? FROM new_cells", [at]
    ).fetchall()
