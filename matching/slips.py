"""Numbers one slip away: one wrong digit, or two neighbours swapped.

IDs of our own making differ from each other by more than a slip, for a slip breaks the check digit. Numbers of a registry
from before have no check digit of ours, so a new ID must keep away from them: a slip in one child's number must never be
another child's. What is one slip from an ID of ours is never one of ours; so whatever the registry holds there is imported.
"""

from collections.abc import Iterator

import duckdb
import numpy as np
import polars as pl

from matching.student_ids import DAMM, FIRST_BODY, ID_LENGTH, IdTest, has_check_digit

SLIPS = 9 * ID_LENGTH + ID_LENGTH - 1
# Up to so many new IDs it is quicker to look for what lies around each of them than around each imported number.
FEW = 50_000
_CHUNK = 500_000
_PLACES = 10 ** np.arange(ID_LENGTH - 1, -1, -1, dtype=np.int64)
# _BEFORE[after, digit]: the interim digit that this digit turned into ``after``; _DIGIT[before, after]: the digit between.
_BEFORE = np.argsort(DAMM, axis=0).astype(np.uint8)
_DIGIT = np.argsort(DAMM, axis=1).astype(np.uint8)


def one_slip_away(numbers: np.ndarray) -> np.ndarray:
    """(n, 99) numbers of ten digits, leading zeros cut; swapping two equal neighbours gives the number itself."""
    digits = _digits(numbers)
    away = np.empty((len(numbers), SLIPS), dtype=np.int64)
    for place, power in enumerate(_PLACES):
        digit = digits[place].astype(np.int64)
        for step in range(1, 10):
            away[:, 9 * place + step - 1] = numbers + ((digit + step) % 10 - digit) * power
    for place in range(ID_LENGTH - 1):
        away[:, 9 * ID_LENGTH + place] = _swapped(numbers, digits, place)
    return away


def distance_test(con: duckdb.DuckDBPyConnection) -> IdTest | None:
    """Whether each new ID is more than one slip away from every imported number; null where no registry was imported."""
    ((imports,),) = con.execute("SELECT count(*) FROM identity.registry_import").fetchall()
    if not imports:
        return None
    return lambda state_ids: ~pl.Series(_is_near(con, state_ids.cast(pl.Int64).to_numpy()), dtype=pl.Boolean)


def _is_near(con: duckdb.DuckDBPyConnection, numbers: np.ndarray) -> np.ndarray:
    near = _near_few(con, numbers) if len(numbers) <= FEW else _near_many(numbers, imported_numbers(con))
    return np.isin(numbers, near)


def _near_few(con: duckdb.DuckDBPyConnection, numbers: np.ndarray) -> np.ndarray:
    """Those of the new IDs around which the registry holds a number: one join of their neighbourhoods with it."""
    around = pl.DataFrame({"number": np.repeat(numbers, SLIPS), "slip": one_slip_away(numbers).ravel()})
    incoming_slips = around.filter(pl.col("number") != pl.col("slip")).with_columns(state_id=as_ids(pl.col("slip")))  # noqa: F841
    query = "SELECT DISTINCT number FROM incoming_slips SEMI JOIN identity.student USING (state_id)"
    return pl.Series([number for (number,) in con.execute(query).fetchall()], dtype=pl.Int64).to_numpy()


def as_ids(numbers: pl.Expr) -> pl.Expr:
    """Numbers as IDs are written, leading zeros and all."""
    return numbers.cast(pl.String).str.zfill(ID_LENGTH)


def imported_numbers(con: duckdb.DuckDBPyConnection) -> np.ndarray:
    """The numbers of the registry that have no check digit of ours."""
    ids = con.sql("SELECT state_id FROM identity.student").pl()["state_id"]
    return ids.filter(~has_check_digit(ids)).cast(pl.Int64).to_numpy()


def _near_many(numbers: np.ndarray, imported: np.ndarray) -> np.ndarray:
    """Those of the new IDs that lie one slip from an imported number.

    Around each imported number lie eleven that carry our check digit, each found without trying: a set of bits, one a
    body of nine digits (112 MB), tells which of them are among the new ones.
    """
    bits = np.zeros(9 * FIRST_BODY // 8 + 1, dtype=np.uint8)
    place = numbers // 10 - FIRST_BODY
    np.bitwise_or.at(bits, place >> 3, _bit(place))
    found = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(imported), _CHUNK):
        for ours in ours_one_slip_away(imported[start : start + _CHUNK]):
            place = ours // 10 - FIRST_BODY
            found.append(ours[bits[place >> 3] & _bit(place) != 0])
    return np.concatenate(found)


def _bit(place: np.ndarray) -> np.ndarray:
    return np.left_shift(1, place & 7).astype(np.uint8)


def ours_one_slip_away(numbers: np.ndarray) -> Iterator[np.ndarray]:
    """Numbers with our check digit and no zero in front that lie one slip from numbers without it, a few at a time.

    At each place exactly one digit makes the check right: the one between the interim digit that the places before lead
    to and the one from which the places after lead to 0.
    """
    digits = _digits(numbers)
    before, after = _interims(digits)
    for place, power in enumerate(_PLACES):
        right = _DIGIT[before[place], after[place + 1]].astype(np.int64)
        yield _of_ten_digits(numbers + (right - digits[place]) * power)
    for place in range(ID_LENGTH - 1):
        swapped = DAMM[DAMM[before[place], digits[place + 1]], digits[place]]
        yield _of_ten_digits(_swapped(numbers, digits, place)[swapped == after[place + 2]])


def _interims(digits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The interim digit before each place, from the front; and the one from which the rest of the number leads to 0."""
    shape = (ID_LENGTH + 1, digits.shape[1])
    before, after = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    for place in range(ID_LENGTH):
        before[place + 1] = DAMM[before[place], digits[place]]
    for place in range(ID_LENGTH - 1, -1, -1):
        after[place] = _BEFORE[after[place + 1], digits[place]]
    return before, after


def _of_ten_digits(numbers: np.ndarray) -> np.ndarray:
    return numbers[numbers >= _PLACES[0]]


def _digits(numbers: np.ndarray) -> np.ndarray:
    """(10, n): the digits, place by place."""
    return (numbers // _PLACES[:, np.newaxis] % 10).astype(np.uint8)


def _swapped(numbers: np.ndarray, digits: np.ndarray, place: int) -> np.ndarray:
    """With the digit at a place and the one after it swapped."""
    difference = digits[place + 1].astype(np.int64) - digits[place]
    return numbers + difference * (_PLACES[place] - _PLACES[place + 1])
