"""Pairs made and weighed on a Spark cluster: the same queries, the same model, the same splink, another engine.

Only blocking and scoring leave this process. Requests and registry go out as Parquet files in a folder that the cluster
sees, the weighed pairs come back the same way, are rounded here, and everything that decides (guards, margins, questions,
the plan) happens where it always does (docs/adr/0015-spark-for-pairs-alone.md).
"""

import shutil
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from matching.blocking import (
    BLOCKING_RULES,
    PAIR_TABLE,
    REGISTRY,
    block_with_linked,
    check_pair_count,
    make_pair_table,
    registry_pairs_sql,
    run_pairs_sql,
)
from matching.candidates import add_supplied_pairs, least_evidence, linked_requests
from matching.comparisons import TERM_FREQUENCY_COLUMNS
from matching.model import Model
from matching.requests import REQUEST_TABLE
from matching.run_state import RunState
from matching.scoring import (
    BLOCKED_PAIRS_SQL,
    RECORD_TABLE,
    least_match_weight,
    paired_sources,
    read_scores,
    records_sql,
    term_frequencies_sql,
)
from matching.spark_session import open_spark
from matching.spark_similarity import register_similarity
from matching.spark_sql import spark_settings, spark_sql
from matching.standardize import nickname_groups

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_PREFIX = "mosis-spark-"
_REGISTRY_VIEW = "mosis_registry"
_BLOCKED_VIEW = "mosis_blocked_pair"
_REGISTRY_COLUMNS = (
    "last_name_key", "first_name_key", "middle_name_key", "suffix_key", "last_name_sound", "first_name_sound",
    "surname_tokens", "guardian_key", "birth_date", "gender", "race_ethnicity", "ssn_hash", "ssn_near",
    "district_code", "local_student_id",
)  # fmt: skip


@dataclass(frozen=True)
class SparkScorer:
    """A PairScorer on a Spark master.

    Args:
        master: ``local[2]``, ``spark://host:7077``, ``yarn``.
        folder: where files are exchanged, of one home alone; on a cluster a path that every executor sees, under the
            same account. A folder inside it holds student data while the run is at work, and is removed.
        options: Spark's own, over ours.
    """

    master: str
    folder: Path
    options: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, run: RunState) -> pl.DataFrame:
        """The weighed pairs of the run, equal to what ``score_open_requests`` gives."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # A killed run leaves its folder behind; the home's lock says that nobody else is at work.
        for left in self.folder.glob(f"{_PREFIX}*"):
            shutil.rmtree(left)
        exchange = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self.folder))
        try:
            open_count = run.open_ids().height
            keep_from = least_evidence(run, open_count)
            _export(run, exchange, open_count)
            with open_spark(self.master, exchange, self.options) as spark:
                _read_exported(spark, exchange)
                _block(spark, exchange, open_count)
                _score(spark, exchange, run.model, least_match_weight(run.model, keep_from))
            return read_scores(run.cursor, f"read_parquet('{exchange}/scored/*.parquet')", run.model, keep_from)
        finally:
            shutil.rmtree(exchange)


def _export(run: RunState, exchange: Path, open_count: int) -> None:
    cursor, model = run.cursor, run.model
    make_pair_table(cursor)
    add_supplied_pairs(cursor)
    block_with_linked(cursor, linked_requests(run), open_count)
    cursor.execute(f"COPY {PAIR_TABLE} TO '{exchange}/supplied.parquet'").fetchall()
    cursor.execute(f"COPY {REQUEST_TABLE} TO '{exchange}/requests.parquet'").fetchall()
    columns = ", ".join(_REGISTRY_COLUMNS)
    cursor.execute(f"COPY (SELECT rowid, {columns} FROM {REGISTRY}) TO '{exchange}/registry.parquet'").fetchall()
    nickname_groups().write_parquet(exchange / "nickname_groups.parquet")
    for column in TERM_FREQUENCY_COLUMNS:
        model.term_frequencies[column].write_parquet(exchange / f"frozen_{column}.parquet")


def _read_exported(spark: "SparkSession", exchange: Path) -> None:
    names = {REQUEST_TABLE: "requests", _REGISTRY_VIEW: "registry", "nickname_groups": "nickname_groups"}
    for view, file in names.items():
        _read(spark, exchange / f"{file}.parquet").createOrReplaceTempView(view)


def _block(spark: "SparkSession", exchange: Path, open_count: int) -> None:
    """PAIR_TABLE on Spark, after every rule was counted: a rule that explodes is refused before a pair is written."""
    queries = [
        (number, side, sql)
        for number, rule in enumerate(BLOCKING_RULES)
        for side, sql in (("registry", registry_pairs_sql(rule, _REGISTRY_VIEW)), ("run", run_pairs_sql(rule)))
    ]
    counted = " UNION ALL ".join(
        f"SELECT {number} AS rule, '{side}' AS side, count(*) AS n FROM ({sql})" for number, side, sql in queries
    )
    for number, _, count in spark.sql(spark_sql(counted)).collect():
        check_pair_count(BLOCKING_RULES[number], count, open_count)
    pairs = " UNION ALL ".join(sql for _, _, sql in queries)
    found = spark.sql(spark_sql(pairs)).unionByName(_read(spark, exchange / "supplied.parquet"))
    _store(spark, found.distinct(), exchange / "pairs", PAIR_TABLE)


def _score(spark: "SparkSession", exchange: Path, model: Model, threshold: float) -> None:
    from splink import Linker
    from splink.backends.spark import SparkAPI

    _store(
        spark, spark.sql(spark_sql(records_sql(*paired_sources(_REGISTRY_VIEW)))), exchange / "records", RECORD_TABLE
    )
    spark.sql(spark_sql(BLOCKED_PAIRS_SQL)).createOrReplaceTempView(_BLOCKED_VIEW)
    database = SparkAPI(spark_session=spark)
    register_similarity(spark)
    with warnings.catch_warnings():
        # As in matching.scoring: splink's own linting warns of columns it cannot find.
        warnings.simplefilter("ignore")
        settings = spark_settings(model.settings)
        linker = Linker(database.register(RECORD_TABLE), settings, log_level=None, validate_settings=False)
        for column in TERM_FREQUENCY_COLUMNS:
            _read(spark, exchange / f"frozen_{column}.parquet").createOrReplaceTempView("frozen_frequencies")
            frequencies = spark.sql(spark_sql(term_frequencies_sql(model, column)))
            _store(spark, frequencies, exchange / f"tf_{column}", f"mosis_tf_{column}")
            linker.table_management.register_term_frequency_lookup(database.register(f"mosis_tf_{column}"), column)
        linker.table_management.register_blocked_pairs_for_predict(database.register(_BLOCKED_VIEW))
        scored = linker.inference.predict(threshold_match_weight=threshold, warning_mode="never")
    spark.table(scored.physical_name).write.parquet((exchange / "scored").as_uri())


def _read(spark: "SparkSession", path: Path) -> "DataFrame":
    return spark.read.parquet(path.as_uri())


def _store(spark: "SparkSession", frame: "DataFrame", folder: Path, view: str) -> None:
    """Written once and read from there: a view that is used twice is not worked out twice."""
    frame.write.parquet(folder.as_uri())
    _read(spark, folder).createOrReplaceTempView(view)
