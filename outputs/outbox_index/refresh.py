"""Outboxes brought up to date: only those of districts of which something has changed since they were written.

What a district's page speaks of is boiled down to one text: a number that one query gives for all districts, and the times
of the folders beside its answers. It is kept in ``reports/outbox_index.json``. A process that dies before the pages are
written leaves the old text there, and the next one writes them. So nobody has to remember which districts were touched,
except where a change is in no row of the database.
"""

import hashlib
import json
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import duckdb

from schemas.clock import missouri_day
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.files import PRIVATE_FILE, write_atomic
from schemas.paths import StateHome

STAMP = "outbox_index.json"
# Folders of an outbox beside the answers to files, in the order in which the page lists them.
FOLDERS = ("state_level", "reminders", "notices", "id_changes", "precode", "forms")
_FOLDER = Path(__file__).parent
# The month in which a school year begins; the pages of all districts turn to the new one.
_FIRST_MONTH = 7


def refresh_outboxes(
    con: duckdb.DuckDBPyConnection,
    home: StateHome,
    dictionary: Dictionary,
    directory: Directory,
    at: datetime,
    *,
    touched: Collection[str] = (),
) -> list[str]:
    """Write ``index.html`` and ``latest/`` anew for each district of which something has changed; gives their codes.

    Args:
        touched: districts whose receipts were written anew although nothing of their submissions has changed.
    """
    made_of, states = _made_of(dictionary, directory, school_year(at)), _states(con)
    stamp = _read_stamp(home.reports / STAMP)
    is_current = stamp.get("made_of") == made_of
    known = stamp.get("districts", {}) if is_current else {}
    now = {code: f"{states.get(code, '')} {_folder_times(home, code)}" for code in directory.district_codes}
    stale = [
        code for code, state in now.items() if known.get(code) != state or code in touched or not _has_page(home, code)
    ]
    if not stale:
        return []
    # A run that finds the pages as they should be does without what they are made with.
    from outputs.outbox_index.write import write_outboxes

    write_outboxes(con, home, dictionary, directory, at, stale)
    write_atomic(home.reports / STAMP, json.dumps({"made_of": made_of, "districts": now}) + "\n", PRIVATE_FILE)
    return stale


def school_year(at: datetime) -> int:
    """The school year of a moment, by the year in which it ends."""
    day = missouri_day(at)
    return day.year + (day.month >= _FIRST_MONTH)


def _states(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """For each district a number that changes with its submissions and what is due of it."""
    return dict(
        con.execute(
            """
            WITH parts(district_code, part) AS (
                SELECT district_code, hash(submission_id, status, error_count, warning_count, near_match_count, certified_at)
                FROM intake.submission
                UNION ALL
                SELECT district.district_code, hash(collection_version, action, until, "at")
                FROM intake.cycle AS cycle JOIN (SELECT DISTINCT district_code FROM intake.submission) AS district
                  ON coalesce(cycle.district_code, district.district_code) = district.district_code
            )
            SELECT district_code, concat(bit_xor(part), '-', count(*)) FROM parts GROUP BY district_code
            """
        ).fetchall()
    )


def _folder_times(home: StateHome, district_code: str) -> str:
    """When something was last put into each of the folders that hold no answer to a file."""
    outbox = home.outbox_of(district_code)
    return " ".join(_changed_at(outbox / name) for name in FOLDERS)


def _changed_at(folder: Path) -> str:
    try:
        return str(folder.stat().st_mtime_ns)
    except OSError:
        return "-"


def _made_of(dictionary: Dictionary, directory: Directory, year: int) -> str:
    """Changes with the dictionary, the directory, the school year and the pages' own make-up."""
    digest = hashlib.sha256(f"{dictionary.version}\x1f{year}".encode())
    for code in directory.district_codes:
        digest.update(f"{code}\x1f{directory.district_name(code)}\x1e".encode())
    for path in sorted((*_FOLDER.iterdir(), _FOLDER.parent / "style.css", _FOLDER.parent / "page.html.j2")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _read_stamp(path: Path) -> dict:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _has_page(home: StateHome, district_code: str) -> bool:
    return (home.outbox_of(district_code) / "index.html").is_file()
