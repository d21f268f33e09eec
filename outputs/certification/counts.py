"""What a submission holds, counted by school and grade, and the short hash by which a signed certificate names its rows."""

from collections.abc import Collection as Names
from collections.abc import Mapping, Sequence

import duckdb
import polars as pl

from outputs.store import table_columns

# The school and the grade that a record is counted under, by layout; the first of these that the table has.
SCHOOL_COLUMNS = ("reporting_school_code", "current_school_code", "school_code", "attending_school_code")
GRADE_COLUMNS = ("grade", "grade_level")
COUNT_SCHEMA = {
    "submission_id": pl.String(), "school_code": pl.String(), "grade": pl.String(), "records": pl.Int64(),
}  # fmt: skip


def first_of(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of some names that a table has."""
    return next((name for name in names if name in columns), None)


def count_by_school(con: duckdb.DuckDBPyConnection, layouts: Mapping[str, Names[str]]) -> pl.DataFrame:
    """Records by submission, school and grade (COUNT_SCHEMA, sorted); blank where the layout or the record has none.

    Args:
        layouts: layout -> submissions of it.
    """
    parts = [_count_layout(con, layout, names) for layout, names in sorted(layouts.items()) if names]
    return pl.concat([pl.DataFrame(schema=COUNT_SCHEMA), *parts]).sort("submission_id", "school_code", "grade")


def _count_layout(con: duckdb.DuckDBPyConnection, layout: str, names: Names[str]) -> pl.DataFrame:
    columns = table_columns(con, "collection", layout)
    school, grade = (
        f"coalesce(CAST(\"{name}\" AS VARCHAR), '')" if name else "''"
        for name in (first_of(columns, SCHOOL_COLUMNS), first_of(columns, GRADE_COLUMNS))
    )
    return con.sql(
        f"SELECT submission_id, {school} AS school_code, {grade} AS grade, count(*) AS records "
        f'FROM collection."{layout}" WHERE list_contains(?, submission_id) GROUP BY ALL',
        params=[sorted(names)],
    ).pl()


def form_hashes(con: duckdb.DuckDBPyConnection, layouts: Mapping[str, Names[str]]) -> dict[str, str]:
    """What a district signs: submission -> sha256 over the hash of its bytes, the dictionary that read them, and the line and
    state ID of each accepted record, in order of line.

    Everything else in an accepted row follows from these, so two files with one hash have the same rows.
    """
    found: dict[str, str] = {}
    for layout, names in sorted(layouts.items()):
        state_id = "state_id" if "state_id" in table_columns(con, "collection", layout) else "''"
        rows = con.execute(
            f"""
            SELECT submission_id, sha256(concat_ws(
                chr(10), file.sha256, file.dictionary_version,
                string_agg(line_number || ',' || coalesce({state_id}, ''), chr(10) ORDER BY line_number)
            ))
            FROM collection."{layout}" JOIN intake.submission AS file USING (submission_id)
            WHERE list_contains(?, submission_id)
            GROUP BY submission_id, file.sha256, file.dictionary_version
            """,
            [sorted(names)],
        ).fetchall()
        found |= dict(rows)
    return found
