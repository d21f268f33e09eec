"""What a reader learns by holding a release against the earlier ones: one system of equations over all of them.

A place that did not change between two releases is the same unknown in both; what only one of them prints is known in
both. The state's totals of two releases then differ by the places that came in between, which may be a single one. Whether
a figure changed is taken from the true counts: a reader who guesses it wrongly computes a wrong number, not a child.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from outputs.publish.audit.elimination import fixed_columns
from outputs.publish.audit.folder import CellKey, Unreadable, read_release
from outputs.publish.audit.relations import PublicSystem, build_public_system

# A cell of one release alone (its number first), or of every release (number -1).
Unknown = tuple[int, CellKey]
Branch = tuple[str, str]
EVERY_RELEASE = -1


def cells_known_together(folder: Path, counts: Mapping[CellKey, int]) -> set[CellKey]:
    """Keys of the small cells, of this release or an earlier one, that all of them give only together.

    A larger cell that was withheld beside them may come out: its parts are printed, and nobody small is behind it.

    Args:
        folder: the release; it names the earlier ones.
        counts: the true count of every cell of the release.

    Returns:
        Nothing where the folder cannot be read: the audit of the folder says so.
    """
    try:
        release = read_release(folder)
    except Unreadable:
        return set()
    systems = [build_public_system(release)[0], *_earlier_systems(folder, release.description["earlier"])]
    if len(systems) == 1:
        return set()
    changed = _changed_cells(systems, counts)
    moved = {branch for key in changed if (branch := _branch(key)) is not None}
    shared = _shared_cells(systems, changed, moved)
    printed = {
        _unknown(number, cell.key, shared)
        for number, one in enumerate(systems)
        for cell in one.cells
        if not cell.is_withheld
    }
    columns: dict[Unknown, int] = {}
    equations = [
        {columns.setdefault(unknown, len(columns)): sign for unknown, sign in entries if unknown not in printed}
        for number, one in enumerate(systems)
        for entries in _equations(number, one, shared)
    ]
    names = {column: unknown for unknown, column in columns.items()}
    small = {
        _unknown(number, cell.key, shared) for number, one in enumerate(systems) for cell in one.cells if cell.is_small
    }
    return {names[column][1] for column in fixed_columns(equations) if names[column] in small}


def _earlier_systems(folder: Path, earlier: list[dict[str, str]]) -> Iterator[PublicSystem]:
    for entry in earlier:
        try:
            yield build_public_system(read_release((folder / entry["path"]).parent))[0]
        except Unreadable:
            continue


def _equations(number: int, system: PublicSystem, shared: set[CellKey]) -> Iterator[list[tuple[Unknown, int]]]:
    names = [_unknown(number, cell.key, shared) for cell in system.cells]
    for equation in system.equations:
        yield [(names[equation.parent], 1), *((names[child], -1) for child in equation.children)]


def _branch(key: CellKey) -> Branch | None:
    """The district of a cell: the first code on an axis with levels; null for the whole state."""
    return next(((axis, node[0]) for axis, node in key[1] if len(node) > 1), None)


def _unknown(number: int, key: CellKey, shared: set[CellKey]) -> Unknown:
    return (EVERY_RELEASE, key) if key in shared else (number, key)


def _changed_cells(systems: list[PublicSystem], counts: Mapping[CellKey, int]) -> set[CellKey]:
    """Cells that an earlier release printed with another count than the true one of now."""
    return {
        cell.key
        for system in systems[1:]
        for cell in system.cells
        if cell.count is not None and counts.get(cell.key) != cell.count
    }


def _shared_cells(systems: list[PublicSystem], changed: set[CellKey], moved: set[Branch]) -> set[CellKey]:
    """Cells below the state that are the same in every release that has them.

    A cell that was never printed counts as unchanged where nothing printed of its district has changed.
    """
    printed_before = {cell.key for system in systems[1:] for cell in system.cells if not cell.is_withheld}
    keys = {cell.key for system in systems for cell in system.cells if _branch(cell.key) is not None}
    return {key for key in keys - changed if key in printed_before or _branch(key) not in moved}
