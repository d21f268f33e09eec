"""Fixed-width text: one record a line, each field at the place and length that the dictionary gives it."""

import polars as pl

from schemas.dictionary import RecordLayout
from schemas.reading.decoding import is_blank
from schemas.reading.delimited import unreadable_record
from schemas.reading.extract import text_columns, without_blanks
from schemas.reading.refusals import RefusedRecord, refused_record


def split_fixed_width(
    lines: list[str], layout: RecordLayout, unreadable: dict[int, str], encoding: str
) -> tuple[pl.DataFrame, list[RefusedRecord], int]:
    """Fields of each line as trimmed text, refused records, number of blank lines.

    Widths count characters, not bytes: a letter with an accent is one, whatever the encoding makes of it. A line of any
    other length than the layout's is refused, because nothing tells which of its fields are shifted.

    Args:
        lines: physical lines with their line ends.
        layout: positions count from 1 and include both ends, as the dictionary prints them.
    """
    numbers: list[int] = []
    records: list[str] = []
    refused: list[RefusedRecord] = []
    blank_lines = 0
    for number, line in enumerate(lines, start=1):
        line = line.rstrip("\r\n")
        if number in unreadable:
            refused.append(unreadable_record(number, 1, unreadable[number], encoding))
        elif is_blank(line):
            blank_lines += 1
        elif len(line) != layout.width:
            refused.append(_wrong_length(number, line, layout.width))
        else:
            numbers.append(number)
            records.append(line)
    return _fields(records, numbers, layout), refused, blank_lines


def _fields(records: list[str], numbers: list[int], layout: RecordLayout) -> pl.DataFrame:
    whole = text_columns([(record,) for record in records], ["record"], numbers)
    slices = [
        pl.col("record").str.slice(first - 1, field.length).alias(field.standard_name)
        for field, first, _ in layout.positions()
    ]
    return without_blanks(whole.select("line_number", *slices))


def _wrong_length(number: int, line: str, width: int) -> RefusedRecord:
    hint = ""
    if len(line.encode("utf-8")) == width:
        hint = "; the line was padded by bytes, but a letter with an accent counts as one character"
    elif len(line.rstrip()) <= width < len(line):
        hint = "; the characters beyond are blanks"
    return refused_record(number, 1, "RECORD_LENGTH", found=len(line), expected=width, hint=hint)
