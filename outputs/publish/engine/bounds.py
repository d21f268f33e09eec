"""What a reader can say about each withheld cell from sizes alone.

The status tells a reader that a small cell holds 1 to T-1 students and, true zeros being shown, that any other withheld
cell holds at least T. Each relation narrows such bounds: a total is at least the sum of its parts' lower bounds, a part
at most the total less the others' lower bounds. Where the bounds of a cell meet, its count is public.
"""

import numpy as np

from outputs.publish.engine.system import Bools, CellSystem, Ints

# No bound: far above any count, and a sum of as many as a state has cells still fits 64 bits.
UNBOUNDED = 10**12
MAX_SWEEPS = 200


def pinned_cells(system: CellSystem, withheld: Bools, threshold: int) -> Ints:
    """Withheld cells whose lower and upper bound meet."""
    low, high = starting_bounds(system, withheld, threshold)
    for _ in range(MAX_SWEEPS):
        if not _sweep(system, low, high):
            break
    return np.flatnonzero(withheld & (low >= high))


def starting_bounds(system: CellSystem, withheld: Bools, threshold: int) -> tuple[Ints, Ints]:
    """Bounds that the statuses alone give; a printed cell is its own bound."""
    is_small = withheld & (system.counts < threshold)
    is_large = withheld & ~is_small
    low = np.where(is_small, 1, np.where(is_large, threshold, system.counts))
    high = np.where(is_small, threshold - 1, np.where(is_large, UNBOUNDED, system.counts))
    return low, high


def _sweep(system: CellSystem, low: Ints, high: Ints) -> bool:
    """Narrow all bounds once by every relation, in place; whether anything moved."""
    before = int(low.sum()), int(high.sum())
    parent, child, relation = system.parent, system.child, system.relation
    size = len(parent)
    parts_low = np.bincount(relation, low[child].astype(float), size).astype(np.int64)
    parts_high = np.bincount(relation, high[child].astype(float), size).astype(np.int64)
    np.maximum.at(low, parent, parts_low)
    np.minimum.at(high, parent, parts_high)
    np.maximum.at(low, child, (low[parent] - parts_high)[relation] + high[child])
    np.minimum.at(high, child, (high[parent] - parts_low)[relation] + low[child])
    return before != (int(low.sum()), int(high.sum()))
