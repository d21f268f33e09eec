"""What a correction does to numbers and lines: plain values, so that the journal can hold all of it.

Merge, split, retire and undo are planned in different ways and carried out in one: numbers get a new standing, lines leave
one number for another, and what a person said becomes facts. So a block of the journal can be carried out again from itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from matching.corrections.standing import Standing
from schemas.errors import UsageError

Kind = Literal["merge", "split", "undo", "retire"]
KINDS: tuple[Kind, ...] = ("merge", "split", "undo", "retire")
Line = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asked for, to be held against the registry when it is carried out, perhaps weeks later.

    Args:
        state_id: the number to split or retire; of a merge, one of the two.
        other_id: of a merge, the other number; of a split, the merged number that comes back.
        lines: of a split, the records that are told apart from the rest, by the line they first came with.
        keeps: of a merge, the number that must survive; of a split, ``selected`` or ``rest``. Null: the earlier evidence.
        act_number: of an undo, the act to take back.
        is_forced: what would be refused for good reason is wanted all the same.
    """

    kind: Kind
    state_id: str | None = None
    other_id: str | None = None
    lines: tuple[Line, ...] = ()
    keeps: str | None = None
    act_number: int | None = None
    is_forced: bool = False

    def to_facts(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "state_id": self.state_id,
            "other_id": self.other_id,
            "lines": [list(line) for line in self.lines],
            "keeps": self.keeps,
            "act_number": self.act_number,
            "is_forced": self.is_forced,
        }

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Order":
        return cls(**{**facts, "lines": tuple((name, int(line)) for name, line in facts["lines"])})


@dataclass(frozen=True, slots=True)
class NewStanding:
    """A number whose standing changes; ``before`` is null for one that is given now."""

    state_id: str
    before: tuple[str, str | None] | None
    after: tuple[str, str | None]

    @classmethod
    def of(cls, standing: Standing, status: str, merged_into: str | None = None) -> "NewStanding":
        return cls(standing.state_id, (standing.status, standing.merged_into), (status, merged_into))


@dataclass(frozen=True, slots=True)
class Move:
    """A line that leaves one number for another."""

    submission_id: str
    line_number: int
    old_id: str
    new_id: str

    @property
    def key(self) -> Line:
        return self.submission_id, self.line_number


@dataclass(frozen=True)
class Change:
    """What is done.

    Args:
        numbers: every number the correction is about.
        moved: lines that leave their number; returned: lines that go back to the one they left before.
        links: kind (must_link, cannot_link) and the two numbers.
        undoes: the act that is taken back.
        notes: sentences for the person who looks before it is done; no student value.
    """

    numbers: tuple[str, ...]
    standings: tuple[NewStanding, ...] = ()
    moved: tuple[Move, ...] = ()
    returned: tuple[Move, ...] = ()
    links: tuple[tuple[str, str, str], ...] = ()
    undoes: int | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)

    def to_facts(self) -> dict[str, Any]:
        return {
            "numbers": list(self.numbers),
            "standings": [[s.state_id, s.before and list(s.before), list(s.after)] for s in self.standings],
            "moved": [_move_facts(move) for move in self.moved],
            "returned": [_move_facts(move) for move in self.returned],
            "links": [list(link) for link in self.links],
            "undoes": self.undoes,
        }

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Change":
        return cls(
            tuple(facts["numbers"]),
            tuple(
                NewStanding(state_id, before and _pair(before), _pair(after))
                for state_id, before, after in facts["standings"]
            ),
            tuple(Move(*move) for move in facts["moved"]),
            tuple(Move(*move) for move in facts["returned"]),
            tuple((kind, one, other) for kind, one, other in facts["links"]),
            facts["undoes"],
        )


def _move_facts(move: Move) -> list[Any]:
    return [move.submission_id, move.line_number, move.old_id, move.new_id]


def _pair(values: Sequence[Any]) -> tuple[str, str | None]:
    status, merged_into = values
    return status, merged_into


def require_reason(reason: str) -> str:
    """The reason, trimmed.

    Raises:
        UsageError: it is blank.
    """
    if not reason.strip():
        raise UsageError('Say why, with --reason "...": it is kept for ever. Name no child in it.')
    return " ".join(reason.split())
