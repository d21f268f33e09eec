"""Forms that a district signs and drops into its inbox: a certificate, or the wish to have one taken back.

Both are made by us and come back through spreadsheets, which add columns, change the delimiter, drop leading zeros and save dates
in their own way. A form is known by its header: the column that names the submission. Whoever signs writes name, title and
date into the first line; a signature in another line is found as well.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from schemas.reading.decoding import decode, is_blank, physical_lines, unreadable_lines
from schemas.reading.delimited import MOST_FIELDS, raw_records, unreadable_record
from schemas.reading.extract import Extract, account, text_columns, without_blanks
from schemas.reading.recognition import CERTIFICATE, DECERTIFICATION, Recognition
from schemas.reading.refusals import RefusedRecord, file_refused, refused_record

# Header name -> name of the column that reading hands on, in the order in which we write them.
CERTIFICATE_COLUMNS = {
    "What": "what", "School": "school_code", "SchoolName": "school_name", "Grade": "grade", "Records": "records",
    "SignedBy": "signed_by", "Title": "title", "Date": "signed_on", "Statement": "statement",
    "CertifySubmission": "submission_id", "District": "district_code", "Collection": "collection_version",
    "RowsHash": "rows_hash",
}  # fmt: skip
DECERTIFICATION_COLUMNS = {
    "What": "what", "SignedBy": "signed_by", "Title": "title", "Date": "signed_on", "Reason": "reason",
    "Statement": "statement", "DecertifySubmission": "submission_id", "District": "district_code",
    "Collection": "collection_version", "RowsHash": "rows_hash",
}  # fmt: skip
_FORMS = {
    "certifysubmission": (CERTIFICATE, CERTIFICATE_COLUMNS),
    "decertifysubmission": (DECERTIFICATION, DECERTIFICATION_COLUMNS),
}
SIGNED_FORMS = (CERTIFICATE, DECERTIFICATION)
_DELIMITERS = ("\t", ";", ",")
# What the county's schools have together is far below this; a file of so many lines is no form.
MOST_LINES = 5_000
_NUMERIC_DATE = re.compile(r"(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{1,4})(?:[ T].*)?")
_WORDY_DATE = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# What a spreadsheet's short year means: a form is signed in our time.
_CENTURY = 2000


def form_columns(line: str, line_number: int) -> tuple[str, tuple[str, ...]] | None:
    """The kind of a form and its columns in the file's order, "" for a column that a spreadsheet added; null for other files.

    Raises:
        FileRefused: rejected; it is a form, but a column of it is missing or stands there twice.
    """
    cells = _cells(line)
    marks = [name for name in _FORMS if name in cells]
    if len(marks) != 1:
        return None
    kind, columns = _FORMS[marks[0]]
    known = {name.casefold(): column for name, column in columns.items()}
    missing = [name for name in columns if name.casefold() not in cells]
    doubled = [name for name in columns if cells.count(name.casefold()) > 1]
    if missing or doubled:
        faults = [f"missing: {', '.join(missing)}"] if missing else []
        faults += [f"more than once: {', '.join(doubled)}"] if doubled else []
        raise file_refused("FORM_HEADER", line_number, faults="; ".join(faults))
    return kind, tuple(known.get(cell, "") for cell in cells)


def _cells(line: str) -> list[str]:
    return [cell.strip().strip('"').strip().casefold() for cell in line.strip("\r\n").split(_delimiter(line))]


def _delimiter(header: str) -> str:
    return next((sign for sign in _DELIMITERS if sign in header), ",")


def read_signed_form(content: bytes, recognition: Recognition) -> Extract:
    """The lines of a form as text, by column name; lines are accounted for as in every extract.

    Raises:
        FileRefused: rejected; it has no line below its header, or far too many.
    """
    decoded = decode(content)
    lines = physical_lines(decoded.text)
    start, names = recognition.header_line, recognition.columns
    if len(lines) > MOST_LINES:
        raise file_refused("FORM_TOO_LONG", start, count=len(lines), most=MOST_LINES)
    unreadable = unreadable_lines(lines, decoded.data)
    places = [place for place, name in enumerate(names) if name]
    rows: list[list[str]] = []
    numbers: list[int] = []
    refused: list[RefusedRecord] = []
    blank_lines = sum(map(is_blank, lines[: start - 1]))
    for record in raw_records(lines[start:], _delimiter(lines[start - 1]), len(names), start + 1):
        if unusable := record.first_unreadable(unreadable):
            refused.append(unreadable_record(record.line_number, record.line_span, unusable, decoded.encoding))
        elif record.fault is not None:
            refused.append(refused_record(record.line_number, record.line_span, record.fault, most=MOST_FIELDS))
        elif record.is_empty:
            blank_lines += record.line_span
        else:
            # A spreadsheet leaves out empty cells at the end of a line.
            fields = [*record.fields, *[""] * len(names)]
            rows.append([fields[place] for place in places])
            numbers.append(record.line_number)
    if not rows and not refused:
        raise file_refused("NO_RECORDS", start, layout="a signed form")
    return account(
        without_blanks(text_columns(rows, [names[place] for place in places], numbers)),
        refused,
        header_lines=start - sum(map(is_blank, lines[: start - 1])),
        blank_lines=blank_lines,
        line_count=len(lines),
        encoding=decoded.encoding,
    )


@dataclass(frozen=True, slots=True)
class SignedForm:
    """What a district signed; text as sent, null where blank.

    Args:
        counts: (line, school, grade, records) of the lines that say what is certified.
    """

    submission_id: str | None
    district_code: str | None
    collection_version: str | None
    rows_hash: str | None
    signed_by: str | None
    title: str | None
    signed_on: str | None
    reason: str | None
    statement: str | None
    counts: tuple[tuple[int, str, str, str], ...] = ()


def signed_form(records: pl.DataFrame) -> SignedForm:
    """The form in the lines that were read: of each cell that is signed or names something, the first that is filled."""

    def first(name: str) -> str | None:
        return next(iter(records[name].drop_nulls()), None) if name in records.columns else None

    named = ("submission_id", "district_code", "collection_version", "rows_hash")
    signed = ("signed_by", "title", "signed_on", "reason", "statement")
    cells = {name: first(name) for name in (*named, *signed)}
    return SignedForm(
        **cells,
        counts=tuple(_counts(records)) if "records" in records.columns else (),
    )


def _counts(records: pl.DataFrame) -> Iterator[tuple[int, str, str, str]]:
    columns = ("line_number", "school_code", "grade", "records")
    for line, school, grade, count in records.select(columns).iter_rows():
        if count is not None and school is not None:
            yield line, school, grade or "", count


def form_date(text: str) -> date | None:
    """A day as people and spreadsheets write it: 10/8/2025, 10/08/25, 2025-10-08, October 8, 2025; null for anything else."""
    if found := _WORDY_DATE.fullmatch(text.strip()):
        month = found[1][:3].casefold()
        return _day(int(found[3]), _MONTHS.index(month) + 1, int(found[2])) if month in _MONTHS else None
    if not (found := _NUMERIC_DATE.fullmatch(text.strip())):
        return None
    first, second, third = found.groups()
    if len(first) == 4:
        return _day(int(first), int(second), int(third))
    year = int(third) + (_CENTURY if len(third) <= 2 else 0)
    return _day(year, int(first), int(second))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def same_code(sent: str, ours: str) -> bool:
    """Whether a code that went through a spreadsheet is ours: leading zeros may be gone, letters in the other case."""
    return sent.strip().strip("'").lstrip("0").casefold() == ours.strip().lstrip("0").casefold()


def same_text(sent: str, ours: str) -> bool:
    """Whether a sentence is still the one that we wrote, whatever became of its blanks, quotes and capitals."""

    def plain(text: str) -> Sequence[str]:
        return re.findall(r"[a-z0-9]+", text.casefold())

    return plain(sent) == plain(ours)
