"""What the first answers of a run tell about its other records: one child is in one place, and a name may be written anew.

Every record is decided on its own first. Then three things are known that no single pair shows: which children have been
claimed, by whom, and who has vanished. Each step looks at all records at once, so no order of rows decides anything.
"""

import polars as pl

from matching.candidates import find_people
from matching.circumstances import GONE, STILL_THERE, enrolment_weight
from matching.decisions import decide
from matching.guards import HELD_AS_TWINS, VETO, vetoed_for_first_name
from matching.model import Thresholds
from matching.new_with_new import pairs_both_ways, weigh_run_pairs
from matching.reasons import NEW
from matching.run_state import RunState
from matching.scoring import WEIGHT_DIGITS

_PLACE = ("request_id", "district_code", "local_student_id", "school_year")


def decide_in_turns(
    run: RunState, pairs: pl.DataFrame, ruled_out: pl.DataFrame, people: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Settles every open request but those of new children.

    Args:
        people: as ``find_people`` gives them, where they have been weighed before.

    Returns:
        people: whom each request could be, with what the run showed taken in (columns of ``weigh_people``).
        new: the decisions of the requests nobody is known for; still to be numbered.
    """
    limits = run.model.thresholds
    people = find_people(run, pairs, ruled_out) if people is None else people
    decided = decide(run.open_requests(), people, limits)
    people = weigh_rivals(people, _claims(run, decided), limits)
    # Some were linked before any weight was asked for.
    people = _with_people_of_run(run, people, pairs, ruled_out)
    decided = decide(run.open_requests(), people, limits)
    while not (known := decided.filter(pl.col("outcome") != NEW)).is_empty():
        run.settle(known)
        people = _with_people_of_run(run, people, pairs, ruled_out)
        people = spare_the_vanished(people, decided.filter(pl.col("outcome") == NEW), run.settled["person"])
        decided = decide(run.open_requests(), people, limits)
    return people, decided


def weigh_rivals(people: pl.DataFrame, claims: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """People whom two districts claim in one school year weigh what somebody weighs who is in another district.

    A child who left is gone for one new district only: of two newcomers with one name and birth date, at most one is the
    child who left, and each claim makes the other less likely.

    Args:
        claims: request_id, person, district_code, school_year of the records that were linked.
    """
    one_year = claims.join(claims, on=["person", "school_year"], suffix="_rival")
    rivals = one_year.filter(pl.col("district_code") != pl.col("district_code_rival"))
    contested = rivals.select("request_id", "person", is_contested=True).unique()
    there = people.join(contested, on=["request_id", "person"], how="left", maintain_order="left")
    is_gone = pl.col("is_contested").fill_null(False) & (pl.col("enrolment") == GONE)
    without = pl.col("match_weight") - enrolment_weight(thresholds)
    return there.with_columns(
        enrolment=pl.when(is_gone).then(pl.lit(STILL_THERE)).otherwise("enrolment"),
        match_weight=pl.when(is_gone)
        .then((without + thresholds.still_there).round(WEIGHT_DIGITS))
        .otherwise("match_weight"),
    ).drop("is_contested")


def spare_the_vanished(people: pl.DataFrame, new: pl.DataFrame, claimed: pl.Series) -> pl.DataFrame:
    """People who have left, whom no record of the run has claimed, and whom only a first name rules out, are asked about.

    A twin is where the other twin is, or has moved along. When a child has vanished, and one with the same last name,
    birth date and gender has appeared, a new first name or a nickname no list holds is likelier than an unknown twin.

    Args:
        new: request_id of the records that nobody is known for.
        claimed: the people whom records of the run were linked to.
    """
    is_spared = (
        vetoed_for_first_name()
        & (pl.col("guard") == VETO)
        & (pl.col("enrolment") == GONE)
        & ~pl.col("has_other_local_id")
        & ~pl.col("person").is_in(claimed.drop_nulls().unique().implode())
        & pl.col("request_id").is_in(new["request_id"].implode())
    )
    return people.with_columns(
        guard=pl.when(is_spared).then(pl.lit(HELD_AS_TWINS)).otherwise("guard"),
        is_vetoed=pl.col("is_vetoed") & ~is_spared,
    )


def _claims(run: RunState, decided: pl.DataFrame) -> pl.DataFrame:
    linked = pl.concat([frame.select("request_id", "person") for frame in (run.settled, decided)]).drop_nulls()
    return linked.join(run.requests.select("request_id", "district_code", "school_year"), on="request_id")


def _with_people_of_run(
    run: RunState, people: pl.DataFrame, pairs: pl.DataFrame, ruled_out: pl.DataFrame
) -> pl.DataFrame:
    """People, and for the records still open those whom an alike record of the run was linked to, where that says more.

    A child in the files of two districts may be known by one of the two spellings only.
    """
    still_open = run.open_ids()
    linked = run.settled.select("request_id", "person").drop_nulls()
    by_way_of = pairs_both_ways(pairs).join(still_open, on="request_id", how="semi")
    by_way_of = by_way_of.join(linked, left_on="other_id", right_on="request_id").join(
        ruled_out, on=["request_id", "person"], how="anti"
    )
    if by_way_of.is_empty():
        return people
    where = run.requests.select(_PLACE)
    weighed = weigh_run_pairs(run.cursor, where, by_way_of, where.height, run.model.thresholds).with_columns(
        is_vetoed=pl.col("guard").eq_missing(VETO), version_hash=pl.col("other_id").cast(pl.UInt64)
    )
    ours = weighed.select(pl.col(name).cast(kind) for name, kind in people.schema.items())
    nearest = pl.concat([people, ours]).sort(
        ["request_id", "person", "is_vetoed", "match_weight", "version_hash"],
        descending=[False, False, False, True, False],
    )
    return nearest.unique(["request_id", "person"], keep="first", maintain_order=True)
