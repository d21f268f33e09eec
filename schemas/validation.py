"""Text records in, typed records and violation rows out: all violations of all rules, by pandera.

One call takes a batch of many submissions of one collection. pandera's errors quote failing values and carry the frame,
so they end here: their failure cases become violations and nothing else of them leaves this module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from schemas.dictionary import RecordLayout
from schemas.directory import Directory
from schemas.errors import MosisError
from schemas.joined_columns import collection_columns, exists_columns, with_trial
from schemas.pandera_for_polars import SchemaErrors
from schemas.predicates import HIDDEN_COLUMNS
from schemas.rules import Rule, RuleBook
from schemas.schema_builder import (
    rule_answers,
    rule_flags,
    rule_schema,
    text_columns,
    typed_expression,
    typed_record_schema,
)

VIOLATION_SCHEMA: dict[str, pl.DataType] = {
    "submission_id": pl.String(),
    "line_number": pl.UInt32(),
    "field": pl.String(),
    "rule_id": pl.String(),
    "severity": pl.String(),
    "scope": pl.String(),
    "value": pl.String(),
    "message": pl.String(),
    "fix": pl.String(),
}
RULE_RUN_SCHEMA: dict[str, pl.DataType] = {
    "rule_id": pl.String(),
    "submission_id": pl.String(),
    "applicable_count": pl.Int64(),
    "failed_count": pl.Int64(),
}
MASKED_SSN = "***-**-****"


class ValidationDefect(MosisError):
    """A rule or schema could not be run on a batch: a mistake of the system, never of a file.

    Attributes:
        submission_ids: the files of the batch, which wait until the mistake is corrected.
    """

    exit_code = 6

    def __init__(self, message: str, submission_ids: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.submission_ids = tuple(submission_ids)


@dataclass(frozen=True)
class Validated:
    """Typed records (in the order they came), VIOLATIONS and RULE_RUNS of one batch."""

    records: pl.DataFrame
    violations: pl.DataFrame
    rule_runs: pl.DataFrame


def validate_records(
    records: pl.DataFrame,
    submissions: pl.DataFrame,
    *,
    layout: RecordLayout,
    rule_book: RuleBook,
    directory: Directory | None,
    after_identify: bool = False,
) -> Validated:
    """Typed records and every violation of a batch.

    Raises:
        ValidationDefect: one of our rules could not be run; names the rule and the files, no value.

    Args:
        records: first call: submission_id, line_number and the text columns of ``layout``. After identify: the typed
            records of that call with a ``state_id`` column; only rules that name the state ID run.
        submissions: one row a file: submission_id, district_code, school_code (others are left alone).
        directory: None where it is not known; rules that need it then find nothing.

    Returns:
        Violations sorted by submission, line and rule; one rule_run row for each rule number and submission.
    """
    try:
        return _validated(records, submissions, layout, rule_book, directory, after_identify)
    except ValidationDefect as defect:
        message = f"{defect} Collection {rule_book.collection.version}; no file is to blame."
    raise ValidationDefect(message, submissions["submission_id"].to_list())


def _validated(
    records: pl.DataFrame,
    submissions: pl.DataFrame,
    layout: RecordLayout,
    rule_book: RuleBook,
    directory: Directory | None,
    after_identify: bool,
) -> Validated:
    # ID batches of every school year are judged by one book, so the year of the layout may differ.
    if layout.name != rule_book.layout.name:
        raise ValidationDefect(f"The rules of {rule_book.layout.name} were asked to judge records of {layout.name}.")
    if after_identify:
        batch = _returned_batch(records, submissions, rule_book)
    else:
        batch = prepare_batch(records, submissions, rule_book, directory)
    rules = rule_book.after_identify if after_identify else rule_book.before_identify
    record_rules = [rule for rule in rules if rule.scope == "record"]
    file_rules = [rule for rule in rules if rule.scope == "file"]
    files = _files(batch, submissions, rule_book)
    judged = [
        _Judged(part, scope, _answers(part, scope)) for part, scope in ((batch, record_rules), (files, file_rules))
    ]
    found = [_violations(each.batch, each.rules, _failure_cases(each)) for each in judged]
    violations = pl.concat(found).sort("submission_id", "line_number", "rule_id", "field", maintain_order=True)
    runs = _rule_runs(judged, files, rules, violations)
    return Validated(records if after_identify else _typed_records(batch, layout), violations, runs)


def prepare_batch(
    records: pl.DataFrame, submissions: pl.DataFrame, book: RuleBook, directory: Directory | None
) -> pl.DataFrame:
    """The batch as rules see it: each field as text (``__text``) and typed, and all that is joined."""
    plain = [field for field in book.layout.fields if field.standard_name not in HIDDEN_COLUMNS]
    texts = [pl.col(field.standard_name).alias(f"{field.standard_name}__text") for field in plain]
    typed = [
        typed_expression(field, book.spellings.get(field.standard_name, {}), pl.col(field.standard_name)).alias(
            field.standard_name
        )
        for field in plain
    ]
    exists = exists_columns(book.layout, directory, book.collection.school_year)
    return with_trial(records, submissions).with_columns(*texts, *typed, *exists, *collection_columns(book.collection))


def _returned_batch(records: pl.DataFrame, submissions: pl.DataFrame, book: RuleBook) -> pl.DataFrame:
    """Typed records as they come back from identify, with ``__text`` for the text fields."""
    texts = [
        pl.col(field.standard_name).alias(f"{field.standard_name}__text")
        for field in book.layout.fields
        if field.type == "Text" and field.standard_name not in HIDDEN_COLUMNS
    ]
    return with_trial(records, submissions).with_columns(*texts, *collection_columns(book.collection))


def _typed_records(batch: pl.DataFrame, layout: RecordLayout) -> pl.DataFrame:
    """The typed record frame; its names and types are held against the dictionary.

    Raises:
        ValidationDefect: a column is missing or has another type than the dictionary says.
    """
    typed = batch.select(
        "submission_id", "line_number", pl.col("trial__district_code").alias("district_code"), *text_columns(layout)
    )
    try:
        # Names and types are all there is to check here, which is what pandera does with a LazyFrame.
        typed_record_schema(layout).validate(typed.lazy(), lazy=True)
    except SchemaErrors as errors:
        found = errors.failure_cases.select("column", "check").unique().rows()
    else:
        return typed
    raise ValidationDefect(f"Typed records are not what the {layout.name} layout says: {sorted(map(str, found))}.")


def _files(batch: pl.DataFrame, submissions: pl.DataFrame, book: RuleBook) -> pl.DataFrame:
    """One row a submission: what file-scope rules see. A file without records is a row too."""
    counts = batch.group_by("submission_id").agg(pl.len().alias("file__record_count"))
    return (
        with_trial(submissions.select("submission_id"), submissions)
        .join(counts, on="submission_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("file__record_count").fill_null(0),
            pl.lit(None, pl.UInt32).alias("line_number"),
            *collection_columns(book.collection),
        )
    )


@dataclass(frozen=True)
class _Judged:
    """Rows of one scope with what the conditions of its rules say of them; each condition is evaluated once."""

    batch: pl.DataFrame
    rules: Sequence[Rule]
    answers: pl.DataFrame


def _failure_cases(each: _Judged) -> pl.DataFrame:
    """Rule key and row index of every failed check.

    Raises:
        ValidationDefect: pandera could not run a check.
    """
    batch, rules = each.batch, each.rules
    passed = pl.DataFrame(schema={"check": pl.String, "index": pl.Int32})
    if not rules or batch.is_empty():
        return passed
    flags = rule_flags(each.answers, rules)
    judged = _not_passed_by_all(flags, rules)
    if not judged:
        return passed
    try:
        # A DataFrame, never a LazyFrame: for the latter pandera looks at names and types only and calls it a pass.
        rule_schema(judged).validate(flags.select("line_number", *(rule.key for rule in judged)), lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases.select("check", "index")
    else:
        return passed
    if defects := cases.filter(pl.col("index").is_null())["check"].to_list():
        raise ValidationDefect(
            f"These checks could not be run on a batch of {batch.height} records: {sorted(defects)}."
        )
    return cases


def _not_passed_by_all(flags: pl.DataFrame, rules: Sequence[Rule]) -> list[Rule]:
    """Rules whose flag is not plainly true on every record; the others have no failure case that pandera could find."""
    passed = flags.select(pl.col([rule.key for rule in rules]).all(ignore_nulls=False)).row(0, named=True)
    return [rule for rule in rules if passed[rule.key] is not True]


def _answers(batch: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """What the conditions say of each row.

    Raises:
        ValidationDefect: a rule could not be evaluated.
    """
    try:
        return rule_answers(batch, rules)
    except pl.exceptions.PolarsError as fault:
        # The engine's text may quote a value, so only its kind is passed on.
        kind = type(fault).__name__
    broken = [f"{rule.rule_id} ({rule.place})" for rule in rules if not _can_run(batch, rule)]
    what = f"{'Rule' if len(broken) == 1 else 'Rules'} {', '.join(broken)}" if broken else "The rules together"
    raise ValidationDefect(f"{what} could not be evaluated on a batch of {batch.height} records ({kind}).")


def _can_run(batch: pl.DataFrame, rule: Rule) -> bool:
    try:
        rule_answers(batch, [rule])
    except pl.exceptions.PolarsError:
        return False
    return True


def _violations(batch: pl.DataFrame, rules: Sequence[Rule], cases: pl.DataFrame) -> pl.DataFrame:
    """Failure cases as VIOLATIONS, built by whole columns."""
    texts = pl.DataFrame(
        [(r.key, r.column, r.rule_id, r.severity, r.scope, r.message, r.fix) for r in rules],
        schema=dict.fromkeys(("check", "field", "rule_id", "severity", "scope", "message", "fix"), pl.String),
        orient="row",
    )
    rows = pl.concat([_with_values(batch, rule, part) for rule, part in _by_rule(rules, cases)] or [_no_values()])
    places = batch.select("submission_id", "line_number")[rows["index"]] if rows.height else batch.clear()
    found = pl.concat([places.select("submission_id", "line_number"), rows], how="horizontal").join(
        texts, on="check", how="left", maintain_order="left"
    )
    return found.select(pl.col(name).cast(kind) for name, kind in VIOLATION_SCHEMA.items())


def _by_rule(rules: Sequence[Rule], cases: pl.DataFrame) -> list[tuple[Rule, pl.DataFrame]]:
    parts = cases.partition_by("check", as_dict=True)
    return [(rule, parts[(rule.key,)]) for rule in rules if (rule.key,) in parts]


def _with_values(batch: pl.DataFrame, rule: Rule, cases: pl.DataFrame) -> pl.DataFrame:
    values = batch.select(_value(batch, rule).alias("value"))["value"]
    return cases.with_columns(values.gather(cases["index"]))


def _no_values() -> pl.DataFrame:
    return pl.DataFrame(schema={"check": pl.String, "index": pl.Int32, "value": pl.String})


def _value(batch: pl.DataFrame, rule: Rule) -> pl.Expr:
    """What stood in the rule's first field, as it was sent; an SSN only as a mask."""
    if not rule.fields:
        return pl.repeat(None, batch.height, dtype=pl.String)
    name = rule.fields[0]
    if name in HIDDEN_COLUMNS:
        return pl.when(pl.col(f"{name}_status") != "blank").then(pl.lit(MASKED_SSN))
    return pl.col(f"{name}__text") if f"{name}__text" in batch.columns else pl.col(name).cast(pl.String)


def _rule_runs(
    judged: Sequence[_Judged], files: pl.DataFrame, rules: Sequence[Rule], violations: pl.DataFrame
) -> pl.DataFrame:
    """How often each rule number was tried and failed in each submission, zeros included."""
    applicable = [_applicable(each) for each in judged]
    failed = violations.group_by("rule_id", "submission_id").agg(pl.len().alias("failed_count"))
    every = files.select("submission_id").join(
        pl.DataFrame({"rule_id": sorted({rule.rule_id for rule in rules})}, schema={"rule_id": pl.String}), how="cross"
    )
    keys = ["rule_id", "submission_id"]
    return (
        every.join(pl.concat(applicable), on=keys, how="left")
        .join(failed, on=keys, how="left")
        .select(
            pl.col(name).fill_null(0).cast(kind) if name not in keys else name for name, kind in RULE_RUN_SCHEMA.items()
        )
        .sort(keys[::-1])
    )


def _applicable(each: _Judged) -> pl.DataFrame:
    """rule_id, submission_id and how many records each rule number was about; its rules' counts added up."""
    batch, rules = each.batch, each.rules
    counters = {_counter(rule): rule for rule in rules}
    flags = pl.concat(
        [
            batch.select("submission_id", *_is_about(counters, computed=False)),
            each.answers.select(*_is_about(counters, computed=True)),
        ],
        how="horizontal",
    )
    sums = pl.col(list(counters)).sum()
    # Records of one file stand together, and grouping by the number of such a run is three times as fast as by its name.
    stretches = flags.group_by(pl.col("submission_id").rle_id().alias("run")).agg(pl.col("submission_id").first(), sums)
    counts = stretches.group_by("submission_id").agg(sums)
    numbers = pl.DataFrame(
        [(_counter(rule), rule.rule_id) for rule in rules],
        schema={"counter": pl.String, "rule_id": pl.String},
        orient="row",
    )
    return (
        counts.unpivot(index="submission_id", variable_name="counter", value_name="applicable_count")
        .join(numbers, on="counter")
        .group_by("rule_id", "submission_id")
        .agg(pl.col("applicable_count").sum().cast(pl.Int64))
    )


def _counter(rule: Rule) -> str:
    """Rules that are about the same records share one count."""
    by_kind = {"all": "all", "filled": f"filled:{rule.fields[0] if rule.fields else ''}"}
    return "all" if rule.on_null == "violation" else by_kind.get(rule.applies_to, f"computed:{rule.key}")


def _is_about(counters: Mapping[str, Rule], *, computed: bool) -> list[pl.Expr]:
    """Which records each counter counts: from the conditions' answers where that decides, else from the records."""
    chosen = {name: rule for name, rule in counters.items() if name.startswith("computed:") is computed}
    if computed:
        return [pl.col(rule.key).is_not_null().alias(name) for name, rule in chosen.items()]
    about = {"all": pl.col("submission_id").is_not_null()}
    about |= {name: pl.col(f"{rule.fields[0]}__text").is_not_null() for name, rule in chosen.items() if name != "all"}
    return [about[name].alias(name) for name in chosen]
