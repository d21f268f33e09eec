"""What is known of the child behind a number, record by record, and which later lines say the same."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from matching.corrections.change import Line
from matching.corrections.lines import StoredLine, layout_columns

# Columns that a stored record shares with what is known of a child; nothing else says whose record it is.
_SHARED = ("local_student_id", "last_name", "first_name", "middle_name", "suffix", "birth_date", "gender")
_ENOUGH = ({"local_student_id"}, {"last_name", "first_name", "birth_date"})


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """One version of identifying data, without the data.

    Args:
        own_id: the number it stands under; of a merged number, that one.
        likeness: records with the same letter have the same last name, first name and birth date.
    """

    submission_id: str
    line_number: int
    own_id: str
    district_code: str
    school_code: str | None
    local_student_id: str | None
    grade: str | None
    first_school_year: int
    last_school_year: int
    first_seen_at: datetime
    likeness: str

    @property
    def key(self) -> Line:
        return self.submission_id, self.line_number

    @property
    def evidence(self) -> tuple[datetime, int, str, int]:
        """What sorts first is the earlier evidence."""
        return self.first_seen_at, self.first_school_year, self.submission_id, self.line_number


def load_records(con: duckdb.DuckDBPyConnection, state_ids: Collection[str]) -> list[KnownRecord]:
    """Every record of these numbers, the earliest evidence first."""
    rows = con.execute(
        """
        SELECT source_submission_id, source_line, state_id, district_code, school_code, local_student_id, grade,
               first_school_year, last_school_year, first_seen_at,
               dense_rank() OVER (ORDER BY last_name_key, first_name_key, birth_date) AS likeness
        FROM identity.record WHERE state_id IN (SELECT unnest(?))
        ORDER BY first_seen_at, first_school_year, source_submission_id, source_line
        """,
        [sorted(state_ids)],
    ).fetchall()
    return [KnownRecord(*(*row[:-1], _letter(row[-1]))) for row in rows]


def _letter(number: int) -> str:
    return chr(ord("A") + number - 1) if number <= 26 else f"#{number}"


def records_of_lines(
    con: duckdb.DuckDBPyConnection, lines: Iterable[StoredLine], records: Sequence[KnownRecord]
) -> Mapping[Line, set[Line]]:
    """For each line, the records whose data it could have brought: its own, else those that say the same, else none.

    Only collections keep what was sent; a line of an ID batch or of a replaced file is known by its district alone.
    """
    known = {record.key for record in records}
    found: dict[Line, set[Line]] = {}
    later: dict[str, list[StoredLine]] = {}
    for line in lines:
        if line.key in known:
            found[line.key] = {line.key}
        else:
            for layout in line.layouts:
                later.setdefault(layout, []).append(line)
    for layout, stored in later.items():
        for key, record in _same_data(con, layout, stored, known):
            found.setdefault(key, set()).add(record)
    return found


def _same_data(
    con: duckdb.DuckDBPyConnection, layout: str, lines: Sequence[StoredLine], records: Collection[Line]
) -> list[tuple[Line, Line]]:
    shared = [name for name in _SHARED if name in layout_columns(con, layout)]
    if not any(enough <= set(shared) for enough in _ENOUGH):
        return []
    agree = " AND ".join(f"stored.{name} IS NOT DISTINCT FROM record.{name}" for name in shared)
    rows = con.execute(
        f"""
        SELECT stored.submission_id, stored.line_number, record.source_submission_id, record.source_line
        FROM collection."{layout}" AS stored
        JOIN identity.record AS record ON record.district_code = stored.district_code AND {agree}
        WHERE stored.submission_id || ':' || stored.line_number IN (SELECT unnest($lines))
          AND record.source_submission_id || ':' || record.source_line IN (SELECT unnest($records))
        """,
        {"lines": [_name(line.key) for line in lines], "records": [_name(key) for key in records]},
    ).fetchall()
    return [((row[0], row[1]), (row[2], row[3])) for row in rows]


def _name(key: Line) -> str:
    return f"{key[0]}:{key[1]}"
