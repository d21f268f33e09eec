"""Identity tables: what one commit unit adds, and what it leaves alone."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from matching.journal import ENTRY_SCHEMA, Block, BlockFile, Journal
from matching.ledger import advance_head, issue_ids, open_near_matches, record_assignments, record_versions, retire_ids
from matching.recovery import Reservations, database_head, reconcile
from schemas.database import open_state, transaction
from schemas.paths import FOLDERS, StateHome

AT = datetime(2025, 10, 6, 14, 0, tzinfo=UTC)
LATER = datetime(2026, 2, 2, 14, 0, tzinfo=UTC)
FILES = (BlockFile("S1", "001090", None, "a" * 64), BlockFile("S2", "001091", None, "b" * 64))
ID1, ID2, ID3 = "1000000008", "2000000003", "3000000001"


@pytest.fixture
def home(tmp_path: Path) -> StateHome:
    home = StateHome(tmp_path / "home")
    home.root.mkdir()
    for folder in FOLDERS:
        (home.root / folder).mkdir()
    home.settings_file.write_text("threads = 1\nmemory_limit = '500MB'\n")
    return home


@pytest.fixture
def con(home: StateHome) -> Iterator[duckdb.DuckDBPyConnection]:
    con = open_state(home, create=True)
    yield con
    con.close()


@pytest.fixture
def journal(home: StateHome) -> Journal:
    return Journal(home.journal)


def block(journal: Journal, *rows: tuple[int, int, str]) -> Block:
    entries = pl.DataFrame(
        [(file, line, 1, state_id) for file, line, state_id in rows], schema=ENTRY_SCHEMA, orient="row"
    )
    return journal.append("group", run_id="R", at=AT, group=1, files=FILES, entries=entries)


def query(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def requests(*rows: dict[str, Any]) -> pl.DataFrame:
    """Records of one child, all alike but for what a row names."""
    usual: dict[str, Any] = {
        "submission_id": "S1", "line_number": 2, "district_code": "001090", "school_code": "1050", "local_student_id": "77",
        "resident_district_code": None, "last_name": "Stone", "first_name": "Ada", "middle_name": None, "suffix": None,
        "birth_date": date(2012, 1, 1), "gender": "F", "race_ethnicity": "5", "grade": "07", "guardian_last_name": None,
        "guardian_first_name": None, "ssn_hash": None, "ssn_near": None, "school_year": 2026, "layout": "student_core",
        "last_name_key": "stone", "first_name_key": "ada", "middle_name_key": None, "suffix_key": None, "last_name_sound": "stan",
        "first_name_sound": "ada", "surname_tokens": ["stone"], "guardian_key": None, "standardize_version": 1, "sha256": "a" * 64,
    }  # fmt: skip
    text = {name: pl.String for name, value in usual.items() if value is None or isinstance(value, str)}
    schema = {**text, "line_number": pl.UInt32, "school_year": pl.Int32, "ssn_near": pl.List(pl.String)}
    return pl.DataFrame([{**usual, **row} for row in rows], schema_overrides=schema)


def assignments(*rows: tuple[str, int, str, str | None]) -> pl.DataFrame:
    frame = pl.DataFrame(
        rows,
        schema={"submission_id": pl.String, "line_number": pl.UInt32, "outcome": pl.String, "state_id": pl.String},
        orient="row",
    )
    return frame.with_columns(
        reason=pl.lit("R1"), step=pl.lit("exact"), match_weight=pl.lit(9.5), margin=pl.lit(2.5), model_version=pl.lit("1"),
        near_match_id=pl.when(pl.col("outcome") == "NEAR_MATCH").then(pl.lit("N1")), person_number=pl.lit(None, pl.Int64),
    )  # fmt: skip


def test_each_id_is_entered_once_with_the_line_that_brought_it(
    con: duckdb.DuckDBPyConnection, journal: Journal
) -> None:
    announced = block(journal, (0, 2, ID1), (0, 3, ID2), (1, 9, ID1))
    with transaction(con):
        issue_ids(con, announced, AT)
    assert query(
        con, "SELECT state_id, status, merged_into, issued_at, issued_run_id FROM identity.student ORDER BY 1"
    ) == [
        (ID1, "active", None, AT, "R"),
        (ID2, "active", None, AT, "R"),
    ]
    events = "SELECT state_id, kind, submission_id, line_number, actor, run_id, block_number FROM identity.event ORDER BY state_id"
    assert query(con, events) == [
        (ID1, "issued", "S1", 2, "pipeline", "R", 1),
        (ID2, "issued", "S1", 3, "pipeline", "R", 1),
    ]


def test_event_numbers_go_on(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    for rows in [((0, 2, ID1), (0, 3, ID2)), ((0, 4, ID3),)]:
        announced = block(journal, *rows)
        with transaction(con):
            issue_ids(con, announced, AT)
    assert sorted(query(con, "SELECT event_id FROM identity.event")) == [(1,), (2,), (3,)]


@pytest.mark.parametrize("state_id", ["100000000", "10000000080", "100000000x", ""])
def test_the_database_refuses_what_is_no_id(con: duckdb.DuckDBPyConnection, journal: Journal, state_id: str) -> None:
    announced = block(journal, (0, 2, state_id))
    with pytest.raises(duckdb.ConstraintException), transaction(con):
        issue_ids(con, announced, AT)
    assert query(con, "SELECT count(*) FROM identity.student") == [(0,)]


def test_the_database_refuses_an_id_given_twice(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    announced = block(journal, (0, 2, ID1))
    with transaction(con):
        issue_ids(con, announced, AT)
    with pytest.raises(duckdb.ConstraintException), transaction(con):
        issue_ids(con, announced, AT)


def test_retired_ids_are_kept_with_their_reason(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    announced = block(journal)
    with transaction(con):
        retire_ids(con, announced, pl.Series([ID1, ID2]), reason="STORE_FAILED", at=AT)
        retire_ids(con, announced, pl.Series([], dtype=pl.String), reason="STORE_FAILED", at=AT)
    assert query(con, "SELECT state_id, status FROM identity.student ORDER BY 1") == [
        (ID1, "retired"),
        (ID2, "retired"),
    ]
    assert query(con, "SELECT kind, reason FROM identity.event") == [("retired", "STORE_FAILED")] * 2


def test_every_line_has_its_assignment(con: duckdb.DuckDBPyConnection) -> None:
    record_assignments(con, assignments(("S1", 2, "NEW", ID1), ("S1", 3, "ERROR", None)))
    assert query(con, "FROM identity.assignment ORDER BY line_number") == [
        ("S1", 2, ID1, "NEW", "R1", "exact", 9.5, 2.5, "1"),
        ("S1", 3, None, "ERROR", "R1", "exact", 9.5, 2.5, "1"),
    ]


RECORD = (
    "SELECT state_id, first_name, school_code, grade, first_school_year, last_school_year, first_seen_at, last_seen_at, "
    "source_submission_id, source_line FROM identity.record ORDER BY state_id, first_name"
)


def store(
    con: duckdb.DuckDBPyConnection, at: datetime, *rows: dict[str, Any], state_id: str = ID1, outcome: str = "REUSED"
) -> None:
    frame = requests(*rows)
    lines = frame.select("submission_id", "line_number").rows()
    with transaction(con):
        record_versions(con, frame, assignments(*[(*line, outcome, state_id) for line in lines]), at)


def test_a_child_seen_again_is_the_same_version_a_year_older(con: duckdb.DuckDBPyConnection) -> None:
    store(con, AT, {})
    store(
        con, LATER, {"submission_id": "S2", "line_number": 8, "school_year": 2027, "grade": "08", "school_code": "2050"}
    )
    assert query(con, RECORD) == [(ID1, "Ada", "2050", "08", 2026, 2027, AT, LATER, "S1", 2)]


def test_a_file_of_an_earlier_year_changes_no_school_or_grade(con: duckdb.DuckDBPyConnection) -> None:
    store(con, AT, {})
    store(con, LATER, {"school_year": 2025, "grade": "06", "school_code": "2050"})
    assert query(con, RECORD) == [(ID1, "Ada", "1050", "07", 2025, 2026, AT, LATER, "S1", 2)]


@pytest.mark.parametrize(
    "change",
    [{"first_name": "Adah"}, {"middle_name": "L"},
     {"birth_date": date(2012, 1, 2)}, {"local_student_id": "78"}, {"district_code": "001091"},
     {"ssn_hash": "v1:x"}, {"guardian_last_name": "Stone"}, {"suffix": "Jr"}, {"race_ethnicity": None}],
)  # fmt: skip
def test_other_identifying_data_are_another_version(con: duckdb.DuckDBPyConnection, change: dict[str, Any]) -> None:
    store(con, AT, {})
    store(con, LATER, change)
    assert query(con, "SELECT count(*), count(DISTINCT version_hash) FROM identity.record") == [(2, 2)]


def test_values_of_neighbouring_fields_are_not_confused(con: duckdb.DuckDBPyConnection) -> None:
    store(con, AT, {"middle_name": "X", "suffix": None})
    store(con, AT, {"middle_name": None, "suffix": "X"})
    assert query(con, "SELECT count(DISTINCT version_hash) FROM identity.record") == [(2,)]


def test_the_same_data_of_another_child_are_kept_apart(con: duckdb.DuckDBPyConnection) -> None:
    store(con, AT, {})
    store(con, AT, {}, state_id=ID2)
    assert query(
        con, "SELECT count(*), count(DISTINCT version_hash), count(DISTINCT state_id) FROM identity.record"
    ) == [(2, 1, 2)]


@pytest.mark.parametrize("swapped", [False, True])
def test_two_lines_of_one_version_are_one_row_whatever_their_order(
    con: duckdb.DuckDBPyConnection, swapped: bool
) -> None:
    rows = [
        {"line_number": 5, "school_year": 2025, "grade": "06"},
        {"line_number": 9, "school_year": 2026},
        {"line_number": 7},
    ]
    store(con, AT, *(reversed(rows) if swapped else rows))
    assert query(con, RECORD) == [(ID1, "Ada", "1050", "07", 2025, 2026, AT, AT, "S1", 7)]


@pytest.mark.parametrize("outcome", ["ERROR", "NEAR_MATCH", "CANCELED"])
def test_a_record_without_an_answer_adds_nothing(con: duckdb.DuckDBPyConnection, outcome: str) -> None:
    store(con, AT, {}, outcome=outcome)
    assert query(con, RECORD) == []


@pytest.mark.parametrize(
    "at, year", [(datetime(2025, 7, 1, 4, 59, tzinfo=UTC), 2025), (datetime(2025, 7, 1, 5, 0, tzinfo=UTC), 2026)]
)
def test_a_record_without_a_year_counts_in_the_running_one(
    con: duckdb.DuckDBPyConnection, at: datetime, year: int
) -> None:
    store(con, at, {"school_year": None})
    assert query(con, "SELECT first_school_year, last_school_year FROM identity.record") == [(year, year)]


def test_version_number_never_changes(con: duckdb.DuckDBPyConnection) -> None:
    """It is stored for ever: md5 of the values, joined by the unit separator, its lower half."""
    store(con, AT, {})
    values = ["001090", "77", "Stone", "Ada", "", "", "2012-01-01", "F", "5", "", "", ""]
    digest = hashlib.md5("\x1f".join(values).encode(), usedforsecurity=False).digest()
    assert query(con, "SELECT version_hash FROM identity.record") == [(int.from_bytes(digest[8:], "little"),)]


def test_keys_and_near_codes_are_stored(con: duckdb.DuckDBPyConnection) -> None:
    store(con, AT, {"ssn_hash": "v1:x", "ssn_near": ["p", "q"], "surname_tokens": ["garcia", "lopez"]})
    found = "SELECT ssn_near, surname_tokens, last_name_key, standardize_version, layout FROM identity.record"
    assert query(con, found) == [(["p", "q"], ["garcia", "lopez"], "stone", 1, "student_core")]


def test_a_near_match_is_open_with_its_candidates_and_its_request(con: duckdb.DuckDBPyConnection) -> None:
    candidates = pl.DataFrame(
        {
            "submission_id": ["S1", "S1"], "line_number": [2, 2], "near_match_id": ["N1", "N1"], "candidate_rank": [1, 2],
            "candidate_state_id": [ID1, ID2], "match_weight": [9.5, 8.0], "explanation": ["same name", "same birth date"],
            "reason": ["TWO_CANDIDATES"] * 2, "evidence": [None, None],
        }
    ).with_columns(pl.col("line_number").cast(pl.UInt32))  # fmt: skip
    asked = assignments(("S1", 2, "NEAR_MATCH", None), ("S1", 3, "REUSED", ID3))
    open_near_matches(con, candidates, requests({}, {"line_number": 3}), asked, AT)
    columns = "near_match_id, candidate_rank, candidate_state_id, sha256, district_code, status, opened_at"
    rows = f"SELECT {columns} FROM identity.near_match ORDER BY 2"
    assert query(con, rows) == [
        ("N1", 1, ID1, "a" * 64, "001090", "open", AT),
        ("N1", 2, ID2, "a" * 64, "001090", "open", AT),
    ]
    ((near_match_id, line, request),) = query(
        con, "SELECT near_match_id, line_number, request FROM identity.pending_request"
    )
    assert (near_match_id, line) == ("N1", 2)
    assert pl.Series([request]).str.json_path_match("$.last_name").item() == "Stone"


def test_no_question_no_row(con: duckdb.DuckDBPyConnection) -> None:
    open_near_matches(con, pl.DataFrame(), requests({}), assignments(("S1", 2, "REUSED", ID3)), AT)
    assert query(con, "SELECT count(*) FROM identity.near_match") == [(0,)]


def test_the_head_moves_with_the_data_and_keeps_what_is_still_reserved(
    con: duckdb.DuckDBPyConnection, journal: Journal
) -> None:
    reservations = reconcile(journal, con)
    reservations.add(block(journal, (0, 2, ID1), (1, 3, ID2), (1, 4, ID1)))
    alone = journal.append("group", run_id="R", at=AT, group=1, files=FILES[:1], entries=ID1_ALONE)
    reservations.add(alone)
    with transaction(con):
        issue_ids(con, alone, AT)
        advance_head(con, alone, reservations, FILES[:1], alone.entries["state_id"], AT)
    assert database_head(con) == alone.head == journal.head()
    assert query(
        con, "SELECT district_code, sha256, line_number, state_id, block_number FROM identity.reservation"
    ) == [("001091", "b" * 64, 3, ID2, 1)]
    assert reconcile(journal, con).frame["state_id"].to_list() == [ID2]


ID1_ALONE = pl.DataFrame([(0, 2, 1, ID1)], schema=ENTRY_SCHEMA, orient="row")


def test_nothing_left_nothing_reserved(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    announced = block(journal, (0, 2, ID1))
    reservations = Reservations()
    reservations.add(announced)
    with transaction(con):
        issue_ids(con, announced, AT)
        advance_head(con, announced, reservations, FILES, announced.entries["state_id"], AT)
    assert query(con, "SELECT count(*) FROM identity.reservation") == [(0,)]
    assert query(con, "SELECT count(*) FROM identity.journal_head") == [(1,)]
