"""``violations.csv``: every violation for a spreadsheet, with two empty columns to answer in.

Made for people: formulas are neutralised and no cell goes over a line end. The last columns let an answer find its row.
"""

import polars as pl

from outputs.formula_safety import neutralise, one_line
from outputs.violation_report.findings import Findings

_SEVERITIES = {"E": "Error", "W": "Warning"}


def violations_csv(findings: Findings) -> bytes:
    """The file: UTF-8 with BOM, CRLF; one line a violation, in the order of the rows."""
    safe = answer_columns(findings).collect()
    return safe.write_csv(include_bom=True, line_terminator="\r\n", quote_style="necessary").encode("utf-8")


def answer_columns(findings: Findings) -> pl.LazyFrame:
    """The columns of a sheet that can be sent back, as safe text: what the table and the workbook have in common."""
    subject, words = findings.subject, findings.words
    schools = {code: words.school(subject.district_code, code) for code in findings.rows["school_code"].unique()}
    found = pl.concat_str(pl.lit(" (in your file: "), "value", pl.lit(")")).fill_null("")
    cells = findings.rows.lazy().select(
        pl.col("school_code").replace_strict(schools, return_dtype=pl.String).alias("School"),
        pl.col("line_number").cast(pl.String).alias("Line"),
        pl.col("local_student_id").alias("Local student ID"),
        pl.col("state_id").alias("State ID"),
        pl.col("field").alias("Field"),
        pl.concat_str("message", found).alias("What is wrong"),
        pl.col("fix").alias("How to fix"),
        pl.col("severity").replace(_SEVERITIES).alias("Severity"),
        pl.col("rule_id").alias("Rule"),
        pl.lit("").alias("Response"),
        pl.lit("").alias("Comment"),
        pl.col("status").alias("Status"),
        pl.col("first_seen_at").dt.convert_time_zone("America/Chicago").dt.strftime("%m/%d/%Y").alias("First seen"),
        pl.lit(subject.submission_id or "").alias("Submission"),
    )
    return cells.with_columns(neutralise(one_line(pl.col(pl.String))))
