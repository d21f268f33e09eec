"""Locator requests of districts: looked up while a run is planned, logged with the submission, answered in its folder.

The answers stand in the plan's stage, so an interrupted run that is completed later says the same; the log is committed in
the submission's own transaction, before its receipt.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from flows.locating import LEVEL, look_up
from flows.session import Session
from flows.staging import write_stage
from flows.taking import Taking
from outputs.disclosure_log import Disclosure, record_disclosures
from outputs.locator_answers import located_csv, located_message, with_results
from schemas.locator.request import LOOKUP_SCHEMA, NOT_ANSWERED, typed_lookups
from schemas.reading import LOCATOR_REQUEST, Extract
from schemas.submission import Submission

LOOKUPS_STAGE, ANSWERS_STAGE, CANDIDATES_STAGE = "lookups.parquet", "located.parquet", "located_children.parquet"
NEXT_STEP = (
    "Open located.csv. Where the child stands there, use that state ID; where nobody does, ask for an ID with "
    "forms/new_student.html or an ID batch."
)


def answer_requests(session: Session, taking: Taking, folder: Path) -> None:
    """Look up what the locator requests of a run ask, stage the answers, and let each submission say what came out.

    The registry is asked as it stood before the run: children who get their ID in this run are found from the next on.
    """
    if not taking.locators:
        return
    frames = [
        _typed_request(session, taking.submissions[name], extract) for name, extract in sorted(taking.locators.items())
    ]
    lookups = pl.concat(frames)
    # Lines are numbered file by file; in one look-up of all files each needs a number of its own.
    numbered = lookups.rename({"line_number": "file_line"}).with_row_index("line_number")
    places = numbered.select("line_number", "submission_id", "file_line")
    located = look_up(session, numbered.select(*LOOKUP_SCHEMA).cast(LOOKUP_SCHEMA))
    answers, candidates = _by_file(located.answers, places), _by_file(located.candidates, places)
    write_stage(lookups, folder / LOOKUPS_STAGE)
    write_stage(answers, folder / ANSWERS_STAGE)
    write_stage(candidates, folder / CANDIDATES_STAGE)
    for name in sorted(taking.locators):
        own = answers.filter(pl.col("submission_id") == name)
        is_whole = not with_results(own)["result"].eq(NOT_ANSWERED).any()
        taking.submissions[name] = replace(
            taking.submissions[name],
            outcome="accepted" if is_whole else "accepted_with_violations",
            message=located_message(own),
            next_step=NEXT_STEP,
        )


def _typed_request(session: Session, submission: Submission, extract: Extract) -> pl.DataFrame:
    typed = typed_lookups(extract.records, submission.district_code, session.directory)
    unreadable = extract.refused.select("line_number", fault=pl.lit("LINE_UNREADABLE"))
    everything = pl.concat([typed, unreadable], how="diagonal").sort("line_number")
    return everything.with_columns(submission_id=pl.lit(submission.submission_id))


def _by_file(frame: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The frame under each file's own name and line numbers."""
    joined = frame.cast({"line_number": pl.UInt32}).join(places.cast({"line_number": pl.UInt32}), on="line_number")
    return joined.drop("line_number").rename({"file_line": "line_number"})


@dataclass(frozen=True)
class StagedLookups:
    """What a plan's run staged of its locator requests."""

    folder: Path

    def log(self, con: duckdb.DuckDBPyConnection, submissions: Sequence[Submission], at: datetime) -> None:
        """A row of the disclosure log for each look-up of these submissions; in their transaction."""
        disclosures = []
        for submission in submissions:
            if submission.layout != LOCATOR_REQUEST or submission.status != "answered":
                continue
            lookups, answers, candidates = self.of(submission)
            told = with_results(answers).filter(pl.col("result") != NOT_ANSWERED)
            shown = candidates.group_by("line_number").agg(children="state_id")
            lines = told.join(lookups, on="line_number").join(shown, on="line_number", how="left").sort("line_number")
            who = f"district {submission.district_code}"
            disclosures += [
                Disclosure(who, LEVEL, f"locator: {purpose}", who, children or (), submission.district_code)
                for purpose, children in lines.select("purpose", "children").iter_rows()
            ]
        record_disclosures(con, disclosures, at)

    def csv(self, submission: Submission, *, shows_placement: bool) -> bytes:
        """The content of located.csv."""
        return located_csv(*self.of(submission), shows_placement=shows_placement)

    def of(self, submission: Submission) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Look-ups, answers and candidates of one submission."""
        own = pl.col("submission_id") == submission.submission_id
        stages = (LOOKUPS_STAGE, ANSWERS_STAGE, CANDIDATES_STAGE)
        lookups, answers, candidates = (
            pl.scan_parquet(self.folder / stage).filter(own).drop("submission_id").collect() for stage in stages
        )
        return lookups, answers, candidates
