"""What a registry teaches a model: its records as training material, and how a fitted model does on them.

The numbers that the registry gave are not what m is learnt from. They were given by the model of before: a kind of
disagreement that it never linked would be learnt as impossible (docs/adr/0014-what-a-model-is-fitted-on.md). They serve
as a check beside it.
"""

from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from matching.accuracy_run import open_registry
from matching.blocking import PAIR_TABLE, block_within_run, make_pair_table
from matching.comparisons import COMPARISONS, PLACE
from matching.model import LEAST_POPULATION, Model
from matching.requests import REQUEST_TABLE, prepare_requests, workspace
from matching.scoring import score_pairs
from matching.training_pairs import usable_records

MOST_CHILDREN_WEIGHED = 60_000
_EVERYTHING = -1000.0
_FROM_RECORD = (
    "last_name", "first_name", "middle_name", "suffix", "birth_date", "gender", "race_ethnicity", "grade",
    "guardian_last_name", "guardian_first_name", "ssn_hash", "ssn_near", "district_code", "school_code",
    "local_student_id", "resident_district_code", "layout",
)  # fmt: skip


@dataclass(frozen=True)
class Curve:
    """What a threshold costs: one row a threshold, errors per 100,000 records of another district.

    Attributes:
        table: threshold (bits), false_links and missed_links as the model's own probabilities expect them,
            known_false and known_missed as the known numbers count them.
        record_count: records that were weighed. pair_count: pairs of two districts that were weighed.
    """

    table: pl.DataFrame
    record_count: int
    pair_count: int


@dataclass(frozen=True)
class WeighedRecords:
    """Records of known children, paired over district borders and weighed by one model."""

    curve: Curve
    known_m: pl.DataFrame


def registry_records(con: duckdb.DuckDBPyConnection, children: int | None, seed: int) -> tuple[pl.DataFrame, int]:
    """Every stored version of so many children (all when null) as requests with ``person``; how many children there are.

    A merged number counts as the one it became; withdrawn numbers are nobody's. Which children are drawn depends on the
    seed and their numbers alone.
    """
    columns = ", ".join(f"r.{name}" for name in _FROM_RECORD)
    ((population,),) = con.execute("SELECT count(*) FROM identity.student WHERE status = 'active'").fetchall()
    drawn = f"ORDER BY hash(state_id, {int(seed)}), state_id LIMIT {int(children)}" if children is not None else ""
    records = con.sql(
        f"""
        WITH drawn AS (SELECT state_id FROM identity.student WHERE status = 'active' {drawn}),
        held AS (
            SELECT state_id, state_id AS person FROM drawn
            UNION ALL
            SELECT s.state_id, s.merged_into FROM identity.student s JOIN drawn d ON d.state_id = s.merged_into
            WHERE s.status = 'merged'
        )
        SELECT h.person, {columns}, r.last_school_year AS school_year, r.source_submission_id AS submission_id,
               r.source_submission_id AS sha256, r.source_line AS line_number
        FROM identity.record r JOIN held h ON h.state_id = r.state_id
        ORDER BY h.person, r.version_hash
        """
    ).pl()
    return as_requests(records), int(population)


def as_requests(records: pl.DataFrame) -> pl.DataFrame:
    """Records with the columns that only a run's requests have, empty."""
    return records.with_columns(
        submitted_state_id=pl.lit(None, pl.String),
        has_identity_error=pl.lit(False),
        error_reason=pl.lit(None, pl.String),
    )


def weigh_records(records: pl.DataFrame, model: Model, population: int) -> WeighedRecords:
    """How a model weighs records of one child and of two, over district borders, where it has to decide.

    Args:
        records: as ``registry_records`` gives them; ``person`` is whose each is, as far as anybody knows.
        population: children of the whole registry, of which these may be a sample: strangers are counted as that many
            more.
    """
    con = open_registry()
    try:
        with workspace(con) as cursor:
            prepared = usable_records(prepare_requests(records))
            cursor.register("weighed_requests", prepared.with_columns(is_open=pl.lit(True)))
            cursor.execute(f"CREATE OR REPLACE TABLE {REQUEST_TABLE} AS FROM weighed_requests").fetchall()
            cursor.unregister("weighed_requests")
            make_pair_table(cursor)
            block_within_run(cursor, prepared.height)
            _drop_pairs_at_home(cursor)
            pairs = score_pairs(cursor, model, _EVERYTHING)
    finally:
        con.close()
    owners = prepared.select("request_id", "person")
    known = pairs.with_columns(other_id=-1 - pl.col("other")).join(owners, on="request_id")
    known = known.join(owners.rename({"request_id": "other_id", "person": "other_person"}), on="other_id")
    known = known.with_columns(is_one_child=pl.col("person") == pl.col("other_person"))
    more_strangers = max(population, 1) / max(prepared["person"].n_unique(), 1)
    prior = model_prior(model, population)
    return WeighedRecords(
        Curve(threshold_table(known, prior, prepared.height, max(more_strangers, 1.0)), prepared.height, known.height),
        _known_m(known.filter("is_one_child")),
    )


def model_prior(model: Model, population: int) -> float:
    """Bits before looking, of one certain person of a registry of so many children."""
    return float(np.log2(model.thresholds.known_odds / max(population, LEAST_POPULATION)))


def threshold_table(pairs: pl.DataFrame, prior: float, record_count: int, more_strangers: float) -> pl.DataFrame:
    """Errors per 100,000 records at each whole threshold from -4 to 30 bits.

    Args:
        pairs: evidence, is_one_child of each pair of two districts.
        prior: bits added to the evidence; the weight is then the log2 of the odds that the pair is one child.
        more_strangers: how many strangers stand for one that was seen.
    """
    weight = pairs["evidence"].to_numpy() + prior
    is_one = pairs["is_one_child"].to_numpy()
    chance = 1 / (1 + np.exp2(-np.clip(weight, -60, 60)))
    # Each pair is looked at from both its records.
    scale = 2 * 100_000 / max(record_count, 1)
    rows = []
    for threshold in range(-4, 31):
        linked = weight >= threshold
        rows.append(
            {
                "threshold": threshold,
                "false_links": float((1 - chance[linked]).sum() * scale * more_strangers),
                "missed_links": float(chance[~linked].sum() * scale),
                "known_false": float((linked & ~is_one).sum() * scale * more_strangers),
                "known_missed": float((~linked & is_one).sum() * scale),
            }
        )
    return pl.DataFrame(rows)


def _drop_pairs_at_home(cursor: duckdb.DuckDBPyConnection) -> None:
    """Leave pairs of two districts: inside one the local ID decides, and mistakes are copied from year to year."""
    cursor.execute(
        f"""
        DELETE FROM {PAIR_TABLE} USING {REQUEST_TABLE} q, {REQUEST_TABLE} r
        WHERE q.request_id = {PAIR_TABLE}.request_id AND r.request_id = -1 - {PAIR_TABLE}.other
          AND q.district_code = r.district_code
        """
    ).fetchall()


def _known_m(pairs: pl.DataFrame) -> pl.DataFrame:
    """field, level, count, among: how often known records of one child fell into each level that says something."""
    rows = []
    for comparison in COMPARISONS:
        # Only pairs of two districts were looked at: what they say of places is no finding.
        seen = pairs.clear() if comparison is PLACE else pairs
        counts = dict(seen.group_by(f"gamma_{comparison.name}").len().iter_rows())
        among = sum(count for number, count in counts.items() if number >= 0)
        for level in comparison.levels[1:]:
            count = counts.get(comparison.number_of(level.name), 0)
            rows.append({"field": comparison.name, "level": level.name, "count": count, "among": among})
    schema = {"field": pl.String(), "level": pl.String(), "count": pl.Int64(), "among": pl.Int64()}
    return pl.DataFrame(rows, schema=schema)
