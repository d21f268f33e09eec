"""Findings between districts and waivers: how many stand where, and for how long."""

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from outputs.state_page.heat import Titles, title_of
from schemas.clock import missouri_day

# What a row of state scope can be, in the words of the desk; a fixed one was corrected by a file.
_STANDINGS = (
    ("open", ("open", "reopened")),
    ("contacted", ("contacted",)),
    ("corrected", ("fixed",)),
    ("accepted", ("accepted",)),
)


@dataclass(frozen=True, slots=True)
class BetweenRow:
    """A rule of state scope in one collection: rows by standing, districts concerned, days the open ones stand."""

    rule_id: str
    title: str
    counts: tuple[int, ...]
    districts: int
    oldest: int | None
    median: int | None


@dataclass(frozen=True, slots=True)
class WaiverRow:
    """A waiver in force. The reason a person wrote may name a child, so it is not shown."""

    collection_version: str
    rule_id: str
    place: str
    until: date
    days_left: int


STANDING_NAMES = tuple(name for name, _ in _STANDINGS)


def between_rows(con: duckdb.DuckDBPyConnection, version: str, titles: Titles, now: datetime) -> list[BetweenRow]:
    """Rules of state scope that found something, most open rows first."""
    counts = ", ".join(f"count(*) FILTER (status IN {_sql(names)})" for _, names in _STANDINGS)
    stands = "status IN ('open', 'reopened', 'contacted')"
    days = "date_diff('day', first_seen_at, ?::TIMESTAMPTZ)"
    found = con.execute(
        f"SELECT rule_id, {counts}, count(DISTINCT district_code), max({days}) FILTER ({stands}), "
        f"(median({days}) FILTER ({stands}))::INTEGER "
        "FROM quality.violation WHERE scope = 'state' AND collection_version = ? GROUP BY rule_id ORDER BY 2 DESC, 1",
        [now, now, version],
    ).fetchall()
    return [
        BetweenRow(rule, title_of(titles, rule, ""), tuple(rest[:4]), rest[4], rest[5], rest[6])
        for rule, *rest in found
    ]


def _sql(names: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{name}'" for name in names) + ")"


def waiver_rows(con: duckdb.DuckDBPyConnection, now: datetime) -> list[WaiverRow]:
    """Waivers in force, the next to end first."""
    today = missouri_day(now)
    found = con.execute(
        "SELECT collection_version, rule_id, district_code, school_code, until FROM quality.waiver "
        "WHERE ended_at IS NULL AND until >= ? ORDER BY until, collection_version, rule_id, district_code, school_code",
        [today],
    ).fetchall()
    return [
        WaiverRow(
            version, rule, " ".join(filter(None, (district, school))) or "all districts", until, (until - today).days
        )
        for version, rule, district, school, until in found
    ]
