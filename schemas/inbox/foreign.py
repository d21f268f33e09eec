"""Files that are no text extract at all, told by their first bytes, so that the sender learns what to do instead."""

import re

from schemas.errors import FileRefused
from schemas.reading.refusals import file_refused

# First bytes -> reason and the name a clerk knows. Most specific first.
SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "SPREADSHEET_FILE", "Excel 97-2003"),
    (b"PK\x03\x04", "ARCHIVE_FILE", "ZIP"),
    (b"PK\x05\x06", "ARCHIVE_FILE", "empty ZIP"),
    (b"\x1f\x8b", "ARCHIVE_FILE", "gzip"),
    (b"BZh", "ARCHIVE_FILE", "bzip2"),
    (b"7z\xbc\xaf\x27\x1c", "ARCHIVE_FILE", "7-Zip"),
    (b"Rar!\x1a\x07", "ARCHIVE_FILE", "RAR"),
    (b"\xfd7zXZ\x00", "ARCHIVE_FILE", "xz"),
    (b"\x28\xb5\x2f\xfd", "ARCHIVE_FILE", "Zstandard"),
    (b"%PDF", "DOCUMENT_FILE", "PDF"),
    (b"{\\rtf", "DOCUMENT_FILE", "RTF"),
    (b"\x89PNG", "DOCUMENT_FILE", "PNG picture"),
    (b"\xff\xd8\xff", "DOCUMENT_FILE", "JPEG picture"),
    (b"\xff\xfe\x00\x00", "UTF16_FILE", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF16_FILE", "UTF-32"),
    (b"\xff\xfe", "UTF16_FILE", "UTF-16"),
    (b"\xfe\xff", "UTF16_FILE", "UTF-16"),
)
# Names inside a ZIP that make it a workbook.
WORKBOOK_PARTS = {b"xl/": "Excel", b"opendocument.spreadsheet": "OpenDocument"}
MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(<\?xml|<!doctype html|<html|<table|<[a-z]+[\s>]|[\[{]\s*[\"{\[\]}])", re.IGNORECASE
)
SAMPLE_SIZE = 4096
CONTROL_BYTES = bytes({*range(32)} - {9, 10, 12, 13, 26})
# Text has next to none; a stray one costs a record, not the file.
MOST_CONTROL_BYTES = 0.10


def refuse_foreign(content: bytes) -> None:
    """Let text pass.

    Raises:
        FileRefused: the bytes are a workbook, an archive, a document, markup, or text in UTF-16.
    """
    sample = content[:SAMPLE_SIZE]
    for signature, reason, kind in SIGNATURES:
        if sample.startswith(signature):
            workbook = _workbook(content) if kind == "ZIP" else None
            raise file_refused("SPREADSHEET_FILE" if workbook else reason, kind=workbook or kind)
    if markup := MARKUP.match(sample):
        raise file_refused("MARKUP_FILE", kind=_markup_kind(markup.group(1)))
    if _is_utf16(sample):
        raise file_refused("UTF16_FILE", kind="UTF-16 without a byte order mark")


def _workbook(content: bytes) -> str | None:
    # The list of parts stands at both ends of a ZIP; a large one need not be searched through.
    ends = content[:SAMPLE_SIZE] + content[-16 * SAMPLE_SIZE :]
    return next((kind for part, kind in WORKBOOK_PARTS.items() if part in ends), None)


def _markup_kind(start: bytes) -> str:
    if start[:1] in b"[{":
        return "JSON"
    return "XML" if start.lower().startswith(b"<?xml") else "a web page (HTML or XML)"


def binary_refusal(content: bytes) -> FileRefused | None:
    """The refusal of bytes that are no text, for what was recognised as nothing else."""
    sample = content[:SAMPLE_SIZE]
    controls = len(sample) - len(sample.translate(None, CONTROL_BYTES))
    if controls <= MOST_CONTROL_BYTES * len(sample):
        return None
    return file_refused("BINARY_FILE", count=controls, size=len(sample))


def _is_utf16(sample: bytes) -> bool:
    """Whether every second byte is NUL, as it is for Latin letters in UTF-16."""
    pairs = len(sample) // 2
    even, odd = sample[0 : 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    return pairs >= 4 and max(even, odd) > 0.8 * pairs and min(even, odd) < 0.2 * pairs
