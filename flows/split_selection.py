"""Which records of a number an operator tells apart: listed without names, and selected."""

from collections.abc import Sequence
from typing import Any

from flows.session import Session
from matching.corrections.children import load_records
from matching.corrections.standing import require_active
from schemas.errors import UsageError


def selected_lines(
    session: Session, state_id: str, lines: Sequence[str], district: str | None, local_id: str | None
) -> tuple[tuple[str, int], ...]:
    """The records that options select, by the line each first came with.

    Raises:
        UnknownName, MosisError: the number was never given, or does not live.
        UsageError: an option is no SUBMISSION:LINE, or selects nothing.
    """
    chosen = [_parse_line(text) for text in lines]
    if local_id is not None and district is None:
        raise UsageError("--local-id needs --district: a local ID means nothing outside its district.")
    if district is not None:
        records = load_records(session.con, require_active(session.con, state_id))
        found = [
            record.key
            for record in records
            if record.district_code == district and local_id in (None, record.local_student_id)
        ]
        if not found:
            there = ", ".join(sorted({record.district_code for record in records}))
            raise UsageError(
                f"{state_id} has no such record in district {district}. It has records of: {there}. "
                f"They are listed by: mosis ids split {state_id}"
            )
        chosen += found
    return tuple(dict.fromkeys(chosen))


def _parse_line(text: str) -> tuple[str, int]:
    name, _, line = text.rpartition(":")
    if not name or not line.isdigit():
        raise UsageError(
            f"--line {text}: a submission and a line are expected, such as 20261007T140000Z-0123456789ab-048078:12"
        )
    return name, int(line)


def list_records(session: Session, state_id: str) -> list[dict[str, Any]]:
    """What is known of a number, record by record, without names, to choose a split from.

    Raises:
        UnknownName, MosisError: the number was never given, or does not live.
    """
    records = load_records(session.con, require_active(session.con, state_id))
    return [
        {
            "line": f"{record.submission_id}:{record.line_number}",
            "likeness": record.likeness,
            "district_code": record.district_code,
            "school_code": record.school_code,
            "grade": record.grade,
            "school_years": f"{record.first_school_year}-{record.last_school_year}",
            "own_id": record.own_id,
        }
        for record in records
    ]
