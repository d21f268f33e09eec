"""Which violations a person means: by rule, district, line, key and more; the same rows each time it is asked of one database."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Self

import duckdb

# Short name of a row, for commands: holds no student value.
KEY = (
    "left(sha256(concat_ws('|', violation.submission_id, coalesce(violation.line_number::VARCHAR, '-'), "
    "violation.rule_id, coalesce(violation.field, '-'), coalesce(violation.other_district_code, '-'))), 12)"
)
# Files whose violations a person can act on; those of superseded files are history.
_FILES_THAT_STAND = "file.status IN ('trial', 'certified', 'answered')"
DAYS_OPEN = "date_diff('day', violation.first_seen_at, $at::TIMESTAMPTZ)"


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters that all hold; an empty one takes everything.

    Attributes:
        lines: of files, counted from 1; with ``submissions`` or ``districts`` and ``collections`` they name records.
        keys: as ``mosis violations list`` prints them.
        days_open: at least so many days since the row was first seen.
    """

    collections: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    schools: tuple[str, ...] = ()
    submissions: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()
    days_open: int | None = None

    @property
    def names_rows(self) -> bool:
        """Whether rows are chosen one by one or by what they are now, not only by rule and place."""
        return bool(
            self.lines or self.keys or self.submissions or self.fields or self.severities or self.scopes
            or self.statuses or self.days_open is not None
        )  # fmt: skip

    @property
    def is_narrow(self) -> bool:
        """Whether it says which violations are meant, by more than their state."""
        return bool(self.rules or self.keys or self.lines or self.districts or self.submissions or self.schools)

    def to_json(self) -> dict[str, Any]:
        """Plain values for the journal; what is not filtered by is left out."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items() if value
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        known = {each.name for each in fields(cls)}
        chosen: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items() if name in known
        }
        return cls(**chosen)


_COLUMNS = {
    "collections": "violation.collection_version",
    "districts": "violation.district_code",
    "schools": "violation.school_code",
    "submissions": "violation.submission_id",
    "rules": "violation.rule_id",
    "fields": "violation.field",
    "severities": "violation.severity",
    "scopes": "violation.scope",
    "statuses": "violation.status",
    "lines": "violation.line_number",
    "keys": KEY,
}


def selected(selection: Selection, at: datetime) -> tuple[str, dict[str, Any]]:
    """FROM and WHERE of a query over ``violation`` (quality.violation) and ``file`` (intake.submission), with parameters.

    What was fixed is left out unless it is asked for by status.
    """
    conditions = [_FILES_THAT_STAND]
    values: dict[str, Any] = {"at": at}
    for name, column in _COLUMNS.items():
        chosen = getattr(selection, name)
        if chosen:
            conditions.append(f"list_contains(${name}, {column})")
            values[name] = list(chosen)
    if not selection.statuses:
        conditions.append("violation.status <> 'fixed'")
    if selection.days_open is not None:
        conditions.append(f"{DAYS_OPEN} >= $days_open")
        values["days_open"] = selection.days_open
    # The moment is a parameter of every query, so that all of them take the same ones.
    conditions.append("$at::TIMESTAMPTZ IS NOT NULL")
    return (
        "FROM quality.violation AS violation JOIN intake.submission AS file USING (submission_id) "
        f"WHERE {' AND '.join(conditions)}",
        values,
    )


def count_selected(con: duckdb.DuckDBPyConnection, selection: Selection, at: datetime) -> int:
    """How many violations a selection takes."""
    source, values = selected(selection, at)
    return int(con.execute(f"SELECT count(*) {source}", values).fetchall()[0][0])
