"""State IDs: ten digits, drawn at random, with a check digit that no single slip survives.

The first digit is 1-9, the eight after it are any, the last is a Damm check digit: no single wrong digit and no swap of
neighbours turns one ID of ours into another of ours. An ID says nothing about the child or the order of issue.

Source: H. M. Damm, Total anti-symmetrische Quasigruppen, dissertation, Marburg 2004: the table of order 10.
"""

import secrets
from collections.abc import Callable
from typing import Protocol

import numpy as np
import polars as pl

ID_LENGTH = 10
STATE_ID = pl.String()

# Rows: the interim digit; columns: the next digit. Each row and column holds every digit once, the diagonal is 0.
DAMM = np.array(
    [
        [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
        [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
        [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
        [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
        [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
        [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
        [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
        [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
        [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
        [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
    ],
    dtype=np.uint8,
)
_BODY_DIGITS = ID_LENGTH - 1
FIRST_BODY = 10 ** (_BODY_DIGITS - 1)
_BODY_COUNT = 9 * FIRST_BODY
# Words at or above the largest multiple of the count are thrown away: keeping them would favour low numbers.
_FAIR_LIMIT = (2**32 // _BODY_COUNT) * _BODY_COUNT

IdTest = Callable[[pl.Series], pl.Series]


class IdSource(Protocol):
    """Where the digits come from."""

    def random_bytes(self, count: int) -> bytes: ...


class SystemIdSource:
    """The operating system's random source. It takes no seed: IDs that can be foretold can be forged."""

    def random_bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)


class IdSpaceExhausted(RuntimeError):
    """Drawing went on without finding numbers that are free: a broken source, or a registry near 900 million."""


def draw_ids(source: IdSource, count: int, is_taken: IdTest, keeps_distance: IdTest | None = None) -> pl.Series:
    """``count`` new state IDs, all different, in the order drawn.

    Args:
        is_taken: for a series of IDs, whether each may never be given (in the registry, merged, retired, or reserved).
        keeps_distance: for a series of IDs, whether each is more than one slip away from every ID that is not of our
            making; those have no check digit of ours, so only distance protects them. Null: there are none.

    Raises:
        IdSpaceExhausted: the source gives only numbers that are taken.
    """
    drawn = pl.Series("state_id", [], STATE_ID)
    for _ in range(100):
        missing = count - drawn.len()
        if missing == 0:
            return drawn
        # Around three million foreign numbers one candidate in thirty is too near: a few more save a second round.
        wanted = missing if keeps_distance is None else missing + missing // 12 + 8
        candidates = pl.Series("state_id", _candidates(source, wanted)).cast(STATE_ID)
        candidates = candidates.filter(~is_taken(candidates))
        if keeps_distance is not None:
            candidates = candidates.filter(keeps_distance(candidates))
        drawn = drawn.append(candidates).unique(maintain_order=True).head(count)
    raise IdSpaceExhausted(f"{count} IDs were wanted, {drawn.len()} found free after 100 rounds of drawing.")


def _candidates(source: IdSource, count: int) -> np.ndarray:
    """At most ``count`` numbers that carry their check digit, each body equally likely."""
    words = np.frombuffer(source.random_bytes(4 * count), dtype="<u4")
    bodies = words[words < _FAIR_LIMIT].astype(np.int64) % _BODY_COUNT + FIRST_BODY
    return bodies * 10 + _check_digits(bodies)


def with_check_digits(bodies: pl.Series) -> pl.Series:
    """Numbers of nine digits as IDs, for registries that are thrown away; real ones come from ``draw_ids``."""
    numbers = bodies.cast(pl.Int64).to_numpy()
    return pl.Series(bodies.name, numbers * 10 + _check_digits(numbers)).cast(STATE_ID)


def _check_digits(bodies: np.ndarray) -> np.ndarray:
    interim = np.zeros(len(bodies), dtype=np.uint8)
    for power in range(_BODY_DIGITS - 1, -1, -1):
        interim = DAMM[interim, bodies // 10**power % 10]
    return interim


def has_check_digit(state_ids: pl.Series) -> pl.Series:
    """Whether each text is an ID this system could have made; null is not."""
    is_ten_digits = state_ids.str.contains(r"^[1-9][0-9]{9}\z").fill_null(False)
    numbers = state_ids.set(~is_ten_digits, "0").cast(pl.Int64).to_numpy()
    agrees = pl.Series(_check_digits(numbers // 10) == numbers % 10)
    return (is_ten_digits & agrees).alias(state_ids.name)
