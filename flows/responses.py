"""Response files in a run: staged when read, taken in the transaction that stores the file, answered from the database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from flows.staging import write_stage
from outputs.violation_desk.response_answer import RESPONSES_FILE, response_findings, response_message, responses_csv
from outputs.violation_desk.responses import rows_of, take_responses
from schemas.files import write_atomic
from schemas.reading import Extract
from schemas.reading.recognition import VIOLATION_RESPONSE
from schemas.submission import Submission

NEXT_STEP = (
    "Nothing has to be done now. The state decides; what it approves shows on the page of your file (waived, accepted) or "
    "in state_level. A violation whose answer is refused stays as it is: correct it."
)


def stage_responses(extracts: Mapping[str, Extract], folder: Path) -> None:
    """Keep the rows of response files for the store stage; lines that could not be read are rows that are not taken."""
    for name, extract in sorted(extracts.items()):
        unreadable = extract.refused.select(
            "line_number", pl.format("line {}", "line_number").alias("place"), pl.lit("UNREADABLE").alias("rule_id")
        )
        rows = pl.concat([extract.records, unreadable], how="diagonal").sort("line_number")
        write_stage(rows, folder / f"responses-{name}.parquet")


def store_responses(
    con: duckdb.DuckDBPyConnection, submissions: Sequence[Submission], folder: Path, at: datetime
) -> None:
    """Take the answers of these submissions in the open transaction: before their files are stored.

    An answer is about the file that stood when the clerk wrote it. Dropped together with a new file it is taken all the
    same, and goes with its child into that file.
    """
    for submission in _with_answers(submissions):
        path = folder / f"responses-{submission.submission_id}.parquet"
        if path.exists():
            take_responses(
                con,
                pl.read_parquet(path),
                response_submission_id=submission.submission_id,
                district_code=submission.district_code,
                school_code=submission.school_code,
                at=at,
            )


def note_outcomes(con: duckdb.DuckDBPyConnection, submissions: Sequence[Submission]) -> None:
    """Give the files with answers, once they are stored, the outcome that their rows come to."""
    for submission in _with_answers(submissions):
        _note_outcome(con, submission.submission_id)


def _with_answers(submissions: Sequence[Submission]) -> list[Submission]:
    return [each for each in submissions if each.layout == VIOLATION_RESPONSE and each.status == "answered"]


def _note_outcome(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """A file of which a row was not taken is accepted with something to look at."""
    if not response_findings(rows_of(con, name), name).is_empty():
        con.execute(
            "UPDATE intake.submission SET outcome = 'accepted_with_violations' WHERE submission_id = ?", [name]
        ).fetchall()


def answer_response(con: duckdb.DuckDBPyConnection, submission: Submission) -> Submission:
    """The submission with what its receipt says; others as they are."""
    if submission.layout != VIOLATION_RESPONSE or submission.status != "answered":
        return submission
    rows = rows_of(con, submission.submission_id)
    is_whole = response_findings(rows, submission.submission_id).is_empty()
    return replace(
        submission,
        outcome="accepted" if is_whole else "accepted_with_violations",
        message=response_message(rows),
        next_step=NEXT_STEP
        if is_whole
        else "Open responses.csv: it says of each row whether it was taken, and why not.",
    )


def write_responses(con: duckdb.DuckDBPyConnection, folder: Path, submission: Submission) -> Sequence[str]:
    """Write responses.csv; gives its name."""
    write_atomic(folder / RESPONSES_FILE, responses_csv(rows_of(con, submission.submission_id)))
    return (RESPONSES_FILE,)


def findings_of_responses(con: duckdb.DuckDBPyConnection, names: Collection[str]) -> dict[str, pl.DataFrame]:
    """Rows that were not taken, by response submission."""
    found = {name: response_findings(rows_of(con, name), name) for name in _responses_among(con, names)}
    return {name: rows for name, rows in found.items() if rows.height}


def _responses_among(con: duckdb.DuckDBPyConnection, names: Collection[str]) -> list[str]:
    rows = con.execute(
        "SELECT submission_id FROM intake.submission WHERE layout = ? AND list_contains(?, submission_id) ORDER BY ALL",
        [VIOLATION_RESPONSE, sorted(names)],
    ).fetchall()
    return [name for (name,) in rows]
