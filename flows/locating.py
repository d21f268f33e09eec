"""Looking children up: for the operator at once, for a district in the answer to its file. Every look-up is logged.

The log is committed before anybody sees an answer: in the operator's own transaction, or in that of the submission.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from flows.session import Session, model_folder, open_session
from flows.staging import write_stage
from flows.taking import Taking
from matching.locator import Located, locate
from matching.model import load_model
from outputs.disclosure_log import Disclosure, record_disclosures
from outputs.locator_answers import located_csv, located_message, with_results
from schemas.clock import Clock
from schemas.database import checkpoint, transaction
from schemas.errors import FileRefused, UsageError
from schemas.files import PRIVATE_FILE, write_atomic
from schemas.inbox.recognise import recognise
from schemas.locator.request import LOOKUP_SCHEMA, NOT_ANSWERED, typed_lookups
from schemas.paths import StateHome
from schemas.reading import LOCATOR_REQUEST, Extract, read_locator_request
from schemas.submission import Submission

LEVEL = 4
CAP = 10
LOOKUPS_STAGE, ANSWERS_STAGE, CANDIDATES_STAGE = "lookups.parquet", "located.parquet", "located_children.parquet"
NEXT_STEP = (
    "Open located.csv. Where the child stands there, use that state ID; where nobody does, ask for an ID with "
    "forms/new_student.html or an ID batch."
)


@dataclass(frozen=True)
class OperatorAnswer:
    """One look-up of the operator: its answer and the children shown, as matching.locator gives them."""

    located: Located

    @property
    def reason(self) -> str:
        return str(self.located.answers["reason"][0])


def locate_child(
    home: StateHome, asked: dict[str, str | None], *, cap: int, actor: str, purpose: str, clock: Clock
) -> OperatorAnswer:
    """Look one child up for the operator.

    Args:
        asked: text by standard name of a locator request's columns; a date as mm/dd/yyyy.

    Raises:
        UsageError: too little was given, or a value cannot be read; the message says what to write.
        UnknownName, Busy and others of schemas.errors.
    """
    with open_session(home, clock) as session:
        row = {"line_number": 1, "reference": None, "purpose": "ENROLL", **asked}
        kinds = {name: pl.UInt32 if name == "line_number" else pl.String for name in row}
        lookups = typed_lookups(pl.DataFrame([row], schema=kinds), asked.get("district_code") or "", session.directory)
        lookups = allow_operator(lookups)
        refuse_fault(lookups)
        located = look_up(session, lookups, cap)
        log_at_once(session, [operator_disclosure(located.candidates["state_id"].to_list(), actor, purpose)])
        session.log(f"locator: 1 look-up by {actor}, {located.candidates.height} shown")
        return OperatorAnswer(located)


def locate_file(
    home: StateHome, file: Path, out: Path, *, district: str, cap: int, actor: str, purpose: str, clock: Clock
) -> pl.DataFrame:
    """Answer a file of look-ups for the operator; the answers (line_number, reason, fitting_count).

    Raises:
        UsageError: the file cannot be read, is no locator request, or ``out`` cannot be written.
    """
    content = _read(file)
    with open_session(home, clock) as session:
        try:
            recognition = recognise(content, session.dictionary)
            if recognition.layout != LOCATOR_REQUEST:
                raise UsageError(
                    f"{file} is no locator request: its first line must begin with LocatorRequest,Purpose."
                )
            extract = read_locator_request(content, recognition)
        except FileRefused as refusal:
            raise UsageError(f"{file}: {refusal.message} {refusal.next_step}") from None
        lookups = allow_operator(typed_lookups(extract.records, district, session.directory))
        located = look_up(session, lookups, cap)
        children = located.candidates.partition_by("line_number", as_dict=True)
        shown = [
            children.get((line,), located.candidates.clear())["state_id"].to_list() for line in _looked_up(located)
        ]
        log_at_once(session, [operator_disclosure(state_ids, actor, purpose) for state_ids in shown])
        session.log(f"locator: {len(shown)} look-ups by {actor}, {located.candidates.height} shown")
        shows_placement = session.home.settings.locator_shows_placement
        table = located_csv(lookups, located.answers, located.candidates, shows_placement=shows_placement)
        write_atomic(out, table, mode=PRIVATE_FILE)
        return located.answers


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}. Name a file that can be read.") from None


def allow_operator(lookups: pl.DataFrame) -> pl.DataFrame:
    """The operator may ask by one field alone (level 1); a look-up that fits many children shows none all the same."""
    fields = ("last_name", "first_name", "birth_date")
    names_one = pl.any_horizontal(pl.col(name).is_not_null() for name in fields)
    return lookups.with_columns(fault=pl.when(~((pl.col("fault") == "TOO_LITTLE") & names_one)).then("fault"))


def refuse_fault(lookups: pl.DataFrame) -> None:
    """Raise UsageError for a look-up that cannot be made, naming the option."""
    words = {
        "TOO_LITTLE": "Say whom you look for: --last, --first, --birth-date, --old-id, or --local-id with --district.",
        "BIRTH_DATE_UNREADABLE": "--birth-date is no date; write it as mm/dd/yyyy, such as 04/09/2014.",
        "STATE_ID_UNREADABLE": "--old-id is not a number of at most ten digits.",
        "VALUE_TOO_LONG": "A value is longer than the field allows: names 60, --local-id 20, --old-id 10 characters.",
        "DISTRICT_UNKNOWN": "--local-id needs --district: the six digits of the district that gave it.",
    }
    fault = lookups["fault"][0]
    if fault is not None:
        raise UsageError(words[fault])


def look_up(session: Session, lookups: pl.DataFrame, cap: int = CAP) -> Located:
    return locate(
        lookups,
        session.con,
        load_model(model_folder(session.home)),
        cap=cap,
        shows_placement=session.home.settings.locator_shows_placement,
    )


def operator_disclosure(state_ids: Sequence[str], actor: str, purpose: str) -> Disclosure:
    return Disclosure(actor, LEVEL, f"locator: {purpose}", "state operator", state_ids)


def log_at_once(session: Session, disclosures: Sequence[Disclosure]) -> None:
    with transaction(session.con):
        record_disclosures(session.con, disclosures, session.clock.now())
    checkpoint(session.con)


def _looked_up(located: Located) -> list[int]:
    """Lines that were looked up, found or not; nothing was looked for where a line could not be read."""
    results = with_results(located.answers)
    return results.filter(pl.col("result") != NOT_ANSWERED)["line_number"].to_list()


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
        answered = replace(taking.submissions[name], message=located_message(own), next_step=NEXT_STEP)
        taking.submissions[name] = answered


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
