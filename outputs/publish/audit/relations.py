"""The equations a reader can write down: every parent is the sum of its children, along every axis of every table."""

from collections import defaultdict
from dataclasses import dataclass

from outputs.publish.audit.findings import Finding
from outputs.publish.audit.folder import SMALL, Axis, CellKey, Node, Release, Row, Table


@dataclass(frozen=True, slots=True)
class Cell:
    """One published number, however many tables print it."""

    key: CellKey
    count: int | None
    status: str
    threshold: int
    zeros: str

    @property
    def is_withheld(self) -> bool:
        return self.count is None

    @property
    def is_small(self) -> bool:
        return self.status == SMALL

    def __str__(self) -> str:
        population, places = self.key
        return " ".join([population, *(f"{axis}={'/'.join(node)}" for axis, node in places)])


@dataclass(frozen=True, slots=True)
class Equation:
    """``parent`` is the sum of ``children``; numbers of cells."""

    parent: int
    children: tuple[int, ...]


@dataclass(frozen=True)
class PublicSystem:
    cells: tuple[Cell, ...]
    equations: tuple[Equation, ...]


def build_public_system(release: Release) -> tuple[PublicSystem, list[Finding]]:
    """Cells and equations of all tables together, with what does not fit."""
    cells, findings = _gather_cells(release)
    numbers = {cell.key: number for number, cell in enumerate(cells)}
    equations: set[Equation] = set()
    for table in release.tables:
        findings += _missing_rows(table, release)
        for position, axis in enumerate(table.axes):
            if axis.is_additive:
                equations |= _axis_equations(table, position, axis, numbers)
            else:
                findings.append(Finding("NOT_ADDITIVE", axis.name, "overlapping children cannot be audited yet"))
    ordered = sorted(equations, key=lambda equation: (equation.parent, equation.children))
    return PublicSystem(tuple(cells), tuple(ordered)), findings


def _gather_cells(release: Release) -> tuple[list[Cell], list[Finding]]:
    """Each cell once; one count and one status wherever it is printed. The strictest table's threshold holds."""
    cells: dict[CellKey, Cell] = {}
    findings = []
    for table in release.tables:
        for row in table.rows:
            cell = Cell(row.key, row.count, row.status, table.threshold, table.zeros)
            other = cells.setdefault(cell.key, cell)
            if (other.count, other.status) != (cell.count, cell.status):
                findings.append(Finding("TABLES_DISAGREE", str(cell), "printed differently in two tables"))
            if other.threshold < cell.threshold or (cell.zeros == "protect" and other.zeros != "protect"):
                cells[cell.key] = Cell(
                    cell.key, other.count, other.status, max(other.threshold, cell.threshold), cell.zeros
                )
    return list(cells.values()), findings


def _missing_rows(table: Table, release: Release) -> list[Finding]:
    """Every combination of the axes' nodes has a row: a cell left out is a cell a reader can work on unseen."""
    present = {row.nodes for row in table.rows}
    expected: list[tuple[Node, ...]] = [()]
    for axis in table.axes:
        nodes = _nodes_of(axis, table.population, release)
        expected = [(*before, node) for before in expected for node in nodes]
    return [
        Finding(
            "MISSING_ROW", f"{table.name} {'/'.join(code for node in nodes for code in node)}", "no row for this cell"
        )
        for nodes in expected
        if nodes not in present
    ]


def _nodes_of(axis: Axis, population: str, release: Release) -> list[Node]:
    """All nodes of an axis in any table of a population, with everything above them."""
    found: set[Node] = {axis.top}
    for table in release.tables:
        for position, other in enumerate(table.axes):
            if other.name == axis.name and table.population == population:
                found |= {row.nodes[position] for row in table.rows}
    for node in list(found):
        above = axis.parent(node)
        while above is not None and above not in found:
            found.add(above)
            above = axis.parent(above)
    return sorted(found)


def _axis_equations(table: Table, position: int, axis: Axis, numbers: dict[CellKey, int]) -> set[Equation]:
    families: dict[tuple[Node, ...], list[Row]] = defaultdict(list)
    for row in table.rows:
        above = axis.parent(row.nodes[position])
        if above is not None:
            families[(*row.nodes[:position], above, *row.nodes[position + 1 :])].append(row)
    equations = set()
    for nodes, children in families.items():
        parent = numbers.get(table.cell_key(nodes))
        # A parent without a row is a MISSING_ROW already.
        if parent is not None:
            equations.add(Equation(parent, tuple(sorted(numbers[row.key] for row in children))))
    return equations
