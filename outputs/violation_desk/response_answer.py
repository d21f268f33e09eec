"""What a district is told of its answers: ``responses.csv``, a row each, and the findings of the receipt."""

import polars as pl

from outputs.formula_safety import neutralise, one_line
from outputs.next_steps import counted
from outputs.violation_desk.responses import APPROVED, NOT_TAKEN, PROPOSED, REFUSED, REPLACED
from schemas.validation import VIOLATION_SCHEMA
from schemas.violation_responses.vocabulary import response_reasons

RESPONSES_FILE = "responses.csv"
# What the state made of an answer that was taken.
DECIDED = {PROPOSED: "not yet", APPROVED: "approved", REFUSED: "refused", REPLACED: "a later answer stands"}


def responses_csv(rows: pl.DataFrame) -> bytes:
    """The file: UTF-8 with BOM, CRLF, safe against formulas; the comments themselves are not repeated.

    Args:
        rows: from ``rows_of``.
    """
    cells = rows.select(
        pl.col("place").alias("Row"),
        pl.col("submission_id").alias("Submission"),
        pl.col("line_number").cast(pl.String).alias("Line"),
        pl.col("rule_id").alias("Rule"),
        pl.col("field").alias("Field"),
        pl.col("response").alias("Response"),
        pl.when(pl.col("status") == NOT_TAKEN).then(pl.lit("no")).otherwise(pl.lit("yes")).alias("Taken"),
        _sentence().alias("Why not"),
        pl.col("status").replace_strict(DECIDED, default="", return_dtype=pl.String).alias("Decision of the state"),
        pl.col("decided_at").dt.convert_time_zone("America/Chicago").dt.strftime("%m/%d/%Y").alias("Decided on"),
        pl.col("decided_because").alias("Because"),
    )
    safe = cells.with_columns(neutralise(one_line(pl.col(pl.String))))
    return safe.write_csv(include_bom=True, line_terminator="\r\n", quote_style="necessary").encode("utf-8")


def response_findings(rows: pl.DataFrame, submission_id: str) -> pl.DataFrame:
    """The rows that were not taken, as warnings of the response file (columns of VIOLATION_SCHEMA)."""
    return (
        rows.filter(pl.col("status") == NOT_TAKEN, pl.col("reason") != "SAME")
        .select(
            submission_id=pl.lit(submission_id),
            line_number="response_line",
            field=pl.lit("Response"),
            rule_id="reason",
            severity=pl.lit("W"),
            scope=pl.lit("record"),
            value=pl.lit(None, pl.String),
            message=_sentence(),
            fix=pl.lit("Correct the row and drop the file again; rows that were taken are not taken twice."),
        )
        .cast(pl.Schema(VIOLATION_SCHEMA))
    )


def response_message(rows: pl.DataFrame) -> str:
    """One sentence for the receipt."""
    same = rows.filter(pl.col("reason") == "SAME").height
    left = rows.filter(pl.col("status") == NOT_TAKEN).height - same
    taken = rows.height - left - same
    parts = ["No new answer was taken."]
    if taken:
        parts = [
            f"{counted(taken, 'answer was', 'answers were')} taken; the state decides about {'it' if taken == 1 else 'them'}."
        ]
    if same:
        parts.append(f"{counted(same, 'answer was', 'answers were')} there already.")
    if left:
        parts.append(f"{counted(left, 'row was', 'rows were')} not taken: responses.csv says why.")
    return " ".join(parts)


def _sentence() -> pl.Expr:
    return pl.col("reason").replace_strict(response_reasons(), default=pl.col("reason"), return_dtype=pl.String)
