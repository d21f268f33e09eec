"""What the answer to a near match does to the stored records that it was asked about: they get the ID that came out.

Everything happens inside the transaction that stores the answer; nothing here commits.
"""

from collections.abc import Sequence
from datetime import datetime

import duckdb
import polars as pl

from outputs.violation_desk.standing import mark_pages, recount
from schemas.dictionary import Dictionary
from schemas.rule_files import key_fields, missing_id_rule

# Key fields that say who and where. A layout whose key says more holds a child in several lines: segments, classes, offenses.
_CHILD_AND_PLACE = frozenset({"state_id", "school_year", "reporting_district_code", "reporting_school_code"})


def fill_answered_ids(
    con: duckdb.DuckDBPyConnection, answered: pl.DataFrame, dictionary: Dictionary, at: datetime
) -> list[str]:
    """Give stored trial records the ID that a district's answer to a near match brought; their missing-ID errors are fixed.

    A record keeps its error where its child stands in the same file already and the layout's key allows that once (with the
    same segment, class or offense, where the key has one): the file has to say which record is right. Of two such records
    answered as one child the first is filled.

    Args:
        answered: submission_id, line_number, state_id.

    Returns:
        The files that were filled, in order; their pages are marked as due.
    """
    if answered.is_empty():
        return []
    layouts = con.execute(
        "SELECT DISTINCT layout FROM intake.submission SEMI JOIN answered USING (submission_id) WHERE status = 'trial'"
    ).fetchall()
    names: set[str] = set()
    for (layout,) in layouts:
        filled = _fill(con, layout, answered, _other_key_fields(layout, dictionary))
        _settle_missing_ids(con, filled, missing_id_rule(layout, dictionary), at)
        names |= {name for name, _ in filled}
    mark_pages(con, names)
    return sorted(names)


def _other_key_fields(layout: str, dictionary: Dictionary) -> tuple[str, ...]:
    """What tells the lines of one child apart; empty where a child stands once in a file."""
    key = key_fields(layout, dictionary)
    return tuple(name for name in key if name != "state_id") if set(key) - _CHILD_AND_PLACE else ()


def _fill(
    con: duckdb.DuckDBPyConnection, layout: str, answered: pl.DataFrame, key: Sequence[str]
) -> list[tuple[str, int]]:
    """Fill the records of trials; submission and line of those that were filled."""
    table = f"collection.{_quoted(layout)}"
    listed = "".join(f", record.{_quoted(name)}" for name in key)
    place = "".join(f", {_quoted(name)}" for name in key)
    is_same = "".join(f" AND other.{_quoted(name)} IS NOT DISTINCT FROM asked.{_quoted(name)}" for name in key)
    return con.execute(
        f"""
        WITH asked AS (
            SELECT record.submission_id, record.line_number, answered.state_id{listed}
            FROM {table} AS record JOIN answered
              ON record.submission_id = answered.submission_id AND record.line_number = answered.line_number
            JOIN intake.submission AS file ON file.submission_id = record.submission_id AND file.status = 'trial'
            WHERE record.state_id IS NULL AND answered.state_id IS NOT NULL
        ), free AS (
            SELECT submission_id, line_number, state_id FROM asked
            WHERE NOT EXISTS (
                SELECT 1 FROM {table} AS other
                WHERE other.submission_id = asked.submission_id AND other.state_id = asked.state_id{is_same}
            )
            QUALIFY row_number() OVER (PARTITION BY submission_id, state_id{place} ORDER BY line_number) = 1
        )
        UPDATE {table} AS record SET state_id = free.state_id FROM free
        WHERE record.submission_id = free.submission_id AND record.line_number = free.line_number
        RETURNING record.submission_id, record.line_number
        """
    ).fetchall()


def _settle_missing_ids(
    con: duckdb.DuckDBPyConnection, filled: list[tuple[str, int]], rule_id: str, at: datetime
) -> None:
    """What the filled records were without is there now; what is wrong with the number as it was sent stays wrong."""
    lines = pl.DataFrame(filled, schema={"submission_id": pl.String, "line_number": pl.Int64}, orient="row")
    con.execute(
        """
        UPDATE quality.violation AS violation
        SET status = 'fixed', last_seen_at = $at, fixed_at = $at, changed_by = 'decision'
        FROM lines
        WHERE violation.submission_id = lines.submission_id AND violation.line_number = lines.line_number
          AND violation.rule_id = $rule AND violation.status <> 'fixed'
        """,
        {"at": at, "rule": rule_id},
    ).fetchall()
    fewer = lines.group_by("submission_id").len("gone")
    con.execute(
        "UPDATE intake.submission AS file SET near_match_count = near_match_count - fewer.gone FROM fewer "
        "WHERE file.submission_id = fewer.submission_id"
    ).fetchall()
    recount(con, fewer["submission_id"])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
