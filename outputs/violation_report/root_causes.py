"""Which few things, once put right, make most errors go.

Errors that share a cell go together when the cell is corrected, and a missing state ID goes when the error that held
it back does. What is left is grouped by rule, field and what to do: one group is one thing to fix, described by the value
or the school that most of it shares. Every error belongs to exactly one group, so the counts can be added.
"""

from dataclasses import dataclass
from typing import Any

import polars as pl

STATE_ID_COLUMN = "StateID"
# A value or school describes a group when at least this share of its errors has it.
TYPICAL_SHARE = 0.8
_CAUSE = ["cause_rule", "cause_field", "cause_fix"]


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing to fix. ``value`` and ``school_code`` are set where most of the group shares one.

    ``errors`` counts those that go with it too; ``own_errors`` only those of the rule itself.
    """

    rule_id: str
    field: str | None
    message: str
    fix: str | None
    errors: int
    own_errors: int
    records: int
    value: str | None
    value_errors: int
    school_code: str | None
    school_errors: int


def assign_causes(errors: pl.DataFrame, identity_columns: frozenset[str]) -> pl.DataFrame:
    """The errors with ``cause_rule``, ``cause_field`` and ``cause_fix``, in the order they came.

    Args:
        errors: rows of one submission.
        identity_columns: header names of the fields whose errors hold an ID back.
    """
    weighed = errors.with_columns(pl.len().over("rule_id", "field").alias("weight"))
    leading, its_fix = (
        pl.col(name).sort_by("weight", "rule_id", descending=[True, False]).first() for name in ("rule_id", "fix")
    )
    # Errors without a line or a field are about the file: each stands for itself.
    is_cell = pl.col("line_number").is_not_null() & pl.col("field").is_not_null()
    caused = weighed.with_columns(
        pl.when(is_cell).then(leading.over("line_number", "field")).otherwise("rule_id").alias("cause_rule"),
        pl.col("field").alias("cause_field"),
        pl.when(is_cell).then(its_fix.over("line_number", "field")).otherwise("fix").alias("cause_fix"),
    )
    held_back = _what_held_ids_back(caused, identity_columns)
    return (
        caused.join(held_back, on="line_number", how="left", maintain_order="left")
        .with_columns(_unless_held_back(name) for name in _CAUSE)
        .drop("weight", "held_rule", "held_field", "held_fix")
    )


def _what_held_ids_back(caused: pl.DataFrame, identity_columns: frozenset[str]) -> pl.DataFrame:
    identity = caused.filter(
        pl.col("field").is_in(sorted(identity_columns - {STATE_ID_COLUMN})), pl.col("line_number").is_not_null()
    )
    first = identity.sort("weight", "cause_rule", "cause_field", descending=[True, False, False])
    return first.group_by("line_number", maintain_order=True).agg(
        pl.col(name).first().alias(name.replace("cause", "held")) for name in _CAUSE
    )


def _unless_held_back(name: str) -> pl.Expr:
    is_held = (pl.col("field") == STATE_ID_COLUMN) & pl.col("held_rule").is_not_null()
    return pl.when(is_held).then(name.replace("cause", "held")).otherwise(name).alias(name)


def find_causes(caused: pl.DataFrame) -> list[Cause]:
    """Groups of errors, the largest first; ties by rule, field and what to do.

    Args:
        caused: from ``assign_causes``.
    """
    own = pl.all_horizontal(
        pl.col("rule_id") == pl.col("cause_rule"),
        pl.col("field").eq_missing(pl.col("cause_field")),
        pl.col("fix").eq_missing(pl.col("cause_fix")),
    )
    value, school = _commonest(pl.col("value").filter(own)), _commonest(pl.col("school_code"))
    groups = caused.group_by(_CAUSE).agg(
        pl.len().alias("errors"),
        pl.col("line_number").drop_nulls().n_unique().alias("records"),
        pl.col("message").filter(own).first(),
        own.sum().alias("own_errors"),
        value.alias("value"),
        (pl.col("value").filter(own) == value).sum().alias("value_errors"),
        school.alias("school_code"),
        (pl.col("school_code") == school).sum().alias("school_errors"),
    )
    has_schools = caused["school_code"].drop_nulls().n_unique() > 1
    ordered = groups.sort("errors", *_CAUSE, descending=[True, False, False, False])
    return [_cause(row, has_schools) for row in ordered.iter_rows(named=True)]


def _commonest(values: pl.Expr) -> pl.Expr:
    """The value seen most often; of equals the first in order."""
    return values.drop_nulls().mode().sort().first()


def _cause(row: dict[str, Any], has_schools: bool) -> Cause:
    if not _is_typical(row["value_errors"], row["own_errors"]):
        row.update(value=None, value_errors=0)
    if not has_schools or not _is_typical(row["school_errors"], row["errors"]):
        row.update(school_code=None, school_errors=0)
    return Cause(rule_id=row.pop("cause_rule"), field=row.pop("cause_field"), fix=row.pop("cause_fix"), **row)


def _is_typical(count: int, of: int) -> bool:
    return of > 1 and count >= TYPICAL_SHARE * of
