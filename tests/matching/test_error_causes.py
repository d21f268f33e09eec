"""What errors are made of, on children whose mistakes are written beside them."""

import polars as pl
import pytest

from matching.error_causes import NO_SUPPORT, NOTHING, cause_of, count_causes, pool_causes
from sample_data.tables import error_causes, read_table

# person, family, twin set, is Hispanic, namesake key, tags, year, district, outcome, reason, ID
RECORDS = [
    ("A", 1, None, False, 1, "", 2025, "1", "NEW", "NOBODY_ALIKE", "a"),
    ("A", 1, None, False, 1, "nickname", 2026, "2", "NEAR_MATCH", "NOT_SURE", None),
    ("B", 2, None, True, 2, "compound_hyphen", 2025, "1", "NEW", "NOBODY_ALIKE", "b"),
    ("B", 2, None, True, 2, "birth_digit", 2026, "2", "NEW", "NOBODY_ALIKE", "b2"),
    ("C", 3, "T1", False, 3, "", 2025, "1", "NEW", "NOBODY_ALIKE", "c"),
    ("D", 3, "T1", False, 4, "first_name_typo", 2026, "1", "REUSED", "MODEL_MATCH", "c"),
    ("E", 5, None, False, 5, "", 2025, "1", "NEW", "NOBODY_ALIKE", "e"),
    ("F", 6, None, False, 5, "middle_dropped;guardian_missing", 2026, "2", "REUSED", "EXACT_MATCH", "e"),
]


@pytest.fixture
def causes() -> pl.DataFrame:
    columns = ["person_id", "family", "twin_set", "is_hispanic", "namesake_key", "error_tags", "school_year",
               "district_code", "outcome", "reason", "state_id"]  # fmt: skip
    lines = pl.DataFrame(RECORDS, schema=columns, orient="row").with_columns(
        submission_id=pl.lit("S"),
        line_number=pl.int_range(pl.len()),
        local_student_id=pl.lit("1"),
        has_ssn=pl.lit(False),
    )
    answers = lines.select("submission_id", "line_number", "outcome", "reason", "state_id")
    return count_causes(lines.drop("outcome", "reason", "state_id"), answers, error_causes())


def test_each_error_is_counted_with_who_why_and_how(causes: pl.DataFrame) -> None:
    assert causes.rows() == [
        ("false merge", "namesakes born on one day", NO_SUPPORT, "REUSED: EXACT_MATCH", 1),
        ("false merge", "twins", "first name mistyped", "REUSED: MODEL_MATCH", 1),
        ("split", "a Hispanic child", "several: last name and birth date", "NEW: NOBODY_ALIKE", 1),
        ("move not linked", "a Hispanic child", "several: last name and birth date", "NEW: NOBODY_ALIKE", 1),
        ("move not linked", "any other child", "nickname", "in review: NOT_SURE", 1),
    ]


def test_causes_of_two_states_add_up(causes: pl.DataFrame) -> None:
    assert pool_causes([causes, causes])["count"].sum() == 2 * causes["count"].sum()


@pytest.mark.parametrize(
    "tags, other, cause",
    [
        ("", "", NOTHING),
        ("middle_dropped", "", NOTHING),
        ("middle_dropped", "ssn_missing", NO_SUPPORT),
        ("last_name_typo;middle_dropped", "", "last name mistyped"),
        ("last_name_typo", "last_name_typo", "last name mistyped"),
        ("nickname", "birth_default", "several: first name and birth date"),
        ("corrected", "recycled_local_id", NOTHING),
    ],
)
def test_cause_of_two_registrations(tags: str, other: str, cause: str) -> None:
    assert cause_of(tags, other, error_causes()) == cause


def test_every_mistake_of_the_sample_has_words() -> None:
    drawn = set(read_table("error_rates.csv")["error"]) - {"compound_variant"}
    assert drawn <= set(error_causes())
