"""What reading hands on: a frame of text per file and the account of its physical lines."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from schemas.dictionary import RecordLayout
from schemas.reading.recognition import Encoding
from schemas.reading.refusals import RefusedRecord, refused_frame
from schemas.reading.staff import EDUCATOR_ID, HashSsn, dummy_identifiers, without_numbers

SSN = "ssn"


@dataclass(frozen=True, slots=True)
class BatchHeader:
    """The TH record of an ID batch, as sent; ``delimiter`` is the character that splits the details."""

    extract_date: str
    extract_time: str
    transmission_id: str
    version: str
    delimiter: str


@dataclass(frozen=True, slots=True)
class Extract:
    """One file, read.

    ``records``: line_number (UInt32, first physical line, from 1) and one text column per standard name in layout
    order, blanks around values removed, blank values null; ``ssn`` is replaced by ssn_hash, ssn_near, ssn_status, and
    ``educator_id`` by a dummy identifier and educator_id_status.
    ``refused``: line_number, line_span, reason, message. Counts are physical lines, but ``record_count`` (readable
    and refused records). ``line_count`` = ``header_lines`` + ``blank_lines`` + lines spanned by records, readable or
    refused.
    """

    records: pl.DataFrame
    refused: pl.DataFrame
    line_count: int
    header_lines: int
    blank_lines: int
    record_count: int
    encoding: Encoding
    batch: BatchHeader | None = None


def text_columns(rows: Sequence[Sequence[str]], names: Sequence[str], line_numbers: Sequence[int]) -> pl.DataFrame:
    """Rows as text columns after line_number; every row has as many fields as there are names."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return pl.DataFrame(
        [pl.Series("line_number", line_numbers, pl.UInt32)]
        + [pl.Series(name, column, pl.String) for name, column in zip(names, columns, strict=True)]
    )


def without_blanks(frame: pl.DataFrame) -> pl.DataFrame:
    """Text with the blanks around each value removed; a value of blanks is null."""
    trimmed = pl.col(pl.String).str.strip_chars()
    return frame.with_columns(trimmed).with_columns(blank_to_null())


def blank_to_null() -> pl.Expr:
    return pl.when(pl.col(pl.String) != "").then(pl.col(pl.String))


def hide_ssn(frame: pl.DataFrame, layout: RecordLayout, hash_ssn: HashSsn) -> pl.DataFrame:
    """The columns of the layout in its order, with codes and a status behind them instead of Social Security numbers."""
    kept = [name for name in layout.standard_names if name not in (SSN, EDUCATOR_ID)]
    columns = ["line_number", *kept]
    records = frame if frame.columns == columns else frame.select(columns)
    if SSN in layout.by_standard_name:
        records = records.hstack(hash_ssn(frame[SSN]).get_columns())
    if EDUCATOR_ID in layout.by_standard_name:
        identifiers = dummy_identifiers(frame[EDUCATOR_ID], hash_ssn)
        records = without_numbers(records, layout).hstack(identifiers.get_columns())
    return records


def account(
    records: pl.DataFrame,
    refused: list[RefusedRecord],
    *,
    header_lines: int,
    blank_lines: int,
    line_count: int,
    encoding: Encoding,
    batch: BatchHeader | None = None,
) -> Extract:
    """The extract of records and refused records, with every physical line accounted for."""
    return Extract(
        records,
        refused_frame(refused),
        line_count,
        header_lines,
        blank_lines,
        records.height + len(refused),
        encoding,
        batch,
    )
