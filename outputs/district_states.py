"""Where each district stands in each collection: what was received, what stands against it, how much time is left."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import polars as pl

from outputs.cycles import Cycles, load_cycles
from outputs.violation_rows import STANDING
from schemas.clock import missouri_day
from schemas.dictionary import ID_BATCH, Collection, Dictionary
from schemas.directory import Directory

# Where a district can stand, the most urgent first, in words that also follow a number ("9 missing").
STATES = {
    "missing": "missing",
    "refused": "file refused",
    "waiting": "unconfirmed",
    "errors": "with errors",
    "near_matches": "near matches",
    "recertify": "to re-certify",
    "ready": "ready to certify",
    "answered": "answered",
    "certified": "certified",
    "not_due": "not due yet",
}
NEEDS_ATTENTION = ("missing", "refused", "waiting", "errors", "near_matches", "recertify", "ready")
# This many days before the deadline a district without a file is no longer merely not due.
MISSING_DAYS = 14
STATUS_SCHEMA: dict[str, pl.DataType] = {
    "collection_version": pl.String(),
    "collection_title": pl.String(),
    "district_code": pl.String(),
    "district_name": pl.String(),
    "state": pl.String(),
    "received_count": pl.Int64(),
    "last_received_at": pl.Datetime("us", "UTC"),
    "trial_records": pl.Int64(),
    "errors": pl.Int64(),
    "warnings": pl.Int64(),
    "near_matches": pl.Int64(),
    "certified_records": pl.Int64(),
    "certified_at": pl.Datetime("us", "UTC"),
    "is_missing": pl.Boolean(),
    "is_late": pl.Boolean(),
    "due_date": pl.Date(),
    "days_left": pl.Int64(),
    "is_closed": pl.Boolean(),
    "is_pilot": pl.Boolean(),
}
# One row more a building that sends its own file.
BUILDING_SCHEMA = {**STATUS_SCHEMA, "school_code": pl.String(), "school_name": pl.String()}


def status_rows(
    con: duckdb.DuckDBPyConnection,
    dictionary: Dictionary,
    directory: Directory,
    now: datetime,
    collection: str | None = None,
    days_after: int = 0,
) -> pl.DataFrame:
    """One row a district and collection: columns of STATUS_SCHEMA.

    Without a named collection: those that have received a file or whose window is open. A district that sent no ID
    batch has no row for it; in every other collection each open district of the directory has one.

    Args:
        days_after: how long after its due date a collection of which nothing was received is still looked at.

    Raises:
        UnknownName: no such collection.
    """
    received, cycles = _received(con), load_cycles(con)
    chosen = (
        [dictionary.collection(collection)]
        if collection
        else _current(dictionary, set(received), missouri_day(now), cycles, days_after)
    )
    rows = [
        row for each in chosen for row in _collection_rows(each, received.get(each.version, {}), cycles, directory, now)
    ]
    return pl.DataFrame(rows, schema=STATUS_SCHEMA)


def building_rows(
    con: duckdb.DuckDBPyConnection,
    dictionary: Dictionary,
    directory: Directory,
    now: datetime,
    collection: str | None = None,
) -> pl.DataFrame:
    """One row a building of each district that sends by building (BUILDING_SCHEMA): those that sent, and the open schools
    that did not.

    Raises:
        UnknownName: no such collection.
    """
    received, cycles = _received(con, by_building=True), load_cycles(con)
    versions = [dictionary.collection(collection).version] if collection else sorted(received)
    rows: list[dict[str, Any]] = []
    for version in versions:
        figures = received.get(version, {})
        each = dictionary.collection(version)
        for district in sorted({place.split()[0] for place in figures}):
            known = directory.schools.filter(pl.col("district_code") == district, _is_open(each.school_year))
            schools = {place.split()[1] for place in figures if place.startswith(district)} | set(known["school_code"])
            for school in sorted(schools):
                row = _row(each, district, figures.get(f"{district} {school}", {}), cycles, directory, now)
                rows.append({**row, "school_code": school, "school_name": directory.school_name(district, school)})
    return pl.DataFrame(rows, schema=BUILDING_SCHEMA)


def _current(
    dictionary: Dictionary, received: set[str], today: date, cycles: Cycles, days_after: int
) -> list[Collection]:
    def is_open(each: Collection) -> bool:
        due = cycles.last_due_date(each)
        return bool(each.window_opens and due and each.window_opens <= today <= due + timedelta(days=days_after))

    everything = (*dictionary.collections, dictionary.id_batch)
    chosen = [each for each in everything if each.version in received or is_open(each)]
    return sorted(chosen, key=lambda each: (each.due_date or date.max, each.version))


def _received(con: duckdb.DuckDBPyConnection, *, by_building: bool = False) -> dict[str, dict[str, dict[str, Any]]]:
    """Figures by collection and district; violations and near matches are those of the files that stand.

    Args:
        by_building: only files that buildings sent, by ``<district> <school>``.
    """
    place = "district_code || ' ' || school_code" if by_building else "district_code"
    known = "school_code IS NOT NULL" if by_building else "true"
    relation = con.sql(
        f"""
        WITH violations AS (
            SELECT submission_id, count(*) FILTER (severity = 'E') AS errors,
                   count(*) FILTER (severity = 'W') AS warnings
            FROM quality.violation WHERE status IN {STANDING} AND scope <> 'state' GROUP BY submission_id
        ), questions AS (
            SELECT submission_id, count(DISTINCT near_match_id) AS near_matches
            FROM identity.near_match WHERE status = 'open' GROUP BY submission_id
        ), files AS (
            SELECT *, status IN ('trial', 'answered') AS stands, status = 'trial' AS is_trial,
                   status = 'certified' AS is_certified
            FROM intake.submission LEFT JOIN violations USING (submission_id) LEFT JOIN questions USING (submission_id)
            WHERE collection_version IS NOT NULL AND {known}
              -- What a pilot that ended has left is nobody's standing.
              AND NOT (coalesce(is_pilot, false) AND status = 'superseded')
        )
        SELECT collection_version, {place} AS place,
               count(*) FILTER (status <> 'duplicate') AS received_count,
               max(received_at) AS last_received_at,
               bool_or(is_trial) AS has_trial, bool_or(is_certified) AS has_certified,
               bool_or(stands) AS has_standing, bool_or(status = 'waiting') AS has_waiting,
               sum(accepted_count) FILTER (stands) AS trial_records,
               coalesce(sum(errors) FILTER (stands), 0) AS errors,
               coalesce(sum(warnings) FILTER (stands), 0) AS warnings,
               coalesce(sum(near_matches) FILTER (stands), 0) AS near_matches,
               coalesce(sum(refused_count) FILTER (is_trial), 0) AS refused,
               sum(accepted_count) FILTER (is_certified) AS certified_records,
               max(certified_at) FILTER (is_certified) AS certified_at,
               bool_or(is_late) FILTER (is_trial OR is_certified) AS is_late
        FROM files GROUP BY ALL ORDER BY ALL
        """
    ).pl()
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in relation.iter_rows(named=True):
        found.setdefault(row.pop("collection_version"), {})[row.pop("place")] = row
    return found


def _collection_rows(
    collection: Collection,
    received: dict[str, dict[str, Any]],
    cycles: Cycles,
    directory: Directory,
    now: datetime,
) -> Iterable[dict[str, Any]]:
    expected = set() if collection.layout == ID_BATCH else _open_districts(directory, collection.school_year)
    for district_code in sorted(expected | set(received)):
        yield _row(collection, district_code, received.get(district_code, {}), cycles, directory, now)


def _row(
    collection: Collection,
    district_code: str,
    figures: dict[str, Any],
    cycles: Cycles,
    directory: Directory,
    now: datetime,
) -> dict[str, Any]:
    due = cycles.due_date(collection, district_code)
    days_left = (due - missouri_day(now)).days if due else None
    state = _state(figures, days_left)
    return {
        "collection_version": collection.version,
        "collection_title": collection.title,
        "district_code": district_code,
        "district_name": directory.district_name(district_code),
        "state": state,
        **{name: figures.get(name) for name in _FIGURES},
        "received_count": figures.get("received_count", 0),
        "is_missing": state == "missing",
        "is_late": bool(figures.get("is_late")),
        "due_date": due,
        "days_left": days_left,
        "is_closed": cycles.closing(collection.version, district_code) is not None,
        "is_pilot": cycles.is_pilot(collection.version),
    }


_FIGURES = (
    "last_received_at", "trial_records", "errors", "warnings", "near_matches", "certified_records", "certified_at",
)  # fmt: skip


def _open_districts(directory: Directory, school_year: int) -> set[str]:
    return set(directory.districts.filter(_is_open(school_year))["district_code"])


def _is_open(school_year: int) -> pl.Expr:
    year = pl.lit(school_year)
    return (pl.col("opened_year").fill_null(0) <= year) & (pl.col("closed_year").fill_null(9999) >= year)


def _state(figures: dict[str, Any], days_left: int | None) -> str:
    if not figures:
        return "not_due" if days_left is None or days_left > MISSING_DAYS else "missing"
    if figures["has_waiting"]:
        return "waiting"
    if not figures["has_standing"]:
        return "certified" if figures["has_certified"] else "refused"
    # A near match is an error too (a record without ID); with nothing else wrong, the answer is what is missing.
    if figures["errors"] > figures["near_matches"] or figures["refused"]:
        return "errors"
    if figures["near_matches"]:
        return "near_matches"
    if not figures["has_trial"]:
        return "answered"
    return "recertify" if figures["has_certified"] else "ready"
