"""Writing a correction of a rule: a dated, signed row of ``HOME/dictionary/``, tried out before it is put there."""

import csv
import io
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from schemas.across_files import ACROSS_COLUMNS, ACROSS_FILE
from schemas.data_files import PROVENANCE_COLUMNS, WITHDRAWN, DataRow, read_rows
from schemas.dictionary import DATA_FOLDER, Collection, Dictionary, load_dictionary
from schemas.errors import RuleBookError, UnknownName, UsageError
from schemas.files import write_atomic
from schemas.overlay import check_overlay
from schemas.rule_files import BOOK, EVERY_CYCLE, RULE_COLUMNS, RULE_KEY, read_titles, written_rows

# What a correction may change of a written rule, and of a rule across files, whose condition is a query in a file of its own.
CHANGEABLE = (
    "severity", "condition", "title", "message", "fix", "passing_example", "failing_example", "last_year",
)  # fmt: skip
_NO_CONDITION = ("condition", "passing_example", "failing_example")
_ACROSS_KEY = ("rule_id", "layout", "cycles", "first_year")


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction that works: its file in the overlay, its rows, and the collections whose rules it changes."""

    file: Path
    rows: tuple[dict[str, str], ...]
    content: str
    collections: tuple[Collection, ...]
    replaced: tuple[str, ...]


def correct_rule(
    dictionary: Dictionary,
    rule_id: str,
    changes: Mapping[str, str],
    *,
    cycles: str | None,
    retire: bool,
    reason: str,
    actor: str,
    today: date,
) -> Correction:
    """A correction of every row of a rule in force, tried out on a copy of the overlay; nothing is written yet.

    Args:
        changes: new texts by column of the rule book.
        cycles: only the row with exactly these cycles, where a number has several.
        retire: take the rule out of the book.

    Raises:
        UnknownName: no such rule, or one that the dictionary implies. UsageError: nothing to change, or too much.
        RuleBookError: the corrected rule cannot work; the reason is that of the loader.
    """
    if not changes and not retire:
        raise UsageError("Nothing to correct was named; say what changes, or --retire.")
    file, columns, key, rows = _rows_of(dictionary, rule_id)
    if cycles is not None:
        rows = [row for row in rows if row["cycles"] == cycles]
    if not rows:
        raise UnknownName(f"{rule_id} has no row for the cycles {cycles}.")
    if "condition" in changes and len(rows) > 1:
        known = ", ".join(row["cycles"] for row in rows)
        raise UsageError(f"{rule_id} has a condition of its own for each of {known}; name one with --cycles.")
    if across := sorted(changes.keys() & set(_NO_CONDITION)) if columns is ACROSS_COLUMNS else []:
        raise UsageError(
            f"{rule_id} compares files: its condition is a query. Put the corrected query into "
            f"{BOOK}/across_files/{rows[0]['query']}.sql of the overlay; --{across[0].replace('_', '-')} cannot change it."
        )
    signed = dict(zip(PROVENANCE_COLUMNS, (today.isoformat(), actor, reason), strict=True))
    corrected = tuple(
        {name: row[name] for name in columns} | dict(changes) | ({"severity": WITHDRAWN} if retire else {}) | signed
        for row in rows
    )
    content, replaced = overlay_content(dictionary.overlay, file, columns, key, corrected)
    try_out_overlay(dictionary.overlay, {file: content}, today)
    touched = tuple(each for each in dictionary.collections if any(_is_about(row, each) for row in rows))
    return Correction(file, corrected, content, touched, replaced)


def write_overlay(overlay: Path, contents: Mapping[Path, str]) -> list[Path]:
    """Put files into the overlay, each whole and durable; gives where they stand."""
    written = []
    for file, content in contents.items():
        path = overlay / file
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, content)
        written.append(path)
    return written


def _rows_of(dictionary: Dictionary, rule_id: str) -> tuple[Path, tuple[str, ...], tuple[str, ...], list[DataRow]]:
    """Where a rule stands, the columns and key of that file, and its rows in force."""
    for layout in dictionary.layout_names:
        if rows := [row for row in written_rows(dictionary, layout) if row["rule_id"] == rule_id]:
            return Path(BOOK) / f"{layout}.csv", RULE_COLUMNS, RULE_KEY, rows
    across = read_rows(DATA_FOLDER / ACROSS_FILE, ACROSS_COLUMNS, RuleBookError)
    if rows := [row for row in across if row["rule_id"] == rule_id]:
        return Path(ACROSS_FILE), ACROSS_COLUMNS, _ACROSS_KEY, rows
    for collection in (dictionary.id_batch, *reversed(dictionary.collections)):
        for (number, column), title in read_titles(dictionary, collection).items():
            if number == rule_id:
                raise UsageError(
                    f"{rule_id} follows from the dictionary ({title}; {column or 'the file'}). Correct what it follows from: "
                    f"the row of {collection.layout} in data_dictionary/{collection.school_year}, the code set, or its "
                    "template in rule_book/generated.csv of HOME/dictionary."
                )
    raise UnknownName(f"No rule book has a rule {rule_id}. See: mosis dictionary docs")


def overlay_content(
    overlay: Path | None, file: Path, columns: Sequence[str], key: Sequence[str], rows: Sequence[Mapping[str, str]]
) -> tuple[str, tuple[str, ...]]:
    """The overlay file with these rows at its end; a correction of the same rule and day is replaced, earlier ones stay."""
    header = (*columns, *PROVENANCE_COLUMNS)
    there = read_rows(overlay / file, header, RuleBookError) if overlay and (overlay / file).is_file() else []
    place = (*key, PROVENANCE_COLUMNS[0])
    new = {tuple(row[name] for name in place) for row in rows}
    kept = [row for row in there if tuple(row[name] for name in place) not in new]
    replaced = tuple(row["reason"] for row in there if row not in kept)
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows([*({name: row[name] for name in header} for row in kept), *rows])
    return text.getvalue(), replaced


def try_out_overlay(overlay: Path | None, contents: Mapping[Path, str], today: date) -> None:
    """Load and check a copy of the overlay with new content.

    Args:
        contents: by file, relative to the overlay.

    Raises:
        DictionaryError: it would be refused.
    """
    with tempfile.TemporaryDirectory(prefix="mosis-correction-") as folder:
        copy = Path(folder) / "dictionary"
        if overlay and overlay.is_dir():
            shutil.copytree(overlay, copy)
        for file, content in contents.items():
            (copy / file).parent.mkdir(parents=True, exist_ok=True)
            (copy / file).write_text(content, encoding="utf-8")
        check_overlay(load_dictionary(copy), today)


def _is_about(row: DataRow, collection: Collection) -> bool:
    """Whether a row, as it stood, judged a collection."""
    cycles = row["cycles"].split(";")
    first, last = (int(row[name] or collection.school_year) for name in ("first_year", "last_year"))
    return (
        row["layout"] == collection.layout
        and first <= collection.school_year <= last
        and (EVERY_CYCLE in cycles or collection.cycle in cycles)
    )
