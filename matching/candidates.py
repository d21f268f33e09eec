"""The people a request could be: blocked, scored, and seen with their enrolment.

Only registry rows that share a key with an open request are looked at, so the cost follows the run and not the registry.
"""

import math
from collections.abc import Callable

import duckdb
import polars as pl

from matching.blocking import (
    PAIR_TABLE,
    REGISTRY,
    block_with_linked,
    block_with_registry,
    block_within_run,
    make_pair_table,
)
from matching.circumstances import enrolment
from matching.decisions import weigh_people
from matching.exact import SUPPLIED_TABLE
from matching.mistyped_ids import SLIP_TABLE
from matching.model import LEAST_POPULATION
from matching.requests import REQUEST_TABLE
from matching.run_state import RunState
from matching.scoring import score_pairs
from matching.supplied_ids import FORWARD_TABLE, person_of

_PERSON = person_of("r", "f")
_FROM_REGISTRY = f"FROM {REGISTRY} r LEFT JOIN {FORWARD_TABLE} f ON f.state_id = r.state_id"
# person, row: registry rows found so far; to look for a number is the dearest scan of a small run.
_PERSON_ROWS = "mosis_person_row"
_DISPLAYED = (
    "last_name", "first_name", "middle_name", "suffix", "birth_date", "gender", "grade", "district_code",
    "local_student_id", "race_ethnicity", "guardian_last_name", "guardian_first_name", "ssn_hash",
)  # fmt: skip


# Where pairs are made and weighed: in this process, or on a cluster (matching/spark_pairs.py); the result is the same.
PairScorer = Callable[[RunState], pl.DataFrame]


def score_open_requests(run: RunState) -> pl.DataFrame:
    """Scored pairs of every open request with the registry and with the other open requests of the run."""
    open_count = run.open_ids().height
    make_pair_table(run.cursor)
    block_with_registry(run.cursor, open_count)
    block_within_run(run.cursor, open_count)
    add_supplied_pairs(run.cursor)
    block_with_linked(run.cursor, linked_requests(run), open_count)
    return score_pairs(run.cursor, run.model, least_evidence(run, open_count))


def linked_requests(run: RunState) -> pl.DataFrame:
    """request_id of the records of the run that are linked to a known child already."""
    return run.settled.filter(pl.col("person").is_not_null()).select("request_id")


def add_supplied_pairs(cursor: duckdb.DuckDBPyConnection) -> None:
    """Adds to PAIR_TABLE each open request with the rows of the person whose ID was sent, or whose ID is a slip away."""
    cursor.execute(_SUPPLIED_PAIRS).fetchall()


def least_evidence(run: RunState, open_count: int) -> float:
    """Bits of evidence below which a pair can decide nothing, neither with the registry nor within the run."""
    limits = run.model.thresholds
    least_known = limits.lower - limits.gone - prior_weight(run)
    least_new = limits.new_lower - math.log2(limits.same_run_odds / max(open_count, LEAST_POPULATION))
    return min(least_known, least_new)


def prior_weight(run: RunState) -> float:
    """Bits of the odds, before looking at the data, that a request is for one certain person of the registry."""
    return math.log2(run.model.thresholds.known_odds / run.population())


def find_people(run: RunState, pairs: pl.DataFrame, ruled_out: pl.DataFrame) -> pl.DataFrame:
    """The people each open request could be, weighed; without those whom somebody ruled out (request_id, person)."""
    known = pairs.filter(pl.col("other") >= 0).join(_persons_of_rows(run.cursor, pairs), on="other")
    known = known.join(ruled_out, on=["request_id", "person"], how="anti")
    places = person_places(run.cursor, known["person"].unique())
    asked = run.requests.select("request_id", "district_code", "local_student_id", "school_year")
    candidates = known.select("request_id", "person").unique().join(asked, on="request_id")
    circumstances = enrolment(run.cursor, candidates, places)
    return weigh_people(known.join(circumstances, on=["request_id", "person"]), run.model.thresholds, prior_weight(run))


def person_places(cursor: duckdb.DuckDBPyConnection, persons: pl.Series) -> pl.DataFrame:
    """Where each person was: person, place_district, place_local_id, first_school_year, last_school_year."""
    return _of_persons(
        cursor,
        persons,
        "r.district_code AS place_district, r.local_student_id AS place_local_id, r.first_school_year, r.last_school_year",
    )


def displayed_people(cursor: duckdb.DuckDBPyConnection, persons: pl.Series) -> pl.DataFrame:
    """The newest data of each person as ``known_<name>``, to show beside a request."""
    columns = ", ".join(f"r.{name} AS known_{name}" for name in _DISPLAYED)
    newest = _of_persons(cursor, persons, f"{columns}, r.last_school_year, r.last_seen_at, r.version_hash")
    return (
        newest.sort(["last_school_year", "last_seen_at", "version_hash"], descending=True)
        .unique("person", keep="first", maintain_order=True)
        .drop("last_school_year", "last_seen_at", "version_hash")
    )


def _of_persons(cursor: duckdb.DuckDBPyConnection, persons: pl.Series, columns: str) -> pl.DataFrame:
    cursor.register("wanted_persons", pl.DataFrame({"person": persons.cast(pl.String)}))
    _find_rows_of_wanted(cursor)
    # By row number, so that of the wide columns only the blocks that hold a wanted row are read.
    rows = cursor.sql(
        f"""
        WITH wanted AS (SELECT w.row, w.person FROM {_PERSON_ROWS} w SEMI JOIN wanted_persons USING (person))
        SELECT w.person, {columns}
        FROM {REGISTRY} r JOIN wanted w ON w.row = r.rowid
        WHERE r.rowid IN (SELECT row FROM wanted)
        """
    ).pl()
    cursor.unregister("wanted_persons")
    return rows


def _find_rows_of_wanted(cursor: duckdb.DuckDBPyConnection) -> None:
    """Adds to _PERSON_ROWS every registry row of the wanted persons who are not in it; for each number a person has."""
    cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {_PERSON_ROWS} (person VARCHAR, row BIGINT)").fetchall()
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE mosis_person_to_find AS FROM wanted_persons ANTI JOIN {_PERSON_ROWS} USING (person)"
    ).fetchall()
    ((missing,),) = cursor.execute("SELECT count(*) FROM mosis_person_to_find").fetchall()
    if not missing:
        return
    cursor.execute(
        f"""
        INSERT INTO {_PERSON_ROWS}
        WITH held AS (
            SELECT person AS state_id FROM mosis_person_to_find
            UNION
            SELECT f.state_id FROM {FORWARD_TABLE} f SEMI JOIN mosis_person_to_find w ON w.person = f.person
        )
        SELECT {_PERSON}, r.rowid
        FROM {REGISTRY} r SEMI JOIN held ON held.state_id = r.state_id
        LEFT JOIN {FORWARD_TABLE} f ON f.state_id = r.state_id
        """
    ).fetchall()


def _persons_of_rows(cursor: duckdb.DuckDBPyConnection, pairs: pl.DataFrame) -> pl.DataFrame:
    """other (registry row), person and version_hash; rows of withdrawn IDs are nobody's."""
    cursor.register("wanted_rows", pairs.select("other").unique())
    rows = cursor.sql(
        f"SELECT r.rowid AS other, {_PERSON} AS person, r.version_hash {_FROM_REGISTRY} "
        f"WHERE r.rowid IN (SELECT other FROM wanted_rows) AND {_PERSON} IS NOT NULL"
    ).pl()
    cursor.unregister("wanted_rows")
    return rows


_SUPPLIED_PAIRS = f"""
    INSERT INTO {PAIR_TABLE}
    SELECT q.request_id, r.rowid
    FROM {REQUEST_TABLE} q
    JOIN (
        SELECT request_id, supplied_person AS person FROM {SUPPLIED_TABLE} WHERE supplied_person IS NOT NULL
        UNION ALL FROM {SLIP_TABLE}
    ) s ON s.request_id = q.request_id
    JOIN ({REGISTRY} r LEFT JOIN {FORWARD_TABLE} f ON f.state_id = r.state_id) ON {_PERSON} = s.person
    WHERE q.is_open
"""
