"""A person's word about one side of a finding holds for both: whoever was called, accepted it or opened it again.

Called by the desk inside the transaction of the decision, after it changed the rows that were named.
"""

from collections.abc import Sequence
from datetime import datetime

import duckdb
import polars as pl

from outputs.state_level.settling import tell_districts
from outputs.state_level.views import ANSWER_DAYS
from schemas.business_days import add_business_days
from schemas.clock import missouri_day

# Sides of a records request: the district that asks, and the one whose days run from the day it was asked.
RECEIVES, SENDS = "receives", "sends"


def share_with_other_side(
    con: duckdb.DuckDBPyConnection, rows: Sequence[int], at: datetime
) -> list[tuple[int, str]]:  # fmt: skip
    """Give the other rows of these findings the same state, and note that both districts have to be told.

    A records request that was made gives the earlier district its five business days from that day on (section 167.020).

    Args:
        rows: rowids of quality.violation that a decision just changed; those of other scopes are passed over.

    Returns:
        rowid and submission_id of the rows changed here.
    """
    decided = pl.DataFrame({"row": list(rows)}, schema={"row": pl.Int64})  # noqa: F841 (query)
    said = con.sql(
        """
        SELECT finding_id, any_value(status) AS status, any_value(waived_until) AS waived_until,
               any_value(decision_number) AS decision_number
        FROM quality.violation
        WHERE scope = 'state' AND finding_id IS NOT NULL AND rowid IN (SELECT row FROM decided)
        GROUP BY finding_id
        """
    ).pl()
    if said.is_empty():
        return []
    shared = con.execute(
        """
        SELECT other.rowid, other.submission_id
        FROM quality.violation AS other JOIN said USING (finding_id)
        WHERE other.scope = 'state' AND other.status NOT IN ('fixed', said.status)
          AND other.rowid NOT IN (SELECT row FROM decided)
        ORDER BY 1
        """
    ).fetchall()
    others = pl.DataFrame({"row": [row for row, _ in shared]}, schema={"row": pl.Int64})  # noqa: F841 (query)
    con.execute(
        """
        UPDATE quality.violation AS other
        SET status = said.status, waived_until = said.waived_until, decision_number = said.decision_number,
            changed_by = 'decision'
        FROM said WHERE other.finding_id = said.finding_id AND other.rowid IN (SELECT row FROM others)
        """
    ).fetchall()
    changed = pl.DataFrame({"row": [*rows, *(row for row, _ in shared)]}, schema={"row": pl.Int64})  # noqa: F841
    asked = "status = 'contacted' AND scope = 'state' AND rowid IN (SELECT row FROM changed)"
    con.execute(
        f"""
        UPDATE quality.violation SET due_date = ?
        WHERE side = '{SENDS}' AND {asked} AND finding_id IN (
            SELECT finding_id FROM quality.violation WHERE side = '{RECEIVES}' AND {asked}
        )
        """,
        [add_business_days(missouri_day(at), ANSWER_DAYS)],
    ).fetchall()
    told = con.sql(
        "SELECT district_code, finding_id, rule_id, status AS change FROM quality.violation "
        "WHERE scope = 'state' AND finding_id IS NOT NULL AND rowid IN (SELECT row FROM changed)"
    ).pl()
    tell_districts(con, told, at)
    return [(row, name) for row, name in shared]
