"""Questions out, answers back: what a returned worklist does, and what it must not do."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import polars as pl
import pytest

from matching.accuracy_run import store_decisions
from matching.answers import record_answers
from matching.identify import Decisions, identify
from matching.ledger import open_near_matches, record_assignments
from matching.questions import near_match_id
from matching.returns import apply_return
from schemas.submission import Submission

AT = datetime(2025, 11, 3, 15, tzinfo=UTC)
MARIA_ID, MARTA_ID = "0234567890", "2345678901"
ASKING = {"district_code": "048078", "local_student_id": "77", "middle_name": None}
FILE = Submission(
    "R-1", "048078", None, "returned.txt", "r1", 1, "claim", AT, "run", layout="near_match_return", status="decisions"
)


@pytest.fixture
def asked(make_requests: Any, make_registry: Any, crowd: Any) -> tuple[duckdb.DuckDBPyConnection, str]:
    """A state with one open question about a child who could be Maria or Mariah, and the question's name."""
    known = {"district_code": "010004", "middle_name": None}
    con = make_registry(
        {"state_id": MARIA_ID, **known},
        {"state_id": MARTA_ID, **known, "first_name": "Maria", "local_student_id": "555", "district_code": "077077"},
        *crowd,
    )
    receive(con, "S-048078/2026/student_core", "R-1", "R-2")
    decisions = identify(make_requests(ASKING), con)
    assert decisions.assignments["outcome"].to_list() == ["NEAR_MATCH"]
    assert decisions.candidates["candidate_state_id"].to_list() == [MARIA_ID, MARTA_ID]
    store(con, make_requests(ASKING), decisions)
    return con, decisions.assignments["near_match_id"].item()


def receive(con: duckdb.DuckDBPyConnection, *files: str) -> None:
    """The files as the intake knows them."""
    for name in files:
        con.execute(
            """
            INSERT INTO intake.submission BY NAME
            SELECT $name AS submission_id, '048078' AS district_code, 'file' AS file_name, lower($name) AS sha256,
                   'claim' AS claim_path, 'trial' AS status, $at AS received_at, 'run' AS run_id,
                   '1' AS dictionary_version, '1' AS rule_book_version
            """,
            {"name": name, "at": AT},
        ).fetchall()


def store(con: duckdb.DuckDBPyConnection, requests: pl.DataFrame, decisions: Decisions) -> pl.DataFrame:
    """What the store stage does with the decisions of a file or a return."""
    filled = store_decisions(con, requests, decisions.assignments)
    record_assignments(con, filled)
    open_near_matches(con, decisions.candidates, requests, filled, AT)
    record_answers(con, filled, [replace(FILE, submission_id=name) for name in ("R-1", "R-2")], AT)
    return filled


def returned(*rows: tuple[str | None, ...]) -> pl.DataFrame:
    columns = ["near_match_id", "candidate_rank", "candidate_state_id", "decision"]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return frame.with_columns(line_number=pl.int_range(2, pl.len() + 2, dtype=pl.UInt32))


def answer(con: duckdb.DuckDBPyConnection, rows: pl.DataFrame, name: str = "R-1", district: str = "048078") -> Any:
    told = apply_return(rows, con, submission_id=name, sha256=name.lower(), district_code=district)
    if told.requests.is_empty():
        return told, None
    filled = store(con, told.requests, identify(told.requests, con))
    return told, filled.row(0, named=True)


def statuses(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return con.execute("SELECT status, resolved_state_id FROM identity.near_match ORDER BY candidate_rank").fetchall()


def facts(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return con.execute("SELECT kind, state_id FROM identity.decision ORDER BY ALL").fetchall()


def test_the_question_has_one_name_for_ever() -> None:
    assert near_match_id("ab", 7) == near_match_id("ab", 7) != near_match_id("ab", 8)
    assert near_match_id("ab", 7)[:2] == "NM" and len(near_match_id("ab", 7)) == 12


def test_one_same_links(asked: Any) -> None:
    con, name = asked
    told, row = answer(con, returned((name, "1", MARIA_ID, "SAME"), (name, "2", MARTA_ID, "DIFFERENT")))
    assert (row["outcome"], row["reason"], row["state_id"]) == ("REUSED", "DECIDED_SAME", MARIA_ID)
    assert (row["submission_id"], row["near_match_id"]) == ("R-1", name)
    assert told.requests["request_line"].to_list() == [2]
    assert statuses(con) == [("closed", MARIA_ID)] * 2
    assert facts(con) == [("must_link", MARIA_ID)]


def test_what_a_spreadsheet_does_to_the_numbers_alters_nothing(asked: Any) -> None:
    con, name = asked
    _, row = answer(con, returned((name.lower(), "1.0", "234567890", " same "), (name, "02", MARTA_ID, None)))
    assert row["state_id"] == MARIA_ID


def test_all_different_is_a_new_child(asked: Any, make_requests: Any) -> None:
    con, name = asked
    _, row = answer(con, returned((name, "1", MARIA_ID, "DIFFERENT"), (name, "2", MARTA_ID, "different")))
    assert (row["outcome"], row["reason"]) == ("NEW", "DECIDED_DIFFERENT")
    assert facts(con) == [("cannot_link", MARIA_ID), ("cannot_link", MARTA_ID)]
    assert statuses(con) == [("closed", row["state_id"])] * 2
    # The next file of the district finds the child by its own local ID.
    again = identify(make_requests({**ASKING, "sha256": "later"}), con).assignments.row(0, named=True)
    assert again["state_id"] == row["state_id"]


def test_all_different_asks_again_when_somebody_alike_was_added_since(
    asked: Any, make_requests: Any, make_registry: Any
) -> None:
    con, name = asked
    late = make_requests({"district_code": "099099", "local_student_id": "3", "middle_name": None, "school_year": 2025})
    added = identify(late, con).assignments.with_columns(
        outcome=pl.lit("NEW"), state_id=pl.lit(None, pl.String), person_number=pl.lit(1, pl.Int64)
    )
    store_decisions(con, late, added)
    _, row = answer(con, returned((name, "1", MARIA_ID, "DIFFERENT"), (name, "2", MARTA_ID, "DIFFERENT")))
    assert row["outcome"] in {"NEAR_MATCH", "REUSED"}
    assert row["near_match_id"] == name
    assert facts(con) == [("cannot_link", MARIA_ID), ("cannot_link", MARTA_ID)]
    still_asked = con.execute(
        "SELECT submission_id, candidate_state_id FROM identity.near_match WHERE status = 'open'"
    ).fetchall()
    assert [line for line, _ in still_asked] in ([], ["S-048078/2026/student_core"])
    assert MARIA_ID not in [candidate for _, candidate in still_asked]


def test_cancel_cancels(asked: Any) -> None:
    con, name = asked
    _, row = answer(con, returned((name, "1", MARIA_ID, "SAME"), (name, "2", MARTA_ID, "CANCEL")))
    assert (row["outcome"], row["reason"], row["state_id"]) == ("CANCELED", "DECIDED_CANCEL", None)
    assert facts(con) == [("cancel", None)]
    assert statuses(con) == [("closed", None)] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "rows, reason",
    [
        ([("1", MARIA_ID, "SAME"), ("2", MARTA_ID, "SAME")], "RETURN_TWO_SAME"),
        ([("1", MARTA_ID, "SAME"), ("2", MARTA_ID, "DIFFERENT")], "RETURN_ALTERED"),
        ([("3", MARIA_ID, "SAME")], "RETURN_ALTERED"),
        ([("1", MARIA_ID, "SAME"), ("1", MARIA_ID, "DIFFERENT")], "RETURN_ALTERED"),
        ([("1", MARIA_ID, "YES"), ("2", MARTA_ID, "DIFFERENT")], "RETURN_UNKNOWN_DECISION"),
        ([("1", MARIA_ID, "DIFFERENT")], "RETURN_INCOMPLETE"),
        ([("1", MARIA_ID, None), ("2", MARTA_ID, "DIFFERENT")], "STILL_OPEN"),
        ([("1", MARIA_ID, None), ("2", MARTA_ID, None)], "STILL_OPEN"),
    ],
)
def test_unclear_answers_leave_the_question_as_it_was(rows: list[Any], reason: str, asked: Any) -> None:
    con, name = asked
    before = con.execute("SELECT * FROM identity.near_match ORDER BY ALL").fetchall()
    _, row = answer(con, returned(*[(name, *row) for row in rows]))
    assert (row["outcome"], row["reason"], row["state_id"]) == ("NEAR_MATCH", reason, None)
    assert con.execute("SELECT * FROM identity.near_match ORDER BY ALL").fetchall() == before
    assert facts(con) == []
    assert con.execute("SELECT count(*) FROM identity.pending_request").fetchall() == [(1,)]


def test_an_unanswered_question_is_shown_with_its_candidates_again(asked: Any) -> None:
    con, name = asked
    told = apply_return(
        returned((name, "1", MARIA_ID, None)), con, submission_id="R-1", sha256="r1", district_code="048078"
    )
    candidates = identify(told.requests, con).candidates
    assert candidates["candidate_state_id"].to_list() == [MARIA_ID, MARTA_ID]
    assert candidates["candidate_first_name"].to_list() == ["Maria", "Maria"]
    assert candidates["explanation"].null_count() == 0


@pytest.mark.parametrize(
    "name, district, reason", [("NM0123456789", "048078", "RETURN_UNKNOWN"), (None, "010004", "RETURN_FOREIGN")]
)
def test_questions_that_are_not_the_districts_own(name: str | None, district: str, reason: str, asked: Any) -> None:
    con, real = asked
    told, row = answer(con, returned((name or real, "1", MARIA_ID, "SAME")), district=district)
    assert row is None
    assert told.refusals.select("line_number", "reason").rows() == [(2, reason)]
    assert facts(con) == []


def test_the_same_return_twice_changes_nothing(asked: Any) -> None:
    con, name = asked
    rows = returned((name, "1", MARIA_ID, "SAME"), (name, "2", MARTA_ID, None))
    answer(con, rows)
    before = con.execute("SELECT * FROM identity.near_match ORDER BY ALL").fetchall()
    told, row = answer(con, rows, "R-2")
    assert (row, told.refusals["reason"].to_list()) == (None, ["RETURN_CLOSED"])
    assert con.execute("SELECT * FROM identity.near_match ORDER BY ALL").fetchall() == before
    assert facts(con) == [("must_link", MARIA_ID)]


def test_two_returns_of_one_run_that_contradict_each_other(asked: Any) -> None:
    con, name = asked
    told = [
        apply_return(
            returned((name, rank, chosen, "SAME")), con, submission_id=file, sha256=file, district_code="048078"
        )
        for file, rank, chosen in (("R-1", "1", MARIA_ID), ("R-2", "2", MARTA_ID))
    ]
    decided = identify(pl.concat([one.requests for one in told]), con).assignments
    assert decided.select("outcome", "reason").unique().rows() == [("NEAR_MATCH", "RETURN_TWO_SAME")]


def test_a_candidate_who_was_merged_since_forwards(asked: Any) -> None:
    con, name = asked
    con.execute(
        "UPDATE identity.student SET status = 'merged', merged_into = ? WHERE state_id = ?", [MARTA_ID, MARIA_ID]
    ).fetchall()
    _, row = answer(con, returned((name, "1", MARIA_ID, "SAME")))
    assert row["state_id"] == MARTA_ID


def test_a_candidate_who_was_withdrawn_since_cannot_be_chosen(asked: Any) -> None:
    con, name = asked
    con.execute("UPDATE identity.student SET status = 'retired' WHERE state_id = ?", [MARIA_ID]).fetchall()
    _, row = answer(con, returned((name, "1", MARIA_ID, "SAME")))
    assert row["reason"] == "RETURN_CANDIDATE_GONE"


def test_the_same_bytes_again_after_a_decision_obey_it(asked: Any, make_requests: Any) -> None:
    con, name = asked
    answer(con, returned((name, "1", MARIA_ID, "SAME")))
    again = identify(make_requests(ASKING), con).assignments.row(0, named=True)
    assert (again["reason"], again["state_id"]) == ("DECIDED_SAME", MARIA_ID)


def test_different_from_the_child_of_a_sent_id_asks_no_second_time(make_requests: Any, make_registry: Any) -> None:
    """A number that was sent by mistake: once the district says so, the child is decided as if it had not been sent."""
    theirs = {
        "last_name": "Vandermeer",
        "first_name": "Otto",
        "gender": "M",
        "birth_date": date(2013, 4, 9),
        "local_student_id": "1",
    }
    ours = {**theirs, "first_name": "Hildegard", "gender": "F", "birth_date": date(2011, 1, 2), "local_student_id": "9"}
    registry = make_registry({**theirs, "state_id": "1234567897"})
    requests = make_requests({**ours, "submitted_state_id": "1234567897"})
    asked = identify(requests, registry).assignments
    assert asked["reason"].to_list() == ["SUPPLIED_ID_DISAGREES"]
    answered = requests.with_columns(
        near_match_id=pl.lit(asked["near_match_id"][0]),
        answer=pl.lit("different"),
        answer_person=pl.lit(None, pl.String),
        answer_reason=pl.lit(None, pl.String),
        ruled_out=pl.lit(["1234567897"]),
    )
    assert identify(answered, registry).assignments.select("outcome", "reason").rows() == [("NEW", "DECIDED_DIFFERENT")]
