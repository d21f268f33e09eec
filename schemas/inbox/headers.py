"""Header rows: which layout's column names they are, and everything that is wrong with them, said at once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from schemas.dictionary import RecordLayout
from schemas.reading.delimited import MOST_FIELDS

# A row counts as the header of a layout when half of the layout's names are in it, or when nearly all of its cells,
# five or more, are names of the layout; a class list with LastName and FirstName is neither.
SHARE_OF_LAYOUT = 0.5
SHARE_OF_CELLS = 0.8
FEWEST_NAMES = 5
LONGEST_NAME_SHOWN = 40
MOST_NAMES_LISTED = 30


@dataclass(frozen=True, slots=True)
class HeaderFaults:
    """What keeps a row from being a layout's header; names as the clerk should see them."""

    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    doubled: tuple[str, ...]
    blank: tuple[int, ...]

    @property
    def reason(self) -> str | None:
        """The reason code of the first kind of fault there is; null where the header is right."""
        kinds = {
            "HEADER_UNKNOWN_COLUMN": self.unknown,
            "HEADER_MISSING_COLUMN": self.missing,
            "HEADER_DOUBLED_COLUMN": self.doubled,
            "HEADER_BLANK_COLUMN": self.blank,
        }
        return next((reason for reason, faults in kinds.items() if faults), None)

    def __str__(self) -> str:
        parts = (
            ("unknown: ", self.unknown),
            ("missing: ", self.missing),
            ("more than once: ", self.doubled),
            ("without a name: column ", tuple(map(str, self.blank))),
        )
        return "; ".join(label + _listed(names) for label, names in parts if names)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES_LISTED
    return ", ".join(names[:MOST_NAMES_LISTED]) + (f" and {more} more" if more > 0 else "")


def fold(name: str) -> str:
    """A column name as headers are compared: trimmed and case-folded (design 3.2)."""
    return name.strip().casefold()


def matching_layout(cells: Sequence[str], layouts: Iterable[RecordLayout]) -> RecordLayout | None:
    """The layout whose header the cells are, right or faulty; the newest of equals; null where they are no header."""
    names = {fold(cell) for cell in cells if cell.strip()}

    def shared(layout: RecordLayout) -> int:
        return len(names & layout.by_header.keys())

    def likeness(layout: RecordLayout) -> float:
        # Over the names of both: every name of a short layout may stand in a long one.
        return shared(layout) / len(names | layout.by_header.keys())

    best = max(layouts, key=lambda layout: (likeness(layout), layout.school_year))
    count = shared(best)
    covers_layout = count >= SHARE_OF_LAYOUT * len(best.fields)
    covers_cells = count >= max(FEWEST_NAMES, SHARE_OF_CELLS * len(names))
    return best if covers_layout or covers_cells else None


def header_faults(cells: Sequence[str], layout: RecordLayout) -> HeaderFaults:
    """Names that are unknown (with the name probably meant), missing, doubled or blank."""
    found = Counter(fold(cell) for cell in cells)
    missing = [name for name in layout.by_header if name not in found]
    unknown = [cell for cell in cells if cell.strip() and fold(cell) not in layout.by_header]
    return HeaderFaults(
        unknown=tuple(_with_suggestions(unknown, missing, layout)),
        missing=tuple(layout.by_header[name].column for name in missing),
        doubled=tuple(field.column for name, field in layout.by_header.items() if found[name] > 1),
        blank=tuple(place for place, cell in enumerate(cells, start=1) if not cell.strip()),
    )


def _with_suggestions(unknown: Sequence[str], missing: list[str], layout: RecordLayout) -> Iterator[str]:
    """Unknown names, each of the first with the missing name that is most like it."""
    for place, cell in enumerate(unknown):
        close = get_close_matches(fold(cell), missing, n=1, cutoff=0.6) if place < MOST_NAMES_LISTED else []
        shown = printable(cell.strip())
        yield f"{shown} (do you mean {layout.by_header[close[0]].column}?)" if close else shown


def printable(text: str) -> str:
    """Text for a message: no control characters, no great length."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= LONGEST_NAME_SHOWN else shown[: LONGEST_NAME_SHOWN - 1] + "…"


def plain_cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line split in the plainest way; enough to see what it was meant to be."""
    return [cell.strip().strip('"') for cell in line.split(delimiter, MOST_FIELDS)]
