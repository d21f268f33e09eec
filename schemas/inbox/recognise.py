"""Which layout and collection a file is of, by its content alone; file names are free (design 3.2).

Order: the header row of a locator request or of a known layout, one of our own answers coming back (33 fields), an ID
batch (TH record), a fixed-width record with a known literal. What is none of them is quarantined; what is one of them
but cannot be used is rejected.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from schemas.dictionary import ID_BATCH, Collection, Dictionary, RecordLayout
from schemas.fix_ups.fix_up_file import is_fix_up
from schemas.inbox.foreign import refuse_foreign
from schemas.inbox.headers import fold, header_faults, matching_layout, plain_cells
from schemas.inbox.literals import COLLECTION_VERSION, collection_named, layout_title, literal_at
from schemas.inbox.near_misses import LINES_SEARCHED_FOR_HEADER, unrecognised
from schemas.reading.decoding import DecodedFile, decode, is_blank, newline_kinds, physical_lines
from schemas.reading.delimited import LinesToSplit, RawRecord, leading_blank_lines, raw_records, split_delimited
from schemas.reading.id_batch import starts_batch
from schemas.reading.lookups import locator_columns
from schemas.reading.recognition import DELIMITERS, LOCATOR_REQUEST, NEAR_MATCH_RETURN, FileFormat, Recognition
from schemas.reading.refusals import file_refused
from schemas.reading.returns import answer_kind
from schemas.reading.signed_forms import form_columns
from schemas.violation_responses.reading import is_response_workbook, response_header_line, response_recognition
from schemas.violation_responses.workbook import is_workbook

# Lines that are looked at before the whole file is: recognition must not cost more than reading.
HEAD_BYTES = 1 << 16
MOST_LINES = 20_000_000


def recognise(content: bytes, dictionary: Dictionary) -> Recognition:
    """Layout, collection, format and encoding of a file.

    Raises:
        FileRefused: quarantined (nothing recognised) or rejected (an extract of ours that cannot be used), with the
            line, what was found, what was expected and what to do.
    """
    if is_workbook(content) and is_response_workbook(content):
        return response_recognition("utf-8", False, 0, ())
    if is_fix_up(content):
        raise file_refused("FIX_UP_ALONE", 1)
    refuse_foreign(content)
    decoded = decode(content)
    _refuse_flood(decoded)
    head = _head_lines(decoded)
    first = leading_blank_lines(head)
    if first == len(head):
        head = _all_lines(decoded)
        first = leading_blank_lines(head)
    if first == len(head):
        raise file_refused("EMPTY_FILE")
    found = (
        _as_locator(head, first, decoded)
        or _as_signed_form(head, first, decoded)
        or _as_response(head, first, decoded)
        or _as_delimited(head, first, decoded, dictionary)
        or _as_answer(head, decoded)
        or _as_batch(head, decoded, dictionary)
        or _as_fixed(head, first, decoded, dictionary)
    )
    if found is None:
        raise unrecognised(content, head, first, dictionary)
    return found


def _head_lines(decoded: DecodedFile) -> list[str]:
    """The first physical lines, whole ones; the first alone where it is longer than any header."""
    head = decoded.data[:HEAD_BYTES]
    if len(decoded.data) > HEAD_BYTES:
        end = max(head.rfind(b"\n"), head.rfind(b"\r"))
        head = head[: end + 1] or head
    return physical_lines(head.decode("utf-8", "ignore"))


def _refuse_flood(decoded: DecodedFile) -> None:
    """Refuse what would fill the memory as lines: no state has so many pupils, but a file of line ends is quickly made."""
    lines = decoded.data.count(b"\n") + decoded.data.count(b"\r")
    if lines > MOST_LINES:
        raise file_refused("TOO_MANY_LINES", count=lines, most=MOST_LINES)


def _recognition(decoded: DecodedFile, collection: Collection, file_format: FileFormat) -> Recognition:
    return Recognition(
        collection.layout,
        collection.version,
        collection.school_year,
        collection.cycle,
        file_format,
        decoded.encoding,
        decoded.has_bom,
        newline_kinds(decoded.data),
    )


def _as_answer(head: Sequence[str], decoded: DecodedFile) -> Recognition | None:
    kind = answer_kind(head)
    if kind is None:
        return None
    if kind != NEAR_MATCH_RETURN:
        raise file_refused("ANSWER_FILE", kind=kind)
    return Recognition(
        kind, kind, None, "", "near_match_return", decoded.encoding, decoded.has_bom, newline_kinds(decoded.data)
    )


def _as_locator(head: Sequence[str], first: int, decoded: DecodedFile) -> Recognition | None:
    columns = locator_columns(head[first], first + 1)
    if columns is None:
        return None
    kind = LOCATOR_REQUEST
    return Recognition(
        kind, kind, None, "", "locator_request", decoded.encoding, decoded.has_bom, newline_kinds(decoded.data),
        columns, first + 1, 1,
    )  # fmt: skip


def _as_signed_form(head: Sequence[str], first: int, decoded: DecodedFile) -> Recognition | None:
    found = form_columns(head[first], first + 1)
    if found is None:
        return None
    kind, columns = found
    file_format = cast(FileFormat, kind)
    return Recognition(
        kind, kind, None, "", file_format, decoded.encoding, decoded.has_bom, newline_kinds(decoded.data), columns,
        first + 1, 1,
    )  # fmt: skip


def _as_response(head: Sequence[str], first: int, decoded: DecodedFile) -> Recognition | None:
    if response_header_line(head[first]) is None:
        return None
    return response_recognition(decoded.encoding, decoded.has_bom, first + 1, newline_kinds(decoded.data))


def _as_batch(head: Sequence[str], decoded: DecodedFile, dictionary: Dictionary) -> Recognition | None:
    return _recognition(decoded, dictionary.id_batch, "id_batch") if starts_batch(head) else None


def _as_delimited(head: Sequence[str], first: int, decoded: DecodedFile, dictionary: Dictionary) -> Recognition | None:
    for file_format in ("comma", "tab"):
        for header in _header_records(head, first, DELIMITERS[file_format]):
            layout = matching_layout(header.fields, dictionary.layouts.values())
            if layout is not None:
                meant = _layout_meant(head, header, layout, DELIMITERS[file_format], dictionary)
                return _with_header(header, meant, file_format, decoded, dictionary)
    return None


def _layout_meant(
    head: Sequence[str], header: RawRecord, layout: RecordLayout, delimiter: str, dictionary: Dictionary
) -> RecordLayout:
    """The year of a layout that the line after the header names: a faulty header is held against the right one."""
    after = head[header.line_number - 1 + header.line_span :]
    cells = set(plain_cells(next((line for line in after if not is_blank(line)), ""), delimiter))
    named = (collection for collection in dictionary.collections if collection.version in cells)
    return next((dictionary.layout_of(found) for found in named if found.layout == layout.name), layout)


def _header_records(head: Sequence[str], first: int, delimiter: str) -> Iterator[RawRecord]:
    """The header row by the quotation rules; then split in the plainest way, which tells what a damaged one is."""
    yield next(raw_records(head[first : first + LINES_SEARCHED_FOR_HEADER], delimiter, sys.maxsize, first + 1))
    if '"' in head[first]:
        yield RawRecord(first + 1, 1, plain_cells(head[first], delimiter), "HEADER_DAMAGED")


def _with_header(
    header: RawRecord, layout: RecordLayout, file_format: FileFormat, decoded: DecodedFile, dictionary: Dictionary
) -> Recognition:
    if header.fault is not None:
        raise file_refused("HEADER_DAMAGED", header.line_number, faults="its quotation marks do not match")
    if layout.name == ID_BATCH:
        raise file_refused("BATCH_HEADER_MISSING", header.line_number)
    _refuse_header_faults(header, layout)
    record = _first_record(header, DELIMITERS[file_format], decoded, layout)
    literal_place = [fold(cell) for cell in header.fields].index(
        fold(layout.by_standard_name[COLLECTION_VERSION].column)
    )
    collection = collection_named(record.fields[literal_place], record.line_number, layout, dictionary)
    # The years of a layout may differ; what counts is the year that the literal names.
    layout = dictionary.layout_of(collection)
    _refuse_header_faults(header, layout)
    columns = tuple(layout.by_header[fold(cell)].standard_name for cell in header.fields)
    return replace(
        _recognition(decoded, collection, file_format),
        columns=columns,
        header_line=header.line_number,
        header_lines=header.line_span,
    )


def _refuse_header_faults(header: RawRecord, layout: RecordLayout) -> None:
    faults = header_faults(header.fields, layout)
    if faults.reason is not None:
        raise file_refused(
            faults.reason, header.line_number, layout=layout_title(layout), faults=faults, count=len(layout.fields)
        )


def _first_record(header: RawRecord, delimiter: str, decoded: DecodedFile, layout: RecordLayout) -> RawRecord:
    """The first record that can be read, searched in the head of the file and then in all of it.

    Raises:
        FileRefused: there is none.
    """
    start, field_count = header.line_number - 1 + header.line_span, len(header.fields)
    for read_lines in (_head_lines, _all_lines):
        to_split = LinesToSplit(read_lines(decoded)[start:], start + 1, delimiter, {}, decoded.encoding)
        for record in raw_records(to_split.lines, delimiter, field_count, start + 1):
            if len(record.fields) == field_count and not record.is_empty:
                return record
    refused = split_delimited(to_split, {field_count}).refused
    if not refused:
        raise file_refused("NO_RECORDS", header.line_number, layout=layout_title(layout))
    first = refused[0]
    raise file_refused("NO_READABLE_RECORD", first.line_number, count=len(refused), first=first.message)


def _all_lines(decoded: DecodedFile) -> list[str]:
    return physical_lines(decoded.text)


def _as_fixed(head: Sequence[str], first: int, decoded: DecodedFile, dictionary: Dictionary) -> Recognition | None:
    for line in head[first:]:
        for collection in dictionary.collections:
            layout = dictionary.layout_of(collection)
            if literal_at(line, layout) == collection.version:
                return _recognition(decoded, collection, "fixed")
    return None
