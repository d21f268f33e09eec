"""The requests of one run while they are decided: which are still open, and what the others came to."""

import duckdb
import polars as pl

from matching.exact import SUPPLIED_TABLE
from matching.mistyped_ids import SLIP_TABLE, find_slips
from matching.model import LEAST_POPULATION, Model
from matching.reasons import ERROR
from matching.requests import REQUEST_TABLE
from matching.supplied_ids import HELD, RETIRED, look_up_supplied, make_forward_table

SETTLED_SCHEMA = pl.Schema({
    "request_id": pl.Int64(), "outcome": pl.String(), "reason": pl.String(), "person": pl.String(),
    "person_number": pl.Int64(), "step": pl.String(), "match_weight": pl.Float64(), "margin": pl.Float64(),
})  # fmt: skip
SUPPLIED_SCHEMA = pl.Schema({
    "request_id": pl.Int64(), "supplied_status": pl.String(), "supplied_person": pl.String(),
})  # fmt: skip

# What the rules below read of a request in SQL; the rest stays in the frame.
_TABLE_COLUMNS = (
    "request_id", "sha256", "line_number", "district_code", "layout", "school_year", "submitted_state_id",
    "last_name_key", "first_name_key", "middle_name_key", "suffix_key", "last_name_sound", "first_name_sound",
    "surname_tokens", "guardian_key", "birth_date", "gender", "race_ethnicity", "local_student_id", "ssn_hash", "ssn_near",
)  # fmt: skip


class RunState:
    """Tables in memory and the decisions so far. Every step looks at open requests only and settles what it can."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, model: Model, requests: pl.DataFrame) -> None:
        self.cursor, self.model, self.requests = cursor, model, requests
        self.settled = pl.DataFrame(schema=SETTLED_SCHEMA)
        self.supplied = pl.DataFrame(schema=SUPPLIED_SCHEMA)
        self.make_table(REQUEST_TABLE, requests.select(*_TABLE_COLUMNS, is_open=True))
        make_forward_table(cursor)

    def make_table(self, name: str, frame: pl.DataFrame) -> None:
        self.cursor.register("incoming_frame", frame)
        self.cursor.execute(f"CREATE OR REPLACE TABLE {name} AS FROM incoming_frame").fetchall()
        self.cursor.unregister("incoming_frame")

    def settle(self, decisions: pl.DataFrame) -> None:
        """Take decisions in; their requests are closed to every later step. Columns that are not given are null."""
        complete = decisions.select(
            pl.col(name).cast(kind) if name in decisions.columns else pl.lit(None, kind).alias(name)
            for name, kind in SETTLED_SCHEMA.items()
        )
        if complete.is_empty():
            return
        self.settled = pl.concat([self.settled, complete])
        self.cursor.register("settled_requests", complete.select("request_id"))
        self.cursor.execute(
            f"UPDATE {REQUEST_TABLE} SET is_open = false WHERE request_id IN (SELECT request_id FROM settled_requests)"
        ).fetchall()
        self.cursor.unregister("settled_requests")

    def settle_as(self, requests: pl.DataFrame, outcome: str, reason: str | pl.Expr, step: str | None = None) -> None:
        """Settle these request_ids with one outcome."""
        code = pl.lit(reason) if isinstance(reason, str) else reason
        self.settle(requests.select("request_id", outcome=pl.lit(outcome), reason=code, step=pl.lit(step, pl.String)))

    def look_up_supplied(self, ruled_out: pl.DataFrame) -> None:
        """Whose the IDs are that were sent; withdrawn ones and ones whose owner is not clear are refused here.

        An ID of a person whom somebody ruled out (request_id, person) was sent by mistake: it counts as not sent.
        """
        told = ruled_out.select("request_id", supplied_person="person")
        self.supplied = (
            look_up_supplied(self.cursor)
            .cast(SUPPLIED_SCHEMA)
            .join(told, on=["request_id", "supplied_person"], how="anti")
        )
        self.make_table(SUPPLIED_TABLE, self.supplied)
        self.make_table(SLIP_TABLE, find_slips(self.cursor, self.requests, self.supplied))
        for status, reason in ((RETIRED, "SUPPLIED_ID_RETIRED"), (HELD, "ID_HELD")):
            refused = self.supplied.filter(pl.col("supplied_status") == status).join(self.open_ids(), on="request_id")
            self.settle_as(refused, ERROR, reason, "supplied_id")

    def open_ids(self) -> pl.DataFrame:
        """request_id of what is not settled."""
        return self.requests.select("request_id").join(self.settled, on="request_id", how="anti")

    def open_requests(self) -> pl.DataFrame:
        """request_id, supplied_status and supplied_person of what is not settled."""
        return self.open_ids().join(self.supplied, on="request_id", how="left")

    def population(self) -> int:
        """Children in the registry: the crowd in which a person has to stand out."""
        ((count,),) = self.cursor.execute(
            "SELECT count(*) FROM state.identity.student WHERE status = 'active'"
        ).fetchall()
        return max(int(count), LEAST_POPULATION)
