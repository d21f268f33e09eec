"""A state's own corrections (``HOME/dictionary/``), tried out as a whole before any file is touched.

A correction that cannot work must not be found out in the middle of a run, when files are claimed and half of them judged.
"""

import csv
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from schemas.data_files import PROVENANCE_COLUMNS
from schemas.dictionary import DATA_FOLDER, Collection, Dictionary
from schemas.errors import DictionaryError, RuleBookError
from schemas.rule_examples import example_faults
from schemas.rule_files import BOOK
from schemas.rules import load_rule_book

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# Files of a rule book that are about no single layout.
_SHARED_BOOKS = ("generated", "layouts", "across_files")
# The list of published rules that an import could not write: for people, read by nothing.
TO_BE_WRITTEN = "to_be_written.csv"
_FOLDERS = (
    "data_dictionary/*/*.csv",
    "code_sets/*.csv",
    "calendars/*.csv",
    f"{BOOK}/*.csv",
    f"{BOOK}/across_files/*.sql",
)


def check_overlay(dictionary: Dictionary, today: date) -> None:
    """Raise for the first correction that cannot work; nothing to do where a home has none.

    Args:
        today: no correction may be dated after it.

    Raises:
        DictionaryError: names file, row and reason.
    """
    overlay = dictionary.overlay
    files = overlay_files(overlay) if overlay and overlay.is_dir() else []
    if not overlay or not files:
        return
    for file in files:
        _refuse_stray(dictionary, overlay, file)
        _refuse_unread(dictionary, overlay, file)
        if file.suffix == ".csv":
            _refuse_future(overlay, file, today)
    for collection in concerned(dictionary, files):
        book = load_rule_book(dictionary, collection)
        corrected = [rule for rule in book.rules if rule.change and rule.kind == "written"]
        for rule, fault in example_faults(book, corrected):
            raise RuleBookError(f"{rule.place}: {fault}")


def overlay_files(overlay: Path) -> list[Path]:
    """Files of an overlay, relative to it; what an editor or a person left beside them is none of ours."""
    return sorted(
        path.relative_to(overlay)
        for path in overlay.rglob("*")
        if path.is_file() and path.suffix in (".csv", ".sql") and path.name != TO_BE_WRITTEN
    )


def concerned(dictionary: Dictionary, files: list[Path]) -> list[Collection]:
    """The collections whose rule book one of these files can change; of what concerns every layout, each one's newest."""
    layouts = {file.stem for file in files if file.parent.name == BOOK}
    years = {(file.stem, file.parent.name) for file in files if file.parts[0] == "data_dictionary"}
    everything = [*dictionary.collections, dictionary.id_batch]
    newest = {each.layout: each for each in everything}
    shared = any(file.stem in _SHARED_BOOKS or file.parts[0] == "code_sets" for file in files)
    return [
        each
        for each in everything
        if each.layout in layouts
        or (each.layout, str(each.school_year)) in years
        or (shared and newest[each.layout] is each)
    ]


def _refuse_stray(dictionary: Dictionary, overlay: Path, file: Path) -> None:
    if not any(file.match(pattern) and len(file.parts) == len(Path(pattern).parts) for pattern in _FOLDERS):
        raise DictionaryError(
            f"{overlay / file}: no file of a dictionary stands there; known are {', '.join(_FOLDERS)}. "
            "Nothing would read it; move it away or give it its right name."
        )
    if file.parent == Path(BOOK) and file.stem not in (*dictionary.layout_names, *_SHARED_BOOKS):
        raise DictionaryError(
            f"{overlay / file}: no layout of this name; known are {', '.join(dictionary.layout_names)}"
        )


def _refuse_unread(dictionary: Dictionary, overlay: Path, file: Path) -> None:
    """A slip in the name of a code set or a query makes a correction that corrects nothing."""
    if (DATA_FOLDER / file).is_file():
        return
    if file.parts[0] == "code_sets":
        used = {field.code_set for layout in dictionary.layouts.values() for field in layout.fields}
        if file.stem not in used:
            raise DictionaryError(f"{overlay / file}: no column takes its codes from a set of this name")
    if file.suffix == ".sql" and file.stem not in {rule.query_name for rule in dictionary.across_rules}:
        raise DictionaryError(f"{overlay / file}: no rule of {BOOK}/across_files.csv has a query of this name")


def _refuse_future(overlay: Path, file: Path, today: date) -> None:
    for line, changed_on in _dates(overlay / file):
        # What is empty or no day at all is told, with its row, by whoever reads it.
        if _ISO_DAY.fullmatch(changed_on) and changed_on > today.isoformat():
            raise DictionaryError(
                f"{file.parent.name}/{file.name} line {line}: changed_on {changed_on} is after today, {today}. "
                "A correction stands from the day it is made; put it in on that day."
            )


def _dates(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            yield reader.line_num, row[PROVENANCE_COLUMNS[0]].strip()
