"""Children nobody knows, matched with each other: one child in several files of a run gets one new ID.

What binds must be as strong as a link to a known person, and a group falls apart as soon as one pair in it cannot be one
child. Children who are alike, but not surely one, get a number each and say so in their reason: two numbers of one child can
be merged later, one number of two children is the worst error there is (docs/adr/0005-new-with-new.md).
"""

import math
from dataclasses import dataclass

import duckdb
import polars as pl

from matching.circumstances import enrolment, enrolment_weight
from matching.decisions import is_supported
from matching.groups import connected
from matching.guards import SAME_LOCAL_ID, VETO, could_be_twins, guard, pair_facts
from matching.model import LEAST_POPULATION, Thresholds
from matching.scoring import WEIGHT_DIGITS

_PLACE = ("district_code", "local_student_id", "school_year")


@dataclass(frozen=True)
class NewPeople:
    """The new children of a run.

    Attributes:
        numbered: request_id, person_number (from 1, in order of the first request) and is_alike.
        alike: one row a pair of records that may be one child and did not come to one: request_id (new), other_id (new
            too, or a question of this run), match_weight, guard (what holds the pair, or null) and the levels and
            weights of ``score_pairs``. Each is a merge worth proposing.
    """

    numbered: pl.DataFrame
    alike: pl.DataFrame


def number_new_people(
    cursor: duckdb.DuckDBPyConnection,
    new: pl.DataFrame,
    pairs: pl.DataFrame,
    thresholds: Thresholds,
    waiting: pl.DataFrame | None = None,
) -> NewPeople:
    """Numbers for the requests nobody is known for, and what remains to be asked about them.

    Args:
        new: request_id, district_code, local_student_id, school_year of the requests nobody is known for.
        pairs: scored pairs of requests of the run (``other`` is ``-1 - request_id``), as ``score_pairs`` gives them.
        waiting: the same columns of the requests of the run that became questions: a new child may be one of these.
    """
    waiting = new.clear() if waiting is None else waiting
    where = pl.concat([new, waiting.select(new.columns)])
    both_ways = (
        pairs_both_ways(pairs)
        .join(new, on="request_id", how="semi")
        .join(where, left_on="other_id", right_on="request_id", how="semi")
    )
    # A pair of two new ones once, a pair with a question from the side of the new one.
    is_new_pair = pl.col("other_id").is_in(new["request_id"].implode())
    once = both_ways.filter(~is_new_pair | (pl.col("request_id") > pl.col("other_id")))
    weighed = weigh_run_pairs(cursor, where, once, new.height, thresholds)
    among_new = weighed.filter(is_new_pair)
    one_child = pl.col("guard").is_null() & (
        ((pl.col("match_weight") >= thresholds.new_upper) & is_supported()) | (pl.col("agrees") & SAME_LOCAL_ID)
    )
    links = among_new.filter(one_child)
    group = _groups(new["request_id"], links)
    broken = _contradicted(new, group, among_new, links)
    # What stays of a broken group: the lines of one child in the files of one district.
    safe = links.join(broken, on="request_id", how="anti").vstack(
        links.join(broken, on="request_id", how="semi").filter(SAME_LOCAL_ID)
    )
    group = _groups(new["request_id"], safe)
    unsure = weighed.filter(pl.col("guard").ne_missing(VETO), pl.col("match_weight") >= thresholds.new_lower)
    alike = _between_groups(group, unsure)
    return NewPeople(_numbered(group, alike), alike)


def pairs_both_ways(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs of requests of the run, each seen from both sides, with ``other_id``."""
    within = pairs.filter(pl.col("other") < 0).with_columns(other_id=-1 - pl.col("other"))
    turned = within.with_columns(request_id="other_id", other_id="request_id", other=-1 - pl.col("request_id"))
    return pl.concat([within, turned])


def weigh_run_pairs(
    cursor: duckdb.DuckDBPyConnection, where: pl.DataFrame, pairs: pl.DataFrame, count: int, thresholds: Thresholds
) -> pl.DataFrame:
    """Pairs of requests of the run with match_weight, guard, agrees, enrolment and has_other_local_id.

    Args:
        where: request_id, district_code, local_student_id, school_year of both sides.
        pairs: scored pairs with ``other_id``.
        count: the requests among which one has to stand out.
    """
    one = where.select("request_id", *_PLACE)
    other = one.rename({"request_id": "other_id", **{name: f"other_{name}" for name in _PLACE}})
    both = (
        pairs.join(one, on="request_id")
        .join(other, on="other_id")
        .with_columns(is_one_year=pl.col("school_year").eq_missing(pl.col("other_school_year")))
    )
    here = pl.col("is_one_year") & (pl.col("district_code") == pl.col("other_district_code"))
    crowd = max(count, LEAST_POPULATION)
    prior = (
        pl.when("is_one_year")
        .then(math.log2(thresholds.same_run_odds / crowd))
        .otherwise(math.log2(thresholds.known_odds / crowd))
    )
    twins = pl.when(could_be_twins()).then(thresholds.alike_names).otherwise(0.0)
    weighed = _with_enrolment(cursor, both).with_columns(
        match_weight=(pl.col("evidence") + prior + twins + enrolment_weight(thresholds)).round(WEIGHT_DIGITS),
        has_other_local_id=(here & (pl.col("local_student_id") != pl.col("other_local_student_id"))).fill_null(False),
        **pair_facts(),
    )
    return weighed.with_columns(guard=guard(pl.col("has_other_local_id")))


def _with_enrolment(cursor: duckdb.DuckDBPyConnection, pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs of two school years with what the later year's files say of the earlier record; UNKNOWN within one year."""
    swapped = pl.col("other_school_year") > pl.col("school_year")
    across = pairs.filter(
        ~pl.col("is_one_year") & pl.col("school_year").is_not_null() & pl.col("other_school_year").is_not_null()
    )
    later = {name: pl.when(swapped).then(f"other_{name}").otherwise(name).alias(name) for name in _PLACE}
    earlier = {name: pl.when(swapped).then(name).otherwise(f"other_{name}") for name in _PLACE}
    # A pair is its own "person": the earlier record seen as somebody known, from the later one's point of view.
    key = pl.format("{}/{}", "request_id", "other_id").alias("person")
    candidates = across.select("request_id", key, *later.values())
    places = across.select(
        key,
        place_district=earlier["district_code"],
        place_local_id=earlier["local_student_id"],
        first_school_year=earlier["school_year"],
        last_school_year=earlier["school_year"],
    )
    known = enrolment(cursor, candidates, places).select("person", "enrolment") if across.height else None
    if known is None:
        return pairs.with_columns(enrolment=pl.lit("UNKNOWN"))
    return (
        pairs.with_columns(key)
        .join(known, on="person", how="left")
        .with_columns(pl.col("enrolment").fill_null("UNKNOWN"))
    )


def _groups(request_ids: pl.Series, links: pl.DataFrame) -> pl.DataFrame:
    """request_id and group: what hangs together over the links."""
    ids = request_ids.sort()
    rows = ids.search_sorted(links["request_id"]).to_numpy()
    columns = ids.search_sorted(links["other_id"]).to_numpy()
    return pl.DataFrame({"request_id": ids, "group": connected(len(ids), rows, columns)})


def _contradicted(new: pl.DataFrame, group: pl.DataFrame, weighed: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """request_id of every member of a group that cannot be one child.

    It holds a pair that a guard objects to, or two local IDs of one district and year, or it stands in two districts in one
    year only by way of another year: a leaver and a namesake hang together over the place the leaver went to.
    """
    placed = new.join(group, on="request_id")
    doubled = (
        placed.filter(pl.col("local_student_id").is_not_null())
        .group_by("group", "district_code", "school_year")
        .agg(local_ids=pl.col("local_student_id").n_unique())
        .filter(pl.col("local_ids") > 1)
    )
    objected = (
        weighed.filter(pl.col("guard").is_not_null())
        .join(group, on="request_id")
        .join(group, left_on="other_id", right_on="request_id", suffix="_other")
        .filter(pl.col("group") == pl.col("group_other"))
    )
    bad = pl.concat([frame.select("group") for frame in (doubled, objected, _in_two_districts(placed, links))]).unique()
    return group.join(bad, on="group", how="semi").select("request_id")


def _in_two_districts(placed: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """group, school_year and two districts of it that no link of that year joins."""
    sides = ["group", "school_year", "district_code", "other_district_code"]
    where = placed.select("group", "school_year", "district_code").unique()
    both = where.join(where.rename({"district_code": "other_district_code"}), on=["group", "school_year"]).filter(
        pl.col("district_code") < pl.col("other_district_code")
    )
    in_year = links.filter("is_one_year").join(placed.select("request_id", "group"), on="request_id")
    ordered = in_year.with_columns(
        district_code=pl.min_horizontal("district_code", "other_district_code"),
        other_district_code=pl.max_horizontal("district_code", "other_district_code"),
    )
    return both.join(ordered.select(sides), on=sides, how="anti")


def _between_groups(group: pl.DataFrame, unsure: pl.DataFrame) -> pl.DataFrame:
    """The unsure pairs whose sides did not come to one number, in order; a question is a group of its own."""
    return (
        unsure.join(group, on="request_id")
        .join(group, left_on="other_id", right_on="request_id", suffix="_other", how="left")
        .filter(pl.col("group").ne_missing(pl.col("group_other")))
        .sort("request_id", "other_id")
    )


def _numbered(group: pl.DataFrame, alike: pl.DataFrame) -> pl.DataFrame:
    first = (
        group.group_by("group").agg(first=pl.col("request_id").min()).sort("first").with_row_index("person_number", 1)
    )
    asked = pl.concat([alike["group"], alike["group_other"].rename("group")]).drop_nulls().unique()
    return (
        group.join(first, on="group")
        .select("request_id", pl.col("person_number").cast(pl.Int64), is_alike=pl.col("group").is_in(asked.implode()))
        .sort("request_id")
    )
