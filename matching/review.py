"""Open questions as the operator reviews them: with age, weight and the group of alike questions each belongs to."""

import hashlib
import json
from typing import Any

import duckdb
import polars as pl

from matching.candidates import displayed_people
from matching.comparisons import BY_NAME
from matching.explanations import explain
from matching.questions import OPEN, UNANSWERED
from matching.requests import workspace
from matching.supplied_ids import make_forward_table

# Race and place of enrolment vary without telling twins from a spelling: they do not part groups.
_GROUPED_BY = ("last_name", "first_name", "middle_name", "suffix", "birth_date", "gender", "ssn", "guardian", "place")
QUESTION_SCHEMA = pl.Schema({
    "near_match_id": pl.String(), "district_code": pl.String(), "submission_id": pl.String(), "line_number": pl.Int64(),
    "file_name": pl.String(), "opened_at": pl.Datetime("us", "UTC"), "reason": pl.String(), "match_weight": pl.Float64(),
    "candidates": pl.List(pl.String()), "evidence": pl.String(), "group_id": pl.String(), "pattern": pl.String(),
})  # fmt: skip


def open_questions(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """One row an open question, QUESTION_SCHEMA, oldest first; ``candidates`` are the IDs in the order they were shown.

    The same bytes that came again ask one question; what was asked last counts, and its age is that of the first time.
    """
    rows = con.sql(
        f"""
        WITH asked AS (
            SELECT *, min(opened_at) OVER (PARTITION BY near_match_id, district_code) AS first_opened_at
            FROM identity.near_match WHERE status = '{OPEN}'
            QUALIFY rank() OVER (
                PARTITION BY near_match_id, district_code ORDER BY opened_at DESC, submission_id DESC) = 1
        )
        SELECT near_match_id, asked.district_code, asked.submission_id, asked.line_number,
               any_value(file.file_name) AS file_name, min(first_opened_at) AS opened_at,
               coalesce(any_value(given.reason), arg_min(asked.reason, candidate_rank)) AS reason,
               max(asked.match_weight) AS match_weight,
               list(candidate_state_id ORDER BY candidate_rank, candidate_state_id) AS candidates,
               arg_min(evidence, candidate_rank) FILTER (candidate_rank = 1) AS evidence
        FROM asked
        LEFT JOIN intake.submission AS file ON file.submission_id = asked.submission_id
        LEFT JOIN identity.assignment AS given
          ON given.submission_id = asked.submission_id AND given.line_number = asked.line_number
          AND given.outcome = 'NEAR_MATCH' AND given.reason NOT IN {UNANSWERED}
        GROUP BY near_match_id, asked.district_code, asked.submission_id, asked.line_number
        ORDER BY opened_at, asked.district_code, asked.submission_id, asked.line_number
        """
    ).pl()
    groups = [_group(row) for row in rows.iter_rows(named=True)]
    named = rows.with_columns(
        pl.col("opened_at").dt.convert_time_zone("UTC"),
        group_id=pl.Series([group_id for group_id, _ in groups], dtype=pl.String),
        pattern=pl.Series([pattern for _, pattern in groups], dtype=pl.String),
    )
    return named.select(*QUESTION_SCHEMA).cast(QUESTION_SCHEMA)


def _group(question: dict[str, Any]) -> tuple[str, str]:
    """The group of a question and what its questions have in common: reason, agreement with the best candidate, how many."""
    levels = levels_of(question["evidence"])
    known = {name: levels[name] for name in _GROUPED_BY if name in levels}
    how_many = "one" if len(question["candidates"]) == 1 else "several"
    key = json.dumps([question["reason"], how_many, known], sort_keys=True)
    gammas = {f"gamma_{name}": BY_NAME[name].number_of(level) for name, level in known.items()}
    pattern = explain(gammas, question["reason"]) if known else "What was compared is not on record"
    return "G" + hashlib.sha256(key.encode()).hexdigest()[:8], pattern


def levels_of(evidence: str | None) -> dict[str, str]:
    """Comparison -> level, of a candidate's evidence."""
    return {name: level for name, (level, _) in json.loads(evidence or "{}").items()}


def bits_of(evidence: str | None) -> dict[str, float]:
    """Comparison -> weight in bits, of a candidate's evidence; ``circumstances`` with them."""
    return {name: bits for name, (_, bits) in json.loads(evidence or "{}").items()}


def shown_candidates(con: duckdb.DuckDBPyConnection, questions: pl.DataFrame) -> pl.DataFrame:
    """near_match_id, candidate_rank, state_id, match_weight, explanation and evidence of these questions' candidates."""
    wanted_questions = questions.select("near_match_id", "submission_id", "line_number")  # noqa: F841 (query)
    return con.sql(
        "SELECT near_match_id, candidate_rank, candidate_state_id AS state_id, match_weight, explanation, evidence "
        "FROM identity.near_match SEMI JOIN wanted_questions USING (near_match_id, submission_id, line_number) "
        f"WHERE status = '{OPEN}' ORDER BY ALL"
    ).pl()


def waiting_records(con: duckdb.DuckDBPyConnection, questions: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """What was sent about each question, by its name."""
    wanted_questions = questions.select("near_match_id")  # noqa: F841 (query)
    rows = con.execute(
        "SELECT near_match_id, request FROM identity.pending_request SEMI JOIN wanted_questions USING (near_match_id) "
        "ORDER BY near_match_id, submission_id"
    ).fetchall()
    return {name: json.loads(request) for name, request in rows}


def known_people(con: duckdb.DuckDBPyConnection, state_ids: pl.Series) -> dict[str, dict[str, Any]]:
    """The newest data of each child, by state ID."""
    with workspace(con) as cursor:
        make_forward_table(cursor)
        people = displayed_people(cursor, state_ids.unique())
    return {
        row["person"]: {name.removeprefix("known_"): value for name, value in row.items() if name != "person"}
        for row in people.iter_rows(named=True)
    }
