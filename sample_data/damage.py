"""Files that cannot be read as they are: damaged lines, and files that are no extract of ours at all."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from sample_data.formats import BOM

SEPARATOR = {"comma": b",", "tab": b"\t"}


@dataclass(frozen=True)
class Damaged:
    """A damaged extract: its bytes, the lines whose records cannot be read, and the last line that is left."""

    content: bytes
    refused_lines: tuple[int, ...]
    last_line: int


def damage_lines(content: bytes, separator: bytes, newline: bytes) -> Damaged:
    """An extract with a short row, a stray quotation mark and a control character, each on a line of its own."""
    lines = content.split(newline)
    records = len(lines) - 2
    places = sorted({2 + records * part // 4 for part in (1, 2, 3)} & set(range(2, records + 2)))
    for place, harm in zip(places, (_short_row, _stray_quote, _control_character), strict=False):
        lines[place - 1] = harm(lines[place - 1], separator)
    return Damaged(newline.join(lines), tuple(places), records + 1)


def _short_row(line: bytes, separator: bytes) -> bytes:
    return separator.join(line.split(separator)[:-6])


def _stray_quote(line: bytes, separator: bytes) -> bytes:
    fields = line.split(separator)
    fields[11] = fields[11][:2] + b'"' + fields[11][2:]
    return separator.join(fields)


def _control_character(line: bytes, separator: bytes) -> bytes:
    fields = line.split(separator)
    fields[12] = fields[12][:1] + b"\x07" + fields[12][1:]
    return separator.join(fields)


def without_last_field(content: bytes, line: int) -> bytes:
    """A tab-delimited file with LF line ends that lacks the last field of one line (counted from 1)."""
    lines = content.split(b"\n")
    lines[line - 1] = lines[line - 1].rsplit(b"\t", 1)[0]
    return b"\n".join(lines)


def cut_off(content: bytes, newline: bytes, keep: float = 0.93) -> Damaged:
    """An upload that broke off: the last line is part of a record."""
    end = content.rfind(newline, 0, int(len(content) * keep))
    # At least one whole record stays, and of the next one the first fields.
    end = max(end, content.find(newline, content.find(newline) + 1))
    piece = content[: end + len(newline) + 40]
    last = piece.count(newline) + 1
    return Damaged(piece, (last,), last)


def pdf_bytes() -> bytes:
    """The smallest thing that calls itself a PDF."""
    body = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    return body + b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


def workbook_bytes() -> bytes:
    """A workbook's container with the parts by which it is known; the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
        for name in ("[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"):
            book.writestr(zipfile.ZipInfo(name, date_time=(2024, 10, 1, 8, 0, 0)), "<xml/>")
    return buffer.getvalue()


def utf16_text(content: bytes) -> bytes:
    """What a spreadsheet saves as Unicode text."""
    return content.removeprefix(BOM).decode().replace(",", "\t").encode("utf-16")


def with_header(content: bytes, change: Callable[[list[bytes]], list[bytes]], newline: bytes = b"\n") -> bytes:
    """A comma file with other column names; every record keeps its fields."""
    header, rest = content.split(newline, 1)
    return b",".join(change(header.split(b","))) + newline + rest
