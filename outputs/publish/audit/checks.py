"""The checks on a readable release, each from what is printed to what may not be known."""

from collections.abc import Iterable
from pathlib import Path

from outputs.publish.audit.elimination import fixed_columns
from outputs.publish.audit.findings import Finding
from outputs.publish.audit.folder import Node, Release, Row, Table, Unreadable, read_release
from outputs.publish.audit.intervals import bounds_of
from outputs.publish.audit.relations import Cell, PublicSystem

ZERO_POLICIES = frozenset({"allow", "protect"})


def printed_small_counts(cells: Iterable[Cell]) -> list[Finding]:
    """Counts of 1 to T-1 that are printed; under ``protect`` a printed zero discloses as much."""
    findings = []
    for cell in cells:
        if cell.zeros not in ZERO_POLICIES:
            findings.append(Finding("ZEROS_UNKNOWN", str(cell), "the zeros policy cannot be audited"))
        if cell.count is not None and 0 < cell.count < cell.threshold:
            findings.append(Finding("SMALL_COUNT", str(cell), f"printed below {cell.threshold}"))
        if cell.count == 0 and cell.zeros == "protect":
            findings.append(Finding("PRINTED_ZERO", str(cell), "a zero is printed where the table protects zeros"))
    return findings


def weak_thresholds(release: Release, least: int) -> list[Finding]:
    """Tables that promise less than they must."""
    return [
        Finding("WEAK_THRESHOLD", table.name, f"withholds below {table.threshold}, {least} is required")
        for table in release.tables
        if table.threshold < least
    ]


def wrong_sums(system: PublicSystem) -> list[Finding]:
    """Totals whose parts are all printed and do not make them up."""
    findings = []
    for equation in system.equations:
        total = system.cells[equation.parent].count
        parts = [system.cells[child].count for child in equation.children]
        if total is not None and None not in parts and total != sum(part or 0 for part in parts):
            findings.append(Finding("WRONG_SUM", str(system.cells[equation.parent]), "not the sum of its parts"))
    return findings


def fixed_by_equations(system: PublicSystem) -> list[Finding]:
    """Withheld cells that some combination of printed cells gives."""
    equations = []
    for equation in system.equations:
        entries = [(equation.parent, 1), *((child, -1) for child in equation.children)]
        equations.append({cell: sign for cell, sign in entries if system.cells[cell].is_withheld})
    return [
        Finding("COMPUTABLE", str(system.cells[cell]), "withheld, but the printed counts give it")
        for cell in sorted(fixed_columns(equations))
    ]


def fixed_by_size(system: PublicSystem) -> list[Finding]:
    """Withheld cells whose bounds meet, and cells whose bounds contradict each other: a release that cannot be true."""
    findings = []
    for cell, (low, high) in zip(system.cells, bounds_of(system), strict=True):
        if low > high:
            findings.append(Finding("CONTRADICTION", str(cell), "no counts fit all that is printed"))
        elif low == high and cell.is_withheld:
            findings.append(Finding("COMPUTABLE", str(cell), "withheld, but sizes and sums leave one count"))
    return findings


def revealing_percents(table: Table) -> list[Finding]:
    """Percentages beside withheld figures, or that are not what the printed counts give.

    A percentage may stand where numerator, denominator and the rest of the denominator may all be printed.
    """
    rows = {row.nodes: row for row in table.rows}
    findings = []
    for number, percent in enumerate(table.percents):
        for row in table.rows:
            whole = rows.get(_denominator(table, row, percent["over"]))
            allowed = _allowed_percent(row, whole, table.threshold, percent["decimals"])
            if row.percents[number] not in ("", allowed):
                findings.append(Finding("PERCENT", _where(table, row), "not a percentage that may be printed here"))
    return findings


def _denominator(table: Table, row: Row, over: list[str]) -> tuple[Node, ...]:
    return tuple(axis.top if axis.name in over else node for axis, node in zip(table.axes, row.nodes, strict=True))


def _allowed_percent(row: Row, whole: Row | None, threshold: int, decimals: int) -> str:
    if row.count is None or whole is None or not whole.count or 0 < whole.count - row.count < threshold:
        return ""
    unit = 10**decimals
    rounded = (2 * 100 * unit * row.count + whole.count) // (2 * whole.count)
    return f"{rounded // unit}.{rounded % unit:0{decimals}d}" if decimals else str(rounded)


def _where(table: Table, row: Row) -> str:
    return f"{table.name} {'/'.join(code for node in row.nodes for code in node)}"


def differences_to_earlier(folder: Path, release: Release, cells: Iterable[Cell]) -> list[Finding]:
    """Cells whose change since an earlier print isolates 1 to T-1 students, or that were withheld then and not now."""
    now = {cell.key: cell for cell in cells}
    findings = []
    for entry in release.description["earlier"]:
        try:
            earlier = read_release((folder / entry["path"]).parent)
        except Unreadable as unreadable:
            findings.append(Finding("EARLIER_UNREADABLE", entry["release"], str(unreadable.finding)))
            continue
        for table in earlier.tables:
            for row in table.rows:
                findings += _difference(now.get(row.key), row, entry["release"])
    return sorted(set(findings))


def _difference(cell: Cell | None, row: Row, release: str) -> list[Finding]:
    if cell is None or not cell.count:
        # Withheld now, or a true zero: a printed cell that falls to zero was at least the threshold.
        return []
    if row.count is None:
        return [Finding("WITHHELD_BEFORE", str(cell), f"printed now, but withheld in {release}")]
    if 0 < abs(cell.count - row.count) < cell.threshold:
        return [Finding("SMALL_CHANGE", str(cell), f"its change since {release} is below {cell.threshold}")]
    return []
