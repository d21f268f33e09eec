"""A practice district: one record for every rule, so that a maker of student systems can prove an extract.

Every collection of one school year gets a file whose records each break one rule, and a file without records. What each record
is meant to hit is told; what comes with it is for ``mosis check`` to say.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sample_data.practice_cases import (
    DISTRICT,
    EXAMPLE_NUMBERS,
    NO_DISTRICT,
    NO_SCHOOL,
    OTHER_DISTRICT,
    SCHOOL,
    Values,
    clean_record,
    why_not,
)
from sample_data.practice_search import Found, find_cases, fired_by_line, key_of, person
from schemas.across_files import CollectionRule
from schemas.dictionary import DISTRICT_CODES, ID_BATCH, SCHOOL_CODES, Collection, Dictionary
from schemas.directory import DISTRICT_COLUMNS, SCHOOL_COLUMNS, Directory, load_directory
from schemas.rules import Rule, RuleBook, load_rule_book

SCHOOL_YEAR = 2026
# Records at the head of each file that break no rule.
CLEAN_RECORDS = 3
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Target:
    """A line of a practice file and the rule it is meant to hit; ``lines`` are all lines of its case."""

    line: int
    lines: tuple[int, ...]
    rule: Rule


@dataclass(frozen=True, slots=True)
class PracticeFile:
    """A written file with what it is meant to hit."""

    path: Path
    collection: Collection
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class NotHit:
    """A rule that no practice file hits, and why."""

    collection: Collection
    rule: Rule | CollectionRule
    reason: str


@dataclass(frozen=True, slots=True)
class Practice:
    """What was written."""

    directory: Path
    files: tuple[PracticeFile, ...]
    not_hit: tuple[NotHit, ...]


def practice_collections(dictionary: Dictionary) -> list[Collection]:
    """The collections that have a clean record: all of the practice year, and those of no year."""
    every = (*dictionary.collections, dictionary.id_batch)
    own = [each for each in every if each.school_year == SCHOOL_YEAR or not each.cycle]
    return [each for each in own if clean_record(each)]


def write_practice(
    folder: Path, dictionary: Dictionary, collections: Sequence[Collection], progress: Progress
) -> Practice:
    """Write ``directory/`` and the files of each collection into a folder that is there and empty."""
    books = [load_rule_book(dictionary, each) for each in collections]
    directory_folder = folder / "directory"
    directory_folder.mkdir()
    directory = _write_directory(directory_folder, books, dictionary)
    files: list[PracticeFile] = []
    missed: list[NotHit] = []
    for number, book in enumerate(books, start=1):
        found = find_cases(book, dictionary, directory)
        files += _write_files(folder, book, found, directory)
        missed += _not_hit(book, found)
        progress("practice", number, len(books))
    return Practice(directory_folder, tuple(files), tuple(missed))


def _not_hit(book: RuleBook, found: Sequence[Found]) -> Iterator[NotHit]:
    hit = {key_of(each.rule) for each in found}
    for rule in book.rules:
        if key_of(rule) not in hit:
            yield NotHit(book.collection, rule, why_not(rule) or "no record of this collection can break it")
    for across in book.across:
        reason = (
            "compares files: of other collections, other years or other districts, which one file alone does not bring"
        )
        yield NotHit(book.collection, across, reason)


def _write_files(folder: Path, book: RuleBook, found: Sequence[Found], directory: Directory) -> list[PracticeFile]:
    """One file of all cases, one of each case that others disturb (rules about the whole file), and one without a record."""
    rows, targets = _rows(book, found)
    fired = fired_by_line(book, [("all", line, values) for line, values in enumerate(rows, start=2)], directory)
    disturbed = [
        each
        for each, target in zip(found, targets, strict=True)
        if key_of(each.rule) not in fired.get(("all", target.line), set())
    ]
    if disturbed:
        rows, targets = _rows(book, [each for each in found if each not in disturbed])
    made = [_write_file(folder, book, "", rows, targets)]
    for each in disturbed:
        alone, target = _rows(book, [each], clean_records=0)
        made.append(_write_file(folder, book, f"_{each.rule.rule_id}", alone, target))
    return [*made, _write_file(folder, book, "_empty", [], [])]


def _write_file(
    folder: Path, book: RuleBook, suffix: str, rows: Sequence[Values], targets: Sequence[Target]
) -> PracticeFile:
    kind = "txt" if book.layout.name == ID_BATCH else "csv"
    path = folder / f"{book.collection.version}{suffix}.{kind}"
    path.write_bytes(_content(book, rows))
    return PracticeFile(path, book.collection, tuple(targets))


def _rows(
    book: RuleBook, found: Sequence[Found], *, clean_records: int = CLEAN_RECORDS
) -> tuple[list[Values], list[Target]]:
    """Records in file order and what they are meant to hit; the first line is the header or TH line."""
    base = clean_record(book.collection)
    rows: list[Values] = [{**base, **person(number, book)} for number in range(2, 2 + clean_records)]
    targets = []
    for each in found:
        first = len(rows) + 2
        for place, change in enumerate(each.case.changes):
            who = first if each.case.is_one_person else first + place
            rows.append({**base, **person(who, book), **_numbers_of_case(change, first)})
        lines = tuple(range(first, len(rows) + 2))
        targets.append(Target(first + each.place, lines, each.rule))
    return rows, targets


def _numbers_of_case(change: Values, first: int) -> Values:
    """The numbers that an example gives its people, so that no two cases of a file are about the same ones."""
    own = {
        name: f"2191{first:03}{int(number[-4:]) % 90 + 1:02}"
        for name in ("educator_id", "ssn")
        if (number := change.get(name) or "").startswith(EXAMPLE_NUMBERS) and number.isdecimal()
    }
    return {**change, **own}


def _content(book: RuleBook, rows: Sequence[Values]) -> bytes:
    names = book.layout.standard_names
    texts = [[row.get(name) or "" for name in names] for row in rows]
    if book.layout.name == ID_BATCH:
        return _batch(texts)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([field.column for field in book.layout.fields])
    writer.writerows(texts)
    return buffer.getvalue().encode()


def _batch(texts: Sequence[Sequence[str]]) -> bytes:
    header = ("TH", "10/01/2025", "08:00:00", "PRACTICE01", "1.0", "delimiter=0x09")
    trailer = ("TT", str(len(texts)), "PRACTICE01")
    return "".join("\t".join(line) + "\r\n" for line in (header, *texts, trailer)).encode()


def _write_directory(folder: Path, books: Sequence[RuleBook], dictionary: Dictionary) -> Directory:
    """Districts and schools: every code that an example of a rule names exists, in every district, but the two that must not."""
    districts, schools = _codes(books)
    _write_csv(
        folder / "districts.csv",
        DISTRICT_COLUMNS,
        ([code, f"Practice {code}", "048", "district", "", ""] for code in districts),
    )
    _write_csv(
        folder / "schools.csv",
        SCHOOL_COLUMNS,
        ([district, school, f"Practice {school}", "PK", "12", "", ""] for district in districts for school in schools),
    )
    return load_directory(folder)


def _codes(books: Sequence[RuleBook]) -> tuple[list[str], list[str]]:
    districts, schools = {DISTRICT, OTHER_DISTRICT}, {SCHOOL}
    for book in books:
        kinds = {field.standard_name: field.code_set for field in book.layout.fields}
        for rule in book.rules:
            for name, value in _named(rule):
                if value.isdecimal() and kinds.get(name) == DISTRICT_CODES and len(value) == 6:
                    districts.add(value)
                elif value.isdecimal() and kinds.get(name) == SCHOOL_CODES and len(value) == 4:
                    schools.add(value)
    return sorted(districts - {NO_DISTRICT}), sorted(schools - {NO_SCHOOL, "1000", "8000"})


def _named(rule: Rule) -> Iterator[tuple[str, str]]:
    for text in (rule.passing_example, rule.failing_example):
        found = json.loads(text) if text else []
        for record in found if isinstance(found, list) else [found]:
            yield from ((name, value) for name, value in record.items() if isinstance(value, str))


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(header)
        csv.writer(file).writerows(rows)
