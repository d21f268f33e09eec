"""The baseline beside our figures: splink as its own documentation uses it, on the same requests, without anything of ours.

Ready-made comparisons, unsupervised training on the data at hand, every pair above probability 0.95 linked, whatever hangs
together is one child. It sees both years at once and the names as ``standardize`` spells them; it knows no guard, no
enrolment, no review and no permanence. What it shows: how far a good general tool is from what an ID assigner needs.
"""

import logging
import warnings
from collections.abc import Sequence

import duckdb
import polars as pl
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from matching.evaluation import LINE
from matching.reasons import REUSED
from matching.standardize import standardize

THRESHOLD = 0.95
RANDOM_PAIRS = 1e7
SEED = 20260701
# What most tutorials block on, and the district's own number.
BLOCKED_ON = (
    ("ssn_hash",),
    ("last_name", "birth_date"),
    ("first_name", "birth_date"),
    ("first_name", "last_name"),
    ("local_id",),
)
SESSIONS = (("first_name", "birth_date"), ("last_name", "birth_date"), ("first_name", "last_name"))


def link_plainly(runs: Sequence[pl.DataFrame], threads: int = 2) -> pl.DataFrame:
    """Assignments (submission_id, line_number, outcome, reason, state_id) of all requests of all runs at once."""
    records = _comparable(pl.concat(runs))
    con = duckdb.connect(":memory:")
    try:
        con.execute("SET threads = ?", [threads])
        con.execute("SET memory_limit = '8GB'")
        con.register("incoming", records)
        con.execute("CREATE TABLE plain_record AS FROM incoming").fetchall()
        with warnings.catch_warnings():
            # Untrained levels and deprecated columns: what splink warns of is part of using it plainly.
            warnings.simplefilter("ignore")
            logging.getLogger("splink").setLevel(logging.ERROR)
            clusters = _cluster(con)
    finally:
        con.close()
    return records.join(clusters, on="unique_id").select(
        *LINE, outcome=pl.lit(REUSED), reason=pl.lit("PLAIN_SPLINK"), state_id=pl.col("cluster_id").cast(pl.String)
    )


def _comparable(requests: pl.DataFrame) -> pl.DataFrame:
    keyed = standardize(requests)
    return keyed.with_row_index("unique_id").select(
        "unique_id", *LINE, "birth_date", "gender", "ssn_hash",
        first_name=pl.when(pl.col("first_name_key") != "").then("first_name_key"),
        last_name=pl.when(pl.col("last_name_key") != "").then("last_name_key"),
        middle_name="middle_name_key",
        guardian="guardian_key",
        local_id=pl.format("{}/{}", "district_code", "local_student_id"),
    )  # fmt: skip


def _cluster(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """unique_id and cluster_id of every record."""
    database = DuckDBAPI(con)
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("last_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("middle_name"),
            cl.DateOfBirthComparison("birth_date", input_is_string=False),
            cl.ExactMatch("gender"),
            cl.ExactMatch("ssn_hash"),
            cl.NameComparison("guardian"),
            cl.ExactMatch("local_id"),
        ],
        blocking_rules_to_generate_predictions=[block_on(*fields) for fields in BLOCKED_ON],
    )
    linker = Linker(database.register("plain_record"), settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("ssn_hash", "birth_date"), block_on("first_name", "last_name", "birth_date")], recall=0.95
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=SEED)
    for fields in SESSIONS:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*fields))
    predictions = linker.inference.predict(threshold_match_probability=THRESHOLD)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predictions, threshold_match_probability=THRESHOLD
    )
    return con.sql(f"SELECT unique_id, cluster_id FROM {clusters.physical_name}").pl()
