"""State IDs: form, check digit, and that none is given that may not be."""

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.student_ids import IdSpaceExhausted, SystemIdSource, draw_ids, has_check_digit


class SeededIdSource:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def random_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)


class FixedSource:
    """Gives the same word for ever."""

    def __init__(self, word: int) -> None:
        self.word = word

    def random_bytes(self, count: int) -> bytes:
        return self.word.to_bytes(4, "little") * (count // 4)


def none_taken(state_ids: pl.Series) -> pl.Series:
    return pl.repeat(False, state_ids.len(), eager=True)


def draw(count: int, seed: int = 1) -> list[str]:
    return draw_ids(SeededIdSource(seed), count, none_taken).to_list()


def damm(digits: str) -> int:
    """Check digit by the textbook's table, row by row: an oracle that shares nothing with the vectorised one."""
    table = (
        "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
        "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
    )  # fmt: skip
    interim = 0
    for digit in digits:
        interim = int(table[interim][int(digit)])
    return interim


def test_published_example_of_the_check_digit() -> None:
    assert damm("572") == 4


def test_ids_are_ten_digits_and_all_different() -> None:
    ids = draw(2_000)
    assert all(len(state_id) == 10 and state_id.isdigit() and state_id[0] != "0" for state_id in ids)
    assert len(set(ids)) == 2_000


def test_last_digit_is_the_check_digit() -> None:
    assert all(damm(state_id[:9]) == int(state_id[9]) for state_id in draw(500))


@given(st.integers(0, 2**32), st.integers(0, 9), st.integers(1, 9))
@settings(max_examples=200, deadline=None)
def test_no_single_wrong_digit_gives_another_id(seed: int, place: int, by: int) -> None:
    (state_id,) = draw(1, seed)
    wrong = state_id[:place] + str((int(state_id[place]) + by) % 10) + state_id[place + 1 :]
    assert not has_check_digit(pl.Series([wrong])).item()


@given(st.integers(0, 2**32), st.integers(0, 8))
@settings(max_examples=200, deadline=None)
def test_no_swap_of_neighbours_gives_another_id(seed: int, place: int) -> None:
    (state_id,) = draw(1, seed)
    swapped = state_id[:place] + state_id[place + 1] + state_id[place] + state_id[place + 2 :]
    assert swapped == state_id or not has_check_digit(pl.Series([swapped])).item()


@pytest.mark.parametrize(
    "text, is_ours",
    [("1000000007", False), ("1000000001", False), ("", False), (None, False), ("572", False), ("5724", False), ("12345678901", False),
     ("x234567890", False), ("1234567890\n", False), ("0000000000", False)],
)  # fmt: skip
def test_what_is_no_id_of_ours(text: str | None, is_ours: bool) -> None:
    assert has_check_digit(pl.Series([text], dtype=pl.String)).to_list() == [is_ours]


def test_drawn_ids_are_recognised_as_ours() -> None:
    assert has_check_digit(pl.Series(draw(200))).all()


def test_taken_ids_are_never_drawn() -> None:
    free = draw(10)
    taken = set(free[:9])
    ids = draw_ids(SeededIdSource(1), 10, lambda ids: ids.is_in(sorted(taken)))
    assert not taken & set(ids)
    assert ids.len() == ids.n_unique() == 10


def test_ids_too_near_to_foreign_ones_are_not_drawn() -> None:
    near = set(draw(5))
    ids = draw_ids(SeededIdSource(1), 5, none_taken, keeps_distance=lambda ids: ~ids.is_in(sorted(near)))
    assert not near & set(ids) and ids.len() == 5


@pytest.mark.parametrize(
    "word, body",
    [(0, "100000000"), (899_999_999, "999999999"), (900_000_000, "100000000"), (3_599_999_999, "999999999")],
)
def test_lowest_and_highest_numbers_can_be_drawn(word: int, body: str) -> None:
    assert draw_ids(FixedSource(word), 1, none_taken).item()[:9] == body


def test_words_that_would_favour_low_numbers_are_thrown_away() -> None:
    with pytest.raises(IdSpaceExhausted):
        draw_ids(FixedSource(3_600_000_000), 1, none_taken)


def test_a_source_that_repeats_itself_is_noticed() -> None:
    with pytest.raises(IdSpaceExhausted, match="2 IDs were wanted, 1 found"):
        draw_ids(FixedSource(7), 2, none_taken)


def test_nothing_asked_nothing_drawn() -> None:
    assert draw_ids(SystemIdSource(), 0, none_taken).to_list() == []


def test_system_source_takes_no_seed() -> None:
    with pytest.raises(TypeError):
        SystemIdSource(1)  # type: ignore[call-arg]
    assert SystemIdSource().random_bytes(16) != SystemIdSource().random_bytes(16)
