"""Makes what rules across files ask (rule_book/README.md), for as long as some files are judged.

Only what the rules at hand name is copied into temporary tables: the layouts, columns and children they compare. So a small
file costs little beside a large registry, and a file of a layout without such rules costs nothing. The views themselves are
written before each query as named parts of it.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import duckdb
import polars as pl

from outputs.across_files.comparisons import Comparisons
from schemas.across_files import AcrossRule
from schemas.across_views import (
    COMMON_VIEWS,
    ELSEWHERE_FAMILIES,
    IDENTITY_COLUMNS,
    JUDGED,
    RECORD_FAMILIES,
    RECORD_KEYS,
    STUDENT_COLUMNS,
)

# The number that came out for a record when it was stored, as its other violations have it.
STORED_ID = "stored_state_id"
_FILE, _FORWARD, _CHILD, _HIT = "across_file", "across_forward", "across_child", "across_hit"
_LONGEST_CHAIN = 100
_CONDITIONS = {
    "judged": "is_judged",
    "standing": "is_own AND is_standing",
    "certified": "is_own AND is_certified",
    "elsewhere_standing": "NOT is_own AND is_standing",
    "elsewhere_certified": "NOT is_own AND is_certified",
}
# Files that count now; a pilot's count for nobody but themselves. Beside a certified file its newer trial stands.
_FILES = f"""
    CREATE TEMP TABLE calendar AS SELECT * FROM days;
    CREATE TEMP TABLE {_FILE} AS
    WITH judged AS (
        SELECT file.submission_id, file.district_code, calendar.collection__school_year AS year
        FROM intake.submission AS file SEMI JOIN judged_ids USING (submission_id)
        JOIN calendar ON calendar.collection__version = file.collection_version
    ), files AS (
        SELECT file.submission_id, file.district_code, file.school_code AS trial__school_code, calendar.layout,
               calendar.collection__version, calendar.collection__school_year, calendar.collection__cycle,
               file.accepted_count AS record_count, file.status = 'certified' AS is_certified,
               coalesce(file.is_pilot, false) AS is_pilot,
               file.submission_id IN (SELECT submission_id FROM judged) AS is_judged,
               file.status = 'trial' OR NOT bool_or(file.status = 'trial') OVER (
                   PARTITION BY file.district_code, file.school_code, file.collection_version
               ) AS is_standing
        FROM intake.submission AS file JOIN calendar ON calendar.collection__version = file.collection_version
        WHERE file.status IN ('trial', 'certified')
          -- A lookup is of no school year (its cycle is empty): it is compared with every year.
          AND (calendar.collection__cycle = '' OR calendar.collection__school_year BETWEEN
               (SELECT min(year) FROM judged) - 1 AND (SELECT max(year) FROM judged))
    )
    SELECT * EXCLUDE (is_pilot, is_standing, is_certified),
           is_standing AND NOT is_pilot AS is_standing, is_certified AND NOT is_pilot AS is_certified,
           district_code IN (SELECT district_code FROM judged) AS is_own
    FROM files
"""
_PLACES = f"""
    SELECT layout, min(district_code) FILTER (is_own), max(district_code) FILTER (is_own),
           count_if(NOT is_own AND (is_standing OR is_certified)) > 0
    FROM {_FILE} GROUP BY layout
"""
# Numbers that were merged into others, with the one that is valid now.
_FORWARDS = f"""
    CREATE TEMP TABLE {_FORWARD} AS
    WITH RECURSIVE merged AS MATERIALIZED (
        SELECT state_id, merged_into FROM identity.student WHERE status = 'merged' AND merged_into IS NOT NULL
    ), chain AS (
        SELECT state_id, merged_into AS valid_id, 1 AS steps FROM merged
        UNION ALL
        SELECT chain.state_id, next.merged_into, chain.steps + 1
        FROM chain JOIN merged AS next ON next.state_id = chain.valid_id
        WHERE chain.steps < {_LONGEST_CHAIN}
    )
    SELECT state_id, arg_max(valid_id, steps) AS valid_id FROM chain GROUP BY state_id
"""
# Stored lines of the children elsewhere, by the number they have or had; rows are found first, their columns read afterwards.
_HITS = f"""
    CREATE OR REPLACE TEMP TABLE {_HIT} AS
    WITH number AS (
        SELECT state_id FROM {_CHILD}
        UNION SELECT state_id FROM {_FORWARD} WHERE valid_id IN (SELECT state_id FROM {_CHILD})
    )
    SELECT record.rowid AS row FROM collection."%s" AS record WHERE record.state_id IN (SELECT state_id FROM number)
      AND record.district_code NOT IN (SELECT district_code FROM {_FILE} WHERE is_own)
    UNION
    SELECT record.rowid FROM collection."%s" AS record
    JOIN (SELECT submission_id, line_number FROM identity.moved_line WHERE state_id IN (SELECT state_id FROM number)) AS moved
      ON moved.submission_id = record.submission_id AND moved.line_number = record.line_number
"""
_COMMON = {
    "standing_file": f"SELECT * FROM {_FILE} WHERE is_own AND is_standing",
    "certified_file": f"SELECT * FROM {_FILE} WHERE is_own AND is_certified",
    "statewide_file": f"SELECT * FROM {_FILE} WHERE is_standing OR is_certified",
    "identity_student": f"SELECT {', '.join(STUDENT_COLUMNS)} FROM identity.student",
    "identity_record": f"SELECT {', '.join(IDENTITY_COLUMNS)} FROM identity.record",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where files of a layout were sent from: first and last code of the judged districts, whether others sent any."""

    first: str | None
    last: str | None
    is_elsewhere: bool


@contextmanager
def across_tables(
    con: duckdb.DuckDBPyConnection,
    submission_ids: Collection[str],
    rules: Sequence[AcrossRule],
    comparisons: Comparisons,
    shown: Collection[str] = (),
) -> Iterator[None]:
    """Copies of all that some rules name, about some files; gone afterwards.

    Args:
        submission_ids: the files to be judged; stored, trial or certified.
        shown: fields that are copied beside those that the rules name, where a layout has them.
    """
    names = frozenset(name for rule in rules for name in rule.views)
    layouts = _families_by_layout(names)
    words = {*re.findall(r"\w+", "\n".join(rule.sql for rule in rules)), *shown}
    fields = {layout: [name for name in comparisons.fields[layout] if name in words] for layout in layouts}
    days = comparisons.calendar  # noqa: F841 (query)
    judged_ids = pl.DataFrame({"submission_id": sorted(submission_ids)}, schema={"submission_id": pl.String})  # noqa: F841
    try:
        con.execute(_FILES)
        if layouts:
            con.execute(_FORWARDS)
            _copy_records(con, layouts, fields)
        yield
    finally:
        tables = ("calendar", _FILE, _FORWARD, _CHILD, _HIT, *(table_of(layout) for layout in layouts))
        # After a failure the transaction is dead, and its rollback takes them along.
        with suppress(duckdb.Error):
            con.execute("; ".join(f"DROP TABLE IF EXISTS temp.{name}" for name in tables))


def with_views(rule: AcrossRule, collection_version: str) -> str:
    """``WITH`` and the views that a rule names, for a query to follow; the judged files are those of one collection."""
    of_collection = f"is_judged AND collection__version = {_quoted(collection_version)}"
    parts = {"judged_file": f"SELECT * FROM {_FILE} WHERE {of_collection}"}
    for layout, families in _families_by_layout(rule.views).items():
        for family in sorted(families):
            condition = of_collection if family == JUDGED else _CONDITIONS[family]
            parts[f"{family}_{layout}"] = f"SELECT * FROM {table_of(layout)} WHERE {condition}"
    parts |= {name: _COMMON[name] for name in sorted(rule.views & _COMMON.keys())}
    return "WITH " + ", ".join(f"{name} AS NOT MATERIALIZED ({query})" for name, query in parts.items())


def table_of(layout: str) -> str:
    """The temporary table that the views of a layout show parts of."""
    return f"across_{layout}"


def _families_by_layout(names: Collection[str]) -> dict[str, set[str]]:
    """Layout -> families of views that are named; views that are not of a layout are left out."""
    found: dict[str, set[str]] = {}
    for name in sorted(set(names) - COMMON_VIEWS.keys()):
        family = next(each for each in sorted(RECORD_FAMILIES, key=len, reverse=True) if name.startswith(f"{each}_"))
        found.setdefault(name.removeprefix(f"{family}_"), set()).add(family)
    return found


def _copy_records(
    con: duckdb.DuckDBPyConnection, layouts: Mapping[str, set[str]], fields: Mapping[str, Sequence[str]]
) -> None:
    places = {layout: _Place(*found) for layout, *found in con.execute(_PLACES).fetchall()}
    for layout, families in layouts.items():
        _copy_own(con, layout, families, fields[layout], places.get(layout))
    elsewhere = [
        layout
        for layout, families in layouts.items()
        if families & ELSEWHERE_FAMILIES and layout in places and places[layout].is_elsewhere
    ]
    if elsewhere:
        _name_children(con, layouts)
    for layout in elsewhere:
        _copy_elsewhere(con, layout, layouts[layout], fields[layout])


def _copied(layout: str, fields: Collection[str]) -> str:
    """Records of a layout with what their file says and the number that is valid today; to be filtered by file."""
    listed = "".join(f', record."{name}"' for name in fields)
    keys = "".join(f", file.{name}" for name in RECORD_KEYS if "__" in name)
    return f"""
        SELECT record.submission_id, record.line_number, record.district_code{keys},
               coalesce(forward.valid_id, moved.state_id, record.state_id) AS state_id{listed},
               record.state_id AS {STORED_ID}, file.is_judged, file.is_own, file.is_standing, file.is_certified
        FROM collection."{layout}" AS record
        JOIN {_FILE} AS file ON file.submission_id = record.submission_id
        LEFT JOIN identity.moved_line AS moved
          ON moved.submission_id = record.submission_id AND moved.line_number = record.line_number
        LEFT JOIN {_FORWARD} AS forward ON forward.state_id = coalesce(moved.state_id, record.state_id)
    """


def _copy_own(
    con: duckdb.DuckDBPyConnection, layout: str, families: set[str], fields: Collection[str], place: _Place | None
) -> None:
    """Records of the judged districts. Codes are given as a range, too: records of a district stand together."""
    wanted = " OR ".join(sorted({_CONDITIONS[family] for family in families - ELSEWHERE_FAMILIES})) or "is_judged"
    if place is None or place.first is None or place.last is None:
        condition = "false"
    else:
        condition = f"record.district_code BETWEEN {_quoted(place.first)} AND {_quoted(place.last)}"
    con.execute(
        f"CREATE TEMP TABLE {table_of(layout)} AS {_copied(layout, fields)} WHERE file.is_own AND ({wanted}) AND {condition}"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name_children(con: duckdb.DuckDBPyConnection, layouts: Collection[str]) -> None:
    """The valid numbers of the children in the judged files."""
    source = " UNION ALL ".join(
        f"SELECT state_id FROM {table_of(layout)} WHERE is_judged AND state_id IS NOT NULL" for layout in layouts
    )
    con.execute(f"CREATE TEMP TABLE {_CHILD} AS SELECT DISTINCT state_id FROM ({source})")


def _copy_elsewhere(con: duckdb.DuckDBPyConnection, layout: str, families: set[str], fields: Collection[str]) -> None:
    """Records of the judged children in other districts."""
    wanted = " OR ".join(sorted({_CONDITIONS[family] for family in families & ELSEWHERE_FAMILIES}))
    con.execute(_HITS % (layout, layout))
    con.execute(
        f"INSERT INTO {table_of(layout)} {_copied(layout, fields)} JOIN {_HIT} AS hit ON hit.row = record.rowid "
        f"WHERE ({wanted}) AND coalesce(forward.valid_id, moved.state_id, record.state_id) IN (SELECT state_id FROM {_CHILD})"
    )
