"""Records that bring a state ID and no name: attendance and discipline layouts leave the name to the district.

Without a name nothing can be weighed, and a number alone proves nothing: a row that slipped carries another child's. Such
a record is confirmed when birth date, district and local ID are together those of the child whose number was sent; else it
is an error, never a question, since a question would answer a number with a name (docs/adr/0021-a-number-without-a-name.md).
"""

import polars as pl

from matching.blocking import REGISTRY
from matching.exact import SUPPLIED_TABLE
from matching.reasons import CONFIRMED, ERROR
from matching.requests import REQUEST_TABLE
from matching.run_state import RunState
from matching.supplied_ids import FORWARD_TABLE, MERGED, person_of

UNPROVEN = "SUPPLIED_ID_UNPROVEN"

# Whatever else was sent must not differ; a twin has the birth date, not the local ID.
_PERSON = person_of("r", "f")
_PROVEN = f"""
    SELECT q.request_id, any_value({_PERSON}) AS person
    FROM {REQUEST_TABLE} q
    JOIN {REGISTRY} r ON r.birth_date = q.birth_date AND r.district_code = q.district_code
                     AND r.local_student_id = q.local_student_id
    LEFT JOIN {FORWARD_TABLE} f ON f.state_id = r.state_id
    JOIN {SUPPLIED_TABLE} s ON s.request_id = q.request_id
    WHERE q.is_open AND (q.last_name_key IS NULL OR q.first_name_key IS NULL)
    GROUP BY q.request_id, s.supplied_person
    HAVING count(DISTINCT {_PERSON}) = 1 AND any_value({_PERSON}) = s.supplied_person
       AND bool_or(coalesce(r.gender = q.gender, true) AND coalesce(r.last_name_key = q.last_name_key, true)
                   AND coalesce(r.first_name_key = q.first_name_key, true))
"""


def names_only_a_number() -> pl.Expr:
    """Requests without a name that bring a state ID and a birth date."""
    return pl.col("is_nameless") & pl.col("submitted_state_id").is_not_null() & pl.col("birth_date").is_not_null()


def settle_nameless(run: RunState) -> None:
    """Confirms the open requests without a name whose number is proven; the others are errors."""
    nameless = run.requests.filter(names_only_a_number()).join(run.open_ids(), on="request_id")
    if nameless.is_empty():
        return
    status = run.supplied.select("request_id", "supplied_status")
    proven = run.cursor.sql(_PROVEN).pl().join(status, on="request_id")
    is_merged = pl.col("supplied_status") == MERGED
    run.settle(
        proven.select(
            "request_id",
            "person",
            outcome=pl.lit(CONFIRMED),
            reason=pl.when(is_merged).then(pl.lit("ID_MERGED")).otherwise(pl.lit("ID_CONFIRMED")),
            step=pl.lit("supplied_id"),
        )
    )
    # One reason for all: whether a number was ever given is not told to who names nobody.
    run.settle_as(nameless.select("request_id").join(run.open_ids(), on="request_id"), ERROR, UNPROVEN, "supplied_id")
