"""Certification: a trial without errors is frozen under a manifest of hashes; only certified data feed later steps.

Nothing here commits. A trial with errors, with open near matches (a record without ID) or with lines that could not be
read is refused, and the refusal says what stands against it and where the report is.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from outputs.next_steps import counted
from outputs.store import table_columns
from outputs.violation_rows import STANDING
from schemas.clock import rfc3339
from schemas.dictionary import ID_BATCH, Collection, Dictionary
from schemas.directory import Directory
from schemas.errors import MosisError, UnknownName

MANIFEST_VERSION = 1
_NAMED_RULES = 3
# Findings that compare a district with others never block its certification (design 6).
_OPEN = "status = 'open'"
_BLOCKING = f"severity = 'E' AND scope <> 'state' AND status IN {STANDING}"


@dataclass(frozen=True, slots=True)
class Certified:
    """What was frozen: one manifest a file; a district that reports by building has several."""

    district_code: str
    collection_version: str
    manifests: tuple[dict[str, Any], ...]

    @property
    def record_count(self) -> int:
        return sum(manifest["records"] for manifest in self.manifests)


@dataclass(frozen=True, slots=True)
class _Trial:
    submission_id: str
    layout: str
    school_code: str | None
    sha256: str
    refused_count: int | None


def certify(
    con: duckdb.DuckDBPyConnection,
    district_code: str,
    collection_version: str,
    *,
    dictionary: Dictionary,
    directory: Directory,
    actor: str,
    at: datetime,
) -> Certified:
    """Freeze the trial of a district and collection in the open transaction; an earlier certificate is superseded.

    Raises:
        UnknownName: no such district or collection.
        MosisError: nothing was received, or something stands against certification.
    """
    collection = _known_names(district_code, collection_version, dictionary, directory)
    trials = _trials(con, district_code, collection_version)
    if not trials:
        raise MosisError(_nothing_to_certify(con, district_code, collection))
    against = _what_stands_against(con, trials)
    if against:
        where = " ".join(f"outbox/{district_code}/{trial.submission_id}/violations.html" for trial in trials)
        raise MosisError(
            f"{district_code} {collection_version} cannot be certified: {against} "
            f"The district corrects and sends the whole file again; its report: {where}"
        )
    manifests = tuple(_freeze(con, trial, collection_version, actor, at) for trial in trials)
    return Certified(district_code, collection_version, manifests)


def find_certifiable(con: duckdb.DuckDBPyConnection, collection_version: str | None = None) -> list[tuple[str, str]]:
    """District and collection of every trial that nothing stands against, in order."""
    found = con.execute(
        f"""
        SELECT district_code, collection_version
        FROM intake.submission AS trial
        WHERE status = 'trial' AND collection_version <> ? AND (? IS NULL OR collection_version = ?)
        GROUP BY ALL
        HAVING sum(coalesce(refused_count, 0)) = 0
           AND count(*) FILTER (submission_id IN (SELECT submission_id FROM quality.violation WHERE {_BLOCKING})) = 0
           AND count(*) FILTER (submission_id IN (SELECT submission_id FROM identity.near_match WHERE {_OPEN})) = 0
        ORDER BY ALL
        """,
        [ID_BATCH, collection_version, collection_version],
    ).fetchall()
    return [(district, version) for district, version in found]


def _known_names(
    district_code: str, collection_version: str, dictionary: Dictionary, directory: Directory
) -> Collection:
    if not directory.has_district(district_code):
        raise UnknownName(f"The directory has no district {district_code}. See districts.csv.")
    collection = dictionary.collection(collection_version)
    if collection.layout == ID_BATCH:
        raise UnknownName("ID batches are answered, not certified. Name a collection by its CollectionVersion literal.")
    return collection


def _trials(con: duckdb.DuckDBPyConnection, district_code: str, collection_version: str) -> list[_Trial]:
    found = con.execute(
        "SELECT submission_id, layout, school_code, sha256, refused_count FROM intake.submission "
        "WHERE status = 'trial' AND district_code = ? AND collection_version = ? ORDER BY submission_id",
        [district_code, collection_version],
    ).fetchall()
    return [_Trial(*row) for row in found]


def _nothing_to_certify(con: duckdb.DuckDBPyConnection, district_code: str, collection: Collection) -> str:
    """Why there is no trial: certified already, only refused files, or nothing at all."""
    rows = con.execute(
        "SELECT status, max(certified_at), arg_max(submission_id, received_at) FROM intake.submission "
        "WHERE district_code = ? AND collection_version = ? GROUP BY status",
        [district_code, collection.version],
    ).fetchall()
    latest = {status: (certified_at, name) for status, certified_at, name in rows}
    where = f"{district_code} {collection.version}"
    if "certified" in latest:
        return f"{where} is certified already, since {rfc3339(latest['certified'][0])}, and no newer file was received."
    for status, advice in (
        ("waiting", "is waiting for confirmation: drop the file again, or mosis confirm"),
        ("rejected", "was rejected"),
    ):
        if status in latest:
            return f"{where} cannot be certified: its last file {latest[status][1]} {advice}."
    return f"{where} cannot be certified: nothing was received for {collection.title}."


def _what_stands_against(con: duckdb.DuckDBPyConnection, trials: Sequence[_Trial]) -> str:
    """Sentences that count errors, name the rules behind most of them, open near matches and unreadable lines."""
    names = [trial.submission_id for trial in trials]
    rules = con.execute(
        "SELECT rule_id, count(*) AS errors FROM quality.violation "
        f"WHERE list_contains(?, submission_id) AND {_BLOCKING} GROUP BY rule_id ORDER BY errors DESC, rule_id",
        [names],
    ).fetchall()
    questions = con.execute(
        "SELECT count(DISTINCT near_match_id) FROM identity.near_match "
        f"WHERE {_OPEN} AND list_contains(?, submission_id)",
        [names],
    ).fetchall()[0][0]
    refused = sum(trial.refused_count or 0 for trial in trials)
    parts = []
    if rules:
        named = ", ".join(f"{rule} {errors:,}" for rule, errors in rules[:_NAMED_RULES])
        more = f" and {counted(len(rules) - _NAMED_RULES, 'more rule')}" if len(rules) > _NAMED_RULES else ""
        parts.append(f"{counted(sum(errors for _, errors in rules), 'error')} ({named}{more}).")
    if questions:
        parts.append(
            f"{counted(questions, 'near match', 'near matches')} without a decision: these records have no ID."
        )
    if refused:
        parts.append(f"{counted(refused, 'line')} could not be read as a record.")
    return " ".join(parts)


def _freeze(
    con: duckdb.DuckDBPyConnection, trial: _Trial, collection_version: str, actor: str, at: datetime
) -> dict[str, Any]:
    """Certify one file: its manifest, its new status, and the end of the certificate it replaces."""
    manifest = _manifest(con, trial, collection_version, actor, at)
    _end_earlier_certificate(con, trial)
    con.execute(
        "UPDATE intake.submission SET status = 'certified', certified_at = ?, certified_by = ? WHERE submission_id = ?",
        [at, actor, trial.submission_id],
    ).fetchall()
    con.execute(
        "INSERT INTO intake.certificate BY NAME "
        'SELECT ? AS submission_id, ? AS district_code, ? AS collection_version, ? AS "at", ? AS actor, ? AS manifest',
        [
            trial.submission_id, manifest["district_code"], collection_version, at, actor,
            json.dumps(manifest, sort_keys=True),
        ],
    ).fetchall()  # fmt: skip
    return manifest


def _end_earlier_certificate(con: duckdb.DuckDBPyConnection, trial: _Trial) -> None:
    """The file that was certified before leaves the collection; its certificate stays as history."""
    earlier = con.execute(
        "SELECT other.submission_id FROM intake.submission AS this JOIN intake.submission AS other "
        "  ON other.district_code = this.district_code AND other.collection_version = this.collection_version "
        " AND other.school_code IS NOT DISTINCT FROM this.school_code "
        "WHERE this.submission_id = ? AND other.status = 'certified'",
        [trial.submission_id],
    ).fetchall()
    for (name,) in earlier:
        con.execute(f'DELETE FROM collection."{trial.layout}" WHERE submission_id = ?', [name]).fetchall()
        con.execute(
            "UPDATE quality.violation SET status = 'fixed' WHERE submission_id = ? AND status <> 'fixed'", [name]
        ).fetchall()
        con.execute("UPDATE intake.submission SET status = 'superseded' WHERE submission_id = ?", [name]).fetchall()


def _manifest(
    con: duckdb.DuckDBPyConnection, trial: _Trial, collection_version: str, actor: str, at: datetime
) -> dict[str, Any]:
    """Hashes of what was sent and of what was accepted, the versions that looked at it, and the counts."""
    columns = table_columns(con, "collection", trial.layout)
    district, dictionary_version, rule_book_version, lines, records, warnings = con.execute(
        "SELECT district_code, dictionary_version, rule_book_version, line_count, accepted_count, warning_count "
        "FROM intake.submission WHERE submission_id = ?",
        [trial.submission_id],
    ).fetchall()[0]
    count, rows_sha256 = hash_rows(con, trial.layout, trial.submission_id, columns)
    if count != records:
        raise MosisError(
            f"{trial.submission_id}: {count} records are stored where its receipt says {records}. Nothing was "
            "certified; keep the state home as it is and look at the journal."
        )
    return {
        "manifest_version": MANIFEST_VERSION,
        "submission_id": trial.submission_id,
        "district_code": district,
        "school_code": trial.school_code,
        "collection_version": collection_version,
        "certified_at": rfc3339(at),
        "certified_by": actor,
        "file_sha256": trial.sha256,
        "rows_sha256": rows_sha256,
        "columns": columns,
        "dictionary_version": dictionary_version,
        "rule_book_version": rule_book_version,
        "lines": lines,
        "records": count,
        "warnings": warnings,
    }


def hash_rows(
    con: duckdb.DuckDBPyConnection, layout: str, submission_id: str, columns: Sequence[str]
) -> tuple[int, str]:
    """Number and sha256 of the stored rows of a submission: one line each in order of line, as CSV (RFC 4180).

    Every value is quoted text, as SQL casts it, and null is nothing between two commas; anybody can make these bytes
    again with other tools. The columns are named by the manifest, so that a column added later leaves the hash as it is.
    """
    values = ", ".join(f'CAST("{column}" AS VARCHAR) AS "{column}"' for column in columns)
    rows = con.sql(
        f'SELECT {values} FROM collection."{layout}" AS stored WHERE stored.submission_id = ? ORDER BY stored.line_number',
        params=[submission_id],
    ).pl()
    lines = rows.write_csv(include_header=False, quote_style="non_numeric", line_terminator="\n")
    return rows.height, hashlib.sha256(lines.encode("utf-8")).hexdigest()
