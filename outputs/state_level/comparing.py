"""Which children the districts have to be compared about: those whose files came or went, whose numbers changed, or for whom
a day has come. Cost follows what changed, not the registry.

Everything is read through a cursor of its own, whose temporary tables go with it.
"""

import csv
import hashlib
from dataclasses import dataclass
from datetime import date

import duckdb

from schemas.across_files import ACROSS_FILE, QUERY_FOLDER, STATE
from schemas.dictionary import DATA_FOLDER, Dictionary

# Files that count now: the trial of a district (or building) and collection, or the certified file where there is no trial; of
# requests and returned worklists each one. A pilot never counts.
STANDING_FILES = """
    SELECT file.submission_id, file.district_code, file.school_code AS trial__school_code, file.layout,
           file.collection_version AS collection__version, file.school_year AS collection__school_year,
           file.cycle AS collection__cycle, file.record_count, file.status = 'certified' AS is_certified
    FROM state.intake.submission AS file
    LEFT JOIN (
        SELECT district_code, school_code, collection_version, submission_id AS newer_id
        FROM state.intake.submission WHERE status = 'trial' AND is_pilot IS NOT TRUE
    ) AS newer
      ON file.status = 'certified' AND newer.district_code = file.district_code
     AND newer.collection_version = file.collection_version
     AND newer.school_code IS NOT DISTINCT FROM file.school_code
    WHERE file.status IN ('trial', 'certified', 'answered', 'decisions')
      AND file.is_pilot IS NOT TRUE AND file.collection_version IS NOT NULL AND newer.newer_id IS NULL
"""
# Events that change whose records are one child's; issued numbers come with a file.
_IDENTITY_EVENTS = "kind NOT IN ('issued', 'imported')"


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed since the last comparison.

    Attributes:
        added, removed: files that count now and did not, or the other way round.
        event_id: the last event of identities that is taken in.
        are_rules_new: the rules are others than last time, so every child is compared.
        is_first: nothing was ever compared.
    """

    added: frozenset[str]
    removed: frozenset[str]
    event_id: int
    are_rules_new: bool
    is_first: bool


def rules_version(dictionary: Dictionary) -> str:
    """A hash of the rules of state scope as they are written; cheap, for it is asked before anything is loaded."""
    digest = hashlib.sha256()
    folders = [folder for folder in (DATA_FOLDER, dictionary.overlay) if folder]
    queries: set[str] = set()
    for folder in folders:
        if (folder / ACROSS_FILE).is_file():
            with (folder / ACROSS_FILE).open(encoding="utf-8-sig", newline="") as file:
                rows = [row for row in csv.DictReader(file) if row["scope"] == STATE]
            digest.update(repr(rows).encode())
            queries.update(row["query"] for row in rows)
    for path in (folder / QUERY_FOLDER / f"{query}.sql" for folder in folders for query in sorted(queries)):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def find_changes(cursor: duckdb.DuckDBPyConnection, today: date, rules_version: str) -> Changes | None:
    """What the next comparison has to take in; null where nothing changed and no day has come.

    Leaves the temporary table ``standing_file`` (the columns of STANDING_FILES) behind.
    """
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE standing_file AS {STANDING_FILES}")
    added, removed = (
        frozenset(name for (name,) in cursor.execute(query).fetchall())
        for query in (
            "SELECT submission_id FROM standing_file EXCEPT SELECT submission_id FROM state.quality.state_compared",
            "SELECT submission_id FROM state.quality.state_compared EXCEPT SELECT submission_id FROM standing_file",
        )
    )
    last = cursor.execute("SELECT event_id, rule_book_version FROM state.quality.state_comparison").fetchall()
    ((event_id,),) = cursor.execute(
        "SELECT coalesce(max(event_id), 0) FROM state.identity.event WHERE event_id >= ?", [last[0][0] if last else 0]
    ).fetchall()
    ((is_due,),) = cursor.execute(
        "SELECT count(*) > 0 FROM state.quality.state_waiting WHERE opens_on <= ?", [today]
    ).fetchall()
    are_rules_new = bool(last) and last[0][1] != rules_version
    if not (added or removed or is_due or are_rules_new or (last and event_id > last[0][0])):
        return None
    return Changes(added, removed, event_id, are_rules_new, not last)


def choose_children(cursor: duckdb.DuckDBPyConnection, changes: Changes, today: date) -> int:
    """Make the temporary tables ``compared_child`` and ``compared_number``; how many children are compared.

    ``compared_child``: state_id, the numbers that are valid today. ``compared_number``: number, state_id: every number that
    leads to one of them.
    """
    cursor.execute("CREATE OR REPLACE TEMP TABLE changed_file (submission_id VARCHAR)")
    _insert_names(cursor, "changed_file", changes.added | changes.removed)
    if changes.are_rules_new:
        cursor.execute("INSERT INTO changed_file SELECT submission_id FROM standing_file")
    # Merged numbers first, by themselves: they are few, and a join with the whole registry would cost more than all the rest.
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE merged AS "
        "SELECT state_id AS number, merged_into FROM state.identity.student WHERE merged_into IS NOT NULL"
    )
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE forward AS
        WITH RECURSIVE step (number, state_id) AS (
            SELECT number, merged_into FROM merged
            UNION
            SELECT step.number, next.merged_into FROM step JOIN merged AS next ON next.number = step.state_id
        )
        SELECT number, state_id FROM step WHERE state_id NOT IN (SELECT number FROM merged)
        """
    )
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE compared_child AS
        WITH touched AS (
            SELECT state_id FROM state.identity.assignment SEMI JOIN changed_file USING (submission_id)
            UNION ALL
            SELECT unnest([state_id, other_state_id]) FROM state.identity.event
            WHERE event_id > coalesce((SELECT max(event_id) FROM state.quality.state_comparison), 0)
              AND {_IDENTITY_EVENTS}
            UNION ALL
            SELECT state_id FROM state.quality.state_waiting
            WHERE opens_on <= ? OR waits_for IN (
                SELECT district_code FROM standing_file SEMI JOIN changed_file USING (submission_id)
            )
        )
        SELECT DISTINCT coalesce(forward.state_id, touched.state_id) AS state_id
        FROM touched LEFT JOIN forward ON forward.number = touched.state_id
        WHERE touched.state_id IS NOT NULL
        """,
        [today],
    )
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE compared_number AS
        SELECT state_id AS number, state_id FROM compared_child
        UNION ALL
        SELECT number, state_id FROM forward SEMI JOIN compared_child USING (state_id)
        """
    )
    ((count,),) = cursor.execute("SELECT count(*) FROM compared_child").fetchall()
    return int(count)


def _insert_names(cursor: duckdb.DuckDBPyConnection, table: str, names: frozenset[str]) -> None:
    cursor.execute(f"INSERT INTO {table} SELECT unnest(?::VARCHAR[])", [sorted(names)])
