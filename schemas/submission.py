"""One dropped file and what became of it: the facts that every stage shares and every receipt repeats."""

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Self

# Receipt outcomes and submission states are promises to districts (design 3.4, 3.5); they are never renamed.
OUTCOMES = ("accepted", "accepted_with_violations", "rejected", "quarantined", "duplicate")
STATUSES = (
    "waiting",
    "quarantined",
    "duplicate",
    "rejected",
    "trial",
    "superseded",
    "certified",
    "answered",
    "decisions",
)


@dataclass(frozen=True, slots=True)
class Submission:
    """A file as claimed, plus what recognition and reading found.

    ``collection_version`` is the literal in the file, or ``id_batch``; counts are null until the file was read.
    ``fix_up_of`` names the file with which a fix-up file was merged into this one, ``fix_up_note`` says what it changed.
    ``decided_by`` and ``decided_why`` are set where an operator answered a district's questions in its stead.
    """

    submission_id: str
    district_code: str
    school_code: str | None
    file_name: str
    sha256: str
    byte_count: int
    claim_path: str
    received_at: datetime
    run_id: str
    layout: str | None = None
    collection_version: str | None = None
    school_year: int | None = None
    cycle: str | None = None
    file_format: str | None = None
    encoding: str | None = None
    line_count: int | None = None
    header_lines: int | None = None
    blank_lines: int | None = None
    record_count: int | None = None
    accepted_count: int | None = None
    refused_count: int | None = None
    outcome: str | None = None
    status: str = "waiting"
    reason: str | None = None
    message: str | None = None
    next_step: str | None = None
    refused_line: int | None = None
    duplicate_of: str | None = None
    is_late: bool = False
    is_pilot: bool = False
    transmission_id: str | None = None
    batch_delimiter: str | None = None
    batch_extract_date: str | None = None
    batch_extract_time: str | None = None
    fix_up_of: str | None = None
    fix_up_note: str | None = None
    decided_by: str | None = None
    decided_why: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the plan's manifest."""
        values = asdict(self)
        values["received_at"] = self.received_at.isoformat()
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in values.items() if name in known}
        return cls(**{**values, "received_at": datetime.fromisoformat(values["received_at"])})


def submission_id(received_at: datetime, sha256: str, district_code: str, taken: set[str]) -> str:
    """``YYYYMMDDTHHMMSSZ-<12 of sha256>-<district>``, with ``-2``, ``-3`` when that name is taken (design 3.3)."""
    base = f"{received_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{sha256[:12]}-{district_code}"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name
