"""Which columns of a layout say who a child is, under one set of names for every layout.

An ID batch says ``current_district_code`` where a core file says ``reporting_district_code``; identity work sees one
``district_code``. A layout that lacks a column gets nulls.
"""

import polars as pl

# identity name -> (standard names that can fill it, first that the layout has; type)
IDENTITY_SOURCES: dict[str, tuple[tuple[str, ...], pl.DataType]] = {
    "submitted_state_id": (("submitted_state_id",), pl.String()),
    "last_name": (("last_name",), pl.String()),
    "first_name": (("first_name",), pl.String()),
    "middle_name": (("middle_name",), pl.String()),
    "suffix": (("suffix",), pl.String()),
    "birth_date": (("birth_date",), pl.Date()),
    "gender": (("gender",), pl.String()),
    "grade": (("grade",), pl.String()),
    "race_ethnicity": (("race_ethnicity",), pl.String()),
    "local_student_id": (("local_student_id",), pl.String()),
    "school_code": (("current_school_code", "reporting_school_code"), pl.String()),
    "resident_district_code": (("resident_district_code",), pl.String()),
    "school_year": (("school_year",), pl.Int32()),
    "guardian_last_name": (("guardian_last_name",), pl.String()),
    "guardian_first_name": (("guardian_first_name",), pl.String()),
    "ssn_hash": (("ssn_hash",), pl.String()),
    "ssn_near": (("ssn_near",), pl.List(pl.String())),
    "ssn_status": (("ssn_status",), pl.String()),
}

# An error in one of these holds an ID back (design 2); the local ID only where the layout requires it.
IDENTITY_ERROR_FIELDS = frozenset(
    {
        "last_name", "first_name", "birth_date", "gender", "grade", "local_student_id",
        "current_school_code", "reporting_school_code", "current_district_code", "reporting_district_code",
    }
)  # fmt: skip


def identity_columns(records: pl.LazyFrame) -> pl.LazyFrame:
    """The identity columns of typed records, with ``submission_id``, ``line_number`` and ``district_code`` kept."""
    present = set(records.collect_schema().names())
    chosen = [
        next(
            (pl.col(source).cast(kind).alias(name) for source in sources if source in present),
            pl.lit(None, kind).alias(name),
        )
        for name, (sources, kind) in IDENTITY_SOURCES.items()
    ]
    return records.select("submission_id", "line_number", "district_code", *chosen)
