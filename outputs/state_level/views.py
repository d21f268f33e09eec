"""The views that a rule of state scope asks, as temporary tables of a cursor: only the children being compared, only the
columns that a rule names.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import duckdb
import polars as pl

from schemas.across_files import AcrossRule
from schemas.across_views import CALENDAR_COLUMNS, IDENTITY_COLUMNS, STATEWIDE
from schemas.business_days import add_business_days
from schemas.clock import end_of_day
from schemas.dictionary import ID_BATCH, Dictionary

# Section 167.020, RSMo: business days to ask for the records of a student who came, and to answer.
REQUEST_DAYS, ANSWER_DAYS = 2, 5
# What a finding says of its own record.
PLACE_COLUMNS = ("local_student_id", "reporting_school_code")
# Enrolment, graduation and transfers are compared over this year and the years before it.
_YEARS_BACK = 2
_RECENT_DAYS = 420
_FIRST_MONTH = 7  # of a school year
_SECOND = timedelta(seconds=1)


def make_views(
    cursor: duckdb.DuckDBPyConnection, rules: Sequence[AcrossRule], dictionary: Dictionary, today: date
) -> list[str]:
    """Make every view that one of the rules names; the layouts that are compared.

    Needs ``standing_file``, ``changed_file``, ``compared_child`` and ``compared_number``.
    """
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE statewide_file AS
        SELECT * FROM standing_file WHERE layout = ? OR collection__school_year IS NULL OR collection__school_year >= (
            SELECT max(collection__school_year) FROM standing_file WHERE layout <> ?
        ) - {_YEARS_BACK}
        """,
        [ID_BATCH, ID_BATCH],
    )
    text = "\n".join(rule.sql for rule in rules)
    named = {name for rule in rules for name in rule.views}
    layouts = [name for name in dictionary.layout_names if f"{STATEWIDE}_{name}" in named]
    fields = {name for rule in rules for name in rule.fields}
    for layout in layouts:
        _make_records(cursor, layout, text, fields)
    _make_places(cursor, layouts)
    _make_identity(cursor, text, layouts)
    _make_calendar(cursor, dictionary)
    _make_days(cursor, today)
    return layouts


def _make_records(cursor: duckdb.DuckDBPyConnection, layout: str, text: str, fields: Iterable[str]) -> None:
    """Stored records of the children, under the number valid today; and, of files that are new, those without a number."""
    stored = [
        name
        for (name,) in cursor.execute(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = 'state' AND schema_name = 'collection' "
            "AND table_name = ? ORDER BY column_index",
            [layout],
        ).fetchall()
    ]
    keys = {"submission_id", "line_number", "district_code", "state_id"}
    wanted = [
        name
        for name in stored
        if name not in keys and (name in PLACE_COLUMNS or name in fields or re.search(rf"\b{name}\b", text))
    ]
    if "submitted_state_id" in stored and "submitted_state_id" not in wanted:
        wanted.append("submitted_state_id")
    columns = "".join(f', record."{name}"' for name in wanted)
    head = (
        "record.submission_id, record.line_number, file.district_code, file.trial__school_code, file.collection__version, "
        "file.collection__school_year, file.collection__cycle"
    )
    table = f'state.collection."{layout}" AS record JOIN statewide_file AS file USING (submission_id)'
    moved = "state.identity.moved_line"
    same_line = "moved.submission_id = record.submission_id AND moved.line_number = record.line_number"
    nameless = (
        "AND record.submitted_state_id IS NOT NULL AND record.submission_id IN (SELECT submission_id FROM changed_file)"
        if "submitted_state_id" in stored
        else "AND false"
    )
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {STATEWIDE}_{layout} AS
        SELECT {head}, number.state_id{columns}
        FROM {table} JOIN compared_number AS number ON number.number = record.state_id
        ANTI JOIN {moved} AS moved ON {same_line}
        UNION ALL
        SELECT {head}, number.state_id{columns}
        FROM {moved} AS moved JOIN state.collection."{layout}" AS record ON {same_line}
        JOIN statewide_file AS file ON file.submission_id = record.submission_id
        JOIN compared_number AS number ON number.number = moved.state_id
        UNION ALL
        SELECT {head}, NULL{columns}
        FROM {table} WHERE record.state_id IS NULL {nameless}
        """
    )


def _make_places(cursor: duckdb.DuckDBPyConnection, layouts: Sequence[str]) -> None:
    """``record_place``: of every record in the views its child, local ID and school."""
    parts = " UNION ALL ".join(
        f"SELECT submission_id, line_number, state_id, {', '.join(PLACE_COLUMNS)} FROM {STATEWIDE}_{layout}"
        for layout in layouts
    )
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW record_place AS {parts}")


def _make_identity(cursor: duckdb.DuckDBPyConnection, text: str, layouts: Sequence[str]) -> None:
    needed = ("district_code", "school_code", "local_student_id", "source_submission_id", "source_line", "last_seen_at")
    columns = [name for name in IDENTITY_COLUMNS if name in needed or re.search(rf"\b{name}\b", text)]
    listed = "".join(f", record.{name}" for name in columns if name != "state_id")
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE identity_record AS
        SELECT number.state_id{listed}
        FROM state.identity.record AS record JOIN compared_number AS number ON number.number = record.state_id
        """
    )
    sent = " UNION ".join(
        f"SELECT submitted_state_id AS number FROM {STATEWIDE}_{layout} "
        "WHERE submitted_state_id IS DISTINCT FROM state_id AND submitted_state_id IS NOT NULL"
        for layout in layouts
    )
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE identity_student AS
        SELECT student.state_id, student.status, student.merged_into
        FROM state.identity.student AS student
        SEMI JOIN ({sent} UNION SELECT state_id FROM compared_child) AS sent ON sent.number = student.state_id
        """
    )


def _make_calendar(cursor: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    rows = [
        (each.version, each.layout, each.school_year, each.cycle, each.title, each.count_date, each.window_opens, each.due_date)
        for each in dictionary.collections
    ]  # fmt: skip
    kinds = {"VARCHAR": pl.String, "INTEGER": pl.Int32, "DATE": pl.Date}
    incoming_calendar = pl.DataFrame(  # noqa: F841 (query)
        rows, schema={name: kinds[kind] for name, kind in CALENDAR_COLUMNS.items()}, orient="row"
    )
    cursor.execute("CREATE OR REPLACE TEMP TABLE calendar AS SELECT * FROM incoming_calendar")


def _make_days(cursor: duckdb.DuckDBPyConnection, today: date) -> None:
    """``today``, and ``records_request``: for every day of the last year what section 167.020 makes of it.

    The school year of today is the one that districts report for: the latest of their files. ID batches are taken in any.
    """
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE today AS SELECT ?::DATE AS day, coalesce("
        "(SELECT max(collection__school_year) FROM standing_file WHERE layout <> ?), ?)::INTEGER AS school_year",
        [today, ID_BATCH, today.year + (today.month >= _FIRST_MONTH)],
    )
    days = [today - timedelta(days=back) for back in range(_RECENT_DAYS)]
    ends = [end_of_day(day) + _SECOND for day in days]
    incoming_days = pl.DataFrame(  # noqa: F841 (query)
        {
            "begins_at": [end_of_day(day - timedelta(days=1)) + _SECOND for day in days],
            "ends_at": ends,
            "request_by": [add_business_days(day, REQUEST_DAYS) for day in days],
            "answer_by": [add_business_days(add_business_days(day, REQUEST_DAYS), ANSWER_DAYS) for day in days],
        }
    )
    cursor.execute("CREATE OR REPLACE TEMP TABLE records_request AS SELECT * FROM incoming_days")
