"""The four answer files: exact columns, each request line in exactly one file, values exactly."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from outputs.answers import (
    ANSWER_FILES,
    CANCELED_RECORDS,
    ERRORS_TO_FIX,
    IDS_ASSIGNED,
    MATCHES_TO_RESOLVE,
    build_answers,
    write_answers,
)
from schemas.submission import Submission
from tests.outputs.conftest import RECEIVED, SHA256, make_assignments, make_records, make_submission, make_violations

BATCH = make_submission(
    1, layout="id_batch", collection_version="id_batch", status="answered",
    transmission_id="0000000042", batch_extract_date="10/06/2025", batch_extract_time="08:15:00",
)  # fmt: skip
NO_CANDIDATES: list[dict[str, Any]] = []
NO_REFUSED: list[tuple[int, str]] = []


def make_candidates(rows: list[dict[str, Any]]) -> pl.DataFrame:
    usual = {
        "submission_id": BATCH.submission_id, "line_number": 2, "near_match_id": "NM0002", "candidate_rank": 1,
        "candidate_state_id": "5000000001", "candidate_last_name": "Kovar", "candidate_first_name": "Ana",
        "candidate_middle_name": None, "candidate_birth_date": date(2016, 4, 9), "candidate_gender": "F",
        "candidate_grade": "04", "candidate_district_code": "010004", "match_weight": 7.5,
        "explanation": "Same birth date; first name differs by one letter", "reason": "SEVERAL_PEOPLE",
    }  # fmt: skip
    schema = dict.fromkeys(usual, pl.String) | {
        "line_number": pl.UInt32, "candidate_rank": pl.UInt32, "candidate_birth_date": pl.Date,
        "match_weight": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame([{**usual, **row} for row in rows], schema=schema)


def make_refused(rows: list[tuple[int, str]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"line_number": pl.UInt32, "reason": pl.String}, orient="row")


def answer(
    submission: Submission,
    rows: list[dict[str, Any]],
    outcomes: list[tuple[int, str, str, str | None]],
    candidates: list[dict[str, Any]] = NO_CANDIDATES,
    refused: list[tuple[int, str]] = NO_REFUSED,
    violations: list[dict[str, Any]] | None = None,
) -> dict[str, list[list[str]]]:
    """Lines of each answer file, split at tabs."""
    built = build_answers(
        submission,
        make_records(submission, rows),
        make_assignments(submission, outcomes),
        make_candidates(candidates),
        make_refused(refused),
        at=RECEIVED,
        violations=None if violations is None else make_violations(submission, violations),
    )
    for content in built.values():
        assert content.endswith(b"\r\n") and content.count(b"\n") == content.count(b"\r\n")
    return {
        name: [line.split("\t") for line in content.decode("utf-8").split("\r\n")[:-1]]
        for name, content in built.items()
    }


def test_every_outcome_goes_to_its_file() -> None:
    answers = answer(
        BATCH,
        [{"local_student_id": f"L{n}", "submitted_state_id": None} for n in range(6)],
        [
            (2, "NEAR_MATCH", "SEVERAL_PEOPLE", None),
            (3, "NEW", "NOBODY_LIKE_THIS", "1000000001"),
            (4, "REUSED", "UNIQUE_EXACT", "1000000002"),
            (5, "ERROR", "IDENTITY_FIELD", None),
            (6, "CANCELED", "BY_DISTRICT", None),
            (7, "CONFIRMED", "AGREES", "1000000003"),
        ],
        candidates=[{}],
        refused=[(9, "FIELD_COUNT")],
    )
    assert {name: [line[20] for line in lines[1:-1]] for name, lines in answers.items()} == {
        IDS_ASSIGNED: ["3", "4", "7"],
        ERRORS_TO_FIX: ["5", "9"],
        MATCHES_TO_RESOLVE: ["2"],
        CANCELED_RECORDS: ["6"],
    }
    assert [len(line) for line in answers[MATCHES_TO_RESOLVE]] == [6, 33, 3]
    assert [len(line) for line in answers[IDS_ASSIGNED]] == [6, 21, 21, 21, 3]
    assert answers[IDS_ASSIGNED][0] == ["TH", "10/06/2025", "08:15:00", "0000000042", "1.0", "delimiter=0x09"]
    assert answers[IDS_ASSIGNED][-1] == ["TT", "3", "0000000042"]
    assert answers[ERRORS_TO_FIX][-1] == ["TT", "2", "0000000042"]


def test_columns_of_an_assigned_line() -> None:
    answers = answer(BATCH, [{"local_student_id": "L1"}], [(2, "NEW", "NOBODY_LIKE_THIS", "1000000001")])
    assert answers[IDS_ASSIGNED][1] == [
        "ID", "4020", "048078", "Kovar", "Anna", "", "", "F", "04/09/2016", "04", "L1", "", "W", "1000000001", "048078",
        "2026", "", "", "NEW", "NOBODY_LIKE_THIS", "2",
    ]  # fmt: skip


def test_refused_record_has_reason_and_line_alone() -> None:
    answers = answer(BATCH, [], [], refused=[(4, "FIELD_COUNT")])
    assert answers[ERRORS_TO_FIX][1] == [""] * 19 + ["FIELD_COUNT", "4"]


@pytest.mark.parametrize("outcome, state_id", [("ERROR", "7777777777"), ("CANCELED", "7777777777"), ("NEAR_MATCH", "")])
def test_state_id_of_a_line_without_answer(outcome: str, state_id: str) -> None:
    answers = answer(BATCH, [{"submitted_state_id": "7777777777"}], [(2, outcome, "REASON", None)])
    (line,) = [line for lines in answers.values() for line in lines[1:-1]]
    assert line[13] == state_id


def test_candidates_by_line_then_rank_ties_by_state_id() -> None:
    answers = answer(
        BATCH,
        [{"local_student_id": "L1"}, {"local_student_id": "L2"}],
        [(2, "NEAR_MATCH", "SEVERAL_PEOPLE", None), (3, "NEAR_MATCH", "SEVERAL_PEOPLE", None)],
        candidates=[
            {"line_number": 3, "near_match_id": "NM0003", "candidate_rank": 2, "candidate_state_id": "5"},
            {"line_number": 3, "near_match_id": "NM0003", "candidate_rank": 1, "candidate_state_id": "9"},
            {"line_number": 3, "near_match_id": "NM0003", "candidate_rank": 10, "candidate_state_id": "1"},
            {"line_number": 2, "candidate_rank": 1, "candidate_state_id": "4"},
            {"line_number": 2, "candidate_rank": 1, "candidate_state_id": "3"},
        ],
    )
    details = answers[MATCHES_TO_RESOLVE][1:-1]
    assert [(line[20], line[22], line[23]) for line in details] == [
        ("2", "1", "3"), ("2", "1", "4"), ("3", "1", "9"), ("3", "2", "5"), ("3", "10", "1"),
    ]  # fmt: skip
    assert details[0][21:] == [
        "NM0002", "1", "3", "Kovar", "Ana", "", "04/09/2016", "F", "04", "010004",
        "Same birth date; first name differs by one letter", "",
    ]  # fmt: skip
    assert answers[MATCHES_TO_RESOLVE][-1][1] == "5"


def test_question_without_candidates_still_stands_once() -> None:
    answers = answer(BATCH, [{}], [(2, "NEAR_MATCH", "SUPPLIED_ID_DISAGREES", None)])
    (line,) = answers[MATCHES_TO_RESOLVE][1:-1]
    assert line[21:24] == ["NM0002", "", ""]


@pytest.mark.parametrize(
    "name, written",
    [("O\tHara", "O Hara"), ("O\r\nHara", "O Hara"), ("O\nHara", "O Hara"), ('"Nuñez", =1', '"Nuñez", =1')],
)
def test_values_stand_exactly_but_for_tabs_and_line_ends(name: str, written: str) -> None:
    answers = answer(BATCH, [{"last_name": name}], [(2, "NEW", "NOBODY_LIKE_THIS", "1000000001")])
    assert answers[IDS_ASSIGNED][1][3] == written


def test_date_that_could_not_be_read_goes_back_as_sent() -> None:
    answers = answer(
        BATCH,
        [{"birth_date": None}, {}],
        [(2, "ERROR", "IDENTITY_FIELD", None), (3, "NEW", "NOBODY_LIKE_THIS", "1000000001")],
        violations=[{"field": "DateOfBirth", "value": "31/31/2016"}],
    )
    assert answers[ERRORS_TO_FIX][1][8] == "31/31/2016"
    assert answers[IDS_ASSIGNED][1][8] == "04/09/2016"


def test_empty_batch_has_all_four_files() -> None:
    answers = answer(BATCH, [], [])
    assert set(answers) == set(ANSWER_FILES)
    assert all(lines[1:] == [["TT", "0", "0000000042"]] for lines in answers.values())


def test_core_file_answers_only_what_was_not_confirmed() -> None:
    core = make_submission(1)
    rows = [{"submitted_state_id": "1000000001"}, {"submitted_state_id": None}, {"submitted_state_id": "1000000003"}]
    outcomes = [
        (2, "CONFIRMED", "AGREES", "1000000001"),
        (3, "NEW", "NOBODY_LIKE_THIS", "1000000002"),
        (4, "ERROR", "SUPPLIED_ID_UNKNOWN", None),
    ]
    answers = answer(core, rows, outcomes, refused=[(9, "FIELD_COUNT")])
    assert [line[20] for line in answers[IDS_ASSIGNED][1:-1]] == ["3"]
    assert [line[20] for line in answers[ERRORS_TO_FIX][1:-1]] == ["4"]
    assert answers[IDS_ASSIGNED][0] == ["TH", "10/06/2025", "09:03:09", SHA256[:10], "1.0", "delimiter=0x09"]
    assert answers[IDS_ASSIGNED][1][14] == "048078"


def test_core_file_with_every_id_confirmed_needs_no_answer() -> None:
    assert (
        answer(make_submission(1), [{"submitted_state_id": "1000000001"}], [(2, "CONFIRMED", "AGREES", "1000000001")])
        == {}
    )


def test_core_file_is_told_of_an_id_that_was_merged_since() -> None:
    sent = [{"submitted_state_id": "1000000001"}]
    files = answer(make_submission(1), sent, [(2, "CONFIRMED", "ID_MERGED", "1000000002")])
    assert files[IDS_ASSIGNED][1][13] == "1000000002"


def test_files_are_written_whole(tmp_path: Path) -> None:
    write_answers(tmp_path, {IDS_ASSIGNED: b"TH\r\n"})
    assert [path.name for path in tmp_path.iterdir()] == [IDS_ASSIGNED]
    assert (tmp_path / IDS_ASSIGNED).read_bytes() == b"TH\r\n"
