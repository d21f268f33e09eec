"""Complementary suppression, one relation at a time: nobody may subtract their way to a withheld cell.

A relation is open when exactly one of its cells is withheld, or when its total is printed and the withheld parts
together hold 1 to T-1 students: the group they form would be published by subtraction (2007 policy: results in which
fewer than thirty students might be disclosed). An open relation gets the cheapest further cell until it is closed.
"""

import heapq
from dataclasses import dataclass, field

import numpy as np

from outputs.publish.engine.system import Bools, CellSystem

# A cell that would stand alone in another relation costs that relation a further cell as well.
ALONE_WEIGHT = 2


@dataclass
class Withholding:
    """Which cells are withheld, with the tallies each relation needs."""

    system: CellSystem
    threshold: int
    closes_residuals: bool
    withheld: list[bool] = field(init=False)
    tally: list[int] = field(init=False)
    residual: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.withheld = [False] * len(self.system.counts)
        self.tally = [0] * len(self.system.parent)
        self.residual = [0] * len(self.system.parent)
        self._counts = self.system.counts.tolist()
        self._parents = self.system.parent.tolist()
        self._waiting: list[int] = []
        self._is_waiting = [False] * len(self.system.parent)

    def withhold(self, cell: int) -> None:
        """Withhold a cell; every relation it stands in is looked at again by the next ``close``."""
        if self.withheld[cell]:
            return
        self._change(cell, 1)
        for relation in self.system.relations_of[cell]:
            if not self._is_waiting[relation]:
                self._is_waiting[relation] = True
                heapq.heappush(self._waiting, -relation)

    def close(self) -> None:
        """Withhold further cells until no relation is open."""
        while self._waiting:
            # Relations are numbered from the state down: the highest number is the lowest level, where cells are
            # small and cheap; what is withheld there often closes the levels above.
            relation = -heapq.heappop(self._waiting)
            self._is_waiting[relation] = False
            while self._is_open(relation):
                self.withhold(self.cheapest_partner(relation))

    def cheapest_partner(self, relation: int) -> int:
        """The printed, non-zero cell of a relation that costs least; its total only when no part is left.

        An open relation always has one: a total alone, or parts alone, cannot make up both sides of it.
        """
        candidates = self.partners(relation)
        if not candidates:
            raise AssertionError(f"relation {relation} is open and has nothing left to withhold")
        return min(candidates, key=self.cost)

    def partners(self, relation: int) -> list[int]:
        """Printed, non-zero parts of a relation; its total when there are none. True zeros are always shown."""
        parts = [cell for cell in self.system.children_of[relation] if self._can_be_withheld(cell)]
        parent = self._parents[relation]
        return parts or ([parent] if self._can_be_withheld(parent) else [])

    def cost(self, cell: int) -> tuple[float, int]:
        """Students hidden, dearer by each relation it would open and cheaper by each it closes; ties by cell number."""
        relations = self.system.relations_of[cell]
        alone = sum(self.tally[relation] == 0 for relation in relations)
        closes = sum(self._is_open(relation) for relation in relations)
        return self._counts[cell] * (1 + ALONE_WEIGHT * alone) / max(closes, 1), cell

    def print_needless(self, keep: Bools) -> None:
        """Print the cells that no relation needs any more, largest first; ``keep`` stays withheld.

        The order of choice makes some partners needless: a later one closed the same relation as well.
        """
        loose = [cell for cell, is_withheld in enumerate(self.withheld) if is_withheld and not keep[cell]]
        for cell in sorted(loose, key=lambda cell: (-self._counts[cell], cell)):
            self._change(cell, -1)
            if any(self._is_open(relation) for relation in self.system.relations_of[cell]):
                self._change(cell, 1)

    def as_array(self) -> Bools:
        return np.array(self.withheld, dtype=np.bool_)

    def _change(self, cell: int, step: int) -> None:
        """Withhold (1) or print (-1) a cell in all tallies."""
        self.withheld[cell] = step > 0
        for relation in self.system.relations_of[cell]:
            self.tally[relation] += step
            if self._parents[relation] != cell:
                self.residual[relation] += step * self._counts[cell]

    def _can_be_withheld(self, cell: int) -> bool:
        return not self.withheld[cell] and self._counts[cell] > 0

    def _is_open(self, relation: int) -> bool:
        if self.tally[relation] == 1:
            return True
        is_residual = 0 < self.residual[relation] < self.threshold
        return self.closes_residuals and is_residual and not self.withheld[self._parents[relation]]
