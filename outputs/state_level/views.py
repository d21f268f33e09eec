"""The views that a rule of state scope asks, as temporary tables of a cursor: only the children being compared, only the
columns that a rule names.
"""

import re
from collections.abc import Collection, Sequence
from datetime import date, timedelta

import duckdb
import polars as pl

from schemas.across_files import AcrossRule
from schemas.across_views import CALENDAR_COLUMNS, IDENTITY_COLUMNS, SHARED, STATE_FAMILIES, STATEWIDE
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
_KEYS = frozenset({"submission_id", "line_number", "district_code", "state_id"})
_SECOND = timedelta(seconds=1)


def make_views(
    cursor: duckdb.DuckDBPyConnection, rules: Sequence[AcrossRule], dictionary: Dictionary, today: date
) -> dict[str, frozenset[str]]:
    """Make every view that one of the rules names; for each layout the cycles of which the children have records.

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
    named = {name for rule in rules for name in rule.views}
    layouts = [
        name for name in dictionary.layout_names if named & {f"{family}_{name}" for family in STATE_FAMILIES}
    ]  # fmt: skip
    for layout in layouts:
        _find_records(cursor, layout)
        _make_statewide(cursor, layout, rules)
    _find_identity(cursor)
    _find_shared_children(cursor, layouts)
    for layout in layouts:
        _make_shared(cursor, layout, rules)
    _make_places(cursor, layouts)
    _make_identity(cursor, rules, layouts)
    _make_calendar(cursor, dictionary)
    _make_days(cursor, today)
    return {layout: _cycles(cursor, layout) for layout in layouts}


def _cycles(cursor: duckdb.DuckDBPyConnection, layout: str) -> frozenset[str]:
    found = cursor.execute(f"SELECT DISTINCT collection__cycle FROM {STATEWIDE}_{layout}").fetchall()
    return frozenset(cycle for (cycle,) in found)


def _find_records(cursor: duckdb.DuckDBPyConnection, layout: str) -> None:
    """``hit_<layout>``: where the stored records of the children stand (place) and the number valid today.

    Found by their number alone; other columns are read afterwards, of these rows only.
    """
    records = f'state.collection."{layout}" AS record'
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE hit_{layout} AS
        SELECT record.rowid AS place, number.state_id
        FROM {records} JOIN compared_number AS number ON number.number = record.state_id
        """
    )
    if not cursor.execute("SELECT 1 FROM state.identity.moved_line LIMIT 1").fetchall():
        return
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE moved AS
        SELECT record.rowid AS place, number.state_id
        FROM state.identity.moved_line AS moved JOIN {records} USING (submission_id, line_number)
        LEFT JOIN compared_number AS number ON number.number = moved.state_id
        """
    )
    cursor.execute(f"DELETE FROM hit_{layout} WHERE place IN (SELECT place FROM moved)")
    cursor.execute(f"INSERT INTO hit_{layout} SELECT place, state_id FROM moved WHERE state_id IS NOT NULL")


def _make_statewide(cursor: duckdb.DuckDBPyConnection, layout: str, rules: Sequence[AcrossRule]) -> None:
    """Every record of the children; and, of files that are new, those without a number whose StateID was filled."""
    columns = _columns(cursor, layout, STATEWIDE, rules, (*PLACE_COLUMNS, "submitted_state_id"))
    own = f"SELECT record.submission_id, record.line_number, hit.state_id{columns}"
    nameless = ""
    if "submitted_state_id" in columns:
        nameless = f"""
            UNION ALL
            SELECT record.submission_id, record.line_number, NULL{columns} FROM state.collection."{layout}" AS record
            WHERE record.state_id IS NULL AND record.submitted_state_id IS NOT NULL
              AND record.submission_id IN (SELECT submission_id FROM changed_file)
        """
    _make_table(cursor, f"{STATEWIDE}_{layout}", f"{own} {_records_at(layout, f'hit_{layout}')} {nameless}", columns)


def _make_shared(cursor: duckdb.DuckDBPyConnection, layout: str, rules: Sequence[AcrossRule]) -> None:
    """The records of children whom more than one district knows."""
    columns = _columns(cursor, layout, SHARED, rules, ())
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE hit AS SELECT * FROM hit_{layout} SEMI JOIN shared_child USING (state_id)"
    )
    own = f"SELECT record.submission_id, record.line_number, hit.state_id{columns} {_records_at(layout, 'hit')}"
    _make_table(cursor, f"{SHARED}_{layout}", own, columns)


def _records_at(layout: str, hits: str) -> str:
    return f'FROM state.collection."{layout}" AS record JOIN {hits} AS hit ON hit.place = record.rowid'


def _make_table(cursor: duckdb.DuckDBPyConnection, name: str, own: str, columns: str) -> None:
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {name} AS
        WITH own AS MATERIALIZED ({own})
        SELECT record.submission_id, record.line_number, file.district_code, file.trial__school_code,
               file.collection__version, file.collection__school_year, file.collection__cycle, record.state_id{columns}
        FROM own AS record JOIN statewide_file AS file USING (submission_id)
        """
    )


def _columns(
    cursor: duckdb.DuckDBPyConnection, layout: str, family: str, rules: Sequence[AcrossRule], always: Collection[str]
) -> str:
    """The columns that rules name which ask a view: ``, record."a", record."b"``."""
    asking = [rule for rule in rules if f"{family}_{layout}" in rule.views]
    named = _words(asking).union(always, *(rule.fields for rule in asking)) - _KEYS
    stored = [name for name, *_ in cursor.execute(f'DESCRIBE state.collection."{layout}"').fetchall()]
    return "".join(f', record."{name}"' for name in stored if name in named)


def _words(rules: Sequence[AcrossRule]) -> set[str]:
    """Every name that stands in the queries."""
    return {word for rule in rules for word in re.findall(r"\w+", rule.sql)}


def _find_identity(cursor: duckdb.DuckDBPyConnection) -> None:
    """``hit_identity``: place, number and district of the identifying data known of the children.

    What only a pilot's file said of a child, in a district that never sent it to count, is known to nobody.
    """
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE hit AS
        SELECT record.rowid AS place, number.state_id
        FROM state.identity.record AS record JOIN compared_number AS number ON number.number = record.state_id
        """
    )
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE hit_identity AS
        SELECT hit.place, hit.state_id, record.district_code
        FROM state.identity.record AS record JOIN hit ON hit.place = record.rowid
        """
    )
    if not cursor.execute("SELECT 1 FROM state.intake.submission WHERE is_pilot LIMIT 1").fetchall():
        return
    cursor.execute(
        """
        DELETE FROM hit_identity WHERE place IN (
            SELECT record.rowid FROM state.identity.record AS record
            JOIN state.intake.submission AS pilot ON pilot.submission_id = record.source_submission_id
            WHERE pilot.is_pilot AND record.rowid IN (SELECT place FROM hit_identity)
        ) AND (state_id, district_code) NOT IN (
            SELECT (number.state_id, file.district_code)
            FROM state.identity.assignment AS assigned JOIN compared_number AS number ON number.number = assigned.state_id
            JOIN state.intake.submission AS file ON file.submission_id = assigned.submission_id
            WHERE file.is_pilot IS NOT TRUE
        )
        """
    )


def _find_shared_children(cursor: duckdb.DuckDBPyConnection, layouts: Sequence[str]) -> None:
    """``shared_child``: of the children compared, those whom more than one district has sent, in whatever file."""
    records = "".join(f" UNION ALL SELECT state_id, district_code FROM {STATEWIDE}_{layout}" for layout in layouts)
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE shared_child AS
        SELECT state_id FROM (SELECT state_id, district_code FROM hit_identity {records})
        WHERE state_id IS NOT NULL GROUP BY state_id HAVING min(district_code) <> max(district_code)
        """
    )


def _make_places(cursor: duckdb.DuckDBPyConnection, layouts: Sequence[str]) -> None:
    """``record_place``: of every record in the views its child, local ID and school."""
    parts = " UNION ALL ".join(
        f"SELECT submission_id, line_number, state_id, {', '.join(PLACE_COLUMNS)} FROM {STATEWIDE}_{layout}"
        for layout in layouts
    )
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW record_place AS {parts}")


def _make_identity(cursor: duckdb.DuckDBPyConnection, rules: Sequence[AcrossRule], layouts: Sequence[str]) -> None:
    """``identity_record``: of children whom more than one district knows; ``identity_student``: the numbers sent or valid."""
    words = _words(rules)
    needed = ("district_code", "school_code", "local_student_id", "source_submission_id", "source_line", "last_seen_at")
    columns = [name for name in IDENTITY_COLUMNS if name in needed or name in words]
    listed = "".join(f", record.{name}" for name in columns if name != "state_id")
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE hit AS SELECT * FROM hit_identity SEMI JOIN shared_child USING (state_id)"
    )
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE identity_record AS
        SELECT hit.state_id{listed} FROM state.identity.record AS record JOIN hit ON hit.place = record.rowid
        """
    )
    sent = " UNION ".join(
        f"SELECT submitted_state_id AS number FROM {STATEWIDE}_{layout} "
        "WHERE submitted_state_id IS DISTINCT FROM state_id AND submitted_state_id IS NOT NULL"
        for layout in layouts
    )
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE other_number AS {sent}")
    has_others = bool(cursor.execute("SELECT 1 FROM other_number LIMIT 1").fetchall())
    # A number that is valid today is looked up among the few that are not active, not in the whole registry.
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE identity_student AS
        WITH ended AS MATERIALIZED (
            SELECT state_id, status, merged_into FROM state.identity.student WHERE status <> 'active'
        )
        SELECT state_id, coalesce(ended.status, 'active') AS status, ended.merged_into
        FROM compared_child LEFT JOIN ended USING (state_id)
        UNION
        SELECT state_id, status, merged_into FROM state.identity.student
        WHERE {"state_id IN (SELECT number FROM other_number)" if has_others else "false"}
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
