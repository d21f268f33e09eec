"""Status of every cell of one population: shown, withheld for its size, or withheld to protect another.

Primary suppression, then closure of every relation, then the two checks that look at all relations at once (bounds and
row space), each adding partners, until nothing is left to add. From there on cells are only ever withheld, and with
every non-zero cell withheld no count is fixed by equations, so the work ends.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from outputs.publish.engine.bounds import pinned_cells
from outputs.publish.engine.closure import Withholding
from outputs.publish.engine.cycles import CellNetwork, cheapest_cycle
from outputs.publish.engine.row_space import fixed_cells
from outputs.publish.engine.system import Bools, CellSystem, build_system
from schemas.errors import UnsafeRelease

SHOWN = "shown"
SMALL = "suppressed_small"
COMPLEMENTARY = "suppressed_complementary"


@dataclass(frozen=True)
class SuppressionRules:
    """What the release promises.

    Args:
        threshold: counts of 1 to threshold - 1 are withheld (30 by the 2007 policy).
        closes_residuals: also the withheld parts under a printed total must together reach the threshold.
    """

    threshold: int
    closes_residuals: bool = True


def suppress_small_cells(cells: pl.DataFrame, rules: SuppressionRules) -> pl.DataFrame:
    """The cells with a ``status``.

    Args:
        cells: as ``build_system`` takes them; optionally ``must_withhold``, true for cells that an earlier release
            forbids to print.

    Raises:
        UnsafeRelease: a cell stays exposed although everything near it is withheld.
    """
    system = build_system(cells)
    withholding = Withholding(system, rules.threshold, rules.closes_residuals)
    primary = _primary_cells(system, rules.threshold, cells)
    for cell in np.flatnonzero(primary).tolist():
        withholding.withhold(cell)
    withholding.close()
    withholding.print_needless(keep=primary)
    _protect(withholding)
    return cells.with_columns(_statuses(withholding, rules.threshold))


def _primary_cells(system: CellSystem, threshold: int, cells: pl.DataFrame) -> Bools:
    is_small = (system.counts > 0) & (system.counts < threshold)
    if "must_withhold" in cells.columns:
        is_small |= cells["must_withhold"].to_numpy() & (system.counts > 0)
    return is_small


def _protect(withholding: Withholding) -> None:
    """Close, check, add partners, again, until both checks find nothing.

    Raises:
        UnsafeRelease: a cell is exposed and there is nothing left to withhold.
    """
    network = CellNetwork(withholding.system)
    while True:
        withholding.close()
        withheld = withholding.as_array()
        pinned = pinned_cells(withholding.system, withheld, withholding.threshold).tolist()
        if pinned:
            _add_partners(withholding, pinned)
        else:
            fixed = fixed_cells(withholding.system, withheld).tolist()
            if not fixed:
                return
            _free(withholding, network, fixed)
        if np.array_equal(withheld, withholding.as_array()):
            raise UnsafeRelease(
                "A withheld count follows from the statuses alone although all counts around it are withheld: "
                "the threshold is too low for tables of this many categories. Raise suppression_threshold."
            )


def _free(withholding: Withholding, network: CellNetwork, fixed: list[int]) -> None:
    """Withhold the cheapest cycle through each fixed cell that no earlier cycle has freed."""
    freed: set[int] = set()
    hopeless = []
    for cell in fixed:
        if cell in freed:
            continue
        cycle = cheapest_cycle(network, withholding, cell)
        if all(withholding.withheld[member] for member in cycle):
            hopeless.append(cell)
        for member in cycle:
            withholding.withhold(member)
        freed.update(cycle)
    _add_partners(withholding, hopeless)


def _add_partners(withholding: Withholding, exposed: list[int]) -> None:
    """One partner for each group of exposed cells; neighbours of a new partner wait for the next check."""
    relations_of = withholding.system.relations_of
    touched: set[int] = set()
    for cell in exposed:
        if touched.isdisjoint(relations_of[cell]):
            partner = _nearest_partner(withholding, cell)
            if partner is not None:
                withholding.withhold(partner)
                touched.update(relations_of[cell], relations_of[partner])


def _nearest_partner(withholding: Withholding, cell: int) -> int | None:
    """The cheapest cell that shares a relation with an exposed one; failing that, one a step further out."""
    system = withholding.system
    seen = {cell}
    ring = [cell]
    while ring:
        relations = sorted({relation for member in ring for relation in system.relations_of[member]})
        candidates = {partner for relation in relations for partner in withholding.partners(relation)}
        if candidates:
            return min(candidates, key=withholding.cost)
        near = {member for relation in relations for member in system.children_of[relation]}
        near |= {int(system.parent[relation]) for relation in relations}
        ring = sorted(near - seen)
        seen |= near
    return None


def _statuses(withholding: Withholding, threshold: int) -> pl.Series:
    is_small = withholding.system.counts < threshold
    kind = np.where(~withholding.as_array(), SHOWN, np.where(is_small, SMALL, COMPLEMENTARY))
    return pl.Series("status", kind.tolist(), dtype=pl.String)
