"""What is settled without a model: records whose data are those of one known child, letter by letter.

In the order of evidence (design 5.2): the ID that was sent, the district's own number, one unique exact match that another,
independent field supports. Nineteen of twenty records of a running state end here, and each can be explained in a line.
"""

import duckdb
import polars as pl

from matching.blocking import REGISTRY
from matching.requests import REQUEST_TABLE
from matching.supplied_ids import FORWARD_TABLE, person_of

SUPPLIED_TABLE = "mosis_supplied"

SAME_NAME_TABLE, SAME_CHILD_TABLE = "mosis_same_name", "mosis_same_child"

_PERSON = person_of("r", "f")
# Registry rows with the last name, first name and birth date of a request: found by these alone, then read by row number.
# Wide columns cost a small run most of its time, so an SSN that differs is left to the model, which knows a slip from
# another number.
_COMPARED = (
    "district_code", "local_student_id", "gender", "middle_name_key", "suffix_key", "guardian_key", "ssn_hash",
    "first_school_year", "last_school_year",
)  # fmt: skip
_FIND_SAME_CHILD = f"""
    CREATE OR REPLACE TABLE {SAME_NAME_TABLE} AS
    SELECT q.request_id, r.rowid AS row
    FROM {REQUEST_TABLE} q
    JOIN {REGISTRY} r ON r.last_name_key = q.last_name_key AND r.first_name_key = q.first_name_key
                     AND r.birth_date = q.birth_date
    WHERE q.is_open
"""
_READ_SAME_CHILD = f"""
    CREATE OR REPLACE TABLE {SAME_CHILD_TABLE} AS
    SELECT s.request_id, {_PERSON} AS person, {", ".join(f"r.{name}" for name in _COMPARED)}
    FROM {SAME_NAME_TABLE} s JOIN {REGISTRY} r ON r.rowid = s.row
    LEFT JOIN {FORWARD_TABLE} f ON f.state_id = r.state_id
    WHERE {_PERSON} IS NOT NULL AND r.rowid IN (SELECT row FROM {SAME_NAME_TABLE})
"""


def settle_exact(cursor: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """request_id, person and step (supplied_id, local_id, exact) of each open request that one exact person settles.

    A request whose evidence points to two persons is left open: the ID that was sent to one, the local ID to another.
    """
    cursor.execute(_FIND_SAME_CHILD).fetchall()
    cursor.execute(_READ_SAME_CHILD).fetchall()
    supplied = cursor.sql(_SUPPLIED).pl()
    local = cursor.sql(_LOCAL).pl()
    both = supplied.join(local, on="request_id", how="full", coalesce=True, suffix="_local")
    by_supplied = pl.col("person").is_not_null()
    # A known ID of somebody else is a question for a person, never overruled by the local ID.
    settled = both.filter(
        pl.when(by_supplied)
        .then(pl.col("person_local").is_null() | (pl.col("person_local") == pl.col("person")))
        .otherwise(~pl.col("names_known_id"))
    ).select(
        "request_id",
        person=pl.coalesce("person", "person_local"),
        step=pl.when(by_supplied).then(pl.lit("supplied_id")).otherwise(pl.lit("local_id")),
    )
    exact = cursor.sql(_EXACT).pl().join(both, on="request_id", how="anti")
    return pl.concat([settled, exact.with_columns(step=pl.lit("exact"))]).sort("request_id")


_SUPPLIED = f"""
    SELECT DISTINCT request_id, r.person
    FROM {SAME_CHILD_TABLE} r JOIN {SUPPLIED_TABLE} s USING (request_id)
    WHERE s.supplied_person = r.person
"""

_LOCAL = f"""
    SELECT q.request_id, any_value(r.person) AS person, bool_or(s.supplied_person IS NOT NULL) AS names_known_id
    FROM {REQUEST_TABLE} q
    JOIN {SAME_CHILD_TABLE} r ON r.request_id = q.request_id
         AND r.district_code = q.district_code AND r.local_student_id = q.local_student_id
    LEFT JOIN {SUPPLIED_TABLE} s ON s.request_id = q.request_id
    GROUP BY q.request_id
    HAVING count(DISTINCT r.person) = 1
"""

# John William Johnson is not one child: with another guardian the model weighs how rare the names are and who is where.
_EXACT = f"""
    SELECT q.request_id, any_value(r.person) AS person
    FROM {REQUEST_TABLE} q
    JOIN {SAME_CHILD_TABLE} r ON r.request_id = q.request_id AND r.gender = q.gender
    LEFT JOIN {SUPPLIED_TABLE} s ON s.request_id = q.request_id
    WHERE s.supplied_person IS NULL
    GROUP BY q.request_id
    HAVING count(DISTINCT r.person) = 1
       AND bool_or(coalesce(
               (length(q.middle_name_key) > 1 AND r.middle_name_key = q.middle_name_key
                AND coalesce(r.guardian_key = q.guardian_key, true))
            OR (r.guardian_key = q.guardian_key AND NOT ends_with(q.guardian_key, '|'))
            OR r.ssn_hash = q.ssn_hash, false))
       AND NOT bool_or(coalesce(
               (left(r.middle_name_key, 1) <> left(q.middle_name_key, 1)
                OR (length(r.middle_name_key) > 1 AND length(q.middle_name_key) > 1
                    AND r.middle_name_key <> q.middle_name_key)), false)
            OR coalesce(r.suffix_key <> q.suffix_key, false)
            OR coalesce(r.ssn_hash <> q.ssn_hash, false)
            OR coalesce(r.district_code = q.district_code AND r.local_student_id <> q.local_student_id
                        AND q.school_year BETWEEN r.first_school_year AND r.last_school_year, false))
"""
