"""Delimited text, line by line: the careful path, for files that the fast path (``clean_delimited.py``) turns away.

Method: a record is one physical line unless a quotation mark opens on it and closes on a later one. Nothing is repaired:
a record is split in the one way the quotation rules allow, or it is refused with its line. After an open quotation mark
the next physical line begins a new record, so that one bad line never takes others with it.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from schemas.reading.decoding import LOST, describe_character, is_blank
from schemas.reading.refusals import RefusedRecord, refused_record


@dataclass(slots=True)
class SplitLines:
    """Physical lines sorted into records, refused records and blank lines; each line is in exactly one of them."""

    rows: list[list[str]] = field(default_factory=list)
    line_numbers: list[int] = field(default_factory=list)
    refused: list[RefusedRecord] = field(default_factory=list)
    blank_lines: int = 0


@dataclass(frozen=True, slots=True)
class RawRecord:
    """The fields of one record, or the reason why it cannot be split; ``line_number`` counts from 1."""

    line_number: int
    line_span: int
    fields: list[str]
    fault: str | None = None


@cache
def _grammar(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What a whole record looks like, and one field of it with the delimiter before it.

    A quotation mark may only enclose a whole field; inside it is doubled. Blanks around a quoted field are no part of it.
    Possessive repeats keep the time linear on any input.
    """
    d = re.escape(delimiter)
    quoted, bare = r' *+"([^"]*+(?:""[^"]*+)*+)" *+', rf'([^"{d}]*+)'
    one = f"(?:{quoted}|{bare})"
    return re.compile(f"{one}(?:{d}{one})*+"), re.compile(rf"(?:\A|{d}){one}(?={d}|\Z)")


def split_delimited(
    lines: Sequence[str],
    delimiter: str,
    field_counts: Collection[int],
    unreadable: dict[int, str],
    encoding: str,
    first_line: int = 1,
) -> SplitLines:
    """Records of one of the expected field counts, refused records and blank lines.

    Args:
        lines: physical lines with their line ends; the first of them is line ``first_line`` of the file.
        unreadable: line number -> first character that no value may have.
        encoding: of the file, for messages.
    """
    split = SplitLines()
    least = min(field_counts)
    for record in raw_records(lines, delimiter, least, first_line):
        refused = _refusal(record, field_counts, unreadable, encoding)
        if refused is not None:
            split.refused.append(refused)
        elif any(map(str.strip, record.fields)):
            split.rows.append(record.fields)
            split.line_numbers.append(record.line_number)
        else:
            split.blank_lines += record.line_span
    return split


def raw_records(lines: Sequence[str], delimiter: str, field_count: int, first_line: int = 1) -> Iterator[RawRecord]:
    """Every record of the lines in order, blank lines included (as records of blank fields).

    Args:
        field_count: fields of a whole record; a later line with as many delimiters begins a record of its own, even
            where a quotation mark is still open.
    """
    index = 0
    while index < len(lines):
        line = lines[index]
        if '"' not in line:
            record = RawRecord(first_line + index, 1, line.rstrip("\r\n").split(delimiter))
        else:
            record = _quoted_record(lines, index, delimiter, field_count, first_line)
        yield record
        index += record.line_span


def _quoted_record(lines: Sequence[str], index: int, delimiter: str, field_count: int, first_line: int) -> RawRecord:
    span = _quoted_span(lines, index, delimiter, field_count)
    if span is None:
        return RawRecord(first_line + index, 1, [], "QUOTE_OPEN")
    text = "".join(lines[index : index + span]).rstrip("\r\n")
    whole_record, one_field = _grammar(delimiter)
    if whole_record.fullmatch(text) is None:
        return RawRecord(first_line + index, span, [], "QUOTE_STRAY")
    fields = [quoted.replace('""', '"') or bare for quoted, bare in one_field.findall(text)]
    return RawRecord(first_line + index, span, fields)


def _quoted_span(lines: Sequence[str], index: int, delimiter: str, field_count: int) -> int | None:
    """How many lines a record with quotation marks spans: up to where their number is even; null where it never is."""
    marks, end = lines[index].count('"'), index + 1
    while marks % 2:
        if end == len(lines) or lines[end].count(delimiter) >= field_count - 1:
            return None
        marks += lines[end].count('"')
        end += 1
    return end - index


def _refusal(
    record: RawRecord, field_counts: Collection[int], unreadable: dict[int, str], encoding: str
) -> RefusedRecord | None:
    if unreadable and (character := first_unreadable(record, unreadable)):
        return unreadable_record(record.line_number, record.line_span, character, encoding)
    if record.fault is not None:
        return refused_record(record.line_number, record.line_span, record.fault)
    if len(record.fields) not in field_counts and any(map(str.strip, record.fields)):
        expected = " or ".join(map(str, sorted(field_counts, reverse=True)))
        return refused_record(
            record.line_number, record.line_span, "FIELD_COUNT", found=len(record.fields), expected=expected
        )
    return None


def first_unreadable(record: RawRecord, unreadable: dict[int, str]) -> str | None:
    """The first character in the record's lines that no value may have."""
    lines = range(record.line_number, record.line_number + record.line_span)
    return next((unreadable[line] for line in lines if line in unreadable), None)


def unreadable_record(line_number: int, line_span: int, character: str, encoding: str) -> RefusedRecord:
    """The refusal of a record for a character that no value may have."""
    if character == LOST:
        return refused_record(line_number, line_span, "CHARACTER_LOST", encoding=encoding)
    if character == "\ufeff":
        return refused_record(line_number, line_span, "BYTE_ORDER_MARK")
    return refused_record(line_number, line_span, "CONTROL_CHARACTER", kind=describe_character(character))


def leading_blank_lines(lines: Sequence[str]) -> int:
    """How many lines before the first one with text in it."""
    return next((index for index, line in enumerate(lines) if not is_blank(line)), len(lines))
