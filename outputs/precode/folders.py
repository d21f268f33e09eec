"""Where the files of a delivery stand, and what stands in the summaries beside them."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from outputs.precode.definitions import Assessment, load_left_out_reasons
from outputs.precode.files import csv_bytes, fixed_width_bytes, layout_bytes, left_out_bytes, vendor_columns
from schemas.files import PRIVATE_FILE, PRIVATE_FOLDER, fsync_folder, fsync_tree, make_folder, write_atomic

TEMPORARY_PREFIX = ".tmp-"
# The district's own group reads its outbox, nobody else does.
GROUP_FOLDER = 0o750


def vendor_files(
    labels: pl.DataFrame,
    students: pl.DataFrame,
    assessment: Assessment,
    school_year: int,
    districts: tuple[str, ...],
    missing: tuple[str, ...],
) -> dict[str, bytes]:
    rows = vendor_columns(labels, assessment)
    stem = f"{assessment.name}_{school_year}"
    return {
        f"{stem}.txt": fixed_width_bytes(rows, assessment),
        f"{stem}.csv": csv_bytes(rows),
        f"{stem}_layout.csv": layout_bytes(assessment),
        "README.txt": _vendor_readme(labels, students, assessment, school_year, districts, missing),
    }


def _vendor_readme(
    labels: pl.DataFrame,
    students: pl.DataFrame,
    assessment: Assessment,
    school_year: int,
    districts: tuple[str, ...],
    missing: tuple[str, ...],
) -> bytes:
    cycles = ", ".join(students["collection_cycle"].unique().sort())
    lines = [
        f"Pre-code file for {assessment.name}, school year {school_year - 1}-{school_year % 100:02}",
        "",
        f"Rows:      {labels.height} (one a student and subject)",
        f"Students:  {students['reason'].null_count()}",
        f"Districts: {len(districts)}",
        f"Source:    certified Student Core ({cycles})",
        "",
        f"{assessment.name}_{school_year}.txt holds the rows in fixed width: {assessment.width} characters a line and CR LF, "
        "UTF-8, widths counted in characters.",
        f"{assessment.name}_{school_year}.csv holds the same rows with a header row, comma delimited, UTF-8, CR LF.",
        f"{assessment.name}_{school_year}_layout.csv gives the place and meaning of each column.",
        "Rows are in label order: district, school, Sort (the teacher), last name, first name, subject.",
        "",
        f"Districts that have not certified and are not in this file: {', '.join(missing) if missing else 'none'}",
    ]
    return _text(lines)


def write_vendor(folder: Path, files: Mapping[str, bytes]) -> None:
    """The delivery's folder, whole or not at all; one that a crashed call left behind is replaced by the same bytes."""
    if all((folder / name).is_file() and (folder / name).read_bytes() == content for name, content in files.items()):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.parent.chmod(PRIVATE_FOLDER)
    temporary = folder.with_name(f"{TEMPORARY_PREFIX}{folder.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(PRIVATE_FOLDER)
    for name, content in files.items():
        (temporary / name).write_bytes(content)
        (temporary / name).chmod(PRIVATE_FILE)
    fsync_tree(temporary)
    if folder.exists():
        shutil.rmtree(folder)
    temporary.rename(folder)
    fsync_folder(folder.parent)


def write_district(
    folder: Path, district: str, labels: pl.DataFrame, students: pl.DataFrame, assessment: Assessment, year: int
) -> None:
    """A district's own labels, who is left out, and a summary; the summary last, so it speaks of what is there."""
    for part in (folder.parent.parent, folder.parent, folder):
        make_folder(part, GROUP_FOLDER)
    stem = f"{assessment.name}_{year}"
    files = {
        f"{stem}.csv": csv_bytes(vendor_columns(labels, assessment)),
        f"{stem}_left_out.csv": left_out_bytes(students),
        "README.txt": _district_readme(district, labels, students, assessment, year),
    }
    for name, content in files.items():
        path = folder / name
        if not (path.is_file() and path.read_bytes() == content):
            write_atomic(path, content)


def _district_readme(
    district: str, labels: pl.DataFrame, students: pl.DataFrame, assessment: Assessment, year: int
) -> bytes:
    left_out = count_left_out(students)
    meanings = {reason.reason: reason.what for reason in load_left_out_reasons()}
    stem = f"{assessment.name}_{year}"
    lines = [
        f"Pre-code {assessment.name}, school year {year - 1}-{year % 100:02}, district {district}",
        "",
        f"{students['reason'].null_count()} students get labels: {labels.height} labels, one a student and subject.",
        f"{stem}.csv lists them in the order the labels are printed: school, teacher, last name, first name.",
        "Where no teacher was sent, the grade stands in its place.",
        "",
        f"{sum(left_out.values())} students are left out; {stem}_left_out.csv names them, with what to do first on top:",
        *(f"  {count:>6}  {meanings[reason]}" for reason, count in left_out.items()),
        "",
        "A correction needs the October file again, corrected and certified; the next delivery then has it.",
    ]
    return _text(lines)


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


def count_left_out(students: pl.DataFrame) -> dict[str, int]:
    counts = dict(students.group_by("reason").len().iter_rows())
    return {reason.reason: counts[reason.reason] for reason in load_left_out_reasons() if reason.reason in counts}
