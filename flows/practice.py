"""The practice district with its answers: the files, and what ``mosis check`` finds in them."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.check import check_file
from flows.expectations import found_in
from flows.progress import Progress
from sample_data.practice import NotHit, Practice, PracticeFile, practice_collections, write_practice
from schemas.across_files import CollectionRule
from schemas.clock import Clock
from schemas.dictionary import load_dictionary
from schemas.errors import MosisError, UsageError

EXPECTED, NOT_HIT, README = "expected.csv", "not_hit.csv", "README.txt"
_EXPECTED_COLUMNS = ("file", "line", "field", "rule_id", "severity", "scope", "answer", "of_rule")
_NOT_HIT_COLUMNS = ("collection_version", "rule_id", "field", "severity", "title", "reason")
_TEXT = Path(__file__).parents[1] / "sample_data" / "practice_readme.md"


@dataclass(frozen=True, slots=True)
class PracticeSummary:
    """What stands in the folder."""

    folder: Path
    files: int
    hit: int
    alone: int
    companions: int
    not_hit: int

    def text(self) -> str:
        """What was written and what to do with it."""
        return (
            f"Practice district in {self.folder}: {self.files:,} files\n"
            f"  {self.hit:,} rules are hit, {self.alone:,} of them alone; {self.companions:,} findings come with another\n"
            f"  {self.not_hit:,} rules cannot be shown by a file: {self.folder / NOT_HIT}\n"
            f"Next: mosis check {self.folder}/FILE --directory {self.folder}/directory --expect {self.folder}/{EXPECTED}"
        )


def make_practice(folder: Path, *, clock: Clock, collection: str | None, progress: Progress) -> PracticeSummary:
    """Write directory, files, expected.csv, not_hit.csv and README.txt into a new or empty folder.

    Raises:
        UsageError: the folder holds something. UnknownName: no such collection.
    """
    dictionary = load_dictionary()
    chosen = practice_collections(dictionary)
    if collection:
        wanted = dictionary.collection(collection)
        chosen = [each for each in chosen if each.version == wanted.version]
        if not chosen:
            raise UsageError(f"There is no practice file for {collection}: practice is for the school year 2025-26.")
    _make_empty(folder)
    practice = write_practice(folder, dictionary, chosen, progress)
    rows: list[tuple[str, ...]] = []
    alone = 0
    for number, file in enumerate(practice.files, start=1):
        answers = _answers(file, practice, clock)
        rows += answers
        alone += _hit_alone(file, answers)
        progress("check", number, len(practice.files))
    _write(folder / EXPECTED, _EXPECTED_COLUMNS, rows)
    _write(folder / NOT_HIT, _NOT_HIT_COLUMNS, map(_not_hit_row, practice.not_hit))
    (folder / README).write_text(_TEXT.read_text("utf-8"), "utf-8")
    return _summary(folder, practice, rows, alone)


def _make_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty. Name a folder that is empty or not there yet.")
    folder.mkdir(parents=True, exist_ok=True)


def _answers(file: PracticeFile, practice: Practice, clock: Clock) -> list[tuple[str, ...]]:
    """Rows of expected.csv for one file: each finding, and whether it is what its record is meant to hit."""
    body = check_file(file.path, directory=practice.directory, report_folder=None, clock=clock).body
    scopes = {(each["rule_id"], each["field"] or "", each["line"]): each["scope"] for each in body["violations"]}
    meant = {(target.line, target.rule.rule_id, target.rule.column or "") for target in file.targets}
    owners = {line: target.rule.rule_id for target in file.targets for line in target.lines}
    found = found_in(body)
    unmet = meant - {(each.line, each.rule_id, each.field) for each in found}
    if unmet:
        raise MosisError(
            f"{file.path.name}: {len(unmet)} rules were not hit where they should be, {min(map(str, unmet))} first. "
            "This is a defect of the practice district; tell the maintainers this line."
        )
    is_refused = body["outcome"] == "rejected"
    rows: list[tuple[str, ...]] = []
    for each in sorted(found, key=lambda one: (one.line or 0, one.rule_id, one.field)):
        place = each.line, each.rule_id, each.field
        answer = "refused" if is_refused else "meant" if place in meant else "companion"
        of_rule = owners.get(each.line or 0, "") if answer == "companion" else each.rule_id
        line = "" if each.line is None else str(each.line)
        scope = scopes[each.rule_id, each.field, each.line]
        rows.append((file.path.name, line, each.field, each.rule_id, each.severity, scope, answer, of_rule))
    return rows


def _not_hit_row(each: NotHit) -> tuple[str, ...]:
    rule = each.rule.rule if isinstance(each.rule, CollectionRule) else each.rule
    return each.collection.version, rule.rule_id, each.rule.column or "", rule.severity, rule.title, each.reason


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def _hit_alone(file: PracticeFile, answers: Sequence[tuple[str, ...]]) -> int:
    """Rules of a file that are hit without a companion."""
    accompanied = {row[1] for row in answers if row[6] == "companion"}
    return sum(accompanied.isdisjoint(map(str, target.lines)) for target in file.targets)


def _summary(folder: Path, practice: Practice, rows: Sequence[tuple[str, ...]], alone: int) -> PracticeSummary:
    answers = [row[6] for row in rows]
    return PracticeSummary(
        folder, len(practice.files), answers.count("meant"), alone, answers.count("companion"), len(practice.not_hit)
    )
