"""A small registry leans on the model that ships, a large one on itself."""

from typing import Any

import pytest

from matching.training_prior import PRIOR_PAIRS, draw_to_prior

PRIOR = {("gender", "SAME"): (0.99, 0.5), ("gender", "DIFFERENT"): (0.01, 0.5)}


def settings(**different: float) -> dict[str, Any]:
    levels = [
        {"label_for_charts": "MISSING", "is_null_level": True},
        {"label_for_charts": "SAME", "m_probability": 1.0, "u_probability": 0.4},
        {"label_for_charts": "DIFFERENT", **different},
        {"label_for_charts": "NEW", "m_probability": 0.3},
    ]
    return {"comparisons": [{"output_column_name": "gender", "comparison_levels": levels}]}


@pytest.mark.parametrize(
    "pair_count, m", [(0, 0.01), (PRIOR_PAIRS, 0.005 + 0.015), (99 * PRIOR_PAIRS, 0.0001 + 0.99 * 0.03)]
)
def test_m_is_drawn_to_the_prior_by_what_there_was_to_learn(pair_count: int, m: float) -> None:
    fitted = settings(m_probability=0.03, u_probability=0.6)
    assert draw_to_prior(fitted, PRIOR, pair_count) == []
    different = fitted["comparisons"][0]["comparison_levels"][2]
    assert different["m_probability"] == pytest.approx(m)
    assert different["u_probability"] == 0.6


def test_what_was_not_seen_is_the_priors_and_named() -> None:
    fitted = settings()
    assert draw_to_prior(fitted, PRIOR, PRIOR_PAIRS) == ["gender DIFFERENT"]
    _, same, different, new = fitted["comparisons"][0]["comparison_levels"]
    assert same["m_probability"] == pytest.approx(0.995)
    assert (different["m_probability"], different["u_probability"]) == (0.005, 0.5)
    assert new == {"label_for_charts": "NEW", "m_probability": 0.3}
