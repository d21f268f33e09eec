"""Which rules fail most, and in which districts: counts of the files that stand."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import polars as pl

from outputs.violation_rows import STANDING

MOST_RULES = 8
MOST_DISTRICTS = 15
# Shares of the table's largest count from which a cell gets the next shade.
_SHADES = (0.0, 0.1, 0.3, 0.6)


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A count as text, and its shade from 0 (none) to 4."""

    text: str
    shade: int


@dataclass(frozen=True, slots=True)
class HeatTable:
    """Districts down, rules across; ``rules`` are number, field and count in the whole state."""

    rules: list[tuple[str, str, str]]
    districts: list[tuple[str, list[HeatCell]]]


def rule_counts(con: duckdb.DuckDBPyConnection, collection_version: str) -> pl.DataFrame:
    """Errors that stand, by district, rule and field."""
    return con.sql(
        f"""
        SELECT district_code, rule_id, coalesce(field, '') AS field, count(*) AS errors
        FROM quality.violation
        WHERE collection_version = ? AND severity = 'E' AND status IN {STANDING} AND submission_id IN (
            SELECT submission_id FROM intake.submission WHERE status IN ('trial', 'answered'))
        GROUP BY ALL ORDER BY ALL
        """,
        params=[collection_version],
    ).pl()


def heat_table(counts: pl.DataFrame, names: Mapping[str, str]) -> HeatTable | None:
    """The most frequent rules in the districts that have most errors; null where there are none."""
    if not counts.height:
        return None
    rules = _largest(counts, ["rule_id", "field"], MOST_RULES)
    districts = _largest(counts, ["district_code"], MOST_DISTRICTS)
    found = {(district, rule, field): errors for district, rule, field, errors in counts.iter_rows()}
    chosen = list(rules.select("rule_id", "field").iter_rows())
    most = max(found.get((district, *rule), 0) for district in districts["district_code"] for rule in chosen)
    return HeatTable(
        [(rule, field, f"{errors:,}") for rule, field, errors in rules.iter_rows()],
        [
            (
                f"{district} {names.get(district, '')}".strip(),
                [_cell(found.get((district, *rule), 0), most) for rule in chosen],
            )
            for district in districts["district_code"]
        ],
    )


def _largest(counts: pl.DataFrame, by: list[str], number: int) -> pl.DataFrame:
    summed = counts.group_by(by).agg(pl.col("errors").sum())
    return summed.sort("errors", *by, descending=[True, *[False] * len(by)]).head(number)


def _cell(count: int, most: int) -> HeatCell:
    if not count:
        return HeatCell("", 0)
    return HeatCell(f"{count:,}", sum(count > share * most for share in _SHADES))
