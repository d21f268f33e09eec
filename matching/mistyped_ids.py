"""State IDs that were never given, but lie one slip from a known child's: one wrong digit, or two neighbours swapped.

Such a number is no evidence for a link. It finds a child whom the other data leave in doubt, so that a person can decide,
and it tells the district what is wrong with the number.
"""

from typing import TYPE_CHECKING

import duckdb
import numpy as np
import polars as pl

from matching.reasons import NEAR_MATCH
from matching.slips import SLIPS, one_slip_away
from matching.student_ids import ID_LENGTH
from matching.supplied_ids import FORWARD_TABLE, UNKNOWN, person_of

if TYPE_CHECKING:
    from matching.run_state import RunState

SLIP_TABLE = "mosis_slip"
SLIP_SCHEMA = pl.Schema({"request_id": pl.Int64(), "person": pl.String()})
_TEN_DIGITS = r"^[0-9]{1,10}\z"


def find_slips(cursor: duckdb.DuckDBPyConnection, requests: pl.DataFrame, supplied: pl.DataFrame) -> pl.DataFrame:
    """request_id and person of each ID that was never given and of everybody whose number is a slip away."""
    unknown = supplied.filter(pl.col("supplied_status") == UNKNOWN)
    is_number = pl.col("submitted_state_id").str.contains(_TEN_DIGITS)
    sent = requests.select("request_id", "submitted_state_id").join(unknown, on="request_id").filter(is_number)
    if sent.is_empty():
        return SLIP_SCHEMA.to_frame()
    slips = pl.DataFrame(
        {
            "request_id": np.repeat(sent["request_id"].to_numpy(), SLIPS),
            "state_id": pl.Series(one_slip_away(sent["submitted_state_id"].cast(pl.Int64).to_numpy()).ravel())
            .cast(pl.String)
            .str.zfill(ID_LENGTH),
        }
    )
    return _people_of(cursor, slips)


def tell_mistyped(run: "RunState", people: pl.DataFrame) -> pl.DataFrame:
    """Gives what came of mistyped numbers its own reason; request_id and person of those to be shown for a question.

    Args:
        people: weighed people of each open request, with is_vetoed and agrees.
    """
    slips = run.cursor.sql(f"FROM {SLIP_TABLE}").pl().cast(SLIP_SCHEMA)
    agreeing = people.filter(~pl.col("is_vetoed"), "agrees").join(slips, on=["request_id", "person"], how="semi")
    found = run.settled.join(slips, on=["request_id", "person"], how="semi")["request_id"]
    is_found = pl.col("request_id").is_in(found.implode()) & (pl.col("reason") == "SUPPLIED_ID_UNKNOWN_REUSED")
    is_asked = pl.col("request_id").is_in(agreeing["request_id"].implode()) & pl.col("reason").is_in(
        ["SUPPLIED_ID_UNKNOWN", "SUPPLIED_ID_UNKNOWN_SEVERAL"]
    )
    run.settled = run.settled.with_columns(
        outcome=pl.when(is_asked).then(pl.lit(NEAR_MATCH)).otherwise("outcome"),
        reason=pl.when(is_asked)
        .then(pl.lit("SUPPLIED_ID_MISTYPED"))
        .when(is_found)
        .then(pl.lit("SUPPLIED_ID_MISTYPED_REUSED"))
        .otherwise("reason"),
    )
    return agreeing.select("request_id", "person")


def _people_of(cursor: duckdb.DuckDBPyConnection, slips: pl.DataFrame) -> pl.DataFrame:
    """request_id and person of the numbers that were given; a merged one stands for whom it forwards to."""
    cursor.register("numbers_a_slip_away", slips)
    people = cursor.sql(
        f"""
        SELECT DISTINCT n.request_id, {person_of("s", "f")} AS person
        FROM numbers_a_slip_away n JOIN state.identity.student s ON s.state_id = n.state_id
        LEFT JOIN {FORWARD_TABLE} f ON f.state_id = s.state_id
        WHERE {person_of("s", "f")} IS NOT NULL
        ORDER BY ALL
        """
    ).pl()
    cursor.unregister("numbers_a_slip_away")
    return people
