"""The cheapest cells that free a withheld cell which the equations fix.

One attribute over a geography is a network: a cell is an edge between the relation of its place and the relation of its
category one level up, and moving one student round a cycle of cells keeps every total. A withheld cell is free when
such a cycle of withheld cells runs through it, so the partner of a fixed cell is the shortest path between its two
ends, a printed cell costing its count and a withheld one nothing. A place's total belongs to every axis at once: it is
freed by moving one student from a place to another in every axis together.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from outputs.publish.engine.closure import Withholding
from outputs.publish.engine.system import CellSystem

# Nodes are relation numbers; places without a relation of their own (schools, the top of the totals) are below zero.
TOP = -1


@dataclass(frozen=True)
class CellNetwork:
    """Edges of every axis, and of the tree of totals."""

    system: CellSystem

    @cached_property
    def ends(self) -> list[tuple[int, int]]:
        """The lower and the upper node of each cell."""
        return [self._ends(cell) for cell in range(len(self.system.counts))]

    @cached_property
    def edges(self) -> dict[int, list[tuple[int, int]]]:
        """node -> (other node, cell)."""
        found: dict[int, list[tuple[int, int]]] = {}
        for cell, (lower, upper) in enumerate(self.ends):
            found.setdefault(lower, []).append((upper, cell))
            found.setdefault(upper, []).append((lower, cell))
        return found

    def is_total(self, cell: int) -> bool:
        """Whether a cell is a place's total over all categories."""
        return any(
            self._is_parent(relation, cell) and not self.system.is_geographic[relation] for relation in self._at(cell)
        )

    def axis_nodes(self, terminal: int) -> list[int]:
        """The node of a place in each axis: the relation between its total and its categories."""
        return self._axis_nodes[terminal]

    @cached_property
    def _axis_nodes(self) -> dict[int, list[int]]:
        found = {}
        for cell, (lower, upper) in enumerate(self.ends):
            own = self._own_axes(cell)
            if own and lower < TOP:
                found[lower] = own
            if own and upper == TOP:
                found[TOP] = own
        return found

    def _own_axes(self, cell: int) -> list[int]:
        """The relations in which a cell is the total of one axis."""
        return [r for r in self._at(cell) if self._is_parent(r, cell) and not self.system.is_geographic[r]]

    def _ends(self, cell: int) -> tuple[int, int]:
        """A total has no axis relation as a child, so its ends fall back to the place itself and to the top."""
        below = above = across = None
        for relation in self._at(cell):
            if self._is_parent(relation, cell):
                below = relation if self.system.is_geographic[relation] else below
            elif self.system.is_geographic[relation]:
                above = relation
            else:
                across = relation
        lower = below if below is not None else across if across is not None else TOP - 1 - cell
        upper = above if above is not None else across if across is not None else TOP
        return lower, upper

    def _at(self, cell: int) -> list[int]:
        return self.system.relations_of[cell]

    def _is_parent(self, relation: int, cell: int) -> bool:
        return bool(self.system.parent[relation] == cell)


@dataclass
class Search:
    """Shortest paths from one node, over cells that are withheld or may be."""

    network: CellNetwork
    withholding: Withholding
    start: int
    without: int

    def __post_init__(self) -> None:
        self.distance: dict[int, int] = {self.start: 0}
        self.came_by: dict[int, tuple[int, int]] = {}

    def nodes(self) -> Iterator[int]:
        """Reached nodes, nearest first; distances and paths of those given out are final."""
        counts, withheld = self.withholding.system.counts, self.withholding.withheld
        waiting = [(0, self.start)]
        done: set[int] = set()
        while waiting:
            distance, node = heapq.heappop(waiting)
            if node in done:
                continue
            done.add(node)
            yield node
            for other, cell in self.network.edges.get(node, []):
                if cell == self.without or other in done or counts[cell] == 0:
                    continue
                # A withheld cell is free of charge but for a trifle that keeps paths short.
                step = 1 if withheld[cell] else int(counts[cell]) * 1_000
                if distance + step < self.distance.get(other, distance + step + 1):
                    self.distance[other] = distance + step
                    self.came_by[other] = (node, cell)
                    heapq.heappush(waiting, (distance + step, other))

    def path_to(self, node: int) -> list[int]:
        """The cells from the start to a node."""
        cells = []
        while node != self.start:
            node, cell = self.came_by[node]
            cells.append(cell)
        return cells


def cheapest_cycle(network: CellNetwork, withholding: Withholding, cell: int) -> list[int]:
    """The cells to withhold so that ``cell`` is free; empty when no cycle of non-zero cells runs through it."""
    if network.is_total(cell):
        return _cycle_of_total(network, withholding, cell)
    lower, upper = network.ends[cell]
    search = Search(network, withholding, lower, without=cell)
    found = any(node == upper for node in search.nodes())
    return search.path_to(upper) if found else []


def _cycle_of_total(network: CellNetwork, withholding: Withholding, cell: int) -> list[int]:
    """One student moves to another place: the totals on the way, and a path in every axis between the two places."""
    lower, upper = network.ends[cell]
    down = Search(network, withholding, lower, without=cell)
    origin = next((node for node in down.nodes() if node < TOP), None)
    if origin is None:
        return []
    up = Search(network, withholding, upper, without=cell)
    goals = [node for node in up.nodes() if node <= TOP and node != origin]
    axes = [Search(network, withholding, node, without=cell) for node in network.axis_nodes(origin)]
    reached = [set(search.nodes()) for search in axes]
    best: tuple[int, int] | None = None
    for goal in goals:
        ends = network.axis_nodes(goal)
        if all(end in seen for end, seen in zip(ends, reached, strict=True)):
            length = up.distance[goal] + sum(search.distance[end] for search, end in zip(axes, ends, strict=True))
            best = min(best or (length, goal), (length, goal))
    if best is None:
        return []
    cells = down.path_to(origin) + up.path_to(best[1])
    for search, end in zip(axes, network.axis_nodes(best[1]), strict=True):
        cells += search.path_to(end)
    return cells
