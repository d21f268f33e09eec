"""Recognised bytes -> extract: decode, split, trim, hash; every physical line ends in exactly one class (design 2).

Line classes: header (column names, TH, TT), blank, spanned by a record, spanned by a refused record. A line of nothing
but delimiters and blanks is blank; so is the end-of-file mark Ctrl-Z where it stands on a line of its own.
"""

from dataclasses import dataclass

import polars as pl

from schemas.dictionary import Dictionary, RecordLayout
from schemas.reading.clean_delimited import read_clean
from schemas.reading.decoding import DecodedFile, decode, physical_lines, unreadable_lines, with_lf
from schemas.reading.delimited import LinesToSplit, SplitLines, split_delimited
from schemas.reading.extract import Extract, account, hide_ssn, text_columns, without_blanks
from schemas.reading.fixed_width import split_fixed_width
from schemas.reading.id_batch import DETAIL_FIELD_COUNTS, check_batch_count, read_batch_frame
from schemas.reading.recognition import DELIMITERS, Recognition
from schemas.reading.refusals import RefusedRecord, file_refused
from schemas.reading.staff import HashSsn


@dataclass(frozen=True, slots=True)
class Records:
    """Readable records as trimmed text in line order, refused ones, and how many lines were blank."""

    readable: pl.DataFrame
    refused: list[RefusedRecord]
    blank_lines: int


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
    if recognition.header_line == recognition.header_lines == 1:
        clean = _read_clean_file(decoded, recognition)
        if clean is not None:
            records, line_count = clean
            return account(
                hide_ssn(records.readable, layout, hash_ssn),
                records.refused,
                header_lines=1,
                blank_lines=records.blank_lines,
                line_count=line_count,
                encoding=decoded.encoding,
            )
    lines = physical_lines(decoded.text)
    before = recognition.header_line - 1
    start = before + recognition.header_lines
    delimiter = DELIMITERS[recognition.file_format]
    to_split = LinesToSplit(
        lines[start:], start + 1, delimiter, unreadable_lines(lines, decoded.data), decoded.encoding
    )
    records = split_records(to_split, recognition.columns, {len(recognition.columns)})
    return account(
        hide_ssn(records.readable, layout, hash_ssn),
        records.refused,
        header_lines=recognition.header_lines,
        blank_lines=before + records.blank_lines,
        line_count=len(lines),
        encoding=decoded.encoding,
    )


def _read_clean_file(decoded: DecodedFile, recognition: Recognition) -> tuple[Records, int] | None:
    """Records and line count of a file whose first line is the header and all others are clean; else null."""
    _, _, body = with_lf(decoded.data).partition(b"\n")
    rows = read_clean(body, DELIMITERS[recognition.file_format], recognition.columns)
    if rows is None:
        return None
    numbered = rows.with_row_index("line_number", offset=2)
    records = _without_empty_rows(numbered)
    return Records(records, [], numbered.height - records.height), 1 + numbered.height


def split_records(to_split: LinesToSplit, names: tuple[str, ...], field_counts: frozenset[int] | set[int]) -> Records:
    """Records of any lines: plain ones all at once, the others one by one.

    Args:
        names: one per field of a whole record.
        field_counts: how many fields a record may have; those that a shorter one lacks are null.
    """
    split = split_delimited(to_split, field_counts, set_plain_aside=True)
    plain = _plain_records(split, to_split.delimiter, names)
    if plain is None:
        split = split_delimited(to_split, field_counts)
        plain = _others(SplitLines(), names)
    records = pl.concat([plain, _others(split, names)]).sort("line_number") if split.rows else plain
    readable = _without_empty_rows(records)
    return Records(readable, split.refused, split.blank_lines + records.height - readable.height)


def _plain_records(split: SplitLines, delimiter: str, names: tuple[str, ...]) -> pl.DataFrame | None:
    if not split.plain_lines:
        return _others(SplitLines(), names)
    rows = read_clean(with_lf("".join(split.plain_lines).encode("utf-8")), delimiter, names)
    if rows is None:
        return None
    return rows.select(pl.Series("line_number", split.plain_line_numbers, pl.UInt32), pl.all())


def _others(split: SplitLines, names: tuple[str, ...]) -> pl.DataFrame:
    rows = [[*row, *[""] * (len(names) - len(row))] for row in split.rows]
    return without_blanks(text_columns(rows, names, split.line_numbers))


def _without_empty_rows(records: pl.DataFrame) -> pl.DataFrame:
    """The rows that hold a value; a line of delimiters alone is no record."""
    if not records.to_series(1).null_count():
        return records
    return records.filter(~pl.all_horizontal(pl.all().exclude("line_number").is_null()))


def _read_fixed(decoded: DecodedFile, recognition: Recognition, layout: RecordLayout, hash_ssn: HashSsn) -> Extract:
    lines = physical_lines(decoded.text)
    records, refused, blank_lines = split_fixed_width(
        lines, layout, unreadable_lines(lines, decoded.data), decoded.encoding
    )
    return account(
        hide_ssn(records, layout, hash_ssn),
        refused,
        header_lines=0,
        blank_lines=blank_lines,
        line_count=len(lines),
        encoding=decoded.encoding,
    )


def _read_batch(decoded: DecodedFile, recognition: Recognition, layout: RecordLayout, hash_ssn: HashSsn) -> Extract:
    lines = physical_lines(decoded.text)
    unreadable = unreadable_lines(lines, decoded.data)
    frame = read_batch_frame(lines, unreadable)
    start, end = frame.header_index + 1, frame.trailer_index
    to_split = LinesToSplit(lines[start:end], start + 1, frame.header.delimiter, unreadable, decoded.encoding)
    records = split_records(to_split, layout.standard_names, DETAIL_FIELD_COUNTS)
    check_batch_count(frame, records.readable.height + len(records.refused))
    outside_frame = frame.header_index + len(lines) - 1 - frame.trailer_index
    return account(
        hide_ssn(records.readable, layout, hash_ssn),
        records.refused,
        header_lines=2,
        blank_lines=outside_frame + records.blank_lines,
        line_count=len(lines),
        encoding=decoded.encoding,
        batch=frame.header,
    )


_READERS = {"comma": _read_delimited, "tab": _read_delimited, "fixed": _read_fixed, "id_batch": _read_batch}
