"""Bytes -> text, the first step of reading: which encoding, byte order mark, end-of-file mark, line ends.

Afterwards every file is valid UTF-8. A byte that has no meaning in the file's encoding has become U+FFFD; the record
that holds it is refused later, with its line, and the other records are read.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.reading.recognition import Encoding

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
END_OF_FILE_MARK = b"\x1a"
LOST = "\ufffd"
# A capital A with tilde before a symbol is no letter pair of any name; it is what a UTF-8 letter looks like when its
# bytes are read as Windows-1252. Such a record would be stored with a wrong name, so it counts as unreadable.
UTF8_LETTER_AMONG_WINDOWS_1252 = re.compile(rb"\xc3[\x80-\xbf]")
# Control characters have no place in a value. The tab is a blank or the delimiter, LF and CR end lines.
UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffd]")
# The same in the bytes of UTF-8, where the search is many times quicker: controls of ASCII, byte order mark, lost
# character, the C1 controls.
ASCII_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\r"))
MARKS_BEYOND_ASCII = (BYTE_ORDER_MARK, "\ufffd".encode())
C1_CONTROL = re.compile(rb"\xc2[\x80-\x9f]")


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """The file as UTF-8 without byte order mark and end-of-file mark; line ends are those of the file."""

    data: bytes
    encoding: Encoding
    has_bom: bool

    @property
    def text(self) -> str:
        return self.data.decode("utf-8")


def decode(content: bytes) -> DecodedFile:
    """The content of a file as UTF-8: from UTF-8 where it is that, else from Windows-1252."""
    has_bom = content.startswith(BYTE_ORDER_MARK)
    data = content[len(BYTE_ORDER_MARK) :] if has_bom else content
    encoding: Encoding = "utf-8"
    if not _is_utf8(data):
        encoding = "utf-8" if has_bom or _is_mostly_utf8(data) else "windows-1252"
        data = _with_lost_characters(data, encoding)
    return DecodedFile(_without_end_of_file_mark(data), encoding, has_bom)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether more characters beyond ASCII are valid UTF-8 than are not: a UTF-8 file with a few damaged letters."""
    beyond_ascii = re.findall("[^\x00-\x7f]", data.decode("utf-8", "surrogateescape"))
    invalid = sum("\udc80" <= character <= "\udcff" for character in beyond_ascii)
    return len(beyond_ascii) > 2 * invalid


def _with_lost_characters(data: bytes, encoding: Encoding) -> bytes:
    if encoding == "windows-1252":
        # 0x81 has no meaning in Windows-1252, so these letters become lost characters too.
        data = UTF8_LETTER_AMONG_WINDOWS_1252.sub(b"\x81\x81", data)
    return data.decode(encoding, "replace").encode("utf-8")


def _without_end_of_file_mark(data: bytes) -> bytes:
    """The text without Ctrl-Z at its end, the end-of-file mark of DOS; a line of its own stays, as a blank line."""
    marked = data.rstrip(b" \t\r\n")
    if not marked.endswith(END_OF_FILE_MARK):
        return data
    text = marked.rstrip(END_OF_FILE_MARK)
    stands_alone = not text or text.endswith((b"\n", b"\r"))
    return text + (b" " if stands_alone else b"") + data[len(marked) :]


def physical_lines(text: str) -> list[str]:
    """The physical lines with their line ends: CRLF, LF and CR each end one; a line end at the very end opens none."""
    return list(io.StringIO(text, newline=""))


def newline_kinds(data: bytes) -> frozenset[str]:
    """Which line ends a text has: LF, CRLF, CR."""
    if b"\r" not in data:
        return frozenset({"LF"} if b"\n" in data else ())
    both = data.count(b"\r\n")
    counts = {"LF": data.count(b"\n") - both, "CRLF": both, "CR": data.count(b"\r") - both}
    return frozenset(kind for kind, count in counts.items() if count)


def with_lf(data: bytes) -> bytes:
    """The text with LF at the end of every line; the number of lines stays."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def is_blank(line: str) -> bool:
    return not line.strip()


def has_unreadable(data: bytes) -> bool:
    """Whether UTF-8 holds a character that no value may have."""
    if len(data.translate(None, ASCII_CONTROLS)) != len(data):
        return True
    if data.isascii():
        return False
    return any(mark in data for mark in MARKS_BEYOND_ASCII) or C1_CONTROL.search(data) is not None


def unreadable_lines(lines: Sequence[str], data: bytes) -> dict[int, str]:
    """The first unreadable character of each physical line of a file that has one, by line number from 1."""
    if not has_unreadable(data):
        return {}
    matches = ((number, UNREADABLE.search(line)) for number, line in enumerate(lines, start=1))
    return {number: match.group() for number, match in matches if match}


def describe_character(character: str) -> str:
    """A control character's name for a person: ``NUL``, ``U+0007``."""
    names = {"\x00": "NUL", "\x1a": "Ctrl-Z", "\x0c": "form feed", "\x1b": "escape", "\x7f": "delete"}
    return names.get(character, f"U+{ord(character):04X}")
