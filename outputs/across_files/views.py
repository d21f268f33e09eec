"""Makes the views that rules across files ask (rule_book/README.md), for as long as some files are judged.

Only what the rules at hand name is copied into temporary tables: the layouts, columns and children they compare. So a small
file costs little beside a large registry, and a file of a layout without such rules costs nothing.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import polars as pl

from schemas.across_files import AcrossRule
from schemas.across_views import (
    CERTIFIED,
    COMMON_VIEWS,
    ELSEWHERE_FAMILIES,
    IDENTITY_COLUMNS,
    JUDGED,
    RECORD_FAMILIES,
    RECORD_KEYS,
    STUDENT_COLUMNS,
)

_FILE = "across_file"
_FORWARD = "across_forward"
_CHILD = "across_child"
_CONDITIONS = {
    "judged": "is_judged",
    "standing": "is_own AND is_standing",
    "certified": "is_own AND is_certified",
    "elsewhere_standing": "NOT is_own AND is_standing",
    "elsewhere_certified": "NOT is_own AND is_certified",
}
# Files that count now; a pilot's count for nobody but themselves. Beside a certified file its newer trial stands.
_FILES = f"""
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
# Numbers that were merged into others, with the one that is valid now.
_FORWARDS = f"""
    CREATE TEMP TABLE {_FORWARD} AS
    WITH RECURSIVE chain AS (
        SELECT state_id, merged_into AS valid_id, 1 AS steps FROM identity.student
        WHERE status = 'merged' AND merged_into IS NOT NULL
        UNION ALL
        SELECT chain.state_id, next.merged_into, chain.steps + 1
        FROM chain JOIN identity.student AS next ON next.state_id = chain.valid_id
        WHERE next.status = 'merged' AND next.merged_into IS NOT NULL AND chain.steps < 100
    )
    SELECT state_id, arg_max(valid_id, steps) AS valid_id FROM chain GROUP BY state_id
"""


@dataclass(frozen=True)
class Views:
    """The views while they exist; ``for_collection`` says whose records are the judged ones."""

    con: duckdb.DuckDBPyConnection
    names: frozenset[str]

    def for_collection(self, collection_version: str) -> None:
        """Let the judged views hold the files of one collection."""
        version = collection_version.replace("'", "''")
        for name in sorted(self.names):
            family, _, layout = name.partition("_")
            if family == JUDGED:
                source = _FILE if layout == "file" else _table(layout)
                self.con.execute(
                    f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM {source} "
                    f"WHERE is_judged AND collection__version = '{version}'"
                )


@contextmanager
def across_views(
    con: duckdb.DuckDBPyConnection,
    submission_ids: Collection[str],
    rules: Sequence[AcrossRule],
    calendar: pl.DataFrame,
    children: Collection[str] | None = None,
) -> Iterator[Views]:
    """The views that some rules name, about some files; gone afterwards.

    Args:
        submission_ids: the files to be judged; stored, trial or certified.
        calendar: ``Comparisons.calendar``.
        children: only records of these children are copied; every child of the judged files where none is named.
    """
    names = frozenset(name for rule in rules for name in rule.views) | {"judged_file"}
    text = "\n".join(rule.sql for rule in rules)
    judged_ids = pl.DataFrame({"submission_id": sorted(submission_ids)}, schema={"submission_id": pl.String})  # noqa: F841
    made: list[str] = []
    try:
        made += ["TABLE calendar", f"TABLE {_FILE}"]
        con.execute("CREATE TEMP TABLE calendar AS SELECT * FROM calendar")
        con.execute(_FILES)
        layouts = _families_by_layout(names)
        if layouts:
            made.append(f"TABLE {_FORWARD}")
            con.execute(_FORWARDS)
        for layout, families in layouts.items():
            made.append(f"TABLE {_table(layout)}")
            _copy_own(con, layout, families, text, children)
        elsewhere = {layout: families for layout, families in layouts.items() if families & ELSEWHERE_FAMILIES}
        if elsewhere:
            made.append(f"TABLE {_CHILD}")
            _name_children(con, layouts, children)
            for layout, families in elsewhere.items():
                _copy_elsewhere(con, layout, families, text)
        made += _make_views(con, names, calendar)
        yield Views(con, names)
    finally:
        _drop(con, [*made, *(f"VIEW {name}" for name in names if name.startswith(f"{JUDGED}_"))])


def _drop(con: duckdb.DuckDBPyConnection, made: Sequence[str]) -> None:
    """Views first; after a failure the transaction is dead and its rollback takes them along."""
    try:
        for each in sorted(made, reverse=True):
            kind, _, name = each.partition(" ")
            con.execute(f"DROP {kind} IF EXISTS {name}")
    except duckdb.Error:
        pass


def _table(layout: str) -> str:
    return f"across_{layout}"


def _families_by_layout(names: Collection[str]) -> dict[str, set[str]]:
    """Layout -> families of views that are named; views that are not of a layout are left out."""
    found: dict[str, set[str]] = {}
    for name in sorted(names - COMMON_VIEWS.keys()):
        family = next(each for each in sorted(RECORD_FAMILIES, key=len, reverse=True) if name.startswith(f"{each}_"))
        found.setdefault(name.removeprefix(f"{family}_"), set()).add(family)
    return found


def _columns(con: duckdb.DuckDBPyConnection, layout: str, text: str) -> list[str]:
    """Fields of a layout that any of the queries names, in table order."""
    found = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() "
        "AND schema_name = 'collection' AND table_name = ? ORDER BY column_index",
        [layout],
    ).fetchall()
    words = set(re.findall(r"\w+", text))
    return [name for (name,) in found if name not in RECORD_KEYS and name in words]


def _copied(con: duckdb.DuckDBPyConnection, layout: str, text: str) -> str:
    """Records of a layout with what their file says and the number that is valid today; to be filtered by file."""
    fields = "".join(f', record."{name}"' for name in _columns(con, layout, text))
    return f"""
        SELECT record.submission_id, record.line_number, record.district_code, file.trial__school_code,
               file.collection__version, file.collection__school_year, file.collection__cycle,
               coalesce(forward.valid_id, moved.state_id, record.state_id) AS state_id{fields},
               file.is_judged, file.is_own, file.is_standing, file.is_certified
        FROM collection."{layout}" AS record
        JOIN {_FILE} AS file ON file.submission_id = record.submission_id
        LEFT JOIN identity.moved_line AS moved
          ON moved.submission_id = record.submission_id AND moved.line_number = record.line_number
        LEFT JOIN {_FORWARD} AS forward ON forward.state_id = coalesce(moved.state_id, record.state_id)
    """


def _copy_own(
    con: duckdb.DuckDBPyConnection, layout: str, families: set[str], text: str, children: Collection[str] | None
) -> None:
    wanted = " OR ".join(sorted({_CONDITIONS[family] for family in families - ELSEWHERE_FAMILIES})) or "is_judged"
    condition = f"file.is_own AND ({wanted})"
    if children is not None:
        named = pl.DataFrame({"state_id": sorted(children)}, schema={"state_id": pl.String})  # noqa: F841 (query)
        condition += " AND coalesce(forward.valid_id, moved.state_id, record.state_id) IN (SELECT state_id FROM named)"
    con.execute(f"CREATE TEMP TABLE {_table(layout)} AS {_copied(con, layout, text)} WHERE {condition}")


def _name_children(con: duckdb.DuckDBPyConnection, layouts: Collection[str], children: Collection[str] | None) -> None:
    """The valid numbers of the children in the judged files."""
    if children is not None:
        named = pl.DataFrame({"state_id": sorted(children)}, schema={"state_id": pl.String})  # noqa: F841 (query)
        source = "SELECT state_id FROM named"
    else:
        source = " UNION ALL ".join(
            f"SELECT state_id FROM {_table(layout)} WHERE is_judged AND state_id IS NOT NULL" for layout in layouts
        )
    con.execute(f"CREATE TEMP TABLE {_CHILD} AS SELECT DISTINCT state_id FROM ({source})")


def _copy_elsewhere(con: duckdb.DuckDBPyConnection, layout: str, families: set[str], text: str) -> None:
    wanted = " OR ".join(sorted({_CONDITIONS[family] for family in families & ELSEWHERE_FAMILIES}))
    con.execute(
        f"INSERT INTO {_table(layout)} {_copied(con, layout, text)} WHERE ({wanted}) "
        f"AND coalesce(forward.valid_id, moved.state_id, record.state_id) IN (SELECT state_id FROM {_CHILD})"
    )


def _make_views(con: duckdb.DuckDBPyConnection, names: Collection[str], calendar: pl.DataFrame) -> list[str]:
    """Every view but the judged ones; what was made, with its kind."""
    made = []
    for layout, families in _families_by_layout(names).items():
        for family in sorted(families - {JUDGED}):
            con.execute(
                f"CREATE TEMP VIEW {family}_{layout} AS SELECT * FROM {_table(layout)} WHERE {_CONDITIONS[family]}"
            )
            made.append(f"VIEW {family}_{layout}")
    common = {
        "standing_file": f"SELECT * FROM {_FILE} WHERE is_own AND is_standing",
        "certified_file": f"SELECT * FROM {_FILE} WHERE is_own AND {_CONDITIONS[CERTIFIED]}",
        "statewide_file": f"SELECT * FROM {_FILE} WHERE is_standing OR is_certified",
        "identity_student": f"SELECT {', '.join(STUDENT_COLUMNS)} FROM identity.student",
        "identity_record": f"SELECT {', '.join(IDENTITY_COLUMNS)} FROM identity.record",
    }
    for name in sorted(names & common.keys()):
        con.execute(f"CREATE TEMP VIEW {name} AS {common[name]}")
        made.append(f"VIEW {name}")
    return made
