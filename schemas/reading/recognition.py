"""What recognition found out about a file and reading needs to know."""

from dataclasses import dataclass
from typing import Literal

FileFormat = Literal[
    "comma", "tab", "fixed", "id_batch", "near_match_return", "locator_request", "certificate", "decertification",
    "violation_response",
]  # fmt: skip
Encoding = Literal["utf-8", "windows-1252"]
NEAR_MATCH_RETURN = "near_match_return"
LOCATOR_REQUEST = "locator_request"
# Forms that a district signs; layout, collection and format of such a file have this one name.
CERTIFICATE = "certificate"
DECERTIFICATION = "decertification"
VIOLATION_RESPONSE = "violation_response"
DELIMITERS: dict[str, str] = {"comma": ",", "tab": "\t"}


@dataclass(frozen=True, slots=True)
class Recognition:
    """Which layout and collection a file is of, and how it is written.

    ``collection_version`` is the literal in the file, ``id_batch``, ``near_match_return`` or ``locator_request``;
    ``school_year`` is null for the last two only. ``columns`` are the standard names in the file's own order and
    ``header_line`` the line they stand on; both are for delimited extracts and locator requests, () and 0 elsewhere.
    ``newlines`` names each kind of line end found: LF, CRLF, CR.
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
