"""Who gets a label: every certified student is either in or left out with one reason."""

import duckdb
import polars as pl

from outputs.one_child import CHILD, FIRST_PLACE, MERGED_IDS, placed_records
from outputs.precode.definitions import Assessment

# Collections that hold every enrolled student, oldest first; the December file holds students with an IEP only.
CYCLES = ("Oct", "Feb", "Apr")
_NO_DISABILITY = ("0", "00")
_COLUMNS = (
    "reporting_district_code", "reporting_school_code", "local_student_id", "last_name", "first_name", "middle_name",
    "suffix", "birth_date", "grade", "gender", "race_ethnicity", "teacher_name", "lunch_status", "lep_status",
    "iep_disability", "title_i", "migrant", "map_a", "enrolled_on_count_date",
)  # fmt: skip


def latest_certified_year(con: duckdb.DuckDBPyConnection) -> int | None:
    """The latest school year of which a district has certified Student Core."""
    return con.execute(
        "SELECT max(school_year) FROM intake.submission WHERE status = 'certified' AND layout = 'student_core' "
        "AND NOT coalesce(is_pilot, false)"
    ).fetchall()[0][0]


def select_students(con: duckdb.DuckDBPyConnection, assessment: Assessment, school_year: int) -> pl.DataFrame:
    """One row a certified record of each district's latest full collection.

    Returns:
        submission_id, line_number, district_code, state_id (as it stands now), collection_cycle, the student's columns,
        has_iep, sort and ``reason``: null for those who get a label, else why not (left_out_reasons.csv).
    """
    records = _certified_records(con, school_year)
    tested = pl.col("grade").is_in(list(assessment.grades))
    reason = (
        pl.when(~tested | pl.col("grade").is_null())
        .then(pl.lit("GRADE_NOT_TESTED"))
        .when(pl.col("enrolled_on_count_date").ne_missing("Y"))
        .then(pl.lit("NOT_ENROLLED"))
        .when(pl.col("map_a").eq_missing("Y"))
        .then(pl.lit("MAP_A"))
        .when(pl.col("state_id").is_null() & pl.col("has_open_question"))
        .then(pl.lit("OPEN_NEAR_MATCH"))
        .when(pl.col("state_id").is_null())
        .then(pl.lit("NO_STATE_ID"))
        .when(pl.col("is_second_record"))
        .then(pl.lit("CERTIFIED_TWICE"))
    )
    has_iep = pl.col("iep_disability").is_not_null() & ~pl.col("iep_disability").is_in(_NO_DISABILITY)
    return records.with_columns(
        reason=reason,
        has_iep=pl.when(has_iep.fill_null(False)).then(pl.lit("Y")).otherwise(pl.lit("N")),
        sort=pl.coalesce("teacher_name", pl.concat_str(pl.lit("Grade "), "grade")),
    ).drop("iep_disability", "has_open_question", "is_second_record")


def _certified_records(con: duckdb.DuckDBPyConnection, school_year: int) -> pl.DataFrame:
    """Certified records of each district's latest full collection; a child's second record is marked."""
    columns = ", ".join(_COLUMNS)
    cycles = ", ".join(f"('{cycle}', {number})" for number, cycle in enumerate(CYCLES))
    # Of a child's records those of an enrolled child come first, then the newest: where it has left it gets no label.
    query = f"""
        WITH RECURSIVE {MERGED_IDS},
        certified AS (
            SELECT submission_id, cycle, number,
                   rank() OVER (PARTITION BY district_code, school_code ORDER BY number DESC) AS place
            FROM intake.submission JOIN (VALUES {cycles}) AS full_cycle (cycle, number) USING (cycle)
            WHERE status = 'certified' AND layout = 'student_core' AND school_year = ?
              AND NOT coalesce(is_pilot, false)
        ),
        open_question AS (
            SELECT DISTINCT submission_id, line_number, true AS is_open FROM identity.near_match WHERE status = 'open'
        )
        SELECT submission_id, line_number, district_code, coalesce(merged.current_id, state_id) AS state_id,
               cycle AS collection_cycle, {columns}, coalesce(is_open, false) AS has_open_question,
               row_number() OVER (
                   PARTITION BY {CHILD}
                   ORDER BY (enrolled_on_count_date = 'Y') DESC NULLS LAST, number DESC, {FIRST_PLACE}
               ) > 1 AS is_second_record
        FROM {placed_records("student_core")}
        JOIN certified USING (submission_id)
        LEFT JOIN merged USING (state_id)
        LEFT JOIN open_question USING (submission_id, line_number)
        WHERE certified.place = 1
        ORDER BY district_code, submission_id, line_number
    """
    return con.sql(query, params=[school_year]).pl()


def label_rows(
    students: pl.DataFrame, assessment: Assessment, collection_version: str, school_year: int
) -> pl.DataFrame:
    """One row a label (student and subject), in class order: district, school, teacher, name."""
    subjects = pl.DataFrame(
        [
            (grade, subject, number)
            for grade, names in assessment.subjects.items()
            for number, subject in enumerate(names)
        ],
        schema={"grade": pl.String, "subject": pl.String, "subject_place": pl.Int64},
        orient="row",
    )
    order = ["district_code", "reporting_school_code", "sort", "last_name", "first_name", "state_id", "subject_place"]
    return (
        students.filter(pl.col("reason").is_null())
        .join(subjects, on="grade")
        .sort(order)
        .with_columns(
            collection_version=pl.lit(collection_version),
            school_year=pl.lit(str(school_year)),
            assessment=pl.lit(assessment.name),
            birth_date=pl.col("birth_date").dt.strftime("%m/%d/%Y"),
        )
    )
