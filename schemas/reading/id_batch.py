"""ID batches: a TH record, details, a TT record; the frame is checked before any detail counts (design 3.2)."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.reading.decoding import is_blank
from schemas.reading.delimited import leading_blank_lines
from schemas.reading.extract import BatchHeader
from schemas.reading.refusals import file_refused

HEADER, TRAILER, DETAIL = "TH", "TT", "ID"
DELIMITER_CODES = {"delimiter=0x2c": ",", "delimiter=0x09": "\t"}
VERSION = "1.0"
FRAME_RECORD = re.compile(r"T[HT](?=[\t ,]|\s*\Z)")
DETAIL_FIELD_COUNTS = frozenset({16, 18})


@dataclass(frozen=True, slots=True)
class BatchFrame:
    """The TH record, and where the details lie: lines[first_detail:trailer], counted from 0."""

    header: BatchHeader
    header_index: int
    trailer_index: int
    stated_count: int
    trailer_transmission_id: str


def is_frame_record(line: str) -> bool:
    """Whether a line begins with TH or TT as a field of its own."""
    return FRAME_RECORD.match(line) is not None


def read_batch_frame(lines: Sequence[str], unreadable: Container[int] = ()) -> BatchFrame:
    """The header and trailer of a batch.

    Args:
        unreadable: numbers of the lines that hold a character no value may have.

    Raises:
        FileRefused: TH or TT is missing, doubled or malformed.
    """
    first = leading_blank_lines(lines)
    last = len(lines) - 1 - leading_blank_lines(lines[::-1])
    if not _is_kind(lines[first], HEADER):
        raise file_refused("BATCH_HEADER_MISSING", first + 1)
    if first + 1 in unreadable:
        raise file_refused("BATCH_HEADER_MALFORMED", first + 1, faults="a character in it cannot be read")
    header = _read_header(lines[first], first + 1)
    if last == first or not _is_kind(lines[last], TRAILER):
        raise file_refused("BATCH_TRAILER_MISSING", last + 1)
    for index in range(first + 1, last):
        if is_frame_record(lines[index]):
            raise file_refused("BATCH_FRAME_DOUBLED", index + 1, kind=lines[index][:2])
    if last + 1 in unreadable:
        raise file_refused("BATCH_TRAILER_MALFORMED", last + 1, faults="a character in it cannot be read")
    count, transmission_id = _read_trailer(lines[last], last + 1)
    return BatchFrame(header, first, last, count, transmission_id)


def check_batch_count(frame: BatchFrame, detail_count: int) -> None:
    """Hold the trailer against the details found, readable or not, and against the header.

    Raises:
        FileRefused: the count or the transmission IDs differ.
    """
    line = frame.trailer_index + 1
    if frame.stated_count != detail_count:
        raise file_refused("BATCH_COUNT_WRONG", line, stated=frame.stated_count, found=detail_count)
    if frame.trailer_transmission_id != frame.header.transmission_id:
        raise file_refused("BATCH_TRANSMISSION_DIFFERS", line, first=frame.header_index + 1)


def _is_kind(line: str, kind: str) -> bool:
    return is_frame_record(line) and line.startswith(kind)


def _frame_fields(line: str) -> list[str]:
    """The fields of TH or TT, split by one tab or one space, the same in the whole record."""
    text = line.rstrip()
    return text.split("\t" if "\t" in text else " ")


def _read_header(line: str, number: int) -> BatchHeader:
    fields = _frame_fields(line)
    if len(fields) < 6:
        faults = f"{len(fields)} fields where 6 are expected, split by one tab or one space"
        raise file_refused("BATCH_HEADER_MALFORMED", number, faults=faults)
    _, extract_date, extract_time, transmission_id, version, delimiter = (value.strip() for value in fields[:6])
    found = [
        fault
        for is_right, fault in (
            (_is_moment(extract_date, "%m/%d/%Y", 10), "ExtractDate is no date mm/dd/yyyy"),
            (_is_moment(extract_time, "%H:%M:%S", 8), "ExtractTime is no time hh:mm:ss"),
            (1 <= len(transmission_id) <= 10, "TransmissionID must have 1 to 10 characters"),
            (version == VERSION, f"Version must be {VERSION}"),
            (delimiter.lower() in DELIMITER_CODES, "Delimiter must be delimiter=0x2C or delimiter=0x09"),
        )
        if not is_right
    ]
    if found:
        raise file_refused("BATCH_HEADER_MALFORMED", number, faults="; ".join(found))
    return BatchHeader(extract_date, extract_time, transmission_id, version, DELIMITER_CODES[delimiter.lower()])


def _is_moment(text: str, form: str, length: int) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 - only its form is asked for
    except ValueError:
        return False
    return len(text) == length


def _read_trailer(line: str, number: int) -> tuple[int, str]:
    fields = [value.strip() for value in _frame_fields(line)]
    if len(fields) != 3:
        faults = f"{len(fields)} fields where 3 are expected, split by one tab or one space"
        raise file_refused("BATCH_TRAILER_MALFORMED", number, faults=faults)
    if re.fullmatch("[0-9]{1,10}", fields[1]) is None:
        raise file_refused("BATCH_TRAILER_MALFORMED", number, faults="NumberOfRecords is no whole number")
    if not 1 <= len(fields[2]) <= 10:
        raise file_refused("BATCH_TRAILER_MALFORMED", number, faults="TransmissionID must have 1 to 10 characters")
    return int(fields[1]), fields[2]


def starts_batch(lines: Sequence[str]) -> bool:
    """Whether the first line with text is a TH record, or a detail of a batch that has lost it."""
    first = next(line for line in lines if not is_blank(line))
    return is_frame_record(first) or any(_is_detail(first, delimiter) for delimiter in DELIMITER_CODES.values())


def _is_detail(line: str, delimiter: str) -> bool:
    fields = line.rstrip("\r\n").split(delimiter)
    return fields[0].strip().strip('"') == DETAIL and len(fields) in DETAIL_FIELD_COUNTS
