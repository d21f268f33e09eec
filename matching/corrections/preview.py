"""Every row that a correction touches: which table, which line, whose, and what becomes of it.

A preview is the correction itself, carried out in a transaction that is rolled back: it cannot differ from what will be done.
"""

from dataclasses import asdict, dataclass
from typing import Any

import duckdb

REWRITTEN, FOLLOWS, STAYS, READ_AS = "rewritten", "follows", "stays", "read_as"
# What each effect means, for whoever reads the list.
EFFECTS = {
    REWRITTEN: "the row itself gets the new number",
    READ_AS: "the row stays as it was stored; it counts as the new number's from now on",
    FOLLOWS: "the row stays as it was stored; the number in it leads to another one from now on",
    STAYS: "the row keeps its number, and that number is still the child's",
}


@dataclass(frozen=True, slots=True)
class TouchedRow:
    """A stored row of the numbers concerned. No names, and no field more protected than access level 4."""

    table: str
    submission_id: str
    line_number: int
    district_code: str | None
    school_code: str | None
    standing: str | None
    old_state_id: str
    new_state_id: str | None
    effect: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def load_touched_rows(con: duckdb.DuckDBPyConnection, act_number: int, layouts: list[str]) -> list[TouchedRow]:
    """The rows of a correction that was carried out, by table, submission and line.

    Args:
        layouts: those that have a collection table.
    """
    tables = [
        ("identity.record", "source_submission_id AS submission_id, source_line AS line_number", "identity.record"),
        ("identity.assignment", "submission_id, line_number", "identity.assignment"),
        *((f"collection.{layout}", "submission_id, line_number", f'collection."{layout}"') for layout in layouts),
        ("precode.record", "submission_id, line_number", "precode.record WHERE is_included"),
    ]
    places = " UNION ALL ".join(f"SELECT '{name}' AS kind, {key} FROM {table}" for name, key, table in tables)
    rows = con.execute(
        f"""
        SELECT DISTINCT kind, line.submission_id, line.line_number, line.district_code, line.school_code,
               file.status, old_state_id, new_state_id,
               CASE WHEN old_state_id IS NOT DISTINCT FROM new_state_id THEN '{STAYS}'
                    WHEN kind = 'identity.record' AND (is_moved OR was_returned) THEN '{REWRITTEN}'
                    WHEN is_moved OR was_returned THEN '{READ_AS}' ELSE '{FOLLOWS}' END
        FROM (
            SELECT *, (submission_id, line_number) IN (
                SELECT (earlier.submission_id, earlier.line_number)
                FROM identity.correction_line AS earlier JOIN identity.correction AS undone USING (act_number)
                WHERE undone.undone_by = $act AND earlier.is_moved) AS was_returned
            FROM identity.correction_line WHERE act_number = $act) AS line
        JOIN ({places}) AS place USING (submission_id, line_number)
        LEFT JOIN intake.submission AS file USING (submission_id)
        ORDER BY ALL
        """,
        {"act": act_number},
    ).fetchall()
    return [TouchedRow(*row) for row in rows]
