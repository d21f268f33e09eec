"""The IDs a state in operation would send with its records: nine of ten right, and a few of them wrong, by kind."""

import numpy as np
import polars as pl

from matching.evaluation import LINE

SUPPLIED_SHARE, WRONG_SHARE = 0.90, 0.002
KINDS = ("mistyped", "sibling's", "stranger's")
SENT_SCHEMA = pl.Schema({
    "submission_id": pl.String(), "line_number": pl.UInt32(), "sent_id": pl.String(), "kind": pl.String(),
})  # fmt: skip


def supply_ids(
    requests: pl.DataFrame, truth: pl.DataFrame, earlier: pl.DataFrame, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Requests that name IDs, and what they name.

    Args:
        truth: submission_id, line_number, person_id, family.
        earlier: assignments of the earlier runs: whose number is whose.

    Returns:
        requests: SUPPLIED_SHARE of the records of children who have a number name one; WRONG_SHARE of those a wrong one,
            each kind as often: mistyped (a digit wrong, or two neighbours swapped), a sister's or brother's (a stranger's
            where there is none), another child's.
        sent: SENT_SCHEMA; ``kind`` is null where the number is the child's own.
    """
    rng = np.random.default_rng(seed)
    owners = truth.select(*LINE, "person_id", "family")
    owned = earlier.join(owners, on=LINE).filter(pl.col("state_id").is_not_null())
    lines = requests.join(owners, on=LINE, maintain_order="left")
    # A split child's district knows one of the numbers.
    own = owned.group_by("person_id").agg(own_id=pl.col("state_id").min())
    lines = lines.join(own, on="person_id", how="left", maintain_order="left")
    lines = lines.with_columns(sibling_id=_sibling_ids(lines, owned))
    draw = pl.Series(rng.random(lines.height))
    kind = pl.Series(np.array(KINDS)[rng.integers(0, len(KINDS), lines.height)])
    stranger = owned["state_id"].sort().gather(rng.integers(0, owned.height, lines.height))
    mistyped = _mistyped(rng, lines["own_id"])
    is_sibling = (kind == KINDS[1]) & lines["sibling_id"].is_not_null()
    kind = pl.select(pl.when((kind == KINDS[1]) & ~is_sibling).then(pl.lit(KINDS[2])).otherwise(kind)).to_series()
    wrong = pl.when(kind == KINDS[0]).then(mistyped).when(kind == KINDS[1]).then("sibling_id").otherwise(stranger)
    sent = lines.with_columns(
        sent_id=pl.when(pl.col("own_id").is_null() | (draw > SUPPLIED_SHARE))
        .then(pl.lit(None, pl.String))
        .when(draw < WRONG_SHARE * SUPPLIED_SHARE)
        .then(wrong)
        .otherwise("own_id"),
        kind=kind,
    )
    supplied = sent.with_columns(submitted_state_id="sent_id").select(requests.columns)
    # Another number of a split child is not a wrong one.
    own_pairs = owned.select("person_id", sent_id="state_id", is_own=True).unique()
    marked = sent.filter(pl.col("sent_id").is_not_null()).join(own_pairs, on=["person_id", "sent_id"], how="left")
    named = marked.with_columns(kind=pl.when(pl.col("is_own").is_null()).then("kind"))
    return supplied, named.select(*SENT_SCHEMA).cast(SENT_SCHEMA)


def count_flagged(assignments: pl.DataFrame, sent: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """measure -> how many, among how many, of what was done with supplied IDs.

    A wrong ID is flagged when the record was not answered, or answered with a reason that names the supplied ID: then the
    district is told. A right one is confirmed when the answer says so.
    """
    answered = assignments.join(sent, on=LINE)
    is_told = pl.col("outcome").is_in(["NEAR_MATCH", "ERROR"]) | pl.col("reason").str.starts_with("SUPPLIED_ID")
    wrong, right = answered.filter(pl.col("kind").is_not_null()), answered.filter(pl.col("kind").is_null())
    flagged = wrong.filter(is_told)
    counts = {"wrong IDs flagged": (flagged.height, wrong.height)}
    for kind in KINDS:
        of_kind = pl.col("kind") == kind
        counts[f"wrong IDs flagged, {kind}"] = (flagged.filter(of_kind).height, wrong.filter(of_kind).height)
    counts["right IDs confirmed"] = (right.filter(pl.col("outcome") == "CONFIRMED").height, right.height)
    return counts


def _sibling_ids(lines: pl.DataFrame, owned: pl.DataFrame) -> pl.Series:
    """A number of another child of the family for each line; null where the family has none."""
    kin = owned.select("family", kin_id="state_id", kin="person_id").unique()
    numbered = lines.with_row_index("row")
    others = numbered.join(kin, on="family").filter(pl.col("kin") != pl.col("person_id"))
    chosen = others.group_by("row").agg(sibling_id=pl.col("kin_id").min())
    return numbered.join(chosen, on="row", how="left", maintain_order="left")["sibling_id"]


def _mistyped(rng: np.random.Generator, numbers: pl.Series) -> pl.Series:
    """Each number with one digit raised, or with two different neighbours swapped."""
    place = pl.Series(rng.integers(1, 9, len(numbers)))
    swaps = pl.Series(rng.random(len(numbers)) < 0.5)
    digit, after = numbers.str.slice(place, 1), numbers.str.slice(place + 1, 1)
    raised = ((digit.cast(pl.Int32) + 1) % 10).cast(pl.String)
    head = pl.select(n=numbers, p=place).select(pl.col("n").str.slice(0, pl.col("p"))).to_series()
    tail = pl.select(n=numbers, p=place).select(pl.col("n").str.slice(pl.col("p") + 2)).to_series()
    is_swap = swaps & (digit != after)
    middle = pl.select(pl.when(is_swap).then(after + digit).otherwise(raised + after)).to_series()
    return head + middle + tail
