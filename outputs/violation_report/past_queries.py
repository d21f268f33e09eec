"""What the database knows beside the violations of some files: what was fixed, earlier trials, how often rules applied."""

from collections.abc import Collection

import duckdb
import polars as pl

from outputs.violation_report.past import FIXED_SCHEMA, Past, Trial

# Findings that compare districts and that nobody has settled.
_OPEN_STATE = "scope = 'state' AND status IN ('open', 'reopened', 'contacted')"


def load_past(con: duckdb.DuckDBPyConnection, submission_ids: Collection[str]) -> dict[str, Past]:
    """What the report of each submission says beside its rows, in four queries for all of them."""
    names = pl.DataFrame({"submission_id": sorted(submission_ids)}, schema={"submission_id": pl.String})
    fixed, trials, runs, state = _fixed(con, names), _trials(con, names), _runs(con, names), _state_findings(con, names)
    return {
        name: Past(fixed.get(name), trials.get(name, ()), runs.get(name, {}), state.get(name, 0))
        for name in names["submission_id"]
    }


def _fixed(con: duckdb.DuckDBPyConnection, names: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Violations that are gone, by rule, for each file that replaced another: of the file before, and of changed rules since."""
    found = con.sql(
        """
        WITH this AS (
            SELECT submission_id, any_value(replaced_submission_id) AS replaced_id, min("at") AS "at"
            FROM quality.trial SEMI JOIN names USING (submission_id) WHERE cause = 'file' GROUP BY submission_id
        ),
        gone AS (
            SELECT this.submission_id, rule_id, field, message, severity, changed_by
            FROM this JOIN quality.violation AS old ON old.submission_id = this.replaced_id
            WHERE old.status = 'fixed' AND coalesce(old.fixed_at, this."at") >= this."at"
            UNION ALL
            SELECT this.submission_id, rule_id, field, message, severity, changed_by
            FROM this JOIN quality.violation AS own ON own.submission_id = this.submission_id
            WHERE own.status = 'fixed' AND own.scope <> 'state'
        )
        SELECT this.submission_id, this.replaced_id, rule_id, field, any_value(message) AS message, severity, changed_by,
               count(gone.rule_id) AS count
        FROM this LEFT JOIN gone USING (submission_id) GROUP BY ALL
        """
    ).pl()
    had_fixes = pl.col("replaced_id").is_not_null() | (pl.col("count") > 0)
    return {
        str(name): part.filter(pl.col("count") > 0).select(*FIXED_SCHEMA).cast(pl.Schema(FIXED_SCHEMA))
        for (name,), part in found.filter(had_fixes).partition_by("submission_id", as_dict=True).items()
    }


def _trials(con: duckdb.DuckDBPyConnection, names: pl.DataFrame) -> dict[str, tuple[Trial, ...]]:
    """The files of the same place and collection up to each submission, oldest first."""
    found = con.sql(
        """
        WITH this AS (
            SELECT submission_id, district_code, school_code, collection_version, max("at") AS "at"
            FROM quality.trial SEMI JOIN names USING (submission_id) GROUP BY ALL
        )
        SELECT this.submission_id, trial."at", trial.cause = 'rule', any_value(trial.record_count),
               coalesce(sum(new_count + still_open_count + reopened_count - waived_count) FILTER (severity = 'E'), 0)::BIGINT,
               coalesce(sum(new_count + still_open_count + reopened_count - waived_count) FILTER (severity = 'W'), 0)::BIGINT,
               coalesce(sum(new_count) FILTER (severity = 'E'), 0)::BIGINT,
               coalesce(sum(fixed_count) FILTER (severity = 'E'), 0)::BIGINT
        FROM this JOIN quality.trial AS trial
          ON trial.district_code = this.district_code AND trial.collection_version = this.collection_version
         AND trial.school_code IS NOT DISTINCT FROM this.school_code AND trial."at" <= this."at"
        GROUP BY this.submission_id, trial.submission_id, trial."at", trial.cause
        ORDER BY this.submission_id, trial."at", trial.cause, trial.submission_id
        """
    ).fetchall()
    trials: dict[str, tuple[Trial, ...]] = {}
    for name, at, is_rule_change, records, errors, warnings, new, fixed in found:
        trial = Trial(at, is_rule_change, records or 0, errors, warnings, new, fixed)
        trials[name] = (*trials.get(name, ()), trial)
    return trials


def _runs(con: duckdb.DuckDBPyConnection, names: pl.DataFrame) -> dict[str, dict[str, tuple[int, int]]]:
    found = con.sql(
        "SELECT submission_id, rule_id, applicable_count, failed_count FROM quality.rule_run "
        "SEMI JOIN names USING (submission_id) WHERE failed_count > 0"
    ).fetchall()
    runs: dict[str, dict[str, tuple[int, int]]] = {}
    for name, rule_id, applicable, failed in found:
        runs.setdefault(name, {})[rule_id] = (applicable, failed)
    return runs


def _state_findings(con: duckdb.DuckDBPyConnection, names: pl.DataFrame) -> dict[str, int]:
    return dict(
        con.sql(
            f"SELECT submission_id, count(*) FROM quality.violation SEMI JOIN names USING (submission_id) "
            f"WHERE {_OPEN_STATE} GROUP BY ALL"
        ).fetchall()
    )
