"""What a file nearly is: the refusal that helps most where recognition found nothing to read."""

from collections.abc import Sequence

from schemas.dictionary import Dictionary, RecordLayout
from schemas.errors import FileRefused
from schemas.inbox.foreign import binary_refusal
from schemas.inbox.headers import fold, matching_layout, plain_cells
from schemas.inbox.literals import LITERAL, collection_named, layout_title, literal_at
from schemas.reading.recognition import DELIMITERS
from schemas.reading.refusals import file_refused

OTHER_DELIMITERS = {";": "semicolons", "|": "vertical bars", "~": "tildes", "^": "carets"}
LINES_SEARCHED_FOR_HEADER = 20


def unrecognised(content: bytes, head: Sequence[str], first: int, dictionary: Dictionary) -> FileRefused:
    """The refusal of a file that is nothing we take: head[first] is its first line with text."""
    layouts = tuple(dictionary.layouts.values())
    return (
        binary_refusal(content)
        or _header_elsewhere(head, first, layouts)
        or _header_otherwise_delimited(head, first, layouts)
        or _header_absent(head, first, dictionary)
        or _fixed_with_unknown_literal(head, first, dictionary)
        or _not_recognised(head, first, dictionary)
    )


def _header_elsewhere(head: Sequence[str], first: int, layouts: Sequence[RecordLayout]) -> FileRefused | None:
    for index in range(first + 1, min(first + LINES_SEARCHED_FOR_HEADER, len(head))):
        for delimiter in DELIMITERS.values():
            layout = matching_layout(plain_cells(head[index], delimiter), layouts)
            if layout is not None:
                return file_refused("HEADER_NOT_FIRST", index + 1, layout=layout_title(layout))
    return None


def _header_otherwise_delimited(head: Sequence[str], first: int, layouts: Sequence[RecordLayout]) -> FileRefused | None:
    for delimiter, kind in OTHER_DELIMITERS.items():
        cells = plain_cells(head[first], delimiter)
        if matching_layout(cells, layouts) is not None:
            return file_refused("DELIMITER_UNKNOWN", first + 1, kind=kind)
    return None


def _header_absent(head: Sequence[str], first: int, dictionary: Dictionary) -> FileRefused | None:
    versions = {collection.version: collection for collection in dictionary.collections}
    for delimiter in DELIMITERS.values():
        cells = plain_cells(head[first], delimiter)
        for cell in cells:
            if len(cells) > 1 and cell in versions:
                return file_refused(
                    "HEADER_ABSENT", first + 1, layout=layout_title(dictionary.layout_of(versions[cell]))
                )
    return None


def _fixed_with_unknown_literal(head: Sequence[str], first: int, dictionary: Dictionary) -> FileRefused | None:
    line = head[first].rstrip("\r\n")
    for layout in map(dictionary.layout_of, dictionary.collections):
        literal = literal_at(line, layout)
        if len(line) == layout.width and LITERAL.fullmatch(literal):
            try:
                collection_named(literal, first + 1, layout, dictionary)
            except FileRefused as refused:
                return refused
    return None


def _not_recognised(head: Sequence[str], first: int, dictionary: Dictionary) -> FileRefused:
    hint, most = "", 0
    for layout in dictionary.layouts.values():
        for delimiter in DELIMITERS.values():
            names = {fold(cell) for cell in plain_cells(head[first], delimiter)}
            shared = len(names & layout.by_header.keys())
            if shared > most:
                most = shared
                hint = f"{shared} of the {len(layout.fields)} column names of {layout_title(layout)} are there."
    # All collections of all years would be a list that nobody reads.
    years = dictionary.school_years
    dated = [each.version for each in dictionary.collections if each.school_year == years[-1]]
    return file_refused("NOT_RECOGNISED", first + 1, hint=hint, years=f"{years[0]} to {years[-1]}", example=dated[0])
