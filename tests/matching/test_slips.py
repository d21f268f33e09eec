"""What lies one slip from a number, and that no new ID lies one slip from an imported one."""

from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import slips
from matching.accuracy_run import open_registry
from matching.slips import SLIPS, distance_test, one_slip_away, ours_one_slip_away
from matching.student_ids import draw_ids, has_check_digit

AT = datetime(2025, 7, 1, tzinfo=UTC)
numbers = st.integers(0, 9_999_999_999)


class SeededIdSource:
    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def random_bytes(self, count: int) -> bytes:
        return self.rng.bytes(count)


def spelt_out(number: int) -> set[int]:
    """Every number one slip away, digit by digit, as a person would list them."""
    text = f"{number:010d}"
    wrong = {text[:place] + digit + text[place + 1 :] for place in range(10) for digit in "0123456789"}
    swapped = {text[:place] + text[place + 1] + text[place] + text[place + 2 :] for place in range(9)}
    return {int(other) for other in wrong | swapped} - {number}


def is_ours(number: int) -> bool:
    return bool(has_check_digit(pl.Series([str(number)])).item())


@settings(max_examples=30, deadline=None)
@given(numbers)
def test_every_slip_is_found(number: int) -> None:
    away = one_slip_away(np.array([number]))
    assert away.shape == (1, SLIPS)
    assert set(away[0].tolist()) - {number} == spelt_out(number)


@settings(max_examples=30, deadline=None)
@given(numbers.filter(lambda number: not is_ours(number)))
def test_numbers_of_ours_one_slip_away_are_found(number: int) -> None:
    found = {int(ours) for some in ours_one_slip_away(np.array([number])) for ours in some}
    assert found == {other for other in spelt_out(number) if is_ours(other)}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = open_registry(threads=1)
    yield con
    con.close()


def import_numbers(con: duckdb.DuckDBPyConnection, imported: list[str]) -> None:
    ids = pl.DataFrame({"state_id": imported})  # noqa: F841
    con.execute("INSERT INTO identity.student SELECT state_id, 'active', NULL, ?, 'run' FROM ids", [AT]).fetchall()
    con.execute(
        "INSERT INTO identity.registry_import VALUES ('i', 's', 'f', 1, 1, 0, 1, 0, 0, 0, 'ann', NULL, ?, 'run', 1)",
        [AT],
    ).fetchall()


def test_without_an_import_nothing_is_asked(con: duckdb.DuckDBPyConnection) -> None:
    assert distance_test(con) is None


@pytest.mark.parametrize("few", [1_000_000, 0], ids=["around the new IDs", "around the imported numbers"])
def test_new_ids_keep_one_slip_away(con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(slips, "FEW", few)
    free = draw_ids(SeededIdSource(1), 300, lambda ids: ids.is_in([]))
    # One wrong digit in the first of them, a swap in the second, a zero in front of the third.
    first, second, third = (str(number) for number in free[:3])
    place = next(place for place in range(9) if second[place] != second[place + 1])
    imported = [
        first[:4] + str((int(first[4]) + 1) % 10) + first[5:],
        second[:place] + second[place + 1] + second[place] + second[place + 2 :],
        "0" + third[1:],
    ]
    import_numbers(con, imported)
    drawn = draw_ids(SeededIdSource(1), 300, lambda ids: ids.is_in([]), distance_test(con))
    assert set(free) - set(drawn) == {first, second, third}
    assert drawn.len() == 300
