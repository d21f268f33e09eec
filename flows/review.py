"""``mosis review``: the operator's view of open questions, and the worklist to decide them by."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from matching.comparisons import BY_NAME
from matching.proposals import open_proposals
from matching.reasons import reasons
from matching.review import bits_of, known_people, levels_of, open_questions, shown_candidates, waiting_records
from outputs.review_page import Candidate, Group, Proposal, Question, Worklist, worklist_html
from schemas.clock import missouri_day
from schemas.directory import Directory
from schemas.errors import UnknownName, UsageError
from schemas.files import PRIVATE_FILE, PRIVATE_FOLDER, make_folder, write_atomic

WORKLIST_PAGE, DECISIONS_FILE = "worklist.html", "decisions.csv"
DECISION_COLUMNS = ("Item", "Kind", "Decision", "SameAs", "Candidates", "Members", "District", "Reason", "AgeDays")
# A browser shows so many without delay; the others come with the next export.
MOST_ON_PAGE = 1000
QUESTION, GROUP, PROPOSAL = "question", "group", "proposal"


_PROPOSED = {
    "ALIKE_IN_THIS_RUN": "Two children who were new in one run are much alike.",
    "SEVERAL_CANDIDATES": "A record came that fits both children about equally well.",
}


@dataclass(frozen=True)
class Filters:
    """Which open questions: of one district, of one reason, older than so many days."""

    district: str | None = None
    reason: str | None = None
    older_than: int | None = None

    def check(self, directory: Directory) -> None:
        """Raises: UnknownName."""
        if self.district is not None and not directory.has_district(self.district):
            raise UnknownName(f"District {self.district} is not in the directory.")
        if self.reason is not None and self.reason not in reasons():
            raise UnknownName(f"{self.reason} is no reason of an identity answer; matching/reasons.csv lists them.")

    def apply(self, questions: pl.DataFrame) -> pl.DataFrame:
        kept = questions
        if self.district is not None:
            kept = kept.filter(pl.col("district_code") == self.district)
        if self.reason is not None:
            kept = kept.filter(pl.col("reason") == self.reason)
        if self.older_than is not None:
            kept = kept.filter(pl.col("age_days") > self.older_than)
        return kept


def list_questions(con: duckdb.DuckDBPyConnection, now: datetime, filters: Filters) -> pl.DataFrame:
    """Open questions with ``age_days`` (calendar days in Missouri), oldest first."""
    questions = open_questions(con)
    today = missouri_day(now)
    ages = [(today - missouri_day(at)).days for at in questions["opened_at"]]
    return filters.apply(questions.with_columns(age_days=pl.Series(ages, dtype=pl.Int64)))


def questions_json(questions: pl.DataFrame) -> list[dict[str, Any]]:
    """The questions for programs: IDs and codes, no name or date of a student."""
    return [
        {
            "near_match_id": row["near_match_id"],
            "district_code": row["district_code"],
            "submission_id": row["submission_id"],
            "line": row["line_number"],
            "reason": row["reason"],
            "age_days": row["age_days"],
            "best_weight": row["match_weight"],
            "candidates": row["candidates"],
            "group": row["group_id"],
        }
        for row in questions.iter_rows(named=True)
    ]


def list_groups(questions: pl.DataFrame) -> pl.DataFrame:
    """One row a group: group_id, reason, pattern, questions, districts, oldest (days), most questions first."""
    return (
        questions.group_by("group_id", "reason", "pattern")
        .agg(
            questions=pl.len(),
            districts=pl.col("district_code").n_unique(),
            oldest=pl.col("age_days").max(),
            is_single=(pl.col("candidates").list.len() == 1).all(),
            members=pl.col("near_match_id").sort(),
        )
        .sort(["questions", "group_id"], descending=[True, False])
    )


@dataclass(frozen=True)
class Exported:
    """The files of an export, and how many questions and proposals they hold; ``left_out`` did not fit the page."""

    files: list[Path]
    questions: int
    left_out: int
    proposals: int


def export_worklist(
    con: duckdb.DuckDBPyConnection, directory: Directory, folder: Path, now: datetime, filters: Filters
) -> Exported:
    """Writes the worklist page and the decisions file, oldest questions first.

    The folder and the files are for the operator alone: they show students of all districts.

    Raises:
        UsageError: the folder holds something else.
    """
    if folder.exists() and any(path.name not in (WORKLIST_PAGE, DECISIONS_FILE) for path in folder.iterdir()):
        raise UsageError(f"{folder} holds other files. Name a folder that is empty or not there yet.")
    everything = list_questions(con, now, filters)
    questions = everything.head(MOST_ON_PAGE)
    proposals = open_proposals(con) if filters == Filters() else open_proposals(con).clear()
    make_folder(folder, PRIVATE_FOLDER)
    page = worklist_html(build_worklist(con, directory, questions, proposals, now))
    write_atomic(folder / WORKLIST_PAGE, page, mode=PRIVATE_FILE)
    write_atomic(folder / DECISIONS_FILE, decisions_csv(questions, proposals), mode=PRIVATE_FILE)
    left_out = everything.height - questions.height
    return Exported([folder / WORKLIST_PAGE, folder / DECISIONS_FILE], questions.height, left_out, proposals.height)


def decisions_csv(questions: pl.DataFrame, proposals: pl.DataFrame) -> bytes:
    """The questions as rows to write decisions into: groups of more than one first, then each question, then proposals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(DECISION_COLUMNS)
    writer.writerows(_decision_rows(questions, proposals))
    return text.getvalue().encode("utf-8-sig")


def _decision_rows(questions: pl.DataFrame, proposals: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    for row in list_groups(questions).filter(pl.col("questions") > 1).iter_rows(named=True):
        members = " ".join(row["members"])
        yield row["group_id"], GROUP, "", "", "", members, "", row["reason"], row["oldest"]
    for row in questions.iter_rows(named=True):
        shown = " ".join(row["candidates"])
        where = (row["district_code"], row["reason"], row["age_days"])
        yield row["near_match_id"], QUESTION, "", "", shown, "", *where
    for row in proposals.iter_rows(named=True):
        pair = f"{row['state_id']} {row['other_state_id']}"
        yield row["proposal_id"], PROPOSAL, "", "", pair, "", "", row["reason"], ""


def build_worklist(
    con: duckdb.DuckDBPyConnection,
    directory: Directory,
    questions: pl.DataFrame,
    proposals: pl.DataFrame,
    now: datetime,
) -> Worklist:
    """The worklist as the page shows it."""
    candidates = shown_candidates(con, questions)
    shown_ids = [candidates["state_id"], proposals["state_id"], proposals["other_state_id"]]
    people = known_people(con, pl.concat([ids.rename("state_id") for ids in shown_ids]))
    by_question = candidates.partition_by("near_match_id", as_dict=True)
    sent = waiting_records(con, questions)
    sentences = {code: reason.sentence for code, reason in reasons().items()}
    groups = []
    for group in list_groups(questions).iter_rows(named=True):
        members = questions.filter(pl.col("group_id") == group["group_id"])
        items = [
            _question(row, by_question[row["near_match_id"],], sent.get(row["near_match_id"], {}), people, directory)
            for row in members.iter_rows(named=True)
        ]
        sentence = sentences.get(group["reason"], group["reason"])
        groups.append(Group(group["group_id"], group["pattern"], group["reason"], sentence, group["is_single"], items))
    pairs = [_proposal(row, people, directory, now) for row in proposals.iter_rows(named=True)]
    return Worklist(missouri_day(now), groups, pairs)


def _question(
    row: dict[str, Any],
    candidates: pl.DataFrame,
    sent: dict[str, Any],
    people: dict[str, dict[str, Any]],
    directory: Directory,
) -> Question:
    shown = [_candidate(each, people.get(each["state_id"]), directory) for each in candidates.iter_rows(named=True)]
    return Question(
        row["near_match_id"],
        row["district_code"],
        directory.district_name(row["district_code"]),
        row["file_name"] or "",
        row["line_number"],
        row["age_days"],
        _shown_record({**sent, "district_code": row["district_code"]}, directory),
        shown,
    )


def _candidate(row: dict[str, Any], person: dict[str, Any] | None, directory: Directory) -> Candidate:
    levels = {name: BY_NAME[name].level_of(BY_NAME[name].number_of(level)).name
              for name, level in levels_of(row["evidence"]).items() if name in BY_NAME}  # fmt: skip
    return Candidate(
        row["state_id"],
        row["match_weight"],
        row["explanation"],
        _shown_record(person, directory) if person else None,
        levels,
        bits_of(row["evidence"]),
    )


def _proposal(row: dict[str, Any], people: dict[str, dict[str, Any]], directory: Directory, now: datetime) -> Proposal:
    records = [_shown_record(people.get(row[name]) or {}, directory) for name in ("state_id", "other_state_id")]
    age = (missouri_day(now) - missouri_day(row["opened_at"])).days
    sentence = _PROPOSED.get(row["reason"], row["reason"])
    return Proposal(
        row["proposal_id"], row["state_id"], row["other_state_id"], sentence, age, row["match_weight"], *records
    )


def _shown_record(record: dict[str, Any], directory: Directory) -> dict[str, str]:
    """A record as the page shows it, by comparison; an SSN is never shown, only whether one was sent."""
    district = str(record.get("district_code") or "")
    guardian = " ".join(_texts(record.get("guardian_first_name"), record.get("guardian_last_name")))
    return {
        **{name: _text(record.get(name)) for name in ("last_name", "first_name", "middle_name", "suffix", "gender")},
        "birth_date": _text(record.get("birth_date")),
        "race_ethnicity": _text(record.get("race_ethnicity")),
        "ssn": "on record" if record.get("ssn_hash") else "",
        "guardian": guardian,
        "grade": _text(record.get("grade")),
        "place": " · local ID ".join(_texts(district, record.get("local_student_id"))),
        "district": directory.district_name(district) if district else "",
    }


def _texts(*values: Any) -> Iterable[str]:
    return [str(value) for value in values if value]


def _text(value: Any) -> str:
    """A date as it is written in Missouri; JSON has it as ISO text."""
    text = "" if value is None else str(value)
    year, month, day = text[:4], text[5:7], text[8:10]
    return f"{month}/{day}/{year}" if len(text) == 10 and text[4] == text[7] == "-" else text
