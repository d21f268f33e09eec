"""The page beside the tables may show what the tables show, and nothing else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from outputs.publish.audit.findings import Finding
from outputs.publish.audit.folder import PAGE, SMALL, Release, Table

_DATA = re.compile(r'<script type="application/json" id="release-data">(.*?)</script>', re.DOTALL)
# How the page writes a withheld cell.
_WITHHELD_SMALL = -1
_WITHHELD_OTHER = -2


def page_disagreements(folder: Path, release: Release) -> list[Finding]:
    """Where the page's data are not the tables' rows; a release without a page has none."""
    path = folder / PAGE
    if not path.exists():
        return []
    try:
        found = _DATA.findall(path.read_text("utf-8"))
        data = json.loads(found[0]) if len(found) == 1 else None
        printed = {name: list(rows) for name, rows in _printed(data).items()} if data else {}
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        return [Finding("PAGE", PAGE, "its data cannot be read")]
    return [
        Finding("PAGE", table.name, "the page does not show what the table shows")
        for table in release.tables
        if sorted(printed.get(table.name, [])) != sorted(_rows(table))
    ]


def _printed(data: dict[str, Any]) -> dict[str, Iterator[tuple[str, ...]]]:
    return {table["name"]: _page_rows(data["places"], table) for table in data["tables"]}


def _page_rows(places: list[list[str]], table: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Codes and the shown number of each cell, as text; places carry their name last."""
    for place, counts in zip(places, table["counts"], strict=True):
        for category, count in zip(table["categories"], counts, strict=True):
            yield (*place[:-1], category[0], str(count))


def _rows(table: Table) -> Iterator[tuple[str, ...]]:
    for row in table.rows:
        withheld = _WITHHELD_SMALL if row.status == SMALL else _WITHHELD_OTHER
        yield (*(code for node in row.nodes for code in node), str(withheld if row.count is None else row.count))
