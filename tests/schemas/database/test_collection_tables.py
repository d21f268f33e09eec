"""Collection tables follow the dictionary, and columns are only ever added."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from schemas.database import open_state, sync_collection_tables
from schemas.database.collection_tables import KEY_COLUMNS, SSN_COLUMNS, collection_columns
from schemas.dictionary import Collection, Dictionary, Field, RecordLayout, load_dictionary
from schemas.errors import DictionaryError
from schemas.paths import FOLDERS, StateHome


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    home = StateHome(tmp_path / "home")
    home.root.mkdir()
    for folder in FOLDERS:
        (home.root / folder).mkdir()
    home.settings_file.write_text("threads = 1\nmemory_limit = '500MB'\n")
    con = open_state(home, create=True)
    yield con
    con.close()


def field(name: str, kind: str = "Text", precision: int | None = None) -> Field:
    return Field("1", name, kind, 6, precision, None, "", {"": "Optional"}, 2, name, "", "", "")  # type: ignore[arg-type]


def dictionary(**years: list[Field]) -> Dictionary:
    layouts = {
        ("core", int(year[1:])): RecordLayout("core", int(year[1:]), tuple(fields)) for year, fields in years.items()
    }
    layouts[("id_batch", 2026)] = RecordLayout("id_batch", 2026, (field("last_name"),))
    batch = Collection("id_batch", "id_batch", 2026, "", "", None, None, None, "", "")
    return Dictionary(layouts=layouts, code_sets={}, collections=(), id_batch=batch, version="1")


def columns(con: duckdb.DuckDBPyConnection, layout: str = "core") -> list[tuple[str, str]]:
    return con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'collection' AND table_name = ? ORDER BY column_index",
        [layout],
    ).fetchall()


KEYS = [(name, kind.removesuffix(" NOT NULL")) for name, kind in KEY_COLUMNS.items()]


def test_each_type_has_its_column(con: duckdb.DuckDBPyConnection) -> None:
    fields = [
        field("a"),
        field("b", "Integer"),
        field("c", "Number", 2),
        field("d", "Number"),
        field("e", "Date"),
        field("ssn"),
    ]
    sync_collection_tables(con, dictionary(y2026=fields))
    typed = [("a", "VARCHAR"), ("b", "BIGINT"), ("c", "DECIMAL(18,2)"), ("d", "DECIMAL(18,0)"), ("e", "DATE")]
    assert columns(con) == [*KEYS, *typed, *SSN_COLUMNS.items()]
    assert columns(con, "id_batch") == []


def test_columns_of_all_years_stand_in_one_table(con: duckdb.DuckDBPyConnection) -> None:
    sync_collection_tables(con, dictionary(y2026=[field("a"), field("c")], y2025=[field("a"), field("b")]))
    assert columns(con)[len(KEYS) :] == [("a", "VARCHAR"), ("b", "VARCHAR"), ("c", "VARCHAR")]


def test_a_new_year_adds_columns_and_takes_none_away(con: duckdb.DuckDBPyConnection) -> None:
    sync_collection_tables(con, dictionary(y2025=[field("a"), field("b")]))
    con.execute(
        "INSERT INTO collection.core BY NAME SELECT 'S' AS submission_id, 2 AS line_number, '001090' AS district_code, 'x' AS b"
    )
    sync_collection_tables(con, dictionary(y2026=[field("a"), field("c", "Date")]))
    assert columns(con)[len(KEYS) :] == [("a", "VARCHAR"), ("b", "VARCHAR"), ("c", "DATE")]
    assert con.execute("SELECT b, c FROM collection.core").fetchall() == [("x", None)]


def test_doing_it_again_changes_nothing(con: duckdb.DuckDBPyConnection) -> None:
    shipped = load_dictionary()
    sync_collection_tables(con, shipped)
    found = columns(con, "student_core")
    sync_collection_tables(con, shipped)
    assert columns(con, "student_core") == found
    wanted = {name for field in shipped.layout("student_core", 2026).fields if (name := field.standard_name) != "ssn"}
    assert wanted <= {name for name, _ in found}


@pytest.mark.parametrize("kind, precision", [("Integer", None), ("Number", 2)])
def test_a_column_keeps_its_type(con: duckdb.DuckDBPyConnection, kind: str, precision: int | None) -> None:
    sync_collection_tables(con, dictionary(y2026=[field("a")]))
    with pytest.raises(DictionaryError, match=r"a is .* in the dictionary and VARCHAR in state\.duckdb"):
        sync_collection_tables(con, dictionary(y2026=[field("a", kind, precision)]))


def test_a_longer_number_needs_no_other_column(con: duckdb.DuckDBPyConnection) -> None:
    number = field("a", "Number", 2)
    sync_collection_tables(con, dictionary(y2025=[number], y2026=[replace(number, length=12)]))
    sync_collection_tables(con, dictionary(y2026=[replace(number, length=15)]))
    assert columns(con)[-1] == ("a", "DECIMAL(18,2)")


def test_two_years_must_agree_on_a_type() -> None:
    with pytest.raises(DictionaryError, match="core 2026: a is DATE, in an earlier school year VARCHAR"):
        collection_columns("core", dictionary(y2025=[field("a")], y2026=[field("a", "Date")]))


@pytest.mark.parametrize("name", ["state_id", "line_number", "Last", "last name", 'x"', "1a", ""])
def test_names_that_cannot_be_columns(name: str) -> None:
    with pytest.raises(DictionaryError, match="cannot be a column"):
        collection_columns("core", dictionary(y2026=[field(name)]))
