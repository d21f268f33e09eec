"""The stored lines of some numbers: everything that a district sent and that came out with one of them."""

from collections.abc import Collection
from dataclasses import dataclass

import duckdb

# Columns that say where a record stands and who it is about, in every layout that has them.
_SHOWN = ("local_student_id", "reporting_school_code")


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line of a submission.

    Args:
        own_id: the number it carries, after lines were moved, before merged numbers are followed.
        layouts: collections in which the record stands now; none for ID batches and files that were replaced.
    """

    submission_id: str
    line_number: int
    own_id: str
    district_code: str | None
    school_code: str | None
    local_student_id: str | None
    layouts: tuple[str, ...]

    @property
    def key(self) -> tuple[str, int]:
        return self.submission_id, self.line_number


def load_lines(con: duckdb.DuckDBPyConnection, state_ids: Collection[str]) -> list[StoredLine]:
    """Every line that carries one of these numbers, in the order of submission and line."""
    numbers = sorted(state_ids)
    layouts = collection_layouts(con)
    sources = " UNION ALL ".join(_collection_source(con, layout) for layout in layouts)
    rows = con.execute(
        f"""
        WITH carried AS (
            SELECT submission_id, line_number, state_id FROM identity.assignment WHERE state_id IN (SELECT unnest($ids))
            UNION SELECT submission_id, line_number, state_id FROM identity.moved_line WHERE state_id IN (SELECT unnest($ids))
            UNION SELECT source_submission_id, source_line, state_id FROM identity.record
                  WHERE state_id IN (SELECT unnest($ids))
            {f"UNION SELECT submission_id, line_number, state_id FROM ({sources})" if layouts else ""}
        ),
        owned AS (
            SELECT DISTINCT submission_id, line_number, coalesce(moved.state_id, carried.state_id) AS own_id
            FROM carried LEFT JOIN identity.moved_line AS moved USING (submission_id, line_number)
        ),
        stored AS ({sources or _NO_COLLECTION}),
        placed AS (
            SELECT submission_id, line_number, any_value(school_code) AS school_code,
                   any_value(local_student_id) AS local_student_id, list(layout ORDER BY layout) AS layouts
            FROM stored SEMI JOIN owned USING (submission_id, line_number) GROUP BY ALL
        )
        SELECT owned.submission_id, owned.line_number, own_id, coalesce(record.district_code, file.district_code),
               coalesce(placed.school_code, record.school_code), coalesce(placed.local_student_id, record.local_student_id),
               coalesce(layouts, [])
        FROM owned
        LEFT JOIN placed USING (submission_id, line_number)
        LEFT JOIN identity.record AS record
               ON record.source_submission_id = owned.submission_id AND record.source_line = owned.line_number
        LEFT JOIN intake.submission AS file ON file.submission_id = owned.submission_id
        WHERE own_id IN (SELECT unnest($ids))
        ORDER BY 1, 2
        """,
        {"ids": numbers},
    ).fetchall()
    return [StoredLine(*(*row[:-1], tuple(row[-1]))) for row in rows]


_NO_COLLECTION = """SELECT NULL::VARCHAR AS submission_id, NULL::BIGINT AS line_number, NULL::VARCHAR AS state_id,
    NULL::VARCHAR AS school_code, NULL::VARCHAR AS local_student_id, NULL::VARCHAR AS layout WHERE false"""


def collection_layouts(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Layouts that have a collection table."""
    rows = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'state' AND schema_name = 'collection' ORDER BY 1"
    ).fetchall()
    return [layout for (layout,) in rows]


def layout_columns(con: duckdb.DuckDBPyConnection, layout: str) -> set[str]:
    """Column names of a collection table."""
    rows = con.execute(
        "SELECT column_name FROM duckdb_columns() "
        "WHERE database_name = 'state' AND schema_name = 'collection' AND table_name = ?",
        [layout],
    ).fetchall()
    return {column for (column,) in rows}


def _collection_source(con: duckdb.DuckDBPyConnection, layout: str) -> str:
    present = layout_columns(con, layout)
    local_id, school = (name if name in present else "NULL::VARCHAR" for name in _SHOWN)
    return (
        f"SELECT submission_id, line_number, state_id, {school} AS school_code, {local_id} AS local_student_id, "
        f"'{layout}' AS layout FROM collection.\"{layout}\""
        " WHERE state_id IN (SELECT unnest($ids)) OR (submission_id, line_number) IN (SELECT (submission_id, line_number) "
        "FROM identity.moved_line WHERE state_id IN (SELECT unnest($ids)))"
    )
