"""The disclosure log: one row a disclosure, chained, also where nobody was found."""

from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pytest

from outputs.disclosure_log import Disclosure, first_broken_link, record_disclosures
from schemas.database.migrate import known_migrations

AT = datetime(2025, 10, 6, 14, 3, 9, 123456, tzinfo=UTC)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect(":memory:")
    con.execute("SET TimeZone = 'UTC'")
    for migration in known_migrations():
        con.execute(migration.sql).fetchall()
    yield con
    con.close()


def look_up(*state_ids: str) -> Disclosure:
    return Disclosure("clerk", 4, "enrolling", "operator", state_ids)


def test_rows_are_numbered_and_chained(con: duckdb.DuckDBPyConnection) -> None:
    record_disclosures(con, [look_up("2222222222", "1111111111"), look_up()], AT)
    record_disclosures(con, [look_up("1111111111")], AT)
    rows = con.execute("SELECT seq, record_count, previous_hash, hash FROM access.log ORDER BY seq").fetchall()
    assert [(seq, count) for seq, count, *_ in rows] == [(1, 2), (2, 0), (3, 1)]
    assert [previous for *_, previous, _ in rows][1:] == [row_hash for *_, row_hash in rows][:-1]
    assert first_broken_link(con) is None


def test_children_are_listed_once_each(con: duckdb.DuckDBPyConnection) -> None:
    record_disclosures(con, [look_up("1111111111", "1111111111")], AT)
    assert con.execute("FROM access.disclosed").fetchall() == [(1, "1111111111")]


def test_delivery_lists_its_children_elsewhere(con: duckdb.DuckDBPyConnection) -> None:
    delivery = Disclosure("operator", 3, "pre-code", "vendor", ["1111111111"], names_children=False)
    record_disclosures(con, [delivery], AT)
    assert con.execute("SELECT record_count FROM access.log").fetchall() == [(1,)]
    assert con.execute("FROM access.disclosed").fetchall() == []
    assert first_broken_link(con) is None


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE access.log SET purpose = 'other' WHERE seq = 2",
        "DELETE FROM access.log WHERE seq = 2",
        "DELETE FROM access.disclosed WHERE seq = 2 AND state_id = '2222222222'",
        'UPDATE access.log SET "at" = "at" + INTERVAL 1 DAY WHERE seq = 2',
    ],
)
def test_tampering_is_seen(con: duckdb.DuckDBPyConnection, tampering: str) -> None:
    record_disclosures(con, [look_up("1111111111"), look_up("2222222222", "3333333333"), look_up()], AT)
    con.execute(tampering)
    assert first_broken_link(con) == 2
