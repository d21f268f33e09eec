"""How often identity is wrong, on a state whose truth is known: printed with every benchmark, never from memory (design 5.9).

The worst error is a number for two children (false merge); a child with two numbers (split) can be merged later. A system
that sends everything to a clerk makes neither, so every figure stands beside the share that was settled without one.
What each measure counts stands in MEASURES; counts of several states are added up, and the intervals made of the sums.
"""

from collections.abc import Iterable

import polars as pl

from matching.intervals import difference, f1_of_pairs, rate, share
from matching.reasons import ERROR, NEAR_MATCH

LINE = ["submission_id", "line_number"]
COUNT_SCHEMA = pl.Schema({"measure": pl.String(), "subgroup": pl.String(), "count": pl.Int64(), "among": pl.Int64()})
TABLE_SCHEMA = pl.Schema(
    {
        **COUNT_SCHEMA, "value": pl.Float64(), "low": pl.Float64(), "high": pl.Float64(), "unit": pl.String(),
    }
)  # fmt: skip
REASON_SCHEMA = pl.Schema({"outcome": pl.String(), "reason": pl.String(), "records": pl.Int64(), "pupils": pl.Int64()})

EVERYBODY = "all"
HISPANIC, NOT_HISPANIC = "Hispanic", "not Hispanic"
SUBGROUPS = {
    EVERYBODY: pl.lit(True),
    HISPANIC: pl.col("is_hispanic"),
    NOT_HISPANIC: ~pl.col("is_hispanic"),
    "twins": pl.col("twin_set").is_not_null(),
    "moved": pl.col("has_moved"),
    "no SSN": ~pl.col("has_ssn").any().over("person_id"),
}
HISPANIC_GAP = "Hispanic gap, moves linked"

PER_PUPILS = "per 100,000 pupils"
# measure -> unit, scale, interval, what is counted among what. Pupils are the different children in the files.
# An open question is a near match or an error: either way a person has to do something before the record has an ID.
MEASURES = {
    "false merges": (PER_PUPILS, 1e5, share, "IDs held by two or more children, once for each child too many"),
    "pupils merged": (PER_PUPILS, 1e5, share, "children who share an ID with another child"),
    "splits": (PER_PUPILS, 1e5, rate, "IDs that children hold beyond their first"),
    "pupils in review": ("per 1,000 pupils", 1e3, share, "children with a record that ended as an open question"),
    "pupils only flagged": (
        "per 1,000 pupils",
        1e3,
        share,
        "children whose new ID was given with the remark that another new child of the run is alike",
    ),
    "merge proposals": (
        "per 1,000 pupils",
        1e3,
        rate,
        "pairs of numbers or records that a run proposed to a clerk as one child, beside its open questions",
    ),
    "settled without a clerk": ("% of records", 1e2, share, "records that got an ID at once, both years"),
    "settled, later year": ("% of records", 1e2, share, "the same in the later year alone, where there is somebody to find"),
    "moves linked": ("% of moves", 1e2, share, "later-year records in another district that got an ID of the child"),
    "moves in review": ("% of moves", 1e2, share, "later-year records in another district that ended as an open question"),
    "stays linked": ("% of stays", 1e2, share, "later-year records with the same district and local ID that got an ID of the child"),
    "twin sets merged": ("per 1,000 sets", 1e3, share, "sets of twins of whom two share an ID"),
    "pairwise F1": ("%", 1e2, f1_of_pairs, "pairs of records of one child and one ID; a record in review is in no pair"),
    "year-1 IDs moved": ("% of IDs", 1e2, share, "registry rows of the first year whose ID or state later years changed"),
    "wrong IDs flagged": ("% of wrong IDs", 1e2, share, "wrong supplied IDs that the answer did not take as they stood"),
    "wrong IDs flagged, mistyped": ("% of wrong IDs", 1e2, share, "the same where a digit was wrong or two were swapped"),
    "wrong IDs flagged, sibling's": ("% of wrong IDs", 1e2, share, "the same where it was a sister's or brother's"),
    "wrong IDs flagged, stranger's": ("% of wrong IDs", 1e2, share, "the same where it was another child's"),
    "right IDs confirmed": ("% of right IDs", 1e2, share, "right supplied IDs that were confirmed without a clerk"),
}  # fmt: skip
_UNANSWERED = pl.col("outcome").is_in([NEAR_MATCH, ERROR])
_ALIKE = pl.col("reason").eq_missing("ALIKE_IN_THIS_RUN")


def evaluate(truth: pl.DataFrame, assignments: pl.DataFrame) -> pl.DataFrame:
    """Errors and review load by subgroup, with exact intervals, in TABLE_SCHEMA; arguments as ``count_errors``."""
    return with_intervals(count_errors(truth, assignments))


def count_errors(truth: pl.DataFrame, assignments: pl.DataFrame) -> pl.DataFrame:
    """Counts by measure and subgroup, in COUNT_SCHEMA; a measure that a subgroup has nothing of is left out.

    Args:
        truth: one row a record: submission_id, line_number, person_id, twin_set, is_hispanic, has_ssn, school_year,
            district_code, local_student_id.
        assignments: submission_id, line_number, outcome, reason and state_id, new IDs filled in.
    """
    records = joined_with_truth(truth, assignments)
    steps = steps_between_years(records)
    sharing = _holders(records)
    rows: list[tuple[str, str, int, int]] = []
    for name, condition in SUBGROUPS.items():
        chosen, chosen_steps = records.filter(condition), steps.filter(condition)
        if chosen.height:
            counts = _counts(chosen, chosen_steps, records, sharing)
            rows += [(measure, name, count, among) for measure, (count, among) in counts.items() if among]
    return pl.DataFrame(rows, schema=COUNT_SCHEMA, orient="row")


def count_reasons(truth: pl.DataFrame, assignments: pl.DataFrame) -> pl.DataFrame:
    """Records and children by outcome and reason, the most frequent first, in REASON_SCHEMA."""
    records = truth.select(*LINE, "person_id").join(assignments, on=LINE)
    counted = records.group_by("outcome", "reason").agg(records=pl.len(), pupils=pl.col("person_id").n_unique())
    return (
        counted.select(*REASON_SCHEMA)
        .cast(REASON_SCHEMA)
        .sort("records", "outcome", "reason", descending=[True, False, False])
    )


def pool_counts(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The counts of several states as one, in the order of the first."""
    return (
        pl.concat([table.select(*COUNT_SCHEMA) for table in tables])
        .group_by("measure", "subgroup", maintain_order=True)
        .agg(pl.col("count").sum(), pl.col("among").sum())
    )


def with_intervals(counts: pl.DataFrame) -> pl.DataFrame:
    """Counts as figures in their unit with exact 95% intervals, in TABLE_SCHEMA; the Hispanic gap is added.

    The intervals take children (records, sets) for independent. Families move together, so between states the figures
    vary a little more than the intervals say.
    """
    rows = []
    places = {measure: place for place, measure in enumerate(MEASURES)}
    ordered = sorted(counts.select(*COUNT_SCHEMA).iter_rows(), key=lambda row: places[row[0]])
    for measure, subgroup, count, among in ordered:
        unit, scale, interval, _ = MEASURES[measure]
        figures = interval(count, among)
        rows.append((measure, subgroup, count, among, *(figure * scale for figure in figures), unit))
    rows += _hispanic_gap(counts)
    return pl.DataFrame(rows, schema=TABLE_SCHEMA, orient="row")


def _hispanic_gap(counts: pl.DataFrame) -> list[tuple[object, ...]]:
    """How many points fewer of the Hispanic children's moves are linked than of the others'."""
    of_moves = {
        subgroup: (count, among)
        for measure, subgroup, count, among in counts.select(*COUNT_SCHEMA).iter_rows()
        if measure == "moves linked"
    }
    if not {HISPANIC, NOT_HISPANIC} <= of_moves.keys():
        return []
    figures = difference(*of_moves[NOT_HISPANIC], *of_moves[HISPANIC])
    among = of_moves[HISPANIC][1]
    return [(HISPANIC_GAP, EVERYBODY, among - of_moves[HISPANIC][0], among, *(100 * f for f in figures), "points")]


def joined_with_truth(truth: pl.DataFrame, assignments: pl.DataFrame) -> pl.DataFrame:
    """Records with what they came to and ``has_moved``: the child stands in more than one district."""
    answers = assignments.select(*LINE, "outcome", "reason", "state_id")
    return truth.join(answers, on=LINE).with_columns(
        has_moved=pl.col("district_code").n_unique().over("person_id") > 1,
    )


def steps_between_years(records: pl.DataFrame) -> pl.DataFrame:
    """Each record with an earlier year's record of the same child: did it get one of the numbers the child had?

    Returns:
        The columns of ``records`` with is_move (none of the year before in this district), is_stay (the same district
        and local ID) and is_linked; an open question is not linked.
    """
    place = pl.struct("district_code", "local_student_id")
    before = records.group_by("person_id", school_year=pl.col("school_year") + 1).agg(
        earlier_districts=pl.col("district_code").unique(),
        earlier_places=place.unique(),
        earlier_ids=pl.col("state_id").drop_nulls().unique(),
    )
    return (
        records.join(before, on=["person_id", "school_year"])
        .with_columns(
            is_move=~pl.col("earlier_districts").list.contains(pl.col("district_code")),
            is_stay=pl.col("earlier_places").list.contains(place),
            is_linked=pl.col("earlier_ids").list.contains(pl.col("state_id")).fill_null(False),
        )
        .drop("earlier_districts", "earlier_places", "earlier_ids")
    )


def _holders(records: pl.DataFrame) -> pl.DataFrame:
    """IDs of more children than one: state_id and ``children``."""
    given = records.filter(pl.col("state_id").is_not_null())
    return given.group_by("state_id").agg(children=pl.col("person_id").n_unique()).filter(pl.col("children") > 1)


def _counts(
    records: pl.DataFrame, steps: pl.DataFrame, everybody: pl.DataFrame, sharing: pl.DataFrame
) -> dict[str, tuple[int, int]]:
    """measure -> how many, among how many."""
    pupils = records["person_id"].n_unique()
    open_questions = records.filter(_UNANSWERED)
    later = records.filter(pl.col("school_year") > everybody["school_year"].min())
    moves, stays = steps.filter("is_move"), steps.filter("is_stay")
    held = records.select("state_id", "person_id").unique().join(sharing, on="state_id")
    given = records.filter(pl.col("state_id").is_not_null())
    twins = _twin_sets(everybody, records)
    return {
        "false merges": (int((held.unique("state_id")["children"] - 1).sum()), pupils),
        "pupils merged": (held["person_id"].n_unique(), pupils),
        "splits": (given.select("person_id", "state_id").unique().height - given["person_id"].n_unique(), pupils),
        "pupils in review": (open_questions["person_id"].n_unique(), pupils),
        "pupils only flagged": (records.filter(_ALIKE)["person_id"].n_unique(), pupils),
        "settled without a clerk": (records.height - open_questions.height, records.height),
        "settled, later year": (later.height - later.filter(_UNANSWERED).height, later.height),
        "moves linked": (int(moves["is_linked"].sum()), moves.height),
        "moves in review": (moves.filter(_UNANSWERED).height, moves.height),
        "stays linked": (int(stays["is_linked"].sum()), stays.height),
        "twin sets merged": (int(twins["is_merged"].sum()), twins.height),
        "pairwise F1": _right_pairs(records),
    }


def _right_pairs(records: pl.DataFrame) -> tuple[int, int]:
    """Pairs of records with one child and one ID, among those with one child or one ID."""
    given = records.filter(pl.col("state_id").is_not_null())
    right = _pairs(given, "person_id", "state_id")
    return right, _pairs(records, "person_id") + _pairs(given, "state_id") - right


def _pairs(records: pl.DataFrame, *columns: str) -> int:
    size = pl.col("len").cast(pl.Int64)
    return int(records.group_by(*columns).len().select((size * (size - 1)).sum()).item()) // 2


def _twin_sets(everybody: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Twin sets of these records with two children in the files, and whether they share a number."""
    wanted = records.select("twin_set").drop_nulls().unique()
    twins = everybody.join(wanted, on="twin_set", how="semi").filter(pl.col("state_id").is_not_null())
    holders = twins.group_by("twin_set", "state_id").agg(held_by=pl.col("person_id").n_unique())
    sets = twins.group_by("twin_set").agg(children=pl.col("person_id").n_unique()).filter(pl.col("children") > 1)
    merged = holders.group_by("twin_set").agg(is_merged=(pl.col("held_by") > 1).any())
    return sets.join(merged, on="twin_set")
