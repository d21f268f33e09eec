"""Jaro-Winkler on Spark by DuckDB's own function, so that both engines call the same names alike.

splink's archive for Spark has one too, but counts half a transposition where DuckDB rounds it down: of 60,000 pairs of
names some 200 fell on the other side of a threshold, and a child would have depended on the engine.
"""

from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JARO_WINKLER = "mosis_jaro_winkler"


def register_similarity(spark: "SparkSession") -> None:
    """Makes JARO_WINKLER a function of the session; its executors need this package."""
    from pyspark.sql.functions import arrow_udf

    # pyspark's own annotations know arrow_udf with one argument more than it takes.
    make_udf: Any = arrow_udf
    spark.udf.register(JARO_WINKLER, make_udf(jaro_winkler, "double"))


def jaro_winkler(one: pa.Array, other: pa.Array) -> pa.Array:
    """The similarity of each pair of names, null where one is missing; in the order of the rows."""
    with duckdb.connect() as con:
        con.execute("SET threads = 1").fetchall()
        con.register("name_pairs", pa.table({"one": one, "other": other}))
        found = con.sql("SELECT jaro_winkler_similarity(one, other) AS similarity FROM name_pairs").to_arrow_table()
    return pa.concat_arrays(found["similarity"].chunks) if found.num_rows else pa.array([], pa.float64())
