"""The read stage: each claimed file becomes a submission with staged records, or a refusal with its reason."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import polars as pl

from flows.refusals import refused
from flows.staging import StagingArea
from matching.ssn import SsnHasher
from outputs.cycles import Cycles, refusal_of
from schemas.dictionary import ID_BATCH, Collection, Dictionary
from schemas.errors import FileRefused
from schemas.inbox.recognise import recognise
from schemas.reading import (
    LOCATOR_REQUEST,
    NEAR_MATCH_RETURN,
    SIGNED_FORMS,
    Extract,
    Recognition,
    read_extract,
    read_locator_request,
    read_near_match_return,
    read_signed_form,
)
from schemas.reading.recognition import VIOLATION_RESPONSE
from schemas.reading.refusals import file_refused
from schemas.submission import Submission
from schemas.violation_responses.reading import read_violation_response

# Files read side by side; splitting and decoding leave the interpreter's lock for most of their time.
READERS = 2
NOTHING_TO_FIX = "Your fix-up file changes nothing: with it the file is byte for byte one that stands already."
FileKey = tuple[str, str | None, str, str, str]
Place = tuple[str, str | None, str]
DISTRICT_COLUMNS = ("reporting_district_code", "current_district_code")


@dataclass(frozen=True)
class KnownFiles:
    """What the database knows of earlier files, asked once a run.

    Args:
        current: (district, school, sha256, collection, rule-book version) -> submission that still stands.
        waiting: (district, school, sha256) of files that wait for confirmation.
        trials: (district, school, collection) -> key in ``current`` of the trial that a new file would replace.
        counts: (district, school, collection) -> records of that trial, or of the certified file where there is none.
        standing: (district, school, collection) -> name of that trial, or of the certified file where there is none.
    """

    current: dict[FileKey, str] = field(default_factory=dict)
    waiting: dict[tuple[str, str | None, str], str] = field(default_factory=dict)
    trials: dict[Place, FileKey] = field(default_factory=dict)
    counts: dict[Place, int] = field(default_factory=dict)
    standing: dict[Place, str] = field(default_factory=dict)

    def replace_trial(self, where: Place, key: FileKey, name: str, record_count: int) -> None:
        """A trial takes the place of the one before: dropped again, the earlier bytes are no duplicate of anything."""
        self.current.pop(self.trials.get(where, key), None)
        self.current[key] = name
        self.trials[where] = key
        self.counts[where] = record_count
        self.standing[where] = name


def load_known_files(con: duckdb.DuckDBPyConnection, dictionary_version: str) -> KnownFiles:
    """Files that make a repeat a duplicate (design 2), wait for confirmation, or would be replaced."""
    rows = con.execute(
        """
        SELECT submission_id, district_code, school_code, sha256, collection_version, status, record_count,
               dictionary_version, rule_book_version
        FROM intake.submission WHERE status IN ('trial', 'certified', 'answered', 'decisions', 'waiting')
        ORDER BY status = 'trial', received_at
        """
    ).fetchall()
    known = KnownFiles()
    for name, district, school, sha256, collection, status, count, dictionary, rule_book in rows:
        key = (district, school, sha256, collection, "" if status in ("answered", "decisions") else rule_book)
        if status == "waiting":
            known.waiting[district, school, sha256] = name
        elif status in ("answered", "decisions") or dictionary == dictionary_version:
            known.current[key] = name
        if status == "trial":
            known.trials[district, school, collection] = key
        # The trial comes last: a correction after certification is held against the correction before it.
        if status in ("trial", "certified"):
            known.counts[district, school, collection] = count
            known.standing[district, school, collection] = name
    return known


@dataclass(frozen=True)
class ReadFile:
    """A file as read: its submission with counts, and its extract; no extract where it was refused or set aside."""

    submission: Submission
    extract: Extract | None = None


def read_file(claimed: Submission, path: Path | None, dictionary: Dictionary, hasher: SsnHasher) -> ReadFile:
    """Recognise and read one file; touches nothing that another file needs, so files may be read side by side.

    Args:
        path: its archived bytes; null for what was set aside unopened.
    """
    if path is None:
        return ReadFile(claimed)
    submission = claimed
    try:
        content = path.read_bytes()
        recognition = recognise(content, dictionary)
        submission = recognised(claimed, recognition)
        if recognition.file_format == NEAR_MATCH_RETURN:
            extract = read_near_match_return(content, recognition)
        elif recognition.file_format == LOCATOR_REQUEST:
            extract = read_locator_request(content, recognition)
        elif recognition.file_format in SIGNED_FORMS:
            extract = read_signed_form(content, recognition)
        elif recognition.file_format == VIOLATION_RESPONSE:
            extract = read_violation_response(content, recognition)
        else:
            extract = read_extract(content, recognition, dictionary, hasher)
            refuse_other_district(extract, submission.district_code)
    except FileRefused as refusal:
        return ReadFile(refused(submission, refusal))
    return ReadFile(counted(submission, extract), extract)


def read_ahead(
    files: Sequence[tuple[Submission, Path | None]], dictionary: Dictionary, hasher: SsnHasher
) -> Iterator[ReadFile]:
    """Files read two at a time, given in their order; at most a few wait in memory."""
    with ThreadPoolExecutor(READERS) as pool:
        ahead: deque[Future[ReadFile]] = deque()
        for submission, path in files:
            ahead.append(pool.submit(read_file, submission, path, dictionary, hasher))
            if len(ahead) > 2 * READERS:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


@dataclass
class Taking:
    """Takes the files of one run in order; keeps what later stages need."""

    area: StagingArea
    known: KnownFiles
    confirm_drop_share: float
    cycles: Cycles = field(default_factory=Cycles)
    submissions: dict[str, Submission] = field(default_factory=dict)
    returns: dict[str, Extract] = field(default_factory=dict)
    locators: dict[str, Extract] = field(default_factory=dict)
    forms: dict[str, Extract] = field(default_factory=dict)
    responses: dict[str, Extract] = field(default_factory=dict)

    def take(self, read: ReadFile) -> Submission:
        """Stage one file that was read; one that cannot be taken keeps its reason instead."""
        submission = self._taken(read)
        self.submissions[submission.submission_id] = submission
        return submission

    def _taken(self, read: ReadFile) -> Submission:
        submission, extract = read.submission, read.extract
        if extract is None:
            return submission
        if submission.file_format == LOCATOR_REQUEST:
            # Never a duplicate: the same question may have another answer by now.
            self.locators[submission.submission_id] = extract
            return replace(submission, status="answered")
        if submission.file_format in SIGNED_FORMS:
            # Whether it was acted on before is seen from what it names, however its bytes were saved.
            self.forms[submission.submission_id] = extract
            return replace(submission, status="answered")
        if submission.file_format == VIOLATION_RESPONSE:
            # Rows that are there already are seen one by one, however the file was saved.
            self.responses[submission.submission_id] = extract
            return replace(submission, status="answered")
        if duplicate_of := self._duplicate_of(submission):
            message = NOTHING_TO_FIX if submission.fix_up_of else submission.message
            submission = replace(submission, message=message)
            return replace(submission, outcome="duplicate", status="duplicate", duplicate_of=duplicate_of)
        if submission.file_format == NEAR_MATCH_RETURN:
            self.returns[submission.submission_id] = extract
            self._remember(submission)
            return replace(submission, status="decisions")
        return self._stage(submission, extract)

    def _stage(self, submission: Submission, extract: Extract) -> Submission:
        newer = self.known.standing.get(place(submission))
        if submission.fix_up_of and newer != submission.fix_up_of:
            gone = file_refused("FIX_UP_REPLACED", base=submission.fix_up_of, newer=newer or "another file")
            return refused(submission, gone)
        collection = self._collection(submission)
        if closing := self.cycles.closing(collection.version, submission.district_code):
            return refused(submission, refusal_of(closing, collection))
        submission = replace(submission, is_pilot=self.cycles.is_pilot(collection.version))
        if self._must_be_confirmed(submission):
            earlier = self.known.counts[place(submission)]
            return replace(
                submission,
                status="waiting",
                reason="DROPS_TOO_MANY",
                message=f"The file has {submission.record_count:,} records where your earlier one had {earlier:,}. "
                "It waits for your confirmation; the earlier file stays until then.",
            )
        self.area.add(submission, extract)
        self._remember(submission)
        status = "answered" if submission.layout == ID_BATCH else "trial"
        is_late = self.cycles.is_late(collection, submission.district_code, submission.received_at)
        return replace(submission, status=status, is_late=is_late)

    def _duplicate_of(self, submission: Submission) -> str | None:
        return self.known.current.get(self._current_key(submission))

    def _remember(self, submission: Submission) -> None:
        """The same bytes dropped twice before one run are one file and one duplicate."""
        key, name = self._current_key(submission), submission.submission_id
        if submission.layout in (ID_BATCH, None):
            self.known.current[key] = name
        else:
            self.known.replace_trial(place(submission), key, name, submission.record_count or 0)

    def _current_key(self, submission: Submission) -> FileKey:
        version = submission.collection_version or ""
        book = "" if version in (ID_BATCH, NEAR_MATCH_RETURN) else self.area.rule_book(version).version
        return submission.district_code, submission.school_code, submission.sha256, version, book

    def _must_be_confirmed(self, submission: Submission) -> bool:
        """Whether a correction drops so many records that it looks like a part of the file (design 3.2)."""
        earlier = self.known.counts.get(place(submission))
        if not earlier or (submission.district_code, submission.school_code, submission.sha256) in self.known.waiting:
            return False
        return (submission.record_count or 0) < earlier * (1 - self.confirm_drop_share)

    def _collection(self, submission: Submission) -> Collection:
        return self.area.dictionary.collection(submission.collection_version or "")


def place(submission: Submission) -> Place:
    """Which trial a submission is of: district, building where one sent it, collection."""
    return submission.district_code, submission.school_code, submission.collection_version or ""


def recognised(submission: Submission, recognition: Recognition) -> Submission:
    return replace(
        submission,
        layout=recognition.layout,
        collection_version=recognition.collection_version,
        school_year=recognition.school_year,
        cycle=recognition.cycle,
        file_format=recognition.file_format,
        encoding=recognition.encoding,
    )


def counted(submission: Submission, extract: Extract) -> Submission:
    """The submission with the account of its lines and, for an ID batch, its header."""
    batch = extract.batch
    return replace(
        submission,
        encoding=extract.encoding,
        line_count=extract.line_count,
        header_lines=extract.header_lines,
        blank_lines=extract.blank_lines,
        record_count=extract.record_count,
        accepted_count=extract.records.height,
        refused_count=extract.refused.height,
        transmission_id=batch.transmission_id if batch else None,
        batch_delimiter=batch.delimiter if batch else None,
        batch_extract_date=batch.extract_date if batch else None,
        batch_extract_time=batch.extract_time if batch else None,
    )


def refuse_other_district(extract: Extract, district_code: str) -> None:
    """Refuse a file of which no record is the district's own: it was dropped into the wrong folder.

    Raises:
        FileRefused: rejected; records of another district among the own ones are violations of those records instead.
    """
    column = next((name for name in DISTRICT_COLUMNS if name in extract.records.columns), None)
    if column is None or not extract.records.height:
        return
    if (extract.records[column] == district_code).any():
        return
    found = extract.records[column].drop_nulls().unique().sort().to_list()
    line = extract.records["line_number"][0]
    has_lost_zeros = district_code in {code.zfill(len(district_code)) for code in found}
    raise FileRefused(
        "rejected",
        "WRONG_DISTRICT",
        f"No record of this file is of district {district_code}. From line {line} on the district is "
        f"{', '.join(found[:3]) or 'blank'}{' and others' if len(found) > 3 else ''}.",
        zeros_step(district_code)
        if has_lost_zeros
        else f"If the file is of district {district_code}, correct the district code and send it again; "
        "otherwise drop it into the folder of the district it is of.",
        line,
    )


def zeros_step(district_code: str) -> str:
    """What to do about a district code that a spreadsheet took for a number."""
    return (
        f"Write all six digits of the district code: {district_code}. A spreadsheet program drops zeros at the front of "
        "a number, in school codes, local IDs and state IDs too: give it these columns as text."
    )


def outcomes(submissions: Iterable[Submission], violations: pl.DataFrame) -> list[Submission]:
    """Submissions with the outcome that their receipt names."""
    with_violations = set(violations["submission_id"].unique())
    return [_with_outcome(submission, submission.submission_id in with_violations) for submission in submissions]


def _with_outcome(submission: Submission, has_violations: bool) -> Submission:
    if submission.outcome or submission.status == "waiting":
        return submission
    is_clean = not has_violations and not submission.refused_count
    return replace(submission, outcome="accepted" if is_clean else "accepted_with_violations")
