"""A Spark session for one run: started with splink's similarity functions, silent, and gone when the run has its pairs.

Everything Spark writes while it works (shuffles, checkpoints) stays in the folder that is handed in: it is student data.
"""

import logging
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.errors import MosisError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Of a master inside this machine; what a cluster's driver and executors get stands in its spark-defaults.conf.
_LOCAL = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "4g",
    "spark.sql.shuffle.partitions": "8",
}
_STOP_SECONDS = 30


@contextmanager
def open_spark(master: str, folder: Path, options: Mapping[str, str] | None = None) -> Iterator["SparkSession"]:
    """A session on ``master`` (``local[2]``, ``spark://…``, ``yarn``); its executors must see ``folder`` too.

    ``options`` are Spark's own, over ours.

    Raises:
        UsageError: pyspark or Java is missing.
        MosisError: the session could not be started, or failed while it was used.
    """
    builder = _builder(master, folder, options or {})
    gateway: Any = None
    try:
        with _silenced():
            session = builder.getOrCreate()
        gateway = session.sparkContext._gateway
        session.sparkContext.setLogLevel("OFF")
        session.sparkContext.setCheckpointDir((folder / "checkpoints").as_uri())
        yield session
    except MosisError:
        raise
    except Exception as error:
        # Spark's own text can quote a record.
        kind = getattr(error, "getCondition", lambda: None)() or type(error).__name__
        raise MosisError(
            f"matching on Spark ({master}) failed: {kind}. Nothing was decided. Look at the cluster, or match in this "
            'process: set scoring_backend = "duckdb" in mosis.toml and run again.'
        ) from (error if os.environ.get("MOSIS_DEBUG") else None)
    finally:
        _stop(gateway)


def _builder(master: str, folder: Path, extra: Mapping[str, str]) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise UsageError(
            "matching on Spark needs pyspark, which is not installed. Install it with: pip install 'mosis[spark]'"
        ) from None
    if not _has_java():
        raise UsageError("matching on Spark needs Java 17 or 21, which was not found. Install it, or set JAVA_HOME.")
    from splink.backends.spark import similarity_jar_location

    if master.startswith("local"):
        # Spark's Python workers need this environment; on a cluster PYSPARK_PYTHON says where it is there.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    options = {
        "spark.jars": similarity_jar_location(),
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.local.dir": str(folder / "shuffle"),
        "spark.ui.showConsoleProgress": "false",
        **(_LOCAL if master.startswith("local") else {}),
        **extra,
    }
    builder = SparkSession.builder.master(master).appName("mosis")
    for name, value in options.items():
        builder = builder.config(name, value)
    return builder


@contextmanager
def _silenced() -> Iterator[None]:
    """The Java process that starts here says nothing for as long as it lives: its messages quote queries and rows."""
    if os.environ.get("MOSIS_DEBUG"):
        yield
        return
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _has_java() -> bool:
    home = os.environ.get("JAVA_HOME")
    return (Path(home) / "bin" / "java").is_file() if home else shutil.which("java") is not None


def _stop(gateway: Any) -> None:
    """End the session and the Java process behind it, so that its memory is free for the rest of the run."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is not None:
        session.stop()
    if gateway is None:
        return
    gateway.shutdown()
    process = getattr(gateway, "proc", None)
    if process is not None:
        process.stdin.close()
        process.wait(_STOP_SECONDS)
    SparkContext._gateway = SparkContext._jvm = None
