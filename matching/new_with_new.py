"""Children nobody knows, matched with each other: one child in several files of a run gets one new ID.

What binds must be as strong as a link to a known person, and a group falls apart as soon as one pair in it cannot be one
child. Children who are alike, but not surely one, get a number each and say so in their reason: two numbers of one child can
be merged later, one number of two children is the worst error there is (docs/adr/0005-new-with-new.md).
"""

import math

import duckdb
import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matching.circumstances import enrolment, enrolment_weight
from matching.guards import SAME_LOCAL_ID, VETO, agrees, could_be_twins, guard
from matching.model import LEAST_POPULATION, Thresholds
from matching.scoring import WEIGHT_DIGITS

_PLACE = ("district_code", "local_student_id", "school_year")


def number_new_people(
    cursor: duckdb.DuckDBPyConnection, new: pl.DataFrame, pairs: pl.DataFrame, thresholds: Thresholds
) -> pl.DataFrame:
    """request_id, person_number (from 1, in order of the first request) and is_alike of each new request.

    Args:
        new: request_id, district_code, local_student_id, school_year of the requests nobody is known for.
        pairs: scored pairs of requests of the run (``other`` is ``-1 - request_id``), as ``score_pairs`` gives them.
    """
    weighed = _weigh_pairs(cursor, new, pairs, thresholds)
    one_child = pl.col("guard").is_null() & (
        (pl.col("match_weight") >= thresholds.new_upper) | (pl.col("agrees") & SAME_LOCAL_ID)
    )
    links = weighed.filter(one_child)
    group = _groups(new["request_id"], links)
    broken = _contradicted(new, group, weighed)
    # What stays of a broken group: the lines of one child in the files of one district.
    safe = links.join(broken, on="request_id", how="anti").vstack(
        links.join(broken, on="request_id", how="semi").filter(SAME_LOCAL_ID)
    )
    group = _groups(new["request_id"], safe)
    unsure = weighed.filter(pl.col("guard").ne_missing(VETO), pl.col("match_weight") >= thresholds.new_lower)
    return _numbered(group, _alike(group, unsure))


def _weigh_pairs(
    cursor: duckdb.DuckDBPyConnection, new: pl.DataFrame, pairs: pl.DataFrame, thresholds: Thresholds
) -> pl.DataFrame:
    one = new.select("request_id", *_PLACE)
    other = one.rename({"request_id": "other_id", **{name: f"other_{name}" for name in _PLACE}})
    both = (
        pairs.with_columns(other_id=-1 - pl.col("other"))
        .join(one, on="request_id")
        .join(other, on="other_id")
        .with_columns(is_one_year=pl.col("school_year").eq_missing(pl.col("other_school_year")))
    )
    here = pl.col("is_one_year") & (pl.col("district_code") == pl.col("other_district_code"))
    other_local_id = (here & (pl.col("local_student_id") != pl.col("other_local_student_id"))).fill_null(False)
    count = max(new.height, LEAST_POPULATION)
    prior = (
        pl.when("is_one_year")
        .then(math.log2(thresholds.same_run_odds / count))
        .otherwise(math.log2(thresholds.known_odds / count))
    )
    twins = pl.when(could_be_twins()).then(thresholds.alike_names).otherwise(0.0)
    return _with_enrolment(cursor, both).with_columns(
        match_weight=(pl.col("evidence") + prior + twins + enrolment_weight(thresholds)).round(WEIGHT_DIGITS),
        guard=guard(other_local_id),
        agrees=agrees(),
    )


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
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(len(ids), len(ids)))
    _, labels = connected_components(graph, directed=False)
    return pl.DataFrame({"request_id": ids, "group": labels.astype(np.int64)})


def _contradicted(new: pl.DataFrame, group: pl.DataFrame, weighed: pl.DataFrame) -> pl.DataFrame:
    """request_id of every member of a group that holds a vetoed pair, or two local IDs of one district and year."""
    placed = new.join(group, on="request_id").filter(pl.col("local_student_id").is_not_null())
    doubled = (
        placed.group_by("group", "district_code", "school_year")
        .agg(local_ids=pl.col("local_student_id").n_unique())
        .filter(pl.col("local_ids") > 1)
    )
    vetoed = (
        weighed.filter(pl.col("guard").is_not_null())
        .join(group, on="request_id")
        .join(group, left_on="other_id", right_on="request_id", suffix="_other")
        .filter(pl.col("group") == pl.col("group_other"))
    )
    bad = pl.concat([doubled.select("group"), vetoed.select("group")]).unique()
    return group.join(bad, on="group", how="semi").select("request_id")


def _alike(group: pl.DataFrame, unsure: pl.DataFrame) -> pl.Series:
    """Groups that have a pair with another group which may be the same child."""
    crossing = (
        unsure.join(group, on="request_id")
        .join(group, left_on="other_id", right_on="request_id", suffix="_other")
        .filter(pl.col("group") != pl.col("group_other"))
    )
    return pl.concat([crossing["group"], crossing["group_other"].rename("group")]).unique()


def _numbered(group: pl.DataFrame, alike: pl.Series) -> pl.DataFrame:
    first = (
        group.group_by("group").agg(first=pl.col("request_id").min()).sort("first").with_row_index("person_number", 1)
    )
    return (
        group.join(first, on="group")
        .select("request_id", pl.col("person_number").cast(pl.Int64), is_alike=pl.col("group").is_in(alike.implode()))
        .sort("request_id")
    )
