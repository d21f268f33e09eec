"""The life of a violation from file to file: new, still open, fixed, come back, waived.

A violation is the same one as before when rule, field and school agree and the record is the same child: by state ID,
else by local student ID, else (neither known) by line. Decided over whole frames, never row by row.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

# States that a person or an earlier file gave a violation and that a new file does not take away.
_CARRIED = ("reopened", "waived", "contacted", "accepted")
_SAME_PLACE = ("district_code", "collection_version", "school_code", "rule_id", "field")
# What goes on with a state: who gave it, until when, by which decision.
_ABOUT_STATUS = ("changed_by", "waived_until", "decision_number")
# States of which a waiver takes a violation out.
_WAIVABLE = ("open", "reopened", "contacted")


@dataclass(frozen=True)
class Matched:
    """Violations with ``status``, ``first_seen_at`` and ``life`` filled, and the earlier rows that they carry on.

    ``life`` is what the file brought: ``new``, ``still_open`` or ``reopened``.
    """

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
    past = ["status", "first_seen_at", *_ABOUT_STATUS]
    prior_keys = _keys(prior, "prior_row").join(prior.select("prior_row", "last_seen_at", *past), on="prior_row")
    on = [*_SAME_PLACE, "record_key"]
    # One earlier row per key first: a placeholder shared by thousands of records must not multiply the join.
    latest = prior_keys.sort("last_seen_at", "prior_row").group_by(on).agg(
        pl.col("first_seen_at").min(), pl.col("status", *_ABOUT_STATUS).last()
    )  # fmt: skip
    surest = pl.col("status", *_ABOUT_STATUS).sort_by("key_rank").first().name.prefix("earlier_")
    found = (
        keys.join(latest, on=on, how="inner", nulls_equal=True)
        .group_by("new_row")
        .agg(pl.col("first_seen_at").min(), surest)
    )
    dated = (
        numbered.join(found, on="new_row", how="left", maintain_order="left")
        .with_columns(
            _status(), _life(), *_carried(), pl.coalesce("first_seen_at", "last_seen_at").alias("first_seen_at")
        )
        .drop("new_row", "earlier_status", *(f"earlier_{name}" for name in _ABOUT_STATUS))
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


def _life() -> pl.Expr:
    earlier = pl.col("earlier_status")
    return (
        pl.when(earlier.is_null())
        .then(pl.lit("new"))
        .when(earlier == "fixed")
        .then(pl.lit("reopened"))
        .otherwise(pl.lit("still_open"))
        .alias("life")
    )


def _carried() -> list[pl.Expr]:
    """Who gave the state and until when, of rows that never went away."""
    goes_on = pl.col("earlier_status").is_not_null() & (pl.col("earlier_status") != "fixed")
    return [
        pl.when(goes_on).then(pl.coalesce(f"earlier_{name}", name)).otherwise(pl.col(name)).alias(name)
        for name in _ABOUT_STATUS
    ]


def apply_waivers(violations: pl.DataFrame, waivers: pl.DataFrame, today: date) -> pl.DataFrame:
    """The violations with those waived that a waiver covers, and those reopened whose waiver has run out.

    Args:
        violations: rows with ``status``.
        waivers: collection_version, rule_id, district_code and school_code (null: of every one), until, waiver_number;
            only those that stand today.
        today: the day in Missouri; a waiver stands to the end of its last day.
    """
    has_run_out = (pl.col("status") == "waived") & (pl.col("waived_until") < today).fill_null(False)
    rows = violations.with_columns(
        status=pl.when(has_run_out).then(pl.lit("reopened")).otherwise(pl.col("status")),
        changed_by=pl.when(has_run_out).then(pl.lit("decision")).otherwise(pl.col("changed_by")),
    )
    if waivers.is_empty() or rows.is_empty():
        return rows
    numbered = rows.with_row_index("row")
    covered = (
        numbered.select("row", "collection_version", "rule_id", "district_code", "school_code")
        .join(waivers, on=["collection_version", "rule_id"], suffix="_waived")
        .filter(
            pl.col("district_code_waived").is_null() | (pl.col("district_code_waived") == pl.col("district_code")),
            pl.col("school_code_waived").is_null() | (pl.col("school_code_waived") == pl.col("school_code")),
        )
        .sort("until", "waiver_number")
        .group_by("row")
        .agg(pl.col("until").last().alias("covered_until"), pl.col("waiver_number").last())
    )
    is_covered = pl.col("covered_until").is_not_null() & pl.col("status").is_in(_WAIVABLE)
    filled = {
        "status": pl.lit("waived"), "changed_by": pl.lit("decision"), "waived_until": pl.col("covered_until"),
        "decision_number": pl.col("waiver_number"),
    }  # fmt: skip
    return (
        numbered.join(covered, on="row", how="left", maintain_order="left")
        .with_columns(
            pl.when(is_covered).then(value).otherwise(pl.col(name)).alias(name) for name, value in filled.items()
        )
        .drop("row", "covered_until", "waiver_number")
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
