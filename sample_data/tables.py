"""The generator's data files as numpy tables: names with weights, places, rates. Nothing here is drawn."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from zlib import crc32

import numpy as np
import polars as pl

DATA = Path(__file__).parent
Rng = np.random.Generator


def stream(seed: int, *labels: str | int) -> Rng:
    """A random stream of its own for one purpose, so that one more draw here changes nothing there."""
    return np.random.default_rng([seed, crc32("/".join(map(str, labels)).encode())])


@dataclass(frozen=True)
class Weighted:
    """Values with the probability of each."""

    values: pl.Series
    weights: np.ndarray

    @cached_property
    def cumulative(self) -> np.ndarray:
        total = np.cumsum(self.weights, dtype=np.float64)
        return total / total[-1]

    def draw(self, rng: Rng, count: int) -> pl.Series:
        """``count`` values drawn with replacement."""
        return self.values.gather(self.draw_positions(rng, count))

    def draw_positions(self, rng: Rng, count: int) -> np.ndarray:
        # The last cumulative weight may be a hair under one; never step behind the end.
        return np.minimum(np.searchsorted(self.cumulative, rng.random(count), side="right"), len(self.values) - 1)


@cache
def read_table(name: str) -> pl.DataFrame:
    """One data file, every column text."""
    return pl.read_csv(DATA / name, infer_schema=False).fill_null("")


@cache
def rates(name: str = "population_rates.csv", key: str = "rate", value: str = "value") -> dict[str, float]:
    """Rates of a data file by name."""
    table = read_table(name)
    return dict(zip(table[key], table[value].cast(pl.Float64), strict=True))


# Shares among the variants of a compound surname: a kind of writing, not how often registrars err.
COMPOUND_KINDS = "compound variants"
_error_scale: ContextVar[float] = ContextVar("error_scale", default=1.0)


def error_rates() -> dict[str, float]:
    """How often each mistake is made; ``errors_scaled`` makes all of them rarer or more frequent."""
    return _scaled_error_rates(_error_scale.get())


@cache
def _scaled_error_rates(scale: float) -> dict[str, float]:
    table = read_table("error_rates.csv")
    is_kind = dict(zip(table["error"], table["among"] == COMPOUND_KINDS, strict=True))
    written = rates("error_rates.csv", "error", "rate")
    return {name: rate if is_kind[name] else min(1.0, rate * scale) for name, rate in written.items()}


@contextmanager
def errors_scaled(scale: float) -> Iterator[None]:
    """Within the block every mistake is made ``scale`` times as often, at most always."""
    token = _error_scale.set(scale)
    try:
        yield
    finally:
        _error_scale.reset(token)


@cache
def style_choices() -> dict[str, Weighted]:
    """The ways to write a file, by attribute."""
    table = read_table("file_styles.csv")
    groups = table.partition_by("attribute", as_dict=True, maintain_order=True)
    return {str(key[0]): weighted(rows, "value") for key, rows in groups.items()}


def weighted(rows: pl.DataFrame, column: str) -> Weighted:
    return Weighted(rows[column], rows["weight"].cast(pl.Float64).to_numpy())


@cache
def surnames(group: str) -> Weighted:
    return weighted(read_table("name_tables/surnames.csv").filter(pl.col("name_group") == group), "name")


@cache
def first_names(gender: str, group: str = "general", generation: str = "child") -> Weighted:
    rows = read_table("name_tables/first_names.csv").filter(
        (pl.col("gender") == gender) & (pl.col("name_group") == group) & (pl.col("generation") == generation)
    )
    return weighted(rows, "name")


@cache
def name_parts(kind: str, style: str, position: str, gender: str = "") -> pl.Series:
    rows = read_table("name_tables/name_parts.csv").filter(
        (pl.col("kind") == kind) & (pl.col("style") == style) & (pl.col("position") == position)
    )
    return rows.filter(pl.col("gender") == gender)["part"]


@cache
def accents() -> dict[str, str]:
    table = read_table("name_tables/accents.csv")
    return dict(zip(table["name"], table["accented"], strict=True))


@cache
def nicknames() -> dict[str, tuple[str, ...]]:
    table = read_table("name_tables/nicknames.csv").group_by("name", maintain_order=True).agg("nickname")
    return {name: tuple(short) for name, short in table.iter_rows()}


@cache
def error_causes() -> dict[str, tuple[str, str]]:
    """Tag of a mistake -> the field it damages and the mistake in words."""
    return {tag: (field, cause) for tag, field, cause in read_table("error_causes.csv").iter_rows()}
