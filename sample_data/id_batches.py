"""ID batches: TH header, ID details, TT trailer, in the forms the layout allows."""

import io
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from sample_data.formats import NEWLINES, SEPARATORS, encode, mix_newlines
from schemas.dictionary import RecordLayout

FRAME_SEPARATORS = {"tab": "\t", "space": " "}
DECLARED = {"comma": "delimiter=0x2C", "tab": "delimiter=0x09"}


@dataclass(frozen=True)
class BatchForm:
    """How one batch is written; values as in ``file_styles.csv``."""

    delimiter: str = "tab"
    frame_separator: str = "tab"
    fields: str = "18"
    encoding: str = "utf-8"
    newline: str = "crlf"


def batch_records(rows: pl.DataFrame, codes: pl.Series, neighbours: pl.Series, school_year: int) -> pl.DataFrame:
    """Detail records, one text column per standard name in layout order, from register rows.

    Args:
        codes: district code of each row; neighbours: resident district code of each row.
    """
    return rows.select(
        pl.lit("ID").alias("record_type"),
        pl.col("school_code").alias("current_school_code"),
        neighbours.alias("resident_district_code"),
        "last_name",
        "first_name",
        "middle_name",
        "suffix",
        "gender",
        pl.col("birth_date").dt.strftime("%m/%d/%Y"),
        "grade",
        "local_student_id",
        "ssn",
        "race_ethnicity",
        pl.lit(None, pl.String).alias("submitted_state_id"),
        codes.alias("current_district_code"),
        pl.lit(str(school_year)).alias("school_year"),
        "guardian_last_name",
        "guardian_first_name",
    )


def write_batch(
    records: pl.DataFrame, layout: RecordLayout, form: BatchForm, made: datetime, transmission: str
) -> bytes:
    """The file of one batch."""
    newline, frame = NEWLINES[form.newline], FRAME_SEPARATORS[form.frame_separator]
    header = ("TH", made.strftime("%m/%d/%Y"), made.strftime("%H:%M:%S"), transmission, "1.0", DECLARED[form.delimiter])
    trailer = ("TT", str(records.height), transmission)
    details = io.BytesIO()
    records.select(layout.standard_names[: int(form.fields)]).write_csv(
        details,
        include_header=False,
        separator=SEPARATORS[form.delimiter],
        line_terminator=newline,
        quote_style="never",
    )
    content = (frame.join(header) + newline).encode() + details.getvalue() + (frame.join(trailer) + newline).encode()
    return encode(mix_newlines(content, form.newline), form.encoding)
