"""Other thresholds over the runs on record: each line on both sides of each threshold."""

import dataclasses

import duckdb
import pytest

from matching.accuracy_run import open_registry
from matching.forecast import Forecast, Move, forecast_thresholds
from matching.model import Thresholds, load_model
from schemas.errors import UsageError

THRESHOLDS = dataclasses.replace(load_model().thresholds, upper=10.0, lower=0.0, margin=4.0)
OUTCOMES = {
    "MODEL_MATCH": "REUSED",
    "NOT_SURE": "NEAR_MATCH",
    "SEVERAL_CANDIDATES": "NEAR_MATCH",
    "NOBODY_ALIKE": "NEW",
}


def decided(*lines: tuple[str, float | None, float | None]) -> duckdb.DuckDBPyConnection:
    """A state whose runs decided lines by the model: reason, weight, margin; line numbers begin with 1."""
    con = open_registry()
    for number, (reason, weight, margin) in enumerate(lines, start=1):
        con.execute(
            "INSERT INTO identity.assignment VALUES ('S', ?, NULL, ?, ?, 'model', ?, ?, 'm')",
            [number, OUTCOMES.get(reason, "REUSED"), reason, weight, margin],
        ).fetchall()
    return con


def forecast(con: duckdb.DuckDBPyConnection, thresholds: Thresholds = THRESHOLDS, **other: float) -> Forecast:
    return forecast_thresholds(con, thresholds, **other)


def test_links_below_a_higher_threshold_become_questions() -> None:
    con = decided(("MODEL_MATCH", 12.0, None), ("MODEL_MATCH", 11.99, None), ("MODEL_MATCH", 30.0, 9.0))
    result = forecast(con, upper=12)
    assert (result.links, result.questions, result.new) == ((3, 2), (0, 1), (0, 0))
    assert result.moves == [Move("link", "question", 1, 0, 0)]


def test_questions_above_a_lower_threshold_become_links_and_clerks_answers_stand_beside() -> None:
    con = decided(("NOT_SURE", 8.0, None), ("NOT_SURE", 7.9, None), ("NOT_SURE", 9.0, 2.0))
    con.execute(
        """
        INSERT INTO identity.decision BY NAME
        SELECT 'd' AS decision_id, 'NM1' AS near_match_id, 'cannot_link' AS kind, 'S' AS submission_id,
               1 AS line_number, 'district' AS actor, '' AS reason, now() AS "at"
        """
    ).fetchall()
    result = forecast(con, upper=8)
    assert result.moves == [Move("question", "link", 1, 0, 1)]
    assert result.false_links == (0.0, round(1 / 257, 4))


def test_margin_and_lower_threshold() -> None:
    con = decided(("SEVERAL_CANDIDATES", 20.0, 3.0), ("NOBODY_ALIKE", -1.0, None), ("NOBODY_ALIKE", None, None))
    result = forecast(con, margin=3, lower=-1)
    assert (result.links, result.questions, result.new) == ((0, 1), (1, 1), (2, 1))


def test_what_no_threshold_moves_is_left_out() -> None:
    assert forecast(decided(("LOCAL_ID_KNOWN", 5.0, None)), upper=30).lines == 0


def test_thresholds_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError, match="Name a threshold"):
        forecast(decided())
    with pytest.raises(UsageError, match="nothing could be a question"):
        forecast(decided(), lower=11)
