"""Answers of districts: which words can answer which finding."""

import duckdb
import polars as pl
import pytest

from outputs.violation_desk.response_answer import response_message
from outputs.violation_desk.responses import rows_of, take_responses
from tests.outputs.conftest import RECEIVED, make_submission
from tests.outputs.test_store import THREE, store

_COLUMNS = (
    "line_number", "place", "submission_id", "violation_line", "rule_id", "field", "response", "comment",
    "local_student_id", "state_id", "other_district_code",
)  # fmt: skip


@pytest.mark.parametrize(
    "word, scope, side, reason",
    [
        ("WILL_CORRECT", "record", None, None),
        ("CONTACTED", "record", None, "NO_OTHER_DISTRICT"),
        ("CONTACTED", "state", None, None),
        ("RECORDS_SENT", "state", None, "NO_RECORDS"),
        ("RECORDS_SENT", "state", "left", "NO_RECORDS"),
        ("RECORDS_SENT", "record", None, "NO_RECORDS"),
        ("RECORDS_SENT", "state", "sends", None),
        ("RECORDS_SENT", "state", "receives", None),
    ],
)
def test_a_word_answers_only_findings_that_it_can_be_about(
    con: duckdb.DuckDBPyConnection, word: str, scope: str, side: str | None, reason: str | None
) -> None:
    trial = make_submission(1)
    store(con, (trial, THREE, [{}]))
    con.execute("UPDATE quality.violation SET scope = ?, side = ?", [scope, side])
    line, rule, field = con.execute("SELECT line_number::VARCHAR, rule_id, field FROM quality.violation").fetchall()[0]
    answer = (2, "line 2", trial.submission_id, line, rule, field, word, None, None, None, None)
    schema = {name: pl.UInt32() if name == "line_number" else pl.String() for name in _COLUMNS}
    take_responses(
        con, pl.DataFrame([answer], schema=schema, orient="row"), response_submission_id="answers",
        district_code=trial.district_code, school_code=None, at=RECEIVED,
    )  # fmt: skip
    assert rows_of(con, "answers")["reason"].to_list() == [reason]


@pytest.mark.parametrize(
    "taken, said", [(1, "1 answer was taken; the state decides about it."), (2, "decides about them.")]
)
def test_the_receipt_counts_what_was_taken(taken: int, said: str) -> None:
    assert said in response_message(pl.DataFrame({"reason": [None] * taken, "status": ["proposed"] * taken}))
