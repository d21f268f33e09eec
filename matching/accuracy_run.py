"""Identity measured: the runs of a state with truth, one after the other, into a registry in memory.

Cold: no record names a state ID. Warm: nine of ten records of the later years name the ID that the child has, and a few a
wrong one (``warm_requests``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter

import duckdb
import polars as pl

from matching.candidates import score_open_requests
from matching.error_causes import count_causes
from matching.evaluation import COUNT_SCHEMA, EVERYBODY, count_errors, count_reasons, pool_counts, with_intervals
from matching.frontier import Frontier
from matching.identify import identify
from matching.ledger import record_versions
from matching.model import Model, load_model
from matching.reasons import NEW
from matching.standardize import STANDARDIZE_VERSION, standardize
from matching.student_ids import with_check_digits
from matching.warm_requests import count_flagged, supply_ids
from schemas.database.migrate import known_migrations

# Numbers of a registry that is thrown away; they need no secrecy, only to be IDs with their check digit.
FIRST_BODY = 100_000_000
_AT = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class AccuracyRun:
    """What a measured state came to.

    Attributes:
        counts: COUNT_SCHEMA of ``evaluation``.
        reasons: REASON_SCHEMA of ``evaluation``.
        causes: CAUSE_SCHEMA of ``error_causes``.
        frontier: POINT_SCHEMA of ``frontier``; empty where none was asked for.
        seconds: of each run's identify, without the rehearsals of the frontier.
    """

    counts: pl.DataFrame
    reasons: pl.DataFrame
    causes: pl.DataFrame
    frontier: pl.DataFrame
    pupils: int
    records: int
    seconds: tuple[float, ...]
    model_version: str

    @property
    def table(self) -> pl.DataFrame:
        """The counts as figures with intervals, TABLE_SCHEMA of ``evaluation``."""
        return with_intervals(self.counts)


def run_accuracy(
    runs: Sequence[pl.DataFrame],
    truth: pl.DataFrame,
    *,
    model: Model | None = None,
    warm_seed: int | None = None,
    frontier: bool = False,
    tag_causes: Mapping[str, tuple[str, str]] | None = None,
) -> AccuracyRun:
    """Decide the runs in order, each against what the earlier ones left, and hold the outcome against the truth.

    Args:
        runs: identity requests of each run.
        truth: as ``count_errors`` and ``count_causes`` take it, of all runs.
        warm_seed: later runs name IDs as a warm state would; null for a cold one.
        frontier: weigh other thresholds too (two runs, cold).
        tag_causes: what the tags of mistakes mean, for the causes.
    """
    model = model or load_model()
    con = open_registry()
    decided: list[pl.DataFrame] = []
    seconds: list[float] = []
    flags: dict[str, tuple[int, int]] = {}
    first_rows: pl.DataFrame | None = None
    proposals = 0
    weighing = Frontier(model.thresholds) if frontier else None
    try:
        for number, requests in enumerate(runs):
            if number and warm_seed is not None:
                requests, sent = supply_ids(requests, truth, pl.concat(decided), warm_seed + number)
            start, rehearsed = perf_counter(), weighing.seconds if weighing else 0.0
            decisions = identify(requests, con, model, score=weighing.watch if weighing else score_open_requests)
            rehearsed = weighing.seconds - rehearsed if weighing else 0.0
            seconds.append(perf_counter() - start - rehearsed)
            decided.append(store_decisions(con, requests, decisions.assignments))
            proposals += decisions.proposals.height
            if number and warm_seed is not None:
                flags = _added(flags, count_flagged(decided[-1], sent))
            first_rows = _registry_rows(con) if first_rows is None else first_rows
        flags["year-1 IDs moved"] = _moved(con, first_rows)
    finally:
        con.close()
    assignments = pl.concat(decided)
    flags["merge proposals"] = (proposals, truth["person_id"].n_unique())
    extra = [(measure, EVERYBODY, count, among) for measure, (count, among) in flags.items() if among]
    return AccuracyRun(
        counts=pool_counts([count_errors(truth, assignments), pl.DataFrame(extra, schema=COUNT_SCHEMA, orient="row")]),
        reasons=count_reasons(truth, assignments),
        causes=count_causes(truth, assignments, tag_causes or {}),
        frontier=weighing.points(truth, decided) if weighing else Frontier.no_points(),
        pupils=truth["person_id"].n_unique(),
        records=truth.height,
        seconds=tuple(seconds),
        model_version=model.version,
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
    is_new = assignments["person_number"].is_not_null()
    numbers = with_check_digits(FIRST_BODY + issued + assignments["person_number"].fill_null(0))
    filled = assignments.with_columns(state_id=pl.coalesce("state_id", pl.when(is_new).then(numbers)))
    new_ids = filled.filter(pl.col("outcome") == NEW).select("state_id").unique()
    con.register("new_ids", new_ids)
    con.execute(
        "INSERT INTO identity.student SELECT state_id, 'active', NULL, ?, 'accuracy' FROM new_ids", [_AT]
    ).fetchall()
    con.unregister("new_ids")
    keyed = standardize(requests).with_columns(standardize_version=pl.lit(STANDARDIZE_VERSION, pl.Int32))
    record_versions(con, keyed, filled, _AT)
    return filled


def _registry_rows(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Which version of identifying data belongs to which active ID: state_id and version_hash."""
    return con.sql(
        "SELECT DISTINCT r.state_id, r.version_hash FROM identity.record r "
        "SEMI JOIN identity.student s ON s.state_id = r.state_id AND s.status = 'active'"
    ).pl()


def _moved(con: duckdb.DuckDBPyConnection, before: pl.DataFrame | None) -> tuple[int, int]:
    """How many rows of the first run's registry are no longer their ID's, among all of them."""
    if before is None:
        return 0, 0
    return before.join(_registry_rows(con), on=["state_id", "version_hash"], how="anti").height, before.height


def _added(totals: Mapping[str, tuple[int, int]], counts: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    return {
        name: (count + totals.get(name, (0, 0))[0], among + totals.get(name, (0, 0))[1])
        for name, (count, among) in counts.items()
    }
