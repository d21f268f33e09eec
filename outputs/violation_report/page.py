"""``violations.html``: the page a district opens: what to do first, where, and every row to search and sort."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from outputs.next_steps import counted, long_date
from outputs.pages import render_page
from outputs.receipts import readable_name
from outputs.violation_report.bars import rule_bars, school_bars
from outputs.violation_report.page_rows import IS_NEW, LISTED_CAUSES, table_data
from outputs.violation_report.root_causes import Cause, assign_causes, find_causes
from outputs.violation_report.words import ReportSubject, ReportWords
from outputs.violation_rows import STANDING
from schemas.clock import missouri_day

NAMED_CAUSES = 3
# Where the first causes stand for less than this share of the errors, it is no help to promise what goes with them.
NAMED_SHARE = 0.5
LONGEST_LIST = 12
_CORRECT_AND_RESEND = (
    "Correct the data in your student system, export the whole file again and drop it into your inbox folder. "
    "A new file replaces this one completely."
)
_CORRECT_BATCH = (
    "Correct these records in your student system and send them in a new ID batch. All other records have their answer."
)
_SEVERITY = {"E": 0, "W": 1}
_SINCE = {
    "open": "still open",
    "reopened": "came back",
    "waived": "waived",
    "contacted": "contacted",
    "accepted": "accepted",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The head of the page in plain words; ``kind`` is its colour."""

    kind: str
    headline: str
    lead: str
    then: str


@dataclass(frozen=True, slots=True)
class CauseCard:
    """One thing to fix, in words."""

    title: str
    field: str | None
    definition: str | None
    fix: str | None
    where: str
    errors: int
    share: str
    place: int


def violations_html(
    subject: ReportSubject, rows: pl.DataFrame, words: ReportWords, *, fixed: int | None = None
) -> bytes:
    """The page.

    Args:
        rows: violations of the file (columns of quality.violation), in the order of ``in_page_order``.
        fixed: how many violations of the earlier file are gone; null where there was no earlier file.
    """
    ordered = rows.with_row_index("row")
    is_standing_error = (pl.col("severity") == "E") & pl.col("status").is_in(STANDING)
    errors = assign_causes(ordered.filter(is_standing_error), words.identity_columns)
    causes = find_causes(errors)
    warnings = rows["severity"].to_list().count("W")
    return render_page(
        "violations.html.j2",
        title=f"Violations: {subject.district_name or subject.district_code}, {subject.collection_title}",
        data=table_data(subject, ordered, errors, causes, words, has_history=fixed is not None)
        if rows.height
        else None,
        subject=subject,
        file_name=readable_name(subject.file_name),
        made_on=long_date(missouri_day(subject.made_at)),
        due=_due(subject),
        verdict=verdict(subject, errors, causes, warnings, settled=rows.height - warnings - errors.height),
        tiles=list(_tiles(subject, rows, errors.height, warnings, fixed)),
        causes=[
            _card(subject, cause, place, errors.height, words) for place, cause in enumerate(causes[:LISTED_CAUSES])
        ],
        more_causes=max(0, len(causes) - LISTED_CAUSES),
        rule_bars=rule_bars(rows, words),
        school_bars=school_bars(subject, rows, words),
        longest=LONGEST_LIST,
    )


def verdict(
    subject: ReportSubject, errors: pl.DataFrame, causes: list[Cause], warnings: int, *, settled: int
) -> Verdict:
    """What the page says first; ``settled`` errors were waived or accepted and stand no longer."""
    if errors.height:
        return _not_ready(subject, errors, causes)
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
    then = "If the numbers are what you expect, this collection can be certified as it is."
    return Verdict(kind, "Ready to certify", found, then)


def _due(subject: ReportSubject) -> str | None:
    if subject.due_date is None or not subject.is_certifiable:
        return None
    is_past = missouri_day(subject.made_at) > subject.due_date
    return f"{'It was due' if is_past else 'Due'} {long_date(subject.due_date)}."


def _question(subject: ReportSubject) -> str:
    students = counted(subject.near_matches, "student")
    return f"Open matches_to_resolve.txt and decide about {students} who may have a state ID already."


def _not_ready(subject: ReportSubject, errors: pl.DataFrame, causes: list[Cause]) -> Verdict:
    records = errors["line_number"].drop_nulls().n_unique()
    where = f" in {counted(records, 'record')}" if records else ""
    lead = f"{counted(errors.height, 'error')}{where}. {_what_goes(causes, errors.height)}"
    then = _CORRECT_AND_RESEND if subject.is_certifiable else _CORRECT_BATCH
    if subject.near_matches:
        then += f" {_question(subject)}"
    headline = "Not ready to certify" if subject.is_certifiable else "Some records need a correction"
    return Verdict("error", headline, lead, then)


def _what_goes(causes: list[Cause], errors: int) -> str:
    """How many errors go when the first causes are put right."""
    named = causes[:NAMED_CAUSES]
    gone = sum(cause.errors for cause in named)
    if errors == 1:
        return "Fix it and this file is clean."
    if gone < NAMED_SHARE * errors:
        return f"They have {counted(len(causes), 'different cause')}; start with these."
    things = "one thing" if len(named) == 1 else f"these {len(named)} things"
    return f"Fix {things} and {'all' if gone == errors else f'{gone:,}'} of them go."


def _tiles(
    subject: ReportSubject, rows: pl.DataFrame, errors: int, warnings: int, fixed: int | None
) -> Iterator[tuple[str, str, str]]:
    """Kind, number and label of each tile."""
    yield "", f"{subject.record_count:,}", "records in the file"
    yield "error" if errors else "good", f"{errors:,}", "errors"
    yield "warning" if warnings else "good", f"{warnings:,}", "warnings"
    if subject.near_matches:
        yield "error", f"{subject.near_matches:,}", "students to decide about"
    if fixed is not None:
        new = rows.filter(IS_NEW).height
        yield "", f"{new:,}", "new since your last file"
        yield "", f"{rows.height - new:,}", "still there"
        yield "good", f"{fixed:,}", "fixed"


def _card(subject: ReportSubject, cause: Cause, place: int, errors: int, words: ReportWords) -> CauseCard:
    return CauseCard(
        title=words.title(cause.rule_id, cause.field, cause.message),
        field=cause.field,
        definition=words.definitions.get(cause.field or "") or None,
        fix=cause.fix,
        where=_where(subject, cause, words),
        errors=cause.errors,
        share=f"{max(1, round(100 * cause.errors / errors))}% of errors",
        place=place,
    )


def _where(subject: ReportSubject, cause: Cause, words: ReportWords) -> str:
    """What most of a group shares, in a sentence."""
    parts = [counted(cause.records, "record") if cause.records else "The file as a whole"]
    if cause.value is not None:
        how_many = "all" if cause.value_errors == cause.own_errors else f"{cause.value_errors:,} of them"
        parts.append(f"{how_many} with “{cause.value}”")
    if cause.school_code is not None:
        school = words.school(subject.district_code, cause.school_code)
        how_many = "all" if cause.school_errors == cause.errors else f"{cause.school_errors:,} of them"
        parts.append(f"{how_many} at {school}")
    go_along = cause.errors - cause.own_errors
    also = f" {counted(go_along, 'other error goes', 'other errors go')} with it." if go_along else ""
    return f"{', '.join(parts)}.{also}"
