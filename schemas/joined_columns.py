"""What a rule may look up besides the record itself: the trial, the collection and the directory.

Everything that needs another table is joined here, before the rules run, so a rule stays a predicate over one row.
"""

import polars as pl

from schemas.dictionary import ID_BATCH, Collection, RecordLayout
from schemas.directory import STANDING_SCHOOLS, Directory
from schemas.predicates import district_of_school, exists_column


def collection_columns(collection: Collection) -> list[pl.Expr]:
    """The collection's own facts, the same on every row."""
    return [
        pl.lit(collection.version, pl.String).alias("collection__version"),
        pl.lit(collection.school_year, pl.Int32).alias("collection__school_year"),
        pl.lit(collection.count_date, pl.Date).alias("collection__count_date"),
    ]


def with_trial(records: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """Records with ``trial__district_code`` and ``trial__school_code``, in their order."""
    trials = submissions.select(
        "submission_id",
        pl.col("district_code").cast(pl.String).alias("trial__district_code"),
        pl.col("school_code").cast(pl.String).alias("trial__school_code"),
    )
    return records.join(trials, on="submission_id", how="left", maintain_order="left")


def exists_columns(layout: RecordLayout, directory: Directory | None, school_year: int) -> list[pl.Expr]:
    """For each district and school field, whether the directory has its code in a school year.

    ID batches are taken of any school year, so there it is the year that the record itself names.

    Null where the field is blank, where there is no directory, and for a school whose district is blank or unknown:
    the district's own rule reports that, and one mistake should be one finding.
    """
    fields = [(field, name) for field in layout.fields if (name := exists_column(field))]
    if directory is None:
        return [pl.lit(None, pl.Boolean).alias(name) for _, name in fields]
    year = pl.lit(school_year, pl.Int32)
    if layout.name == ID_BATCH:
        year = pl.col("school_year").cast(pl.Int32, strict=False).fill_null(year)
    districts, schools = directory.districts, directory.schools
    school_codes = schools["district_code"] + schools["school_code"]
    columns = []
    for field, name in fields:
        code = pl.col(field.standard_name)
        if "_school_" in field.standard_name:
            district = pl.col(district_of_school(field, layout))
            exists = _is_open(district + code, school_codes, schools, year) | code.is_in(list(STANDING_SCHOOLS))
            exists = pl.when(_is_open(district, districts["district_code"], districts, year)).then(exists)
        else:
            exists = _is_open(code, districts["district_code"], districts, year)
        columns.append(exists.alias(name))
    return columns


def _is_open(code: pl.Expr, codes: pl.Series, frame: pl.DataFrame, year: pl.Expr) -> pl.Expr:
    """Whether a code is one of ``codes`` and open in a year; both years of its row are included, a blank one is no limit."""
    opened, closed = (_year_of(code, codes, frame[name]) for name in ("opened_year", "closed_year"))
    return code.is_in(codes.implode()) & (opened.fill_null(year) <= year) & (closed.fill_null(year) >= year)


def _year_of(code: pl.Expr, codes: pl.Series, years: pl.Series) -> pl.Expr:
    limited = years.is_not_null()
    if not limited.any():
        return pl.lit(None, pl.Int32)
    return code.replace_strict(codes.filter(limited), years.filter(limited), default=None, return_dtype=pl.Int32)
