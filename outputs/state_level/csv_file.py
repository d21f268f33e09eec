"""``state_level.csv``: a district's findings with other districts, for a spreadsheet, with two empty columns to answer in.

The columns of ``violations.csv``, then the other district: whom to call, by when, and the child as that district has it.
"""

import polars as pl

from outputs.formula_safety import neutralise, one_line
from outputs.state_level.content import DistrictFindings
from schemas.directory import Directory

_SEVERITIES = {"E": "Error", "W": "Warning"}
_DATE = "%m/%d/%Y"


def state_level_csv(findings: DistrictFindings, directory: Directory) -> bytes:
    """The file: UTF-8 with BOM, CRLF, safe against spreadsheet formulas; one line a finding, the most urgent first."""
    code = findings.district_code
    schools = {school: directory.school_name(code, school) for school in set(findings.rows["school_code"].drop_nulls())}
    found = pl.concat_str(pl.lit(" (in your file: "), "value", pl.lit(")"))
    cells = findings.rows.select(
        pl.col("school_code").replace_strict(schools, default=None, return_dtype=pl.String).alias("School"),
        pl.col("line_number").cast(pl.String).alias("Line"),
        pl.col("local_student_id").alias("Local student ID"),
        pl.col("state_id").alias("State ID"),
        pl.col("field").alias("Field"),
        pl.concat_str("message", pl.when(pl.col("value").is_not_null()).then(found).otherwise(pl.lit(""))).alias(
            "What is wrong"
        ),
        pl.col("fix").alias("How to fix"),
        pl.col("severity").replace(_SEVERITIES).alias("Severity"),
        pl.col("rule_id").alias("Rule"),
        pl.lit("").alias("Response"),
        pl.lit("").alias("Comment"),
        pl.col("status").alias("Status"),
        pl.col("first_seen_at").dt.convert_time_zone("America/Chicago").dt.strftime(_DATE).alias("First seen"),
        pl.col("submission_id").alias("Submission"),
        pl.col("finding_id").alias("Finding"),
        pl.col("due_date").dt.strftime(_DATE).alias("Do it by"),
        pl.col("other_district_code").alias("Other district"),
        pl.col("other_name").alias("Other district name"),
        pl.col("contact_name").alias("Contact"),
        pl.col("contact_email").alias("Contact email"),
        pl.col("contact_phone").alias("Contact phone"),
        *(
            _shown(f"other_{name}").alias(f"Other district: {label}")
            for name, label in (
                ("last_name", "last name"),
                ("first_name", "first name"),
                ("middle_name", "middle name"),
                ("suffix", "suffix"),
                ("birth_date", "birth date"),
                ("gender", "gender"),
            )
        ),
    )
    safe = cells.with_columns(neutralise(one_line(pl.col(pl.String))))
    return safe.write_csv(include_bom=True, line_terminator="\r\n", quote_style="necessary").encode("utf-8")


def _shown(name: str) -> pl.Expr:
    return pl.col(name).dt.strftime(_DATE) if name.endswith("_date") else pl.col(name)
