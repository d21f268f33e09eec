"""What recognition found out about a file and reading needs to know."""

from dataclasses import dataclass
from typing import Literal

FileFormat = Literal["comma", "tab", "fixed", "id_batch", "near_match_return"]
Encoding = Literal["utf-8", "windows-1252"]
NEAR_MATCH_RETURN = "near_match_return"
DELIMITERS: dict[str, str] = {"comma": ",", "tab": "\t"}


@dataclass(frozen=True, slots=True)
class Recognition:
    """Which layout and collection a file is of, and how it is written.

    ``collection_version`` is the literal in the file, ``id_batch`` or ``near_match_return``; ``school_year`` is null
    for a return only. ``columns`` are the standard names in the file's own order and ``header_line`` the line they
    stand on; both are for delimited extracts, () and 0 elsewhere. ``newlines`` names each kind of line end found: LF,
    CRLF, CR.
    """

    layout: str
    collection_version: str
    school_year: int | None
    cycle: str
    file_format: FileFormat
    encoding: Encoding
    has_bom: bool
    newlines: frozenset[str]
    columns: tuple[str, ...] = ()
    header_line: int = 0
    header_lines: int = 0
