"""The life of a finding that compares districts: opens, stays, is fixed when a file of either district clears it, comes back.

A finding is one row for each district that it concerns, joined by ``finding_id``; a row moves to the file that counts now and
keeps its first day and what people decided about it. Nothing here commits.
"""

from datetime import date, datetime

import duckdb
import polars as pl

from outputs.state_level.comparing import Changes
from outputs.state_level.findings import FINDING_SCHEMA, Found
from outputs.violation_desk.waivers import standing_waivers
from outputs.violation_lifecycle import apply_waivers

OPENED, REOPENED, CLEARED = "opened", "reopened", "cleared"
_KEY = ["finding_id", "district_code"]
_MOMENT = pl.Datetime("us", "UTC")
# What a row keeps when its finding is found again.
_KEPT = {
    "status": pl.String(), "first_seen_at": _MOMENT, "changed_by": pl.String(), "waived_until": pl.Date(),
    "decision_number": pl.Int64(),
}  # fmt: skip
_NOTICE = ("district_code", "finding_id", "rule_id", "change")


def settle_findings(
    con: duckdb.DuckDBPyConnection,
    found: Found,
    known: pl.DataFrame,
    children: pl.DataFrame,
    changes: Changes,
    *,
    rules_version: str,
    today: date,
    at: datetime,
) -> pl.DataFrame:
    """Write what a comparison found into quality.violation, in the open transaction; what the districts have to be told.

    Args:
        known: rows of ``known_findings``: everything stored about the children compared.
        children: ``number`` and ``state_id`` of the children compared.

    Returns:
        district_code, finding_id, rule_id and change, a row each.
    """
    cause = _cause(changes)
    again = found.findings.join(known.select(*_KEY, *_KEPT, due_before="due_date"), on=_KEY, how="left")
    stands = pl.col("status").is_not_null() & (pl.col("status") != "fixed")
    rows = again.with_columns(
        first_seen_at=pl.coalesce("first_seen_at", pl.lit(at).cast(_MOMENT)),
        # The day that the law gives is counted once; a later file does not put it off.
        due_date=pl.when(stands).then(pl.coalesce("due_before", "due_date")).otherwise("due_date"),
        changed_by=pl.when(stands).then("changed_by").otherwise(_changed_by(changes, cause)),
        change=pl.when(pl.col("status").is_null())
        .then(pl.lit(OPENED))
        .when(pl.col("status") == "fixed")
        .then(pl.lit(REOPENED)),
        status=pl.when(pl.col("status").is_null())
        .then(pl.lit("open"))
        .when(pl.col("status") == "fixed")
        .then(pl.lit("reopened"))
        .otherwise("status"),
        last_seen_at=pl.lit(at).cast(_MOMENT),
        rule_book_version=pl.lit(rules_version),
        scope=pl.lit("state"),
    )
    rows = apply_waivers(rows, standing_waivers(con, today), today)
    gone = known.filter(pl.col("status") != "fixed").join(found.findings, on=_KEY, how="anti")
    _replace_rows(con, known, rows.drop("change", "due_before"))
    _fix_rows(con, gone, changes, cause, at)
    _keep_waiting(con, found.waiting, children)
    told = pl.concat(
        [
            rows.filter(pl.col("change").is_not_null(), pl.col("status") != "waived").select(_NOTICE),
            gone.filter(~pl.col("status").is_in(["accepted", "waived"])).select(
                "district_code", "finding_id", "rule_id", change=pl.lit(CLEARED)
            ),
        ]
    )
    return told.unique(maintain_order=True)


def known_findings(cursor: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Stored rows of the children compared, and of files that came or went without naming the child; ``row`` is the rowid."""
    rows = cursor.sql(
        """
        SELECT violation.rowid AS row, violation.finding_id, violation.district_code, violation.rule_id,
               violation.submission_id, violation.status, violation.first_seen_at, violation.changed_by,
               violation.waived_until, violation.decision_number, violation.due_date
        FROM state.quality.violation AS violation
        WHERE violation.scope = 'state' AND (
            violation.state_id IN (SELECT number FROM compared_number)
            OR (violation.state_id IS NULL AND violation.submission_id IN (SELECT submission_id FROM changed_file))
        )
        """
    ).pl()
    kinds = {"row": pl.Int64(), "due_date": pl.Date(), **_KEPT}
    return rows.cast({name: kind for name, kind in kinds.items() if name in rows.columns})


def record_comparison(
    con: duckdb.DuckDBPyConnection, changes: Changes, told: pl.DataFrame, rules_version: str, at: datetime
) -> None:
    """Note what was compared and whom to tell, in the open transaction."""
    con.execute(
        "DELETE FROM quality.state_compared WHERE submission_id IN (SELECT unnest(?::VARCHAR[]))",
        [sorted(changes.removed)],
    ).fetchall()
    con.execute("INSERT INTO quality.state_compared SELECT unnest(?::VARCHAR[])", [sorted(changes.added)]).fetchall()
    con.execute("DELETE FROM quality.state_comparison").fetchall()
    con.execute(
        "INSERT INTO quality.state_comparison VALUES (?, ?, ?)", [at, changes.event_id, rules_version]
    ).fetchall()
    tell_districts(con, told, at)


def tell_districts(con: duckdb.DuckDBPyConnection, told: pl.DataFrame, at: datetime) -> None:
    """Note what districts have to be told (district_code, finding_id, rule_id, change); their pages are written afterwards."""
    incoming_notices = told.select(_NOTICE)  # noqa: F841 (query)
    con.execute(
        'INSERT INTO quality.state_notice BY NAME SELECT *, ?::TIMESTAMPTZ AS "at" FROM incoming_notices', [at]
    ).fetchall()


def _cause(changes: Changes) -> str:
    """Why rows change that no file of their own district explains."""
    if changes.are_rules_new:
        return "rule"
    return "other_file" if changes.added or changes.removed else "decision"


def _changed_by(changes: Changes, cause: str) -> pl.Expr:
    own = pl.col("submission_id").is_in(sorted(changes.added))
    return pl.when(own).then(pl.lit("file")).otherwise(pl.lit(cause))


def _replace_rows(con: duckdb.DuckDBPyConnection, known: pl.DataFrame, rows: pl.DataFrame) -> None:
    """Put each finding under the file that counts now; the row it had goes."""
    moved = known.join(rows, on=_KEY, how="semi")  # noqa: F841 (query)
    con.execute("DELETE FROM quality.violation WHERE rowid IN (SELECT row FROM moved)").fetchall()
    columns = (*FINDING_SCHEMA, *_KEPT, "last_seen_at", "rule_book_version", "scope")
    incoming_findings = rows.select(columns)  # noqa: F841 (query)
    con.execute("INSERT INTO quality.violation BY NAME SELECT * FROM incoming_findings").fetchall()


def _fix_rows(con: duckdb.DuckDBPyConnection, gone: pl.DataFrame, changes: Changes, cause: str, at: datetime) -> None:
    """What is no longer found was fixed: by the district's own file where its file went, else by the other's."""
    is_own = pl.col("submission_id").is_in(sorted(changes.removed))
    fixed = gone.select("row", changed_by=pl.when(is_own).then(pl.lit("file")).otherwise(pl.lit(cause)))  # noqa: F841
    con.execute(
        """
        UPDATE quality.violation AS violation SET status = 'fixed', fixed_at = ?, changed_by = fixed.changed_by
        FROM fixed WHERE violation.rowid = fixed.row
        """,
        [at],
    ).fetchall()


def _keep_waiting(con: duckdb.DuckDBPyConnection, waiting: pl.DataFrame, children: pl.DataFrame) -> None:
    """Of the children compared, those for whom a day or a file is waited for; nobody else's entry is touched."""
    con.execute(
        "DELETE FROM quality.state_waiting WHERE state_id IN (SELECT number FROM children)"
    ).fetchall()  # fmt: skip
    con.execute("INSERT INTO quality.state_waiting BY NAME SELECT * FROM waiting").fetchall()
