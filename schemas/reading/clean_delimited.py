"""Delimited text at once: the fast path, for text whose bytes prove that nothing can go wrong.

polars pads short rows, makes rows of blank lines and keeps control characters, all in silence. So it sees only text
of which a pass over the bytes has shown: one physical line per record, no control character, quotation marks only
around whole fields and none inside them, and exactly as many delimiters as all records together need. polars refuses
a row with too many; where the total is right and no row has too many, none has too few. Everything else takes the
careful path (``delimited.py``), which gives the same frame for the same clean text.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from schemas.reading.decoding import has_unreadable
from schemas.reading.extract import blank_to_null, without_blanks

LF, QUOTE, SPACE = 10, 34, 32
# No text that gets this far holds it, so it can stand between fields while their quotation marks are off.
UNIT_SEPARATOR = "\x1f"
# Text that begins so is unpacked by polars, or refused as a broken archive; the other signatures are no UTF-8 text.
LOOKS_DEFLATED = (b"x^", b"x\xda")
# The blanks beyond ASCII, by the bytes they begin with in UTF-8; where one occurs every value is trimmed.
BLANKS_BEYOND_ASCII = (b"\xc2\xa0", b"\xe1\x9a\x80", b"\xe2\x80", b"\xe2\x81\x9f", b"\xe3\x80\x80")


def read_clean(body: bytes, delimiter: str, names: Sequence[str]) -> pl.DataFrame | None:
    """The text columns of a body of records, or null where the careful path must look.

    Args:
        body: valid UTF-8 with LF line ends, records only.
        names: one per field, in file order.

    Returns:
        one row a line; trimmed values, blank ones null; rows without any value are still in the frame.
    """
    lines = _line_count(body)
    if not body or body.startswith(LOOKS_DEFLATED) or has_unreadable(body) or b"\n\n" in body or body.startswith(b"\n"):
        return None
    body, delimiter = _unwrapped(body, delimiter, len(names), lines)
    wanted = lines * (len(names) - 1)
    has_quotes = b'"' in body
    if not (_quotes_are_plain(body, delimiter, wanted) if has_quotes else body.count(delimiter.encode()) == wanted):
        return None
    frame = _read(body, delimiter, names, has_quotes)
    if frame is None or frame.height != lines:
        return None
    if _may_have_blanks(body, delimiter, wanted):
        return without_blanks(frame)
    return frame.with_columns(blank_to_null()) if has_quotes else frame


def _read(body: bytes, delimiter: str, names: Sequence[str], has_quotes: bool) -> pl.DataFrame | None:
    try:
        return pl.read_csv(
            body,
            has_header=False,
            schema=dict.fromkeys(names, pl.String()),
            separator=delimiter,
            quote_char='"' if has_quotes else None,
            infer_schema=False,
        )
    except pl.exceptions.PolarsError:
        return None


def _line_count(body: bytes) -> int:
    return body.count(b"\n") + (not body.endswith(b"\n"))


def _unwrapped(body: bytes, delimiter: str, field_count: int, lines: int) -> tuple[bytes, str]:
    """The body without quotation marks where every field of every line has a pair; else as it was.

    All marks must go in ``","`` between fields, at line ends and at both ends of the body. A doubled mark or one inside
    a value would be left over, so what is left without marks was quoted plainly.
    """
    if body.count(b'"') != 2 * field_count * lines:
        return body, delimiter
    inner = body.removesuffix(b"\n")
    if not (inner.startswith(b'"') and inner.endswith(b'"')):
        return body, delimiter
    between, separator = f'"{delimiter}"'.encode(), UNIT_SEPARATOR.encode()
    inner = inner[1:-1].replace(between, separator).replace(b'"\n"', b"\n")
    return (body, delimiter) if b'"' in inner else (inner, UNIT_SEPARATOR)


def _quotes_are_plain(body: bytes, delimiter: str, wanted: int) -> bool:
    """Whether each quotation mark opens or closes a whole field on one line, with the delimiters outside as wanted."""
    characters = np.frombuffer(body, np.uint8)
    marks = np.flatnonzero(characters == QUOTE)
    if len(marks) % 2:
        return False
    edged = np.concatenate(([LF], characters, [LF])).astype(np.uint8)
    before, after = edged[marks[0::2]], edged[marks[1::2] + 2]
    if not np.isin(np.concatenate((before, after)), (ord(delimiter), LF)).all():
        return False
    line_ends = np.flatnonzero(characters == LF)
    if (np.searchsorted(marks, line_ends) % 2).any():
        return False
    delimiters_up_to = np.cumsum(characters == ord(delimiter), dtype=np.uint32)
    quoted = (delimiters_up_to[marks[1::2]] - delimiters_up_to[marks[0::2]]).sum()
    return int(delimiters_up_to[-1]) - int(quoted) == wanted


def _may_have_blanks(body: bytes, delimiter: str, delimiters: int) -> bool:
    """Whether a blank can stand at the edge of a value: beside a delimiter, line end or quotation mark."""
    if body.count(b"\t") > (delimiters if delimiter == "\t" else 0):
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
