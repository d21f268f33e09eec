"""From weighed candidates to one answer for each request: linked, new, or a question (design 5.4).

Requests are decided against people, not against records: a person is as near as his or her nearest record. The threshold is
in odds against everybody else in the registry, so a name that is enough in a village is not enough in a state.
"""

import polars as pl

from matching.circumstances import GONE, enrolment_weight
from matching.guards import HELD_AS_TWINS, SAME_LOCAL_ID, VETO, could_be_twins, guard, pair_facts
from matching.model import Thresholds
from matching.reasons import CONFIRMED, ERROR, NEAR_MATCH, NEW, REUSED
from matching.scoring import WEIGHT_DIGITS

DECISION_SCHEMA = pl.Schema(
    {
        "request_id": pl.Int64(),
        "outcome": pl.String(),
        "reason": pl.String(),
        "person": pl.String(),
        "step": pl.String(),
        "match_weight": pl.Float64(),
        "margin": pl.Float64(),
    }
)


def weigh_people(pairs: pl.DataFrame, thresholds: Thresholds, prior: float) -> pl.DataFrame:
    """One row a request and person: the nearest record, its weight with prior and circumstances, and what objects.

    Args:
        pairs: scored pairs with person, version_hash, enrolment, has_other_local_id.
        prior: bits of the odds, before looking, that a request is for one certain person.
    """
    weight = (
        pl.col("evidence")
        + enrolment_weight(thresholds)
        + pl.when(could_be_twins()).then(thresholds.alike_names).otherwise(0.0)
        + prior
    )
    weighed = pairs.with_columns(
        match_weight=weight.round(WEIGHT_DIGITS),
        guard=guard(pl.col("has_other_local_id")),
        **pair_facts(),
    )
    # Two records of one person with one weight differ in nothing that counts; the hash only makes the choice repeatable.
    nearest = weighed.with_columns(is_vetoed=pl.col("guard").eq_missing(VETO)).sort(
        ["request_id", "person", "is_vetoed", "match_weight", "version_hash"],
        descending=[False, False, False, True, False],
    )
    return nearest.unique(["request_id", "person"], keep="first", maintain_order=True)


def decide(requests: pl.DataFrame, people: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """The decision of each request, in the columns of DECISION_SCHEMA; only CONFIRMED and REUSED have a person.

    Args:
        requests: request_id, supplied_status and supplied_person (null where no ID was sent).
        people: as ``weigh_people`` gives them; whom somebody ruled out is left out.
    """
    supplied = people.select(
        "request_id", supplied_person="person", supplied_weight="match_weight", supplied_fits=_fits_supplied()
    )
    table = (
        requests.select("request_id", "supplied_status", "supplied_person")
        .join(_summary(people, thresholds), on="request_id", how="left")
        .join(supplied, on=["request_id", "supplied_person"], how="left")
        .with_columns(margin=(pl.col("best_weight") - pl.col("second_weight")).round(WEIGHT_DIGITS))
        .with_columns(case=_case(thresholds))
    )
    return table.select(
        "request_id",
        pl.col("case").replace_strict(_OUTCOMES).alias("outcome"),
        _reason().alias("reason"),
        _of_case({"supplied": "supplied_person", "local": "local_person", "model": "best_person"}).alias("person"),
        pl.col("case").replace_strict(_STEPS).alias("step"),
        pl.coalesce(_of_case({"supplied": "supplied_weight", "local": "local_weight"}), "best_weight").alias(
            "match_weight"
        ),
        "margin",
    ).cast(DECISION_SCHEMA)


_OUTCOMES = {
    "supplied": CONFIRMED, "disagrees": NEAR_MATCH, "local": REUSED, "model": REUSED, "held": NEAR_MATCH,
    "tie": NEAR_MATCH, "unsure": NEAR_MATCH, "unknown": ERROR, "new": NEW,
}  # fmt: skip
_STEPS = {
    "supplied": "supplied_id", "disagrees": "supplied_id", "local": "local_id", "model": "model",
    "held": "model", "tie": "model", "unsure": "model", "unknown": "supplied_id", "new": "model",
}  # fmt: skip
_REASONS = {
    "supplied": "ID_CONFIRMED", "disagrees": "SUPPLIED_ID_DISAGREES", "local": "LOCAL_ID_KNOWN", "model": "MODEL_MATCH",
    "tie": "SEVERAL_CANDIDATES", "unsure": "NOT_SURE", "unknown": "SUPPLIED_ID_UNKNOWN", "new": "NOBODY_ALIKE",
}  # fmt: skip


def _fits_supplied() -> pl.Expr:
    """A number that was sent is evidence of its own: of the holds only those stand that twins and namesakes would cause."""
    return pl.col("agrees") & (pl.col("guard").is_null() | pl.col("guard").is_in(["TWO_LOCAL_IDS", "SSN_CONFLICT"]))


def _summary(people: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """Per request: the best and second person nobody vetoes, and the one whom district and local ID name."""
    living = people.filter(~pl.col("is_vetoed")).sort(
        ["request_id", "match_weight", "person"], descending=[False, True, False]
    )
    by_local_id = pl.col("agrees") & SAME_LOCAL_ID & pl.col("guard").is_null()
    return living.group_by("request_id", maintain_order=True).agg(
        best_person=pl.col("person").first(),
        best_weight=pl.col("match_weight").first(),
        best_guard=pl.when(_is_twin_of_another(thresholds))
        .then(pl.lit(HELD_AS_TWINS))
        .otherwise(pl.col("guard").first()),
        is_supported=is_supported().first(),
        second_weight=pl.col("match_weight").get(1, null_on_oob=True),
        local_count=by_local_id.sum(),
        local_person=pl.col("person").filter(by_local_id).first(),
        local_weight=pl.col("match_weight").filter(by_local_id).first(),
    )


def is_supported() -> pl.Expr:
    """Name and birth date alone never link, rare as the name may be: a field that strangers do not share must support
    them, or that the child has left where he or she was."""
    return pl.col("is_corroborated") | (pl.col("enrolment") == GONE)


def _is_twin_of_another(thresholds: Thresholds) -> pl.Expr:
    """The nearest person has a first name that is only alike, and another one, born on that day, has the very name.

    Two children of one registry with names alike and one birth date are mostly twins, and the record is one of them.
    """
    is_near = pl.col("match_weight") >= thresholds.lower
    return (
        pl.col("has_name_alike").first() & pl.col("guard").first().is_null() & (pl.col("has_same_name") & is_near).any()
    )


def _case(thresholds: Thresholds) -> pl.Expr:
    best, margin = pl.col("best_weight"), pl.col("margin")
    is_known = pl.col("supplied_person").is_not_null()
    fits = pl.col("supplied_fits").fill_null(False) & (pl.col("supplied_weight") >= best)
    local = (pl.col("local_count") == 1) & (pl.col("local_weight") >= best)
    nobody = best.is_null() | (best < thresholds.lower)
    clear = margin.is_null() | (margin >= thresholds.margin)
    return (
        pl.when(is_known & fits)
        .then(pl.lit("supplied"))
        .when(is_known)
        .then(pl.lit("disagrees"))
        .when(local)
        .then(pl.lit("local"))
        .when(nobody & (pl.col("supplied_status") == "unknown"))
        .then(pl.lit("unknown"))
        .when(nobody)
        .then(pl.lit("new"))
        .when(pl.col("best_guard").is_not_null())
        .then(pl.lit("held"))
        .when((best >= thresholds.upper) & ~pl.col("is_supported"))
        .then(pl.lit("unsure"))
        .when((best >= thresholds.upper) & clear)
        .then(pl.lit("model"))
        .when(best >= thresholds.upper)
        .then(pl.lit("tie"))
        .otherwise(pl.lit("unsure"))
    )


def _reason() -> pl.Expr:
    case, status = pl.col("case"), pl.col("supplied_status")
    outcome = case.replace_strict(_OUTCOMES)
    return (
        pl.when((case == "supplied") & (status == "merged"))
        .then(pl.lit("ID_MERGED"))
        .when((status == "unknown") & (outcome == REUSED))
        .then(pl.lit("SUPPLIED_ID_UNKNOWN_REUSED"))
        .when((status == "unknown") & (outcome == NEAR_MATCH))
        .then(pl.lit("SUPPLIED_ID_UNKNOWN_SEVERAL"))
        .when(case == "held")
        .then(pl.col("best_guard"))
        .otherwise(case.replace_strict(_REASONS, default=None))
    )


def _of_case(columns: dict[str, str]) -> pl.Expr:
    """The value of the column that belongs to the case; null for other cases."""
    return pl.coalesce(pl.when(pl.col("case") == case).then(pl.col(column)) for case, column in columns.items())
