"""What a training report shows, as plain figures; whoever trained the model fills it in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log2


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """One level of one field.

    Attributes:
        m, u: share of pairs of one child, and of two children, that fall into the level, by the new model.
        other_m, other_u: the same by the model it is compared with; null where that has no such level.
        known_count, known_among: pairs of known records of one child in the level, and with the field known on both sides.
    """

    field: str
    level: str
    m: float
    u: float
    other_m: float | None
    other_u: float | None
    known_count: int
    known_among: int

    @property
    def weight(self) -> float:
        return log2(self.m / self.u)

    @property
    def other_weight(self) -> float | None:
        return log2(self.other_m / self.other_u) if self.other_m and self.other_u else None

    @property
    def known_share(self) -> float | None:
        return self.known_count / self.known_among if self.known_among else None


@dataclass(frozen=True, slots=True)
class ThresholdFigures:
    """What a threshold costs, per 100,000 records that come from another district."""

    threshold: float
    false_links: float
    missed_links: float
    known_false: float
    known_missed: float


@dataclass(frozen=True, slots=True)
class CurveFigures:
    """One threshold curve: by the new model or by another, on the records or on a state whose truth is known."""

    title: str
    source: str
    knows: str
    record_count: int
    pair_count: int
    rows: Sequence[ThresholdFigures]


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """Everything on the page.

    Attributes:
        fields: titles of the fields, by the name that levels carry.
        upper, lower: thresholds that decisions of this model use, in bits.
    """

    version: str
    compared_with: str
    source: str
    at: datetime
    record_count: int
    child_count: int
    population: int
    seconds: float
    upper: float
    lower: float
    fields: dict[str, str]
    levels: Sequence[LevelFigures]
    curves: Sequence[CurveFigures]
    notes: Sequence[str]
    warnings: Sequence[str]
