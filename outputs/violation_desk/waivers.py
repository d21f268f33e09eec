"""Waivers: violations of a rule that the state lets stand until a day; they cover files that come later, too."""

from datetime import date

import duckdb
import polars as pl

WAIVER_SCHEMA: dict[str, pl.DataType] = {
    **{name: pl.String() for name in ("collection_version", "rule_id", "district_code", "school_code")},
    "until": pl.Date(),
    "waiver_number": pl.Int64(),
}


def standing_waivers(con: duckdb.DuckDBPyConnection, today: date) -> pl.DataFrame:
    """The waivers of whole rules that stand on a day: columns of WAIVER_SCHEMA."""
    return (
        con.sql(
            "SELECT collection_version, rule_id, district_code, school_code, until, waiver_number FROM quality.waiver "
            "WHERE ended_at IS NULL AND until >= ? ORDER BY waiver_number",
            params=[today],
        )
        .pl()
        .cast(pl.Schema(WAIVER_SCHEMA))
    )
