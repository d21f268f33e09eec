"""Saved pages of the state: each table is known by its column heads, and a row that is not what its table claims is refused."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import lxml.html

from schemas.dictionary import FieldType, Requirement
from schemas.errors import DictionaryError

MOST_BYTES = 20_000_000
LAYOUT, RULES, CODES = "layout", "rules", "codes"
# Heads of each kind of table, as the state writes them -> our name for the column. All that have no * must be there.
_HEADS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    LAYOUT: {
        "item": ("item", "item_number"), "column": ("column", "column_name", "item_name", "field_name"),
        "required": ("required",), "type": ("type", "data_type"), "length": ("length", "max_length"),
        "precision*": ("precision",), "code_set*": ("code_set",), "definition": ("definition", "description"),
    },
    RULES: {
        "item": ("item_number",), "column": ("item_name",), "rule_id": ("collection_rule_id",), "severity": ("severity",),
        "business_rule": ("business_rule",), "title": ("short_title",), "message": ("general_message",),
        "detailed": ("detailed_message",),
    },
    CODES: {"code_set*": ("code_set",), "code": ("code",), "meaning": ("meaning", "description", "definition")},
}  # fmt: skip
_TYPES = {
    "text": "Text", "varchar2": "Text", "varchar": "Text", "char": "Text", "integer": "Integer", "number": "Number",
    "decimal": "Number", "date": "Date",
}  # fmt: skip
_SEVERITIES = {"e": "E", "error": "E", "w": "W", "warning": "W"}
_LITERAL = re.compile(r"['‘’\"“”]([0-9A-Za-z][0-9A-Za-z.]*)['‘’\"“”]")


@dataclass(frozen=True, slots=True)
class PageRow:
    """One row of a table of a saved page."""

    file: str
    table: int
    row: int
    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def place(self) -> str:
        return f"{self.file} table {self.table} row {self.row}"

    def refuse(self, reason: str) -> DictionaryError:
        return DictionaryError(f"{self.place}: {reason}")


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A saved page: what kind of table it has, the rows, and every quoted literal of its text."""

    file: str
    kind: str
    rows: tuple[PageRow, ...]
    literals: tuple[str, ...]
    heading: str


def read_pages(paths: Iterable[Path]) -> list[SavedPage]:
    """Files and folders of saved pages, in order of name.

    Raises:
        DictionaryError: no page, or one that is not what it claims; names file, table, row and reason.
    """
    files = [path for given in paths for path in (sorted(given.glob("*.htm*")) if given.is_dir() else [given])]
    if not files:
        raise DictionaryError("No saved page was named; give .html files or a folder of them.")
    return [_read(path) for path in files]


def _read(path: Path) -> SavedPage:
    if not path.is_file():
        raise DictionaryError(f"{path}: no such file")
    content = path.read_bytes()
    if len(content) > MOST_BYTES:
        raise DictionaryError(f"{path.name}: {len(content):,} bytes; a saved page has at most {MOST_BYTES:,}")
    try:
        document = lxml.html.document_fromstring(content, parser=lxml.html.HTMLParser(no_network=True))
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError, ValueError):
        raise DictionaryError(f"{path.name}: no HTML page") from None
    found = [
        (kind, number, heads, rows)
        for number, table in enumerate(document.iter("table"), start=1)
        for heads, rows in [_cells(table)]
        if (kind := _kind(heads))
    ]
    if not found:
        raise DictionaryError(
            f"{path.name}: no table of a layout, a rule list or a code set. A layout has the columns item, column, required, "
            "type, length, definition; a rule list Item_Number, Item_Name, Collection_Rule_ID, Severity, Business_Rule, "
            "Short_Title, General_Message, Detailed_Message; a code set code and meaning."
        )
    kinds = {kind for kind, *_ in found}
    if len(kinds) > 1:
        raise DictionaryError(f"{path.name}: tables of {' and '.join(sorted(kinds))} on one page; save one kind a page")
    rows = tuple(
        _row(path.name, number, place, kind, heads, values)
        for kind, number, heads, table_rows in found
        for place, values in enumerate(table_rows, start=1)
    )
    if not rows:
        raise DictionaryError(f"{path.name} table {found[0][1]}: no row below the heads")
    text = " ".join(document.text_content().split())
    heading = next((_text(one) for one in document.iter("h1", "h2", "title") if _text(one)), path.stem)
    return SavedPage(path.name, found[0][0], rows, tuple(dict.fromkeys(_LITERAL.findall(text))), heading)


def _cells(table: Any) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of a table's own cells, trimmed; a table inside a cell is another table."""
    lines = [
        [_text(cell) for cell in line.iterchildren("td", "th")]
        for line in table.iter("tr")
        if next(line.iterancestors("table")) is table
    ]
    lines = [line for line in lines if any(line)]
    return (lines[0], lines[1:]) if lines else ([], [])


def _text(element: Any) -> str:
    return " ".join(element.text_content().split())


def _kind(heads: Sequence[str]) -> str | None:
    named = {_head(head) for head in heads}
    for kind in (RULES, LAYOUT, CODES):
        if all(named & set(known) for name, known in _HEADS[kind].items() if not name.endswith("*")):
            return kind
    return None


def _head(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")


def _row(file: str, table: int, place: int, kind: str, heads: Sequence[str], cells: Sequence[str]) -> PageRow:
    names = {known: name.rstrip("*") for name, every in _HEADS[kind].items() for known in every}
    row = PageRow(
        file, table, place,
        {names[_head(head)]: cell for head, cell in zip(heads, cells, strict=False) if _head(head) in names},
    )  # fmt: skip
    if len(cells) != len(heads):
        raise row.refuse(f"{len(cells)} cells where the table has {len(heads)} heads")
    checks = {LAYOUT: _check_field, RULES: _check_rule, CODES: _check_code}
    return PageRow(file, table, place, checks[kind](row))


def _check_field(row: PageRow) -> dict[str, str]:
    values = dict(row.values)
    if not values["column"]:
        raise row.refuse("the column has no name")
    values["required"] = _one_of(row, "required", {each.casefold(): each for each in get_args(Requirement)})
    # A type may carry its length, as VarChar2(60) does.
    values["type"] = _one_of(row, "type", _TYPES, values["type"].split("(")[0].split(" ")[0])
    for name in ("length", "precision"):
        if values.get(name) and not values[name].isdigit():
            raise row.refuse(f"{name} is {values[name]!r}; it must be a whole number")
    assert values["type"] in get_args(FieldType)
    return values


def _check_rule(row: PageRow) -> dict[str, str]:
    values = dict(row.values)
    if not re.fullmatch(r"[A-Z]{3}[0-9]{5}", values["rule_id"]):
        raise row.refuse(f"Collection_Rule_ID is {values['rule_id']!r}; it must be three letters and five digits")
    values["severity"] = _one_of(row, "severity", _SEVERITIES)
    for name, head in (("title", "Short_Title"), ("message", "General_Message")):
        if not values[name]:
            raise row.refuse(f"{head} is empty")
    return values


def _check_code(row: PageRow) -> dict[str, str]:
    if not row["code"] or not row["meaning"]:
        raise row.refuse("code or meaning is empty")
    return dict(row.values)


def _one_of(row: PageRow, name: str, allowed: Mapping[str, str], given: str | None = None) -> str:
    found = allowed.get((row[name] if given is None else given).strip().casefold())
    if found is None:
        raise row.refuse(f"{name} is {row[name]!r}; known are {', '.join(dict.fromkeys(allowed.values()))}")
    return found
