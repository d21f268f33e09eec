"""One case for every rule of a collection: what to change in clean records so that the rule fires.

Written rules bring a failing example, which is the case; rules that the data dictionary implies are broken by kind.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.dictionary import DISTRICT_CODES, SCHOOL_CODES, Collection, Dictionary, Field
from schemas.predicates import district_of_school
from schemas.rules import Rule, RuleBook

Values = Mapping[str, str | None]
DISTRICT, OTHER_DISTRICT, SCHOOL = "048078", "048080", "1050"
NO_DISTRICT, NO_SCHOOL = "999999", "9999"
# Grade of a child and the year it was born, for the school year 2025-26.
_BORN = {"PK": 2021, "K": 2020, **{f"{grade:02}": 2020 - grade for grade in range(1, 13)}}
# What a rule sees of a number that never leaves reading, and a text that makes it so.
_HIDDEN_TEXTS = {"ok": "219098765", "blank": None, "placeholder": "999999999", "malformed": "12A45678X"}
# How the numbers begin that stand for the identifiers and hashes of examples.
EXAMPLE_NUMBERS = "21908"
_DATE = re.compile(r"[0-9]{2}/[0-9]{2}/[0-9]{4}")
_HIDDEN = {"ssn_status": "ssn", "educator_id_status": "educator_id"}
CASES_FILE = Path(__file__).with_name("practice_records.json")


@dataclass(frozen=True, slots=True)
class Case:
    """The records of a case as changes of the clean record; ``is_one_person``: they are all about the same one."""

    changes: tuple[Values, ...]
    is_one_person: bool = False


def clean_record(collection: Collection) -> dict[str, str]:
    """A record of a collection that breaks no rule, by standard name."""
    fixed = {"collection_version": collection.version, "school_year": "2026"}
    parts = [
        part["record"]
        for part in json.loads(CASES_FILE.read_text("utf-8"))
        if part["layout"] == collection.layout and (not part["cycles"] or collection.cycle in part["cycles"].split(";"))
    ]
    return {**fixed, **{name: value for part in parts for name, value in part.items()}} if parts else {}


def why_not(rule: Rule) -> str:
    """Why no file of a practice district can make ``mosis check`` find a rule; empty where one can."""
    if rule.scope == "file":
        return "a file without a record is refused before the rules look at it, as the _empty file shows"
    if rule.after_identify:
        return "looks at the state ID that comes out, so it runs only where IDs are given: in the state's own run"
    if "trial__school_code" in rule.predicate.columns:
        return "is about files that a building sends for itself; mosis check takes a file for a district's"
    return ""


def first_cases(rule: Rule, book: RuleBook, dictionary: Dictionary) -> list[Case]:
    """Cases to begin with, the likeliest first; none for a rule about an empty file."""
    if rule.scope == "file":
        return []
    if rule.kind == "written":
        return _adapted(_example(rule, rule.failing_example), rule, book)
    return list(_broken(rule, book, dictionary))


def repairs(case: Case, target: Rule, companion: Rule) -> Iterator[Case]:
    """The case changed so that a companion may fire no more: as the companion's passing example, or its fields blank."""
    kept = _own_names(target)
    if companion.kind == "written":
        for record in _example(companion, companion.passing_example).changes:
            yield from _with(case, {name: value for name, value in record.items() if name not in kept})
    for name in companion.fields:
        if name not in kept:
            yield from _with(case, {name: None})


def _with(case: Case, more: Values) -> Iterator[Case]:
    if any(change.get(name, "") != value for change in case.changes for name, value in more.items()):
        yield Case(tuple({**change, **more} for change in case.changes), case.is_one_person)


def _own_names(rule: Rule) -> set[str]:
    """Fields that the case of a rule sets on purpose."""
    if rule.kind != "written":
        return set(rule.fields)
    return {name for record in _example(rule, rule.failing_example).changes for name in record} | set(rule.fields)


def _example(rule: Rule, text: str) -> Case:
    found: Any = json.loads(text)
    records = found if isinstance(found, list) else [found]
    return Case(tuple(_as_sent(record, rule) for record in records))


def _as_sent(record: Mapping[str, Any], rule: Rule) -> Values:
    """An example's record as a file would have it: joined columns become values that make them so."""
    sent: dict[str, str | None] = {}
    for name, value in record.items():
        plain = name.removesuffix("__text")
        if plain in _HIDDEN:
            sent[_HIDDEN[plain]] = _HIDDEN_TEXTS.get(value or "", value)
        elif plain == "ssn_hash" and value:
            sent["ssn"] = f"{EXAMPLE_NUMBERS}{sum(map(ord, value)) % 10000:04}"
        elif plain == "educator_id" and value:
            # An example names the dummy identifier; a file has nine digits, the same for the same identifier.
            sent[plain] = f"{EXAMPLE_NUMBERS}{value[-4:]:0>4}"
        elif plain.endswith("__exists"):
            if value is False:
                place = plain.removesuffix("__exists")
                sent[f"{place}_code"] = NO_SCHOOL if place.endswith("school") else NO_DISTRICT
        elif "__" not in plain and plain not in ("submission_id", "line_number", "state_id"):
            sent[plain] = None if value is None else str(value)
    if "trial__district_code" in rule.predicate.columns:
        own = record.get("trial__district_code")
        for name in rule.fields:
            if name.endswith("district_code") and sent.get(name):
                sent[name] = DISTRICT if sent[name] == own else OTHER_DISTRICT
    return sent


def _adapted(case: Case, rule: Rule, book: RuleBook) -> list[Case]:
    """The case as it is and in other surroundings: with the birth date of its grade, other grades, unnamed fields blank."""
    named = {name.removesuffix("__text") for name in rule.predicate.columns} & set(book.layout.by_standard_name)
    cases = [case, _moved(case, rule, book)]
    cases += [
        Case(tuple({**dict.fromkeys(named - change.keys()), **change} for change in each.changes)) for each in cases
    ]
    found = [each for one in cases for each in _in_grades(one, book)]
    if len(case.changes) > 1:
        found += [Case(each.changes, is_one_person=True) for each in found]
    return found


def _moved(case: Case, rule: Rule, book: RuleBook) -> Case:
    """The case with its dates as far from the collection's count date as the example's are from the count date it names."""
    found: Any = json.loads(rule.failing_example)
    record = found[0] if isinstance(found, list) else found
    named, count_date = record.get("collection__count_date"), book.collection.count_date
    if not named or count_date is None:
        return case
    shift = count_date - date.fromisoformat(named)
    return Case(tuple({name: _shifted(value, shift) for name, value in change.items()} for change in case.changes))


def _shifted(value: str | None, shift: timedelta) -> str | None:
    if value is None or not _DATE.fullmatch(value):
        return value
    return (datetime.strptime(value, "%m/%d/%Y").replace(tzinfo=UTC) + shift).strftime("%m/%d/%Y")


def _in_grades(case: Case, book: RuleBook) -> list[Case]:
    if not {"grade", "birth_date"} <= book.layout.by_standard_name.keys():
        return [case]
    grades = {record.get("grade") for record in case.changes}
    found = [case]
    for grade in [grade for grade in grades if grade in _BORN]:
        if not any("birth_date" in record for record in case.changes):
            found.insert(0, Case(tuple({"birth_date": f"05/01/{_BORN[grade]}", **record} for record in case.changes)))
    if grades == {None}:
        found += [
            Case(tuple({"grade": grade, "birth_date": f"05/01/{_BORN[grade]}", **record} for record in case.changes))
            for grade in ("11", "12", "09", "08", "03", "01", "K", "PK")
        ]
    return found


def _broken(rule: Rule, book: RuleBook, dictionary: Dictionary) -> Iterator[Case]:
    """Cases that break a rule of the data dictionary, by its kind."""
    if rule.kind == "key":
        yield Case(({}, {}), is_one_person=True)
        return
    yield from (Case((change,)) for change in _wrong_values(rule, book, dictionary))


def _wrong_values(rule: Rule, book: RuleBook, dictionary: Dictionary) -> Iterator[Values]:
    field = book.layout.by_standard_name[rule.fields[0]]
    name = field.standard_name
    if rule.kind == "required":
        yield {name: None}
    elif rule.kind == "length":
        yield {name: _too_long(field)}
    elif rule.kind == "code_set":
        yield from ({name: text * min(field.length, size)} for text in "?ZX9" for size in (1, 2, 3))
    elif rule.kind in ("integer", "number"):
        yield {name: "x"}
    elif rule.kind == "date":
        yield {name: "02/30/2026"}
    elif rule.kind == "district":
        yield {name: NO_DISTRICT}
    elif rule.kind == "school":
        yield {name: NO_SCHOOL}
        yield {name: NO_SCHOOL, district_of_school(field, book.layout): DISTRICT}
    elif rule.kind == "not_allowed":
        yield from ({name: text} for text in _some_values(field, dictionary))


def _too_long(field: Field) -> str:
    """A text one sign longer than the field."""
    if field.type == "Number":
        return "1".rjust(field.length + 1, "0")
    return ("1" if field.type == "Integer" or field.code_set in (DISTRICT_CODES, SCHOOL_CODES) else "A") * (
        field.length + 1
    )


def _some_values(field: Field, dictionary: Dictionary) -> Iterator[str]:
    if field.code_set in (DISTRICT_CODES, SCHOOL_CODES):
        yield DISTRICT if field.code_set == DISTRICT_CODES else SCHOOL
    elif field.code_set:
        yield from sorted(dictionary.codes(field.code_set))[:4]
    elif field.type == "Date":
        yield "10/01/2025"
    else:
        yield "1"
