"""The life of a violation from file to file: new, still open, fixed, come back.

A violation is the same one as before when rule, field and school agree and the record is the same child: by state ID,
else by local student ID, else (neither known) by line. Decided over whole frames, never row by row.
"""

from dataclasses import dataclass

import polars as pl

# States that a person or an earlier file gave a violation and that a new file does not take away.
_CARRIED = ("reopened", "waived", "contacted", "accepted")
_SAME_PLACE = ("district_code", "collection_version", "school_code", "rule_id", "field")


@dataclass(frozen=True)
class Matched:
    """Violations with ``status`` and ``first_seen_at`` filled, and the earlier rows that they carry on."""

    violations: pl.DataFrame
    continued: pl.DataFrame


def carry_over(violations: pl.DataFrame, prior: pl.DataFrame) -> Matched:
    """The new violations, joined to their own past.

    Args:
        violations: columns of quality.violation without ``status``, ``first_seen_at``; ``last_seen_at`` is this run.
        prior: earlier rows of the same districts and collections, with ``prior_row`` that names each.

    Returns:
        violations: the same rows in the same order; ``first_seen_at`` of the earliest match, or this run.
        continued: ``prior_row`` of each earlier row that is still there.
    """
    numbered = violations.with_row_index("new_row")
    keys = _keys(numbered, "new_row")
    prior_keys = _keys(prior, "prior_row").join(
        prior.select("prior_row", "status", "first_seen_at", "last_seen_at"), on="prior_row"
    )
    on = [*_SAME_PLACE, "record_key"]
    # One earlier row per key first: a placeholder shared by thousands of records must not multiply the join.
    latest = prior_keys.sort("last_seen_at", "prior_row").group_by(on).agg(
        pl.col("first_seen_at").min(), pl.col("status").last()
    )  # fmt: skip
    found = (
        keys.join(latest, on=on, how="inner", nulls_equal=True)
        .group_by("new_row")
        .agg(pl.col("first_seen_at").min(), pl.col("status").sort_by("key_rank").first().alias("earlier_status"))
    )
    dated = (
        numbered.join(found, on="new_row", how="left", maintain_order="left")
        .with_columns(_status(), pl.coalesce("first_seen_at", "last_seen_at").alias("first_seen_at"))
        .drop("new_row", "earlier_status")
    )
    continued = prior_keys.join(keys, on=on, how="semi", nulls_equal=True).select("prior_row").unique()
    return Matched(dated, continued)


def _status() -> pl.Expr:
    earlier = pl.col("earlier_status")
    return (
        pl.when(earlier == "fixed")
        .then(pl.lit("reopened"))
        .when(earlier.is_in(_CARRIED))
        .then(earlier)
        .otherwise(pl.lit("open"))
        .alias("status")
    )


def _keys(rows: pl.DataFrame, row_name: str) -> pl.DataFrame:
    """Every name a record goes by, one row each; ``key_rank`` 0 is the surest."""
    has_no_name = pl.col("state_id").is_null() & pl.col("local_student_id").is_null()
    line = pl.when(has_no_name).then(pl.col("line_number").cast(pl.String).fill_null("file"))
    names = (("S:", pl.col("state_id")), ("L:", pl.col("local_student_id")), ("N:", line))
    each = [
        rows.select(
            row_name,
            *_SAME_PLACE,
            pl.concat_str(pl.lit(prefix), name).alias("record_key"),
            pl.lit(rank, pl.Int8).alias("key_rank"),
        ).drop_nulls("record_key")
        for rank, (prefix, name) in enumerate(names)
    ]
    return pl.concat(each)
