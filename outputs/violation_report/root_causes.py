"""Which few things, once put right, make most errors go.

Errors that share a cell go together when the cell is corrected, and a missing state ID goes when the error that held
it back does. Mistakes of an export that hit several fields alike (``cause_patterns``) are one thing. What is left is
grouped by rule, field and what to do: one group is one thing to fix, described by the value, the school or the course,
class or educator that most of it shares. Every error belongs to exactly one group, so the counts can be added.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from outputs.violation_report.cause_patterns import FileShape, mark_patterns

STATE_ID_COLUMN = "StateID"
# A value, school or class describes a group when at least this share of its errors has it.
TYPICAL_SHARE = 0.8
RULE = "rule"
_CAUSE = ["cause_kind", "cause_rule", "cause_field", "cause_fix"]


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing to fix. ``value``, ``school_code`` and ``shared`` are set where most of the group shares one.

    Attributes:
        kind: ``rule``, or the pattern of ``cause_patterns`` that the errors show.
        rule_id, field, fix, message: of a rule; null for a pattern.
        fields: all fields with an error of its own.
        detail: of a pattern, what tells it from others of its kind: how the dates are written.
        errors: with those that go along; ``own_errors`` without.
        shared: header name and value that the records have in common, such as one course or one educator.
    """

    kind: str
    rule_id: str | None
    field: str | None
    message: str | None
    fix: str | None
    fields: tuple[str, ...]
    detail: str | None
    errors: int
    own_errors: int
    records: int
    value: str | None
    value_errors: int
    school_code: str | None
    school_errors: int
    shared: tuple[str, str] | None
    shared_errors: int

    @property
    def key(self) -> tuple[str | None, ...]:
        return self.kind, self.rule_id, self.field, self.fix if self.kind == RULE else self.detail


def assign_causes(
    errors: pl.DataFrame, identity_columns: frozenset[str], shape: FileShape | None = None
) -> pl.DataFrame:
    """The errors with ``cause_kind``, ``cause_rule``, ``cause_field``, ``cause_fix`` and ``is_own``, in the order they came.

    ``cause_fix`` of a pattern is its detail. ``is_own`` is false for errors that only go along.

    Args:
        errors: rows of one submission.
        identity_columns: header names of the fields whose errors hold an ID back.
        shape: by what patterns are known; none are looked for without it.
    """
    weighed = mark_patterns(errors, shape or FileShape(), never_empty=STATE_ID_COLUMN).with_columns(
        pl.len().over("rule_id", "field").alias("weight")
    )
    leading, its_fix = (
        pl.col(name).sort_by("weight", "rule_id", descending=[True, False]).first() for name in ("rule_id", "fix")
    )
    # Errors without a line or a field are about the file: each stands for itself.
    is_cell = pl.col("line_number").is_not_null() & pl.col("field").is_not_null()
    has_pattern = pl.col("pattern").is_not_null()
    caused = weighed.with_columns(
        pl.when(is_cell).then(leading.over("line_number", "field")).otherwise("rule_id").alias("cause_rule"),
        pl.col("field").alias("cause_field"),
        pl.when(is_cell).then(its_fix.over("line_number", "field")).otherwise("fix").alias("cause_fix"),
    ).with_columns(
        pl.col("pattern").fill_null(RULE).alias("cause_kind"),
        *(pl.when(~has_pattern).then(name).alias(name) for name in ("cause_rule", "cause_field")),
        pl.when(has_pattern).then("pattern_detail").otherwise("cause_fix").alias("cause_fix"),
        (
            has_pattern
            | ((pl.col("rule_id") == pl.col("cause_rule")) & pl.col("fix").eq_missing(pl.col("cause_fix")))
        ).alias("is_own"),
    )  # fmt: skip
    held_back = _what_held_ids_back(caused, identity_columns)
    is_held = (pl.col("field") == STATE_ID_COLUMN) & pl.col("held_kind").is_not_null()
    return (
        caused.join(held_back, on="line_number", how="left", maintain_order="left")
        .with_columns(
            *(pl.when(is_held).then(_held(name)).otherwise(name).alias(name) for name in _CAUSE),
            pl.when(is_held).then(False).otherwise("is_own").alias("is_own"),
        )
        .drop("weight", "pattern", "pattern_detail", *map(_held, _CAUSE))
    )


def _held(name: str) -> str:
    return name.replace("cause", "held")


def _what_held_ids_back(caused: pl.DataFrame, identity_columns: frozenset[str]) -> pl.DataFrame:
    identity = caused.filter(
        pl.col("field").is_in(sorted(identity_columns - {STATE_ID_COLUMN})), pl.col("line_number").is_not_null()
    )
    first = identity.sort("weight", "cause_rule", "cause_field", descending=[True, False, False])
    return first.group_by("line_number", maintain_order=True).agg(
        pl.col(name).first().alias(_held(name)) for name in _CAUSE
    )


def find_causes(caused: pl.DataFrame, shared_columns: Sequence[str] = ()) -> list[Cause]:
    """Groups of errors, the largest first; ties by rule, field and what to do.

    Args:
        caused: from ``assign_causes``.
        shared_columns: columns beside, such as the course or the educator of the record, that may describe a group.
    """
    own = pl.col("is_own")
    value, school = _commonest(pl.col("value").filter(own)), _commonest(pl.col("school_code"))
    shared = [_commonest(pl.col(name)) for name in shared_columns]
    groups = caused.group_by(_CAUSE).agg(
        pl.len().alias("errors"),
        pl.col("line_number").drop_nulls().n_unique().alias("records"),
        pl.col("message").filter(own).first(),
        pl.col("field").filter(own).drop_nulls().unique(maintain_order=True).alias("fields"),
        own.sum().alias("own_errors"),
        value.alias("value"),
        (pl.col("value").filter(own) == value).sum().alias("value_errors"),
        school.alias("school_code"),
        (pl.col("school_code") == school).sum().alias("school_errors"),
        *(common.alias(f"shared {name}") for name, common in zip(shared_columns, shared, strict=True)),
        *(
            (pl.col(name) == common).sum().alias(f"count {name}")
            for name, common in zip(shared_columns, shared, strict=True)
        ),
    )
    has_schools = caused["school_code"].drop_nulls().n_unique() > 1
    several = {name for name in shared_columns if caused[name].drop_nulls().n_unique() > 1}
    ordered = groups.sort("errors", *_CAUSE, descending=[True, False, False, False, False])
    return [
        _cause(row, has_schools, [name for name in shared_columns if name in several])
        for row in ordered.iter_rows(named=True)
    ]


def _commonest(values: pl.Expr) -> pl.Expr:
    """The value seen most often; of equals the first in order."""
    return values.drop_nulls().mode().sort().first()


def _cause(row: dict[str, Any], has_schools: bool, shared_columns: Sequence[str]) -> Cause:
    is_rule = row["cause_kind"] == RULE
    has_value = is_rule and _is_typical(row["value_errors"], row["own_errors"])
    has_school = has_schools and _is_typical(row["school_errors"], row["errors"])
    shared = next((name for name in shared_columns if _is_typical(row[f"count {name}"], row["errors"])), None)
    return Cause(
        kind=row["cause_kind"],
        rule_id=row["cause_rule"],
        field=row["cause_field"],
        message=row["message"] if is_rule else None,
        fix=row["cause_fix"] if is_rule else None,
        fields=tuple(row["fields"]),
        detail=None if is_rule else row["cause_fix"],
        errors=row["errors"],
        own_errors=row["own_errors"],
        records=row["records"],
        value=row["value"] if has_value else None,
        value_errors=row["value_errors"] if has_value else 0,
        school_code=row["school_code"] if has_school else None,
        school_errors=row["school_errors"] if has_school else 0,
        shared=(shared, row[f"shared {shared}"]) if shared else None,
        shared_errors=row[f"count {shared}"] if shared else 0,
    )


def _is_typical(count: int, of: int) -> bool:
    return of > 1 and count >= TYPICAL_SHARE * of
