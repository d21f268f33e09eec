"""Which layout and collection a file is of, by its content alone; file names are free (design 3.2).

Order: a header row of a known layout, one of our own answers coming back (33 fields), an ID batch (TH record), a
fixed-width record with a known literal. What is none of them is quarantined; what is one of them but cannot be used
is rejected.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches

from schemas.dictionary import ID_BATCH, Collection, Dictionary, RecordLayout
from schemas.errors import FileRefused
from schemas.inbox.foreign import binary_refusal, refuse_foreign
from schemas.inbox.headers import fold, header_faults, matching_layout
from schemas.reading.decoding import DecodedFile, decode, is_blank, newline_kinds, physical_lines
from schemas.reading.delimited import (
    MOST_FIELDS,
    LinesToSplit,
    RawRecord,
    leading_blank_lines,
    raw_records,
    split_delimited,
)
from schemas.reading.id_batch import starts_batch
from schemas.reading.recognition import DELIMITERS, NEAR_MATCH_RETURN, FileFormat, Recognition
from schemas.reading.refusals import file_refused
from schemas.reading.returns import answer_kind

COLLECTION_VERSION = "collection_version"
LITERAL = re.compile(r"[0-9]{4}[A-Za-z0-9.]{4,46}")
OTHER_DELIMITERS = {";": "semicolons", "|": "vertical bars", "~": "tildes", "^": "carets"}
# Lines that are looked at before the whole file is: recognition must not cost more than reading.
HEAD_BYTES = 1 << 16
LINES_SEARCHED_FOR_HEADER = 20
MOST_LINES = 20_000_000


def recognise(content: bytes, dictionary: Dictionary) -> Recognition:
    """Layout, collection, format and encoding of a file.

    Raises:
        FileRefused: quarantined (nothing recognised) or rejected (an extract of ours that cannot be used), with the
            line, what was found, what was expected and what to do.
    """
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
    return (
        _as_delimited(head, first, decoded, dictionary)
        or _as_answer(head, decoded)
        or _as_batch(head, decoded, dictionary)
        or _as_fixed(head, first, decoded, dictionary)
        or _refuse(content, head, first, dictionary)
    )


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
    cells = set(_plain_cells(next((line for line in after if not is_blank(line)), ""), delimiter))
    named = (collection for collection in dictionary.collections if collection.version in cells)
    return next((dictionary.layout_of(found) for found in named if found.layout == layout.name), layout)


def _header_records(head: Sequence[str], first: int, delimiter: str) -> Iterator[RawRecord]:
    """The header row by the quotation rules; then split in the plainest way, which tells what a damaged one is."""
    yield next(raw_records(head[first : first + LINES_SEARCHED_FOR_HEADER], delimiter, sys.maxsize, first + 1))
    if '"' in head[first]:
        yield RawRecord(first + 1, 1, _plain_cells(head[first], delimiter), "HEADER_DAMAGED")


def _plain_cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.split(delimiter, MOST_FIELDS)]


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
    collection = _collection(record.fields[literal_place], record.line_number, layout, dictionary)
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
            faults.reason, header.line_number, layout=_name(layout), faults=faults, count=len(layout.fields)
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
        raise file_refused("NO_RECORDS", header.line_number, layout=_name(layout))
    first = refused[0]
    raise file_refused("NO_READABLE_RECORD", first.line_number, count=len(refused), first=first.message)


def _all_lines(decoded: DecodedFile) -> list[str]:
    return physical_lines(decoded.text)


def _collection(text: str, line: int, layout: RecordLayout, dictionary: Dictionary) -> Collection:
    """The collection whose literal the first record carries.

    Raises:
        FileRefused: no collection has that literal, or one of another layout.
    """
    literal = text.strip()
    of_layout = [collection.version for collection in dictionary.collections if collection.layout == layout.name]
    expected = ", ".join(of_layout)
    found = next((collection for collection in dictionary.collections if collection.version == literal), None)
    if found is None:
        close = get_close_matches(literal, of_layout, n=1, cutoff=0.6)
        hint = f"Probably {close[0]} is meant." if close else ""
        raise file_refused("COLLECTION_UNKNOWN", line, found=_shown(literal), hint=hint, expected=expected)
    if found.layout != layout.name:
        other = _name(dictionary.layout_of(found))
        raise file_refused(
            "COLLECTION_OTHER_LAYOUT", line, found=literal, other=other, layout=_name(layout), expected=expected
        )
    return found


def _shown(literal: str) -> str:
    """A literal as a message may show it; a text of another form may be a student's value and is described only."""
    if not literal:
        return "blank"
    return literal if LITERAL.fullmatch(literal) else f"a text of {len(literal)} characters in another form"


def _as_fixed(head: Sequence[str], first: int, decoded: DecodedFile, dictionary: Dictionary) -> Recognition | None:
    for line in head[first:]:
        for collection in dictionary.collections:
            layout = dictionary.layout_of(collection)
            if _literal_at(line, layout) == collection.version:
                return _recognition(decoded, collection, "fixed")
    return None


def _literal_at(line: str, layout: RecordLayout) -> str:
    """What stands at the place of CollectionVersion in a fixed-width record."""
    wanted = layout.by_standard_name[COLLECTION_VERSION]
    start = next(start for field, start, _ in layout.positions() if field is wanted)
    return line[start - 1 : start - 1 + wanted.length].strip()


def _refuse(content: bytes, head: Sequence[str], first: int, dictionary: Dictionary) -> Recognition:
    """Say what the file nearly is; raises in every case."""
    layouts = tuple(dictionary.layouts.values())
    raise (
        binary_refusal(content)
        or _header_elsewhere(head, first, layouts)
        or _header_otherwise_delimited(head, first, layouts)
        or _header_absent(head, first, dictionary)
        or _fixed_with_unknown_literal(head, first, dictionary)
        or _not_recognised(head, first, dictionary)
    )


def _header_elsewhere(head: Sequence[str], first: int, layouts: Sequence[RecordLayout]) -> FileRefused | None:
    for index in range(first + 1, min(first + LINES_SEARCHED_FOR_HEADER, len(head))):
        for delimiter in DELIMITERS.values():
            layout = matching_layout(_plain_cells(head[index], delimiter), layouts)
            if layout is not None:
                return file_refused("HEADER_NOT_FIRST", index + 1, layout=_name(layout))
    return None


def _header_otherwise_delimited(head: Sequence[str], first: int, layouts: Sequence[RecordLayout]) -> FileRefused | None:
    for delimiter, kind in OTHER_DELIMITERS.items():
        cells = _plain_cells(head[first], delimiter)
        if matching_layout(cells, layouts) is not None:
            return file_refused("DELIMITER_UNKNOWN", first + 1, kind=kind)
    return None


def _header_absent(head: Sequence[str], first: int, dictionary: Dictionary) -> FileRefused | None:
    versions = {collection.version: collection for collection in dictionary.collections}
    for delimiter in DELIMITERS.values():
        cells = _plain_cells(head[first], delimiter)
        for cell in cells:
            if len(cells) > 1 and cell in versions:
                return file_refused("HEADER_ABSENT", first + 1, layout=_name(dictionary.layout_of(versions[cell])))
    return None


def _fixed_with_unknown_literal(head: Sequence[str], first: int, dictionary: Dictionary) -> FileRefused | None:
    line = head[first].rstrip("\r\n")
    for layout in map(dictionary.layout_of, dictionary.collections):
        literal = _literal_at(line, layout)
        if len(line) == layout.width and LITERAL.fullmatch(literal):
            try:
                _collection(literal, first + 1, layout, dictionary)
            except FileRefused as refused:
                return refused
    return None


def _not_recognised(head: Sequence[str], first: int, dictionary: Dictionary) -> FileRefused:
    hint, most = "", 0
    for layout in dictionary.layouts.values():
        for delimiter in DELIMITERS.values():
            names = {fold(cell) for cell in _plain_cells(head[first], delimiter)}
            shared = len(names & layout.by_header.keys())
            if shared > most:
                most = shared
                hint = f"{shared} of the {len(layout.fields)} column names of {_name(layout)} are there."
    expected = ", ".join(collection.version for collection in dictionary.collections)
    return file_refused("NOT_RECOGNISED", first + 1, hint=hint, expected=f"{expected}, or an ID batch")


def _name(layout: RecordLayout) -> str:
    return f"{layout.name} {layout.school_year}"
