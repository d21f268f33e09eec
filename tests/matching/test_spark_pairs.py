"""Pairs on Spark: the same partition as in this process; and a clear word where Spark cannot run."""

import importlib.util
import shutil
import sys
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from matching.accuracy_run import open_registry, store_decisions
from matching.candidates import PairScorer, score_open_requests
from matching.identify import identify
from matching.spark_pairs import SparkScorer
from matching.spark_session import open_spark
from matching.spark_similarity import JARO_WINKLER, jaro_winkler, register_similarity
from schemas.errors import UsageError

NEEDS_SPARK = [
    pytest.mark.slow,
    # py4j leaves its sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="pyspark is not installed (make slow)"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed (openjdk-17-jre-headless)"),
]
STUDENTS, DISTRICTS, SEED = 20_000, 40, 91
# A test compiles each query once and runs it once: compiling less is faster than running faster.
QUICK = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.sql.shuffle.partitions": "4",
}


def test_without_pyspark_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(UsageError, match=r"pip install 'mosis\[spark\]'"), open_spark("local[2]", tmp_path):
        pass


def test_similarity_keeps_order_and_gaps() -> None:
    one, other = pa.array(["martha", None, "ab", "same"]), pa.array(["marhta", "x", "xy", "same"])
    assert jaro_winkler(one, other).to_pylist() == [pytest.approx(0.9611, abs=1e-4), None, 0.0, 1.0]
    assert jaro_winkler(one.slice(0, 0), other.slice(0, 0)).to_pylist() == []


@pytest.fixture
def two_years() -> list[pl.DataFrame]:
    from flows.accuracy import TRUTH_ALONE, hashed
    from matching.ssn import SsnHasher
    from sample_data.requests import registration_requests

    hasher = SsnHasher({1: b"test" * 8})
    frames = registration_requests(SEED, STUDENTS, DISTRICTS)
    return [hashed(frame, hasher).drop(TRUTH_ALONE, strict=False) for frame in frames]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("spark", [pytest.param(QUICK, marks=NEEDS_SPARK)])
def test_spark_gives_the_same_partition(spark: dict[str, str], tmp_path: Path, two_years: list[pl.DataFrame]) -> None:
    here = decide(two_years, score_open_requests)
    there = decide(two_years, SparkScorer("local[2]", tmp_path / "exchange", spark))
    assert sum(frame.filter(step="model").height for frame in here) > 50
    for one, other in zip(here, there, strict=True):
        assert one.equals(other)
    assert list((tmp_path / "exchange").iterdir()) == []


def decide(years: list[pl.DataFrame], score: PairScorer) -> list[pl.DataFrame]:
    con = open_registry()
    try:
        return [store_decisions(con, year, identify(year, con, score=score).assignments) for year in years]
    finally:
        con.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("spark", [pytest.param(QUICK, marks=NEEDS_SPARK)])
def test_similar_names_are_similar_on_spark(spark: dict[str, str], tmp_path: Path) -> None:
    """Each engine has its own implementation: on either side of every threshold they must agree."""
    pairs = name_pairs(60_000)
    pairs.write_parquet(tmp_path / "names.parquet")
    flags = (
        "{jw}(one, other) >= 0.92 AS near, {jw}(one, other) >= 0.85 AS similar, "
        "damerau_levenshtein(one, other) <= 1 AS one_slip"
    )
    here = duckdb.sql(f"SELECT {flags.format(jw='jaro_winkler_similarity')} FROM pairs ORDER BY row").pl()
    with open_spark("local[2]", tmp_path, spark) as session:
        from splink.backends.spark import SparkAPI

        SparkAPI(spark_session=session)
        register_similarity(session)
        session.read.parquet((tmp_path / "names.parquet").as_uri()).createOrReplaceTempView("pairs")
        there = session.sql(f"SELECT {flags.format(jw=JARO_WINKLER)} FROM pairs ORDER BY row").toArrow()
    assert here.sum().row(0) > (1_000, 1_000, 1_000)
    assert here.equals(pl.DataFrame(there))


def name_pairs(count: int) -> pl.DataFrame:
    """Names beside themselves with slips, and beside each other."""
    rng = np.random.default_rng(7)
    letters = np.array(list("aaeeiioounrstlmdkcjbgh"))
    names = ["".join(rng.choice(letters, rng.integers(2, 12))) for _ in range(count)]
    others = []
    for name in names:
        other = list(name)
        for _ in range(rng.integers(0, 4)):
            place = int(rng.integers(0, len(other)))
            kind = rng.integers(0, 4)
            if kind == 0:
                other[place] = str(rng.choice(letters))
            elif kind == 1:
                other.insert(place, str(rng.choice(letters)))
            elif kind == 2 and len(other) > 2:
                del other[place]
            elif place + 1 < len(other):
                other[place], other[place + 1] = other[place + 1], other[place]
        others.append("".join(other))
    return pl.DataFrame({"one": names, "other": others}).with_row_index("row")
