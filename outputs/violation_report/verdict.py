"""The head of the page in plain words: whether the file can be certified, and how few things stand against it."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from outputs.next_steps import PILOT, counted, long_date
from outputs.violation_report.findings import IS_NEW, Findings
from outputs.violation_report.root_causes import Cause
from outputs.violation_report.words import ReportSubject
from outputs.violation_rows import STANDING
from schemas.clock import missouri_day

NAMED_CAUSES = 3
# Where the first causes stand for less than this share of the errors, it is no help to promise what goes with them.
NAMED_SHARE = 0.5
_CORRECT_AND_RESEND = (
    "Correct the data in your student system, export the whole file again and drop it into your inbox folder. "
    "A new file replaces this one completely."
)
_CORRECT_BATCH = (
    "Correct these records in your student system and send them in a new ID batch. All other records have their answer."
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``kind`` is its colour."""

    kind: str
    headline: str
    lead: str
    then: str


def verdict(findings: Findings) -> Verdict:
    """What the page and the workbook say first."""
    if findings.errors.height:
        return _not_certifiable(findings)
    subject, warnings, settled = findings.subject, findings.warnings, findings.settled
    also = "" if warnings or settled else " and no warnings"
    found = f"No errors{also} in {counted(subject.record_count, 'record')}."
    if settled:
        found += f" {counted(settled, 'error was', 'errors were')} waived or accepted by the state."
    if warnings:
        found += f" {counted(warnings, 'warning')} to look at; warnings do not stop anything."
    if subject.near_matches:
        return Verdict("warning", "Your decision is needed", found, _question(subject))
    kind = "warning" if warnings or settled else "good"
    if subject.without_id:
        students = counted(subject.without_id, "student has", "students have")
        then = f"{students} no state ID: errors_to_fix.txt says in the column Reason what stands in the way."
        return Verdict("warning", "Some students have no state ID", found, then)
    if not subject.is_certifiable:
        return Verdict(kind, "Nothing to correct", found, "Every record of this batch could be used.")
    if subject.is_certified:
        then = "It counts as your district's data. To correct it, drop a new file and certify that one."
        return Verdict(kind, "Certified", found, then)
    then = (
        "If the numbers are what you expect, sign the certificate that lies beside this page and drop it into your inbox "
        "folder: that certifies this collection as it is."
    )
    return Verdict(kind, "Ready to certify", found, then)


def due_sentence(subject: ReportSubject) -> str | None:
    if subject.is_pilot:
        return PILOT
    if subject.due_date is None or not subject.is_certifiable:
        return None
    is_past = missouri_day(subject.made_at) > subject.due_date
    return f"{'It was due' if is_past else 'Due'} {long_date(subject.due_date)}."


def tiles(findings: Findings) -> Iterator[tuple[str, str, str]]:
    """Kind, number and label of each tile."""
    errors, warnings, subject = findings.errors.height, findings.warnings, findings.subject
    yield "", f"{subject.record_count:,}", "records in the file"
    yield "error" if errors else "good", f"{errors:,}", "error" if errors == 1 else "errors"
    yield "warning" if warnings else "good", f"{warnings:,}", "warning" if warnings == 1 else "warnings"
    if subject.near_matches:
        yield "error", f"{subject.near_matches:,}", "students to decide about"
    if findings.has_history:
        yield from _since_the_last_file(findings)
    if waived := findings.rows.filter(status="waived").height:
        yield "", f"{waived:,}", "waived by the state"


def _since_the_last_file(findings: Findings) -> Iterator[tuple[str, str, str]]:
    standing = findings.rows.filter(pl.col("status").is_in(STANDING))
    new, back = standing.filter(IS_NEW).height, standing.filter(status="reopened").height
    yield "", f"{new:,}", "new since your last file"
    yield "", f"{standing.height - new - back:,}", "still open"
    if back:
        yield "", f"{back:,}", "came back"
    yield "good", f"{findings.past.fixed_count or 0:,}", "fixed"


def _question(subject: ReportSubject) -> str:
    students = counted(subject.near_matches, "student")
    return f"Open matches_to_resolve.txt and decide about {students} who may have a state ID already."


def _not_certifiable(findings: Findings) -> Verdict:
    subject, errors = findings.subject, findings.errors
    records = errors["line_number"].drop_nulls().n_unique()
    subject_word = "It is" if errors.height == 1 else "They are"
    where = f" {subject_word} in {counted(records, 'record')} of {subject.record_count:,}." if records else ""
    lead = f"{what_goes(findings.causes, errors.height)}{where}"
    then = _CORRECT_AND_RESEND if subject.is_certifiable else _CORRECT_BATCH
    if subject.near_matches:
        then += f" {_question(subject)}"
    count = counted(errors.height, "error")
    headline = f"Not certifiable: {count}" if subject.is_certifiable else f"Some records need a correction: {count}"
    return Verdict("error", headline, lead, then)


def what_goes(causes: list[Cause], errors: int) -> str:
    """How many errors go when the first causes are put right."""
    named = causes[:NAMED_CAUSES]
    gone = sum(cause.errors for cause in named)
    if errors == 1:
        return "Fix it and this file is clean."
    if gone < NAMED_SHARE * errors:
        return f"They have {counted(len(causes), 'different cause')}; start with these."
    things = "one thing" if len(named) == 1 else f"these {len(named)} things"
    return f"Fix {things} and {'all' if gone == errors else f'{gone:,}'} of them go."
