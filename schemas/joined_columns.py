"""What a rule may look up besides the record itself: the trial, the collection and the directory.

Everything that needs another table is joined here, before the rules run, so a rule stays a predicate over one row.
"""

import polars as pl

from schemas.dictionary import Collection, RecordLayout
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

    Null where the field is blank, where there is no directory, and for a school whose district is blank or unknown:
    the district's own rule reports that, and one mistake should be one finding.
    """
    fields = [(field, name) for field in layout.fields if (name := exists_column(field))]
    if directory is None:
        return [pl.lit(None, pl.Boolean).alias(name) for _, name in fields]
    districts = _open(directory.districts, school_year)["district_code"]
    schools = _open(directory.schools, school_year).select(pl.col("district_code") + pl.col("school_code")).to_series()
    columns = []
    for field, name in fields:
        code = pl.col(field.standard_name)
        if "_school_" in field.standard_name:
            district = pl.col(district_of_school(field, layout))
            exists = (district + code).is_in(schools.implode()) | code.is_in(list(STANDING_SCHOOLS))
            exists = pl.when(district.is_in(districts.implode())).then(exists)
        else:
            exists = code.is_in(districts.implode())
        columns.append(exists.alias(name))
    return columns


def _open(frame: pl.DataFrame, school_year: int) -> pl.DataFrame:
    """Rows that are open in a school year; both years of a row are included, a blank one is no limit."""
    opened = pl.col("opened_year").fill_null(school_year) <= school_year
    closed = pl.col("closed_year").fill_null(school_year) >= school_year
    return frame.filter(opened & closed)
