"""Questions to a district: who could this child be (design 3.3)?

A question is known by its NearMatchID, which is made from the file's bytes and the line, so that it stays the same however
often it is asked. Its candidates stand by weight, and each says in one sentence why it is shown.
"""

import hashlib

import duckdb
import polars as pl

from matching.explanations import evidence_json, explain

CANDIDATE_SCHEMA = pl.Schema({
    "submission_id": pl.String(), "line_number": pl.UInt32(), "near_match_id": pl.String(),
    "candidate_rank": pl.Int32(), "candidate_state_id": pl.String(), "candidate_last_name": pl.String(),
    "candidate_first_name": pl.String(), "candidate_middle_name": pl.String(), "candidate_birth_date": pl.Date(),
    "candidate_gender": pl.String(), "candidate_grade": pl.String(), "candidate_district_code": pl.String(),
    "match_weight": pl.Float64(), "explanation": pl.String(), "reason": pl.String(), "evidence": pl.String(),
})  # fmt: skip

OPEN, CLOSED = "open", "closed"
CANCEL = "cancel"
# Reasons with which a returned question stays as it was.
UNANSWERED = (
    "STILL_OPEN", "RETURN_TWO_SAME", "RETURN_UNKNOWN_DECISION", "RETURN_INCOMPLETE", "RETURN_ALTERED",
    "RETURN_CANDIDATE_GONE", "RETURN_CONTRADICTS",
)  # fmt: skip


def near_match_id(sha256: str, line_number: int) -> str:
    """``NM`` and ten hex digits: the same question has the same name in every run."""
    return "NM" + hashlib.sha256(f"{sha256}:{line_number}".encode()).hexdigest()[:10]


def near_match_ids(requests: pl.DataFrame) -> pl.Series:
    """The NearMatchID of each row of sha256 and line_number."""
    keys = requests.select("sha256", "line_number").iter_rows()
    return pl.Series("near_match_id", [near_match_id(sha256, line) for sha256, line in keys], pl.String)


def make_candidates(people: pl.DataFrame, requests: pl.DataFrame, limit: int) -> pl.DataFrame:
    """The candidates of every open question, in CANDIDATE_SCHEMA, best first, ties by state ID.

    Args:
        people: request_id, person, match_weight, reason, ``gamma_<field>``, ``mw_<field>`` and the person's own data as
            ``known_<name>``.
        requests: request_id, submission_id, line_number, near_match_id and the request's own data.
        limit: at most so many candidates a question.
    """
    if people.is_empty():
        return pl.DataFrame(schema=CANDIDATE_SCHEMA)
    ranked = (
        people.sort(["request_id", "match_weight", "person"], descending=[False, True, False], nulls_last=True)
        .with_columns(candidate_rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("request_id"))
        .filter(pl.col("candidate_rank") <= limit)
        .rename(
            {name: f"candidate_{name.removeprefix('known_')}" for name in people.columns if name.startswith("known_")}
        )
        .join(requests, on="request_id")
    )
    rows = ranked.rows(named=True)
    explanations = [row.get("asked_why") or explain(row, row["reason"]) for row in rows]
    evidence = [row.get("asked_evidence") or evidence_json(row) for row in rows]
    return (
        ranked.with_columns(
            candidate_state_id=pl.col("person"),
            explanation=pl.Series(explanations, dtype=pl.String),
            evidence=pl.Series(evidence, dtype=pl.String),
        )
        .select(*CANDIDATE_SCHEMA)
        .cast(CANDIDATE_SCHEMA)
        .sort("submission_id", "line_number", "candidate_rank")
    )


def open_candidates(cursor: duckdb.DuckDBPyConnection, names: pl.Series) -> pl.DataFrame:
    """near_match_id, person, match_weight, reason, asked_why and asked_evidence of the candidates of open questions."""
    cursor.register("wanted_questions", pl.DataFrame({"near_match_id": names.cast(pl.String)}))
    rows = cursor.sql(
        f"""
        SELECT near_match_id, candidate_state_id AS person, match_weight, reason, explanation AS asked_why,
               evidence AS asked_evidence
        FROM state.identity.near_match
        WHERE status = '{OPEN}' AND near_match_id IN (SELECT near_match_id FROM wanted_questions)
        """
    ).pl()
    cursor.unregister("wanted_questions")
    return rows
