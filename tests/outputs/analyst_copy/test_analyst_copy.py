"""The analysts' copy: what may be in it, what never is, and that it is the same child in every copy."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from outputs.analyst_copy import Facts, write_analyst_copy
from outputs.analyst_copy.build import view_queries
from outputs.analyst_copy.fields import WITHHELD, analyst_fields
from outputs.analyst_copy.frames import RULE_COLUMNS
from outputs.analyst_copy.meanings import column_meanings
from outputs.analyst_copy.pseudonyms import make_pseudonyms
from schemas.dictionary import ID_BATCH, Dictionary
from schemas.directory import Directory
from tests.outputs.conftest import OCTOBER, RECEIVED, make_submission
from tests.outputs.test_store import store

KEY = bytes(range(32))
NAME, SSN, STATE_ID, BORN = "Quillfeather", 219098765, "7294118203", date(2011, 4, 17)
TEXT = "Quillfeather 219-09-8765 L-CANARY 7294118203 04/17/2011"
# Every spelling of the canary child that a search of the copy must not find.
CANARY = (NAME, NAME.upper(), "219098765", "219-09-8765", "L-CANARY", STATE_ID, "04/17/2011", "2011-04-17", "04172011")
CHILD = {
    "last_name": NAME,
    "first_name": NAME,
    "local_student_id": "L-CANARY",
    "state_id": STATE_ID,
    "birth_date": BORN,
}


@pytest.fixture(scope="module")
def all_facts(dictionary: Dictionary, directory: Directory) -> Facts:
    rule = {
        "collection_version": OCTOBER,
        "rule_id": "STC00901",
        "field": "RaceEthnicity",
        "title": "Race code is unknown",
    }
    rules = pl.DataFrame([{**dict.fromkeys(RULE_COLUMNS, "x"), **rule}])
    return Facts(dictionary, directory, rules, "Missouri", 30, RECEIVED + timedelta(days=3), KEY)


@pytest.fixture(scope="module")
def facts(all_facts: Facts) -> Facts:
    """The same with Student Core alone: a dozen layouts take longer than what most tests look at."""
    kept = {key: layout for key, layout in all_facts.dictionary.layouts.items() if key[0] in ("student_core", ID_BATCH)}
    return replace(all_facts, dictionary=replace(all_facts.dictionary, layouts=kept))


def copy_of(con: duckdb.DuckDBPyConnection, path: Path, facts: Facts) -> duckdb.DuckDBPyConnection:
    write_analyst_copy(con, path, facts)
    return duckdb.connect(str(path), read_only=True)


def add_student(con: duckdb.DuckDBPyConnection, state_id: str, merged_into: str | None = None) -> None:
    status = "merged" if merged_into else "active"
    con.execute("INSERT INTO identity.student VALUES (?, ?, ?, ?, 'run1')", [state_id, status, merged_into, RECEIVED])


def plant_canary(con: duckdb.DuckDBPyConnection, layout: str) -> None:
    """A record that carries the canary in every column that takes it."""
    columns = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'state' AND schema_name = 'collection' "
        "AND table_name = ?",
        [layout],
    ).fetchall()
    fixed = {"submission_id": "canary", "line_number": 2, "district_code": "048078", "state_id": STATE_ID}
    values = {name: fixed.get(name, _canary_as(kind)) for name, kind in columns}
    marks = ", ".join(["?"] * len(values))
    names = ", ".join(f'"{name}"' for name in values)
    con.execute(f'INSERT INTO collection."{layout}" ({names}) VALUES ({marks})', list(values.values()))


def _canary_as(kind: str) -> Any:
    if kind == "DATE":
        return BORN
    if kind.startswith(("BIGINT", "DECIMAL")):
        return SSN
    return [TEXT] if kind.endswith("[]") else TEXT


def test_nothing_of_a_child_is_in_the_bytes_or_the_tables(
    con: duckdb.DuckDBPyConnection, all_facts: Facts, tmp_path: Path
) -> None:
    trial = make_submission(1, submission_id="canary", file_name=TEXT, reason=TEXT)
    store(con, (trial, [CHILD], [{"value": TEXT, "message": TEXT, "fix": TEXT}]))
    add_student(con, STATE_ID)
    con.execute("UPDATE quality.violation SET state_id = ?, local_student_id = 'L-CANARY'", [STATE_ID])
    con.execute("INSERT INTO quality.waiver BY NAME SELECT ? AS collection_version, 1 AS waiver_number, 'STC00901' AS rule_id, "
                "? AS reason, ? AS approver, ? AS given_at, ? AS until", [OCTOBER, TEXT, TEXT, RECEIVED, date(2025, 12, 1)])  # fmt: skip
    con.execute(
        "INSERT INTO intake.cycle BY NAME SELECT ? AS collection_version, '048078' AS district_code, 'extend' AS action, "
        '? AS until, ? AS actor, ? AS reason, ? AS "at"',
        [OCTOBER, date(2025, 11, 1), TEXT, TEXT, RECEIVED],
    )
    layouts = [layout for layout in all_facts.dictionary.layout_names if layout != ID_BATCH]
    con.execute("DELETE FROM collection.student_core")
    for layout in layouts:
        plant_canary(con, layout)
    path = tmp_path / "state_read.duckdb"
    copy = copy_of(con, path, all_facts)
    assert_every_column_says_what_it_means(copy)
    assert all(copy.execute(f'SELECT count(*) FROM "{layout}"').fetchall() == [(1,)] for layout in layouts)
    everything = path.read_bytes()
    for (view,) in copy.execute("SELECT table_name FROM duckdb_tables()").fetchall():
        everything += copy.sql(f'SELECT * FROM "{view}"').pl().write_csv().encode()
    assert [word for word in CANARY if word.encode() in everything] == []
    assert copy.execute("SELECT student FROM violations").fetchall() == [(make_pseudonyms([STATE_ID], KEY)[0],)]


def test_no_field_of_a_forbidden_kind_may_enter(dictionary: Dictionary) -> None:
    words = (
        "name",
        "birth",
        "ssn",
        "state_id",
        "local_student",
        "guardian",
        "email",
        "phone",
        "comment",
        "zip",
        "address",
    )
    for layout in dictionary.layout_names:
        entered = {field.name for field in analyst_fields(dictionary, layout)}
        assert not [name for name in entered if any(word in name for word in words)], layout
        for (name, _), found in dictionary.layouts.items():
            for field in found.fields if name == layout else ():
                if field.access_level == 1 or field.purpose == "identification":
                    assert field.standard_name not in entered, (layout, field.standard_name)


def test_values_outside_a_code_set_and_rare_texts_are_not_shown(
    con: duckdb.DuckDBPyConnection, facts: Facts, tmp_path: Path
) -> None:
    rows = [{"race_ethnicity": "W"}] * 29 + [{"race_ethnicity": "Jo"}] + [{"race_ethnicity": None}]
    store(con, (make_submission(1), rows, []))
    con.execute("UPDATE collection.student_core SET county = CASE WHEN line_number <= 30 THEN '013' ELSE '095' END")
    con.execute("UPDATE collection.student_core SET title_i = CASE WHEN line_number <= 31 THEN 'SW' ELSE 'Amy' END")
    copy = copy_of(con, tmp_path / "copy.duckdb", facts)
    counts = "SELECT {0}, count(*) FROM student_core GROUP BY ALL ORDER BY ALL NULLS LAST"
    assert copy.execute(counts.format("race_ethnicity")).fetchall() == [(WITHHELD, 1), ("W", 29), (None, 1)]
    # 29 records are fewer than the threshold asks for, 30 are enough.
    assert copy.execute(counts.format("county")).fetchall() == [(WITHHELD, 31)]
    assert copy.execute(counts.format("title_i")).fetchall() == [(WITHHELD, 1), ("SW", 30)]


def test_age_days_open_and_small_counts(con: duckdb.DuckDBPyConnection, facts: Facts, tmp_path: Path) -> None:
    assert facts.dictionary.collection(OCTOBER).count_date == date(2025, 9, 24)
    born = [date(2016, 9, 24), date(2016, 9, 25), date(2015, 12, 31)]
    store(con, (make_submission(1), [{"birth_date": day} for day in born], [{}]))
    # Half past four in the morning UTC is still the sixth in Missouri; the copy is made on the ninth.
    con.execute("UPDATE quality.violation SET first_seen_at = ?", [datetime(2025, 10, 7, 4, 30, tzinfo=UTC)])
    # A number whose rules look before and after the state ID comes out has two runs in a file: still one violation.
    for applicable, failed in ((3, 1), (2, 0)):
        con.execute(
            "INSERT INTO quality.rule_run BY NAME SELECT 'STC00901' AS rule_id, submission_id, ? AS applicable_count, "
            "? AS failed_count FROM intake.submission",
            [applicable, failed],
        )
    copy = copy_of(con, tmp_path / "copy.duckdb", facts)
    assert copy.execute("SELECT age_years FROM student_core ORDER BY line_number").fetchall() == [(9,), (8,), (9,)]
    row = copy.execute("SELECT days_open, is_standing, rule_title, applicable_count FROM violations").fetchall()
    assert row == [(3, True, "Race code is unknown", 5)]
    assert copy.execute("SELECT shown(29), shown(30)").fetchall() == [(None, 30)]


def test_pseudonym_follows_merges_and_moves_and_depends_on_the_key(
    con: duckdb.DuckDBPyConnection, facts: Facts, tmp_path: Path
) -> None:
    ids = ["1000000001", "1000000002", "1000000003", "1000000004"]
    store(con, (make_submission(1), [{"state_id": one} for one in ids], []))
    for one, into in zip(ids, ["1000000002", "1000000003", None, None], strict=True):
        add_student(con, one, into)
    con.execute("INSERT INTO identity.moved_line SELECT submission_id, 5, '1000000003' FROM intake.submission")
    query = "SELECT student FROM student_core ORDER BY line_number"
    first = copy_of(con, tmp_path / "one.duckdb", facts).execute(query).fetchall()
    again = copy_of(con, tmp_path / "two.duckdb", facts).execute(query).fetchall()
    assert set(first) == {(make_pseudonyms(["1000000003"], KEY)[0],)} and first == again
    assert make_pseudonyms(ids, KEY)[0] != make_pseudonyms(ids, bytes(32))[0]
    assert len(set(make_pseudonyms([f"{number:010}" for number in range(20_000)], KEY))) == 20_000


def test_who_reads_the_old_copy_goes_on_reading_it(
    con: duckdb.DuckDBPyConnection, facts: Facts, tmp_path: Path
) -> None:
    path = tmp_path / "copy.duckdb"
    reader = copy_of(con, path, facts)
    store(con, (make_submission(1), [CHILD], []))
    summary = write_analyst_copy(con, path, facts)
    assert summary.rows["submissions"] == 1 and path.stat().st_mode & 0o777 == 0o440
    assert sorted(tmp_path.glob("*copy*")) == [path] and not list(tmp_path.glob(".*"))
    assert reader.execute("SELECT count(*) FROM submissions").fetchall() == [(0,)]
    reader.close()
    assert duckdb.connect(str(path), read_only=True).execute("SELECT count(*) FROM submissions").fetchall() == [(1,)]


def assert_every_column_says_what_it_means(copy: duckdb.DuckDBPyConnection) -> None:
    columns = copy.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
    ).fetchall()
    assert [(view, column) for view, column, comment in columns if not comment] == []
    views = copy.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall()
    assert all(comment for _, comment in views)
    told = {view: set(meanings) - {""} for view, meanings in column_meanings().items() if view != "records"}
    assert {view: {name for each, name, _ in columns if each == view} for view in told} == told
    assert set(told) == set(view_queries())


def test_pseudonyms_have_one_form() -> None:
    made = make_pseudonyms(["1000000001"], KEY)
    assert made.to_list() == pl.Series(made).str.extract("^(P[A-Z2-7]{16})$").to_list()
