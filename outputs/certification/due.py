"""Changes of certificates that districts have not been told of yet (intake.certificate_due)."""

from collections.abc import Sequence
from datetime import datetime

import duckdb

from outputs.certification.notices import Change
from outputs.certification.register import load_certificates


def note_due(
    con: duckdb.DuckDBPyConnection, names: Sequence[str], change: str, at: datetime, reason: str | None = None
) -> None:
    """Remember in the open transaction that districts have to be told of these files."""
    rows = [[name, change, reason, at] for name in names]
    con.executemany(
        'INSERT INTO intake.certificate_due (submission_id, change, reason, "at") VALUES (?, ?, ?, ?)', rows
    )


def due_changes(con: duckdb.DuckDBPyConnection) -> list[Change]:
    """What has to be told, oldest first; of several changes of one file the last."""
    rows = con.execute(
        'SELECT submission_id, arg_max(change, "at"), arg_max(reason, "at"), max("at") FROM intake.certificate_due '
        'GROUP BY submission_id ORDER BY max("at"), submission_id'
    ).fetchall()
    changes = []
    for name, change, reason, at in rows:
        latest = load_certificates(con, submission_id=name)[-1]
        who = latest.who if change == "certified" else latest.ended_by or ""
        changes.append(Change(change, name, latest.district_code, latest.collection_version, at, who, reason))
    return changes


def settle_due(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    """The districts were told of these files."""
    con.execute("DELETE FROM intake.certificate_due WHERE list_contains(?, submission_id)", [list(names)]).fetchall()
