"""CollectionVersion literals: which collection one names, where it stands, how a message may show it."""

import re
from difflib import get_close_matches

from schemas.dictionary import Collection, Dictionary, RecordLayout
from schemas.reading.refusals import file_refused

COLLECTION_VERSION = "collection_version"
LITERAL = re.compile(r"[0-9]{4}[A-Za-z0-9.]{4,46}")


def collection_named(text: str, line: int, layout: RecordLayout, dictionary: Dictionary) -> Collection:
    """The collection whose literal the first record carries.

    Raises:
        FileRefused: no collection has that literal, or one of another layout.
    """
    literal = text.strip()
    of_layout = [collection.version for collection in dictionary.collections if collection.layout == layout.name]
    expected = ", ".join(of_layout)
    found = next((collection for collection in dictionary.collections if collection.version == literal), None)
    if found is None:
        close = get_close_matches(literal, of_layout, n=1, cutoff=0.6)
        hint = f"Probably {close[0]} is meant." if close else ""
        raise file_refused("COLLECTION_UNKNOWN", line, found=_shown(literal), hint=hint, expected=expected)
    if found.layout != layout.name:
        other = layout_title(dictionary.layout_of(found))
        raise file_refused(
            "COLLECTION_OTHER_LAYOUT", line, found=literal, other=other, layout=layout_title(layout), expected=expected
        )
    return found


def _shown(literal: str) -> str:
    """A literal as a message may show it; a text of another form may be a student's value and is described only."""
    if not literal:
        return "blank"
    return literal if LITERAL.fullmatch(literal) else f"a text of {len(literal)} characters in another form"


def literal_at(line: str, layout: RecordLayout) -> str:
    """What stands at the place of CollectionVersion in a fixed-width record."""
    wanted = layout.by_standard_name[COLLECTION_VERSION]
    start = next(start for field, start, _ in layout.positions() if field is wanted)
    return line[start - 1 : start - 1 + wanted.length].strip()


def layout_title(layout: RecordLayout) -> str:
    return f"{layout.name} {layout.school_year}"
