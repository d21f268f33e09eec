"""The stored records behind violations, for the workbook that shows them: only their lines, only the columns it needs."""

from collections.abc import Collection

import duckdb
import polars as pl

from outputs.store import table_columns


def load_records(
    con: duckdb.DuckDBPyConnection, layout: str, lines: pl.DataFrame, columns: Collection[str]
) -> dict[str, pl.DataFrame]:
    """For each submission its records on some lines: ``line_number`` and those of ``columns`` that the table has.

    A submission that was replaced has no records any more, and none is given for it.

    Args:
        lines: submission_id, line_number.
        columns: standard names.
    """
    present = [name for name in table_columns(con, "collection", layout) if name in columns]
    if not present or lines.is_empty():
        return {}
    wanted = lines.unique()  # noqa: F841 (for the query)
    listed = ", ".join(f'"{name}"' for name in present)
    found = con.sql(
        f'SELECT submission_id, line_number, {listed} FROM collection."{layout}" '
        "SEMI JOIN wanted USING (submission_id, line_number)"
    ).pl()
    parts = found.partition_by("submission_id", as_dict=True, include_key=False)
    return {str(name): part for (name,), part in parts.items()}
