"""``fix_up.csv``: the records with errors alone, values exactly as sent; written for a district's own outbox, and read back."""

import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.dictionary import Field
from schemas.fix_ups.base_file import BaseFile, BaseRecord
from schemas.predicates import EDUCATOR_ID, HIDDEN_COLUMNS
from schemas.reading.decoding import decode, is_blank, physical_lines
from schemas.reading.delimited import raw_records
from schemas.reading.refusals import file_refused
from schemas.reading.staff import holds_number
from schemas.violation_responses.reading import delimiter_of, plain_number

FIX_UP_FILE = "fix_up.csv"
SUBMISSION_COLUMN, LINE_COLUMN = "SubmissionID", "Line"
# Social Security numbers stand in the clear in what districts send and nowhere else; this text says "as it was sent".
AS_SENT = "(as sent)"
# More is no handwork: it is a new export.
MOST_ROWS = 10_000
# Bytes in which the first two column names stand.
HEAD = 4096
# What a header with the columns of a layout begins with, however a spreadsheet saved it.
_MARK = (SUBMISSION_COLUMN.casefold(), LINE_COLUMN.casefold())


@dataclass(frozen=True, slots=True)
class FixUpRow:
    """One row as it came back: its line in this file, the record's line in the file it is about, cells by column."""

    number: int
    line: int | None
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FixUpFile:
    """What came back; ``columns`` are header names without the two of ours, ``submission_ids`` all that are named."""

    columns: tuple[str, ...]
    submission_ids: frozenset[str]
    rows: tuple[FixUpRow, ...]


def fix_up_csv(submission_id: str, base: BaseFile, records: Sequence[BaseRecord]) -> bytes:
    """The file: UTF-8 with BOM, CRLF, comma; a machine file, so values stand exactly, formulas too."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow((SUBMISSION_COLUMN, LINE_COLUMN, *base.columns))
    fields, has_staff = base.layout.by_standard_name, EDUCATOR_ID in base.standard_names
    for record in records:
        values = [
            AS_SENT if _is_hidden(fields[name], value.strip(), has_staff) else value.strip() if base.is_fixed else value
            for name, value in zip(base.standard_names, record.values, strict=True)
        ]
        writer.writerow((submission_id, record.line, *values))
    return out.getvalue().encode("utf-8-sig")


def _is_hidden(field: Field, value: str, has_staff: bool) -> bool:
    """Whether a value is a Social Security number, or in files of staff holds one where none belongs."""
    return bool(value) and (field.standard_name in HIDDEN_COLUMNS or (has_staff and holds_number(field, value)))


def is_fix_up(content: bytes) -> bool:
    """Whether the first line with text names SubmissionID and Line as its first two columns."""
    head = content[:HEAD].decode("utf-8", "replace").removeprefix("\ufeff")
    first = next((line for line in head.splitlines() if not is_blank(line)), "")
    cells = [cell.strip().strip('"').strip().casefold() for cell in first.split(delimiter_of(first))]
    return tuple(cells[:2]) == _MARK


def read_fix_up(content: bytes) -> FixUpFile:
    """The rows of a fix-up file, as spreadsheets save it: comma, semicolon or tab.

    Raises:
        FileRefused: rejected; a row cannot be split, there is none, or there are more than are taken.
    """
    lines = physical_lines(decode(content).text)
    start = next(place for place, line in enumerate(lines) if not is_blank(line))
    delimiter = delimiter_of(lines[start])
    header = next(raw_records(lines[start:], delimiter, sys.maxsize, start + 1))
    columns = [cell.strip() for cell in header.fields]
    while columns and not columns[-1]:
        columns.pop()
    if header.fault is not None or len(columns) <= len(_MARK):
        raise file_refused("FIX_UP_ROW", start + 1)
    rows, names = [], set()
    for record in raw_records(lines[start + header.line_span :], delimiter, len(columns), start + 1 + header.line_span):
        if record.fault is None and record.is_empty:
            continue
        if record.fault is not None or any(cell.strip() for cell in record.fields[len(columns) :]):
            raise file_refused("FIX_UP_ROW", record.line_number)
        cells = (*(cell.strip() for cell in record.fields), *[""] * (len(columns) - len(record.fields)))
        names.add(cells[0])
        rows.append(FixUpRow(record.line_number, plain_number(cells[1]), tuple(cells[2 : len(columns)])))
        if len(rows) > MOST_ROWS:
            raise file_refused("FIX_UP_TOO_LONG", most=MOST_ROWS)
    if not rows:
        raise file_refused("FIX_UP_EMPTY")
    return FixUpFile(tuple(columns[2:]), frozenset(names), tuple(rows))
