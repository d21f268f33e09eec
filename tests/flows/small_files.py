"""Literal files of two districts for the flow tests: children as dictionaries, ID batches and core files made of them."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flows.run import run_inbox
from flows.summary import RunSummary
from matching.student_ids import SystemIdSource
from schemas.clock import Clock
from schemas.dictionary import load_dictionary
from schemas.home_setup import make_home
from schemas.paths import StateHome
from tests.schemas.batches import CLEAN, DISTRICT, OTHER_DISTRICT, write_directory

HERE, THERE = DISTRICT, OTHER_DISTRICT
SCHOOL = {HERE: "1050", THERE: "4020"}
OCTOBER = "2026Oct1.0StuCore"
Child = dict[str, str]
_PLACES = ("attending", "reporting", "resident")


def child(number: int, **changes: str) -> Child:
    """One of a few dozen children who are alike in nothing; local IDs follow the number."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    own = {
        "last_name": f"Q{letters[number % 26]}{letters[number * 7 % 26]}ri{letters[number * 11 % 26]}ford",
        "first_name": f"{letters[number * 5 % 26].upper()}{letters[number * 3 % 26]}o{letters[number * 17 % 26]}a",
        "middle_name": f"Lee{letters[number % 26]}",
        "birth_date": f"{number % 12 + 1:02}/{number * 13 % 28 + 1:02}/2012",
        "gender": "MF"[number % 2],
        "grade": "07",
        "race_ethnicity": "W",
        "local_student_id": str(1000 + number),
    }
    return {**own, **changes}


def id_batch(district: str, children: Sequence[Mapping[str, str]], *, year: str = "2026", number: int = 1) -> bytes:
    """An ID batch; line numbers of its details begin with 2."""
    layout = load_dictionary().layout("id_batch", int(year))
    fixed = {
        "record_type": "ID", "current_school_code": SCHOOL[district], "resident_district_code": district,
        "current_district_code": district, "school_year": year,
    }  # fmt: skip
    rows = [",".join({**fixed, **one}.get(name, "") for name in layout.standard_names) for one in children]
    frame = f"TH\t10/01/2025\t08:00:00\t{number:010}\t1.0\tdelimiter=0x2C"
    return "\n".join([frame, *rows, f"TT\t{len(rows)}\t{number:010}", ""]).encode()


def core_file(
    district: str, children: Sequence[Mapping[str, str]], *, school: str | None = None, collection: str = OCTOBER
) -> bytes:
    """A Student Core file, comma delimited; line numbers of its records begin with 2."""
    dictionary = load_dictionary()
    layout = dictionary.layout_of(dictionary.collection(collection))
    places = {f"{place}_district_code": district for place in _PLACES}
    places |= {f"{place}_school_code": school or SCHOOL[district] for place in _PLACES}
    fixed = {**CLEAN["student_core"], **places, "collection_version": collection, "school_year": collection[:4]}
    rows = [",".join({**fixed, **one}.get(name, "") for name in layout.standard_names) for one in children]
    return "\n".join([",".join(field.column for field in layout.fields), *rows, ""]).encode()


def new_home(folder: Path) -> StateHome:
    """An empty home of two districts."""
    directory = folder / "directory"
    directory.mkdir()
    write_directory(directory)
    return make_home(folder / "home", directory)


def drop(home: StateHome, district: str, name: str, content: bytes, school: str | None = None) -> Path:
    """Put a file into a district's inbox, or into that of one of its schools."""
    folder = home.inbox / district / (school or "")
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    # The order of uploads is told by the file system's clock, which ticks a few hundred times a second.
    time.sleep(0.02)
    return path


def run(home: StateHome, clock: Clock, **more: Any) -> RunSummary:
    return run_inbox(home, clock=clock, id_source=SystemIdSource(), settle=0, **more)


def receipts(home: StateHome, district: str = "*") -> dict[str, dict[str, Any]]:
    """Receipts by submission, in the order of their names."""
    found = sorted(home.outbox.glob(f"{district}/*/receipt.json"))
    return {path.parent.name: json.loads(path.read_text("utf-8")) for path in found}


def receipt_of(home: StateHome, name: str) -> dict[str, Any]:
    """The one receipt of a file of this name."""
    (found,) = [receipt for receipt in receipts(home).values() if receipt["file_name"] == name]
    return found


def answers(home: StateHome, file_name: str, answer: str) -> list[list[str]]:
    """Detail lines of an answer file of the submission that a file name stands for; none where it was not written."""
    submission = receipt_of(home, file_name)["submission_id"]
    (path,) = home.outbox.glob(f"*/{submission}")
    if not (path / answer).exists():
        return []
    return [
        line.split("\t")
        for line in (path / answer).read_bytes().decode("utf-8").split("\r\n")
        if line.startswith("ID\t")
    ]


def ids(home: StateHome, file_name: str) -> dict[int, str]:
    """Request line -> ID answered for a file."""
    return {int(row[20]): row[13] for row in answers(home, file_name, "ids_assigned.txt")}
