"""A record without an ID is told what stands in its own way, not what the rule says to all."""

import polars as pl
import pytest

from flows.deciding import explain_missing_ids
from schemas.validation import VIOLATION_SCHEMA


def violation(line: int) -> pl.DataFrame:
    row = dict.fromkeys(VIOLATION_SCHEMA) | {
        "submission_id": "S1", "line_number": line, "field": "StateID", "rule_id": "STC00001", "severity": "E",
        "scope": "record", "message": "No state ID", "fix": "Correct the record or answer the question.",
    }  # fmt: skip
    return pl.DataFrame([row], schema=pl.Schema(VIOLATION_SCHEMA))


def assignment(line: int, reason: str, state_id: str | None = None, person_number: int | None = None) -> pl.DataFrame:
    schema = {
        "submission_id": pl.String, "line_number": pl.UInt32, "reason": pl.String, "state_id": pl.String,
        "person_number": pl.Int64,
    }  # fmt: skip
    return pl.DataFrame([("S1", line, reason, state_id, person_number)], schema=schema, orient="row")


@pytest.mark.parametrize(
    "reason, words",
    [
        ("SUPPLIED_ID_UNKNOWN", "Blank the number to ask for a new one"),
        ("NOT_SURE", "Answer the question in matches_to_resolve.txt."),
        ("STC00446", "Correct the other error of this record"),
    ],
)
def test_advice_follows_the_reason(reason: str, words: str) -> None:
    explained = explain_missing_ids(violation(4), assignment(4, reason))
    assert words in explained["fix"][0]
    assert explained.drop("fix").equals(violation(4).drop("fix"))


@pytest.mark.parametrize("state_id, person_number", [("1000000001", None), (None, 7)])
def test_a_record_with_an_id_keeps_the_rule_s_advice(state_id: str | None, person_number: int | None) -> None:
    found = violation(4)
    assert explain_missing_ids(found, assignment(4, "NOT_SURE", state_id, person_number)).equals(found)
