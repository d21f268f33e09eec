"""Rows of quality.violation: which child each is about, and which row of an earlier file it carries on."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import duckdb
import polars as pl

from outputs.violation_desk.standing import STANDING
from outputs.violation_desk.trials import FILE, store_trial_counts
from outputs.violation_desk.waivers import standing_waivers
from outputs.violation_lifecycle import apply_waivers, carry_over
from schemas.clock import missouri_day
from schemas.submission import Submission

__all__ = [
    "STANDING", "VIOLATION_ROW_SCHEMA", "as_first_seen", "name_children", "read_violations", "store_violations",
]  # fmt: skip
_SCHOOL_SOURCES = ("reporting_school_code", "current_school_code")
# A record of staff is followed from file to file by the educator's dummy identifier.
_OWN_NUMBERS = ("local_student_id", "educator_id")
_MOMENT = pl.Datetime("us", "UTC")
_FILE_COLUMNS = ("submission_id", "district_code", "file_school_code", "layout", "collection_version")
# What name_children leaves open; matching with earlier files, other files or people fill it.
_LATER_COLUMNS = {
    "rule_book_version": pl.String(),
    "changed_by": pl.String(),
    "other_district_code": pl.String(),
    "fixed_at": _MOMENT,
    "waived_until": pl.Date(),
    "due_date": pl.Date(),
    "decision_number": pl.Int64(),
}
_FOUND_COLUMNS = ("submission_id", "line_number", "field", "rule_id", "severity", "scope", "value", "message", "fix")
VIOLATION_ROW_SCHEMA: dict[str, pl.DataType] = {
    **{
        name: pl.String()
        for name in (
            "submission_id", "district_code", "school_code", "layout", "collection_version", "field", "rule_id",
            "severity", "scope", "value", "message", "fix", "state_id", "local_student_id", "status",
            "rule_book_version", "changed_by", "other_district_code",
        )
    },
    **{"line_number": pl.Int64(), "decision_number": pl.Int64()},
    **{"first_seen_at": _MOMENT, "last_seen_at": _MOMENT, "fixed_at": _MOMENT},
    **{"waived_until": pl.Date(), "due_date": pl.Date()},
}  # fmt: skip


def name_children(
    violations: pl.DataFrame,
    submissions: Sequence[Submission],
    records_by_layout: Mapping[str, pl.DataFrame],
    at: datetime,
    rule_books: Mapping[str, str] = MappingProxyType({}),
) -> pl.DataFrame:
    """Violations with district, school and collection, and the state ID and local ID of the record each is about.

    Violations of a file without a collection are left out: such a file was refused, and its receipt says why.

    Args:
        rule_books: collection -> version of the rule book that found them.
    """
    files = pl.DataFrame(
        [
            (s.submission_id, s.district_code, s.school_code, s.layout, s.collection_version)
            for s in submissions
            if s.collection_version and s.layout
        ],
        schema=dict.fromkeys(_FILE_COLUMNS, pl.String),
        orient="row",
    )
    children = pl.concat([_children(records) for records in records_by_layout.values()] or [_no_children()])
    on = ["submission_id", "line_number"]
    return (
        violations.select(_FOUND_COLUMNS)
        .with_columns(pl.col("line_number").cast(pl.Int64))
        .join(files, on="submission_id", how="inner", maintain_order="left")
        .join(children, on=on, how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("school_code", _named_school(), "file_school_code"),
            pl.lit(at).cast(_MOMENT).alias("last_seen_at"),
        )
        # The school says it; the value would only be repeated.
        .with_columns(value=pl.when(~_names_school()).then("value"))
        .with_columns(pl.lit(None, kind).alias(name) for name, kind in _LATER_COLUMNS.items())
        .with_columns(
            changed_by=pl.lit("file"),
            rule_book_version=pl.col("collection_version").replace_strict(
                dict(rule_books), default=None, return_dtype=pl.String
            ),
        )
        .drop("file_school_code")
    )


def _named_school() -> pl.Expr:
    """The school that a finding about the whole file names: its value, where its field holds the code of a school."""
    return pl.when(_names_school()).then(pl.col("value"))


def _names_school() -> pl.Expr:
    is_whole_file = (pl.col("scope") == "file") & pl.col("line_number").is_null()
    return is_whole_file & pl.col("field").str.ends_with("SchoolCode").fill_null(False)


def _no_children() -> pl.DataFrame:
    text = dict.fromkeys(("school_code", "state_id", "local_student_id"), pl.String())
    return pl.DataFrame(schema={"submission_id": pl.String(), "line_number": pl.Int64(), **text})


def _children(records: pl.DataFrame) -> pl.DataFrame:
    sources = {
        "school_code": next((name for name in _SCHOOL_SOURCES if name in records.columns), None),
        "state_id": "state_id" if "state_id" in records.columns else None,
        "local_student_id": next((name for name in _OWN_NUMBERS if name in records.columns), None),
    }
    return records.select(
        "submission_id",
        pl.col("line_number").cast(pl.Int64),
        *((pl.col(source) if source else pl.lit(None, pl.String)).alias(name) for name, source in sources.items()),
    )


def store_violations(
    con: duckdb.DuckDBPyConnection,
    found: pl.DataFrame,
    submission_ids: Collection[str],
    *,
    at: datetime,
    replaced: Mapping[str, str] = MappingProxyType({}),
    beside: Collection[str] = (),
    is_settling: bool = True,
) -> pl.DataFrame:
    """Insert what was found in some submissions and settle the violations of the files they replace.

    A row that is still there goes on as the new one, with its first date and what people decided about it; a row that
    has vanished becomes ``fixed``. Rows of a certified file stay as they are beside it. Findings that compare districts
    (scope ``state``) are left alone.

    Args:
        found: from ``name_children``; may hold rows of other submissions, which are left alone.
        submission_ids: stored already in intake.submission; a file without violations settles the earlier ones too.
        replaced: submission -> the trial that stood in its place until now.
        beside: submissions that are not the past of these although they were replaced.
        is_settling: whether the earlier rows are settled; they are not by a file that was itself replaced at once.

    Returns:
        The rows as stored.
    """
    ids = _id_frame(submission_ids)
    con.execute(
        "DELETE FROM quality.violation WHERE scope <> 'state' AND submission_id IN (SELECT submission_id FROM ids)"
    ).fetchall()
    prior = _earlier_rows(con, ids, _id_frame(beside))
    own = found.join(ids, on="submission_id", how="semi", maintain_order="left")
    matched = carry_over(own.filter(pl.col("scope") != "state"), prior)
    today = missouri_day(at)
    rows = apply_waivers(matched.violations, standing_waivers(con, today), today)
    vanished = prior.filter(pl.col("submission_status") == "superseded", pl.col("status") != "fixed").join(
        matched.continued, on="prior_row", how="anti"
    )
    if is_settling:
        _settle(con, prior.filter(pl.col("submission_status") == "superseded"), matched.continued, vanished, at)
    incoming_violations = rows.select(*VIOLATION_ROW_SCHEMA)
    con.execute("INSERT INTO quality.violation BY NAME SELECT * FROM incoming_violations").fetchall()
    store_trial_counts(con, submission_ids, rows, _gone(vanished, replaced), replaced, cause=FILE, at=at)
    return incoming_violations


def _id_frame(submission_ids: Collection[str]) -> pl.DataFrame:
    return pl.DataFrame({"submission_id": sorted(submission_ids)}, schema={"submission_id": pl.String})


def _gone(vanished: pl.DataFrame, replaced: Mapping[str, str]) -> pl.DataFrame:
    """Violations of the replaced trials that are gone, under the name of the new one."""
    pairs = pl.DataFrame(
        list(replaced.items()), schema=dict.fromkeys(("new_id", "submission_id"), pl.String), orient="row"
    )
    return vanished.join(pairs, on="submission_id").select(pl.col("new_id").alias("submission_id"), "severity")


def _settle(
    con: duckdb.DuckDBPyConnection,
    replaced: pl.DataFrame,
    still_there: pl.DataFrame,
    vanished: pl.DataFrame,
    at: datetime,
) -> None:
    """Take out the earlier rows that the new ones carry on; what is no longer found was fixed."""
    continued = replaced.join(still_there, on="prior_row", how="semi")  # noqa: F841 (for the query)
    con.execute("DELETE FROM quality.violation WHERE rowid IN (SELECT prior_row FROM continued)").fetchall()
    con.execute(
        "UPDATE quality.violation SET status = 'fixed', changed_by = 'file', fixed_at = ? "
        "WHERE rowid IN (SELECT prior_row FROM vanished)",
        [at],
    ).fetchall()


def _earlier_rows(con: duckdb.DuckDBPyConnection, ids: pl.DataFrame, beside: pl.DataFrame) -> pl.DataFrame:
    """Violations of earlier trials and of the certified file of the same district or building and collection."""
    return con.sql(
        """
        SELECT earlier.rowid AS prior_row, earlier.*, other.status AS submission_status
        FROM ids
        JOIN intake.submission AS this USING (submission_id)
        JOIN intake.submission AS other
          ON other.district_code = this.district_code
         AND other.collection_version = this.collection_version
         AND other.school_code IS NOT DISTINCT FROM this.school_code
         AND other.submission_id <> this.submission_id
         -- A pilot is nobody's past.
         AND coalesce(other.is_pilot, false) = coalesce(this.is_pilot, false)
        JOIN quality.violation AS earlier ON earlier.submission_id = other.submission_id
        WHERE this.status IN ('trial', 'superseded') AND other.status IN ('superseded', 'certified')
          AND other.submission_id NOT IN (SELECT submission_id FROM beside) AND earlier.scope <> 'state'
        """
    ).pl()


def read_violations(con: duckdb.DuckDBPyConnection, submission_ids: Collection[str]) -> pl.DataFrame:
    """The violations of some submissions as they stand, for their reports; what was fixed since is left out.

    Findings that compare districts have a page of their own (outputs/state_level): they are no part of the file's report.
    """
    ids = _id_frame(submission_ids)  # noqa: F841 (for the query)
    found = con.sql(
        "SELECT * FROM quality.violation WHERE status <> 'fixed' AND scope <> 'state' "
        "AND submission_id IN (SELECT submission_id FROM ids)"
    ).pl()
    return found.select(*VIOLATION_ROW_SCHEMA).cast(VIOLATION_ROW_SCHEMA)


def as_first_seen(named: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``name_children`` as a report needs them where there is no history: all seen for the first time."""
    dated = named.with_columns(status=pl.lit("open"), first_seen_at=pl.col("last_seen_at"))
    return dated.select(*VIOLATION_ROW_SCHEMA)
