"""Locator requests: a header row that begins with LocatorRequest, then one line a child that somebody looks for."""

from collections import Counter

from schemas.locator.request import request_columns
from schemas.reading.decoding import decode, physical_lines, unreadable_lines
from schemas.reading.delimited import LinesToSplit
from schemas.reading.extract import Extract, account
from schemas.reading.reader import split_records
from schemas.reading.recognition import Recognition
from schemas.reading.refusals import file_refused

MARK = "locatorrequest"
# A locator finds children one by one; a file of thousands of look-ups would copy the registry.
MOST_LOOKUPS = 500


def locator_columns(line: str, line_number: int) -> tuple[str, ...] | None:
    """Standard names of the columns that a line names, in its order; null where it is no header of a locator request.

    Raises:
        FileRefused: rejected; a needed column is missing, or one is unknown, doubled or without a name.
    """
    cells = [cell.strip().strip('"').strip() for cell in line.strip("\r\n").split(_delimiter(line))]
    names = [cell.casefold() for cell in cells]
    if MARK not in names:
        return None
    known = {column.column.casefold(): column for column in request_columns()}
    count = Counter(names)
    faults = [
        (f"{sum(name not in known for name in names)} columns are unknown or without a name", set(names) - set(known)),
        ("a column stands there twice", [name for name in names if count[name] > 1]),
        ("Purpose is missing", [name for name, column in known.items() if column.is_needed and name not in names]),
        ("nothing but LocatorRequest and Purpose is there", not any(not known[n].is_needed for n in names if n in known)),
    ]  # fmt: skip
    found = [fault for fault, is_there in faults if is_there]
    if found:
        columns = ", ".join(column.column for column in request_columns())
        raise file_refused("LOCATOR_HEADER", line_number, faults="; ".join(found), columns=columns)
    return tuple(known[name].standard_name for name in names)


def read_locator_request(content: bytes, recognition: Recognition) -> Extract:
    """The look-ups of a file as text, by standard name; lines are accounted for as in every extract.

    Raises:
        FileRefused: rejected; the file holds no look-up, or more than are answered in one file.
    """
    decoded = decode(content)
    lines = physical_lines(decoded.text)
    start = recognition.header_line
    delimiter = _delimiter(lines[start - 1])
    unreadable = unreadable_lines(lines, decoded.data)
    to_split = LinesToSplit(lines[start:], start + 1, delimiter, unreadable, decoded.encoding)
    records = split_records(to_split, recognition.columns, {len(recognition.columns)})
    count = records.readable.height + len(records.refused)
    if count == 0:
        raise file_refused("NO_RECORDS", start, layout="a locator request")
    if count > MOST_LOOKUPS:
        raise file_refused("LOCATOR_TOO_LONG", start, count=count, most=MOST_LOOKUPS)
    return account(
        records.readable,
        records.refused,
        header_lines=1,
        blank_lines=start - 1 + records.blank_lines,
        line_count=len(lines),
        encoding=decoded.encoding,
    )


def _delimiter(header: str) -> str:
    return "\t" if "\t" in header else ","
