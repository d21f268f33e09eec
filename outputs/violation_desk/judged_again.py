"""Stored trials judged by changed rules: what stands in the database held against what the rules say now.

The records are the same, so a row is known by its line. What is new or gone was made so by the rule, not by the district.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl

from outputs.violation_desk.standing import STANDING
from outputs.violation_desk.trials import RULE, store_trial_counts
from outputs.violation_desk.waivers import standing_waivers
from outputs.violation_lifecycle import apply_waivers
from outputs.violation_rows import VIOLATION_ROW_SCHEMA
from schemas.clock import missouri_day

_ROW_KEY = ("submission_id", "line_number", "rule_id", "field")
# What people and earlier files gave a row, and stays with it.
_PAST = ("status", "first_seen_at", "changed_by", "waived_until", "decision_number", "due_date", "other_district_code")


@dataclass(frozen=True)
class Compared:
    """What the rules say now against what stood.

    Args:
        rows: VIOLATION_ROW_SCHEMA with ``life`` (new, still_open, reopened): all that is found now.
        gone: rows that stood and are no longer found, with their ``status`` from before.
        history: rows that were fixed before and stay so.
    """

    rows: pl.DataFrame
    gone: pl.DataFrame
    history: pl.DataFrame

    def by_rule(self) -> pl.DataFrame:
        """rule_id, severity, before, after, new, gone: violations that stand; rules that change something come first."""
        counted = [("before", self.before, None), ("after", self.rows, None), ("new", self.rows, True)]
        keys = ["rule_id", "severity"]
        parts = [
            frame.filter((pl.col("life") != "still_open") if only_new else pl.lit(True))
            .group_by(keys)
            .len(name)
            .cast({name: pl.Int64})
            for name, frame, only_new in counted
        ]
        gone = self.gone.group_by(keys).len("gone").cast({"gone": pl.Int64})
        every = pl.concat([part.select(keys) for part in (*parts, gone)]).unique()
        for part in (*parts, gone):
            every = every.join(part, on=keys, how="left")
        filled = every.with_columns(pl.col("before", "after", "new", "gone").fill_null(0))
        return filled.sort(pl.col("new") + pl.col("gone"), "rule_id", "severity", descending=[True, False, False])

    @property
    def before(self) -> pl.DataFrame:
        stood = self.rows.filter(pl.col("life") == "still_open").select("rule_id", "severity_before")
        return pl.concat([stood.rename({"severity_before": "severity"}), self.gone.select("rule_id", "severity")])

    def changed_files(self) -> list[str]:
        """Submissions in which something is new, gone or of another severity."""
        touched = self.rows.filter(
            (pl.col("life") != "still_open") | (pl.col("severity") != pl.col("severity_before")).fill_null(False)
        )
        both = pl.concat([touched.select("submission_id"), self.gone.select("submission_id")])
        return sorted(both["submission_id"].unique())


def compare(found: pl.DataFrame, stored: pl.DataFrame) -> Compared:
    """Hold what rules say now against what stands.

    Args:
        found: from ``name_children``, whole files.
        stored: the rows of quality.violation of these files that these rules can have found (``stored_rows``).
    """
    past = stored.select(*_ROW_KEY, *(pl.col(name).alias(f"was_{name}") for name in (*_PAST, "severity")))
    # Where a row came and went in one file it stands twice; the one that stands goes before the one that was fixed.
    past = past.sort(pl.col("was_status") == "fixed").unique(list(_ROW_KEY), keep="first", maintain_order=True)
    joined = found.join(past, on=list(_ROW_KEY), how="left", nulls_equal=True, maintain_order="left")
    was = pl.col("was_status")
    is_kept = was.is_not_null() & (was != "fixed")
    status = pl.when(is_kept).then(was).when(was == "fixed").then(pl.lit("reopened")).otherwise(pl.lit("open"))
    life = (
        pl.when(is_kept)
        .then(pl.lit("still_open"))
        .when(was == "fixed")
        .then(pl.lit("reopened"))
        .otherwise(pl.lit("new"))
    )
    kept = [
        pl.when(is_kept).then(pl.col(f"was_{name}")).otherwise(pl.col(name)).alias(name)
        for name in ("waived_until", "decision_number", "due_date", "other_district_code")
    ]
    is_same = is_kept & (pl.col("was_severity") == pl.col("severity"))
    rows = joined.with_columns(
        *kept,
        status.alias("status"),
        life.alias("life"),
        pl.coalesce("was_first_seen_at", "last_seen_at").alias("first_seen_at"),
        pl.when(is_same).then(pl.col("was_changed_by")).otherwise(pl.lit("rule")).alias("changed_by"),
        pl.col("was_severity").alias("severity_before"),
    )
    others = stored.join(found.select(_ROW_KEY), on=list(_ROW_KEY), how="anti", nulls_equal=True)
    return Compared(
        rows.select(*VIOLATION_ROW_SCHEMA, "life", "severity_before"),
        others.filter(pl.col("status") != "fixed"),
        others.filter(pl.col("status") == "fixed"),
    )


def stored_rows(
    con: duckdb.DuckDBPyConnection, submission_ids: Collection[str], rules: Collection[str], not_rules: Collection[str]
) -> pl.DataFrame:
    """The violations of some files that rules of a single file found: by their number, or as they ran when it came.

    Findings of people compared with people, of other files and of the whole state are none of them.

    Args:
        not_rules: numbers of what looks at more than the file, as in ``store_compared``.
    """
    ids = _ids(submission_ids)  # noqa: F841 (for the query)
    found = con.sql(
        """
        SELECT violation.* FROM quality.violation AS violation SEMI JOIN ids USING (submission_id)
        WHERE violation.scope IN ('record', 'file') AND NOT list_contains($not_rules, violation.rule_id) AND (
            list_contains($rules, violation.rule_id)
            OR (violation.submission_id, violation.rule_id) IN (SELECT submission_id, rule_id FROM quality.rule_run)
        )
        """,
        params={"rules": sorted(rules), "not_rules": sorted(not_rules)},
    ).pl()
    return found.select(*VIOLATION_ROW_SCHEMA).cast(pl.Schema(VIOLATION_ROW_SCHEMA))


def store_compared(
    con: duckdb.DuckDBPyConnection,
    submission_ids: Collection[str],
    compared: Compared,
    rule_runs: pl.DataFrame,
    *,
    rules: Collection[str],
    not_rules: Collection[str],
    at: datetime,
) -> None:
    """Put what the rules say now in the place of what stood, in the open transaction.

    Args:
        rules: numbers whose rows are replaced, as in ``stored_rows``.
        not_rules: numbers of what compares files or counts schools; what that found is left alone.
    """
    ids = _ids(submission_ids)  # noqa: F841 (for the query)
    con.execute(
        """
        DELETE FROM quality.violation
        WHERE submission_id IN (SELECT submission_id FROM ids) AND scope IN ('record', 'file')
          AND NOT list_contains($not_rules, rule_id) AND (
            list_contains($rules, rule_id)
            OR (submission_id, rule_id) IN (SELECT submission_id, rule_id FROM quality.rule_run)
        )
        """,
        {"rules": sorted(rules), "not_rules": sorted(not_rules)},
    ).fetchall()
    today = missouri_day(at)
    rows = apply_waivers(compared.rows, standing_waivers(con, today), today)
    gone = compared.gone.with_columns(
        status=pl.lit("fixed"), changed_by=pl.lit("rule"), fixed_at=pl.lit(at).cast(pl.Datetime("us", "UTC"))
    )
    columns = list(VIOLATION_ROW_SCHEMA)
    incoming = pl.concat([frame.select(columns) for frame in (rows, gone, compared.history)])  # noqa: F841 (query)
    con.execute("INSERT INTO quality.violation BY NAME SELECT * FROM incoming").fetchall()
    _store_rule_runs(con, rule_runs, submission_ids, not_rules)
    fixed = compared.gone.filter(pl.col("status").is_in(STANDING)).select("submission_id", "severity")
    # A trial in which the rules changed nothing has no new point on its line.
    changed = compared.changed_files()
    own = rows.filter(pl.col("submission_id").is_in(changed))
    store_trial_counts(con, changed, own, fixed, {}, cause=RULE, at=at)


def _store_rule_runs(
    con: duckdb.DuckDBPyConnection,
    incoming_runs: pl.DataFrame,
    submission_ids: Collection[str],
    not_rules: Collection[str],
) -> None:
    ids = _ids(submission_ids)  # noqa: F841 (for the query)
    con.execute(
        "DELETE FROM quality.rule_run WHERE submission_id IN (SELECT submission_id FROM ids) "
        "AND NOT list_contains(?, rule_id)",
        [sorted(not_rules)],
    ).fetchall()
    con.execute(
        "INSERT INTO quality.rule_run BY NAME "
        "SELECT rule_id, submission_id, applicable_count, failed_count FROM incoming_runs"
    ).fetchall()


def _ids(submission_ids: Collection[str]) -> pl.DataFrame:
    return pl.DataFrame({"submission_id": sorted(submission_ids)}, schema={"submission_id": pl.String})
