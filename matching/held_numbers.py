"""Imported numbers of which it is not clear whose they are: whoever comes to one waits until a person has settled it.

Linking such a record could move a number from one child to another; giving a new number would make a second one for a
child who has one. So neither is done.
"""

import polars as pl

from matching.reasons import CONFIRMED, ERROR, NEAR_MATCH, REUSED
from matching.run_state import RunState
from matching.supplied_ids import HELD

ID_HELD = "ID_HELD"


def refuse_held(run: RunState, people: pl.DataFrame) -> pl.DataFrame:
    """Turns what came to a held number into an error; the people that are left as candidates.

    Args:
        people: as ``weigh_people`` gives them.
    """
    held = _held_numbers(run)
    if held.is_empty():
        return people
    is_held = pl.col("person").is_in(held.implode())
    ranked = people.filter(~pl.col("is_vetoed"), pl.col("match_weight") >= run.model.thresholds.lower).sort(
        ["request_id", "match_weight", "person"], descending=[False, True, False]
    )
    nearest = ranked.unique("request_id", keep="first", maintain_order=True).filter(is_held)["request_id"]
    outcome = pl.col("outcome")
    comes_to_held = (outcome.is_in([CONFIRMED, REUSED]) & is_held) | (
        (outcome == NEAR_MATCH) & pl.col("request_id").is_in(nearest.implode())
    )
    comes_to_held = comes_to_held.fill_null(False)
    run.settled = run.settled.with_columns(
        outcome=pl.when(comes_to_held).then(pl.lit(ERROR)).otherwise("outcome"),
        reason=pl.when(comes_to_held).then(pl.lit(ID_HELD)).otherwise("reason"),
        person=pl.when(~comes_to_held).then("person"),
    )
    return people.filter(~is_held)


def _held_numbers(run: RunState) -> pl.Series:
    rows = run.cursor.execute("SELECT state_id FROM mosis_moved WHERE status = ?", [HELD]).fetchall()
    return pl.Series("state_id", [state_id for (state_id,) in rows], dtype=pl.String)
