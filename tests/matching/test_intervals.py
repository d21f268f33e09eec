"""Intervals against values of printed tables."""

import pytest

from matching.intervals import difference, f1_of_pairs, rate, share


def test_clopper_and_pearson() -> None:
    assert share(8, 10) == pytest.approx((0.8, 0.4439, 0.9748), abs=1e-4)
    assert share(10, 10)[2] == 1


def test_garwood() -> None:
    assert rate(3, 1) == pytest.approx((3, 0.6187, 8.7673), abs=1e-4)


def test_f1_lies_in_its_interval_and_is_one_when_all_pairs_are_right() -> None:
    value, low, high = f1_of_pairs(2, 5)
    assert value == pytest.approx(4 / 7)
    assert low < value < high
    assert f1_of_pairs(5, 5)[0] == 1


def test_a_difference_is_at_least_as_unsure_as_its_parts() -> None:
    gap, low, high = difference(90, 100, 80, 100)
    assert gap == pytest.approx(0.1)
    assert low < 0 < high
    assert difference(900, 1000, 800, 1000)[1] > 0
