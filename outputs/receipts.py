"""The receipt: what became of one file, as one object for machines and one page of text for people (design 3.5).

``receipt.json``, ``mosis check --json`` and the text are made from one object, so they cannot tell different stories.
The receipt is the last thing written for a submission: whoever sees it may rely on everything it names.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from outputs.next_steps import Findings, ReceiptFacts, message_of, next_steps
from outputs.receipt_text import receipt_text
from outputs.violation_desk.standing import STANDING
from schemas.clock import rfc3339
from schemas.files import write_atomic
from schemas.submission import Submission

FORMAT_VERSION = 1
RECEIPT_VIOLATIONS = 100
ID_OUTCOMES = ("CONFIRMED", "REUSED", "NEW", "NEAR_MATCH", "ERROR", "CANCELED")
_WHOLE_FILE_REFUSED = ("rejected", "quarantined")
_VIOLATION_SCHEMA: dict[str, pl.DataType] = {
    "line": pl.Int64(),
    **{name: pl.String() for name in ("field", "rule_id", "severity", "scope", "message", "fix")},
}

Receipt = dict[str, Any]


def count_outcomes(assignments: pl.DataFrame) -> dict[str, int]:
    """How many records came out with each identity outcome, every outcome present: the receipt's ``ids``."""
    found = dict(assignments.group_by("outcome").len().iter_rows())
    return {outcome.lower(): found.get(outcome, 0) for outcome in ID_OUTCOMES}


def build_receipt(
    submission: Submission,
    facts: ReceiptFacts,
    *,
    violations: pl.DataFrame | None = None,
    ids: Mapping[str, int] | None = None,
    finished_at: datetime | None = None,
    dictionary_version: str | None = None,
    rule_book_version: str | None = None,
    not_checked: Sequence[str] = (),
    is_check: bool = False,
) -> Receipt:
    """The receipt object, every key present, null where it does not apply.

    Args:
        submission: with outcome, status and counts as they came out.
        violations: rows of this submission; null where the records were never looked at.
        ids: from ``count_outcomes``; null where no ID was asked for.
        is_check: made at a clerk's own desk: nothing was sent, and all violations are listed.
    """
    found = _found_violations(submission, violations)
    severities = found["severity"].to_list()
    findings = Findings(
        errors=severities.count("E"),
        warnings=severities.count("W"),
        ids=dict(ids) if ids is not None else None,
        facts=facts,
        is_check=is_check,
        is_late=submission.is_late,
        unused_answers=_unused_answers(found) if submission.status == "decisions" else {},
    )
    was_looked_at = violations is not None or found.height > 0
    return {
        "format_version": FORMAT_VERSION,
        "submission_id": None if is_check else submission.submission_id,
        "district_code": submission.district_code or None,
        "file_name": readable_name(submission.file_name),
        "sha256": submission.sha256,
        "layout": submission.layout,
        "collection_version": submission.collection_version,
        "outcome": submission.outcome,
        "status": None if is_check else submission.status,
        **_counts(submission),
        "errors": findings.errors if was_looked_at else None,
        "warnings": findings.warnings if was_looked_at else None,
        "ids": findings.ids,
        "duplicate_of": submission.duplicate_of,
        "received_at": None if is_check else rfc3339(submission.received_at),
        "finished_at": rfc3339(finished_at) if finished_at else None,
        "run_id": None if is_check else submission.run_id,
        "dictionary_version": dictionary_version,
        "rule_book_version": rule_book_version,
        "not_checked": list(not_checked),
        "next_steps": next_steps(submission, findings),
        "message": message_of(submission, findings),
        "violations": (found if is_check else found.head(RECEIPT_VIOLATIONS)).to_dicts(),
        "violations_total": found.height,
        "violations_file": "violations.csv" if "violations.csv" in facts.files else None,
    }


def receipt_json(receipt: Receipt) -> bytes:
    """The object as it stands in ``receipt.json``: UTF-8, indented, one line end at the end."""
    return (json.dumps(receipt, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def write_receipt(folder: Path, receipt: Receipt, facts: ReceiptFacts) -> None:
    """Write ``receipt.txt``, then ``receipt.json``, each atomically: when the second stands, the submission is done."""
    write_atomic(folder / "receipt.txt", receipt_text(receipt, facts).replace("\n", "\r\n").encode("utf-8"))
    write_atomic(folder / "receipt.json", receipt_json(receipt))


def readable_name(file_name: str) -> str:
    """A file name fit to print: names are bytes, so what is no UTF-8 or no visible character is shown as an escape."""
    decoded = file_name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in decoded)


def _counts(submission: Submission) -> dict[str, int | None]:
    """Line and record counts as far as the file was read.

    Of a file refused as a whole nothing is accepted; of one that waits for confirmation nothing is said yet.
    """
    is_waiting = submission.status == "waiting"
    accepted = None if is_waiting else submission.accepted_count
    return {
        "lines": submission.line_count,
        "header_lines": submission.header_lines,
        "blank_lines": submission.blank_lines,
        "records": submission.record_count,
        "accepted": 0 if submission.outcome in _WHOLE_FILE_REFUSED else accepted,
        "refused": submission.refused_count,
    }


def _found_violations(submission: Submission, violations: pl.DataFrame | None) -> pl.DataFrame:
    """Violations by line, field and rule; a file refused as a whole has one, which says why."""
    if submission.outcome in _WHOLE_FILE_REFUSED and submission.reason:
        return pl.DataFrame([_refusal_row(submission)], schema=_VIOLATION_SCHEMA)
    if violations is None:
        return pl.DataFrame(schema=_VIOLATION_SCHEMA)
    if "status" in violations.columns:
        # What the state waived or accepted is on the violation page; nothing has to be done about it.
        violations = violations.filter(pl.col("status").is_in(STANDING))
    renamed = violations.rename({"line_number": "line"}).select(*_VIOLATION_SCHEMA)
    return renamed.sort("line", "field", "rule_id", nulls_last=False)


def _unused_answers(found: pl.DataFrame) -> dict[str, list[int]]:
    """What is said of lines of a returned worklist, with the lines, in the order of the file."""
    said = found.drop_nulls("line").group_by("message", maintain_order=True).agg(pl.col("line"))
    return dict(said.iter_rows())


def _refusal_row(submission: Submission) -> dict[str, Any]:
    return {
        "line": submission.refused_line,
        "field": None,
        "rule_id": submission.reason,
        "severity": "E",
        "scope": "file",
        "message": submission.message,
        "fix": submission.next_step,
    }
