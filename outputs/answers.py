"""The four answer files of an ID request (design 3.3): each request line stands in exactly one of them.

The files are read by programs, so they carry values exactly: tab delimited, UTF-8, CRLF, no header row, no quoting;
only a tab or line end inside a value becomes one blank. The first line is TH, the last is TT with the count of lines.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from schemas.clock import MISSOURI
from schemas.dictionary import ID_BATCH
from schemas.files import write_atomic
from schemas.submission import Submission

IDS_ASSIGNED = "ids_assigned.txt"
ERRORS_TO_FIX = "errors_to_fix.txt"
MATCHES_TO_RESOLVE = "matches_to_resolve.txt"
CANCELED_RECORDS = "canceled_records.txt"
ANSWER_FILES = (IDS_ASSIGNED, ERRORS_TO_FIX, MATCHES_TO_RESOLVE, CANCELED_RECORDS)

_FILE_OF_OUTCOME = {
    "CONFIRMED": IDS_ASSIGNED,
    "REUSED": IDS_ASSIGNED,
    "NEW": IDS_ASSIGNED,
    "ERROR": ERRORS_TO_FIX,
    "NEAR_MATCH": MATCHES_TO_RESOLVE,
    "CANCELED": CANCELED_RECORDS,
}
# The 18 request columns in file order, each with the standard names that can fill it; the first a layout has is taken.
# SSN never goes back; the guardian is known to ID batches alone.
_REQUEST_COLUMNS: dict[str, tuple[str, ...]] = {
    "RecordType": (),
    "CurrentSchoolCode": ("current_school_code", "reporting_school_code"),
    "ResidentDistrictCode": ("resident_district_code",),
    "LegalLastName": ("last_name",),
    "LegalFirstName": ("first_name",),
    "LegalMiddleName": ("middle_name",),
    "Suffix": ("suffix",),
    "Gender": ("gender",),
    "DateOfBirth": ("birth_date",),
    "StudentGradeLevel": ("grade",),
    "LocalStudentID": ("local_student_id",),
    "SSN": (),
    "RaceEthnicity": ("race_ethnicity",),
    "StateID": (),
    "CurrentDistrictCode": ("current_district_code", "reporting_district_code"),
    "SchoolYear": ("school_year",),
    "GuardianLastName": ("guardian_last_name",),
    "GuardianFirstName": ("guardian_first_name",),
}
_ANSWER_COLUMNS = ("Outcome", "Reason", "RequestLine")
_CANDIDATE_COLUMNS: dict[str, str] = {
    "NearMatchID": "near_match_id",
    "CandidateRank": "candidate_rank",
    "CandidateStateID": "candidate_state_id",
    "CandidateLastName": "candidate_last_name",
    "CandidateFirstName": "candidate_first_name",
    "CandidateMiddleName": "candidate_middle_name",
    "CandidateDateOfBirth": "candidate_birth_date",
    "CandidateGender": "candidate_gender",
    "CandidateGrade": "candidate_grade",
    "CandidateDistrictCode": "candidate_district_code",
    "Explanation": "explanation",
}
ANSWER_WIDTH = len(_REQUEST_COLUMNS) + len(_ANSWER_COLUMNS)
MATCH_WIDTH = ANSWER_WIDTH + len(_CANDIDATE_COLUMNS) + 1


@dataclass(frozen=True, slots=True)
class BatchFrame:
    """What TH and TT of the answer files say."""

    extract_date: str
    extract_time: str
    transmission_id: str

    @classmethod
    def of(cls, submission: Submission, at: datetime) -> "BatchFrame":
        """The request's own frame; a file without one is dated by the run, in Missouri, and known by its hash."""
        local = at.astimezone(MISSOURI)
        return cls(
            submission.batch_extract_date or f"{local:%m/%d/%Y}",
            submission.batch_extract_time or f"{local:%H:%M:%S}",
            submission.transmission_id or submission.sha256[:10],
        )

    def wrap(self, details: bytes, count: int) -> bytes:
        header = f"TH\t{self.extract_date}\t{self.extract_time}\t{self.transmission_id}\t1.0\tdelimiter=0x09\r\n"
        return header.encode() + details + f"TT\t{count}\t{self.transmission_id}\r\n".encode()


def build_answers(
    submission: Submission,
    records: pl.DataFrame,
    assignments: pl.DataFrame,
    candidates: pl.DataFrame,
    refused: pl.DataFrame,
    *,
    at: datetime,
    violations: pl.DataFrame | None = None,
) -> dict[str, bytes]:
    """The answer files by name; none for a core file whose every record came with a StateID that was confirmed.

    Args:
        records: typed (or text) records of this submission.
        assignments: one outcome per record; a record without one is not answered.
        candidates: of the near matches.
        refused: lines that are no record; only those of an ID batch are answered.
        violations: of this submission; what a district sent where it could not be read as a date or number.
    """
    answered = _answered_lines(_as_sent(records, violations), assignments)
    if not _asks_for_ids(submission):
        answered = answered.filter(~pl.col("is_settled"))
        if not answered.height:
            return {}
    lines = {name: answered.filter(pl.col("file") == name) for name in ANSWER_FILES}
    if _asks_for_ids(submission) and refused.height:
        lines[ERRORS_TO_FIX] = pl.concat([lines[ERRORS_TO_FIX], _refused_lines(refused)], how="diagonal")
    lines[MATCHES_TO_RESOLVE] = _with_candidates(lines[MATCHES_TO_RESOLVE], candidates)
    frame = BatchFrame.of(submission, at)
    return {name: frame.wrap(_details(frame_lines), frame_lines.height) for name, frame_lines in lines.items()}


def write_answers(folder: Path, answers: dict[str, bytes]) -> None:
    """Write the files, each whole or not at all."""
    for name, content in answers.items():
        write_atomic(folder / name, content)


def _asks_for_ids(submission: Submission) -> bool:
    """Whether every line of the file is a question about an ID; in a core file only some are."""
    return submission.layout == ID_BATCH or submission.status == "decisions"


def _as_sent(records: pl.DataFrame, violations: pl.DataFrame | None) -> pl.DataFrame:
    """Records as text in the request's own forms; what could not be converted stands as the district wrote it."""
    if violations is None or not violations.height:
        return records.with_columns(_text(name, kind) for name, kind in records.schema.items())
    for column, names in _REQUEST_COLUMNS.items():
        for name in (name for name in names if name in records.columns and records[name].dtype != pl.String):
            found = violations.filter((pl.col("field") == column) & pl.col("value").is_not_null())
            raw = found.unique("line_number", keep="first", maintain_order=True).select("line_number", __raw="value")
            records = (
                records.join(raw, on="line_number", how="left", maintain_order="left")
                .with_columns(pl.coalesce(_text(name, records[name].dtype), "__raw").alias(name))
                .drop("__raw")
            )
    return records.with_columns(_text(name, kind) for name, kind in records.schema.items())


def _text(name: str, kind: pl.DataType) -> pl.Expr:
    if kind == pl.Date:
        return pl.col(name).dt.strftime("%m/%d/%Y")
    is_kept = isinstance(kind, (pl.List, pl.String)) or name == "line_number"
    return pl.col(name) if is_kept else pl.col(name).cast(pl.String)


def _answered_lines(records: pl.DataFrame, assignments: pl.DataFrame) -> pl.DataFrame:
    """One line per answered record: request columns, outcome, reason, line, and the file it belongs to.

    ``is_settled``: the StateID that was sent is right, so a core file needs no answer about it.
    """
    outcomes = assignments.select("line_number", "outcome", "reason", "state_id", "near_match_id")
    answered = records.join(outcomes.rename({"state_id": "given_state_id"}), on="line_number", how="inner")
    return answered.select(
        *(_request_column(column, names, set(answered.columns)) for column, names in _REQUEST_COLUMNS.items()),
        pl.col("outcome").alias("Outcome"),
        pl.col("reason").alias("Reason"),
        # A returned worklist is answered under the line of the request that was asked about.
        pl.col("request_line" if "request_line" in answered.columns else "line_number")
        .cast(pl.Int64)
        .alias("RequestLine"),
        pl.col("line_number"),
        pl.col("near_match_id"),
        # A number that was merged since is confirmed too, but the district has to learn the one to use.
        (
            pl.col("submitted_state_id").is_not_null()
            & (pl.col("outcome") == "CONFIRMED")
            & pl.col("reason").ne_missing("ID_MERGED")
        ).alias("is_settled"),
        pl.col("outcome").replace_strict(_FILE_OF_OUTCOME, return_dtype=pl.String).alias("file"),
    )


def _request_column(column: str, names: tuple[str, ...], present: set[str]) -> pl.Expr:
    if column == "RecordType":
        return pl.lit("ID").alias(column)
    if column == "StateID":
        # An open question has no answer yet; an error or cancellation gives back what was sent.
        return (
            pl.when(pl.col("outcome").is_in(["ERROR", "CANCELED"]))
            .then("submitted_state_id")
            .when(pl.col("outcome") != "NEAR_MATCH")
            .then("given_state_id")
            .alias(column)
        )
    source = next((name for name in names if name in present), None)
    return (pl.col(source) if source else pl.lit(None, pl.String)).alias(column)


def _refused_lines(refused: pl.DataFrame) -> pl.DataFrame:
    return refused.select(Reason="reason", RequestLine=pl.col("line_number").cast(pl.Int64))


def _with_candidates(matches: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
    """Each open question once per candidate; a question whose candidates are gone still stands, once."""
    chosen = candidates.select(
        "line_number",
        *(_candidate_text(candidates, source).alias(column) for column, source in _CANDIDATE_COLUMNS.items()),
    )
    joined = matches.join(chosen, on="line_number", how="left")
    return joined.with_columns(pl.coalesce("NearMatchID", "near_match_id"), Decision=pl.lit(None, pl.String))


def _candidate_text(candidates: pl.DataFrame, source: str) -> pl.Expr:
    if source == "candidate_rank":
        return pl.col(source).cast(pl.Int64)
    return _text(source, candidates.schema[source])


def _details(lines: pl.DataFrame) -> bytes:
    """Detail lines as bytes, by request line, then candidate rank, ties by StateID."""
    columns = [*_REQUEST_COLUMNS, *_ANSWER_COLUMNS]
    order = ["RequestLine"]
    if "CandidateRank" in lines.columns:
        columns += [*_CANDIDATE_COLUMNS, "Decision"]
        order += ["CandidateRank", "CandidateStateID"]
    one_line = pl.col(pl.String).str.replace_all(r"\r\n|[\t\r\n]", " ")
    text = lines.sort(order).select(columns).with_columns(one_line)
    written = text.write_csv(include_header=False, separator="\t", line_terminator="\r\n", quote_style="never")
    return written.encode("utf-8")
