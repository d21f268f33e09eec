"""What a certificate changes in the database: the trial is frozen, the certificate before it ends; and the way back.

Everything is done from the facts of a journal block, in the transaction that the act opened, so that it comes out the same
when an interrupted act is finished at the next start.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Self

import duckdb


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed a certificate file of a district; ``request`` is the submission that the file became."""

    signed_by: str
    title: str
    signed_on: date
    request: str

    def to_facts(self) -> dict[str, Any]:
        return {**asdict(self), "signed_on": self.signed_on.isoformat()}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        return cls(**{**facts, "signed_on": date.fromisoformat(facts["signed_on"])})


def freeze(
    con: duckdb.DuckDBPyConnection,
    manifests: Sequence[Mapping[str, Any]],
    *,
    actor: str,
    at: datetime,
    block_number: int,
    signature: Signature | None = None,
) -> None:
    """Certify the files of these manifests; a file certified before in the same place leaves the collection."""
    for manifest in manifests:
        name = manifest["submission_id"]
        _end_earlier_certificate(con, name, manifest["layout"], actor, at)
        con.execute(
            "UPDATE intake.submission SET status = 'certified', certified_at = ?, certified_by = ? WHERE submission_id = ?",
            [at, actor, name],
        ).fetchall()
        con.execute(
            """
            INSERT INTO intake.certificate BY NAME
            SELECT $name AS submission_id, $district AS district_code, $collection AS collection_version, $at AS "at",
                   $actor AS actor, $manifest AS manifest, $block AS block_number, $signed_by AS signed_by,
                   $title AS title, $signed_on::DATE AS signed_on, $request AS request_submission_id
            """,
            {
                "name": name, "district": manifest["district_code"], "collection": manifest["collection_version"],
                "at": at, "actor": actor, "manifest": json.dumps(manifest, sort_keys=True), "block": block_number,
                "signed_by": signature.signed_by if signature else None,
                "title": signature.title if signature else None,
                "signed_on": signature.signed_on if signature else None,
                "request": signature.request if signature else None,
            },
        ).fetchall()  # fmt: skip


def _end_earlier_certificate(
    con: duckdb.DuckDBPyConnection, submission_id: str, layout: str, actor: str, at: datetime
) -> None:
    """The file that was certified before leaves the collection; its certificate stays as history."""
    for name in certified_beside(con, submission_id):
        _leave_collection(con, name, layout)
        _end_certificate(con, name, "replaced", actor, at, None)


def certified_beside(con: duckdb.DuckDBPyConnection, submission_id: str) -> list[str]:
    """The certified files of the same district (or building) and collection as a trial."""
    return _beside(con, submission_id, "certified")


def _beside(con: duckdb.DuckDBPyConnection, submission_id: str, status: str) -> list[str]:
    found = con.execute(
        "SELECT other.submission_id FROM intake.submission AS this JOIN intake.submission AS other "
        "  ON other.district_code = this.district_code AND other.collection_version = this.collection_version "
        " AND other.school_code IS NOT DISTINCT FROM this.school_code "
        "WHERE this.submission_id = ? AND other.submission_id <> this.submission_id AND other.status = ? "
        "ORDER BY other.submission_id",
        [submission_id, status],
    ).fetchall()
    return [name for (name,) in found]


def _leave_collection(con: duckdb.DuckDBPyConnection, name: str, layout: str) -> None:
    con.execute(f'DELETE FROM collection."{layout}" WHERE submission_id = ?', [name]).fetchall()
    con.execute(
        "UPDATE quality.violation SET status = 'fixed' WHERE submission_id = ? AND status <> 'fixed'", [name]
    ).fetchall()
    con.execute("UPDATE intake.submission SET status = 'superseded' WHERE submission_id = ?", [name]).fetchall()


def _end_certificate(
    con: duckdb.DuckDBPyConnection, name: str, how: str, actor: str, at: datetime, reason: str | None
) -> None:
    con.execute(
        "UPDATE intake.certificate SET ended = ?, ended_at = ?, ended_by = ?, end_reason = ? "
        "WHERE submission_id = ? AND ended IS NULL",
        [how, at, actor, reason, name],
    ).fetchall()


def take_back(
    con: duckdb.DuckDBPyConnection,
    certified: Sequence[Mapping[str, str]],
    *,
    actor: str,
    at: datetime,
    reason: str,
) -> None:
    """Make certified files trials again; one beside which a newer trial stands is superseded by it.

    Args:
        certified: ``submission_id`` and ``layout`` of each file.
    """
    for file in certified:
        name = file["submission_id"]
        _end_certificate(con, name, "decertified", actor, at, reason)
        if _beside(con, name, "trial"):
            _leave_collection(con, name, file["layout"])
        else:
            con.execute(
                "UPDATE intake.submission SET status = 'trial', certified_at = NULL, certified_by = NULL "
                "WHERE submission_id = ?",
                [name],
            ).fetchall()
