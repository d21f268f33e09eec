"""Opening an answered workbook: the cells of its sheets as text, guarded against files made to fill the memory."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemas.reading.refusals import file_refused

# A workbook of 300,000 answered rows is some tens of megabytes of XML; a bomb is gigabytes from kilobytes.
MOST_UNPACKED = 600 * 1024**2
MOST_PARTS = 2_000
# Of one sheet: 100,000 violations beside a record of 120 columns are twelve million.
MOST_CELLS = 20_000_000
_ROW_NUMBER = re.compile(rb"\br\s*=\s*[\"'][A-Za-z]{0,3}(\d{1,9})[\"']")
_COLUMN_LETTERS = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{1,3})\d")
HEAD_ROWS = 20
WORKBOOK_PART = "xl/workbook.xml"
WORKBOOK_DAMAGED = "WORKBOOK_DAMAGED"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet's name and its rows of text cells; an empty cell is an empty text."""

    name: str
    rows: Sequence[Sequence[str]]


def is_workbook(content: bytes) -> bool:
    """Whether the bytes are a zip archive with the main part of an Excel workbook."""
    if not content.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return WORKBOOK_PART in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, RuntimeError):
        return False


def workbook_sheets(content: bytes, *, only_head: bool = False) -> Iterator[Sheet]:
    """The sheets of a workbook in order.

    Args:
        only_head: the first rows of each alone.

    Raises:
        FileRefused: rejected; it would unpack to more than is taken, or cannot be opened.
    """
    import fastexcel

    _refuse_bomb(content)
    try:
        reader = fastexcel.read_excel(content)
        for name in reader.sheet_names:
            frame = reader.load_sheet(
                name, header_row=None, dtypes="string", n_rows=HEAD_ROWS if only_head else None, skip_rows=0
            ).to_polars()
            yield Sheet(name, [[cell or "" for cell in row] for row in frame.iter_rows()])
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException:
        # The library also gives up by panics, which are no Exceptions; whatever it stumbles over is in the file.
        raise file_refused(WORKBOOK_DAMAGED) from None


def _refuse_bomb(content: bytes) -> None:
    """Unpack every part once, counted, and look how far the cells of the sheets reach: the library makes room for all of it."""
    unpacked = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if len(archive.infolist()) > MOST_PARTS:
                raise file_refused("WORKBOOK_TOO_LARGE", megabytes=len(content) // 1024**2)
            for part in archive.infolist():
                with archive.open(part) as stream:
                    data = stream.read(MOST_UNPACKED - unpacked + 1)
                unpacked += len(data)
                if unpacked > MOST_UNPACKED or _cells_reached(data) > MOST_CELLS:
                    raise file_refused("WORKBOOK_TOO_LARGE", megabytes=unpacked // 1024**2)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, EOFError, RuntimeError):
        raise file_refused(WORKBOOK_DAMAGED) from None


def _cells_reached(part: bytes) -> int:
    """Rows times columns up to the furthest cell that a part of a workbook names; 0 where it names none."""
    rows, columns = set(_ROW_NUMBER.findall(part)), set(_COLUMN_LETTERS.findall(part))
    return max(map(int, rows), default=0) * max(map(_column_number, columns), default=0)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number
