"""Decisions as facts: what must be one child, what cannot be, and what follows (docs/adr/0012-decisions-are-facts.md).

Nodes are records, known by the NearMatchID they were asked about under, and children, known by their state ID. A must-link
joins two nodes, and whatever must be one with either; a cannot-link parts everything that is one with either. Two numbers
that live are two children: what would make them one is a merge, which somebody has to order by name.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations

from schemas.clock import missouri_day

MUST, CANNOT = "must_link", "cannot_link"
RECORD_PREFIX = "NM"
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Source:
    """Who said it, when (null: in this run), and in answer to which question."""

    question: str | None = None
    actor: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """Two nodes that must, or cannot, be one child. Without a source it is what the data say, and nobody can take it back."""

    kind: str
    one: str
    other: str
    source: Source | None = None

    @property
    def pair(self) -> Pair:
        return (self.one, self.other) if self.one <= self.other else (self.other, self.one)

    def in_words(self, reader: str | None = None) -> str:
        """The fact with its question, its author and its day; IDs only.

        Args:
            reader: the district that is told; where another district decided, it is not named, since a code says where
                the child is.
        """
        verdict = "the same child as" if self.kind == MUST else "another child than"
        said = f"{_node_words(self.one)} is {verdict} {_node_words(self.other)}"
        if self.source is None:
            return f"{said}, as the data say"
        day = f" on {missouri_day(self.source.at):%m/%d/%Y}" if self.source.at else " in this run"
        asked = f" in answer to question {self.source.question}" if self.source.question else ""
        return f"{said}, decided by {_author(self.source.actor, reader)}{day}{asked}"


def _author(actor: str | None, reader: str | None) -> str:
    if actor is None:
        return "nobody known"
    is_foreign = reader is not None and actor.startswith("district ") and actor != f"district {reader}"
    return "another district" if is_foreign else actor


def _node_words(node: str) -> str:
    return f"the record of question {node}" if is_record(node) else node


def is_record(node: str) -> bool:
    return node.startswith(RECORD_PREFIX)


@dataclass
class Closure:
    """What follows from some facts: classes of nodes that are one child, and which classes are two."""

    facts: Collection[Fact]
    _parent: dict[str, str] = field(default_factory=dict)
    _persons: dict[str, set[str]] = field(default_factory=dict)
    _parted: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for fact in self.facts:
            if fact.kind == MUST:
                self._join(fact.one, fact.other)
        for node in list(self._parent):
            if not is_record(node):
                self._persons.setdefault(self.class_of(node), set()).add(node)
        for fact in self.facts:
            if fact.kind == CANNOT:
                one, other = self.class_of(fact.one), self.class_of(fact.other)
                self._parted.setdefault(one, set()).add(other)
                self._parted.setdefault(other, set()).add(one)

    def class_of(self, node: str) -> str:
        """The node that stands for the class of this one; itself where nothing is known of it."""
        root = node
        while (parent := self._parent.get(root, root)) != root:
            root = parent
        while (parent := self._parent.get(node, node)) != root:
            self._parent[node], node = root, parent
        return root

    def persons_of(self, node: str) -> set[str]:
        """The numbers that must be this node's child; more than one only where the facts contradict each other."""
        own = set() if is_record(node) else {node}
        return own | self._persons.get(self.class_of(node), set())

    def ruled_out(self, node: str) -> set[str]:
        """The numbers of children that this node cannot be."""
        found: set[str] = set()
        for other in self._parted.get(self.class_of(node), ()):
            found |= self.persons_of(other)
        return found

    def are_parted(self, one: str, other: str) -> bool:
        return self.class_of(other) in self._parted.get(self.class_of(one), ())

    def _join(self, one: str, other: str) -> None:
        for node in (one, other):
            self._parent.setdefault(node, node)
        first, second = sorted((self.class_of(one), self.class_of(other)))
        self._parent[second] = first

    def conflicts(self) -> list[tuple[Pair, Fact | None]]:
        """Pairs of nodes that must be one and cannot be: with the cannot-link, or null for two numbers that live. Sorted."""
        said = [(f.pair, f) for f in self.facts if f.kind == CANNOT and self.class_of(f.one) == self.class_of(f.other)]
        # The neighbours in order are enough: whatever joins three numbers joins two that follow each other.
        doubled = [pair for persons in self._persons.values() for pair in combinations(sorted(persons), 2)]
        return sorted([*said, *((pair, None) for pair in doubled)], key=lambda item: (item[0], item[1] is not None))


def settled(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that still stand, where later ones overruled earlier ones on purpose.

    A split sends a record to another number: of the must-links of one class to several numbers the youngest stand. A merge,
    or such a must-link, joins what was kept apart: a cannot-link inside one class is over.
    """
    standing = list(facts)
    classes = Closure(standing)
    youngest: dict[str, datetime] = {}
    for fact in standing:
        if _is_link(fact) and len(classes.persons_of(fact.one)) > 1 and (at := _moment(fact)):
            root = classes.class_of(fact.one)
            youngest[root] = max(at, youngest.get(root, at))
    standing = [
        fact
        for fact in standing
        if not _is_link(fact)
        or _moment(fact) is None
        or _moment(fact) == youngest.get(classes.class_of(fact.one), _moment(fact))
    ]
    joined = Closure(standing)
    return [fact for fact in standing if fact.kind == MUST or joined.class_of(fact.one) != joined.class_of(fact.other)]


def _is_link(fact: Fact) -> bool:
    """Whether a fact ties a record to a number."""
    return fact.kind == MUST and is_record(fact.one) and not is_record(fact.other)


def _moment(fact: Fact) -> datetime | None:
    return fact.source.at if fact.source else None


def contradictions(old: Iterable[Fact], new: Iterable[Fact]) -> dict[Fact, Fact]:
    """The new facts that cannot stand, each with a fact that it contradicts (an old one where there is one).

    The result does not depend on the order of the facts. New facts that contradict each other are all refused: nobody here
    can say which of two people is right. What is left agrees with the old facts, if these agreed with each other.
    """
    kept = sorted(set(new), key=_order)
    if not kept:
        return {}
    base = sorted(set(old), key=_order)
    refused: dict[Fact, Fact] = {}
    while kept and (found := _first_refusals([*base, *kept], set(kept))):
        refused |= found
        kept = [fact for fact in kept if fact not in refused]
    return refused


def _first_refusals(facts: list[Fact], new: set[Fact]) -> dict[Fact, Fact]:
    """The new facts of the first conflict that has any, each with its opponent; none where only old facts disagree."""
    for ends, parting in Closure(facts).conflicts():
        involved = [*_path(facts, ends), *([parting] if parting else [])]
        if mine := new.intersection(involved):
            return {fact: _opponent(fact, involved, mine) for fact in involved if fact in mine}
    return {}


def _order(fact: Fact) -> tuple[Pair, str, str]:
    source = fact.source or Source()
    return fact.pair, fact.kind, f"{source.question} {source.actor} {source.at}"


def _opponent(fact: Fact, involved: list[Fact], mine: set[Fact]) -> Fact:
    """The fact to name beside a refused one: of the other kind, old, and said by somebody, as far as there is such a one."""
    others = [other for other in involved if other != fact] or [fact]
    return min(
        others,
        key=lambda other: (other.source is None, other in mine, other.kind == fact.kind, _order(other)),
    )


def _path(facts: Iterable[Fact], ends: Pair) -> list[Fact]:
    """The must-links on a shortest way from one node to the other."""
    edges: dict[str, list[tuple[str, Fact]]] = {}
    for fact in facts:
        if fact.kind == MUST:
            edges.setdefault(fact.one, []).append((fact.other, fact))
            edges.setdefault(fact.other, []).append((fact.one, fact))
    reached: dict[str, tuple[str, Fact] | None] = {ends[0]: None}
    waiting = deque([ends[0]])
    while waiting and ends[1] not in reached:
        node = waiting.popleft()
        for neighbour, fact in sorted(edges.get(node, ()), key=lambda edge: (edge[0], _order(edge[1]))):
            if neighbour not in reached:
                reached[neighbour] = (node, fact)
                waiting.append(neighbour)
    return _walk_back(reached, ends[1])


def _walk_back(reached: Mapping[str, tuple[str, Fact] | None], end: str) -> list[Fact]:
    found = []
    step = reached.get(end)
    while step is not None:
        found.append(step[1])
        step = reached[step[0]]
    return found
