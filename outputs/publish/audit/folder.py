"""Reading a release folder as strictly as a stranger would have to: anything not understood is a finding."""

import csv
import hashlib
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outputs.publish.audit.findings import Finding

SHOWN = "shown"
SMALL = "suppressed_small"
COMPLEMENTARY = "suppressed_complementary"
STATUSES = frozenset({SHOWN, SMALL, COMPLEMENTARY})
DESCRIPTION = "release.json"
PAGE = "index.html"
KEYS = frozenset(
    {
        "format_version",
        "release",
        "school_year",
        "cycle",
        "supersedes",
        "min_width",
        "population",
        "axes",
        "tables",
        "earlier",
    }
)
_COUNT = re.compile(r"0|[1-9][0-9]{0,11}")

Node = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """A way to divide the population; ``columns`` run coarse to fine and are themselves the hierarchy."""

    name: str
    columns: tuple[str, ...]
    total: str
    parents: dict[str, str]
    is_additive: bool
    top: Node

    def parent(self, node: Node) -> Node | None:
        """The node one level up; the top has none."""
        if node == self.top:
            return None
        if len(self.columns) == 1:
            return (self.parents.get(node[0], self.total),)
        depth = sum(code != self.total for code in node)
        return (*node[: depth - 1], *self.top[depth - 1 :])

    def is_node(self, node: Node) -> bool:
        """Whether the total marker stands only after the codes, never before one."""
        depth = sum(code != self.total for code in node)
        return all(node) and node[depth:] == self.top[depth:]


@dataclass(frozen=True, slots=True)
class Row:
    """One published line: a node on each axis of its table."""

    nodes: tuple[Node, ...]
    key: "CellKey"
    count: int | None
    status: str
    percents: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    name: str
    population: str
    axes: tuple[Axis, ...]
    threshold: int
    zeros: str
    percents: tuple[dict[str, Any], ...]
    rows: tuple[Row, ...]

    def cell_key(self, nodes: tuple[Node, ...]) -> "CellKey":
        return cell_key(self.population, self.axes, nodes)


CellKey = tuple[str, tuple[tuple[str, Node], ...]]


def cell_key(population: str, axes: tuple[Axis, ...], nodes: tuple[Node, ...]) -> CellKey:
    """A cell is what it counts: axes at their total do not matter, so tables share cells."""
    placed = [(axis.name, node) for axis, node in zip(axes, nodes, strict=True) if node != axis.top]
    return population, tuple(sorted(placed))


@dataclass(frozen=True)
class Release:
    description: dict[str, Any]
    tables: tuple[Table, ...]


class Unreadable(Exception):
    """The folder is not a release; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def read_release(folder: Path) -> Release:
    """The release in a folder.

    Raises:
        Unreadable: something in it is not as design and release.json promise.
    """
    try:
        description = json.loads((folder / DESCRIPTION).read_text("utf-8"))
        _require(
            isinstance(description, dict) and set(description) == KEYS, DESCRIPTION, "keys are not the promised ones"
        )
        _require(description["format_version"] == 1, DESCRIPTION, "format_version is not 1")
        axes = {axis["name"]: _axis(axis) for axis in description["axes"]}
        tables = tuple(_table(folder, table, axes, description["population"]) for table in description["tables"])
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(
            Finding("UNREADABLE", folder.name, f"{type(error).__name__} while reading the release")
        ) from None
    return Release(description, tables)


def stray_files(folder: Path, release: Release) -> list[Finding]:
    """Files that nobody described: what is in the folder gets published."""
    known = {DESCRIPTION, PAGE, *(table["file"] for table in release.description["tables"])}
    found = sorted(path.name for path in folder.iterdir())
    return [
        Finding("STRAY_FILE", name, "release.json does not describe this file") for name in found if name not in known
    ]


def _axis(axis: dict[str, Any]) -> Axis:
    columns = tuple(axis["columns"])
    _require(len(columns) == 1 or not axis["parents"], axis["name"], "parents are given for a hierarchy of columns")
    top = (axis["total"],) * len(columns)
    return Axis(axis["name"], columns, axis["total"], dict(axis["parents"]), axis["additive"] is True, top)


def _table(folder: Path, table: dict[str, Any], axes: dict[str, Axis], populations: dict[str, str]) -> Table:
    name = table["name"]
    _require(table["population"] in populations, name, "its population is not described")
    _require(Path(table["file"]).name == table["file"], name, "the file is not in the folder")
    _require(isinstance(table["threshold"], int) and table["threshold"] >= 2, name, "the threshold is no number from 2")
    content = (folder / table["file"]).read_bytes()
    _require(hashlib.sha256(content).hexdigest() == table["sha256"], table["file"], "sha256 differs from release.json")
    chosen = tuple(axes[axis] for axis in table["axes"])
    rows = _rows(table, chosen, content)
    percents = tuple(table["percent"])
    return Table(name, table["population"], chosen, table["threshold"], table["zeros"], percents, rows)


def _rows(table: dict[str, Any], axes: tuple[Axis, ...], content: bytes) -> tuple[Row, ...]:
    _require(b"\r" not in content and not content.startswith(b"\xef\xbb\xbf"), table["file"], "not plain UTF-8 with LF")
    lines = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    dimensions = [column for axis in axes for column in axis.columns]
    percents = [percent["column"] for percent in table["percent"]]
    header = lines[0] if lines else []
    expected = sorted([*dimensions, table["value"], *percents, table["status"]])
    _require(sorted(header) == expected, table["file"], "columns are not the described ones")
    _require(header[: len(dimensions)] == dimensions, table["file"], "dimension columns are not first, coarse to fine")
    _require(all(len(line) == len(header) for line in lines), table["file"], "a row has another number of columns")
    keys = [line[: len(dimensions)] for line in lines[1:]]
    _require(keys == sorted(keys), table["file"], "rows are not sorted")
    _require(len({tuple(key) for key in keys}) == len(keys), table["file"], "a cell has two rows")
    reader = _RowReader(table, axes, {column: number for number, column in enumerate(header)})
    return tuple(reader.read(line) for line in lines[1:])


class _RowReader:
    """Lines to rows; the nodes of an axis come again and again, so each is looked at once."""

    def __init__(self, table: dict[str, Any], axes: tuple[Axis, ...], place: dict[str, int]) -> None:
        self._table, self._axes = table, axes
        self._nodes: list[dict[Node, Node]] = [{} for _ in axes]
        self._columns = [[place[column] for column in axis.columns] for axis in axes]
        self._value, self._status = place[table["value"]], place[table["status"]]
        self._percents = [place[percent["column"]] for percent in table["percent"]]

    def read(self, line: list[str]) -> Row:
        nodes = tuple(self._node(number, line) for number in range(len(self._axes)))
        text, status = line[self._value], line[self._status]
        if status not in STATUSES or (text != "") != (status == SHOWN):
            raise self._malformed(line, "status and count disagree")
        if text and not _COUNT.fullmatch(text):
            raise self._malformed(line, "the count is no whole number")
        key = cell_key(self._table["population"], self._axes, nodes)
        return Row(nodes, key, int(text) if text else None, status, tuple(line[place] for place in self._percents))

    def _node(self, number: int, line: list[str]) -> Node:
        node = tuple([line[place] for place in self._columns[number]])
        known = self._nodes[number].get(node)
        if known is not None:
            return known
        if not self._axes[number].is_node(node):
            raise self._malformed(line, "not a place in its axis")
        self._nodes[number][node] = node
        return node

    def _malformed(self, line: list[str], message: str) -> Unreadable:
        where = "/".join(line[place] for columns in self._columns for place in columns)
        return Unreadable(Finding("MALFORMED", f"{self._table['file']} {where}", message))


def _require(holds: bool, where: str, message: str) -> None:
    if not holds:
        raise Unreadable(Finding("MALFORMED", where, message))
