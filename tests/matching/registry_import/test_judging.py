"""What each row and number of a registry becomes, and which reason says why it does not become more."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from matching.accuracy_run import open_registry
from matching.registry_import.reasons import import_reasons
from tests.matching.registry_import.registry_files import (
    AT,
    FOUR,
    JAMES,
    NOBODY,
    ONE,
    THREE,
    TWO,
    found,
    judge,
    standings,
)

Row = dict[str, str]


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    con = open_registry(threads=1)
    yield con
    con.close()


@pytest.fixture
def con(empty: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A registry without numbers; what a test enters is gone after it."""
    empty.execute("BEGIN")
    yield empty
    empty.execute("ROLLBACK")


def alias(state_id: str, target: str) -> Row:
    return {**NOBODY, "state_id": state_id, "status": "alias", "alias_of": target}


def test_plain_rows_are_taken_with_their_zeros(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    judged = judge(con, tmp_path, {}, {**JAMES, "state_id": TWO}, {**NOBODY, "state_id": THREE, "status": "RETIRED"})
    assert found(judged) == []
    assert standings(judged) == {ONE: ("active", None), TWO: ("active", None), THREE: ("retired", None)}
    assert judged.entries().select("line_number", "state_id").rows() == [(2, ONE), (3, TWO), (4, THREE)]


@pytest.mark.parametrize(
    "row, code",
    [
        ({"state_id": ""}, "ID_MISSING"),
        ({"state_id": "123456789"}, "ID_LOST_ZEROS"),
        ({"state_id": "12345-6789"}, "ID_FORMAT"),
        ({"state_id": "١٢٣٤٥٦٧٨٩٠"}, "ID_FORMAT"),
    ],
)
def test_what_is_no_number_is_refused_and_never_mended(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, row: Row, code: str
) -> None:
    judged = judge(con, tmp_path, row)
    assert found(judged) == [(2, code)]
    assert standings(judged) == {} and judged.refused_rows == 1


@pytest.mark.parametrize(
    "row, code",
    [
        ({"last_name": ""}, "NAME_MISSING"),
        ({"first_name": "Unknown"}, "NAME_PLACEHOLDER"),
        ({"birth_date": ""}, "BIRTH_DATE_MISSING"),
        ({"birth_date": "2012-02-30"}, "BIRTH_DATE_FORMAT"),
        ({"birth_date": "2025-07-02"}, "BIRTH_DATE_IMPOSSIBLE"),
        ({"birth_date": "1899-12-31"}, "BIRTH_DATE_IMPOSSIBLE"),
        ({"birth_date": "01/01/1900"}, "BIRTH_DATE_IMPOSSIBLE"),
        ({"district_code": "10004"}, "DISTRICT_FORMAT"),
        ({"district_code": ""}, "DISTRICT_FORMAT"),
    ],
)
def test_a_number_of_nobody_is_kept_but_held(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, row: Row, code: str
) -> None:
    judged = judge(con, tmp_path, row)
    assert found(judged) == sorted([(2, code), (2, "NO_USABLE_ROW")])
    assert standings(judged) == {ONE: ("held", None)}


def test_one_clear_row_is_enough(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    judged = judge(con, tmp_path, {"birth_date": ""}, {})
    assert found(judged) == [(2, "BIRTH_DATE_MISSING")]
    assert standings(judged) == {ONE: ("active", None)}


@pytest.mark.parametrize(
    "row, code",
    [
        ({"district_code": "999999"}, "DISTRICT_UNKNOWN"),
        ({"gender": "Q"}, "CODE_UNKNOWN"),
        ({"first_school_year": "2026", "last_school_year": "2024"}, "SCHOOL_YEAR_FORMAT"),
        ({"last_school_year": "2024/25"}, "SCHOOL_YEAR_FORMAT"),
        ({"issued_on": "soon"}, "ISSUED_ON_FORMAT"),
        ({"ssn": "12345"}, "SSN_MALFORMED"),
    ],
)
def test_small_faults_are_warnings(con: duckdb.DuckDBPyConnection, tmp_path: Path, row: Row, code: str) -> None:
    judged = judge(con, tmp_path, row)
    assert found(judged) == [(2, code)]
    assert standings(judged) == {ONE: ("active", None)}
    assert import_reasons()[code].effect == "warning"


@pytest.mark.parametrize(
    "second",
    [
        {"last_name": "Smith"},
        {"first_name": "Marie"},
        {"first_name": "Ann", "middle_name": ""},
        {"birth_date": "2012-05-03"},
        {"birth_date": "2012-03-06"},
        {"first_name": "Okafor", "last_name": "Maria"},
        {"last_name": "Okafor-Bell", "birth_date": "2011-03-05"},
    ],
    ids=[
        "another surname",
        "another spelling",
        "middle name",
        "day and month",
        "one digit",
        "swapped",
        "two parts of three",
    ],
)
def test_versions_of_one_child_are_one_child(con: duckdb.DuckDBPyConnection, tmp_path: Path, second: Row) -> None:
    judged = judge(con, tmp_path, {}, second)
    assert found(judged) == []
    assert standings(judged) == {ONE: ("active", None)}


@pytest.mark.parametrize(
    "second",
    [
        JAMES,
        {"first_name": "Gabriel"},
        {"birth_date": "2015-11-20"},
        {"last_name": "Whitfield", "first_name": "Zoe"},
    ],
    ids=["all differs", "a twin", "a namesake", "another name on one day"],
)
def test_one_number_on_two_children_is_held(con: duckdb.DuckDBPyConnection, tmp_path: Path, second: Row) -> None:
    judged = judge(con, tmp_path, {}, {**JAMES, "state_id": TWO}, second)
    assert found(judged)[-1] == (4, "ID_ON_TWO_CHILDREN")
    assert judged.findings.filter(code="ID_ON_TWO_CHILDREN")["other_line"].to_list() == [2]
    assert standings(judged)[ONE] == ("held", None) and standings(judged)[TWO] == ("active", None)


def test_one_ssn_makes_one_child(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    judged = judge(con, tmp_path, {"ssn": "212-34-5678"}, {**JAMES, "ssn": "212345678"})
    assert standings(judged) == {ONE: ("active", None)}


@pytest.mark.parametrize(
    "second, is_said",
    [
        ({}, True),
        ({"middle_name": ""}, True),
        ({"middle_name": "Bea"}, False),
        ({"gender": "M"}, False),
        ({"birth_date": "2012-03-06"}, False),
        ({"last_name": "Smith", "ssn": "212345678"}, True),
    ],
)
def test_one_child_under_two_numbers_is_said(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, second: Row, is_said: bool
) -> None:
    judged = judge(con, tmp_path, {"ssn": "212345678" if "ssn" in second else ""}, {**second, "state_id": TWO})
    assert found(judged) == ([(3, "ONE_CHILD_TWO_IDS")] if is_said else [])
    assert standings(judged) == {ONE: ("active", None), TWO: ("active", None)}


@pytest.mark.parametrize(
    "rows, codes, came",
    [
        ([alias(TWO, ONE)], [], ("merged", ONE)),
        ([alias(TWO, "")], ["ALIAS_OF_MISSING"], ("held", None)),
        ([alias(TWO, FOUR)], ["ALIAS_UNKNOWN"], ("held", None)),
        ([alias(TWO, "x")], ["ALIAS_UNKNOWN"], ("held", None)),
        ([alias(TWO, TWO)], ["ALIAS_CYCLE"], ("held", None)),
        ([alias(TWO, THREE), alias(THREE, TWO)], ["ALIAS_CYCLE", "ALIAS_CYCLE"], ("held", None)),
        ([alias(TWO, THREE), alias(THREE, ONE)], ["ALIAS_CHAIN"], ("merged", THREE)),
        ([alias(TWO, THREE), {**NOBODY, "state_id": THREE, "status": "retired"}], ["ALIAS_OF_RETIRED"], ("retired", None)),
        ([alias(TWO, THREE), {**NOBODY, "state_id": THREE}], ["ALIAS_OF_HELD"], ("held", None)),
        ([{**alias(TWO, ONE), **JAMES, "district_code": "010004"}], ["ALIAS_OTHER_CHILD"], ("held", None)),
        ([{"state_id": TWO, "alias_of": ONE, **JAMES}], ["STATUS_CONFLICT"], ("held", None)),
        ([alias(TWO, ONE), {**JAMES, "state_id": TWO}], ["STATUS_CONFLICT"], ("held", None)),
        ([{**JAMES, "state_id": TWO, "status": "gone"}], ["STATUS_UNKNOWN"], ("held", None)),
    ],
)  # fmt: skip
def test_aliases_lead_to_a_living_number_or_are_held(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, rows: list[Row], codes: list[str], came: tuple[str, str | None]
) -> None:
    judged = judge(con, tmp_path, {}, *rows)
    said = [code for _, code in found(judged) if code not in ("NAME_MISSING", "BIRTH_DATE_MISSING", "DISTRICT_FORMAT")]
    assert [code for code in said if code != "NO_USABLE_ROW"] == codes
    assert standings(judged)[TWO] == came
    assert standings(judged)[ONE] == ("active", None)


def test_a_chain_behind_a_held_alias_is_held_to_its_end(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    wrong = {**alias(THREE, ONE), **JAMES, "district_code": "010004"}
    judged = judge(con, tmp_path, {}, alias(TWO, THREE), wrong)
    assert standings(judged) == {ONE: ("active", None), TWO: ("held", None), THREE: ("held", None)}


def know(con: duckdb.DuckDBPyConnection, state_id: str, status: str, merged_into: str | None = None) -> None:
    con.execute(
        "INSERT INTO identity.student VALUES (?, ?, ?, ?, 'run')", [state_id, status, merged_into, AT]
    ).fetchall()


def test_known_numbers_are_left_alone(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    know(con, ONE, "active")
    know(con, THREE, "merged", ONE)
    judged = judge(con, tmp_path, JAMES, {**JAMES, "state_id": TWO}, alias(FOUR, THREE))
    assert found(judged) == [(2, "ID_KNOWN"), (4, "ALIAS_CHAIN")]
    assert standings(judged) == {TWO: ("active", None), FOUR: ("merged", THREE)}


def test_a_promised_number_is_known(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    con.execute("INSERT INTO identity.reservation VALUES ('010004', NULL, 'sha', 2, ?, 1)", [ONE]).fetchall()
    assert found(judge(con, tmp_path, {})) == [(2, "ID_KNOWN")]


def test_a_held_number_is_released_by_a_clear_file_only(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    know(con, ONE, "held")
    assert standings(judge(con, tmp_path, {}, JAMES)) == {}
    judged = judge(con, tmp_path, {})
    assert standings(judged) == {ONE: ("active", None)}
    assert judged.numbers["was_held"].to_list() == [True]


def test_no_finding_and_no_part_holds_an_ssn(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    judged = judge(con, tmp_path, {"ssn": "212345678"})
    (part,) = judged.parts
    assert b"212345678" not in part.read_bytes()
    assert pl.read_parquet(part)["ssn_hash"].to_list()[0].startswith("v1:")


def test_every_reason_has_its_words() -> None:
    for reason in import_reasons().values():
        assert reason.effect in ("refused", "held", "warning") and reason.message.endswith(".")
        assert reason.effect == "warning" or reason.fix.endswith(".")
