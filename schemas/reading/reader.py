"""Recognised bytes -> extract: decode, split, trim, hash; every physical line ends in exactly one class (design 2).

Line classes: header (column names, TH, TT), blank, spanned by a record, spanned by a refused record. A line of nothing but
delimiters and blanks is blank; so is the end-of-file mark Ctrl-Z where it stands on a line of its own.
"""

import polars as pl

from schemas.dictionary import Dictionary, RecordLayout
from schemas.reading.clean_delimited import read_clean
from schemas.reading.decoding import DecodedFile, decode, is_blank, physical_lines, unreadable_lines, with_lf
from schemas.reading.delimited import SplitLines, split_delimited
from schemas.reading.extract import Extract, HashSsn, account, hide_ssn, text_columns, without_blanks
from schemas.reading.fixed_width import split_fixed_width
from schemas.reading.id_batch import DETAIL_FIELD_COUNTS, BatchFrame, check_batch_count, read_batch_frame
from schemas.reading.recognition import DELIMITERS, Recognition
from schemas.reading.refusals import RefusedRecord, file_refused


def read_extract(content: bytes, recognition: Recognition, dictionary: Dictionary, hash_ssn: HashSsn) -> Extract:
    """All records of one file as text, those that could not be read, and the account of its lines.

    Args:
        content: the file's bytes, the same that ``recognition`` was made from; no near-match return (``returns.py``).
        hash_ssn: Social Security numbers as sent -> ssn_hash, ssn_near, ssn_status.

    Raises:
        FileRefused: an ID batch whose frame is missing, malformed or disagrees with its details, or a file in which no
            record can be read.
    """
    layout = dictionary.layout(recognition.layout, recognition.school_year)
    extract = _READERS[recognition.file_format](decode(content), recognition, layout, hash_ssn)
    # A batch is answered line by line even when no detail can be read (design 3.2); any other file has one cause.
    if extract.batch is None and not extract.records.height and extract.record_count:
        first = extract.refused.row(0, named=True)
        raise file_refused(
            "NO_READABLE_RECORD", first["line_number"], count=extract.record_count, first=first["message"]
        )
    return extract


def _read_delimited(decoded: DecodedFile, recognition: Recognition, layout: RecordLayout, hash_ssn: HashSsn) -> Extract:
    delimiter = DELIMITERS[recognition.file_format]
    if recognition.header_line == recognition.header_lines == 1:
        _, _, body = with_lf(decoded.data).partition(b"\n")
        records = read_clean(body, delimiter, recognition.columns, first_line=2)
        if records is not None:
            return _clean_extract(records, decoded, layout, hash_ssn)
    text = decoded.text
    lines, before = physical_lines(text), recognition.header_line - 1
    start = before + recognition.header_lines
    split = split_delimited(
        lines[start:], delimiter, {len(recognition.columns)}, unreadable_lines(text), decoded.encoding, start + 1
    )
    records = without_blanks(text_columns(split.rows, recognition.columns, split.line_numbers))
    return account(
        hide_ssn(records, layout, hash_ssn),
        split.refused,
        header_lines=recognition.header_lines,
        blank_lines=before + split.blank_lines,
        line_count=len(lines),
        encoding=decoded.encoding,
    )


def _clean_extract(records: pl.DataFrame, decoded: DecodedFile, layout: RecordLayout, hash_ssn: HashSsn) -> Extract:
    lines = records.height
    records = without_empty_rows(records)
    return account(
        hide_ssn(records, layout, hash_ssn),
        [],
        header_lines=1,
        blank_lines=lines - records.height,
        line_count=lines + 1,
        encoding=decoded.encoding,
    )


def without_empty_rows(records: pl.DataFrame) -> pl.DataFrame:
    """The rows that hold a value; a line of delimiters alone is no record."""
    if not records.to_series(1).null_count():
        return records
    return records.filter(~pl.all_horizontal(pl.all().exclude("line_number").is_null()))


def _read_fixed(decoded: DecodedFile, recognition: Recognition, layout: RecordLayout, hash_ssn: HashSsn) -> Extract:
    text = decoded.text
    lines = physical_lines(text)
    records, refused, blank_lines = split_fixed_width(lines, layout, unreadable_lines(text), decoded.encoding)
    return account(
        hide_ssn(records, layout, hash_ssn),
        refused,
        header_lines=0,
        blank_lines=blank_lines,
        line_count=len(lines),
        encoding=decoded.encoding,
    )


def _read_batch(decoded: DecodedFile, recognition: Recognition, layout: RecordLayout, hash_ssn: HashSsn) -> Extract:
    text = decoded.text
    lines, unreadable = physical_lines(text), unreadable_lines(text)
    frame = read_batch_frame(lines, unreadable)
    names = layout.standard_names
    first = frame.header_index + 1
    details = lines[first : frame.trailer_index]
    records, refused, blank_lines = _clean_details(details, frame, names), list[RefusedRecord](), 0
    if records is None:
        split = split_delimited(
            details, frame.header.delimiter, DETAIL_FIELD_COUNTS, unreadable, decoded.encoding, first + 1
        )
        records, refused, blank_lines = _split_details(split, names), split.refused, split.blank_lines
    filled = without_empty_rows(records)
    check_batch_count(frame, filled.height + len(refused))
    return account(
        hide_ssn(filled, layout, hash_ssn),
        refused,
        header_lines=2,
        blank_lines=frame.header_index
        + (len(lines) - 1 - frame.trailer_index)
        + blank_lines
        + (records.height - filled.height),
        line_count=len(lines),
        encoding=decoded.encoding,
        batch=frame.header,
    )


def _clean_details(details: list[str], frame: BatchFrame, names: tuple[str, ...]) -> pl.DataFrame | None:
    """The details by the fast path where all have the same number of fields; the guardian is null where not sent."""
    if not details or is_blank(details[0]):
        return None
    field_count = details[0].count(frame.header.delimiter) + 1
    if field_count not in DETAIL_FIELD_COUNTS:
        return None
    body = with_lf("".join(details).encode("utf-8"))
    records = read_clean(body, frame.header.delimiter, names[:field_count], first_line=frame.header_index + 2)
    if records is None:
        return None
    return records.with_columns(pl.lit(None, pl.String).alias(name) for name in names[field_count:])


def _split_details(split: SplitLines, names: tuple[str, ...]) -> pl.DataFrame:
    rows = [[*row, *[""] * (len(names) - len(row))] for row in split.rows]
    return without_blanks(text_columns(rows, names, split.line_numbers))


_READERS = {"comma": _read_delimited, "tab": _read_delimited, "fixed": _read_fixed, "id_batch": _read_batch}
