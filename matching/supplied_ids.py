"""The state ID that a district sent: whose it is now. Whether it fits the child is decided with all other evidence."""

import duckdb
import polars as pl

from matching.requests import REQUEST_TABLE

FORWARD_TABLE = "mosis_forward"
ACTIVE, MERGED, RETIRED, UNKNOWN = "active", "merged", "retired", "unknown"
# An imported number of which it is not clear whose it is: never given again, and nobody is linked to it.
HELD = "held"


def make_forward_table(cursor: duckdb.DuckDBPyConnection) -> None:
    """FORWARD_TABLE: state_id -> person, for every ID that is not active; person is null for one that was withdrawn.

    A merged ID forwards for ever, over as many steps as it was merged (design 5.1); to nobody when the last was withdrawn.
    """
    # The few that are not active first: a join with the whole registry would cost more than the rest of a small run.
    cursor.execute(
        f"""
        CREATE OR REPLACE TABLE mosis_moved AS
        SELECT state_id, status, merged_into FROM state.identity.student WHERE status <> '{ACTIVE}'
        """
    ).fetchall()
    cursor.execute(
        f"""
        CREATE OR REPLACE TABLE {FORWARD_TABLE} AS
        WITH RECURSIVE step(state_id, target) AS (
            SELECT state_id, merged_into FROM mosis_moved WHERE status = '{MERGED}'
            UNION
            SELECT step.state_id, next.merged_into
            FROM step JOIN mosis_moved next ON next.state_id = step.target AND next.status = '{MERGED}'
        )
        SELECT step.state_id, CASE WHEN last.status IS NULL THEN step.target END AS person
        FROM step LEFT JOIN mosis_moved last ON last.state_id = step.target
        WHERE last.status IS DISTINCT FROM '{MERGED}'
        UNION ALL
        SELECT state_id, NULL FROM mosis_moved WHERE status = '{RETIRED}'
        """
    ).fetchall()


def person_of(record: str, forward: str) -> str:
    """SQL for the person a registry row belongs to now; null when the ID was withdrawn."""
    return f"CASE WHEN {forward}.state_id IS NULL THEN {record}.state_id ELSE {forward}.person END"


def look_up_supplied(cursor: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """request_id, supplied_status and supplied_person (null unless active or merged) of each request that names an ID.

    Spreadsheets drop leading zeros, which IDs from before may have: the number is padded to ten digits.
    """
    return cursor.sql(
        f"""
        SELECT q.request_id,
               CASE WHEN s.state_id IS NULL THEN '{UNKNOWN}' ELSE s.status END AS supplied_status,
               CASE s.status WHEN '{ACTIVE}' THEN s.state_id WHEN '{MERGED}' THEN f.person END AS supplied_person
        FROM {REQUEST_TABLE} q
        LEFT JOIN state.identity.student s ON s.state_id = lpad(q.submitted_state_id, 10, '0')
             AND length(q.submitted_state_id) <= 10
        LEFT JOIN {FORWARD_TABLE} f ON f.state_id = s.state_id
        WHERE q.submitted_state_id IS NOT NULL
        """
    ).pl()
