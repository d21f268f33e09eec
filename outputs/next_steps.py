"""What a district should do next, in plain words and in the order in which it helps (receipts)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from schemas.dictionary import ID_BATCH
from schemas.reading.recognition import LOCATOR_REQUEST, VIOLATION_RESPONSE
from schemas.reading.signed_forms import SIGNED_FORMS
from schemas.submission import Submission

PILOT = "This is a pilot: every step is tried out, and nothing of it is counted, delivered or published."
FIX_UP_FILE = "fix_up.csv"
# A sentence about lines of a returned worklist names so many of them.
MOST_LINES = 10


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """What a receipt says that the submission does not know itself.

    ``files`` are the names already written beside the receipt; they decide which next steps can be named.
    """

    district_name: str | None = None
    collection_title: str | None = None
    due_date: date | None = None
    files: tuple[str, ...] = ()
    is_pilot: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What the words of a receipt depend on, beside the submission itself.

    ``unused_answers``: what is said of lines of a returned worklist that changed nothing, and which lines they are.
    """

    errors: int
    warnings: int
    ids: dict[str, int] | None
    facts: ReceiptFacts
    is_check: bool
    is_late: bool = False
    unused_answers: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def id_count(self, outcome: str) -> int:
        return (self.ids or {}).get(outcome, 0)

    @property
    def has_new_ids(self) -> bool:
        return self.id_count("new") + self.id_count("reused") > 0


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 error``, ``214 errors``, ``1,203 records``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def long_date(day: date) -> str:
    """``Wednesday, October 15, 2025``."""
    return f"{day:%A, %B} {day.day}, {day.year}"


def message_of(submission: Submission, findings: Findings) -> str:
    """One sentence: what became of the file."""
    if submission.message:
        return submission.message
    if submission.outcome == "duplicate":
        return "This is byte for byte a file we already have from you. Nothing was changed."
    if submission.status == "decisions":
        unused = sum(map(len, findings.unused_answers.values()))
        also = f" {counted(unused, 'line')} of your file changed nothing." if unused else ""
        return f"Your answers to our questions were read.{also}"
    if submission.layout == ID_BATCH:
        return _batch_message(submission, findings)
    if submission.layout == LOCATOR_REQUEST:
        return f"{counted(submission.accepted_count or 0, 'look-up')} can be read."
    said = " ".join(filter(None, (submission.fix_up_note, _trial_message(submission, findings))))
    return f"{said} {PILOT}" if findings.facts.is_pilot else said


def _batch_message(submission: Submission, findings: Findings) -> str:
    given = sum(findings.id_count(name) for name in ("confirmed", "reused", "new"))
    open_count = findings.id_count("near_match")
    failed = findings.id_count("error") + (submission.refused_count or 0)
    parts = []
    if given or not open_count + failed:
        parts.append(f"{counted(given, 'student')} {'has' if given == 1 else 'have'} a state ID")
    if open_count:
        parts.append(f"{counted(open_count, 'student')} need{'s' if open_count == 1 else ''} your decision")
    if failed:
        parts.append(f"{counted(failed, 'record')} could not be used")
    return "; ".join(parts) + "." if findings.ids else "The ID batch was read."


def _trial_message(submission: Submission, findings: Findings) -> str:
    records = counted(submission.accepted_count or 0, "record")
    verb = "can be read" if findings.is_check else "received"
    if findings.errors:
        errors = counted(findings.errors, "error")
        return f"{records} {verb}. {errors} must be corrected before this collection can be certified."
    if findings.warnings:
        warnings = counted(findings.warnings, "warning")
        return f"{records} {verb}, no errors. {warnings} to look at; warnings do not stop certification."
    return f"{records} {verb}. No errors and no warnings."


def next_steps(submission: Submission, findings: Findings) -> list[str]:
    """What to do now, first things first."""
    if submission.outcome in ("rejected", "quarantined"):
        return list(_after_refusal(submission, findings))
    if submission.outcome == "duplicate":
        return list(_after_duplicate(submission))
    if submission.status == "waiting":
        return list(_while_waiting(submission))
    if submission.layout in (LOCATOR_REQUEST, VIOLATION_RESPONSE, *SIGNED_FORMS) and not findings.is_check:
        return [submission.next_step] if submission.next_step else []
    if findings.is_check:
        return list(_after_check(findings))
    return list(_after_acceptance(submission, findings)) or ["Nothing is left to do for this file."]


def _after_refusal(submission: Submission, findings: Findings) -> Iterator[str]:
    if submission.next_step:
        yield submission.next_step
    if findings.is_check:
        yield "Check the corrected file again with: mosis check FILE"
    elif submission.reason != "COLLECTION_CLOSED" and submission.layout not in SIGNED_FORMS:
        yield "Drop the corrected file into your inbox folder again. Any file name will do."


def _after_duplicate(submission: Submission) -> Iterator[str]:
    if submission.layout in SIGNED_FORMS:
        yield "Nothing has to be done."
        return
    if submission.duplicate_of:
        yield f"Look at the answer you already have, in the folder {submission.duplicate_of}."
    yield "If you meant to send a correction, export the file again from your student system and drop the new one."


def _while_waiting(submission: Submission) -> Iterator[str]:
    if submission.next_step:
        yield submission.next_step
        return
    yield "If this file is complete, drop the same file into your inbox folder once more. That confirms it."
    yield "If it is not complete, export the whole file again and drop that one. Nothing was changed so far."


def _after_check(findings: Findings) -> Iterator[str]:
    if findings.errors:
        yield "Correct the errors listed here in your student system, export the whole file again and check it again."
        yield "You may also drop it now: good records get their IDs, and errors can be corrected until the deadline."
    elif findings.warnings:
        yield "Look at the warnings; they do not stop certification. Then drop the file into your inbox folder."
    else:
        yield "Drop the file into your inbox folder."


def _after_acceptance(submission: Submission, findings: Findings) -> Iterator[str]:
    is_batch = submission.layout == ID_BATCH or submission.status == "decisions"
    for sentence, lines in findings.unused_answers.items():
        yield f"{_lines(lines)} of the file you returned: {sentence}"
    if findings.errors and not is_batch:
        yield from _correct_errors(findings)
    if findings.id_count("near_match"):
        yield (
            f"Decide about {counted(findings.id_count('near_match'), 'student')} who may already have an ID: open "
            "matches_to_resolve.txt, write SAME, DIFFERENT or CANCEL in the last column (Decision), and drop that file "
            "into your inbox folder."
        )
    if is_batch and "errors_to_fix.txt" in findings.facts.files and _has_batch_errors(submission, findings):
        yield (
            "Correct the records in errors_to_fix.txt (the column Reason says what is wrong, RequestLine where it "
            "stood in your file) and send them in a new ID batch."
        )
    if "ids_assigned.txt" in findings.facts.files and findings.has_new_ids:
        yield "Import ids_assigned.txt into your student system, so that your next file carries the state IDs."
    if is_batch and findings.warnings:
        yield "Look at the warnings in violations.html. If the data are right, nothing has to be changed."
    if not is_batch:
        yield from _towards_certification(submission, findings)
    if findings.is_late:
        yield "This file came after the day it was due. It was taken all the same and is marked late."


def _lines(lines: Sequence[int]) -> str:
    """``Line 4``, ``Lines 4, 7 and 9``; of many the first ones."""
    if len(lines) == 1:
        return f"Line {lines[0]}"
    if len(lines) > MOST_LINES:
        return f"Lines {', '.join(map(str, lines[:MOST_LINES]))} and {len(lines) - MOST_LINES:,} more"
    return f"Lines {', '.join(map(str, lines[:-1]))} and {lines[-1]}"


def _by(findings: Findings) -> str:
    """Until when; a day that has passed is no help."""
    if findings.is_late:
        return " as soon as you can"
    return f" by {long_date(findings.facts.due_date)}" if findings.facts.due_date else ""


def _has_batch_errors(submission: Submission, findings: Findings) -> bool:
    return findings.id_count("error") + (submission.refused_count or 0) > 0


def _correct_errors(findings: Findings) -> Iterator[str]:
    yield "Open violations.html: it says what to fix first. violations.xlsx has the same rows by school, to work in."
    if FIX_UP_FILE in findings.facts.files:
        yield (
            "To correct single records, you may also change their cells in fix_up.csv and drop that file into your inbox "
            "folder: it is merged with the rest of this file. Correct your student system, too."
        )
    yield (
        "Correct the data in your student system, export the whole file again and drop it into your inbox folder"
        f"{_by(findings)}. A new file replaces this one completely."
    )


def _towards_certification(submission: Submission, findings: Findings) -> Iterator[str]:
    if findings.errors:
        return
    if findings.warnings:
        yield "Look at the warnings in violations.html. If the data are right, nothing has to be changed."
    form = f"certify_{submission.submission_id}.csv"
    if form in findings.facts.files:
        yield (
            f"Nothing stands against certification. Open {form}: it says what is certified. Write name, title and date "
            f"into its first line, save it as CSV and drop it into your inbox folder{_by(findings)}. That certifies "
            f"{submission.collection_version}."
        )
