"""A superintendent's signed wish to have a certificate taken back, and what the state's MOSIS desk decided."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Self

import duckdb

from schemas.errors import UnknownName

_COLUMNS = (
    "request_submission_id", "submission_id", "district_code", "collection_version", "signed_by", "title", "signed_on",
    "reason", "requested_at", "status", "decided_by", "decided_at", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DecertifyRequest:
    """One row of intake.decertify_request; status: open, approved, refused."""

    request_submission_id: str
    submission_id: str
    district_code: str
    collection_version: str
    signed_by: str
    title: str
    signed_on: date
    reason: str
    requested_at: datetime
    status: str = "open"
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str | None = None

    def to_facts(self) -> dict[str, Any]:
        """What a journal block keeps of a new request; the moment is the block's own."""
        kept = _COLUMNS[: _COLUMNS.index("requested_at")]
        return {**{name: getattr(self, name) for name in kept}, "signed_on": self.signed_on.isoformat()}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any], at: datetime) -> Self:
        return cls(**{**facts, "signed_on": date.fromisoformat(facts["signed_on"])}, requested_at=at)

    def to_json(self) -> dict[str, Any]:
        def plain(value: Any) -> Any:
            return value.isoformat().replace("+00:00", "Z") if isinstance(value, date) else value

        return {name: plain(value) for name, value in asdict(self).items()}


def note_request(con: duckdb.DuckDBPyConnection, facts: Mapping[str, Any], at: datetime) -> None:
    """Write a request down in the open transaction."""
    request = DecertifyRequest.from_facts(facts, at)
    listed, slots = ", ".join(_COLUMNS), ", ".join("?" * len(_COLUMNS))
    con.execute(
        f"INSERT INTO intake.decertify_request ({listed}) VALUES ({slots})",
        [getattr(request, name) for name in _COLUMNS],
    ).fetchall()


def load_requests(con: duckdb.DuckDBPyConnection, status: str | None = None) -> list[DecertifyRequest]:
    """Requests, oldest first; all or those of one status."""
    rows = con.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM intake.decertify_request WHERE ? IS NULL OR status = ? "
        "ORDER BY requested_at, request_submission_id",
        [status, status],
    ).fetchall()
    return [DecertifyRequest(*row) for row in rows]


def load_request(con: duckdb.DuckDBPyConnection, request_id: str) -> DecertifyRequest:
    """One request, by the submission that its file became.

    Raises:
        UnknownName: there is none.
    """
    found = [one for one in load_requests(con) if one.request_submission_id == request_id]
    if not found:
        raise UnknownName(f"No request is called {request_id}. They are listed by: mosis decertify --requests")
    return found[0]


def settle_request(
    con: duckdb.DuckDBPyConnection, request_id: str, status: str, *, actor: str, at: datetime, note: str | None
) -> None:
    con.execute(
        "UPDATE intake.decertify_request SET status = ?, decided_by = ?, decided_at = ?, note = ? "
        "WHERE request_submission_id = ? AND status = 'open'",
        [status, actor, at, note, request_id],
    ).fetchall()


def settle_requests_of(
    con: duckdb.DuckDBPyConnection, names: Sequence[str], *, actor: str, at: datetime, note: str | None
) -> None:
    """What was asked for these files is done: their requests are approved."""
    rows = con.execute(
        "SELECT request_submission_id FROM intake.decertify_request WHERE status = 'open' AND list_contains(?, submission_id)",
        [sorted(names)],
    ).fetchall()
    for (request_id,) in rows:
        settle_request(con, request_id, "approved", actor=actor, at=at, note=note)
