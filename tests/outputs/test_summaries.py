"""What the commands of a cycle say they did: counts that read right for one and for many, and no bare codes."""

import pytest

from outputs.aggregates.aggregate import Aggregation
from outputs.precode.delivery import Delivery
from outputs.publish.summary import ReleaseSummary


@pytest.mark.parametrize(
    "missing, sentence",
    [
        (("048078",), "1 district has certified nothing and is not"),
        (("048078", "010004"), "2 districts have certified nothing and are not"),
    ],
)
def test_districts_that_are_missing(missing: tuple[str, ...], sentence: str) -> None:
    counted = Aggregation(2026, "Oct", ("by_grade",), ("115115",), missing, 10)
    assert "from 1 certified district: 10 cells in 1 table (by_grade)." in counted.text
    assert f"{sentence} counted." in counted.text
    release = ReleaseSummary("2026-Oct-r1", "published/2026-Oct-r1", True, None, 30, missing, ())
    assert f"{sentence} in it." in release.text


def test_delivery_says_in_words_who_is_left_out() -> None:
    delivery = Delivery("D1", "precode/D1", True, 2026, 1, 2, {"GRADE_NOT_TESTED": 1203}, ("115115",), ())
    assert "1 student, 2 labels, 1 district. precode/D1" in delivery.text
    assert "Left out: 1,203 (This assessment does not test the grade)" in delivery.text
