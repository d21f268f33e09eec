"""What false merges, splits and missed moves are made of: counted by what the truth says went wrong, without any name.

A registration carries the tags of its mistakes; the two registrations that should have met (or should not) are held against
each other, and the fields that were damaged on either side name the cause.
"""

from collections.abc import Mapping

import polars as pl

from matching.evaluation import LINE, joined_with_truth, steps_between_years

FALSE_MERGE, SPLIT, MISSED_MOVE = "false merge", "split", "move not linked"
CAUSE_SCHEMA = pl.Schema({"error": pl.String(), "who": pl.String(), "cause": pl.String(), "how": pl.String(),
                          "count": pl.Int64()})  # fmt: skip
# Without one of these a child is hard to find; the other mistakes only take support away.
TELLING_FIELDS = ("last name", "first name", "birth date", "both names")
SUPPORT_FIELDS = ("middle name", "guardian", "SSN")
NO_SUPPORT = "names and birth date right, too little beside them"
NOTHING = "names and birth date right"


def count_causes(
    truth: pl.DataFrame, assignments: pl.DataFrame, tag_causes: Mapping[str, tuple[str, str]]
) -> pl.DataFrame:
    """Errors by kind, who (twin, namesake of another child, ...), cause and how the record ended, in CAUSE_SCHEMA.

    Args:
        truth: as ``count_errors`` takes it, with family, namesake_key and error_tags (joined by ``;``).
        tag_causes: tag -> damaged field and the cause in words; other tags count as nothing.
    """
    if "error_tags" not in truth.columns:
        return pl.DataFrame(schema=CAUSE_SCHEMA)
    records = joined_with_truth(truth, assignments).sort("school_year", *LINE)
    records = records.with_columns(
        is_namesake=pl.col("person_id").n_unique().over("namesake_key") > 1,
        how=pl.when(pl.col("outcome") == "NEAR_MATCH")
        .then(pl.format("in review: {}", "reason"))
        .otherwise(pl.format("{}: {}", "outcome", "reason")),
    )
    rows = [
        *_rows(FALSE_MERGE, _merged(records), tag_causes),
        *_rows(SPLIT, _split(records), tag_causes),
        *_rows(MISSED_MOVE, _missed_moves(records), tag_causes),
    ]
    table = pl.DataFrame(rows, schema={**CAUSE_SCHEMA}, orient="row")
    return pool_causes([table])


def pool_causes(tables: list[pl.DataFrame]) -> pl.DataFrame:
    """The causes of several states as one, the most frequent first within each kind of error."""
    order = pl.col("error").replace_strict({FALSE_MERGE: 0, SPLIT: 1, MISSED_MOVE: 2}, return_dtype=pl.Int64)
    return (
        pl.concat(tables)
        .group_by("error", "who", "cause", "how")
        .agg(pl.col("count").sum())
        .sort(order, "count", "who", "cause", "how", descending=[False, True, False, False, False])
    )


def cause_of(tags: str, other_tags: str, tag_causes: Mapping[str, tuple[str, str]]) -> str:
    """What went wrong between two registrations, from the tags of both."""
    known = [tag_causes[tag] for tag in dict.fromkeys(f"{tags};{other_tags}".split(";")) if tag in tag_causes]
    telling = [(field, words) for field, words in known if field in TELLING_FIELDS]
    fields = sorted({field for field, _ in telling}, key=TELLING_FIELDS.index)
    if len(fields) > 1:
        return "several: " + " and ".join(fields)
    if telling:
        return telling[0][1]
    damaged = {field for field, _ in known}
    return NO_SUPPORT if len(damaged & set(SUPPORT_FIELDS)) > 1 else NOTHING


def _rows(
    error: str, found: pl.DataFrame, tag_causes: Mapping[str, tuple[str, str]]
) -> list[tuple[str, str, str, str, int]]:
    counted = found.group_by("who", "error_tags", "other_tags", "how").len()
    return [
        (error, who, cause_of(tags, other, tag_causes), how, count)
        for who, tags, other, how, count in counted.select("who", "error_tags", "other_tags", "how", "len").iter_rows()
    ]


def _merged(records: pl.DataFrame) -> pl.DataFrame:
    """Each child too many on a number: its first record there, with the first record of the number's first child."""
    given = records.filter(pl.col("state_id").is_not_null())
    shared = given.filter(pl.col("person_id").n_unique().over("state_id") > 1)
    first = shared.unique("state_id", keep="first", maintain_order=True).select(
        "state_id", owner="person_id", owner_twins="twin_set", owner_family="family", owner_namesake="namesake_key",
        other_tags="error_tags",
    )  # fmt: skip
    others = shared.join(first, on="state_id", maintain_order="left").filter(pl.col("person_id") != pl.col("owner"))
    return others.unique(["state_id", "person_id"], keep="first", maintain_order=True).with_columns(
        who=pl.when(pl.col("twin_set") == pl.col("owner_twins"))
        .then(pl.lit("twins"))
        .when(pl.col("family") == pl.col("owner_family"))
        .then(pl.lit("siblings"))
        .when(pl.col("namesake_key") == pl.col("owner_namesake"))
        .then(pl.lit("namesakes born on one day"))
        .otherwise(pl.lit("strangers"))
    )


def _split(records: pl.DataFrame) -> pl.DataFrame:
    """Each number a child has beyond its first: the first record with it, held against the child's first record."""
    given = records.filter(pl.col("state_id").is_not_null())
    first = given.unique("person_id", keep="first", maintain_order=True).select(
        "person_id", first_id="state_id", other_tags="error_tags"
    )
    others = given.join(first, on="person_id", maintain_order="left").filter(pl.col("state_id") != pl.col("first_id"))
    return others.unique(["person_id", "state_id"], keep="first", maintain_order=True).with_columns(who=_who())


def _missed_moves(records: pl.DataFrame) -> pl.DataFrame:
    """Moves that were not linked, with the newest earlier record of the child."""
    missed = steps_between_years(records).filter("is_move", ~pl.col("is_linked"))
    earlier = records.select("person_id", school_year=pl.col("school_year") + 1, other_tags="error_tags")
    earlier = earlier.unique(["person_id", "school_year"], keep="last", maintain_order=True)
    return missed.join(earlier, on=["person_id", "school_year"]).with_columns(who=_who())


def _who() -> pl.Expr:
    return (
        pl.when(pl.col("twin_set").is_not_null())
        .then(pl.lit("a twin"))
        .when("is_namesake")
        .then(pl.lit("a child with a namesake"))
        .when("is_hispanic")
        .then(pl.lit("a Hispanic child"))
        .otherwise(pl.lit("any other child"))
    )
