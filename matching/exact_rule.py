"""The other baseline: equal names and birth date, or equal district and local ID, is one child; whatever hangs together.

It shows how hard the measured state is: the moves that this rule links are those on which nobody made a mistake.
"""

from collections.abc import Sequence

import polars as pl

from matching.evaluation import LINE
from matching.groups import connected
from matching.reasons import REUSED
from matching.standardize import standardize

NAME_AND_BIRTH = ("last_name_key", "first_name_key", "birth_date")
PLACE = ("district_code", "local_student_id")


def link_by_rule(runs: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Assignments (submission_id, line_number, outcome, reason, state_id) of all requests of all runs at once."""
    records = standardize(pl.concat(runs)).select(*LINE, *NAME_AND_BIRTH, *PLACE)
    children = records.select(pl.struct(*NAME_AND_BIRTH).rank("dense")).to_series().to_numpy()
    places = records.select(pl.struct(*PLACE).rank("dense")).to_series().to_numpy()
    # A graph of two kinds of nodes, one edge a record: names with birth date, and places.
    count = int(children.max()) + int(places.max()) + 2
    labels = connected(count, children, int(children.max()) + 1 + places)
    return records.select(
        *LINE,
        outcome=pl.lit(REUSED),
        reason=pl.lit("EXACT_RULE"),
        state_id=pl.Series(labels[children]).cast(pl.String),
    )
