"""Delimited text at once: the fast path, for files whose bytes prove that nothing can go wrong.

polars pads short rows, makes rows of blank lines and keeps control characters, all in silence. So it sees a file only when
a pass over the bytes has shown: one physical line per record, no control character, quotation marks only around whole
fields and none inside them, and exactly as many delimiters as all records together need. polars refuses a row with too
many; where the total is right and no row has too many, none has too few. Everything else takes the careful path
(``delimited.py``), which gives the same frame for the same clean file.
"""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from schemas.reading.extract import blank_to_null, without_blanks

LF, QUOTE, SPACE = 10, 34, 32
# What decoding.UNREADABLE holds beyond ASCII, in bytes: the byte order mark, the lost character, the C1 controls.
UNREADABLE_BEYOND_ASCII = (b"\xef\xbb\xbf", b"\xef\xbf\xbd")
C1_CONTROL = re.compile(rb"\xc2[\x80-\x9f]")
# The blanks beyond ASCII, by the bytes they begin with in UTF-8; where one occurs every value is trimmed.
BLANKS_BEYOND_ASCII = (b"\xc2\xa0", b"\xe1\x9a\x80", b"\xe2\x80", b"\xe2\x81\x9f", b"\xe3\x80\x80")


def read_clean(body: bytes, delimiter: str, names: Sequence[str], first_line: int) -> pl.DataFrame | None:
    """line_number and the text columns of a body of records, or null where the careful path must look.

    Args:
        body: valid UTF-8 with LF line ends, records only; its first line is line ``first_line`` of the file.
        names: one per field, in file order.

    Returns:
        trimmed values, blank ones null; rows without any value are still in the frame.
    """
    has_quotes = b'"' in body
    if not body or not _is_clean(body, delimiter, len(names), has_quotes):
        return None
    try:
        frame = pl.read_csv(
            body,
            has_header=False,
            schema=dict.fromkeys(names, pl.String()),
            separator=delimiter,
            quote_char='"' if has_quotes else None,
            infer_schema=False,
        )
    except pl.exceptions.PolarsError:
        return None
    if frame.height != _line_count(body):
        return None
    if _may_have_blanks(body, delimiter):
        frame = without_blanks(frame)
    elif has_quotes:
        frame = frame.with_columns(blank_to_null())
    return frame.with_row_index("line_number", offset=first_line)


def _is_clean(body: bytes, delimiter: str, field_count: int, has_quotes: bool) -> bool:
    lines = _line_count(body)
    wanted = lines * (field_count - 1)
    if _has_unreadable(body, lines) or b"\n\n" in body or body.startswith(b"\n"):
        return False
    if has_quotes:
        return _quotes_are_plain(body, delimiter, wanted)
    return body.count(delimiter.encode()) == wanted


def _line_count(body: bytes) -> int:
    return body.count(b"\n") + (not body.endswith(b"\n"))


def _has_unreadable(body: bytes, lines: int) -> bool:
    """Whether any character stands there that no value may have."""
    ends = lines if body.endswith(b"\n") else lines - 1
    controls = int(np.count_nonzero(np.frombuffer(body, np.uint8) < SPACE))
    if controls != ends + body.count(b"\t") or b"\x7f" in body:
        return True
    if body.isascii():
        return False
    return any(mark in body for mark in UNREADABLE_BEYOND_ASCII) or C1_CONTROL.search(body) is not None


def _quotes_are_plain(body: bytes, delimiter: str, wanted: int) -> bool:
    """Whether each quotation mark opens or closes a whole field on one line, and the delimiters outside are as wanted."""
    characters = np.frombuffer(body, np.uint8)
    marks = characters == QUOTE
    # Odd after an opening mark, even after a closing one; the sum may run over, its last bit stays right.
    inside = (np.cumsum(marks, dtype=np.uint8) & 1).view(bool)
    delimiters = characters == ord(delimiter)
    edges = delimiters | (characters == LF)
    if inside[-1] or bool((inside & (characters == LF)).any()):
        return False
    before = np.concatenate(([True], edges[:-1]))
    after = np.concatenate((edges[1:], [True]))
    stray = marks & ~np.where(inside, before, after)
    return not stray.any() and int(np.count_nonzero(delimiters & ~inside)) == wanted


def _may_have_blanks(body: bytes, delimiter: str) -> bool:
    """Whether a blank can stand at the edge of a value: beside a delimiter, line end or quotation mark."""
    if delimiter != "\t" and b"\t" in body:
        return True
    if not body.isascii() and any(blank in body for blank in BLANKS_BEYOND_ASCII):
        return True
    characters = np.frombuffer(body, np.uint8)
    blanks = np.flatnonzero(characters == SPACE)
    if not blanks.size:
        return False
    if blanks[0] == 0 or blanks[-1] == len(body) - 1:
        return True
    neighbours = np.concatenate((characters[blanks - 1], characters[blanks + 1]))
    return bool(np.isin(neighbours, (ord(delimiter), LF, QUOTE)).any())
