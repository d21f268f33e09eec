"""A fix-up file merged with the file it is about: its rows replace records, everything else is kept byte for byte.

A spreadsheet changes cells that nobody touched: it drops zeros in front, rewrites dates, shortens long numbers. A cell that
differs from what was sent in nothing but such a way counts as untouched; one whose digits were lost is refused.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from schemas.fix_ups.base_file import BaseFile, BaseRecord
from schemas.fix_ups.fix_up_file import AS_SENT, FixUpFile, FixUpRow
from schemas.inbox.headers import fold
from schemas.reading.decoding import UNREADABLE
from schemas.reading.refusals import file_refused

_MOST_NAMED = 10
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T].*)?")
_SHORTENED = re.compile(r"(\d)(?:\.(\d+))?[Ee]\+(\d+)")


@dataclass(frozen=True, slots=True)
class Merged:
    """The whole file that came out, and what was changed in it."""

    content: bytes
    records: int
    cells: int


def merge(base: BaseFile, fix_up: FixUpFile) -> Merged:
    """The base with the records of a fix-up file in it.

    Raises:
        FileRefused: rejected; columns, lines or values of the fix-up do not fit. Nothing is merged in part.
    """
    places = _column_places(base, fix_up)
    records = {record.line: record for record in base.records()}
    _refuse_lines(fix_up, records)
    changed: dict[int, tuple[BaseRecord, Sequence[str]]] = {}
    cells = 0
    for row in fix_up.rows:
        record = records[row.line or 0]
        values = [_new_value(base, row, n, record.values[n], row.cells[place]) for n, place in enumerate(places)]
        differing = sum(new.strip() != old.strip() for new, old in zip(values, record.values, strict=True))
        if differing:
            changed[record.line] = (record, values)
            cells += differing
    try:
        return Merged(base.with_records(changed), len(changed), cells)
    except UnicodeEncodeError:
        raise file_refused("FIX_UP_LETTER", encoding=base.recognition.encoding) from None


def _column_places(base: BaseFile, fix_up: FixUpFile) -> list[int]:
    """For each column of the base its place in the fix-up file; names are compared as headers are."""
    found = [fold(name) for name in fix_up.columns]
    wanted = [fold(name) for name in base.columns]
    missing = [name for name, folded in zip(base.columns, wanted, strict=True) if folded not in found]
    unknown = [name or "a column without a name" for name in fix_up.columns if fold(name) not in wanted]
    doubled = [name for name in fix_up.columns if found.count(fold(name)) > 1]
    if missing or unknown or doubled:
        parts = [("missing", missing), ("unknown", unknown), ("more than once", sorted(set(doubled)))]
        faults = "; ".join(f"{kind}: {', '.join(names[:_MOST_NAMED])}" for kind, names in parts if names)
        raise file_refused("FIX_UP_HEADER", faults=faults)
    return [found.index(name) for name in wanted]


def _refuse_lines(fix_up: FixUpFile, records: dict[int, BaseRecord]) -> None:
    unknown = [row.number for row in fix_up.rows if row.line not in records]
    if unknown:
        raise file_refused("FIX_UP_LINE_UNKNOWN", unknown[0], rows=_listed(unknown))
    count = Counter(row.line for row in fix_up.rows)
    doubled = [row.number for row in fix_up.rows if count[row.line] > 1]
    if doubled:
        raise file_refused("FIX_UP_LINE_DOUBLED", doubled[0], rows=_listed(doubled))


def _listed(rows: Sequence[int]) -> str:
    more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
    return ", ".join(map(str, rows[:_MOST_NAMED])) + more


def _new_value(base: BaseFile, row: FixUpRow, number: int, old: str, new: str) -> str:
    """What the record holds from now on in the column of that number; as it was sent where nobody changed it.

    Raises:
        FileRefused: the cell cannot stand in the file.
    """
    column = base.columns[number]
    if new == old.strip() or new == AS_SENT or _is_spoiled(old.strip(), new):
        return old
    if _SHORTENED.fullmatch(new):
        raise file_refused("FIX_UP_NUMBER", row.number, row=row.number, column=column)
    if "\n" in new or "\r" in new or (not base.is_fixed and base.delimiter == "\t" and "\t" in new):
        raise file_refused("FIX_UP_VALUE", row.number, row=row.number, column=column, fault="a tab or line end")
    if UNREADABLE.search(new):
        raise file_refused("FIX_UP_VALUE", row.number, row=row.number, column=column, fault="a control character")
    length = base.layout.by_header[fold(column)].length
    if base.is_fixed and len(new) > length:
        fault = f"{len(new)} characters where the layout has {length}"
        raise file_refused("FIX_UP_VALUE", row.number, row=row.number, column=column, fault=fault)
    return _as_date(new) if _DATE.fullmatch(old.strip()) else new


def _is_spoiled(old: str, new: str) -> bool:
    """Whether a spreadsheet made the new text of the old one."""
    if old.isdecimal() and new == (old.lstrip("0") or "0"):
        return True
    if _DATE.fullmatch(old) and _as_date(new) == old:
        return True
    if shortened := _SHORTENED.fullmatch(new):
        digits, more, exponent = shortened.groups()
        kept = digits + (more or "")
        rounded = _rounded(old, len(kept))
        return (
            old.isdecimal() and len(old.lstrip("0")) == int(exponent) + 1 and rounded == kept.ljust(len(rounded), "0")
        )
    return _is_same_number(old, new)


def _rounded(old: str, digits: int) -> str:
    """The first digits of a long number, rounded as a spreadsheet shows them."""
    plain = old.lstrip("0")
    if not plain.isdecimal() or len(plain) <= digits:
        return plain
    return str(round(int(plain), digits - len(plain)))[:digits]


def _is_same_number(old: str, new: str) -> bool:
    """``0.50`` that became ``0.5``: the same number, written shorter."""
    if "." not in old or len(new) >= len(old):
        return False
    try:
        return Decimal(old) == Decimal(new)
    except InvalidOperation:
        return False


def _as_date(text: str) -> str:
    """A date as layouts write it, mm/dd/yyyy; any other text as it is."""
    if found := _DATE.fullmatch(text):
        month, day, year = map(int, found.groups())
    elif found := _ISO.fullmatch(text):
        year, month, day = map(int, found.groups())
    else:
        return text
    try:
        return f"{date(year, month, day):%m/%d/%Y}"
    except ValueError:
        return text
