"""Judging stored files by the rules that compare them: one query a rule, over all files of a collection at once.

Nothing here commits or changes a table of the state.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import duckdb
import polars as pl

from outputs.across_files.comparisons import Comparisons
from outputs.across_files.views import across_views
from schemas.across_files import AcrossRule
from schemas.across_views import OPTIONAL_ANSWERS
from schemas.errors import MosisError
from schemas.validation import RULE_RUN_SCHEMA

_ANSWER = "across_answer"
_MOMENT = pl.Datetime("us", "UTC")
_TEXTS = (
    "submission_id", "district_code", "school_code", "layout", "collection_version", "field", "rule_id", "severity",
    "scope", "value", "message", "fix", "state_id", "local_student_id", "rule_book_version", "changed_by",
    "other_district_code",
)  # fmt: skip
# Columns of quality.violation that a finding fills.
FOUND_SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(_TEXTS, pl.String()),
    **{"line_number": pl.Int64(), "due_date": pl.Date(), "last_seen_at": _MOMENT},
}
_OPTIONAL = {name: kind for name, kind in OPTIONAL_ANSWERS.items() if name in FOUND_SCHEMA}
_SCHOOL_SOURCES = ("reporting_school_code", "current_school_code")


class AcrossDefect(MosisError):
    """A rule that compares files could not be run: a mistake of the system or its rule book, never of a file."""


@dataclass(frozen=True)
class Judged:
    """What rules across files found.

    Args:
        violations: FOUND_SCHEMA, a row a finding.
        rule_runs: how often each rule was tried and failed in each file, zeros included.
    """

    violations: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FOUND_SCHEMA))
    rule_runs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RULE_RUN_SCHEMA))


def judge(
    con: duckdb.DuckDBPyConnection,
    submission_ids: Collection[str],
    comparisons: Comparisons,
    *,
    at: datetime,
    changed_by: str = "file",
    children: Collection[str] | None = None,
) -> Judged:
    """What the rules across files say of some stored files (trials and certified ones; others are left alone).

    Args:
        children: valid numbers of the only children to look at; all where none is named.

    Raises:
        AcrossDefect: a query failed; names the rule, never a value.
    """
    collections = _collections(con, submission_ids)
    rules = {version: comparisons.rules_of(version) for version in collections}
    every = list({rule: None for found in rules.values() for rule in found})
    if not every:
        return Judged()
    found, runs = [], []
    with across_views(con, submission_ids, every, comparisons.calendar, children) as views:
        for version, chosen in rules.items():
            if chosen:
                views.for_collection(version)
            for rule in chosen:
                runs.append(_run(con, rule, collections[version]))
                found.append(_findings(con, rule, comparisons.columns[version][rule]))
    violations = pl.concat([part for part in found if part.height] or [pl.DataFrame(schema=FOUND_SCHEMA)])
    return Judged(
        violations.with_columns(changed_by=pl.lit(changed_by), last_seen_at=pl.lit(at).cast(_MOMENT)).select(
            pl.col(name).cast(kind) for name, kind in FOUND_SCHEMA.items()
        ),
        pl.concat(runs),
    )


def _collections(con: duckdb.DuckDBPyConnection, submission_ids: Collection[str]) -> dict[str, list[str]]:
    """Collection -> those of the files that can be judged, in order."""
    rows = con.execute(
        "SELECT collection_version, list(submission_id ORDER BY submission_id) FROM intake.submission "
        "WHERE list_contains(?, submission_id) AND status IN ('trial', 'certified') GROUP BY ALL ORDER BY ALL",
        [sorted(submission_ids)],
    ).fetchall()
    return dict(rows)


def _run(con: duckdb.DuckDBPyConnection, rule: AcrossRule, names: list[str]) -> pl.DataFrame:
    """Run the query into a table; how many records it was about and how many fail, for each file."""
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {_ANSWER} AS {_answers(rule)}")
    except duckdb.Error as fault:
        # The engine's text may quote a value, so only its kind is passed on.
        kind = type(fault).__name__
        raise AcrossDefect(
            f"Rule {rule.rule_id} (rule_book/across_files/{rule.query_name}.sql) could not be run on {len(names)} files "
            f"({kind}). This is a fault of the rule book; correct the query or take the rule out."
        ) from None
    counts = con.sql(
        f"SELECT submission_id, count(*)::BIGINT AS applicable_count, count_if(fails)::BIGINT AS failed_count "
        f"FROM {_ANSWER} GROUP BY submission_id"
    ).pl()
    every = pl.DataFrame({"submission_id": names, "rule_id": [rule.rule_id] * len(names)})
    return (
        every.join(counts, on="submission_id", how="left", maintain_order="left")
        .with_columns(pl.col("applicable_count", "failed_count").fill_null(0))
        .select(pl.col(name).cast(kind) for name, kind in RULE_RUN_SCHEMA.items())
    )


def _answers(rule: AcrossRule) -> str:
    """The rule's query, limited to the judged files; one row a record or missing child."""
    extra = [name for name in _OPTIONAL if name in rule.answers]
    answer = f"SELECT answer.* FROM (\n{rule.sql}\n) AS answer SEMI JOIN judged_file USING (submission_id) WHERE fails IS NOT NULL"
    keys = ["submission_id", "line_number", *(name for name in ("state_id", "local_student_id") if name in extra)]
    # The least of several values: the same one whatever the order in which records are read.
    values = "".join(f", min({name}) FILTER (fails) AS {name}" for name in extra if name not in keys)
    return f"SELECT {', '.join(keys)}, bool_or(fails) AS fails{values} FROM ({answer}) GROUP BY {', '.join(keys)}"


def _findings(con: duckdb.DuckDBPyConnection, rule: AcrossRule, columns: tuple[str, ...]) -> pl.DataFrame:
    """The failing rows with place, school, child and value; texts of the rule."""
    record = _record_columns(con, rule)
    extra = {
        name: f"answer.{name}" if name in rule.answers else f"try_cast(NULL AS {kind})"
        for name, kind in _OPTIONAL.items()
    }
    joined = {
        "school_code": ("school_code", "file.school_code"), "state_id": ("state_id", None),
        "local_student_id": ("local_student_id", None), "value": ("value", None),
    }  # fmt: skip
    for name, (source, last) in joined.items():
        parts = [extra[name], *([f"record.{source}"] if source in record else []), *([last] if last else [])]
        extra[name] = f"coalesce({', '.join(parts)})" if len(parts) > 1 else parts[0]
    listed = ", ".join(f"{expression} AS {name}" for name, expression in extra.items())
    source = ", ".join(["submission_id", "line_number", *(f"{sql} AS {name}" for name, sql in record.items())])
    found = con.sql(
        f"""
        SELECT answer.submission_id, answer.line_number, file.district_code, file.layout, file.collection_version,
               file.rule_book_version, {listed}
        FROM {_ANSWER} AS answer
        JOIN intake.submission AS file ON file.submission_id = answer.submission_id
        LEFT JOIN (SELECT {source} FROM collection."{rule.layout}") AS record
          ON record.submission_id = answer.submission_id AND record.line_number = answer.line_number
        WHERE answer.fails ORDER BY ALL
        """
    ).pl()
    texts = {
        "field": columns[0] if columns else None, "rule_id": rule.rule_id, "severity": rule.severity,
        "scope": rule.scope, "message": rule.message, "fix": rule.fix,
    }  # fmt: skip
    later = {"changed_by": None, "last_seen_at": None}
    filled = found.with_columns(
        pl.lit(text, FOUND_SCHEMA[name]).alias(name) for name, text in {**texts, **later}.items()
    )
    return filled.select(pl.col(name).cast(kind) for name, kind in FOUND_SCHEMA.items())


def _record_columns(con: duckdb.DuckDBPyConnection, rule: AcrossRule) -> dict[str, str]:
    """What a violation says of its record, as far as the layout has it: name -> SQL over the collection table."""
    kinds = dict(
        con.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database() "
            "AND schema_name = 'collection' AND table_name = ?",
            [rule.layout],
        ).fetchall()
    )
    school = next((name for name in _SCHOOL_SOURCES if name in kinds), None)
    found = {"school_code": school, "local_student_id": "local_student_id", "state_id": "state_id"}
    columns = {name: f'"{source}"' for name, source in found.items() if source in kinds}
    value = rule.fields[0] if rule.fields else None
    if value in kinds and value != "educator_id":
        as_text = f"strftime(\"{value}\", '%m/%d/%Y')" if kinds[value] == "DATE" else f'"{value}"::VARCHAR'
        columns["value"] = as_text
    return columns
