"""Hostile inputs, a growing set: what went wrong on the way, and what must come out.

Each is made from a clean comma-delimited extract (UTF-8, LF, a header and at least five records, no quotation marks), so
that the same set serves a layout of six columns and one of 114. Add a file here whenever one surprises anybody.
"""

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class HostileFile:
    """A file and its one honest outcome.

    Either the whole file is refused for ``reason``; or records are read, of which those on the lines of ``refused``
    are not, ``blank`` lines are blank, and ``extra`` records stand in it beyond those of the clean file. ``changed``
    lines are records whose text differs from the clean file's on purpose.
    """

    name: str
    content: bytes
    reason: str | None = None
    refused: tuple[int, ...] = ()
    blank: int = 0
    extra: int = 0
    changed: tuple[int, ...] = field(default=())


def line_changed(lines: list[bytes], number: int, change: Callable[[bytes], bytes]) -> bytes:
    """The file with line ``number``, from 1, changed."""
    return b"".join((change(line) if place == number else line) + b"\n" for place, line in enumerate(lines, start=1))


def with_field(change: Callable[[bytes], bytes], place: int = -1) -> Callable[[bytes], bytes]:
    """A line with one field changed; the last unless told."""

    def changed(line: bytes) -> bytes:
        fields = line.split(b",")
        fields[place] = change(fields[place])
        return b",".join(fields)

    return changed


def hostile_files(clean: bytes) -> list[HostileFile]:
    """The set, made from one clean file."""
    lines = clean.removesuffix(b"\n").split(b"\n")
    last = len(lines)
    return [
        *_other_line_ends(clean, lines, last),
        *_damaged_rows(clean, lines, last),
        *_damaged_quotes(lines, last),
        *_damaged_bytes(lines, last),
        *_damaged_headers(lines),
        *_foreign_files(clean),
    ]


def _other_line_ends(clean: bytes, lines: list[bytes], last: int) -> list[HostileFile]:
    mixed = b"".join(line + (b"\r\n", b"\n", b"\r")[place % 3] for place, line in enumerate(lines))
    return [
        HostileFile("CRLF", clean.replace(b"\n", b"\r\n")),
        HostileFile("CR", clean.replace(b"\n", b"\r")),
        HostileFile("mixed line ends", mixed),
        HostileFile("no line end at the end", clean[:-1]),
        HostileFile("blank line at the end", clean + b"\n", blank=1),
        HostileFile("blank lines between", clean.replace(b"\n", b"\n\n"), blank=last),
        HostileFile("CR CR LF", clean.replace(b"\n", b"\r\r\n"), blank=last),
        HostileFile("rows of delimiters at the end", clean + (lines[0].count(b",") * b"," + b"\n") * 3, blank=3),
        HostileFile("Ctrl-Z at the end", clean + b"\x1a", blank=1),
        HostileFile("Ctrl-Z behind the last value", clean[:-1] + b"\x1a"),
        HostileFile("DOS padding", clean + b"\x1a" * 100, blank=1),
        HostileFile("NUL padding", clean + b"\x00" * 16, refused=(last + 1,), extra=1),
        HostileFile("byte order mark", BOM + clean),
        HostileFile("tabs for commas", clean.replace(b",", b"\t")),
        HostileFile("every field quoted", b"".join(b'"%s"\n' % line.replace(b",", b'","') for line in lines)),
        HostileFile("blanks around every field", clean.replace(b",", b" , ")),
    ]


def _damaged_rows(clean: bytes, lines: list[bytes], last: int) -> list[HostileFile]:
    cut = clean[: clean.rindex(b",")]
    return [
        HostileFile("short row", line_changed(lines, 3, lambda line: line.rpartition(b",")[0]), refused=(3,)),
        HostileFile("long row", line_changed(lines, 3, lambda line: line + b",x"), refused=(3,)),
        HostileFile("delimiter at the end of a row", line_changed(lines, 3, lambda line: line + b","), refused=(3,)),
        HostileFile(
            "short and long row",
            line_changed(line_changed(lines, 3, lambda line: line + b",x").split(b"\n")[:-1], 4, lambda line: line.rpartition(b",")[0]),
            refused=(3, 4),
        ),
        HostileFile("cut within the last record", cut, refused=(last,)),
        HostileFile("row broken in two", line_changed(lines, 3, lambda line: line.replace(b",", b"\n", 1)), refused=(3, 4), extra=1),
        HostileFile("two rows in one line", line_changed(lines, 3, lambda line: line + b"," + line), refused=(3,)),
        HostileFile("row that begins with #", line_changed(lines, 3, lambda line: b"#" + line), changed=(3,)),
        HostileFile("words below the data", clean + b"End of export\n", refused=(last + 1,), extra=1),
    ]  # fmt: skip


def _damaged_quotes(lines: list[bytes], last: int) -> list[HostileFile]:
    return [
        HostileFile("open quote", line_changed(lines, 3, with_field(lambda value: b'"' + value)), refused=(3,)),
        HostileFile("open quote in the last record", line_changed(lines, last, with_field(lambda value: b'"' + value)), refused=(last,)),
        HostileFile("close quote alone", line_changed(lines, 3, with_field(lambda value: value + b'"')), refused=(3,)),
        HostileFile("quote inside a value", line_changed(lines, 3, with_field(lambda value: b'O"B')), refused=(3,)),
        HostileFile("text behind a closing quote", line_changed(lines, 3, with_field(lambda value: b'"O"B')), refused=(3,)),
        HostileFile(
            "open quotes on two rows",
            line_changed(
                line_changed(lines, 3, with_field(lambda value: b'"' + value)).split(b"\n")[:-1],
                4,
                with_field(lambda value: value + b'"'),
            ),
            refused=(3, 4),
        ),
        HostileFile("doubled quote", line_changed(lines, 3, with_field(lambda value: b'"O""B"')), changed=(3,)),
        HostileFile("delimiter in quotes", line_changed(lines, 3, with_field(lambda value: b'"O,B"')), changed=(3,)),
    ]  # fmt: skip


def _damaged_bytes(lines: list[bytes], last: int) -> list[HostileFile]:
    characters = {
        "NUL": b"\x00",
        "bell": b"\x07",
        "escape": b"\x1b",
        "Ctrl-Z": b"\x1a",
        "delete": b"\x7f",
        "C1 control": b"\xc2\x85",
    }
    return [
        *[
            HostileFile(f"{name} in a value", line_changed(lines, 3, with_field(lambda value, mark=mark: b"O" + mark + b"B")), refused=(3,))
            for name, mark in characters.items()
        ],
        HostileFile("byte order mark in the middle", line_changed(lines, 3, lambda line: BOM + line), refused=(3,)),
        HostileFile("lost character", line_changed(lines, 3, with_field(lambda value: b"O\xef\xbf\xbdB")), refused=(3,)),
        HostileFile("Windows-1252 letter", line_changed(lines, 3, with_field(lambda value: b"\xd1")), changed=(3,)),
        HostileFile("byte without meaning", line_changed(lines, 3, with_field(lambda value: b"\x81")), refused=(3,)),
        HostileFile("letter of ten million bytes", line_changed(lines, 3, with_field(lambda value: b"x" * 10_000_000)), changed=(3,)),
        HostileFile("two files joined", b"".join(line + b"\n" for line in lines) + BOM + b"".join(line + b"\n" for line in lines),
                    refused=(last + 1,), extra=last),
    ]  # fmt: skip


def _damaged_headers(lines: list[bytes]) -> list[HostileFile]:
    names = lines[0].split(b",")

    def with_header(cells: list[bytes]) -> bytes:
        return b"\n".join([b",".join(cells), *lines[1:], b""])

    return [
        HostileFile("header missing", b"\n".join([*lines[1:], b""]), "HEADER_ABSENT"),
        HostileFile("only a header", lines[0] + b"\n", "NO_RECORDS"),
        HostileFile("unknown column name", with_header([*names[:-1], b"Xyzzy"]), "HEADER_UNKNOWN_COLUMN"),
        HostileFile("column name missing", b"".join(line.rpartition(b",")[0] + b"\n" for line in lines), "HEADER_MISSING_COLUMN"),
        HostileFile("column name twice", with_header([*names, names[-1]]), "HEADER_DOUBLED_COLUMN"),
        HostileFile("delimiter at the end of the header", with_header([*names, b""]), "HEADER_BLANK_COLUMN"),
        HostileFile("title above the header", b"Export\n" + b"\n".join([*lines, b""]), "HEADER_NOT_FIRST"),
        HostileFile("semicolons", b"\n".join(lines).replace(b",", b";"), "DELIMITER_UNKNOWN"),
    ]  # fmt: skip


def _foreign_files(clean: bytes) -> list[HostileFile]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("xl/worksheets/sheet1.xml", clean)
    return [
        HostileFile("empty", b"", "EMPTY_FILE"),
        HostileFile("blank lines only", b"\r\n \r\n", "EMPTY_FILE"),
        HostileFile("workbook", archive.getvalue(), "SPREADSHEET_FILE"),
        HostileFile("gzip", gzip.compress(clean), "ARCHIVE_FILE"),
        HostileFile("UTF-16 with mark", clean.decode().encode("utf-16"), "UTF16_FILE"),
        HostileFile("UTF-16 without mark", clean.decode().encode("utf-16-le"), "UTF16_FILE"),
        HostileFile("PDF", b"%PDF-1.4\n1 0 obj\n", "DOCUMENT_FILE"),
        HostileFile("web page", b"<html><body><table><tr><td>1</td></tr></table></body></html>", "MARKUP_FILE"),
        HostileFile("noise", bytes(range(256)) * 8, "BINARY_FILE"),
        HostileFile("letter", b"Dear colleague,\nsee attached.\n", "NOT_RECOGNISED"),
    ]
