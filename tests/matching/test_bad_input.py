"""Bad input through identify: each kind has its own reason, none stops the run, none moves an ID."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from matching.blocking import PAIRS_FLOOR
from matching.crowds import MOST_CHILDREN_ALIKE, MOST_CHILDREN_PAIRED, SHARED_VALUES
from matching.identify import Decisions, identify
from matching.reasons import reasons

MARIA_ID, OTTO_ID = "1234567890", "2345678901"
MOVED = {"district_code": "048078", "local_student_id": "77"}
OTTO = {
    "last_name": "Ives",
    "first_name": "Otto",
    "gender": "M",
    "birth_date": date(2011, 9, 8),
    "local_student_id": "200",
}
# Alike enough to be asked about, not enough to be linked.
CHANGED = {**MOVED, "last_name": "Nowak", "middle_name": None}
MANY = 10_000


def by_line(decisions: Decisions) -> pl.DataFrame:
    return decisions.assignments.sort("line_number")


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({}, ("REUSED", "SUPPLIED_ID_MISTYPED_REUSED", MARIA_ID)),
        (MOVED, ("REUSED", "SUPPLIED_ID_MISTYPED_REUSED", MARIA_ID)),
        ({**MOVED, "first_name": "Maira"}, ("REUSED", "SUPPLIED_ID_MISTYPED_REUSED", MARIA_ID)),
        (CHANGED, ("NEAR_MATCH", "SUPPLIED_ID_MISTYPED", None)),
        ({**CHANGED, "gender": None, "race_ethnicity": None}, ("NEAR_MATCH", "SUPPLIED_ID_MISTYPED", None)),
        ({**MOVED, "last_name": "Nowak", "first_name": "Liam", "birth_date": date(2013, 7, 9)},
         ("ERROR", "SUPPLIED_ID_UNKNOWN", None)),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "sent",
    ["1234567897", pytest.param("1234657890", marks=pytest.mark.slow)],
    ids=["wrong digit", "neighbours swapped"],
)
def test_mistyped_number(
    sent: str, changes: dict[str, Any], expected: Any, make_requests: Any, make_registry: Any, crowd: Any
) -> None:
    decisions = identify(
        make_requests({**changes, "submitted_state_id": sent}), make_registry({"state_id": MARIA_ID}, *crowd)
    )
    row = decisions.assignments.row(0, named=True)
    assert (row["outcome"], row["reason"], row["state_id"]) == expected
    shown = decisions.candidates["candidate_state_id"].to_list()
    assert shown == ([MARIA_ID] if expected[0] == "NEAR_MATCH" else [])


def test_mistyped_number_of_another_child_links_nobody(make_requests: Any, make_registry: Any, crowd: Any) -> None:
    """A slip away from Maria's number, but the child is Otto: the number found by his own data is his."""
    con = make_registry({"state_id": MARIA_ID}, {"state_id": OTTO_ID, **OTTO}, *crowd)
    row = identify(make_requests({**OTTO, "submitted_state_id": "1234567897"}), con).assignments.row(0, named=True)
    assert (row["reason"], row["state_id"]) == ("SUPPLIED_ID_UNKNOWN_REUSED", OTTO_ID)


def test_number_of_another_child_is_a_question(make_requests: Any, make_registry: Any, crowd: Any) -> None:
    con = make_registry({"state_id": MARIA_ID}, {"state_id": OTTO_ID, **OTTO}, *crowd)
    row = identify(make_requests({**OTTO, "submitted_state_id": MARIA_ID}), con).assignments.row(0, named=True)
    assert (row["outcome"], row["reason"], row["state_id"]) == ("NEAR_MATCH", "SUPPLIED_ID_DISAGREES", None)


def test_one_child_twice_in_a_file_with_two_local_ids(make_requests: Any, make_registry: Any, crowd: Any) -> None:
    """Nobody knows whether it is one child entered twice or two namesakes: no ID is shared, and the reason says so."""
    twice = make_requests(OTTO, {**OTTO, "local_student_id": "201"})
    new = by_line(identify(twice, make_registry(*crowd)))
    assert new["person_number"].n_unique() == 2
    assert set(new["reason"]) == {"ALIKE_IN_THIS_RUN"}
    known = by_line(identify(twice, make_registry({"state_id": OTTO_ID, **OTTO}, *crowd)))
    assert known.select("outcome", "reason", "state_id").rows() == [
        ("REUSED", "LOCAL_ID_KNOWN", OTTO_ID),
        ("NEAR_MATCH", "TWO_LOCAL_IDS", None),
    ]


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"birth_date": None}, "BIRTH_DATE_MISSING"),
        ({"last_name": "  ", "submitted_state_id": None}, "NAME_MISSING"),
        ({"first_name": None, "submitted_state_id": None}, "NAME_MISSING"),
        ({"last_name": "Unknown"}, "IDENTITY_PLACEHOLDER"),
    ],
)
def test_no_name_or_birth_date(changes: dict[str, Any], reason: str, make_requests: Any, make_registry: Any) -> None:
    rows = by_line(
        identify(
            make_requests({"submitted_state_id": MARIA_ID, **changes}, OTTO), make_registry({"state_id": MARIA_ID})
        )
    )
    assert rows.select("outcome", "reason", "state_id").rows() == [
        ("ERROR", reason, None),
        ("NEW", "NOBODY_ALIKE", None),
    ]


def children(count: int) -> pl.DataFrame:
    """Children of whom no two have a name or birth date in common with many others."""
    number = pl.int_range(count, eager=True)
    letters = [f"{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676 % 26)}" for n in number]
    return pl.DataFrame(
        {
            "last_name": [f"Q{name}lm{name[::-1]}rd" for name in letters],
            "first_name": [f"B{name[::-1]}ntr{name}" for name in letters],
            "middle_name": None,
            "birth_date": [date(2005, 1, 1) + timedelta(days=n * 37 % 4000) for n in number],
            "local_student_id": (number + 1000).cast(pl.String),
            "line_number": (number + 2).cast(pl.UInt32),
        }
    )


def many(make_requests: Any, *changes: pl.Expr) -> pl.DataFrame:
    """MANY lines of one file, as ``children`` but for the changes."""
    one = make_requests({})
    own = children(MANY).with_columns(*changes)
    return pl.concat([one.drop(own.columns).select(pl.all().repeat_by(MANY).explode()), own], how="horizontal").select(
        one.columns
    ).cast(one.schema)  # fmt: skip


SSN = (pl.lit("v1:same").alias("ssn_hash"), pl.lit(["near"], pl.List(pl.String)).alias("ssn_near"))
GUARDIAN = (pl.lit("Office").alias("guardian_last_name"), pl.lit("School").alias("guardian_first_name"))
FEW_DATES = pl.lit(date(2000, 3, 5)).dt.offset_by(pl.format("{}mo", pl.int_range(MANY) % 200))
# One value on MANY records: what becomes of them, and what the district is told of each.
CROWDS = {
    "one SSN": (SSN, "NEW", "NOBODY_ALIKE", "SSN_ON_MANY_RECORDS"),
    "one local ID": ((pl.lit("7").alias("local_student_id"),), "NEW", "NOBODY_ALIKE", "LOCAL_ID_ON_MANY_RECORDS"),
    "one guardian and birth date": (
        (*GUARDIAN, FEW_DATES.alias("birth_date")), "NEW", "NOBODY_ALIKE", "GUARDIAN_ON_MANY_RECORDS"),
    "one name, many birth dates": (
        (pl.lit("Doe").alias("last_name"), pl.lit("Jo").alias("first_name")), "ERROR", "TOO_MANY_ALIKE", None),
    "one last name and birth date": (
        (pl.lit("Doe").alias("last_name"), pl.lit(date(2012, 3, 5)).alias("birth_date")),
        "ERROR", "TOO_MANY_ALIKE", None),
    "one child's line again and again": (
        (pl.lit("Doe").alias("last_name"), pl.lit("Jo").alias("first_name"), pl.lit("7").alias("local_student_id"),
         pl.lit(date(2012, 3, 5)).alias("birth_date")), "ERROR", "TOO_MANY_ALIKE", None),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("crowded", CROWDS)
def test_one_value_on_many_records_stops_nobody(
    crowded: str, make_requests: Any, make_registry: Any, crowd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes, outcome, reason, warning = CROWDS[crowded]
    monkeypatch.setattr("matching.blocking.PAIRS_FLOOR", PAIRS_FLOOR // 100)
    monkeypatch.setattr("matching.blocking.PAIRS_PER_REQUEST", 5)
    con = make_registry({"state_id": OTTO_ID, **OTTO, "district_code": "077077"}, *crowd)
    other = make_requests({**OTTO, "district_code": "077077"})
    decisions = identify(pl.concat([many(make_requests, *changes), other]), con)
    theirs = decisions.assignments.filter(pl.col("submission_id").str.contains("010004"))
    assert theirs.height == MANY
    assert theirs.filter(pl.col("outcome") == outcome, pl.col("reason") == reason).height >= 0.99 * MANY
    assert theirs.filter(pl.col("outcome") == "NEW").height == theirs["person_number"].n_unique() - (outcome != "NEW")
    mine = decisions.assignments.filter(pl.col("submission_id").str.contains("077077"))
    assert mine.select("outcome", "state_id").rows() == [("REUSED", OTTO_ID)]
    told = decisions.warnings.group_by("reason").len().rows()
    assert told == ([(warning, MANY)] if warning else [])


def test_values_are_counted_over_the_registry_too(make_requests: Any, make_registry: Any, crowd: Any) -> None:
    """What came a few at a time is a crowd as well; a child seen in many versions is none."""
    shared = SHARED_VALUES[0]
    known = [{**child, "ssn_hash": "same", "ssn_near": ["n"]} for child in crowd[: shared.most_children + 1]]
    versions = [
        {"state_id": OTTO_ID, **OTTO, "ssn_hash": "own", "ssn_near": ["o"], "local_student_id": str(number)}
        for number in range(shared.most_children + 5)
    ]
    con = make_registry(*known, *versions)
    sent = make_requests(
        {**MOVED, "ssn_hash": "same", "ssn_near": ["n"]}, {**OTTO, "ssn_hash": "own", "ssn_near": ["o"]}
    )
    decisions = identify(sent, con)
    assert decisions.warnings.select("line_number", "reason").rows() == [(2, shared.reason)]
    assert decisions.assignments.filter(pl.col("line_number") == 3)["state_id"].to_list() == [OTTO_ID]


@pytest.mark.parametrize("count, is_crowd", [(MOST_CHILDREN_ALIKE, False), (MOST_CHILDREN_ALIKE + 1, True)])
def test_a_crowd_is_counted_over_children(count: int, is_crowd: bool, make_requests: Any, make_registry: Any) -> None:
    alike = [{"local_student_id": str(number)} for number in range(count)]
    found = identify(make_requests(*alike), make_registry()).assignments
    assert (found["reason"] == "TOO_MANY_ALIKE").all() == is_crowd
    # One child in the files of many years and collections of one run.
    files = [{"sha256": f"file {number}", "submission_id": f"S{number}"} for number in range(count)]
    assert identify(make_requests(*files), make_registry()).assignments["person_number"].n_unique() == 1


def test_a_crowd_of_one_district_is_no_crowd_elsewhere(make_requests: Any, make_registry: Any) -> None:
    doubtful = [
        {"last_name": "Doe", "first_name": f"J{chr(97 + n % 26)}{'abcdefghij'[n // 26]}n", "local_student_id": str(n)}
        for n in range(MOST_CHILDREN_PAIRED + 1)
    ]
    requests = make_requests(*doubtful, {"last_name": "Doe", "first_name": "Ulrike", **MOVED})
    found = identify(requests, make_registry()).assignments
    there = pl.col("submission_id").str.contains("048078")
    assert found.filter(there)["outcome"].to_list() == ["NEW"]
    assert set(found.filter(~there)["reason"]) == {"TOO_MANY_ALIKE"}


def test_every_reason_of_this_page_has_a_sentence() -> None:
    named = {shared.reason for shared in SHARED_VALUES} | {"BIRTH_DATE_MISSING", "NAME_MISSING", "SUPPLIED_ID_MISTYPED"}
    assert named <= reasons().keys()
