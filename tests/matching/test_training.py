"""Training on a small sample state: a model that loads, decides, and says how it was made."""

from pathlib import Path
from typing import Any

import pytest

from matching.model import load_model
from matching.training import LEAST_M, LEAST_M_OF, LEAST_U, SET_BY_HAND, _set_by_hand, train


def test_gaps_are_filled_and_hand_set_values_stand() -> None:
    levels: list[dict[str, Any]] = [
        {"label_for_charts": "MISSING", "is_null_level": True},
        {"label_for_charts": "SAME", "m_probability": 0.97},
        {"label_for_charts": "ONE_SLIP", "m_probability": 1e-22, "u_probability": 0.5},
        {"label_for_charts": "DIFFERENT", "m_probability": 1e-22, "u_probability": 0.0},
    ]
    settings = _set_by_hand(
        {"comparisons": [{"output_column_name": "ssn", "comparison_levels": levels}], "linker_uid": "x"}
    )
    _, same, slip, different = settings["comparisons"][0]["comparison_levels"]
    assert "m_probability" not in levels[0]
    assert (same["m_probability"], same["u_probability"]) == (0.97, SET_BY_HAND["ssn", "SAME"][1])
    assert (slip["m_probability"], slip["u_probability"]) == (LEAST_M, SET_BY_HAND["ssn", "ONE_SLIP"][1])
    assert (different["m_probability"], different["u_probability"]) == (LEAST_M_OF["ssn", "DIFFERENT"], LEAST_U)
    assert "linker_uid" not in settings


@pytest.mark.slow
def test_training_makes_a_model_that_can_be_loaded(tmp_path: Path) -> None:
    import polars as pl

    from flows.accuracy import TRUTH_ALONE, hashed
    from matching.ssn import SsnHasher
    from sample_data.requests import registration_requests

    hasher = SsnHasher({1: b"test" * 8})
    records = pl.concat([hashed(frame, hasher).drop(TRUTH_ALONE) for frame in registration_requests(5, 5000, 10)])
    model = train(records, tmp_path / "trained", "small", source="A sample state of 5,000 pupils.")
    assert load_model(tmp_path / "trained").version == model.version
    report = (tmp_path / "trained" / "README.md").read_text()
    assert "A sample state of 5,000 pupils." in report
    assert "| first_name | SAME |" in report
