"""A dry run: the files that wait are read and checked where they lie; nothing is claimed, stored or answered."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from flows.progress import Stopwatch
from flows.staging import StagingArea, scan_violations
from flows.summary import RunSummary
from flows.taking import KnownFiles, Taking, outcomes, read_ahead
from matching.ssn import SsnHasher
from schemas.dictionary import load_dictionary
from schemas.directory import Directory, load_directory
from schemas.errors import UnknownName
from schemas.files import sha256_of
from schemas.fix_ups.fix_up_file import HEAD, is_fix_up
from schemas.inbox.look import Entry, look
from schemas.inbox.names import is_checksum, is_upload_in_progress
from schemas.inbox.waiting import suspicion
from schemas.paths import StateHome
from schemas.submission import Submission


def preview_files(
    home: StateHome, summary: RunSummary, watch: Stopwatch, *, collection: str | None, districts: Sequence[str]
) -> None:
    """Fill a summary with what a run would find in reading and validation; IDs are not looked for.

    Raises:
        UnknownName: a district or collection that was asked for does not exist.
    """
    dictionary, directory = load_dictionary(home.dictionary), load_directory(home.directory)
    if collection is not None:
        dictionary.collection(collection)
    for district in districts:
        if not directory.has_district(district):
            raise UnknownName(f"District {district} is not in the directory ({home.directory}/districts.csv).")
    entries = waiting_entries(home, directory, districts)
    with (
        tempfile.TemporaryDirectory(dir=home.work, prefix=".preview-") as folder,
        watch.stage("read and validate", len(entries)),
    ):
        area = StagingArea(Path(folder), dictionary, directory, home.settings.records_per_batch)
        taking = Taking(area, KnownFiles(), home.settings.confirm_drop_share)
        files = [(as_submission(entry, summary), entry.path) for entry in entries if not _is_fix_up(entry)]
        if left := len(entries) - len(files):
            summary.notes.append(f"{left} fix-up files wait; they are merged and checked when a run takes them.")
        for number, read in enumerate(read_ahead(files, dictionary, SsnHasher.from_keys(home.keys)), start=1):
            taking.take(read)
            watch.progress("read and validate", number, len(files))
        area.finish()
        violations = scan_violations(area.folder).select("submission_id", "severity").collect()
    kept = [s for s in outcomes(taking.submissions.values(), violations) if collection in (None, s.collection_version)]
    count_preview(summary, kept, violations)


def waiting_entries(home: StateHome, directory: Directory, districts: Sequence[str]) -> list[Entry]:
    entries = [entry for entry in look(home.inbox, directory) if entry.district_code is not None]
    plain = [
        entry
        for entry in entries
        if not suspicion(entry.mode, entry.link_count, entry.byte_count, home.settings.max_file_bytes)
    ]
    whole = [entry for entry in plain if not (is_checksum(entry.file_name) or is_upload_in_progress(entry.file_name))]
    return [entry for entry in whole if not districts or entry.district_code in districts]


def _is_fix_up(entry: Entry) -> bool:
    with entry.path.open("rb") as file:
        return is_fix_up(file.read(HEAD))


def as_submission(entry: Entry, summary: RunSummary) -> Submission:
    return Submission(
        submission_id=f"{entry.district_code}-{entry.inode}",
        district_code=entry.district_code or "",
        school_code=entry.school_code,
        file_name=entry.file_name,
        sha256=sha256_of(entry.path),
        byte_count=entry.byte_count,
        claim_path="",
        received_at=summary.started_at,
        run_id=summary.run_id,
    )


def count_preview(summary: RunSummary, kept: Sequence[Submission], violations) -> None:  # type: ignore[no-untyped-def]
    for submission in kept:
        summary.files[submission.outcome or submission.status] += 1
        summary.records["accepted"] += submission.accepted_count or 0
        summary.records["refused"] += submission.refused_count or 0
    names = {submission.submission_id for submission in kept}
    for name, severity in violations.iter_rows():
        if name in names:
            summary.violations["errors" if severity == "E" else "warnings"] += 1
    summary.notes.append("A dry run: nothing was claimed, stored or answered, and no IDs were looked for.")
