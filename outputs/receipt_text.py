"""``receipt.txt``: the receipt as one page that a school secretary understands at a glance."""

import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from outputs.next_steps import ReceiptFacts, long_date
from schemas.clock import MISSOURI, missouri_day
from schemas.reading.recognition import VIOLATION_RESPONSE

_WIDTH = 76
_HEADLINES = {
    "accepted": "ACCEPTED. Nothing has to be corrected.",
    "accepted_with_violations": "ACCEPTED, with something to look at.",
    "rejected": "NOT ACCEPTED. The file cannot be used as it is; nothing of it was stored.",
    "quarantined": "NOT ACCEPTED. This does not look like a MOSIS file; nothing of it was stored.",
    "duplicate": "ALREADY RECEIVED. Nothing was changed.",
}
_CHECK_HEADLINES = {
    "accepted": "READY TO SEND. Nothing has to be corrected.",
    "accepted_with_violations": "CAN BE SENT, with something to look at.",
    "rejected": "WOULD NOT BE ACCEPTED. The file cannot be used as it is.",
    "quarantined": "WOULD NOT BE ACCEPTED. This does not look like a MOSIS file.",
}
_FILES = {
    "violations.html": "what to correct, best first (for your browser)",
    "violations.xlsx": "the same by school, wrong cells marked; answer in it",
    "violations.csv": "every error and warning, for other programs",
    "ids_assigned.txt": "students with their state IDs",
    "errors_to_fix.txt": "records that got no ID, each with the reason",
    "matches_to_resolve.txt": "students we need your decision about",
    "responses.csv": "which of your answers were taken, and why not",
    "fix_up.csv": "the records with errors alone, to correct and send back",
    "located.csv": "what each look-up came to (for a spreadsheet)",
    "canceled_records.txt": "records canceled at your request",
    "receipt.json": "this receipt for programs",
    "amendment.html": "what this file changes of what you certified",
    "amendment.csv": "the same, every row, for a spreadsheet",
    "certificate.json": "the certificate with its hashes and counts",
}
_FORMS = {
    "certify_": "sign its first line and drop it: that certifies",
    "decertify_": "to ask for the certificate to be taken back",
}
_ID_LINES = (
    ("confirmed", "the ID in your file is right"),
    ("reused", "student already known; existing ID found"),
    ("new", "new ID given"),
    ("near_match", "may already have an ID: we need your decision"),
    ("error", "no ID: the record has to be corrected first"),
    ("canceled", "canceled at your request"),
)


def receipt_text(receipt: dict[str, Any], facts: ReceiptFacts) -> str:
    """The page, lines of at most 78 characters, LF line ends."""
    parts = [
        _title(receipt),
        _paragraph(receipt["message"]),
        _about(receipt, facts),
        _line_counts(receipt),
        _violation_counts(receipt),
        _id_counts(receipt),
        _steps(receipt),
        _due(facts, receipt),
        _files(facts, receipt),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(receipt: dict[str, Any]) -> str:
    return f"MOSIS {'CHECK' if _is_check(receipt) else 'RECEIPT'}\n{'=' * _WIDTH}\n{_headline(receipt)}"


def _headline(receipt: dict[str, Any]) -> str:
    is_check, outcome = _is_check(receipt), receipt["outcome"]
    if receipt["status"] == "decisions" and receipt["violations_total"]:
        return "READ, but some of your answers could not be used."
    if receipt["errors"] and outcome == "accepted_with_violations":
        return f"{'CAN BE SENT' if is_check else 'ACCEPTED'}, but there are errors to correct."
    ids = receipt["ids"] or {}
    if outcome == "accepted" and ids.get("near_match", 0) + ids.get("error", 0):
        return "ACCEPTED, but some students have no state ID yet."
    known = _CHECK_HEADLINES if is_check else _HEADLINES
    return known.get(outcome or "", "WAITING for your confirmation. Nothing was changed yet.")


def _is_check(receipt: dict[str, Any]) -> bool:
    """Whether a clerk looked at the file at the own desk: then nothing was sent and nothing stored."""
    return receipt["submission_id"] is None


def _paragraph(text: str | None) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False) if text else ""


def _about(receipt: dict[str, Any], facts: ReceiptFacts) -> str:
    district = " ".join(part for part in (receipt["district_code"], facts.district_name) if part)
    collection = receipt["collection_version"]
    if facts.collection_title and collection:
        collection = f"{facts.collection_title} ({collection})"
    rows = (
        ("District", district),
        ("File", receipt["file_name"]),
        ("Collection", collection),
        ("Received", _central_time(receipt["received_at"])),
        ("Number", receipt["submission_id"]),
    )
    return "\n".join(f"  {label:<12}{value}" for label, value in rows if value)


def _central_time(stamp: str | None) -> str | None:
    if stamp is None:
        return None
    local = datetime.fromisoformat(stamp).astimezone(MISSOURI)
    return f"{long_date(local.date())}, {local:%I:%M %p} Central time".replace(", 0", ", ")


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([title, "-" * len(title), *lines]) if lines else ""


def _counted(rows: list[tuple[str, int | None]]) -> list[str]:
    return [f"  {label:<48}{number:>12,}" for label, number in rows if number is not None]


def _line_counts(receipt: dict[str, Any]) -> str:
    """Counts that add up before the reader's eyes: lines into kinds of lines, records into accepted and refused."""
    accepted = "would be accepted" if _is_check(receipt) else "accepted (stored)"
    in_records = None
    if None not in (receipt["lines"], receipt["header_lines"], receipt["blank_lines"], receipt["records"]):
        in_records = receipt["lines"] - receipt["header_lines"] - receipt["blank_lines"]
    # Which of the answers were taken, the message says.
    is_answer = receipt["layout"] == VIOLATION_RESPONSE
    accepted = "read" if is_answer else accepted
    return _section(
        "WHAT WE FOUND IN THE FILE",
        _counted(
            [
                ("Lines in the file", receipt["lines"]),
                ("   header and trailer lines", receipt["header_lines"]),
                ("   lines without an answer" if is_answer else "   blank lines", receipt["blank_lines"]),
                ("   lines with an answer" if is_answer else "   lines with records", in_records),
                ("Answers" if is_answer else "Records", receipt["records"]),
                (f"   {accepted}", receipt["accepted"] if receipt["records"] is not None else None),
                ("   refused (could not be read)", receipt["refused"]),
            ]
        ),
    )


def _violation_counts(receipt: dict[str, Any]) -> str:
    if receipt["outcome"] not in ("accepted", "accepted_with_violations"):
        return ""
    return _section(
        "WHAT WE CHECKED",
        _counted(
            [("Errors: must be corrected", receipt["errors"]), ("Warnings: please look at them", receipt["warnings"])]
        ),
    )


def _id_counts(receipt: dict[str, Any]) -> str:
    ids = receipt["ids"]
    if not ids:
        return ""
    lines = [f"  {ids[name]:>12,}  {meaning}" for name, meaning in _ID_LINES if ids[name]]
    return _section("STATE IDS", lines)


def _steps(receipt: dict[str, Any]) -> str:
    return _section("WHAT TO DO NOW", list(_numbered(receipt["next_steps"])))


def _numbered(steps: list[str]) -> Iterator[str]:
    for number, step in enumerate(steps, start=1):
        yield textwrap.fill(
            step, _WIDTH, initial_indent=f"  {number}. ", subsequent_indent="     ", break_long_words=False
        )


def _due(facts: ReceiptFacts, receipt: dict[str, Any]) -> str:
    if facts.due_date is None or receipt["received_at"] is None:
        return ""
    days = (facts.due_date - missouri_day(datetime.fromisoformat(receipt["received_at"]))).days
    when = {
        -1: "the day before this file arrived",
        0: "that was the day this file arrived",
        1: "the day after this file arrived",
    }.get(days, f"{days} days after this file arrived" if days > 0 else f"{-days} days before this file arrived")
    return _section("DUE", [f"  {long_date(facts.due_date)} ({when})"])


def _files(facts: ReceiptFacts, receipt: dict[str, Any]) -> str:
    present = set(facts.files) if _is_check(receipt) else {*facts.files, "receipt.json"}
    named = [name for name in _FILES if name in present]
    # The name of a form holds that of the submission, so it is longer than a column.
    forms = [
        f"  {name}\n  {'':<24}{text}"
        for start, text in _FORMS.items()
        for name in sorted(present)
        if name.startswith(start)
    ]
    return _section("FILES IN THIS FOLDER", [*forms, *(f"  {name:<24}{_FILES[name]}" for name in named)])
