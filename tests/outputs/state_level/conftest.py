"""The state's tables in memory: nothing has to be durable here."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest


@pytest.fixture
def con(empty_state: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The state database as the pipeline sees it, empty."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"ATTACH '{empty_state}' AS template (READ_ONLY)")
    connection.execute("ATTACH ':memory:' AS state")
    connection.execute("COPY FROM DATABASE template TO state (SCHEMA)")
    connection.execute("DETACH template")
    connection.execute("USE state")
    yield connection
    connection.close()
