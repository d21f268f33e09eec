"""The identify stage: staged records become requests, matching decides, rules that need the ID run on what came out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.lookup_requests import answer_requests
from flows.pair_scoring import pair_scorer
from flows.session import Session, model_folder
from flows.shared_values import stage_shared_values
from flows.staging import (
    StagedBatch,
    StagingArea,
    refused_as_violations,
    scan_violations,
    submission_frame,
    write_stage,
)
from flows.taking import Taking, outcomes
from matching.identify import Decisions, identify
from matching.model import load_model
from matching.questions import UNANSWERED
from matching.reasons import NEAR_MATCH, reasons
from matching.requests import ANSWER_SCHEMA
from matching.returns import ReturnedAnswers, apply_return
from schemas.dictionary import Dictionary
from schemas.identity_fields import IDENTITY_ERROR_FIELDS, IDENTITY_SOURCES, identity_columns
from schemas.submission import Submission
from schemas.validation import VIOLATION_SCHEMA, validate_records

LINE = ["submission_id", "line_number"]
ANSWER_IT = "Answer the question in matches_to_resolve.txt."
CORRECT_THE_REST = (
    "Correct the other error of this record and send the whole file again; the state ID comes after that."
)
# What a return says about its questions is decided upon, not kept with the request; the question's own name is.
ANSWER_COLUMNS = sorted(ANSWER_SCHEMA)


@dataclass(frozen=True)
class Decided:
    """What the plan holds: every submission with its outcome, every record with its child."""

    submissions: list[Submission]
    assignments: pl.DataFrame
    candidates: pl.DataFrame


def decide_identities(session: Session, area: StagingArea, taking: Taking) -> Decided:
    """Which child each staged record is; stages the requests and the violations that need the ID."""
    returned = [read_return(session, taking, name) for name in sorted(taking.returns)]
    requests = pl.concat(
        [load_requests(area, taking.submissions), *(answers.requests for answers in returned)], how="diagonal"
    )
    decisions = identify(requests, session.con, load_model(model_folder(session.home)), pair_scorer(session.home))
    write_stage(requests.drop(ANSWER_COLUMNS, strict=False), area.folder / "requests.parquet")
    findings = return_findings(taking, returned, decisions)
    write_stage(findings, area.folder / "return_findings.parquet")
    write_stage(decisions.proposals, area.folder / "proposals.parquet")
    answer_requests(session, taking, area.folder)
    stage_shared_values(area, decisions.warnings)
    check_ids(area, taking.submissions, decisions.assignments)
    with_violations = scan_violations(area.folder).select("submission_id").unique().collect()
    submissions = outcomes(taking.submissions.values(), pl.concat([with_violations, findings.select("submission_id")]))
    return Decided(submissions, decisions.assignments, decisions.candidates)


def read_return(session: Session, taking: Taking, name: str) -> ReturnedAnswers:
    """What a district's returned worklist asks for."""
    submission = taking.submissions[name]
    return apply_return(
        taking.returns[name].records,
        session.con,
        submission_id=name,
        sha256=submission.sha256,
        district_code=submission.district_code,
        actor=submission.decided_by,
    )


def return_findings(taking: Taking, returned: Sequence[ReturnedAnswers], decisions: Decisions) -> pl.DataFrame:
    """What a returned worklist left undone, as violations of the return: lost lines, refused questions, those still open."""
    assignments = decisions.assignments
    unreadable = [
        refused_as_violations(extract.refused.with_columns(submission_id=pl.lit(name)))
        for name, extract in sorted(taking.returns.items())
    ]
    refusals = [
        answers.refusals.with_columns(submission_id=pl.lit(name)).select("submission_id", "line_number", "reason")
        for name, answers in zip(sorted(taking.returns), returned, strict=True)
    ]
    left_open = assignments.filter(
        pl.col("submission_id").is_in(list(taking.returns)),
        pl.col("reason").is_in(UNANSWERED),
        pl.col("reason") != "STILL_OPEN",
    ).select("submission_id", "line_number", "reason")
    found = pl.concat([left_open, *refusals], how="vertical_relaxed").sort("submission_id", "line_number")
    sentences = {code: reason.sentence for code, reason in reasons().items()}
    with_details = found.join(
        decisions.contradictions.drop("near_match_id"), on=LINE, how="left", maintain_order="left"
    ).with_columns(detail=pl.concat_str(pl.lit(" "), "detail").fill_null(""))
    undone = with_details.select(
        "submission_id",
        "line_number",
        field=pl.lit("Decision"),
        rule_id="reason",
        severity=pl.lit("W"),
        scope=pl.lit("record"),
        value=pl.lit(None, pl.String),
        message=pl.concat_str(pl.col("reason").replace_strict(sentences, return_dtype=pl.String), "detail"),
        fix=pl.lit("Look at the line of your returned file and, where the question is still open, return it again."),
    ).cast(pl.Schema(VIOLATION_SCHEMA))
    return pl.concat([undone, *unreadable]).sort("submission_id", "line_number")


def load_requests(area: StagingArea, submissions: Mapping[str, Submission]) -> pl.DataFrame:
    """The identity columns of every staged record of a student, with the reason where an error holds its ID back."""
    frames = [
        identity_columns(pl.scan_parquet(area.records_path(batch))).with_columns(layout=pl.lit(batch.layout))
        for batch in area.batches
        if area.dictionary.layout(batch.layout, batch.school_year).is_about_students
    ]
    if not frames:
        return no_requests()
    files = pl.DataFrame(
        [(s.submission_id, s.sha256) for s in submissions.values()],
        schema={"submission_id": pl.String, "sha256": pl.String},
        orient="row",
    )
    return (
        pl.concat(frames)
        .join(files.lazy(), on="submission_id", how="left")
        .join(identity_errors(area), on=LINE, how="left")
        .with_columns(has_identity_error=pl.col("error_reason").is_not_null())
        .collect()
    )


def no_requests() -> pl.DataFrame:
    """The requests of a run in which no file could be read."""
    line = {"submission_id": pl.String(), "line_number": pl.UInt32(), "district_code": pl.String()}
    rest = {
        "layout": pl.String(),
        "sha256": pl.String(),
        "error_reason": pl.String(),
        "has_identity_error": pl.Boolean(),
    }
    return pl.DataFrame(schema=line | {name: kind for name, (_, kind) in IDENTITY_SOURCES.items()} | rest)


def identity_errors(area: StagingArea) -> pl.LazyFrame:
    """The lowest rule number among a record's errors in identity fields, one row a record that has any."""
    return (
        scan_violations(area.folder)
        .filter(pl.col("severity") == "E", pl.col("line_number").is_not_null())
        .filter(pl.col("field").is_in(identity_error_columns(area.dictionary, area.batches)))
        .group_by(LINE)
        .agg(error_reason=pl.col("rule_id").min())
    )


def identity_error_columns(dictionary: Dictionary, batches: Iterable[StagedBatch]) -> list[str]:
    """Header names, over the staged layouts, of the fields whose errors hold an ID back."""
    layouts = {(batch.layout, batch.school_year) for batch in batches}
    return sorted(
        {
            field.column
            for name, year in layouts
            for field in dictionary.layout(name, year).fields
            if field.standard_name in IDENTITY_ERROR_FIELDS
            and (field.standard_name != "local_student_id" or field.requirement(None) == "Required")
        }
    )


def check_ids(area: StagingArea, submissions: Mapping[str, Submission], assignments: pl.DataFrame) -> None:
    """Run the rules that name StateID on the ID that came out; a child newly numbered in this run stands by its number.

    Stages further violations and rule runs beside those of the first pass.
    """
    came_out = assignments.lazy().select(
        *LINE, state_id=pl.coalesce("state_id", pl.format("P{}", pl.col("person_number").cast(pl.String)))
    )
    for batch in area.batches:
        book = area.rule_book(batch.collection_version)
        if not book.after_identify:
            continue
        records = pl.scan_parquet(area.records_path(batch)).join(came_out, on=LINE, how="left").collect()
        present = set(records["submission_id"].unique())
        checked = validate_records(
            records,
            submission_frame(submissions[name] for name in sorted(present)),
            layout=area.dictionary.layout(batch.layout, batch.school_year),
            rule_book=book,
            directory=area.directory,
            after_identify=True,
        )
        violations = explain_missing_ids(checked.violations, assignments)
        write_stage(violations, stage_path(area.folder, "violations", batch))
        write_stage(checked.rule_runs, stage_path(area.folder, "rule_runs", batch))


def explain_missing_ids(violations: pl.DataFrame, assignments: pl.DataFrame) -> pl.DataFrame:
    """The violations of records without an ID, each with what to do about its own reason instead of the rule's advice.

    A record that an error of another field held back is sent to that field.
    """
    to_do = {
        code: f"{reason.sentence} {ANSWER_IT}" if reason.outcome == NEAR_MATCH else reason.sentence
        for code, reason in reasons().items()
    }
    without_id = assignments.filter(pl.col("state_id").is_null() & pl.col("person_number").is_null()).select(
        *LINE, own_fix=pl.col("reason").replace_strict(to_do, default=CORRECT_THE_REST, return_dtype=pl.String)
    )
    explained = violations.join(without_id, on=LINE, how="left", maintain_order="left")
    return explained.with_columns(fix=pl.coalesce("own_fix", "fix")).drop("own_fix")


def stage_path(folder: Path, kind: str, batch: StagedBatch) -> Path:
    return folder / f"{kind}-{batch.stem}-ids.parquet"
