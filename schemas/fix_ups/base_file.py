"""The file that a fix-up is about: its records by line, and new bytes for some of them; all others stay byte for byte."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from schemas.dictionary import Dictionary, RecordLayout
from schemas.reading.decoding import decode, is_blank, physical_lines
from schemas.reading.delimited import raw_records
from schemas.reading.recognition import DELIMITERS, Recognition

# Every physical line with its end: the same lines that reading counts, for no letter of our encodings holds CR or LF.
_PHYSICAL_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


@dataclass(frozen=True, slots=True)
class BaseRecord:
    """One record: its first physical line, how many it spans, and its values as sent, in the order of the columns."""

    line: int
    span: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class BaseFile:
    """An extract of a record layout, as it lies in the archive."""

    content: bytes
    recognition: Recognition
    layout: RecordLayout

    @classmethod
    def of(cls, content: bytes, recognition: Recognition, dictionary: Dictionary) -> "BaseFile":
        return cls(content, recognition, dictionary.layout(recognition.layout, recognition.school_year))

    @property
    def is_fixed(self) -> bool:
        return self.recognition.file_format == "fixed"

    @property
    def delimiter(self) -> str:
        return DELIMITERS[self.recognition.file_format]

    @cached_property
    def standard_names(self) -> tuple[str, ...]:
        """Standard names of the columns, in the order of the file."""
        return tuple(self.layout.standard_names) if self.is_fixed else self.recognition.columns

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Header names of the columns, in the order of the file."""
        return tuple(self.layout.by_standard_name[name].column for name in self.standard_names)

    @cached_property
    def _lines(self) -> list[str]:
        return physical_lines(decode(self.content).text)

    def records(self) -> Iterator[BaseRecord]:
        """Every record that can be read."""
        if self.is_fixed:
            for number, line in enumerate(self._lines, start=1):
                if record := self._fixed_record(number, line):
                    yield record
            return
        start = self.recognition.header_line - 1 + self.recognition.header_lines
        for raw in raw_records(self._lines[start:], self.delimiter, len(self.columns), start + 1):
            if raw.fault is None and len(raw.fields) == len(self.columns) and not raw.is_empty:
                yield BaseRecord(raw.line_number, raw.line_span, tuple(raw.fields))

    def records_at(self, lines: Sequence[int]) -> Iterator[BaseRecord]:
        """The records that begin on some lines; a line where none begins or that cannot be read gives nothing.

        The lines must be those of records, as stored: a line inside a quoted value is not told from a record's first.
        """
        for number in lines:
            if not 1 <= number <= len(self._lines):
                continue
            if self.is_fixed:
                if record := self._fixed_record(number, self._lines[number - 1]):
                    yield record
                continue
            # A quoted value goes over a few lines; the record is looked for in so many.
            part = self._lines[number - 1 : number + 199]
            raw = next(raw_records(part, self.delimiter, len(self.columns), number))
            if raw.fault is None and len(raw.fields) == len(self.columns) and not raw.is_empty:
                yield BaseRecord(raw.line_number, raw.line_span, tuple(raw.fields))

    def _fixed_record(self, number: int, line: str) -> BaseRecord | None:
        text = line.rstrip("\r\n")
        if is_blank(text) or len(text) != self.layout.width:
            return None
        values = tuple(text[first - 1 : first - 1 + field.length] for field, first, _ in self.layout.positions())
        return BaseRecord(number, 1, values)

    def with_records(self, changed: Mapping[int, tuple[BaseRecord, Sequence[str]]]) -> bytes:
        """The file with new values in some records, by line; every other byte is as it was.

        Raises:
            UnicodeEncodeError: a value has a letter that the encoding of the file lacks.
        """
        lines = _PHYSICAL_LINE.findall(self.content)
        for number, (record, values) in sorted(changed.items(), reverse=True):
            first, last = lines[number - 1], lines[number - 2 + record.span]
            end = last[len(last.rstrip(b"\r\n")) :]
            text = self._rendered(values, is_quoted=first.startswith(b'"'))
            lines[number - 1 : number - 1 + record.span] = [text.encode(self.recognition.encoding) + end]
        return b"".join(lines)

    def _rendered(self, values: Sequence[str], *, is_quoted: bool) -> str:
        if self.is_fixed:
            return "".join(
                value.strip().ljust(field.length)
                for value, (field, _, _) in zip(values, self.layout.positions(), strict=True)
            )
        return self.delimiter.join(_cell(value, self.delimiter, is_quoted=is_quoted) for value in values)


def _cell(value: str, delimiter: str, *, is_quoted: bool) -> str:
    # A value that goes over several lines needs the marks, too: without them its record falls apart.
    if is_quoted or any(mark in value for mark in ('"', delimiter, "\n", "\r")):
        return '"' + value.replace('"', '""') + '"'
    return value
