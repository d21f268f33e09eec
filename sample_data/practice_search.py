"""Finds for every rule of a collection the case that it hits alone, or with as few companions as can be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from sample_data.practice_cases import DISTRICT, Case, Values, clean_record, first_cases, repairs, why_not
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.rules import Rule, RuleBook
from schemas.schema_builder import text_columns
from schemas.validation import validate_records

ROUNDS = 5
# Cases kept of one rule from round to round.
_BEAM = 3
_HIDDEN_PLACEHOLDER = "999999999"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """A case that its rule hits on the record at ``place``; ``companions`` are the other rules that fire on its records."""

    rule: Rule
    case: Case
    place: int
    companions: tuple[Key, ...]


def key_of(rule: Rule) -> Key:
    """Number and column reported."""
    return rule.rule_id, rule.column or ""


def find_cases(book: RuleBook, dictionary: Dictionary, directory: Directory) -> list[Found]:
    """The best case of every rule that a file can hit, in the order of the book."""
    by_key = {key_of(rule): rule for rule in book.rules}
    wanted = [rule for rule in book.rules if rule.scope == "record" and not why_not(rule)]
    beams: dict[Key, list[Found]] = {}
    tried = {key_of(rule): _distinct(first_cases(rule, book, dictionary)) for rule in wanted}
    for _ in range(ROUNDS):
        judged = _judge(tried, book, directory)
        for rule in wanted:
            key = key_of(rule)
            hits = [
                Found(rule, case, place, tuple(sorted(fired - {key})))
                for case, (fired, places) in zip(tried.get(key, ()), judged.get(key, ()), strict=True)
                for place in places[-1:]
            ]
            beams[key] = sorted([*beams.get(key, []), *hits], key=lambda each: len(each.companions))[:_BEAM]
        tried = {
            key: _distinct(
                case
                for found in beam
                for companion in found.companions[:6]
                if companion in by_key
                for case in repairs(found.case, found.rule, by_key[companion])
            )
            for key, beam in beams.items()
            if beam and beam[0].companions
        }
    return [beams[key_of(rule)][0] for rule in wanted if beams[key_of(rule)]]


def _distinct(cases: Iterable[Case]) -> list[Case]:
    seen: dict[str, Case] = {}
    for case in cases:
        seen.setdefault(repr(case), case)
    return list(seen.values())


def _judge(
    tried: Mapping[Key, Sequence[Case]], book: RuleBook, directory: Directory
) -> dict[Key, list[tuple[set[Key], list[int]]]]:
    """Which rules fire on each case, and on which of its records its own rule does.

    Every case is a file of its own, so that none can disturb another.
    """
    base = clean_record(book.collection)
    rows: list[tuple[str, int, Values]] = []
    for key, cases in tried.items():
        for place, case in enumerate(cases):
            name = f"{key[0]}|{key[1]}|{place}"
            for line, change in enumerate(case.changes, start=2):
                who = person(2 if case.is_one_person else line, book)
                rows.append((name, line, {**base, **who, **change}))
    if not rows:
        return {}
    fired = fired_by_line(book, rows, directory)
    judged: dict[Key, list[tuple[set[Key], list[int]]]] = {}
    for key, cases in tried.items():
        for place, case in enumerate(cases):
            name = f"{key[0]}|{key[1]}|{place}"
            by_record = [fired.get((name, line), set()) for line in range(2, 2 + len(case.changes))]
            own = [record for record, keys in enumerate(by_record) if key in keys]
            judged.setdefault(key, []).append((set().union(*by_record), own))
    return judged


def fired_by_line(
    book: RuleBook, rows: Sequence[tuple[str, int, Values]], directory: Directory
) -> dict[tuple[str, int], set[Key]]:
    """Which rules fire on which line of which file; rows are file, line and values."""
    names = sorted({name for name, _, _ in rows})
    files = pl.DataFrame({"submission_id": names}).with_columns(
        district_code=pl.lit(DISTRICT), school_code=pl.lit(None, pl.String)
    )
    validated = validate_records(text_frame(book, rows), files, layout=book.layout, rule_book=book, directory=directory)
    found = validated.violations.drop_nulls("line_number").select("submission_id", "line_number", "rule_id", "field")
    fired: dict[tuple[str, int], set[Key]] = {}
    for name, line, rule_id, field in found.iter_rows():
        fired.setdefault((name, line), set()).add((rule_id, field or ""))
    return fired


def person(number: int, book: RuleBook) -> dict[str, str]:
    """What makes the n-th record another person: a first name, a local ID, an educator's number, as far as the layout has them."""
    letters, rest = "", number
    while rest:
        rest, letter = divmod(rest, 26)
        letters = chr(ord("a") + letter) + letters
    own = {
        "first_name": f"Ann{letters}",
        "local_student_id": str(1000 + number),
        "educator_id": str(219090000 + number),
    }
    if "submitted_state_id" in clean_record(book.collection):
        own["submitted_state_id"] = str(1234500000 + number)
    return {name: value for name, value in own.items() if name in book.layout.by_standard_name}


def text_frame(book: RuleBook, rows: Sequence[tuple[str, int, Values]]) -> pl.DataFrame:
    """Text records as reading gives them: submission_id, line_number and the layout's text columns."""
    names = text_columns(book.layout)
    kinds = {name: pl.List(pl.String) if name == "ssn_near" else pl.String for name in names}
    records = [
        {**dict.fromkeys(names), **_as_read(values), "submission_id": name, "line_number": line}
        for name, line, values in rows
    ]
    return pl.DataFrame(records, schema={**kinds, "submission_id": pl.String, "line_number": pl.UInt32})


def _as_read(values: Values) -> dict[str, str | None]:
    """A number that never leaves reading becomes its status; an educator's also an identifier that tells two apart."""
    read: dict[str, str | None] = dict(values)
    if "ssn" in read:
        number = read.pop("ssn")
        read |= {"ssn_status": _status(number), "ssn_hash": number if _status(number) == "ok" else None}
    elif "ssn_status" not in read:
        read["ssn_status"] = "blank"
    if "educator_id" in read:
        status = _status(read["educator_id"])
        read |= {"educator_id_status": status, "educator_id": read["educator_id"] if status == "ok" else None}
    return read


def _status(number: str | None) -> str:
    if not number:
        return "blank"
    if number == _HIDDEN_PLACEHOLDER:
        return "placeholder"
    return "ok" if len(number) == 9 and number.isdecimal() else "malformed"
