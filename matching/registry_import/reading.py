"""A registry file as text rows, some hundred thousand at a time: a registry of millions is never held whole as a frame."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import polars as pl

from schemas.errors import UsageError
from schemas.reading.clean_delimited import read_clean
from schemas.reading.decoding import decode, physical_lines, unreadable_lines, with_lf
from schemas.reading.delimited import LinesToSplit
from schemas.reading.reader import split_records
from schemas.reading.recognition import Encoding
from schemas.reading.refusals import RefusedRecord

CHUNK_BYTES = 48 * 1024**2


@dataclass(frozen=True)
class RegistryFile:
    """A registry file whose header was understood.

    Args:
        data: all of it as UTF-8.
        start: where the first row begins; ``first_line`` is its physical line.
        names: our name of each column, in file order.
    """

    data: bytes
    start: int
    first_line: int
    delimiter: str
    names: tuple[str, ...]
    encoding: Encoding


@dataclass(frozen=True)
class TextRows:
    """Some rows of the file: ``line_number`` and all columns as text, blank ones null; and what cannot be read."""

    rows: pl.DataFrame
    refused: list[RefusedRecord]
    line_count: int
    bytes_done: int


@cache
def registry_columns() -> dict[str, bool]:
    """Every column a registry file can have, and whether it must."""
    with Path(__file__).with_name("columns.csv").open(encoding="utf-8", newline="") as lines:
        return {row["column"]: row["required"] == "true" for row in csv.DictReader(lines, strict=True)}


def open_registry_file(content: bytes) -> RegistryFile:
    """The file with its header read.

    Raises:
        UsageError: the first line is no header of ours; names every column that is unknown, missing or doubled.
    """
    decoded = decode(content)
    data = decoded.data if b"\n" in decoded.data else with_lf(decoded.data)
    end = data.find(b"\n") + 1 or len(data)
    header = data[:end].decode("utf-8").strip("\r\n")
    delimiter = "\t" if "\t" in header else ","
    names = tuple(cell.strip().strip('"').strip().casefold() for cell in header.split(delimiter))
    if faults := _header_faults(names):
        raise UsageError(
            f"Line 1 of the registry file is not the header that is expected: {faults}. Write these column names, in any "
            f"order, split by commas or tabs: {', '.join(_needed())}; and where you have them: {', '.join(_optional())}."
        )
    return RegistryFile(data, end, 2, delimiter, names, decoded.encoding)


def _needed() -> list[str]:
    return [name for name, is_required in registry_columns().items() if is_required]


def _optional() -> list[str]:
    return [name for name, is_required in registry_columns().items() if not is_required]


def _header_faults(names: Sequence[str]) -> str:
    known = registry_columns()
    missing = [name for name in _needed() if name not in names]
    unknown = [_shown(name, known) for name in names if name not in known]
    doubled = sorted({name for name in names if name in known and names.count(name) > 1})
    parts = {"unknown": unknown, "missing": missing, "more than once": doubled}
    return "; ".join(f"{kind}: {', '.join(found[:20])}" for kind, found in parts.items() if found)


def _shown(name: str, known: dict[str, bool]) -> str:
    """A name that is none of ours, cut and made printable, with the one that is probably meant."""
    text = "".join(letter if letter.isprintable() else "?" for letter in name[:40]) or "(blank)"
    close = get_close_matches(name, known, n=1)
    return f"{text} (do you mean {close[0]}?)" if close else text


def read_text_rows(file: RegistryFile) -> Iterator[TextRows]:
    """All rows in the order of the file; every row is either readable or refused with its line."""
    start, line = file.start, file.first_line
    while start < len(file.data):
        end = _chunk_end(file.data, start)
        chunk = with_lf(file.data[start:end])
        rows = _read_chunk(chunk, file, line, end)
        yield rows
        start, line = end, line + rows.line_count


def _chunk_end(data: bytes, start: int) -> int:
    """The end of a line after about CHUNK_BYTES at which no quotation mark is open, if there is one near."""
    if len(data) - start <= CHUNK_BYTES:
        return len(data)
    end = data.find(b"\n", start + CHUNK_BYTES) + 1 or len(data)
    plain, is_open = end, data.count(b'"', start, end) % 2 == 1
    while is_open and end < len(data) and end - start < 2 * CHUNK_BYTES:
        following = data.find(b"\n", end) + 1 or len(data)
        is_open ^= data.count(b'"', end, following) % 2 == 1
        end = following
    return plain if is_open else end


def _read_chunk(chunk: bytes, file: RegistryFile, first_line: int, bytes_done: int) -> TextRows:
    clean = read_clean(chunk, file.delimiter, file.names)
    if clean is not None:
        numbered = clean.with_row_index("line_number", offset=first_line)
        return TextRows(_complete(numbered), [], clean.height, bytes_done)
    text = chunk.decode("utf-8")
    lines = physical_lines(text)
    unreadable = {first_line - 1 + number: mark for number, mark in unreadable_lines(lines, chunk).items()}
    to_split = LinesToSplit(lines, first_line, file.delimiter, unreadable, file.encoding)
    records = split_records(to_split, file.names, {len(file.names)})
    return TextRows(_complete(records.readable), records.refused, len(lines), bytes_done)


def _complete(rows: pl.DataFrame) -> pl.DataFrame:
    """Every column of ours, those the file lacks null; without rows of delimiters alone."""
    named = [name for name in rows.columns if name != "line_number"]
    absent = [pl.lit(None, pl.String).alias(name) for name in registry_columns() if name not in named]
    filled = rows.filter(~pl.all_horizontal(pl.col(named).is_null())) if rows[named[0]].null_count() else rows
    return filled.with_columns(absent).select(pl.col("line_number").cast(pl.UInt32), *registry_columns())
