"""The bytes of pre-code files: the vendor's fixed width and CSV, and what a district gets."""

import csv
import io

import polars as pl

from outputs.formula_safety import neutralise, one_line
from outputs.precode.definitions import Assessment, load_left_out_reasons
from schemas.errors import MosisError

LINE_END = "\r\n"


class ValueTooLong(MosisError):
    """A value does not fit its column of the vendor's file; nothing is cut."""


def vendor_columns(labels: pl.DataFrame, assessment: Assessment) -> pl.DataFrame:
    """The labels under the vendor's column names; blank columns and nulls are empty text."""
    return labels.select(
        (pl.col(column.source).cast(pl.String).fill_null("") if column.source else pl.lit("")).alias(column.column)
        for column in assessment.columns
    )


def csv_bytes(rows: pl.DataFrame) -> bytes:
    """A machine's CSV: header, values exactly, UTF-8, CRLF."""
    return rows.write_csv(line_terminator=LINE_END).encode("utf-8")


def fixed_width_bytes(rows: pl.DataFrame, assessment: Assessment) -> bytes:
    """One line a row, each column padded with blanks to its width in characters; UTF-8, CRLF.

    Raises:
        ValueTooLong: names the column and how many values do not fit.
    """
    for column in assessment.columns:
        too_long = int((rows[column.column].str.len_chars() > column.width).sum())
        if too_long:
            raise ValueTooLong(
                f"{too_long} values of {column.column} are longer than the {column.width} characters of the vendor's "
                f"{assessment.name} file. Nothing was delivered. Correct vendor_{assessment.name.lower()}.csv or the data."
            )
    padded = [one_line(pl.col(column.column)).str.pad_end(column.width) for column in assessment.columns]
    lines = rows.select(pl.concat_str(padded).alias("line"))
    return lines.write_csv(include_header=False, quote_style="never", line_terminator=LINE_END).encode("utf-8")


def layout_bytes(assessment: Assessment) -> bytes:
    """The description that travels with the fixed-width file."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator=LINE_END)
    writer.writerow(["column", "first_character", "last_character", "width", "definition"])
    for column, first, last in assessment.positions():
        writer.writerow([column.column, first, last, column.width, column.definition])
    return buffer.getvalue().encode("utf-8")


def left_out_bytes(students: pl.DataFrame) -> bytes:
    """Who gets no label and why, for people: what can be acted on first; safe to open in a spreadsheet."""
    reasons = load_left_out_reasons()
    order = pl.DataFrame(
        {
            "reason": [reason.reason for reason in reasons],
            "Why": [reason.what for reason in reasons],
            "WhatToDo": [reason.fix for reason in reasons],
            "place": list(range(len(reasons))),
        }
    )
    names = {
        "reporting_school_code": "School", "grade": "Grade", "last_name": "LastName", "first_name": "FirstName",
        "local_student_id": "LocalStudentID", "state_id": "StateID", "reason": "Reason", "Why": "Why",
        "WhatToDo": "WhatToDo", "line_number": "Line",
    }  # fmt: skip
    rows = (
        students.filter(pl.col("reason").is_not_null())
        .join(order, on="reason")
        .sort("place", "reporting_school_code", "grade", "last_name", "first_name", "submission_id", "line_number")
        .select(neutralise(one_line(pl.col(source).cast(pl.String))).alias(name) for source, name in names.items())
    )
    # A spreadsheet takes UTF-8 for what it is only with this mark.
    return b"\xef\xbb\xbf" + csv_bytes(rows)
