"""What a warm state sends: nine of ten records with a number, and a few wrong ones of each kind."""

import polars as pl
import pytest

from matching.student_ids import has_check_digit, with_check_digits
from matching.warm_requests import count_flagged, supply_ids

COUNT = 20_000


@pytest.fixture(scope="module")
def sent() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Requests with IDs, what was sent, and whose each ID is: two children a family."""
    lines = pl.DataFrame({"line_number": range(COUNT)}, schema={"line_number": pl.UInt32}).with_columns(
        submission_id=pl.lit("S"), submitted_state_id=pl.lit(None, pl.String)
    )
    owners = lines.select("submission_id", "line_number", person_id="line_number", family=pl.col("line_number") // 2)
    earlier = lines.select("submission_id", "line_number").with_columns(
        state_id=with_check_digits(pl.Series(range(100_000_000, 100_000_000 + COUNT)))
    )
    requests, named = supply_ids(lines, owners, earlier, seed=3)
    return requests, named, earlier


def test_nine_of_ten_name_an_id(sent: tuple[pl.DataFrame, ...]) -> None:
    requests, named, _ = sent
    assert requests["line_number"].to_list() == list(range(COUNT))
    assert requests["submitted_state_id"].drop_nulls().len() == named.height
    assert 0.89 < named.height / COUNT < 0.91


def test_two_in_a_thousand_are_wrong_and_of_every_kind(sent: tuple[pl.DataFrame, ...]) -> None:
    _, named, earlier = sent
    wrong = named.filter(pl.col("kind").is_not_null()).join(earlier, on=["submission_id", "line_number"])
    assert 15 < wrong.height < 65
    assert set(wrong["kind"]) == {"mistyped", "sibling's", "stranger's"}
    assert (wrong["sent_id"] != wrong["state_id"]).all()
    right = named.filter(pl.col("kind").is_null()).join(earlier, on=["submission_id", "line_number"])
    assert (right["sent_id"] == right["state_id"]).all()


def test_a_mistyped_number_is_nobodys_and_fails_its_check_digit(sent: tuple[pl.DataFrame, ...]) -> None:
    _, named, _ = sent
    mistyped = named.filter(pl.col("kind") == "mistyped")["sent_id"]
    assert not has_check_digit(mistyped).any()
    assert (mistyped.str.len_chars() == 10).all()


def test_siblings_numbers_are_of_the_same_family(sent: tuple[pl.DataFrame, ...]) -> None:
    _, named, earlier = sent
    siblings = named.filter(pl.col("kind") == "sibling's").join(
        earlier.select(owner="line_number", sent_id="state_id"), on="sent_id"
    )
    assert (siblings["owner"] // 2 == siblings["line_number"] // 2).all()


@pytest.mark.parametrize(
    "outcome, reason, flagged",
    [
        ("NEAR_MATCH", "SUPPLIED_ID_DISAGREES", 1),
        ("ERROR", "SUPPLIED_ID_UNKNOWN", 1),
        ("REUSED", "SUPPLIED_ID_UNKNOWN_REUSED", 1),
        ("REUSED", "LOCAL_ID_KNOWN", 0),
        ("CONFIRMED", "ID_CONFIRMED", 0),
    ],
)
def test_a_wrong_id_is_flagged_when_the_district_is_told(outcome: str, reason: str, flagged: int) -> None:
    line = {"submission_id": ["S"], "line_number": [1]}
    answer = pl.DataFrame({**line, "outcome": [outcome], "reason": [reason]})
    counts = count_flagged(answer, pl.DataFrame({**line, "sent_id": ["1"], "kind": ["mistyped"]}))
    assert counts["wrong IDs flagged"] == counts["wrong IDs flagged, mistyped"] == (flagged, 1)
    assert counts["right IDs confirmed"] == (0, 0)
