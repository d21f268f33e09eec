"""Judging stored files by the rules that compare them: one query a rule, over all files of a collection at once.

Nothing here commits or changes a table of the state.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import duckdb
import polars as pl

from outputs.across_files.comparisons import Comparisons
from outputs.across_files.views import STORED_ID, across_tables, table_of, with_views
from schemas.across_files import AcrossRule
from schemas.across_views import OPTIONAL_ANSWERS
from schemas.errors import MosisError
from schemas.validation import RULE_RUN_SCHEMA

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
# What a query can say beside the record that it is about; what it leaves open comes from the record itself.
_OPTIONAL = {name: kind for name, kind in OPTIONAL_ANSWERS.items() if name in FOUND_SCHEMA}
_KEY = ["rule", "submission_id", "line_number", "state_id", "local_student_id"]
_LINE = ["submission_id", "line_number"]
_SCHOOLS, _LOCAL_ID = ("reporting_school_code", "current_school_code"), "local_student_id"
# Answers are worked through together, up to about this many rows: small files have a few for each of many rules.
_ROWS_AT_ONCE = 500_000


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
) -> Judged:
    """What the rules across files say of some stored files (trials and certified ones; others are left alone).

    Raises:
        AcrossDefect: a query failed; names the rule, never a value.
    """
    files = _files(con, submission_ids)
    collections = files.partition_by("collection_version", as_dict=True, maintain_order=True)
    rules = {
        str(version): chosen for (version,) in collections if (chosen := comparisons.columns.get(str(version), {}))
    }  # fmt: skip
    every = list({rule: None for chosen in rules.values() for rule in chosen})
    if not every:
        return Judged()
    shown = {*_SCHOOLS, _LOCAL_ID, *(rule.fields[0] for rule in every if rule.fields)}
    found, runs = [], []
    with across_tables(con, submission_ids, every, comparisons, shown):
        for version, chosen in rules.items():
            judged = collections[(version,)]
            failing, counts = _ask_all(con, list(chosen), version, judged.height)
            found.append(_with_records(con, _with_texts(failing, chosen), judged["layout"][0], list(chosen)))
            runs.append(_every_run(counts, list(chosen), judged["submission_id"]))
    placed = pl.concat(found).join(files, on="submission_id", how="left", maintain_order="left")
    named = placed.with_columns(
        pl.coalesce("school_code", "file_school_code"), changed_by=pl.lit(changed_by), last_seen_at=pl.lit(at)
    )
    violations = named.select(pl.col(name).cast(kind) for name, kind in FOUND_SCHEMA.items())
    return Judged(violations, pl.concat(runs))


def _files(con: duckdb.DuckDBPyConnection, submission_ids: Collection[str]) -> pl.DataFrame:
    """Those of the files that can be judged, with what every violation of theirs says; in order."""
    ids = pl.DataFrame({"submission_id": sorted(submission_ids)}, schema={"submission_id": pl.String})  # noqa: F841
    return con.sql(
        "SELECT submission_id, district_code, school_code AS file_school_code, layout, collection_version, "
        "rule_book_version FROM intake.submission SEMI JOIN ids USING (submission_id) "
        "WHERE status IN ('trial', 'certified') ORDER BY collection_version, submission_id"
    ).pl()


def _ask_all(
    con: duckdb.DuckDBPyConnection, rules: Sequence[AcrossRule], version: str, file_count: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The failing answers of rules, and how many answers each file has; ``rule`` is the place of the rule."""
    failing, counts = [], []
    waiting: list[pl.DataFrame] = []
    for place, rule in enumerate(rules):
        waiting.append(_ask(con, place, rule, version, file_count))
        if sum(answers.height for answers in waiting) >= _ROWS_AT_ONCE or place == len(rules) - 1:
            answers = _once(pl.concat(waiting))
            failing.append(answers.filter("fails"))
            counts.append(
                answers.group_by("rule", "submission_id").agg(
                    pl.len().alias("applicable_count"), pl.col("fails").sum().alias("failed_count")
                )
            )
            waiting = []
    return pl.concat(failing), pl.concat(counts)


def _ask(con: duckdb.DuckDBPyConnection, place: int, rule: AcrossRule, version: str, file_count: int) -> pl.DataFrame:
    """A rule's answers about the judged files: a row a record, or missing child; every rule gives the same columns."""
    listed = ", ".join(
        f"try_cast({name if name in rule.answers else 'NULL'} AS {kind}) AS {name}" for name, kind in _OPTIONAL.items()
    )
    try:
        return con.sql(
            f"{with_views(rule, version)} SELECT {place}::INTEGER AS rule, submission_id, "
            f"try_cast(line_number AS BIGINT) AS line_number, fails, {listed} "
            f"FROM (\n{rule.sql}\n) AS answer SEMI JOIN judged_file USING (submission_id) WHERE fails IS NOT NULL"
        ).pl()
    except duckdb.Error as fault:
        # The engine's text may quote a value, so only its kind is passed on.
        kind = type(fault).__name__
    raise AcrossDefect(
        f"Rule {rule.rule_id} (rule_book/across_files/{rule.query_name}.sql) could not be run on {file_count} files "
        f"({kind}). This is a fault of the rule book; correct the query or take the rule out."
    )


def _once(answers: pl.DataFrame) -> pl.DataFrame:
    """A child that stands twice in the other file is one finding; of several values the least, whatever the order read."""
    if not answers.select(pl.struct(_KEY).is_duplicated().any()).item():
        return answers
    others = [name for name in _OPTIONAL if name not in _KEY]
    once = answers.group_by(_KEY).agg(
        pl.col("fails").any(), *(pl.col(name).filter("fails").min() for name in others)
    )  # fmt: skip
    return once.select(answers.columns)


def _every_run(counts: pl.DataFrame, rules: Sequence[AcrossRule], names: pl.Series) -> pl.DataFrame:
    """A row for each rule and file, zeros included."""
    every = pl.DataFrame(
        {"rule": range(len(rules)), "rule_id": [rule.rule_id for rule in rules]},
        schema={"rule": pl.Int32, "rule_id": pl.String},
    ).join(names.to_frame(), how="cross")
    return (
        every.join(counts, on=["rule", "submission_id"], how="left", maintain_order="left")
        .with_columns(pl.col("applicable_count", "failed_count").fill_null(0))
        .select(pl.col(name).cast(kind) for name, kind in RULE_RUN_SCHEMA.items())
    )


def _with_texts(failing: pl.DataFrame, rules: Mapping[AcrossRule, tuple[str, ...]]) -> pl.DataFrame:
    """The failing answers with what their rules say; ``value_of`` is the field to show where the query gave no value."""
    rows = [
        (
            place, columns[0] if columns else None, rule.rule_id, rule.severity, rule.scope, rule.message, rule.fix,
            rule.fields[0] if rule.fields and "value" not in rule.answers else None,
        )
        for place, (rule, columns) in enumerate(rules.items())
    ]  # fmt: skip
    texts = ("field", "rule_id", "severity", "scope", "message", "fix", "value_of")
    schema = {"rule": pl.Int32(), **dict.fromkeys(texts, pl.String())}
    said = pl.DataFrame(rows, schema=schema, orient="row")
    return failing.join(said, on="rule", how="left").drop("rule", "fails")


def _with_records(
    con: duckdb.DuckDBPyConnection, failing: pl.DataFrame, layout: str, rules: Sequence[AcrossRule]
) -> pl.DataFrame:
    """Findings with school, child and value of their records, as far as their queries left them open; in order."""
    lines = failing.select(_LINE).drop_nulls().unique()
    if lines.height:
        table = con.execute(f"SELECT * FROM {table_of(layout)} LIMIT 0").description
        kinds = {name: str(kind) for name, kind, *_ in table}
        values = sorted({rule.fields[0] for rule in rules if rule.fields and rule.fields[0] in kinds})
        school = next((name for name in _SCHOOLS if name in kinds), "trial__school_code")
        local_id = _LOCAL_ID if _LOCAL_ID in kinds else "NULL"
        listed = "".join(f', {_as_text(name, kinds[name])} AS "value of {name}"' for name in values)
        records = con.sql(
            f"SELECT submission_id, line_number, {school} AS record_school, {STORED_ID} AS record_state_id, "
            f"try_cast({local_id} AS VARCHAR) AS record_local_id{listed} "
            f"FROM {table_of(layout)} SEMI JOIN lines USING (submission_id, line_number) WHERE is_judged"
        ).pl()
        failing = failing.join(records, on=_LINE, how="left").with_columns(
            pl.coalesce("school_code", "record_school"),
            pl.coalesce("state_id", "record_state_id"),
            pl.coalesce("local_student_id", "record_local_id"),
            pl.coalesce("value", *(_where_named(name) for name in values)),
        )
    findings = [name for name in FOUND_SCHEMA if name in failing.columns]
    return failing.select(findings).sort(*_LINE, "rule_id", "state_id")


def _where_named(name: str) -> pl.Expr:
    return pl.when(pl.col("value_of") == name).then(pl.col(f"value of {name}"))


def _as_text(name: str, kind: str) -> str:
    """A field as the page shows it; a staff member's dummy number is shown to nobody."""
    if name == "educator_id":
        return "try_cast(NULL AS VARCHAR)"
    return f"strftime({name}, '%m/%d/%Y')" if kind == "DATE" else f"try_cast({name} AS VARCHAR)"
