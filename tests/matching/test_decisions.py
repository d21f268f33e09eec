"""Both sides of every threshold, on literal weights."""

from typing import Any

import polars as pl
import pytest

from matching.comparisons import PLACE
from matching.decisions import decide
from matching.model import load_model

LIMITS = load_model().thresholds
PEOPLE = {
    "request_id": pl.Int64, "person": pl.String, "match_weight": pl.Float64, "guard": pl.String, "is_vetoed": pl.Boolean,
    "agrees": pl.Boolean, "gamma_place": pl.Int8, "has_same_name": pl.Boolean, "has_name_alike": pl.Boolean,
    "is_corroborated": pl.Boolean, "enrolment": pl.String,
}  # fmt: skip


def person(
    name: str, weight: float, guard: str | None = None, *, agrees: bool = False, same_local_id: bool = False,
    same_name: bool = True, alike: bool = False, corroborated: bool = True, enrolment: str = "UNKNOWN",
) -> Any:  # fmt: skip
    level = PLACE.number_of("SAME_LOCAL_ID" if same_local_id else "OTHER_DISTRICT")
    return (0, name, weight, guard, guard == "VETO", agrees, level, same_name, alike, corroborated, enrolment)


def outcome_of(*people: Any, status: str | None = None, supplied: str | None = None) -> tuple[str, str, str | None]:
    requests = pl.DataFrame(
        {"request_id": [0], "supplied_status": [status], "supplied_person": [supplied]},
        schema={"request_id": pl.Int64, "supplied_status": pl.String, "supplied_person": pl.String},
    )
    decided = decide(requests, pl.DataFrame(people, schema=PEOPLE, orient="row"), LIMITS)
    return decided.select("outcome", "reason", "person").row(0)


@pytest.mark.parametrize(
    "people, expected",
    [
        ([], ("NEW", "NOBODY_ALIKE", None)),
        ([person("A", LIMITS.upper)], ("REUSED", "MODEL_MATCH", "A")),
        ([person("A", LIMITS.upper - 0.01)], ("NEAR_MATCH", "NOT_SURE", None)),
        ([person("A", LIMITS.lower)], ("NEAR_MATCH", "NOT_SURE", None)),
        ([person("A", LIMITS.lower - 0.01)], ("NEW", "NOBODY_ALIKE", None)),
        ([person("A", 30), person("B", 30 - LIMITS.margin)], ("REUSED", "MODEL_MATCH", "A")),
        ([person("A", 30), person("B", 30.01 - LIMITS.margin)], ("NEAR_MATCH", "SEVERAL_CANDIDATES", None)),
        ([person("B", 30), person("A", 30)], ("NEAR_MATCH", "SEVERAL_CANDIDATES", None)),
        ([person("A", 30, "VETO")], ("NEW", "NOBODY_ALIKE", None)),
        ([person("A", 30), person("B", 30, "VETO")], ("REUSED", "MODEL_MATCH", "A")),
        ([person("A", 30, "SSN_CONFLICT")], ("NEAR_MATCH", "SSN_CONFLICT", None)),
        ([person("A", LIMITS.lower - 0.01, "SSN_CONFLICT")], ("NEW", "NOBODY_ALIKE", None)),
        # A name and a birth date alone, and with a child who has left.
        ([person("A", 30, corroborated=False)], ("NEAR_MATCH", "NOT_SURE", None)),
        ([person("A", 30, corroborated=False, enrolment="STILL_THERE")], ("NEAR_MATCH", "NOT_SURE", None)),
        ([person("A", 30, corroborated=False, enrolment="GONE")], ("REUSED", "MODEL_MATCH", "A")),
        # A first name that is only alike, where another child born on that day has the very name: one of twins.
        ([person("A", 30, alike=True, same_name=False)], ("REUSED", "MODEL_MATCH", "A")),
        (
            [person("A", 30, alike=True, same_name=False), person("B", LIMITS.lower)],
            ("NEAR_MATCH", "TWINS_OR_SIBLINGS", None),
        ),
        (
            [person("A", 30, alike=True, same_name=False), person("B", LIMITS.lower - 0.01)],
            ("REUSED", "MODEL_MATCH", "A"),
        ),
        (
            [person("A", 30, alike=True, same_name=False), person("B", LIMITS.lower, same_name=False)],
            ("REUSED", "MODEL_MATCH", "A"),
        ),
        ([person("A", 30), person("B", LIMITS.lower)], ("REUSED", "MODEL_MATCH", "A")),
    ],
)
def test_by_the_model(people: list[Any], expected: tuple[str, str, str | None]) -> None:
    assert outcome_of(*people) == expected


@pytest.mark.parametrize(
    "people, expected",
    [
        ([person("A", 5, agrees=True, same_local_id=True)], ("REUSED", "LOCAL_ID_KNOWN", "A")),
        ([person("A", 5, agrees=False, same_local_id=True)], ("NEAR_MATCH", "NOT_SURE", None)),
        ([person("A", 5, "SUFFIX_CONFLICT", agrees=True, same_local_id=True)], ("NEAR_MATCH", "SUFFIX_CONFLICT", None)),
        ([person("A", 5, agrees=True, same_local_id=True), person("B", 5.01)], ("NEAR_MATCH", "NOT_SURE", None)),
        (
            [person(name, 30, agrees=True, same_local_id=True) for name in "AB"],
            ("NEAR_MATCH", "SEVERAL_CANDIDATES", None),
        ),
    ],
)
def test_by_district_and_local_id(people: list[Any], expected: tuple[str, str, str | None]) -> None:
    assert outcome_of(*people) == expected


@pytest.mark.parametrize(
    "people, status, expected",
    [
        ([person("A", -20, agrees=True)], "active", ("CONFIRMED", "ID_CONFIRMED", "A")),
        ([person("A", -20, agrees=True)], "merged", ("CONFIRMED", "ID_MERGED", "A")),
        ([person("A", 30, agrees=False)], "active", ("NEAR_MATCH", "SUPPLIED_ID_DISAGREES", None)),
        ([person("A", 30, "VETO", agrees=True)], "active", ("NEAR_MATCH", "SUPPLIED_ID_DISAGREES", None)),
        ([person("A", 30, "TWO_LOCAL_IDS", agrees=True)], "active", ("CONFIRMED", "ID_CONFIRMED", "A")),
        ([person("A", 30, "TWINS_OR_SIBLINGS", agrees=True)], "active", ("NEAR_MATCH", "SUPPLIED_ID_DISAGREES", None)),
        # Somebody else fits better: a twin's number was sent.
        ([person("A", 20, agrees=True), person("B", 20.01)], "active", ("NEAR_MATCH", "SUPPLIED_ID_DISAGREES", None)),
        ([person("A", 20, agrees=True), person("B", 20)], "active", ("CONFIRMED", "ID_CONFIRMED", "A")),
        ([person("B", 40)], "active", ("NEAR_MATCH", "SUPPLIED_ID_DISAGREES", None)),
        ([], "active", ("NEAR_MATCH", "SUPPLIED_ID_DISAGREES", None)),
    ],
)
def test_by_a_number_that_was_sent(people: list[Any], status: str, expected: tuple[str, str, str | None]) -> None:
    assert outcome_of(*people, status=status, supplied="A") == expected


@pytest.mark.parametrize(
    "people, expected",
    [
        ([person("A", LIMITS.upper)], ("REUSED", "SUPPLIED_ID_UNKNOWN_REUSED", "A")),
        ([person("A", 30), person("B", 29)], ("NEAR_MATCH", "SUPPLIED_ID_UNKNOWN_SEVERAL", None)),
        ([person("A", 0)], ("NEAR_MATCH", "SUPPLIED_ID_UNKNOWN_SEVERAL", None)),
        ([], ("ERROR", "SUPPLIED_ID_UNKNOWN", None)),
        ([person("A", LIMITS.lower - 1)], ("ERROR", "SUPPLIED_ID_UNKNOWN", None)),
    ],
)
def test_a_number_the_ledger_does_not_know_is_never_new(
    people: list[Any], expected: tuple[str, str, str | None]
) -> None:
    assert outcome_of(*people, status="unknown") == expected
