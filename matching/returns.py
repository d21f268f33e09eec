"""Returned worklists: what a district, or the operator, answered to questions (design 3.3). Nothing is written here."""

from dataclasses import dataclass

import duckdb
import polars as pl

from matching.questions import OPEN
from matching.requests import workspace
from matching.supplied_ids import FORWARD_TABLE, make_forward_table
from schemas.identity_fields import IDENTITY_SOURCES

SAME, DIFFERENT = "SAME", "DIFFERENT"
DECISIONS = (SAME, DIFFERENT, "CANCEL")


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
    returned: pl.DataFrame,
    con: duckdb.DuckDBPyConnection,
    *,
    submission_id: str,
    sha256: str,
    district_code: str,
    actor: str | None = None,
) -> ReturnedAnswers:
    """What a district's returned worklist says about each question (design 3.3); nothing is written.

    Args:
        returned: line_number, near_match_id, candidate_rank, candidate_state_id, decision, as text.
        con: an instance with the state attached as ``state``.
        actor: who answers, where it is not the district itself.
    """
    rows = _clean(returned)
    with workspace(con) as cursor:
        asked = _asked(cursor, rows["near_match_id"].unique())
        refusals = _refusals(rows, asked, district_code)
        open_rows = rows.join(refusals, on="near_match_id", how="anti")
        answers = _answers(open_rows, asked.filter(pl.col("status") == OPEN, pl.col("district_code") == district_code))
        waiting = _waiting_requests(cursor, answers["near_match_id"], district_code)
    requests = waiting.join(answers, on="near_match_id").with_columns(
        submission_id=pl.lit(submission_id), sha256=pl.lit(sha256), answer_actor=pl.lit(actor, pl.String)
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
        has_cancel=(said == "CANCEL").any(),
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
