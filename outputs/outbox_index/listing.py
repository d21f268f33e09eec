"""What stands in a district's outbox: every file it sent with its outcome, what to do next, and the folders beside."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

from schemas.dictionary import Dictionary

# Submissions that count until a newer one replaces them.
STANDING = ("trial", "certified", "answered")
# Files of a submission's folder in the order in which a person wants them, with what they are called.
FILE_WORDS = {
    "violations.html": "what to correct", "violations.xlsx": "workbook", "violations.csv": "table",
    "fix_up.csv": "failing records to correct", "responses.csv": "what became of your answers",
    "matches_to_resolve.txt": "students to decide about", "errors_to_fix.txt": "records without an ID",
    "ids_assigned.txt": "state IDs", "canceled_records.txt": "canceled records", "located.csv": "what was found",
    "receipt.txt": "receipt",
}  # fmt: skip
_HIDDEN_FILES = ("receipt.json",)
# Forms that carry the number of their file in their name.
_FORM_WORDS = {"certify_": "form to certify", "decertify_": "form to take the certificate back"}
# Answer files that say nothing when they hold no line beside their frame.
_FRAMED = ("matches_to_resolve.txt", "errors_to_fix.txt", "ids_assigned.txt", "canceled_records.txt")
_COLUMNS = (
    "submission_id", "collection_version", "layout", "school_code", "school_year", "file_name", "record_count", "outcome",
    "status", "error_count", "warning_count", "near_match_count", "received_at", "certified_at", "is_late", "is_pilot",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One file a district sent. ``steps`` are what its receipt says to do next; ``is_standing``: it counts today;
    ``is_collected``: it is of a collection or an ID batch, not a question, an answer or a form.
    """

    submission_id: str
    collection_version: str | None
    title: str
    school_code: str | None
    school_year: int | None
    file_name: str
    received_at: datetime
    certified_at: datetime | None
    status: str
    outcome: str | None
    records: int | None
    errors: int
    warnings: int
    questions: int
    is_late: bool
    is_pilot: bool
    is_standing: bool
    is_collected: bool
    message: str | None
    steps: tuple[str, ...]
    links: tuple[Link, ...]


def read_sent(con: duckdb.DuckDBPyConnection, dictionary: Dictionary, outbox: Path, district_code: str) -> list[Sent]:
    """Every file of a district, newest first. Of standing and waiting files the receipt is read for what to do next."""
    rows = con.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM intake.submission WHERE district_code = ? "
        "ORDER BY received_at DESC, submission_id DESC",
        [district_code],
    ).fetchall()
    found = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    newest = _newest(found)
    return [_sent(row, dictionary, outbox, row["submission_id"] in newest) for row in found]


def place_of(row: dict[str, Any]) -> tuple[str, str]:
    """What a file is a version of: collection and building. Two such files never stand at once."""
    return row["collection_version"] or row["layout"] or "", row["school_code"] or ""


def _newest(rows: Sequence[dict[str, Any]]) -> set[str]:
    """The files to look at now: of each place the newest that stands, and anything newer that came to nothing."""
    done: set[tuple[str, str]] = set()
    newest = set()
    for row in rows:
        place = place_of(row)
        if place in done or row["status"] in ("duplicate", "superseded"):
            continue
        newest.add(row["submission_id"])
        if row["status"] in STANDING:
            done.add(place)
    return newest


def _sent(row: dict[str, Any], dictionary: Dictionary, outbox: Path, is_newest: bool) -> Sent:
    folder = outbox / row["submission_id"]
    receipt = _receipt(folder) if is_newest else {}
    return Sent(
        submission_id=row["submission_id"],
        collection_version=row["collection_version"],
        title=_title(row, dictionary),
        school_code=row["school_code"],
        school_year=row["school_year"],
        file_name=row["file_name"],
        received_at=row["received_at"],
        certified_at=row["certified_at"],
        status=row["status"],
        outcome=row["outcome"],
        records=row["record_count"],
        errors=row["error_count"] or 0,
        warnings=row["warning_count"] or 0,
        questions=row["near_match_count"] or 0,
        is_late=bool(row["is_late"]),
        is_pilot=bool(row["is_pilot"]),
        is_standing=is_newest and row["status"] in STANDING,
        is_collected=row["collection_version"] in _collections(dictionary),
        message=receipt.get("message"),
        steps=tuple(receipt.get("next_steps") or ()),
        links=tuple(_links(folder)),
    )


def _title(row: dict[str, Any], dictionary: Dictionary) -> str:
    version, layout = row["collection_version"], row["layout"]
    return (
        _collections(dictionary).get(version or "") or (layout or "file not recognised").replace("_", " ").capitalize()
    )


def _collections(dictionary: Dictionary) -> dict[str, str]:
    """Titles by version, the ID batch among them."""
    return {each.version: each.title for each in (*dictionary.collections, dictionary.id_batch)}


def _receipt(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "receipt.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _links(folder: Path) -> Iterator[Link]:
    """The files of a folder that say something, the best first."""
    try:
        present = {path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}
    except OSError:
        return
    others = sorted(present - set(FILE_WORDS) - set(_HIDDEN_FILES))
    for name in [*(name for name in FILE_WORDS if name in present), *others]:
        if name not in _FRAMED or _has_details(folder / name):
            yield Link(FILE_WORDS.get(name) or _form_words(name), quote(f"{folder.name}/{name}"))


def _form_words(name: str) -> str:
    return next((words for start, words in _FORM_WORDS.items() if name.startswith(start)), name)


def _has_details(path: Path) -> bool:
    """Whether an answer file holds a line between its first and last."""
    with path.open("rb") as file:
        return sum(1 for _, line in zip(range(3), file, strict=False) if line.strip()) > 2
