"""``mosis check``: what the state would say of a file, on a clerk's own desk; no home, no lock, no network, Windows too."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from flows.expectations import Comparison, compare, found_in, read_expected
from flows.staging import refused_as_violations, submission_frame
from flows.taking import DISTRICT_COLUMNS, counted, outcomes, recognised, refused, zeros_step
from matching.ssn import SsnHasher
from outputs.next_steps import ReceiptFacts
from outputs.receipt_text import receipt_text
from outputs.receipts import build_receipt
from outputs.violation_report import ReportSubject, ReportWords, write_violation_report
from outputs.violation_rows import as_first_seen, name_children
from schemas.clock import Clock, SystemClock
from schemas.dictionary import Dictionary, load_dictionary
from schemas.directory import Directory, load_directory
from schemas.errors import FileRefused, UsageError
from schemas.files import sha256_of
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
from schemas.rules import RuleBook, load_rule_book
from schemas.submission import Submission
from schemas.validation import VIOLATION_SCHEMA, Validated, validate_records
from schemas.violation_responses.reading import read_violation_response

# Files of ours that a district fills in and sends back.
SENT_BACK = (VIOLATION_RESPONSE, *SIGNED_FORMS)


@dataclass(frozen=True)
class CheckAnswer:
    """The receipt object of a check, its text, and where the report was written."""

    body: dict[str, Any]
    text: str
    report_folder: Path | None

    @property
    def has_findings(self) -> bool:
        """Whether the file would be refused or has an error; warnings alone are no finding (design 3.5)."""
        return bool(self.body["outcome"] in ("rejected", "quarantined") or self.body["errors"])


@dataclass(frozen=True)
class Checked:
    """A file that could be read, with everything validation said about it."""

    submission: Submission
    records: pl.DataFrame
    violations: pl.DataFrame
    rule_book: RuleBook


def check_file(
    file: Path, *, directory: Path | None, report_folder: Path | None, clock: Clock | None = None
) -> CheckAnswer:
    """Check a file as the state would, as far as that is possible without the state's records.

    Raises:
        UsageError: the file cannot be opened. DictionaryError: the directory disagrees with itself.
    """
    content = read_bytes(file)
    dictionary = load_dictionary()
    places = load_directory(directory) if directory else None
    at = (clock or SystemClock()).now()
    submission = unread(file, content, at)
    try:
        recognition = recognise(content, dictionary)
        submission = recognised(submission, recognition)
        if recognition.file_format == NEAR_MATCH_RETURN:
            return answer(returned(submission, content, recognition), dictionary, None, places, None, at)
        if recognition.file_format == LOCATOR_REQUEST:
            return answer(asked(submission, content, recognition), dictionary, None, places, None, at)
        if recognition.file_format in SENT_BACK:
            return answer(sent_back(submission, content, recognition), dictionary, None, places, None, at)
        extract = read_extract(content, recognition, dictionary, SsnHasher({1: secrets.token_bytes(32)}))
        refuse_impossible_district(extract, places)
    except FileRefused as refusal:
        return answer(refused(submission, refusal), dictionary, None, places, None, at)
    checked = check_records(submission, extract, dictionary, places)
    if report_folder is not None:
        write_report(report_folder, checked, dictionary, places, at)
    return answer(checked.submission, dictionary, checked, places, report_folder, at)


def compare_with_expected(
    file: Path, expected: Path, *, directory: Path | None, report_folder: Path | None, clock: Clock | None = None
) -> Comparison:
    """Check a file and hold what was found against what a CSV file expects (``flows/expectations.py``).

    Raises:
        UsageError: one of the files cannot be read, or the expectations say nothing of the file.
    """
    wanted = read_expected(expected, file.name)
    body = check_file(file, directory=directory, report_folder=report_folder, clock=clock).body
    return compare(file.name, wanted, found_in(body))


def read_bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}. Name a file that can be read.") from None


def unread(file: Path, content: bytes, at: datetime) -> Submission:
    return Submission(
        submission_id="check",
        district_code="",
        school_code=None,
        file_name=file.name,
        sha256=sha256_of(file),
        byte_count=len(content),
        claim_path="",
        received_at=at,
        run_id="",
        status="trial",
    )


def returned(submission: Submission, content: bytes, recognition: Recognition) -> Submission:
    return replace(
        counted(submission, read_near_match_return(content, recognition)), status="decisions", outcome="accepted"
    )


def asked(submission: Submission, content: bytes, recognition: Recognition) -> Submission:
    """A locator request: here only its form can be checked, for the registry is the state's."""
    read = counted(submission, read_locator_request(content, recognition))
    return replace(read, outcome="accepted_with_violations" if read.refused_count else "accepted")


def sent_back(submission: Submission, content: bytes, recognition: Recognition) -> Submission:
    """An answered violations file or a signed form: only its form can be checked, for what it is about is the state's."""
    is_answers = recognition.file_format == VIOLATION_RESPONSE
    extract = read_violation_response(content, recognition) if is_answers else read_signed_form(content, recognition)
    read = counted(submission, extract)
    what = "Answers to violations" if is_answers else "A signed form"
    message = f"{what} can be read. Whether it fits your files is seen when you drop it into your inbox folder."
    return replace(
        read, message=message, outcome="accepted_with_violations" if read.refused_count else "accepted"
    )  # fmt: skip


def check_records(
    submission: Submission, extract: Extract, dictionary: Dictionary, places: Directory | None
) -> Checked:
    """Validate a read file; its district is the one most of its records name."""
    submission = replace(counted(submission, extract), district_code=own_district(extract.records))
    collection = dictionary.collection(submission.collection_version or "")
    book = load_rule_book(dictionary, collection)
    records = extract.records.with_columns(submission_id=pl.lit(submission.submission_id))
    validated: Validated = validate_records(
        records,
        submission_frame([submission]),
        layout=dictionary.layout_of(collection),
        rule_book=book,
        directory=places,
    )
    refusals = refused_as_violations(extract.refused.with_columns(submission_id=pl.lit(submission.submission_id)))
    violations = pl.concat([validated.violations.cast(pl.Schema(VIOLATION_SCHEMA)), refusals])
    return Checked(outcomes([submission], violations)[0], validated.records, violations, book)


def own_district(records: pl.DataFrame) -> str:
    """The district that the file is of: the commonest of its records; of equals the lowest code."""
    column = next((name for name in DISTRICT_COLUMNS if name in records.columns), None)
    if column is None or not records.height:
        return ""
    counts = records.group_by(column).len().drop_nulls().sort(["len", column], descending=[True, False])
    return str(counts[column][0]) if counts.height else ""


def refuse_impossible_district(extract: Extract, places: Directory | None) -> None:
    """Refuse a file whose district has no inbox it could be dropped into.

    Raises:
        FileRefused: rejected, as the state would where no record is of the inbox's own district.
    """
    code = own_district(extract.records)
    if not code or (is_district_code(code) and (places is None or places.has_district(code))):
        return
    said = "no district of the directory" if is_district_code(code) else "not a code of six digits"
    step = zeros_step(code.zfill(6)) if code.isdecimal() and len(code) < 6 else "Write the code of your own district."
    raise FileRefused("rejected", "WRONG_DISTRICT", f"The district of this file is {code}: {said}.", step)


def is_district_code(code: str) -> bool:
    return len(code) == 6 and code.isdecimal()


def answer(
    submission: Submission,
    dictionary: Dictionary,
    checked: Checked | None,
    places: Directory | None,
    report_folder: Path | None,
    at: datetime,
) -> CheckAnswer:
    collection = dictionary.collection(submission.collection_version or "") if checked else None
    facts = ReceiptFacts(
        district_name=places.district_name(submission.district_code) if places and submission.district_code else None,
        collection_title=collection.title if collection else None,
        due_date=collection.due_date if collection else None,
    )
    body = build_receipt(
        submission,
        facts,
        violations=checked.violations if checked else None,
        finished_at=at,
        dictionary_version=dictionary.version,
        rule_book_version=checked.rule_book.version if checked else None,
        not_checked=checked.rule_book.not_checked(places is not None) if checked else (),
        is_check=True,
    )
    return CheckAnswer(body, receipt_text(body, facts), report_folder if checked else None)


def write_report(
    folder: Path, checked: Checked, dictionary: Dictionary, places: Directory | None, at: datetime
) -> None:
    """The violation report, as the state would write it."""
    submission = checked.submission
    collection = dictionary.collection(submission.collection_version or "")
    subject = ReportSubject(
        submission_id=None,
        district_code=submission.district_code,
        district_name=places.district_name(submission.district_code) if places else None,
        collection_version=collection.version,
        collection_title=collection.title,
        file_name=submission.file_name,
        record_count=submission.record_count or 0,
        made_at=at,
        due_date=collection.due_date,
    )
    rows = name_children(checked.violations, [submission], {collection.layout: checked.records}, at)
    folder.mkdir(parents=True, exist_ok=True)
    words = ReportWords.of(dictionary.layout_of(collection), checked.rule_book, places)
    write_violation_report(folder, subject, as_first_seen(rows), words, records=checked.records)
