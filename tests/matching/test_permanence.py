"""What is promised of a number once given (design 5.6): it follows from the set of files alone, and no later run moves it.

Whole small states, several seeds, with far more errors than a real one has; a pupil's record comes from every district and
year that registers the child. Literal families are in test_permanence_of_families.
"""

from dataclasses import dataclass
from functools import cache

import duckdb
import polars as pl
import pytest

from flows.accuracy import TRUTH_ALONE, hashed
from matching.accuracy_run import open_registry, store_decisions
from matching.identify import identify
from matching.reasons import NEAR_MATCH
from matching.ssn import SsnHasher
from sample_data.requests import registration_requests

LINE = ["sha256", "line_number"]
SEEDS = [3, 14, 159]
PUPILS, DISTRICTS, ERROR_SCALE = 3_000, 12, 3.0


@dataclass(frozen=True)
class Came:
    """What a run came to.

    Attributes:
        lines: sha256, line_number, outcome, reason, near_match_id, state_id.
        proposed: sha256, line_number of every record that stands in a proposal to merge.
    """

    lines: pl.DataFrame
    proposed: pl.DataFrame


@cache
def years_of(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    hasher = SsnHasher({1: b"permanence" * 4})
    first, second = registration_requests(seed, PUPILS, DISTRICTS, error_scale=ERROR_SCALE)
    return tuple(hashed(frame, hasher).drop(TRUTH_ALONE, strict=False) for frame in (first, second))  # type: ignore[return-value]


def run(con: duckdb.DuckDBPyConnection, requests: pl.DataFrame) -> Came:
    """One run, stored as the pipeline would."""
    decisions = identify(requests, con)
    stored = store_decisions(con, requests, decisions.assignments)
    files = requests.select("submission_id", "sha256").unique()
    sides = [
        decisions.proposals.select("submission_id", "line_number"),
        decisions.proposals.select(submission_id="other_submission_id", line_number="other_line_number"),
    ]
    proposed = pl.concat(sides).drop_nulls().join(files, on="submission_id").select(LINE).unique()
    return Came(stored.select(*LINE, "outcome", "reason", "near_match_id", "state_id"), proposed)


def in_order(requests: pl.DataFrame, seed: int) -> pl.DataFrame:
    return requests.sample(fraction=1.0, shuffle=True, seed=seed)


def partition(lines: pl.DataFrame) -> set[frozenset[tuple[str, int]]]:
    """The lines of each child, whatever the numbers are."""
    groups = lines.drop_nulls("state_id").group_by("state_id").agg(lines=pl.struct(LINE))
    return {frozenset((line["sha256"], line["line_number"]) for line in group) for group in groups["lines"]}


def moved(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Lines that had a number and came to another one when they were sent again; a question moves nothing."""
    both = before.drop_nulls("state_id").join(after, on=LINE, suffix="_after")
    assert both.height == before["state_id"].drop_nulls().len()
    return both.filter(pl.col("outcome_after") != NEAR_MATCH, pl.col("state_id").ne_missing(pl.col("state_id_after")))


def torn(whole: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Lines that one run put under one number and several runs under more than one."""
    both = whole.join(parts, on=LINE, suffix="_parts").drop_nulls(["state_id", "state_id_parts"])
    return both.filter(pl.col("state_id_parts").n_unique().over("state_id") > 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_order_of_rows_files_and_threads_decides_nothing(seed: int) -> None:
    both = pl.concat(years_of(seed), how="diagonal")
    expected = run(open_registry(threads=2), both)
    # Other submissions (so another order of files), other order of rows.
    renamed = both.with_columns(submission_id="S" + pl.col("sha256").str.slice(5, 20))
    shuffled = run(open_registry(threads=1), in_order(renamed, seed))
    same = ["sha256", "line_number", "outcome", "reason", "near_match_id"]
    assert shuffled.lines.select(same).sort(LINE).equals(expected.lines.select(same).sort(LINE))
    assert partition(shuffled.lines) == partition(expected.lines)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_records_sent_again_change_nothing(seed: int) -> None:
    con = open_registry()
    first = run(con, pl.concat(years_of(seed), how="diagonal"))
    before = known(con)
    again = run(con, in_order(pl.concat(years_of(seed), how="diagonal"), seed))
    assert moved(first.lines, again.lines).is_empty()
    assert known(con) == before


def known(con: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """Every number with its data, without the time it was last seen."""
    return con.execute(
        "SELECT state_id, status, version_hash, first_school_year, last_school_year "
        "FROM identity.student LEFT JOIN identity.record USING (state_id) ORDER BY ALL"
    ).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_next_year_moves_no_number(seed: int) -> None:
    first_year, second_year = years_of(seed)
    con = open_registry()
    first = run(con, first_year)
    numbers = con.execute("SELECT state_id, issued_at, status FROM identity.student ORDER BY ALL").fetchall()
    versions = {row[:3] for row in known(con)}
    run(con, second_year)
    kept = con.execute("SELECT state_id, issued_at, status FROM identity.student ORDER BY ALL").fetchall()
    assert set(numbers) <= set(kept)
    assert versions <= {row[:3] for row in known(con)}
    assert moved(first.lines, run(con, first_year).lines).is_empty()


def unseen(apart: pl.DataFrame, review: pl.DataFrame) -> pl.DataFrame:
    """Lines of one number that have two the other way, and of whom none was brought before anybody."""
    in_review = apart.join(review, on=LINE, how="semi").select("state_id").unique()
    return apart.join(in_review, on="state_id", how="anti")


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("way", ["by year", "later year first", "files at random"])
def test_two_runs_and_one_differ_only_in_what_is_in_review(seed: int, way: str) -> None:
    first_year, second_year = years_of(seed)
    both = pl.concat([first_year, second_year], how="diagonal")
    is_first = {
        "by year": pl.col("school_year") == first_year["school_year"][0],
        "later year first": pl.col("school_year") == second_year["school_year"][0],
        "files at random": pl.col("sha256").hash(seed) % 2 == 0,
    }[way]
    whole = run(open_registry(), both)
    con = open_registry()
    parts = [run(con, both.filter(is_first)), run(con, both.filter(~is_first))]
    lines = pl.concat([part.lines for part in parts])
    # Where one way gives one number and the other way two, whoever has two is in review.
    assert unseen(torn(lines, whole.lines), whole.proposed).select(*LINE, "reason", "reason_parts").rows() == []
    review = pl.concat([part.proposed for part in parts])
    assert unseen(torn(whole.lines, lines), review).select(*LINE, "reason", "reason_parts").rows() == []
