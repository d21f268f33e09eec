"""Certificates as they stand in the database: whose, since when, by whom, and how they ended."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

_COLUMNS = (
    "submission_id", "district_code", "collection_version", "at", "actor", "manifest", "block_number", "signed_by",
    "title", "signed_on", "request_submission_id", "ended", "ended_at", "ended_by", "end_reason",
)  # fmt: skip


@dataclass(frozen=True)
class Certificate:
    """One row of intake.certificate; ``ended`` is null while it stands, else replaced, decertified or pilot_ended."""

    submission_id: str
    district_code: str
    collection_version: str
    at: datetime
    actor: str
    manifest: dict[str, Any]
    block_number: int | None
    signed_by: str | None
    title: str | None
    signed_on: date | None
    request_submission_id: str | None
    ended: str | None
    ended_at: datetime | None
    ended_by: str | None
    end_reason: str | None

    @property
    def who(self) -> str:
        """Who certified, as people are told."""
        if self.signed_by is None:
            return f"{self.actor} (the state's MOSIS desk)"
        return f"{self.signed_by}, {self.title}" if self.title else self.signed_by

    def to_json(self) -> dict[str, Any]:
        def plain(value: Any) -> Any:
            return value.isoformat().replace("+00:00", "Z") if isinstance(value, date) else value

        return {name: plain(getattr(self, name)) for name in _COLUMNS}


def load_certificates(
    con: duckdb.DuckDBPyConnection,
    *,
    district_code: str | None = None,
    collection_version: str | None = None,
    submission_id: str | None = None,
    request: str | None = None,
    standing_only: bool = False,
) -> list[Certificate]:
    """Certificates that fit all that is named, oldest first."""
    columns = ", ".join(f'"{name}"' for name in _COLUMNS)
    wanted = {
        "district_code": district_code, "collection_version": collection_version, "submission_id": submission_id,
        "request_submission_id": request,
    }  # fmt: skip
    named = {name: value for name, value in wanted.items() if value is not None}
    conditions = [f"{name} = ?" for name in named] + (["ended IS NULL"] if standing_only else [])
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = con.execute(
        f'SELECT {columns} FROM intake.certificate {where} ORDER BY "at", submission_id', list(named.values())
    ).fetchall()
    place = _COLUMNS.index("manifest")
    read = [(*row[:place], json.loads(row[place]), *row[place + 1 :]) for row in rows]
    return [Certificate(**dict(zip(_COLUMNS, row, strict=True))) for row in read]
