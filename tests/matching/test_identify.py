"""Every outcome of identify on a few literal children; the same answer whatever the order of rows, files and threads."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching.crowds import MOST_CHILDREN_ALIKE
from matching.identify import ASSIGNMENT_SCHEMA, Decisions, identify
from matching.model import load_model
from matching.questions import CANDIDATE_SCHEMA
from schemas.errors import MosisError
from tests.matching.conftest import build_crowd, build_registry, build_requests

MARIA_ID, TWIN_ID = "1234567890", "2345678901"
MOVED = {"district_code": "048078", "local_student_id": "77"}


def only(decisions: Decisions) -> dict[str, Any]:
    assert decisions.assignments.height == 1
    return decisions.assignments.row(0, named=True)


def answer(decisions: Decisions) -> tuple[str, str | None, str | None]:
    row = only(decisions)
    return row["outcome"], row["reason"], row["state_id"]


# What a request that differs from the known Maria in these fields comes to.
CASES = [
    # The district's own number.
    ({}, ("REUSED", "LOCAL_ID_KNOWN", MARIA_ID)),
    ({"last_name": "Nowak"}, ("REUSED", "LOCAL_ID_KNOWN", MARIA_ID)),
    ({"birth_date": date(2012, 5, 3)}, ("REUSED", "LOCAL_ID_KNOWN", MARIA_ID)),
    ({"first_name": "Mia"}, ("REUSED", "LOCAL_ID_KNOWN", MARIA_ID)),
    # Handed out again: another child with the same local ID.
    ({"last_name": "Nowak", "first_name": "Liam", "middle_name": None, "gender": "M", "birth_date": date(2013, 7, 9)},
     ("NEW", "NOBODY_ALIKE", None)),
    # Moved: exact with the middle name, then by the model.
    (MOVED, ("REUSED", "EXACT_MATCH", MARIA_ID)),
    ({**MOVED, "first_name": "Mary"}, ("REUSED", "MODEL_MATCH", MARIA_ID)),
    ({**MOVED, "first_name": "Maira"}, ("REUSED", "MODEL_MATCH", MARIA_ID)),
    # Moved, and little is left that is the same.
    ({**MOVED, "last_name": "Nowak", "middle_name": None}, ("NEAR_MATCH", "NOT_SURE", None)),
    ({**MOVED, "birth_date": date(2012, 5, 3)}, ("REUSED", "MODEL_MATCH", MARIA_ID)),
    # A name and a birth date alone, with or without a slip: strangers share them.
    ({**MOVED, "middle_name": None}, ("NEAR_MATCH", "NOT_SURE", None)),
    ({**MOVED, "middle_name": None, "birth_date": date(2012, 5, 3)}, ("NEAR_MATCH", "NOT_SURE", None)),
    ({**MOVED, "suffix": "Jr"}, ("REUSED", "EXACT_MATCH", MARIA_ID)),
    # Twins.
    ({**MOVED, "first_name": "Emma", "middle_name": None}, ("NEW", "NOBODY_ALIKE", None)),
    ({**MOVED, "first_name": "Marisol", "middle_name": None}, ("NEAR_MATCH", "TWINS_OR_SIBLINGS", None)),
    # A number that was sent.
    ({"submitted_state_id": MARIA_ID}, ("CONFIRMED", "ID_CONFIRMED", MARIA_ID)),
    ({**MOVED, "submitted_state_id": MARIA_ID}, ("CONFIRMED", "ID_CONFIRMED", MARIA_ID)),
    ({**MOVED, "last_name": "Nowak", "submitted_state_id": MARIA_ID}, ("CONFIRMED", "ID_CONFIRMED", MARIA_ID)),
    ({**MOVED, "first_name": "Emma", "submitted_state_id": MARIA_ID}, ("NEAR_MATCH", "SUPPLIED_ID_DISAGREES", None)),
    ({**MOVED, "last_name": "Nowak", "first_name": "Liam", "submitted_state_id": MARIA_ID},
     ("NEAR_MATCH", "SUPPLIED_ID_DISAGREES", None)),
    ({"submitted_state_id": "5555555555"}, ("REUSED", "SUPPLIED_ID_UNKNOWN_REUSED", MARIA_ID)),
    ({**MOVED, "submitted_state_id": "5555555555"}, ("REUSED", "SUPPLIED_ID_UNKNOWN_REUSED", MARIA_ID)),
    ({**MOVED, "last_name": "Nowak", "middle_name": None, "submitted_state_id": "5555555555"},
     ("NEAR_MATCH", "SUPPLIED_ID_UNKNOWN_SEVERAL", None)),
    ({**MOVED, "last_name": "Nowak", "first_name": "Liam", "birth_date": date(2013, 7, 9),
      "submitted_state_id": "5555555555"}, ("ERROR", "SUPPLIED_ID_UNKNOWN", None)),
    # Errors.
    ({"has_identity_error": True, "error_reason": "STC00101"}, ("ERROR", "STC00101", None)),
    ({"has_identity_error": True}, ("ERROR", "IDENTITY_FIELD_ERROR", None)),
    ({"first_name": "Baby Girl"}, ("ERROR", "IDENTITY_PLACEHOLDER", None)),
    ({"birth_date": date(1900, 1, 1)}, ("ERROR", "IDENTITY_PLACEHOLDER", None)),
    ({"birth_date": None}, ("ERROR", "BIRTH_DATE_MISSING", None)),
    ({"last_name": None}, ("ERROR", "NAME_MISSING", None)),
]  # fmt: skip


@pytest.fixture(scope="module")
def one_known_child() -> Iterator[duckdb.DuckDBPyConnection]:
    """Maria among strangers; identify only reads."""
    con = build_registry({"state_id": MARIA_ID}, *build_crowd())
    yield con
    con.close()


@pytest.mark.parametrize("changes, expected", CASES)
def test_one_request_against_one_known_child(
    changes: dict[str, Any], expected: tuple[str, str, str | None], one_known_child: duckdb.DuckDBPyConnection
) -> None:
    decisions = identify(build_requests(changes), one_known_child)
    assert answer(decisions) == expected
    assert (only(decisions)["near_match_id"] is not None) == (expected[0] == "NEAR_MATCH")
    assert (decisions.candidates.height > 0) == (expected[0] == "NEAR_MATCH")


def test_merged_number_forwards_over_every_step(make_requests: Any, make_registry: Any) -> None:
    con = make_registry(
        {"state_id": MARIA_ID},
        {"state_id": TWIN_ID, "status": "merged", "merged_into": "3456789012"},
        {"state_id": "3456789012", "status": "merged", "merged_into": MARIA_ID},
    )
    assert answer(identify(make_requests({"submitted_state_id": TWIN_ID}), con)) == ("CONFIRMED", "ID_MERGED", MARIA_ID)


def test_withdrawn_number_is_an_error_and_names_nobody(make_requests: Any, make_registry: Any) -> None:
    con = make_registry({"state_id": MARIA_ID, "status": "retired"})
    sent = identify(make_requests({"submitted_state_id": MARIA_ID}), con)
    assert answer(sent) == ("ERROR", "SUPPLIED_ID_RETIRED", None)
    assert answer(identify(make_requests({}), con)) == ("NEW", "NOBODY_ALIKE", None)


def test_leading_zeros_that_a_spreadsheet_dropped(make_requests: Any, make_registry: Any) -> None:
    con = make_registry({"state_id": "0000012345"})
    assert answer(identify(make_requests({"submitted_state_id": "12345"}), con))[2] == "0000012345"


def test_two_known_children_who_fit_equally_are_a_question(make_requests: Any, make_registry: Any, crowd: Any) -> None:
    namesake = {"district_code": "077077", "local_student_id": "5"}
    con = make_registry(
        {"state_id": MARIA_ID, **namesake}, {"state_id": TWIN_ID, **namesake, "local_student_id": "6"}, *crowd
    )
    decisions = identify(make_requests(MOVED), con)
    assert answer(decisions) == ("NEAR_MATCH", "SEVERAL_CANDIDATES", None)
    assert decisions.candidates["candidate_state_id"].to_list() == [MARIA_ID, TWIN_ID]
    assert only(decisions)["margin"] == 0


def test_twin_gets_an_own_number_beside_the_known_one(make_requests: Any, make_registry: Any, crowd: Any) -> None:
    con = make_registry({"state_id": MARIA_ID}, *crowd)
    twins = make_requests({}, {"first_name": "Marla", "middle_name": None, "local_student_id": "101"})
    outcomes = identify(twins, con).assignments.sort("line_number")
    assert outcomes["outcome"].to_list() == ["REUSED", "NEW"]


def test_two_local_ids_of_one_file_cannot_both_be_one_child(make_requests: Any, make_registry: Any, crowd: Any) -> None:
    con = make_registry({"state_id": MARIA_ID}, *crowd)
    twice = make_requests({"submitted_state_id": MARIA_ID}, {"submitted_state_id": MARIA_ID, "local_student_id": "999"})
    outcomes = identify(twice, con).assignments.sort("line_number")
    assert outcomes.select("outcome", "reason").rows() == [
        ("CONFIRMED", "ID_CONFIRMED"),
        ("NEAR_MATCH", "TWO_LOCAL_IDS"),
    ]


def test_a_crowd_of_one_name_is_an_error_not_an_explosion(make_requests: Any, make_registry: Any) -> None:
    alike = [{"local_student_id": str(number)} for number in range(MOST_CHILDREN_ALIKE + 1)]
    outcomes = identify(make_requests(*alike), make_registry()).assignments
    assert outcomes["reason"].unique().to_list() == ["TOO_MANY_ALIKE"]
    some = identify(make_requests(*alike[:-1]), make_registry()).assignments
    assert some["outcome"].unique().to_list() == ["NEW"]


@pytest.mark.slow
def test_ten_thousand_rows_with_one_ssn_match_by_everything_else(
    make_requests: Any, make_registry: Any, crowd: Any
) -> None:
    strangers = [{**child, "ssn_hash": "same", "ssn_near": ["n"]} for child in crowd]
    sent = make_requests(*[{k: v for k, v in child.items() if k != "state_id"} for child in strangers])
    outcomes = identify(
        pl.concat([sent] * 25).with_columns(line_number=pl.int_range(2, 10_002, dtype=pl.UInt32)), make_registry()
    )
    assert outcomes.assignments.filter(pl.col("outcome") == "NEW")["person_number"].n_unique() == len(crowd)


def test_nothing_to_decide(make_requests: Any, make_registry: Any) -> None:
    decisions = identify(make_requests({}).clear(), make_registry())
    assert decisions.assignments.schema == ASSIGNMENT_SCHEMA
    assert decisions.candidates.schema == CANDIDATE_SCHEMA
    assert decisions.assignments.is_empty()


def test_an_exploding_rule_is_named(make_requests: Any, make_registry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.blocking.PAIRS_FLOOR", 0)
    monkeypatch.setattr("matching.blocking.PAIRS_PER_REQUEST", 0)
    con = make_registry({"state_id": MARIA_ID})
    with pytest.raises(MosisError, match="blocking rule SAME_BIRTH_DATE_AND_SURNAME_SOUND makes more than 0 pairs"):
        identify(make_requests(MOVED | {"first_name": "Mary"}), con)


def test_enrolment_tells_a_mover_from_a_namesake(make_requests: Any, make_registry: Any, crowd: Any) -> None:
    at_home = {"district_code": "010004"}
    schoolmates = [{**child, **at_home} for child in crowd[:10]]
    con = make_registry({"state_id": MARIA_ID, "middle_name": None}, *schoolmates, *crowd[10:])
    mover = {**MOVED, "middle_name": None, "race_ethnicity": None}
    present = [{k: v for k, v in child.items() if k != "state_id"} for child in schoolmates]
    gone = identify(make_requests(mover, *present), con).assignments
    still_there = identify(make_requests(mover, {"middle_name": None}, *present), con).assignments
    weight = [
        a.filter(pl.col("submission_id").str.contains("048078"))["match_weight"].item() for a in (gone, still_there)
    ]
    limits = load_model().thresholds
    assert weight[0] - weight[1] == pytest.approx(limits.gone - limits.still_there)


STATE = [
    {"state_id": "1000000001"},
    {"state_id": "1000000002", "first_name": "Marisol", "middle_name": None, "local_student_id": "101"},
    {"state_id": "1000000003", "last_name": "Garcia Lopez", "first_name": "Ana", "local_student_id": "102"},
]
RUN = [
    {},
    {"first_name": "Marisol", "middle_name": None, "local_student_id": "101"},
    {**MOVED, "last_name": "Garcia", "first_name": "Ana"},
    {**MOVED, "last_name": "Nowak", "first_name": "Liam", "gender": "M", "local_student_id": "78"},
    {"district_code": "077077", "last_name": "Nowak", "first_name": "Liam", "gender": "M", "local_student_id": "9"},
    {"last_name": "Ives", "first_name": "Otto", "middle_name": None, "gender": "M", "local_student_id": "110"},
    {"last_name": "Ives", "first_name": "Otto", "middle_name": None, "gender": "M", "local_student_id": "111"},
    {**MOVED, "first_name": "Mariela", "middle_name": None, "local_student_id": "79"},
    {**MOVED, "has_identity_error": True, "local_student_id": "80"},
]  # fmt: skip


def partition(decisions: Decisions) -> set[frozenset[tuple[str, int]]]:
    """The lines of each child, whatever the numbers are."""
    lines = decisions.assignments.with_columns(
        child=pl.coalesce("state_id", "near_match_id", pl.format("new {}", "person_number"), pl.lit("error"))
    )
    groups = lines.group_by("child").agg(pl.struct("sha256", "line_number"))
    return {frozenset((line["sha256"], line["line_number"]) for line in group) for group in groups["sha256"]}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(range(len(RUN))), known=st.permutations(range(len(STATE))), threads=st.sampled_from([1, 2])
)
@pytest.mark.slow
def test_answers_do_not_depend_on_order_or_threads(
    order: list[int], known: list[int], threads: int, make_requests: Any, make_registry: Any, crowd: Any
) -> None:
    requests = make_requests(*RUN)
    expected = identify(requests, make_registry(*STATE, *crowd))
    con = make_registry(*[STATE[place] for place in known], *crowd)
    con.execute("SET GLOBAL threads = ?", [threads])
    shuffled = identify(requests[order], con)
    keys = ["sha256", "line_number"]
    assert shuffled.assignments.sort(keys).equals(expected.assignments.sort(keys))
    assert shuffled.candidates.sort("near_match_id", "candidate_rank").equals(
        expected.candidates.sort("near_match_id", "candidate_rank")
    )


def test_one_child_new_in_two_districts_gets_one_number(make_requests: Any, make_registry: Any, crowd: Any) -> None:
    groups = partition(identify(make_requests(*RUN), make_registry(*STATE, *crowd)))
    in_two_districts = [group for group in groups if {sha for sha, _ in group} > {"077077/2026/student_core"}]
    assert [len(group) for group in in_two_districts] == [2]


def test_the_state_is_only_read(make_requests: Any, make_registry: Any) -> None:
    con = make_registry({"state_id": MARIA_ID})
    before = con.execute("SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY ALL").fetchall()
    identify(make_requests(*RUN), con)
    assert con.execute("SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY ALL").fetchall() == before


def test_candidates_carry_what_a_clerk_needs(make_requests: Any, make_registry: Any, crowd: Any) -> None:
    con = make_registry({"state_id": MARIA_ID}, *crowd)
    candidate = identify(make_requests({**MOVED, "first_name": "Marisol", "middle_name": None}), con).candidates.row(
        0, named=True
    )
    assert candidate["candidate_rank"] == 1
    assert (candidate["candidate_state_id"], candidate["candidate_first_name"]) == (MARIA_ID, "Maria")
    assert candidate["explanation"] == (
        "Same last name, birth date and gender; first names are alike but not the same: Marisol / Maria; "
        "could be one child, or twins or siblings"
    )


@pytest.mark.parametrize("guardian, reason", [("Ada", "EXACT_MATCH"), (None, "EXACT_MATCH"), ("Eve", "MODEL_MATCH")])
def test_a_middle_name_beside_another_guardian_is_weighed(
    guardian: str | None, reason: str, make_requests: Any, make_registry: Any
) -> None:
    family = {"guardian_last_name": "Okafor", "guardian_first_name": "Ada"}
    con = make_registry({"state_id": MARIA_ID, **family})
    request = {**MOVED, "guardian_last_name": guardian and "Okafor", "guardian_first_name": guardian}
    assert only(identify(make_requests(request), con))["reason"] == reason
