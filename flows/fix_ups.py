"""Fix-up files in a run: written beside the violation report, merged with the file they are about when they are received.

What goes on from there is the merged whole file: archived under its own hash, validated, identified, stored and reported
like any correction. Nothing but the receipt tells that it came in part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.session import Session
from outputs.next_steps import counted
from outputs.violation_desk.standing import STANDING
from schemas.dictionary import ID_BATCH
from schemas.files import PRIVATE_FILE, PRIVATE_FOLDER, make_folder, write_atomic
from schemas.fix_ups.base_file import BaseFile
from schemas.fix_ups.fix_up_file import FIX_UP_FILE, HEAD, MOST_ROWS, fix_up_csv, is_fix_up, read_fix_up
from schemas.fix_ups.merge import merge
from schemas.inbox.recognise import recognise
from schemas.paths import StateHome
from schemas.reading.refusals import file_refused
from schemas.submission import Submission


@dataclass(frozen=True, slots=True)
class MergedFile:
    """The whole file that a fix-up file came to.

    Args:
        fix_up_of: the submission that it corrects.
        note: a sentence for the receipt.
    """

    content: bytes
    fix_up_of: str
    note: str


def merge_fix_up(session: Session, path: Path, district_code: str, school_code: str | None) -> MergedFile | None:
    """Merge a file that was just archived, where it is a fix-up file; null for every other file.

    Whether the file it is about still stands is asked later, when the files of the run are taken in order.

    Raises:
        FileRefused: rejected; the fix-up file cannot be merged.
    """
    with path.open("rb") as file:
        if not is_fix_up(file.read(HEAD)):
            return None
    fix_up = read_fix_up(path.read_bytes())
    if len(fix_up.submission_ids) != 1:
        raise file_refused("FIX_UP_MIXED", count=len(fix_up.submission_ids))
    (name,) = fix_up.submission_ids
    found = session.con.execute(
        "SELECT sha256 FROM intake.submission WHERE submission_id = ? AND district_code = ? "
        "AND school_code IS NOT DISTINCT FROM ? AND layout <> ? "
        "AND status IN ('trial', 'certified', 'superseded') AND accepted_count IS NOT NULL",
        [name, district_code, school_code, ID_BATCH],
    ).fetchall()
    if not found:
        raise file_refused("FIX_UP_UNKNOWN")
    kept = archived(session.home, found[0][0])
    if not kept.is_file():
        raise file_refused("FIX_UP_BYTES")
    content = kept.read_bytes()
    base = BaseFile.of(content, recognise(content, session.dictionary), session.dictionary)
    merged = merge(base, fix_up)
    note = (
        f"Your fix-up file was merged with {name}: {counted(merged.cells, 'cell')} in "
        f"{counted(merged.records, 'record')} changed, everything else is as it was."
    )
    return MergedFile(merged.content, name, note)


def archived(home: StateHome, sha256: str) -> Path:
    """Where bytes are kept."""
    return home.archive / sha256[:2] / sha256


def keep_merged(home: StateHome, sha256: str, content: bytes) -> Path:
    """Put a merged file into the archive, as if it had come whole."""
    kept = archived(home, sha256)
    if not kept.exists():
        make_folder(kept.parent, PRIVATE_FOLDER)
        write_atomic(kept, content, mode=PRIVATE_FILE)
    return kept


def write_fix_up(session: Session, folder: Path, submission: Submission, rows: pl.DataFrame) -> Sequence[str]:
    """Write the records with errors into a submission's folder, or take an old one away; gives the name where it stands.

    None is written for a file that does not stand, for lines that could not be read, and where there are so many errors
    that a new export is less work.

    Args:
        rows: violations (columns of quality.violation).
    """
    lines = _lines_with_errors(rows) if submission.status == "trial" and submission.layout != ID_BATCH else []
    kept = archived(session.home, submission.sha256)
    if not lines or len(lines) > MOST_ROWS or not kept.is_file():
        (folder / FIX_UP_FILE).unlink(missing_ok=True)
        return ()
    content = kept.read_bytes()
    base = BaseFile.of(content, recognise(content, session.dictionary), session.dictionary)
    write_atomic(folder / FIX_UP_FILE, fix_up_csv(submission.submission_id, base, list(base.records_at(lines))))
    return (FIX_UP_FILE,)


def _lines_with_errors(rows: pl.DataFrame) -> list[int]:
    if rows.is_empty():
        return []
    errors = rows.filter(
        pl.col("severity") == "E",
        pl.col("scope") != "state",
        pl.col("status").is_in(STANDING),
        pl.col("line_number").is_not_null(),
        pl.col("field").is_not_null(),
    )
    return errors["line_number"].unique().sort().to_list()
