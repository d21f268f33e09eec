"""Only a trial that nothing stands against is certified, and what was certified can be proved."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import duckdb
import pytest

from outputs.certification import find_certifiable, hash_rows
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.errors import MosisError, UnknownName
from tests.outputs.certifying import certify
from tests.outputs.conftest import OCTOBER, RECEIVED, SHA256, make_submission
from tests.outputs.test_store import THREE, found, lines, statuses, store


@pytest.fixture
def names(dictionary: Dictionary, directory: Directory) -> dict[str, Any]:
    return {"dictionary": dictionary, "directory": directory, "actor": "operator", "at": RECEIVED + timedelta(days=2)}


def test_trial_without_errors_is_frozen_under_a_manifest(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    store(con, (make_submission(1), THREE, [{"severity": "W"}]))
    done = certify(con, "048078", OCTOBER, **names)
    assert done.record_count == 3
    (manifest,) = done.manifests
    assert manifest["file_sha256"] == SHA256
    assert (manifest["records"], manifest["warnings"], manifest["lines"]) == (3, 1, 4)
    assert (manifest["dictionary_version"], manifest["rule_book_version"]) == ("dictionary-1", "rules-1")
    assert con.execute("SELECT status, certified_by FROM intake.submission").fetchall() == [("certified", "operator")]
    ((kept,),) = con.execute("SELECT manifest FROM intake.certificate").fetchall()
    assert json.loads(kept) == manifest


def test_manifest_hash_notices_any_change(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    store(con, (make_submission(1), THREE, []))
    (manifest,) = certify(con, "048078", OCTOBER, **names).manifests
    proof = (con, "student_core", manifest["submission_id"], manifest["columns"])
    assert hash_rows(*proof) == (3, manifest["rows_sha256"])
    con.execute("ALTER TABLE collection.student_core ADD COLUMN later_year VARCHAR")
    assert hash_rows(*proof) == (3, manifest["rows_sha256"])
    con.execute("UPDATE collection.student_core SET first_name = NULL WHERE line_number = 3")
    assert hash_rows(*proof)[1] != manifest["rows_sha256"]


@pytest.mark.parametrize(
    "violation, is_refused",
    [
        ({"severity": "E"}, True),
        ({"severity": "W"}, False),
        ({"severity": "E", "scope": "state"}, False),
    ],
)
def test_errors_stand_against_certification(
    con: duckdb.DuckDBPyConnection, names: dict[str, Any], violation: dict[str, Any], is_refused: bool
) -> None:
    store(con, (make_submission(1), THREE, [violation]))
    assert bool(find_certifiable(con)) is not is_refused
    if is_refused:
        with pytest.raises(MosisError, match=r"1 error \(STC00901 1\).*violations.html"):
            certify(con, "048078", OCTOBER, **names)
        assert statuses(con) == {"1": "trial"}
    else:
        certify(con, "048078", OCTOBER, **names)
        assert statuses(con) == {"1": "certified"}


def test_waived_error_does_not_stand_against_it(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    store(con, (make_submission(1), THREE, [{}]))
    con.execute("UPDATE quality.violation SET status = 'waived'")
    certify(con, "048078", OCTOBER, **names)
    assert statuses(con) == {"1": "certified"}


def test_refusal_names_the_rules_behind_most_errors(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    rules = ["STC1"] * 2 + ["STC2"] * 3 + ["STC3", "STC4", "STC5"]
    store(con, (make_submission(1), THREE, [{"rule_id": rule, "line_number": n} for n, rule in enumerate(rules)]))
    with pytest.raises(MosisError, match=r"8 errors \(STC2 3, STC1 2, STC3 1 and 2 more rules\)"):
        certify(con, "048078", OCTOBER, **names)


def test_open_near_match_stands_against_it(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    store(con, (make_submission(1), THREE, []))
    for rank in (1, 2):
        con.execute(
            "INSERT INTO identity.near_match BY NAME SELECT 'NM1' AS near_match_id, ? AS submission_id, "
            "2 AS line_number, 'x' AS sha256, '048078' AS district_code, ? AS candidate_rank, "
            "'5000000001' AS candidate_state_id, "
            "'same name' AS explanation, 'SEVERAL_PEOPLE' AS reason, 'open' AS status, ? AS opened_at",
            [make_submission(1).submission_id, rank, RECEIVED],
        )
    assert find_certifiable(con) == []
    with pytest.raises(MosisError, match="1 near match without a decision"):
        certify(con, "048078", OCTOBER, **names)
    con.execute("UPDATE identity.near_match SET status = 'closed'")
    assert find_certifiable(con) == [("048078", OCTOBER)]
    certify(con, "048078", OCTOBER, **names)


def test_line_that_could_not_be_read_stands_against_it(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    store(con, (make_submission(1, refused_count=1, record_count=4), THREE, []))
    assert find_certifiable(con) == []
    with pytest.raises(MosisError, match="1 line could not be read"):
        certify(con, "048078", OCTOBER, **names)


def test_nothing_received(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    with pytest.raises(MosisError, match="nothing was received") as refusal:
        certify(con, "048078", OCTOBER, **names)
    assert refusal.value.exit_code == 1


@pytest.mark.parametrize("status, reason", [("waiting", "waiting for confirmation"), ("rejected", "was rejected")])
def test_only_a_file_that_cannot_be_certified(
    con: duckdb.DuckDBPyConnection, names: dict[str, Any], status: str, reason: str
) -> None:
    store(con, (make_submission(1, status=status), [], []))
    with pytest.raises(MosisError, match=reason):
        certify(con, "048078", OCTOBER, **names)


def test_certified_already(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    store(con, (make_submission(1), THREE, []))
    certify(con, "048078", OCTOBER, **names)
    with pytest.raises(MosisError, match="certified already, since 2025-10-08T14:03:09Z"):
        certify(con, "048078", OCTOBER, **names)
    assert find_certifiable(con) == []


def test_certified_anew(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    store(con, (make_submission(1), THREE, [{"severity": "W"}]))
    certify(con, "048078", OCTOBER, **names)
    store(con, (make_submission(2, accepted_count=2), THREE[:2], []), day=3)
    certify(con, "048078", OCTOBER, **names)
    assert statuses(con) == {"1": "superseded", "2": "certified"}
    assert lines(con) == [("2", 2)]
    assert [row[2] for row in found(con)] == ["fixed"]
    assert con.execute("SELECT count(*) FROM intake.certificate").fetchall() == [(2,)]


def test_buildings_of_a_district_are_certified_together(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    store(con, (make_submission(1, school_code="1050"), THREE, []), (make_submission(2, school_code="4020"), THREE, []))
    assert certify(con, "048078", OCTOBER, **names).record_count == 6
    assert statuses(con) == {"1": "certified", "2": "certified"}


@pytest.mark.parametrize(
    "district, collection", [("999999", OCTOBER), ("048078", "2026Oct1.0StuCor"), ("048078", "id_batch")]
)
def test_unknown_names(con: duckdb.DuckDBPyConnection, names: dict[str, Any], district: str, collection: str) -> None:
    with pytest.raises(UnknownName) as refusal:
        certify(con, district, collection, **names)
    assert refusal.value.exit_code == 4


def test_certification_needs_the_rows_the_receipt_promised(
    con: duckdb.DuckDBPyConnection, names: dict[str, Any]
) -> None:
    store(con, (make_submission(1), THREE[:2], []))
    with pytest.raises(MosisError, match="2 records are stored where its receipt says 3"):
        certify(con, "048078", OCTOBER, **names)


def test_rows_hash_is_that_of_their_csv_in_order_of_line(con: duckdb.DuckDBPyConnection) -> None:
    """Made here by hand: what the hash is of must not change with a version of any library."""
    store(con, (make_submission(1), [{"local_student_id": 'a"b'}, {"local_student_id": None}], []))
    name = make_submission(1).submission_id
    expected = f'"{name}","2","a""b"\n"{name}","3",\n'.encode()
    columns = ["submission_id", "line_number", "local_student_id"]
    assert hash_rows(con, "student_core", name, columns) == (2, hashlib.sha256(expected).hexdigest())
