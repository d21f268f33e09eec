"""Evidence that is in no field of the pair: where the candidate is enrolled now.

A child who moves is missing in the old district's file and new in the other's. A stranger of the same name is still where
she was. Both are read from the files of the run and the registry alone, by district and local ID, so nothing depends on
which record was decided first.
"""

import duckdb
import polars as pl

from matching.blocking import REGISTRY
from matching.model import Thresholds
from matching.requests import REQUEST_TABLE

# A district has reported a year when at least this share of the children it had the year before is seen again: leavers and
# last year's twelfth grade are missing in every file, and a file of newcomers holds hardly anybody.
REPORTED_SHARE = 0.5

# The order matters: a child can be seen in one district and gone from another.
STILL_THERE, SEEN_THIS_YEAR, GONE, UNKNOWN = "STILL_THERE", "SEEN_THIS_YEAR", "GONE", "UNKNOWN"


def enrolment(cursor: duckdb.DuckDBPyConnection, candidates: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """What enrolment says about each candidate of a request.

    Args:
        candidates: request_id, district_code, local_student_id, school_year of the request, and person.
        places: person, place_district, place_local_id, first_school_year, last_school_year: where each person was.

    Returns:
        request_id, person, enrolment (STILL_THERE, SEEN_THIS_YEAR, GONE, UNKNOWN) and has_other_local_id: the person has
        another local ID in the request's own district and school year (known earlier, or in a file of this run), and
        not the request's.
    """
    seen = _seen_in_run(cursor, places)
    reported = _reported(cursor, places)
    joined = (
        candidates.join(places, on="person")
        .join(seen, on=["place_district", "place_local_id", "school_year"], how="left")
        .join(reported, on=["place_district", "school_year"], how="left")
    )
    same_district = pl.col("place_district") == pl.col("district_code")
    same_year = pl.col("school_year").is_between("first_school_year", "last_school_year")
    is_latest = pl.col("last_school_year") == pl.col("last_school_year").max().over("request_id", "person")
    in_run = pl.col("is_in_run").fill_null(False)
    here, elsewhere = same_district & (same_year | in_run), ~same_district
    left = is_latest & elsewhere & ~in_run & ~same_year & pl.col("has_reported").fill_null(False)
    return (
        joined.group_by("request_id", "person")
        .agg(
            still_there=(elsewhere & in_run).any(),
            seen_this_year=(elsewhere & same_year).any(),
            gone=(left | ~is_latest).all(),
            same_id_here=(here & (pl.col("place_local_id") == pl.col("local_student_id"))).any(),
            other_id_here=(here & (pl.col("place_local_id") != pl.col("local_student_id"))).any(),
        )
        .select(
            "request_id",
            "person",
            enrolment=pl.when("still_there")
            .then(pl.lit(STILL_THERE))
            .when("seen_this_year")
            .then(pl.lit(SEEN_THIS_YEAR))
            .when("gone")
            .then(pl.lit(GONE))
            .otherwise(pl.lit(UNKNOWN)),
            has_other_local_id=pl.col("other_id_here").fill_null(False) & ~pl.col("same_id_here").fill_null(False),
        )
    )


def enrolment_weight(thresholds: Thresholds) -> pl.Expr:
    """Bits that ``enrolment`` adds to a candidate."""
    weights = {
        STILL_THERE: thresholds.still_there,
        SEEN_THIS_YEAR: thresholds.seen_this_year,
        GONE: thresholds.gone,
        UNKNOWN: 0.0,
    }
    return pl.col("enrolment").replace_strict(weights, return_dtype=pl.Float64)


def _seen_in_run(cursor: duckdb.DuckDBPyConnection, places: pl.DataFrame) -> pl.DataFrame:
    """Which of the places stand in the files of this run, by school year.

    A local ID that was handed out again is not the child who had it: the line must share the birth date or the first name
    with somebody who was known under that number before.
    """
    cursor.register("mosis_places", places.select("place_district", "place_local_id").drop_nulls().unique())
    here = "SEMI JOIN mosis_places p ON p.place_district = r.district_code AND p.place_local_id = r.local_student_id"
    names = "r.district_code, r.local_student_id, r.birth_date, r.first_name_key"
    seen = cursor.sql(
        f"""
        WITH in_run AS (SELECT DISTINCT {names}, r.school_year FROM {REQUEST_TABLE} r {here}),
        known AS (
            SELECT {names}, NULL AS school_year FROM {REGISTRY} r {here} UNION ALL SELECT {names}, school_year FROM in_run r
        )
        SELECT DISTINCT q.district_code AS place_district, q.local_student_id AS place_local_id, q.school_year,
               true AS is_in_run
        FROM in_run q
        SEMI JOIN known k ON k.district_code = q.district_code AND k.local_student_id = q.local_student_id
             AND (k.school_year IS NULL OR k.school_year < q.school_year)
             AND (k.birth_date = q.birth_date OR k.first_name_key = q.first_name_key)
        """
    ).pl()
    cursor.unregister("mosis_places")
    return seen


def _reported(cursor: duckdb.DuckDBPyConnection, places: pl.DataFrame) -> pl.DataFrame:
    """Districts of the places that have reported a school year of this run, here or earlier.

    Whom a district had the year before is known from the registry, or from the files of this run where it loads several
    years at once.
    """
    cursor.register("mosis_place_district", places.select("place_district").unique())
    reported = cursor.sql(
        f"""
        WITH run_year AS (SELECT DISTINCT school_year FROM {REQUEST_TABLE} WHERE school_year IS NOT NULL),
        in_run AS (
            SELECT DISTINCT district_code, local_student_id, school_year FROM {REQUEST_TABLE}
            WHERE local_student_id IS NOT NULL
        ),
        child AS (
            SELECT r.district_code, r.local_student_id, y.school_year, r.last_school_year >= y.school_year AS is_seen
            FROM {REGISTRY} r JOIN run_year y ON r.last_school_year BETWEEN y.school_year - 1 AND y.school_year
            UNION ALL
            SELECT r.district_code, r.local_student_id, y.school_year, false
            FROM in_run r JOIN run_year y ON r.school_year = y.school_year - 1
        )
        SELECT c.district_code AS place_district, c.school_year,
               count(*) FILTER (c.is_seen OR s.school_year IS NOT NULL) >= {REPORTED_SHARE} * count(*) AS has_reported
        FROM child c
        SEMI JOIN mosis_place_district d ON d.place_district = c.district_code
        LEFT JOIN in_run s ON s.district_code = c.district_code AND s.local_student_id = c.local_student_id
             AND s.school_year = c.school_year
        GROUP BY ALL
        """
    ).pl()
    cursor.unregister("mosis_place_district")
    return reported
