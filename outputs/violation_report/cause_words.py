"""One thing to fix, in words: its title, what to do, and what the records that need it have in common."""

from dataclasses import dataclass

from outputs.next_steps import counted
from outputs.violation_report.cause_patterns import DATES, EMPTY, SHIFTED, ZEROS
from outputs.violation_report.findings import Findings
from outputs.violation_report.root_causes import RULE, Cause

# So many fields of a mistake that hits several are named.
_NAMED_FIELDS = 6
_PATTERN_FIX = {
    EMPTY: "Look at the set-up of the export first: is this column taken from the right place of your student system? "
    "One change there fills it for every record.",
    DATES: "Set the export to write dates as mm/dd/yyyy, for example 09/24/2015. No student has to be corrected one by one.",
    ZEROS: "Leading zeros are missing, as happens when a file is opened and saved in a spreadsheet. Drop the file as your "
    "student system exported it, or format these columns as text before saving.",
    SHIFTED: "Look for a value with an extra comma or tab, or a missing column, to the left of these cells. Export again, "
    "with text in quotation marks.",
}


@dataclass(frozen=True, slots=True)
class CauseWords:
    """One thing to fix. ``rule_id`` is the rule to read about; null for a mistake that breaks several."""

    title: str
    fields: str | None
    definition: str | None
    fix: str | None
    where: str
    rule_id: str | None
    errors: int
    share: str
    place: int


def cause_words(findings: Findings, cause: Cause, place: int) -> CauseWords:
    share = max(1, round(100 * cause.errors / findings.errors.height))
    is_rule = cause.kind == RULE
    return CauseWords(
        title=_title(findings, cause),
        fields=cause.field if is_rule else _listed(cause.fields),
        definition=(findings.words.definitions.get(cause.field or "") or None) if is_rule else None,
        fix=cause.fix if is_rule else _PATTERN_FIX[cause.kind],
        where=_where(findings, cause),
        rule_id=cause.rule_id,
        errors=cause.errors,
        share=f"{share}% of the errors",
        place=place,
    )


def _title(findings: Findings, cause: Cause) -> str:
    if cause.kind == RULE:
        return findings.words.title(cause.rule_id or "", cause.field, cause.message or "")
    one = len(cause.fields) == 1
    return {
        EMPTY: "A column is empty in every record" if one else f"{len(cause.fields)} columns are empty in every record",
        DATES: f"Dates are written as {cause.detail}",
        ZEROS: "Codes have lost their leading zeros",
        SHIFTED: "Values stand in the wrong columns",
    }[cause.kind]


def _listed(fields: tuple[str, ...]) -> str:
    more = len(fields) - _NAMED_FIELDS
    named = ", ".join(fields[:_NAMED_FIELDS])
    return f"{named} and {more} more" if more > 0 else named


def _where(findings: Findings, cause: Cause) -> str:
    """What most of a group shares, in a sentence."""
    parts = [counted(cause.records, "record") if cause.records else "The file as a whole"]
    if cause.value is not None:
        parts.append(f"{_how_many(cause, cause.value_errors, cause.own_errors)}with “{cause.value}”")
    if cause.school_code is not None:
        school = findings.words.school(findings.subject.district_code, cause.school_code)
        parts.append(f"{_how_many(cause, cause.school_errors, cause.errors)}at {school}")
    if cause.shared is not None:
        name, value = cause.shared
        parts.append(f"{_how_many(cause, cause.shared_errors, cause.errors)}with {name} “{value}”")
    go_along = cause.errors - cause.own_errors
    also = f" {counted(go_along, 'other error goes', 'other errors go')} with it." if go_along else ""
    return f"{', '.join(parts)}.{also}"


def _how_many(cause: Cause, count: int, of: int) -> str:
    if cause.records == 1:
        return ""
    return "all " if count == of else f"{count:,} of them "
