"""Identity measured: the runs of a state with truth, one after the other, into a registry in memory.

Cold: no record names a state ID. Warm: nine of ten records of the later years name the ID that the child has, and a few a
wrong one: mistyped, a sister's or brother's, or another child's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import duckdb
import numpy as np
import polars as pl

from matching.evaluation import LINE, evaluate
from matching.identify import identify
from matching.ledger import record_versions
from matching.model import Model, load_model
from matching.reasons import CONFIRMED, NEW
from matching.standardize import STANDARDIZE_VERSION, standardize
from schemas.database.migrate import known_migrations

# Numbers of a registry that is thrown away; they need no secrecy, only to be ten digits.
FIRST_NUMBER = 1_000_000_000
_AT = datetime(2000, 1, 1, tzinfo=UTC)
SUPPLIED_SHARE, WRONG_SHARE = 0.90, 0.002


@dataclass(frozen=True)
class AccuracyRun:
    """What a measured state came to.

    Attributes:
        table: as ``evaluate`` gives it.
        wrong_ids: how many wrong IDs were supplied (warm only), and how many of them were not taken as they stood.
        seconds: of each run's identify.
    """

    table: pl.DataFrame
    pupils: int
    records: int
    seconds: tuple[float, ...]
    model_version: str
    wrong_ids: int = 0
    flagged_ids: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "pupils": self.pupils,
            "records": self.records,
            "seconds": [round(value, 2) for value in self.seconds],
            "model_version": self.model_version,
            "wrong_ids_supplied": self.wrong_ids,
            "wrong_ids_flagged": self.flagged_ids,
            "measures": self.table.to_dicts(),
        }


def run_accuracy(
    runs: Sequence[pl.DataFrame], truth: pl.DataFrame, *, model: Model | None = None, warm_seed: int | None = None
) -> AccuracyRun:
    """Decide the runs in order, each against what the earlier ones left, and hold the outcome against the truth.

    Args:
        runs: identity requests of each run.
        truth: as ``evaluate`` takes it, of all runs.
        warm_seed: later runs name IDs as a warm state would; null for a cold one.
    """
    model = model or load_model()
    con = open_registry()
    decided: list[pl.DataFrame] = []
    seconds: list[float] = []
    wrong = flagged = 0
    try:
        for number, requests in enumerate(runs):
            if number and warm_seed is not None:
                requests, sent_wrong = _supply_ids(requests, truth, pl.concat(decided), warm_seed + number)
            start = perf_counter()
            decisions = identify(requests, con, model)
            seconds.append(perf_counter() - start)
            assignments = store_decisions(con, requests, decisions.assignments)
            decided.append(assignments)
            if number and warm_seed is not None:
                wrong += sent_wrong.height
                flagged += assignments.join(sent_wrong, on=LINE).filter(pl.col("outcome") != CONFIRMED).height
    finally:
        con.close()
    table = evaluate(truth, pl.concat(decided))
    return AccuracyRun(
        table, truth["person_id"].n_unique(), truth.height, tuple(seconds), model.version, wrong, flagged
    )


def open_registry(threads: int = 2) -> duckdb.DuckDBPyConnection:
    """An empty state in memory, attached as a home's database would be."""
    con = duckdb.connect(":memory:")
    con.execute("SET GLOBAL threads = ?", [threads])
    con.execute("SET GLOBAL preserve_insertion_order = false")
    con.execute("ATTACH ':memory:' AS state")
    con.execute("USE state")
    for migration in known_migrations():
        con.execute(migration.sql).fetchall()
    return con


def store_decisions(con: duckdb.DuckDBPyConnection, requests: pl.DataFrame, assignments: pl.DataFrame) -> pl.DataFrame:
    """Give the new children numbers and remember what was sent about every child; the assignments with IDs filled in."""
    ((issued,),) = con.execute("SELECT count(*) FROM identity.student").fetchall()
    number = (FIRST_NUMBER + issued + pl.col("person_number")).cast(pl.String)
    filled = assignments.with_columns(state_id=pl.coalesce("state_id", number))
    new_ids = filled.filter(pl.col("outcome") == NEW).select("state_id").unique()
    con.register("new_ids", new_ids)
    con.execute(
        "INSERT INTO identity.student SELECT state_id, 'active', NULL, ?, 'accuracy' FROM new_ids", [_AT]
    ).fetchall()
    con.unregister("new_ids")
    keyed = standardize(requests).with_columns(standardize_version=pl.lit(STANDARDIZE_VERSION, pl.Int32))
    record_versions(con, keyed, filled, _AT)
    return filled


def _supply_ids(
    requests: pl.DataFrame, truth: pl.DataFrame, earlier: pl.DataFrame, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Requests that name IDs, and the lines that name a wrong one."""
    rng = np.random.default_rng(seed)
    lines = requests.join(truth.select(*LINE, "person_id", "family"), on=LINE, maintain_order="left")
    owned = earlier.join(truth.select(*LINE, "person_id", "family"), on=LINE).filter(pl.col("state_id").is_not_null())
    own = owned.group_by("person_id").agg(own_id=pl.col("state_id").min())
    # Somebody else's: of the family where it has another child, else anybody's.
    kin = owned.select("family", kin_id="state_id", kin="person_id").unique().sort("family", "kin_id")
    lines = lines.join(own, on="person_id", how="left", maintain_order="left").with_row_index("row")
    others = lines.join(kin, on="family").filter(pl.col("kin") != pl.col("person_id"))
    sibling = others.group_by("row").agg(sibling_id=pl.col("kin_id").min())
    lines = lines.join(sibling, on="row", how="left", maintain_order="left")
    draw = pl.Series(rng.random(lines.height))
    kind = pl.Series(rng.integers(0, 3, lines.height))
    stranger = owned["state_id"].gather(rng.integers(0, owned.height, lines.height))
    place = pl.Series(rng.integers(1, 10, lines.height))
    mistyped = pl.concat_str(
        pl.col("own_id").str.slice(0, place), (pl.col("own_id").str.slice(place, 1).cast(pl.Int32) + 1) % 10,
        pl.col("own_id").str.slice(place + 1),
    )  # fmt: skip
    wrong_id = (
        pl.when(kind == 0).then(mistyped).when(kind == 1).then(pl.coalesce("sibling_id", stranger)).otherwise(stranger)
    )
    supplied = lines.with_columns(
        submitted_state_id=pl.when(pl.col("own_id").is_null() | (draw > SUPPLIED_SHARE))
        .then(pl.lit(None, pl.String))
        .when(draw < WRONG_SHARE * SUPPLIED_SHARE)
        .then(wrong_id)
        .otherwise("own_id")
    )
    wrong = supplied.filter(pl.col("submitted_state_id") != pl.col("own_id")).select(*LINE)
    return supplied.select(requests.columns), wrong
