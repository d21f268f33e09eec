"""Storing a group of whole submissions: what was received, its records, its violations and how often each rule ran.

Everything here happens inside a transaction that the caller opened and will commit; nothing here commits. A trial
replaces the earlier trial of the same district (or building) and collection whole; a certified file stays until it is
certified anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl

from outputs.across_files import STANDING_CHANGED, Comparisons, add_to_counts, as_found, judge, judge_dependents
from outputs.violation_desk.standing import recount
from outputs.violation_rows import name_children, store_violations
from schemas.dictionary import ID_BATCH
from schemas.errors import DictionaryError
from schemas.submission import Submission

_KEY_SCHEMA = dict.fromkeys(("district_code", "school_code", "collection_version"), pl.String)
# A hash of the SSN serves identity work alone; it never enters a collection table.
_NEVER_STORED = frozenset({"ssn_hash", "ssn_near", "ssn_status"})


@dataclass(frozen=True, slots=True)
class Versions:
    """Which dictionary and rule books looked at the group; rule books by collection."""

    dictionary: str
    rule_books: Mapping[str, str]

    def rule_book(self, collection_version: str | None) -> str:
        return self.rule_books.get(collection_version or "", "")


@dataclass(frozen=True)
class StoredGroup:
    """What came of a group.

    Args:
        superseded: submissions that a file of this group replaced; files of the group itself can be among them.
        violations: all rows of the group as the reports need them: columns of quality.violation.
    """

    superseded: frozenset[str]
    violations: pl.DataFrame


def store_group(
    con: duckdb.DuckDBPyConnection,
    submissions: Sequence[Submission],
    records_by_layout: Mapping[str, pl.DataFrame],
    violations: pl.DataFrame,
    rule_runs: pl.DataFrame,
    assignments: pl.DataFrame,
    *,
    versions: Versions,
    at: datetime,
    comparisons: Comparisons | None = None,
) -> StoredGroup:
    """Store the submissions of one commit group in the open transaction.

    Args:
        submissions: with outcome, status and counts as they came out, in the order in which they were taken.
        records_by_layout: typed records joined with ``state_id``. Those of ID batches are not stored; they name the
            child of a violation.
        violations, rule_runs: of these submissions; those of a file without a collection stand in its receipt alone.
        assignments: ``submission_id``, ``outcome``: open near matches are counted from it.
        comparisons: the rules that compare these files with others; null where nothing is compared.

    Raises:
        DictionaryError: the records have a column that the collection table lacks.
        AcrossDefect: a rule that compares files could not be run.
    """
    in_group = _superseded_in_group(submissions)
    earlier = _earlier_trials(con, submissions)
    _end_waiting(con, submissions)
    _drop_records(con, earlier)
    _supersede(con, earlier)
    _store_submissions(con, _submission_rows(submissions, violations, assignments, in_group, versions, at))
    for layout, records in records_by_layout.items():
        if layout != ID_BATCH:
            _store_records(con, layout, _of_trials(records, submissions, in_group))
    named = name_children(violations, submissions, records_by_layout, at, versions.rule_books)
    if comparisons is not None:
        named, rule_runs = _compare(con, _others(submissions, in_group), named, rule_runs, comparisons, at)
    replaced = _replaced(submissions, earlier)
    # Files of the group that a later one replaces keep their rows for their own report; they are nobody's past yet.
    stored = [
        store_violations(con, named, in_group, at=at, replaced=replaced, is_settling=False),
        store_violations(con, named, _others(submissions, in_group), at=at, replaced=replaced, beside=in_group),
    ]
    _store_rule_runs(con, rule_runs)
    recount(con, [submission.submission_id for submission in submissions])
    return StoredGroup(in_group | set(earlier["submission_id"]), pl.concat(stored))


def _compare(
    con: duckdb.DuckDBPyConnection,
    names: frozenset[str],
    named: pl.DataFrame,
    rule_runs: pl.DataFrame,
    comparisons: Comparisons,
    at: datetime,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Violations and rule runs with those of the rules across files; files stored before are judged again."""
    judged = judge(con, names, comparisons, at=at)
    add_to_counts(con, judged.violations.select("submission_id", "severity", by=pl.lit(1, pl.Int64)))
    changed = judge_dependents(con, names, comparisons, at=at, changed=STANDING_CHANGED)
    con.execute("INSERT INTO quality.page_due SELECT unnest(?)", [changed]).fetchall()
    found = as_found(judged.violations).select(named.columns)
    return pl.concat([named, found]), pl.concat([rule_runs, judged.rule_runs])


def _key(submission: Submission) -> tuple[str, str | None, str | None]:
    return submission.district_code, submission.school_code, submission.collection_version


def _superseded_in_group(submissions: Sequence[Submission]) -> frozenset[str]:
    """Trials that a later trial of the same group replaces: of two files dropped together the last stands.

    The order is the one in which the run took them, never a time: clocks are set back, and groups go by that order too.
    """
    trials = [submission for submission in submissions if submission.status == "trial"]
    last = {_key(trial): trial for trial in trials}
    return frozenset(trial.submission_id for trial in trials if last[_key(trial)] is not trial)


def _others(submissions: Sequence[Submission], superseded: frozenset[str]) -> frozenset[str]:
    return frozenset(submission.submission_id for submission in submissions) - superseded


def _earlier_trials(con: duckdb.DuckDBPyConnection, submissions: Sequence[Submission]) -> pl.DataFrame:
    """Trials stored before that a trial of this group replaces."""
    keys = [_key(submission) for submission in submissions if submission.status == "trial"]
    incoming_keys = pl.DataFrame(keys, schema=_KEY_SCHEMA, orient="row")  # noqa: F841 (query)
    return con.sql(
        """
        SELECT DISTINCT stored.submission_id, stored.layout, stored.district_code, stored.school_code,
               stored.collection_version
        FROM intake.submission AS stored JOIN incoming_keys AS incoming
          ON stored.district_code = incoming.district_code
         AND stored.collection_version = incoming.collection_version
         AND stored.school_code IS NOT DISTINCT FROM incoming.school_code
        WHERE stored.status = 'trial'
        """
    ).pl()


def _replaced(submissions: Sequence[Submission], earlier: pl.DataFrame) -> dict[str, str]:
    """Submission -> the trial stored before in whose place it was checked."""
    stood = {tuple(place): name for name, *place in earlier.select("submission_id", *_KEY_SCHEMA).iter_rows()}
    trials = [each for each in submissions if each.status == "trial" and _key(each) in stood]
    return {each.submission_id: stood[_key(each)] for each in trials if stood[_key(each)] != each.submission_id}


def _end_waiting(con: duckdb.DuckDBPyConnection, submissions: Sequence[Submission]) -> None:
    """Files that waited for confirmation wait no longer once a trial of their place is stored: they or another one."""
    keys = [_key(submission) for submission in submissions if submission.status == "trial"]
    incoming_keys = pl.DataFrame(keys, schema=_KEY_SCHEMA, orient="row")  # noqa: F841 (query)
    con.execute(
        """
        UPDATE intake.submission AS waiting SET status = 'superseded'
        FROM incoming_keys AS incoming
        WHERE waiting.status = 'waiting' AND waiting.district_code = incoming.district_code
          AND waiting.collection_version = incoming.collection_version
          AND waiting.school_code IS NOT DISTINCT FROM incoming.school_code
        """
    ).fetchall()


def _drop_records(con: duckdb.DuckDBPyConnection, earlier: pl.DataFrame) -> None:
    for layout in earlier["layout"].unique().to_list():
        replaced = earlier.filter(pl.col("layout") == layout)  # noqa: F841 (for the query)
        con.execute(
            f"DELETE FROM collection.{_quoted(layout)} WHERE submission_id IN (SELECT submission_id FROM replaced)"
        ).fetchall()


def _supersede(con: duckdb.DuckDBPyConnection, earlier: pl.DataFrame) -> None:
    con.execute(
        "UPDATE intake.submission SET status = 'superseded' WHERE submission_id IN (SELECT submission_id FROM earlier)"
    ).fetchall()


def _submission_rows(
    submissions: Sequence[Submission],
    violations: pl.DataFrame,
    assignments: pl.DataFrame,
    superseded: frozenset[str],
    versions: Versions,
    at: datetime,
) -> pl.DataFrame:
    counts = _violation_counts(violations)
    near_matches = dict(
        assignments.filter(pl.col("outcome") == "NEAR_MATCH").group_by("submission_id").len().iter_rows()
    )
    rows = []
    for submission in submissions:
        identifier = submission.submission_id
        was_checked = submission.status in ("trial", "answered")
        rows.append(
            {
                **{name: getattr(submission, name) for name in _SUBMISSION_COLUMNS},
                "status": "superseded" if identifier in superseded else submission.status,
                "error_count": counts.get((identifier, "E"), 0) if was_checked else None,
                "warning_count": counts.get((identifier, "W"), 0) if was_checked else None,
                "near_match_count": near_matches.get(identifier, 0) if was_checked else None,
                "finished_at": at,
                "dictionary_version": versions.dictionary,
                "rule_book_version": versions.rule_book(submission.collection_version),
            }
        )
    return pl.DataFrame(rows, schema=_SUBMISSION_SCHEMA)


_SUBMISSION_COLUMNS = (
    "submission_id", "district_code", "school_code", "layout", "collection_version", "school_year", "cycle",
    "file_name", "sha256", "claim_path", "line_count", "header_lines", "blank_lines", "record_count",
    "accepted_count", "refused_count",
    "outcome", "status", "reason", "duplicate_of", "is_late", "is_pilot", "received_at", "run_id",
)  # fmt: skip
_MOMENT = pl.Datetime("us", "UTC")
_SUBMISSION_SCHEMA: dict[str, pl.DataType] = {
    **{name: pl.String() for name in _SUBMISSION_COLUMNS},
    **{
        name: pl.Int64()
        for name in (
            "school_year", "line_count", "header_lines", "blank_lines", "record_count",
            "accepted_count", "refused_count",
            "error_count", "warning_count", "near_match_count",
        )
    },
    **{"is_late": pl.Boolean(), "is_pilot": pl.Boolean(), "received_at": _MOMENT, "finished_at": _MOMENT},
    **{name: pl.String() for name in ("dictionary_version", "rule_book_version")},
}  # fmt: skip


def _violation_counts(violations: pl.DataFrame) -> dict[tuple[str, str], int]:
    counted = violations.group_by("submission_id", "severity").len()
    return {(identifier, severity): count for identifier, severity, count in counted.iter_rows()}


def _store_submissions(con: duckdb.DuckDBPyConnection, incoming_submissions: pl.DataFrame) -> None:
    con.execute("INSERT OR REPLACE INTO intake.submission BY NAME SELECT * FROM incoming_submissions").fetchall()


def _of_trials(
    records: pl.DataFrame, submissions: Sequence[Submission], superseded: frozenset[str]
) -> pl.DataFrame:  # fmt: skip
    stored = [s.submission_id for s in submissions if s.status == "trial" and s.submission_id not in superseded]
    return records.filter(pl.col("submission_id").is_in(stored))


def _store_records(con: duckdb.DuckDBPyConnection, layout: str, incoming_records: pl.DataFrame) -> None:
    """One bulk insert by column name; a column that this year's layout lacks stays null."""
    table = set(table_columns(con, "collection", layout))
    columns = [name for name in incoming_records.columns if name not in _NEVER_STORED]
    unknown = [name for name in columns if name not in table]
    if unknown:
        raise DictionaryError(
            f"collection.{layout} has no column {', '.join(unknown)}. Columns are added when the database is opened "
            "with the dictionary that has them; open it with the same dictionary that read the files."
        )
    listed = ", ".join(map(_quoted, columns))
    con.execute(f"INSERT INTO collection.{_quoted(layout)} BY NAME SELECT {listed} FROM incoming_records").fetchall()


def table_columns(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[str]:
    """Column names of a table, in table order."""
    found = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() "
        "AND schema_name = ? AND table_name = ? ORDER BY column_index",
        [schema, table],
    ).fetchall()
    return [name for (name,) in found]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _store_rule_runs(con: duckdb.DuckDBPyConnection, incoming_rule_runs: pl.DataFrame) -> None:
    con.execute(
        "DELETE FROM quality.rule_run WHERE submission_id IN (SELECT DISTINCT submission_id FROM incoming_rule_runs)"
    ).fetchall()
    con.execute(
        "INSERT INTO quality.rule_run BY NAME "
        "SELECT rule_id, submission_id, applicable_count, failed_count FROM incoming_rule_runs"
    ).fetchall()
