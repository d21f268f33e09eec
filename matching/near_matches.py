"""Questions to a district: who could this child be? And what the district's answer does (design 3.3).

A question is known by its NearMatchID, which is made from the file's bytes and the line, so that it stays the same however
often it is asked. Its candidates stand by weight, and each says in one sentence why it is shown.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl

from matching.explanations import explain
from matching.reasons import NEAR_MATCH
from matching.requests import REQUEST_TABLE, workspace
from matching.supplied_ids import FORWARD_TABLE, make_forward_table, person_of
from schemas.identity_fields import IDENTITY_SOURCES
from schemas.submission import Submission

CANDIDATE_SCHEMA = pl.Schema({
    "submission_id": pl.String(), "line_number": pl.UInt32(), "near_match_id": pl.String(),
    "candidate_rank": pl.Int32(), "candidate_state_id": pl.String(), "candidate_last_name": pl.String(),
    "candidate_first_name": pl.String(), "candidate_middle_name": pl.String(), "candidate_birth_date": pl.Date(),
    "candidate_gender": pl.String(), "candidate_grade": pl.String(), "candidate_district_code": pl.String(),
    "match_weight": pl.Float64(), "explanation": pl.String(), "reason": pl.String(),
})  # fmt: skip

MUST_LINK, CANNOT_LINK, CANCEL = "must_link", "cannot_link", "cancel"
OPEN = "open"
SAME, DIFFERENT = "SAME", "DIFFERENT"
DECISIONS = (SAME, DIFFERENT, "CANCEL")
# Reasons with which a returned question stays as it was.
UNANSWERED = (
    "STILL_OPEN", "RETURN_TWO_SAME", "RETURN_UNKNOWN_DECISION", "RETURN_INCOMPLETE", "RETURN_ALTERED",
    "RETURN_CANDIDATE_GONE",
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
        people: request_id, person, match_weight, reason, ``gamma_<field>`` and the person's own data as ``known_<name>``.
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
    explanations = [row.get("asked_why") or explain(row, row["reason"]) for row in ranked.iter_rows(named=True)]
    return (
        ranked.with_columns(candidate_state_id=pl.col("person"), explanation=pl.Series(explanations, dtype=pl.String))
        .select(*CANDIDATE_SCHEMA)
        .cast(CANDIDATE_SCHEMA)
        .sort("submission_id", "line_number", "candidate_rank")
    )


def people_decisions(cursor: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """request_id, kind and person of what people decided earlier about lines of this run (the same file, dropped again)."""
    return cursor.sql(
        f"""
        SELECT DISTINCT q.request_id, d.kind, {person_of("d", "f")} AS person
        FROM {REQUEST_TABLE} q
        JOIN state.identity.near_match n ON n.sha256 = q.sha256 AND n.line_number = q.line_number
        JOIN state.identity.decision d ON d.near_match_id = n.near_match_id
        LEFT JOIN {FORWARD_TABLE} f ON f.state_id = d.state_id
        WHERE d.kind = '{CANCEL}' OR {person_of("d", "f")} IS NOT NULL
        """
    ).pl()


def open_candidates(cursor: duckdb.DuckDBPyConnection, names: pl.Series) -> pl.DataFrame:
    """near_match_id, person, match_weight, reason and asked_why of the candidates of open questions."""
    cursor.register("wanted_questions", pl.DataFrame({"near_match_id": names.cast(pl.String)}))
    rows = cursor.sql(
        f"""
        SELECT near_match_id, candidate_state_id AS person, match_weight, reason, explanation AS asked_why
        FROM state.identity.near_match
        WHERE status = '{OPEN}' AND near_match_id IN (SELECT near_match_id FROM wanted_questions)
        """
    ).pl()
    cursor.unregister("wanted_questions")
    return rows


@dataclass(frozen=True)
class ReturnedAnswers:
    """What a returned worklist asks for.

    Attributes:
        requests: one row a question that can be answered, to be decided with the other requests of the run
            (``identify``): the identity columns of the request as it was first sent, under the return's submission_id
            and sha256, line_number being the return's first line about it; request_line, the line of the request in its
            own file; near_match_id; answer (same, different, cancel, open), answer_person, answer_reason and ruled_out.
        refusals: line_number, near_match_id and reason of what is no open question of this district.
    """

    requests: pl.DataFrame
    refusals: pl.DataFrame


def apply_return(
    returned: pl.DataFrame, con: duckdb.DuckDBPyConnection, *, submission_id: str, sha256: str, district_code: str
) -> ReturnedAnswers:
    """What a district's returned worklist says about each question (design 3.3); nothing is written.

    Args:
        returned: line_number, near_match_id, candidate_rank, candidate_state_id, decision, as text.
        con: an instance with the state attached as ``state``.
    """
    rows = _clean(returned)
    with workspace(con) as cursor:
        asked = _asked(cursor, rows["near_match_id"].unique())
        refusals = _refusals(rows, asked, district_code)
        open_rows = rows.join(refusals, on="near_match_id", how="anti")
        answers = _answers(open_rows, asked.filter(pl.col("status") == OPEN, pl.col("district_code") == district_code))
        waiting = _waiting_requests(cursor, answers["near_match_id"], district_code)
    requests = waiting.join(answers, on="near_match_id").with_columns(
        submission_id=pl.lit(submission_id), sha256=pl.lit(sha256)
    )
    return ReturnedAnswers(requests.sort("line_number"), refusals)


def _clean(returned: pl.DataFrame) -> pl.DataFrame:
    """Spreadsheets drop leading zeros, add decimals and change case; none of that alters an answer."""
    text = pl.col("candidate_rank", "near_match_id", "candidate_state_id", "decision").cast(pl.String).str.strip_chars()
    return (
        returned.with_columns(text)
        .with_columns(
            pl.col("line_number").cast(pl.UInt32),
            pl.col("near_match_id").str.tail(10).str.to_lowercase(),
            pl.col("candidate_rank").str.extract(r"^0*(\d{1,4})(?:\.0*)?$").cast(pl.Int32),
            pl.col("candidate_state_id").str.extract(r"^(\d{1,10})(?:\.0*)?$").str.zfill(10),
            pl.col("decision").str.to_uppercase(),
        )
        .with_columns(near_match_id="NM" + pl.col("near_match_id").fill_null(""))
    )


def _asked(cursor: duckdb.DuckDBPyConnection, names: pl.Series) -> pl.DataFrame:
    """What was asked: near_match_id, district_code, candidate_rank, asked_id, person (null when withdrawn), status.

    Bytes that came again (an earlier file that was dropped anew, a building's copy of the district's file) ask the same
    question again: what was asked last is what the answer is held against.
    """
    make_forward_table(cursor)
    cursor.register("wanted_questions", pl.DataFrame({"near_match_id": names.cast(pl.String)}))
    asked = cursor.sql(
        f"""
        SELECT n.near_match_id, n.district_code, n.candidate_rank, n.candidate_state_id AS asked_id,
               CASE WHEN f.state_id IS NULL THEN n.candidate_state_id ELSE f.person END AS person, n.status
        FROM state.identity.near_match n LEFT JOIN {FORWARD_TABLE} f ON f.state_id = n.candidate_state_id
        WHERE n.near_match_id IN (SELECT near_match_id FROM wanted_questions)
        QUALIFY rank() OVER (
            PARTITION BY n.near_match_id, n.district_code, n.status ORDER BY n.opened_at DESC, n.submission_id DESC
        ) = 1
        """
    ).pl()
    cursor.unregister("wanted_questions")
    return asked


def _refusals(rows: pl.DataFrame, asked: pl.DataFrame, district_code: str) -> pl.DataFrame:
    is_own = pl.col("district_code") == district_code
    state = asked.group_by("near_match_id").agg(
        is_own=is_own.any(), is_open=((pl.col("status") == OPEN) & is_own).any()
    )
    first = rows.group_by("near_match_id").agg(pl.col("line_number").min())
    judged = first.join(state, on="near_match_id", how="left").with_columns(
        reason=pl.when(pl.col("is_own").is_null())
        .then(pl.lit("RETURN_UNKNOWN"))
        .when(~pl.col("is_own"))
        .then(pl.lit("RETURN_FOREIGN"))
        .when(~pl.col("is_open"))
        .then(pl.lit("RETURN_CLOSED"))
    )
    refused = judged.filter(pl.col("reason").is_not_null())
    return refused.select("line_number", "near_match_id", "reason").sort("line_number")


def _answers(rows: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """One row a question: near_match_id, line_number, answer, answer_person, answer_reason, ruled_out."""
    told = rows.join(asked, on=["near_match_id", "candidate_rank"], how="left")
    said, same = pl.col("decision"), pl.col("decision") == SAME
    one_each = told.group_by("near_match_id").agg(
        pl.col("line_number").min(),
        is_altered=pl.col("asked_id").ne_missing(pl.col("candidate_state_id")).any()
        | (pl.struct("candidate_rank", "decision").n_unique() > pl.col("candidate_rank").n_unique()),
        is_strange=(said.is_not_null() & ~said.is_in(DECISIONS)).any(),
        has_cancel=(said == CANCEL.upper()).any(),
        same_count=pl.col("candidate_rank").filter(same).n_unique(),
        answer_person=pl.col("person").filter(same).first(),
        different=pl.col("candidate_rank").filter(said == DIFFERENT).n_unique(),
        told=pl.col("candidate_rank").n_unique(),
    )
    people = asked.group_by("near_match_id").agg(
        asked_count=pl.len(), ruled_out=pl.col("person").drop_nulls().unique().sort()
    )
    return (
        one_each.join(people, on="near_match_id")
        .with_columns(case=_case())
        .select(
            "near_match_id",
            "line_number",
            answer=pl.when(pl.col("case").is_in(["same", "different", "cancel"]))
            .then("case")
            .otherwise(pl.lit("open")),
            answer_person=pl.when(pl.col("case") == "same").then("answer_person"),
            answer_reason=pl.when(~pl.col("case").is_in(["same", "different", "cancel"])).then("case"),
            ruled_out="ruled_out",
        )
    )


def _case() -> pl.Expr:
    """What a question's rows amount to; the reason where it stays open."""
    return (
        pl.when("is_altered")
        .then(pl.lit("RETURN_ALTERED"))
        .when("is_strange")
        .then(pl.lit("RETURN_UNKNOWN_DECISION"))
        .when("has_cancel")
        .then(pl.lit("cancel"))
        .when(pl.col("same_count") > 1)
        .then(pl.lit("RETURN_TWO_SAME"))
        .when((pl.col("same_count") == 1) & pl.col("answer_person").is_null())
        .then(pl.lit("RETURN_CANDIDATE_GONE"))
        .when(pl.col("same_count") == 1)
        .then(pl.lit("same"))
        .when(pl.col("different") == pl.col("asked_count"))
        .then(pl.lit("different"))
        .when((pl.col("different") == pl.col("told")) & (pl.col("told") < pl.col("asked_count")))
        .then(pl.lit("RETURN_INCOMPLETE"))
        .otherwise(pl.lit("STILL_OPEN"))
    )


def _waiting_requests(cursor: duckdb.DuckDBPyConnection, names: pl.Series, district_code: str) -> pl.DataFrame:
    """The requests that wait for an answer, as they were sent: identity columns, near_match_id and request_line.

    One a question, however often the same bytes asked it.
    """
    cursor.register("wanted_questions", pl.DataFrame({"near_match_id": names.cast(pl.String)}))
    rows = cursor.sql(
        "SELECT near_match_id, submission_id, line_number AS request_line, request FROM state.identity.pending_request "
        "WHERE near_match_id IN (SELECT near_match_id FROM wanted_questions)"
    ).pl()
    cursor.unregister("wanted_questions")
    known = {name: kind for name, (_, kind) in IDENTITY_SOURCES.items()}
    wanted = {"district_code": pl.String(), **known, "layout": pl.String()}
    as_text = {name: pl.String() if kind == pl.Date else kind for name, kind in wanted.items()}
    request = rows["request"].str.json_decode(pl.Struct(as_text)).struct.unnest()
    dates = [pl.col(name).str.to_date() for name, kind in wanted.items() if kind == pl.Date]
    waiting = rows.drop("request").hstack(
        request.with_columns(*dates, has_identity_error=pl.lit(False), error_reason=pl.lit(None, pl.String))
    )
    own = waiting.filter(pl.col("district_code") == district_code).sort("near_match_id", "submission_id")
    return own.unique("near_match_id", keep="last", maintain_order=True).drop("submission_id")


def record_answers(
    con: duckdb.DuckDBPyConnection, assignments: pl.DataFrame, submissions: Sequence[Submission], at: datetime
) -> None:
    """Closes the questions that the returns of a commit unit answered, and keeps each decision as a fact.

    Runs after ``open_near_matches`` in the same transaction: what that one opened for a return is the old question asked
    again, and goes back under the line that it was asked about first.
    """
    returns = [(s.submission_id, s.district_code) for s in submissions if s.status == "decisions"]
    schema = dict.fromkeys(("submission_id", "district_code"), pl.String)
    answered = assignments.join(pl.DataFrame(returns, schema=schema, orient="row"), on="submission_id")
    incoming_answers = answered.filter(pl.col("near_match_id").is_not_null()).with_columns(
        was_asked_again=(pl.col("outcome") == NEAR_MATCH) & ~pl.col("reason").is_in(UNANSWERED),
        is_unanswered=(pl.col("outcome") == NEAR_MATCH) & pl.col("reason").is_in(UNANSWERED),
    )
    if incoming_answers.is_empty():
        return
    for statement in _RECORD_ANSWERS:
        con.execute(statement, {"at": at} if "$at" in statement else None).fetchall()


_KINDS = f"""CASE a.reason WHEN 'DECIDED_SAME' THEN '{MUST_LINK}' WHEN 'DECIDED_CANCEL' THEN '{CANCEL}'
             ELSE '{CANNOT_LINK}' END"""
_RECORD_ANSWERS = (
    # A question that nobody answered is not asked twice.
    """DELETE FROM identity.near_match n USING incoming_answers a
       WHERE a.is_unanswered AND n.near_match_id = a.near_match_id AND n.submission_id = a.submission_id""",
    """DELETE FROM identity.pending_request p USING incoming_answers a
       WHERE p.near_match_id = a.near_match_id
         AND p.submission_id IN (SELECT submission_id FROM intake.submission f WHERE f.district_code = a.district_code)
         AND ((NOT a.is_unanswered AND NOT a.was_asked_again) OR p.submission_id = a.submission_id)""",
    f"""INSERT INTO identity.decision BY NAME
        SELECT DISTINCT md5(concat_ws('|', a.submission_id, a.near_match_id, {_KINDS}, n.candidate_state_id)) AS decision_id,
               n.near_match_id, {_KINDS} AS kind,
               CASE {_KINDS} WHEN '{MUST_LINK}' THEN a.state_id WHEN '{CANNOT_LINK}' THEN n.candidate_state_id END AS state_id,
               n.submission_id, n.line_number, 'district ' || n.district_code AS actor,
               'returned worklist' AS reason, $at AS "at", a.submission_id AS return_submission_id
        FROM incoming_answers a JOIN identity.near_match n USING (near_match_id, district_code)
        WHERE NOT a.is_unanswered AND n.status = 'open' AND n.submission_id <> a.submission_id
          AND (a.reason <> 'DECIDED_SAME' OR n.candidate_rank = 1)
          AND (a.reason <> 'DECIDED_CANCEL' OR n.candidate_rank = 1)""",
    """UPDATE identity.near_match n
       SET status = 'closed', closed_at = $at, resolved_state_id = a.state_id
       FROM incoming_answers a
       WHERE NOT a.is_unanswered AND n.near_match_id = a.near_match_id AND n.district_code = a.district_code
         AND n.status = 'open' AND n.submission_id <> a.submission_id""",
    """UPDATE identity.near_match n
       SET submission_id = first.submission_id, line_number = first.line_number, sha256 = first.sha256
       FROM (SELECT near_match_id, any_value(submission_id) AS submission_id, any_value(line_number) AS line_number,
                    any_value(sha256) AS sha256
             FROM identity.near_match WHERE status = 'closed' GROUP BY near_match_id) first,
            incoming_answers a
       WHERE a.was_asked_again AND n.near_match_id = a.near_match_id AND n.submission_id = a.submission_id
         AND first.near_match_id = n.near_match_id""",
)
