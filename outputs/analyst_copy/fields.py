"""Which fields of a record may enter the analysts' copy, and in what form: decided by the data dictionary alone.

The data access policy of 2007 gives staff who audit and report "a limited set of fields, excluding student names", named in the
data dictionary. A field enters only where all of this holds in every school year that has it; anything else stays out:

- its access level is 2, 3 or 4: level 1 (SSN, free text) is for the few who run the system;
- its purpose is not identification: names, birth date, state ID, local ID and numbers of other systems stay out;
- it cannot hold words: a coded field, a number, a date, or text of at most eight characters.

A district can write a name or a number into any field. So a coded field shows the codes of its set and nothing else, short
text without a code set only what at least as many records carry as the publication threshold asks for, a number only below
a million (an SSN has nine digits), a date only where it is not
the child's birth date (in layouts without one: of the last two school years).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.dictionary import DISTRICT_CODES, SCHOOL_CODES, Dictionary, Field

# Stands where a coded or short text field held something else.
WITHHELD = "(not shown)"
LONGEST_SHORT_TEXT = 8
FIRST_NUMBER_TOO_LARGE = 1_000_000
# In every view of records by another name, from the submission.
_PLACED_ELSEWHERE = frozenset({"collection_version", "school_year", "reporting_district_code", "reporting_school_code"})


@dataclass(frozen=True, slots=True)
class AnalystField:
    """A field that may enter. ``kind``: code, district, school, short_text, number or date."""

    name: str
    kind: str
    meaning: str
    code_set: str
    codes: frozenset[str]


def analyst_fields(dictionary: Dictionary, layout: str) -> tuple[AnalystField, ...]:
    """The fields of a layout that may enter, in file order; the newest school year's definition."""
    years = _by_name(dictionary, layout)
    return tuple(
        AnalystField(name, kind, fields[-1].definition, fields[-1].code_set or "", _codes(dictionary, fields))
        for name, fields in years.items()
        if name not in _PLACED_ELSEWHERE and all(may_enter(field) for field in fields)
        if (kind := _kind(fields[-1])) and all(_kind(field) for field in fields)
    )


def may_enter(field: Field) -> bool:
    """Whether level and purpose let a field in."""
    return field.access_level >= 2 and field.purpose != "identification" and bool(_kind(field))


def _kind(field: Field) -> str:
    """How a field is shown; empty for one that can hold words."""
    if field.code_set == DISTRICT_CODES:
        return "district"
    if field.code_set == SCHOOL_CODES:
        return "school"
    if field.type == "Date":
        return "date"
    if field.type in ("Integer", "Number"):
        return "number"
    if field.code_set:
        return "code"
    return "short_text" if field.length <= LONGEST_SHORT_TEXT else ""


def _by_name(dictionary: Dictionary, layout: str) -> Mapping[str, Sequence[Field]]:
    """Each field's definitions, oldest school year first."""
    found: dict[str, list[Field]] = {}
    for (name, _), each in sorted(dictionary.layouts.items()):
        if name == layout:
            for field in each.fields:
                found.setdefault(field.standard_name, []).append(field)
    return found


def _codes(dictionary: Dictionary, fields: Sequence[Field]) -> frozenset[str]:
    """Every code that any year's set ever had; those of districts and schools are the directory's."""
    sets = {field.code_set for field in fields if field.code_set} - {DISTRICT_CODES, SCHOOL_CODES}
    return frozenset(code for name in sets for code in dictionary.codes(name))
