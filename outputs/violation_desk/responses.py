"""Answers of districts to violations: each row of a response file is taken as a proposal, or has its reason.

Decided in the transaction that stores the file, against what stands then. Repeated drops change nothing.
"""

from datetime import datetime

import duckdb
import polars as pl

from outputs.state_level.sharing import RECEIVES, SENDS
from schemas.violation_responses.reading import plain_number
from schemas.violation_responses.vocabulary import response_meant

# States of a stored row; a newer answer to the same violation takes the place of a proposal.
PROPOSED, NOT_TAKEN, REPLACED, APPROVED, REFUSED = "proposed", "not_taken", "replaced", "approved", "refused"
_SAME_VIOLATION = (
    "answer.submission_id = {other}.submission_id AND answer.rule_id = {other}.rule_id "
    "AND answer.line_number IS NOT DISTINCT FROM {other}.line_number "
    "AND answer.field IS NOT DISTINCT FROM {other}.field "
    "AND answer.other_district_code IS NOT DISTINCT FROM {other}.other_district_code"
)


def take_responses(
    con: duckdb.DuckDBPyConnection,
    rows: pl.DataFrame,
    *,
    response_submission_id: str,
    district_code: str,
    school_code: str | None,
    at: datetime,
) -> None:
    """Store the rows of one response file in the open transaction.

    Args:
        rows: as ``read_violation_response`` gives them.
        school_code: of the building whose folder the file lay in; its answers are about its own records alone.
    """
    judged = _judged(con, _typed(rows), district_code, school_code)
    incoming_responses = judged.select(  # noqa: F841 (for the query)
        pl.format("{}:{}", pl.lit(response_submission_id), "line_number").alias("response_id"),
        pl.lit(response_submission_id).alias("response_submission_id"),
        pl.col("line_number").cast(pl.Int64).alias("response_line"),
        pl.lit(district_code).alias("district_code"),
        pl.col("submission_id").fill_null(""),
        pl.col("violation_line").alias("line_number"),
        pl.coalesce("known_rule", "rule_id").fill_null("").alias("rule_id"),
        pl.coalesce("known_field", "field").alias("field"),
        pl.col("known_other").alias("other_district_code"),
        pl.col("known_collection").alias("collection_version"),
        pl.col("known_state_id").alias("state_id"),
        pl.col("known_local_id").alias("local_student_id"),
        pl.coalesce("word", "response").fill_null("").str.slice(0, 60).alias("response"),
        pl.col("comment").str.slice(0, 2000),
        pl.lit(at).alias("received_at"),
        pl.when(pl.col("reason").is_null()).then(pl.lit(PROPOSED)).otherwise(pl.lit(NOT_TAKEN)).alias("status"),
        "place",
        "reason",
    )
    con.execute("DELETE FROM quality.response WHERE response_submission_id = ?", [response_submission_id]).fetchall()
    con.execute(
        f"""
        UPDATE quality.response AS answer SET status = '{REPLACED}' FROM incoming_responses AS newer
        WHERE answer.status = '{PROPOSED}' AND newer.status = '{PROPOSED}' AND {_SAME_VIOLATION.format(other="newer")}
        """
    ).fetchall()
    con.execute("INSERT INTO quality.response BY NAME SELECT * FROM incoming_responses").fetchall()


def _typed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        pl.col("violation_line").map_elements(plain_number, return_dtype=pl.Int64, skip_nulls=True),
        pl.col("response").map_elements(response_meant, return_dtype=pl.String, skip_nulls=True).alias("word"),
        has_line=pl.col("violation_line").is_not_null(),
    )


def _judged(
    con: duckdb.DuckDBPyConnection, answers: pl.DataFrame, district_code: str, school_code: str | None
) -> pl.DataFrame:
    """The rows with the violation that each is about and ``reason``, null where the answer is taken.

    Rule numbers, fields and IDs are compared as spreadsheets leave them: without zeros in front.
    """
    found = con.sql(
        """
        WITH known AS (
            SELECT violation.*, file.status AS file_status
            FROM quality.violation AS violation JOIN intake.submission AS file USING (submission_id)
            WHERE file.district_code = $district
        )
        SELECT answers.*, file.status AS file_status, known.rule_id AS known_rule, known.field AS known_field,
               known.other_district_code AS known_other, known.status AS violation_status,
               known.side AS known_side, known.scope = 'state' AS is_between_districts,
               known.school_code AS known_school, known.state_id AS known_state_id,
               known.local_student_id AS known_local_id, known.collection_version AS known_collection
        FROM answers
        LEFT JOIN intake.submission AS file
          ON file.submission_id = answers.submission_id AND file.district_code = $district
        LEFT JOIN known
          ON known.submission_id = answers.submission_id
         AND known.line_number IS NOT DISTINCT FROM answers.violation_line
         AND ltrim(known.rule_id, '0') = ltrim(answers.rule_id, '0')
         AND coalesce(known.field, '') = coalesce(answers.field, '')
         AND (answers.other_district_code IS NULL OR known.other_district_code IS NULL
              OR ltrim(known.other_district_code, '0') = ltrim(answers.other_district_code, '0'))
        """,
        params={"district": district_code},
    ).pl()
    found = found.sort("line_number", "known_other", nulls_last=False).unique(
        "line_number", keep="first", maintain_order=True
    )
    return _with_reasons(_with_earlier(con, found), school_code)


def _with_earlier(con: duckdb.DuckDBPyConnection, found: pl.DataFrame) -> pl.DataFrame:
    """``has_same``: the same answer is there already, open or decided."""
    named = found.select("line_number", "word", "comment", submission_id="submission_id", line="violation_line",  # noqa: F841
                         rule_id="known_rule", field="known_field", other_district_code="known_other")  # fmt: skip
    same = con.sql(
        """
        SELECT DISTINCT named.line_number, true AS has_same
        FROM named JOIN quality.response AS answer
          ON answer.submission_id = named.submission_id AND answer.rule_id = named.rule_id
         AND answer.line_number IS NOT DISTINCT FROM named.line AND answer.field IS NOT DISTINCT FROM named.field
         AND answer.other_district_code IS NOT DISTINCT FROM named.other_district_code
        WHERE answer.status IN ('proposed', 'approved', 'refused') AND answer.response = named.word
          AND coalesce(answer.comment, '') = left(coalesce(named.comment, ''), 2000)
        """
    ).pl()
    return found.join(same, on="line_number", how="left", maintain_order="left").sort("line_number")


def _with_reasons(found: pl.DataFrame, school_code: str | None) -> pl.DataFrame:
    about = ["submission_id", "violation_line", "known_rule", "known_field", "known_other"]
    differs = pl.struct("word", "comment").n_unique().over(about) > 1
    is_other_school = (
        pl.col("known_school").ne_missing(pl.lit(school_code)) if school_code is not None else pl.lit(False)
    )
    reason = (
        pl.when(pl.col("response").is_null())
        .then(pl.lit("NO_RESPONSE"))
        .when(pl.col("word").is_null())
        .then(pl.lit("NOT_A_RESPONSE"))
        .when(pl.col("file_status").is_null())
        .then(pl.lit("NOT_YOURS"))
        .when(pl.col("file_status") == "superseded")
        .then(pl.lit("REPLACED"))
        .when(pl.col("known_rule").is_null())
        .then(pl.lit("UNKNOWN_ROW"))
        .when(is_other_school)
        .then(pl.lit("NOT_YOURS"))
        .when(pl.col("violation_status") == "fixed")
        .then(pl.lit("CLOSED"))
        .when(_moved("state_id", "known_state_id") | _moved("local_student_id", "known_local_id"))
        .then(pl.lit("ALTERED"))
        .when((pl.col("word") == "RECORDS_SENT") & ~pl.col("known_side").is_in((RECEIVES, SENDS)).fill_null(False))
        .then(pl.lit("NO_RECORDS"))
        .when((pl.col("word") == "CONTACTED") & ~pl.col("is_between_districts"))
        .then(pl.lit("NO_OTHER_DISTRICT"))
        .when(differs)
        .then(pl.lit("CONTRADICTION"))
        .when(pl.col("has_same").fill_null(False))
        .then(pl.lit("SAME"))
        .otherwise(pl.lit(None, pl.String))
    )
    return found.with_columns(reason=reason)


def _moved(shown: str, known: str) -> pl.Expr:
    """Whether a row shows another child than the violation is about; a column that was deleted or emptied says nothing."""
    given, own = (
        pl.col(name).str.to_lowercase().str.strip_chars_start("0'").str.strip_suffix(".0") for name in (shown, known)
    )
    return (pl.col(shown).is_not_null() & (given != own.fill_null(""))).fill_null(False)


def rows_of(con: duckdb.DuckDBPyConnection, response_submission_id: str) -> pl.DataFrame:
    """What became of each row of a response file, in the order of the file."""
    return con.sql(
        "SELECT answer.response_line, answer.place, answer.submission_id, answer.line_number, answer.rule_id, answer.field, "
        "answer.response, answer.status, answer.reason, answer.decided_at, decision.reason AS decided_because "
        "FROM quality.response AS answer LEFT JOIN quality.decision AS decision "
        "  ON decision.decision_number = answer.decision_number AND decision.kind = 'response' "
        "WHERE answer.response_submission_id = ? ORDER BY answer.response_line",
        params=[response_submission_id],
    ).pl()
