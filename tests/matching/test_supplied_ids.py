"""Where numbers that are not active lead."""

from collections.abc import Callable

import duckdb

from matching.requests import workspace
from matching.supplied_ids import FORWARD_TABLE, make_forward_table


def test_merged_numbers_lead_to_their_end_and_to_nobody_where_it_was_withdrawn(
    make_registry: Callable[..., duckdb.DuckDBPyConnection],
) -> None:
    con = make_registry()
    numbers = [
        ("1000000001", "active", None), ("1000000002", "merged", "1000000001"), ("1000000003", "merged", "1000000002"),
        ("1000000004", "retired", None), ("1000000005", "merged", "1000000004"), ("1000000006", "merged", "1000000005"),
    ]  # fmt: skip
    con.executemany("INSERT INTO identity.student VALUES (?, ?, ?, '2026-01-01', 'run')", numbers)
    with workspace(con) as cursor:
        make_forward_table(cursor)
        found = cursor.sql(f"SELECT state_id, person FROM {FORWARD_TABLE} ORDER BY ALL").fetchall()
    assert found == [
        ("1000000002", "1000000001"), ("1000000003", "1000000001"), ("1000000004", None), ("1000000005", None),
        ("1000000006", None),
    ]  # fmt: skip
