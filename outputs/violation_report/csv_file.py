"""``violations.csv``: every violation for a spreadsheet, with two empty columns to answer in.

Made for people: formulas are neutralised and no cell goes over a line end. The last columns let an answer find its row.
"""

import polars as pl

from outputs.formula_safety import neutralise, one_line
from outputs.violation_report.words import ReportSubject, ReportWords

_SEVERITIES = {"E": "Error", "W": "Warning"}


def violations_csv(subject: ReportSubject, rows: pl.DataFrame, words: ReportWords) -> bytes:
    """The file: UTF-8 with BOM, CRLF; one line a violation, in the order of the rows."""
    schools = {code: words.school(subject.district_code, code) for code in set(rows["school_code"])}
    has_value = pl.col("value").is_not_null()
    found = (
        pl.when(has_value).then(pl.concat_str(pl.lit(" (in your file: "), "value", pl.lit(")"))).otherwise(pl.lit(""))
    )
    cells = rows.lazy().select(
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
    safe = cells.with_columns(neutralise(one_line(pl.col(pl.String)))).collect()
    return safe.write_csv(include_bom=True, line_terminator="\r\n", quote_style="necessary").encode("utf-8")
