"""Answers to questions, written down: in the journal block of their commit unit, as facts, and on the questions they close."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from matching.people_facts import CANNOT, MUST
from matching.questions import CANCEL, CLOSED, OPEN, UNANSWERED
from matching.reasons import NEAR_MATCH, NEW
from schemas.identity_fields import IDENTITY_SOURCES
from schemas.submission import Submission

DECISION_SCHEMA = pl.Schema({
    "near_match_id": pl.String(), "kind": pl.String(), "state_id": pl.String(), "other_state_id": pl.String(),
    "submission_id": pl.String(), "line_number": pl.Int64(), "actor": pl.String(), "reason": pl.String(),
    "return_submission_id": pl.String(),
})  # fmt: skip
RETURNED_WORKLIST = "returned worklist"
_RECORD = (
    "local_student_id", "last_name", "first_name", "middle_name", "suffix", "birth_date", "gender", "ssn_hash",
)  # fmt: skip


def returned_answers(assignments: pl.DataFrame, submissions: Sequence[Submission]) -> pl.DataFrame:
    """The assignments that answer questions: with district_code, actor, why, was_asked_again and is_unanswered."""
    returns = [
        (
            s.submission_id,
            s.district_code,
            s.decided_by or f"district {s.district_code}",
            s.decided_why or RETURNED_WORKLIST,
        )
        for s in submissions
        if s.status == "decisions"
    ]
    schema = dict.fromkeys(("submission_id", "district_code", "actor", "why"), pl.String)
    answered = assignments.join(pl.DataFrame(returns, schema=schema, orient="row"), on="submission_id")
    is_question = pl.col("outcome") == NEAR_MATCH
    return answered.filter(pl.col("near_match_id").is_not_null()).with_columns(
        was_asked_again=is_question & ~pl.col("reason").is_in(UNANSWERED),
        is_unanswered=is_question & pl.col("reason").is_in(UNANSWERED),
    )


def decisions_of(con: duckdb.DuckDBPyConnection, incoming_answers: pl.DataFrame) -> pl.DataFrame:
    """The decisions of a commit unit, DECISION_SCHEMA; the same rows for the same database and answers.

    SAME is one row with the child's number; DIFFERENT one row a candidate, with the number that the record was given where
    it was given a new one; CANCEL one row.
    """
    if incoming_answers.is_empty():
        return pl.DataFrame(schema=DECISION_SCHEMA)
    return con.sql(
        f"""
        WITH told AS (
            SELECT *, CASE reason WHEN 'DECIDED_SAME' THEN '{MUST}' WHEN 'DECIDED_CANCEL' THEN '{CANCEL}'
                      ELSE '{CANNOT}' END AS kind
            FROM incoming_answers WHERE NOT is_unanswered
        )
        SELECT DISTINCT n.near_match_id, a.kind,
               CASE a.kind WHEN '{MUST}' THEN a.state_id WHEN '{CANNOT}' THEN n.candidate_state_id END AS state_id,
               CASE WHEN a.kind = '{CANNOT}' AND a.outcome = '{NEW}' THEN a.state_id END AS other_state_id,
               n.submission_id, n.line_number, a.actor, a.why AS reason, a.submission_id AS return_submission_id
        FROM told a JOIN identity.near_match n USING (near_match_id, district_code)
        WHERE n.status = '{OPEN}' AND n.submission_id <> a.submission_id
          AND (a.kind = '{CANNOT}' OR n.candidate_rank = 1)
        ORDER BY ALL
        """
    ).pl().cast(DECISION_SCHEMA)  # fmt: skip


def journaled(decisions: pl.DataFrame) -> list[dict[str, Any]]:
    """The decisions as a journal block holds them; IDs and names of questions, no other value of a student."""
    return decisions.to_dicts()


def record_answers(
    con: duckdb.DuckDBPyConnection,
    assignments: pl.DataFrame,
    submissions: Sequence[Submission],
    at: datetime,
    block_number: int | None = None,
) -> None:
    """Closes the questions that the returns of a commit unit answered, and keeps each decision as a fact.

    Runs after ``open_near_matches`` in the same transaction: what that one opened for a return is the old question asked
    again, and goes back under the line that it was asked about first.
    """
    incoming_answers = returned_answers(assignments, submissions)
    if incoming_answers.is_empty():
        return
    incoming_decisions = decisions_of(con, incoming_answers)  # noqa: F841 (query)
    for statement in _RECORD_ANSWERS:
        given = {"at": at, "block_number": block_number}
        con.execute(statement, {name: value for name, value in given.items() if f"${name}" in statement}).fetchall()


_RECORD_STRUCT = ", ".join(
    f"'{name}': '{'DATE' if IDENTITY_SOURCES[name][1] == pl.Date else 'VARCHAR'}'" for name in _RECORD
)
_RECORD_ANSWERS = (
    # A question that nobody answered is not asked twice.
    """DELETE FROM identity.near_match n USING incoming_answers a
       WHERE a.is_unanswered AND n.near_match_id = a.near_match_id AND n.submission_id = a.submission_id""",
    f"""INSERT INTO identity.decided_record BY NAME
        SELECT near_match_id, district_code, UNNEST(from_json(request, '{{{_RECORD_STRUCT.replace("'", '"')}}}'))
        FROM (SELECT DISTINCT ON (p.near_match_id) p.near_match_id, a.district_code, p.request
              FROM identity.pending_request p
              JOIN incoming_answers a USING (near_match_id)
              JOIN intake.submission f ON f.submission_id = p.submission_id AND f.district_code = a.district_code
              WHERE near_match_id IN (SELECT near_match_id FROM incoming_decisions WHERE kind <> '{CANCEL}')
                AND near_match_id NOT IN (SELECT near_match_id FROM identity.decided_record)
              ORDER BY p.near_match_id, p.submission_id)""",
    """DELETE FROM identity.pending_request p USING incoming_answers a
       WHERE p.near_match_id = a.near_match_id
         AND p.submission_id IN (SELECT submission_id FROM intake.submission f WHERE f.district_code = a.district_code)
         AND ((NOT a.is_unanswered AND NOT a.was_asked_again) OR p.submission_id = a.submission_id)""",
    """INSERT INTO identity.decision BY NAME
       SELECT md5(concat_ws('|', return_submission_id, near_match_id, kind, state_id)) AS decision_id, *,
              $at AS "at", $block_number::BIGINT AS block_number
       FROM incoming_decisions""",
    f"""UPDATE identity.near_match n
       SET status = '{CLOSED}', closed_at = $at, resolved_state_id = a.state_id
       FROM incoming_answers a
       WHERE NOT a.is_unanswered AND n.near_match_id = a.near_match_id AND n.district_code = a.district_code
         AND n.status = '{OPEN}' AND n.submission_id <> a.submission_id""",
    f"""UPDATE identity.near_match n
       SET submission_id = first.submission_id, line_number = first.line_number, sha256 = first.sha256
       FROM (SELECT near_match_id, any_value(submission_id) AS submission_id, any_value(line_number) AS line_number,
                    any_value(sha256) AS sha256
             FROM identity.near_match WHERE status = '{CLOSED}' GROUP BY near_match_id) first,
            incoming_answers a
       WHERE a.was_asked_again AND n.near_match_id = a.near_match_id AND n.submission_id = a.submission_id
         AND first.near_match_id = n.near_match_id""",
)
