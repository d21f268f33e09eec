"""What stands against certification: errors, open near matches (a record without ID), lines that could not be read."""

from collections.abc import Collection as Names
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from outputs.next_steps import counted
from outputs.violation_rows import STANDING
from schemas.clock import rfc3339
from schemas.dictionary import ID_BATCH, Collection, Dictionary
from schemas.directory import Directory
from schemas.errors import MosisError, UnknownName

_NAMED_RULES = 3
# Findings that compare a district with others never block its certification (design 6).
_OPEN = "status = 'open'"
BLOCKING = f"severity = 'E' AND scope <> 'state' AND status IN {STANDING}"


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial that may be certified."""

    submission_id: str
    district_code: str
    school_code: str | None
    layout: str
    sha256: str
    refused_count: int


def trials_to_certify(
    con: duckdb.DuckDBPyConnection,
    district_code: str,
    collection_version: str,
    *,
    dictionary: Dictionary,
    directory: Directory,
    submission_id: str | None = None,
) -> list[Trial]:
    """The trials of a district and collection, nothing standing against any; those of all its buildings.

    Args:
        submission_id: only this one, where a building signed for itself.

    Raises:
        UnknownName: no such district or collection.
        MosisError: nothing was received, or something stands against certification.
    """
    collection = known_collection(district_code, collection_version, dictionary, directory)
    found = find_trials(con, district_code, collection_version)
    trials = [trial for trial in found if submission_id in (None, trial.submission_id)]
    if not trials:
        raise MosisError(_nothing_to_certify(con, district_code, collection))
    if against := what_stands_against(con, trials):
        where = " ".join(f"outbox/{district_code}/{trial.submission_id}/violations.html" for trial in trials)
        raise MosisError(
            f"{district_code} {collection_version} cannot be certified: {against} "
            f"The district corrects and sends the whole file again; its report: {where}"
        )
    return trials


def find_certifiable(con: duckdb.DuckDBPyConnection, collection_version: str | None = None) -> list[tuple[str, str]]:
    """District and collection of every trial that nothing stands against, in order."""
    found = con.execute(
        f"""
        SELECT district_code, collection_version
        FROM intake.submission AS trial
        WHERE status = 'trial' AND collection_version <> ? AND (? IS NULL OR collection_version = ?)
        GROUP BY ALL
        HAVING sum(coalesce(refused_count, 0)) = 0
           AND count(*) FILTER (submission_id IN (SELECT submission_id FROM quality.violation WHERE {BLOCKING})) = 0
           AND count(*) FILTER (submission_id IN (SELECT submission_id FROM identity.near_match WHERE {_OPEN})) = 0
        ORDER BY ALL
        """,
        [ID_BATCH, collection_version, collection_version],
    ).fetchall()
    return [(district, version) for district, version in found]


def find_clear_trials(con: duckdb.DuckDBPyConnection, names: Names[str]) -> set[str]:
    """Of some submissions those that are trials and that nothing stands against."""
    found = con.execute(
        f"""
        SELECT submission_id FROM intake.submission
        WHERE list_contains(?, submission_id) AND status = 'trial' AND coalesce(refused_count, 0) = 0
          AND collection_version <> ?
          AND submission_id NOT IN (SELECT submission_id FROM quality.violation WHERE {BLOCKING})
          AND submission_id NOT IN (SELECT submission_id FROM identity.near_match WHERE {_OPEN})
        """,
        [sorted(names), ID_BATCH],
    ).fetchall()
    return {name for (name,) in found}


def known_collection(
    district_code: str, collection_version: str, dictionary: Dictionary, directory: Directory
) -> Collection:
    """The collection; district and collection exist, and it is one that is certified.

    Raises:
        UnknownName: one of them is not.
    """
    if not directory.has_district(district_code):
        raise UnknownName(f"The directory has no district {district_code}. See districts.csv.")
    collection = dictionary.collection(collection_version)
    if collection.layout == ID_BATCH:
        raise UnknownName("ID batches are answered, not certified. Name a collection by its CollectionVersion literal.")
    return collection


def find_trials(con: duckdb.DuckDBPyConnection, district_code: str, collection_version: str) -> list[Trial]:
    found = con.execute(
        "SELECT submission_id, district_code, school_code, layout, sha256, coalesce(refused_count, 0) "
        "FROM intake.submission WHERE status = 'trial' AND district_code = ? AND collection_version = ? "
        "ORDER BY submission_id",
        [district_code, collection_version],
    ).fetchall()
    return [Trial(*row) for row in found]


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


def what_stands_against(con: duckdb.DuckDBPyConnection, trials: Sequence[Trial]) -> str:
    """Sentences that count errors, name the rules behind most of them, open near matches and unreadable lines."""
    names = [trial.submission_id for trial in trials]
    rules = con.execute(
        "SELECT rule_id, count(*) AS errors FROM quality.violation "
        f"WHERE list_contains(?, submission_id) AND {BLOCKING} GROUP BY rule_id ORDER BY errors DESC, rule_id",
        [names],
    ).fetchall()
    questions = con.execute(
        "SELECT count(DISTINCT near_match_id) FROM identity.near_match "
        f"WHERE {_OPEN} AND list_contains(?, submission_id)",
        [names],
    ).fetchall()[0][0]
    refused = sum(trial.refused_count for trial in trials)
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
