"""Delimited text, line by line: the careful path, for lines that the fast path (``clean_delimited.py``) turns away.

Method: a record is one physical line unless a quotation mark opens on it and closes on a later one. Nothing is
repaired: a record is split in the one way the quotation rules allow, or it is refused with its line. After an open
quotation mark the next physical line begins a new record, so that one bad line never takes others with it.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from schemas.reading.decoding import LOST, describe_character, is_blank
from schemas.reading.refusals import RefusedRecord, refused_record

# Far more than any layout has; a line of delimiters alone must not fill the memory with empty fields.
MOST_FIELDS = 1_000


@dataclass(frozen=True, slots=True)
class LinesToSplit:
    """Physical lines of delimited records, with their line ends.

    ``first_line`` is the number of the first of them in the file; ``unreadable`` the first character that no value may
    have, by line number of the file; ``encoding`` is for messages.
    """

    lines: Sequence[str]
    first_line: int
    delimiter: str
    unreadable: dict[int, str]
    encoding: str


@dataclass(slots=True)
class SplitLines:
    """Physical lines sorted into plain lines, other records, refused records and blank lines; each is in one of them.

    A plain line is a whole record that the fast path can split: no quotation mark but in pairs around whole fields.
    """

    plain_lines: list[str] = field(default_factory=list)
    plain_line_numbers: list[int] = field(default_factory=list)
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

    def first_unreadable(self, unreadable: dict[int, str]) -> str | None:
        """The first character in the record's lines that no value may have."""
        lines = range(self.line_number, self.line_number + self.line_span)
        return next((unreadable[line] for line in lines if line in unreadable), None)

    @property
    def is_empty(self) -> bool:
        return not any(map(str.strip, self.fields))


def split_delimited(to_split: LinesToSplit, field_counts: Collection[int], set_plain_aside: bool = False) -> SplitLines:
    """Records of one of the expected field counts, refused records and blank lines.

    Args:
        set_plain_aside: leave plain lines of the greatest field count whole, for the fast path.
    """
    split, index = SplitLines(), 0
    while index < len(to_split.lines):
        line, number = to_split.lines[index], to_split.first_line + index
        if set_plain_aside and number not in to_split.unreadable and _is_plain(line, to_split, max(field_counts)):
            split.plain_lines.append(line)
            split.plain_line_numbers.append(number)
            index += 1
        else:
            record = _record_at(to_split.lines, index, to_split.delimiter, min(field_counts), to_split.first_line)
            _sort_record(record, to_split, field_counts, split)
            index += record.line_span
    return split


def _is_plain(line: str, to_split: LinesToSplit, field_count: int) -> bool:
    marks = line.count('"')
    if marks == 2 * field_count and _is_wholly_quoted(line.rstrip("\r\n"), to_split.delimiter, field_count):
        return True
    if marks:
        return _plain_line(to_split.delimiter, field_count).fullmatch(line) is not None
    return line.count(to_split.delimiter) == field_count - 1


def _is_wholly_quoted(line: str, delimiter: str, field_count: int) -> bool:
    """Whether a line with two quotation marks per field has them all around the fields; quicker than the grammar."""
    return line[0] == line[-1] == '"' and line.count(f'"{delimiter}"') == field_count - 1


@cache
def _plain_line(delimiter: str, field_count: int) -> re.Pattern[str]:
    """A line that is one whole record with quotation marks, none of them inside a value and no blank around them."""
    d = re.escape(delimiter)
    one = rf'(?:"[^"\r\n]*+"|[^"{d}\r\n]*+)'
    return re.compile(rf"{one}(?:{d}{one}){{{field_count - 1}}}[\r\n]*")


def _sort_record(record: RawRecord, to_split: LinesToSplit, field_counts: Collection[int], split: SplitLines) -> None:
    refused = _refusal(record, to_split, field_counts)
    if refused is not None:
        split.refused.append(refused)
    elif record.is_empty:
        split.blank_lines += record.line_span
    else:
        split.rows.append(record.fields)
        split.line_numbers.append(record.line_number)


def _refusal(record: RawRecord, to_split: LinesToSplit, field_counts: Collection[int]) -> RefusedRecord | None:
    number, span = record.line_number, record.line_span
    if character := record.first_unreadable(to_split.unreadable):
        return unreadable_record(number, span, character, to_split.encoding)
    if record.fault is not None:
        return refused_record(number, span, record.fault, most=MOST_FIELDS)
    if len(record.fields) not in field_counts and not record.is_empty:
        expected = " or ".join(map(str, sorted(field_counts, reverse=True)))
        return refused_record(number, span, "FIELD_COUNT", found=len(record.fields), expected=expected)
    return None


def raw_records(lines: Sequence[str], delimiter: str, field_count: int, first_line: int = 1) -> Iterator[RawRecord]:
    """Every record of the lines in order, blank lines included (as records of blank fields).

    Args:
        field_count: fields of a whole record; a later line with as many delimiters begins a record of its own, even
            where a quotation mark is still open.
    """
    index = 0
    while index < len(lines):
        record = _record_at(lines, index, delimiter, field_count, first_line)
        yield record
        index += record.line_span


def _record_at(lines: Sequence[str], index: int, delimiter: str, field_count: int, first_line: int) -> RawRecord:
    number = first_line + index
    if lines[index].count(delimiter) >= MOST_FIELDS:
        return RawRecord(number, 1, [], "TOO_MANY_FIELDS")
    if '"' not in lines[index]:
        return RawRecord(number, 1, lines[index].rstrip("\r\n").split(delimiter))
    span = _quoted_span(lines, index, delimiter, field_count)
    if span is None:
        return RawRecord(number, 1, [], "QUOTE_OPEN")
    text = "".join(lines[index : index + span]).rstrip("\r\n")
    whole_record, one_field = _grammar(delimiter)
    if whole_record.fullmatch(text) is None:
        return RawRecord(number, span, [], "QUOTE_STRAY")
    return RawRecord(number, span, [quoted.replace('""', '"') or bare for quoted, bare in one_field.findall(text)])


def _quoted_span(lines: Sequence[str], index: int, delimiter: str, field_count: int) -> int | None:
    """How many lines a record with quotation marks spans: up to where their number is even; null where it never is."""
    marks, end = lines[index].count('"'), index + 1
    while marks % 2:
        if end == len(lines) or lines[end].count(delimiter) >= field_count - 1:
            return None
        marks += lines[end].count('"')
        end += 1
    return end - index


@cache
def _grammar(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What a whole record looks like, and one field of it with the delimiter before it.

    A quotation mark may only enclose a whole field; inside it is doubled. Blanks around a quoted field are no part of
    it. Possessive repeats keep the time linear on any input.
    """
    d = re.escape(delimiter)
    quoted, bare = r' *+"([^"]*+(?:""[^"]*+)*+)" *+', rf'([^"{d}]*+)'
    one = f"(?:{quoted}|{bare})"
    return re.compile(f"{one}(?:{d}{one})*+"), re.compile(rf"(?:\A|{d}){one}(?={d}|\Z)")


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
