"""Reading an answered violations file: comma- or tab-delimited as spreadsheets save it, or a workbook (``workbook.py``).

A file is known by its header: Submission, Line, Rule, Field and Response all stand in it, in any order, with whatever
columns beside them. No extract has these names.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from schemas.errors import FileRefused
from schemas.reading.decoding import decode, physical_lines, unreadable_lines
from schemas.reading.delimited import raw_records
from schemas.reading.extract import Extract, account
from schemas.reading.recognition import VIOLATION_RESPONSE, Encoding, Recognition
from schemas.reading.refusals import RefusedRecord, file_refused, refused_record
from schemas.violation_responses.workbook import WORKBOOK_DAMAGED, workbook_sheets

# Folded header name -> the name that reading hands on.
COLUMNS = {
    "submission": "submission_id", "line": "violation_line", "rule": "rule_id", "field": "field",
    "response": "response", "comment": "comment", "local student id": "local_student_id", "state id": "state_id",
    "other district": "other_district_code",
}  # fmt: skip
NEEDED = ("submission", "line", "rule", "field", "response")
# A header of ours has some twenty names; a workbook's sheets also show the record.
MOST_HEADER_CELLS = 400
MOST_ROWS = 300_000
Cells = tuple[int | str | None, ...]
_SCHEMA: dict[str, pl.DataType] = {
    "line_number": pl.UInt32(),
    "place": pl.String(),
    **dict.fromkeys(COLUMNS.values(), pl.String()),
}


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    place: str
    cells: Sequence[str]


def response_header(cells: Sequence[str]) -> dict[str, int] | None:
    """The place of each of our columns in a header row; null where it is none of an answered violations file."""
    if len(cells) > MOST_HEADER_CELLS:
        return None
    folded = [cell.strip().strip("'\"").strip().casefold() for cell in cells]
    if not all(folded.count(name) == 1 for name in NEEDED):
        return None
    return {
        COLUMNS[name]: place for place, name in enumerate(folded) if name in COLUMNS and folded.index(name) == place
    }


def response_header_line(line: str) -> dict[str, int] | None:
    """The same of a physical line, split by tab or comma."""
    delimiter = delimiter_of(line)
    return response_header(line.rstrip("\r\n").split(delimiter)) if delimiter in line else None


def delimiter_of(line: str) -> str:
    """What splits a header line: tab, semicolon or comma."""
    return max(("\t", ";", ","), key=line.count)


def read_violation_response(content: bytes, recognition: Recognition) -> Extract:
    """The answers of a file, one row each; rows without Response and Comment were not answered and are left out.

    Returns:
        ``records``: line_number (of the file; of a workbook a running number), place ("line 7", "sheet 4020, row 7") and
        text columns submission_id, violation_line, rule_id, field, response, comment, local_student_id, state_id,
        other_district_code.

    Raises:
        FileRefused: rejected; no row is answered, or there are more rows than are taken.
    """
    if content.startswith(b"PK"):
        rows, refused, line_count = _workbook_rows(content)
        encoding, header_lines = recognition.encoding, 1
    else:
        rows, refused, line_count, encoding = _text_rows(content, recognition)
        header_lines = recognition.header_line
    if len(rows) > MOST_ROWS:
        raise file_refused("RESPONSE_TOO_LONG", count=len(rows), most=MOST_ROWS)
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    answered = frame.filter(pl.col("response").is_not_null() | pl.col("comment").is_not_null())
    if not answered.height and not refused:
        raise file_refused("RESPONSE_EMPTY")
    return account(
        answered,
        refused,
        header_lines=header_lines,
        # Rows that were not answered count as blank: nothing is asked of them.
        blank_lines=max(0, line_count - header_lines - answered.height - len(refused)),
        line_count=line_count,
        encoding=encoding,
    )


def _text_rows(content: bytes, recognition: Recognition) -> tuple[list[Cells], list[RefusedRecord], int, Encoding]:
    decoded = decode(content)
    lines = physical_lines(decoded.text)
    start = recognition.header_line
    header_line = lines[start - 1]
    delimiter = delimiter_of(header_line)
    places = response_header(header_line.rstrip("\r\n").split(delimiter)) or {}
    field_count = len(header_line.rstrip("\r\n").split(delimiter))
    unreadable = unreadable_lines(lines, decoded.data)
    refused: list[RefusedRecord] = []
    rows: list[Cells] = []
    for record in raw_records(lines[start:], delimiter, field_count, start + 1):
        if record.is_empty and record.fault is None:
            continue
        if record.fault is not None:
            refused.append(refused_record(record.line_number, record.line_span, record.fault, most=MOST_HEADER_CELLS))
        elif record.first_unreadable(unreadable):
            refused.append(refused_record(record.line_number, record.line_span, "CONTROL_CHARACTER", kind="in a cell"))
        else:
            row = _Row(record.line_number, f"line {record.line_number}", record.fields)
            rows.append(_picked(row, places))
    return rows, refused, len(lines), decoded.encoding


def _workbook_rows(content: bytes) -> tuple[list[Cells], list[RefusedRecord], int]:
    rows: list[Cells] = []
    count, number = 0, 1
    for sheet in workbook_sheets(content):
        header = _sheet_header(sheet.rows)
        if header is None:
            continue
        place, columns = header
        count += len(sheet.rows)
        for offset, cells in enumerate(sheet.rows[place + 1 :], start=place + 2):
            number += 1
            if any(cells):
                rows.append(_picked(_Row(number, f"sheet {sheet.name}, row {offset}", cells), columns))
    return rows, [], max(count, number)


def _sheet_header(rows: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]] | None:
    for place, cells in enumerate(rows[:20]):
        if columns := response_header(cells):
            return place, columns
    return None


def is_response_workbook(content: bytes) -> bool:
    """Whether a workbook has a sheet with our header; one that cannot be opened is none of ours.

    Raises:
        FileRefused: the workbook is far larger unpacked than any of ours.
    """
    try:
        return any(_sheet_header(sheet.rows) for sheet in workbook_sheets(content, only_head=True))
    except FileRefused as refusal:
        if refusal.reason == WORKBOOK_DAMAGED:
            return False
        raise


def _picked(row: _Row, places: dict[str, int]) -> Cells:
    cells = row.cells
    found = [
        _cleaned(cells[places[name]]) if name in places and places[name] < len(cells) else None
        for name in COLUMNS.values()
    ]
    return row.number, row.place, *found


def _cleaned(cell: str) -> str | None:
    """A cell without blanks at its ends and without the apostrophe that keeps formulas from running; null where blank."""
    text = cell.strip()
    if text.startswith("'"):
        text = text[1:].strip()
    return text or None


def plain_number(text: str | None) -> int | None:
    """A line number as spreadsheets write it: ``1,204`` or ``12.0``; null for anything else."""
    found = re.fullmatch(r"(\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.0*)?", text or "")
    return int(found[1].replace(",", "")) if found else None


def response_recognition(encoding: Encoding, has_bom: bool, header_line: int, newlines: Iterable[str]) -> Recognition:
    """What recognition says of such a file."""
    kind = VIOLATION_RESPONSE
    return Recognition(
        kind, kind, None, "", "violation_response", encoding, has_bom, frozenset(newlines), (), header_line, 1,
    )  # fmt: skip
