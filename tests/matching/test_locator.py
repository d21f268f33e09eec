"""The locator: each kind of slip still finds the child, strangers stay away, and what says too little shows nobody."""

from collections.abc import Callable
from datetime import date
from typing import Any

import duckdb
import polars as pl
import pytest

from matching.locator import MOST_FITTING, Located, locate
from matching.lookup_pairs import date_slips
from matching.model import load_model
from schemas.locator.request import LOOKUP_SCHEMA

MAKER = Callable[..., duckdb.DuckDBPyConnection]
ID, OLD_ID = "1234567890", "0000000042"
MARIA: dict[str, Any] = {"state_id": ID, "last_name": "Garcia Lopez", "first_name": "Maria"}
LOOK = {"last_name": "Garcia Lopez", "first_name": "Maria", "birth_date": date(2012, 3, 5)}


@pytest.fixture
def con(make_registry: MAKER, crowd: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    merged = {**MARIA, "state_id": OLD_ID, "status": "merged", "merged_into": ID, "last_name": "Garcia"}
    withdrawn = {**crowd[0], "state_id": "5555555555", "status": "retired", "last_name": "Gone"}
    lost = {**crowd[1], "state_id": "6666666666", "status": "merged", "merged_into": "5555555555", "last_name": "Lost"}
    held = {**crowd[2], "state_id": "0123456789", "status": "held", "last_name": "Doubtful", "first_name": "Case"}
    return make_registry(MARIA, merged, withdrawn, lost, held, *crowd)


def look(con: duckdb.DuckDBPyConnection, *lookups: dict[str, Any], cap: int = 10) -> Located:
    rows = [
        {**dict.fromkeys(LOOKUP_SCHEMA), "line_number": line, **asked} for line, asked in enumerate(lookups, start=2)
    ]
    return locate(pl.DataFrame(rows, schema=LOOKUP_SCHEMA), con, load_model(), cap=cap)


SLIPS = {
    "as known": LOOK,
    "letter left out": LOOK | {"last_name": "Garca Lopez"},
    "sounds alike": LOOK | {"last_name": "Garsia Lopes"},
    "one of two surnames": LOOK | {"last_name": "Lopez"},
    "names swapped": {"last_name": "Maria", "first_name": "Garcia Lopez"},
    "names alone": LOOK | {"birth_date": None},
    "letter wrong in first name": {"last_name": "Garcia Lopez", "first_name": "Marja"},
    "letter wrong in last name": {"last_name": "Gbrcia Lopez", "first_name": "Maria"},
    "nickname": {"last_name": "Garcia Lopez", "first_name": "Mary"},
    "last name and birth date": LOOK | {"first_name": None},
    "first name and birth date": LOOK | {"last_name": None},
    "day and month changed round": {"last_name": "Garcia Lopez", "birth_date": date(2012, 5, 3)},
    "year wrong": LOOK | {"birth_date": date(2011, 3, 5)},
    "another last name": LOOK | {"last_name": "Smith"},
    "state ID": {"state_id": ID},
    "merged state ID without its zeros": {"state_id": "42"},
    "digit wrong": {"state_id": "1234567899"},
    "digits swapped": {"state_id": "1243567890"},
    "state ID and another name": {"state_id": ID, "last_name": "Smith"},
    "local ID": {"local_student_id": "00100", "district_code": "010004"},
}


def test_each_slip_finds_the_child_first(con: duckdb.DuckDBPyConnection) -> None:
    found = look(con, *SLIPS.values())
    first = found.candidates.filter(pl.col("rank") == 1).rows_by_key("line_number", named=True, unique=True)
    missed = [name for line, name in enumerate(SLIPS, start=2) if first.get(line, {}).get("state_id") != ID]
    assert missed == []
    assert set(found.answers["reason"]) == {"FOUND"}
    # The registry's newest spelling is shown, not what was typed, and nothing that places the child.
    assert {(row["last_name"], row["grade"], row["district_code"]) for row in first.values()} == {
        ("Garcia Lopez", None, None)
    }


@pytest.mark.parametrize(
    "asked, reason",
    [
        ({"last_name": "Smith", "first_name": "John"}, "NOBODY_FITS"),
        ({"last_name": "Smith", "birth_date": date(2012, 3, 5)}, "NOBODY_FITS"),
        ({"state_id": "7777777777"}, "ID_UNKNOWN"),
        ({"state_id": "5555555555"}, "ID_WITHDRAWN"),
        ({"state_id": "6666666666"}, "ID_WITHDRAWN"),
        ({"local_student_id": "100", "district_code": "048078"}, "NOBODY_FITS"),
        ({"fault": "PURPOSE_UNKNOWN", **LOOK}, "PURPOSE_UNKNOWN"),
    ],
)
def test_nobody_is_shown(con: duckdb.DuckDBPyConnection, asked: dict[str, Any], reason: str) -> None:
    found = look(con, asked)
    assert found.answers["reason"].to_list() == [reason]
    assert found.candidates.is_empty()


@pytest.mark.parametrize(
    "count, reason, shown", [(10, "FOUND", 10), (11, "MORE_FIT", 10), (MOST_FITTING + 1, "TOO_MANY_FIT", 0)]
)
def test_cap(make_registry: MAKER, crowd: list[dict[str, Any]], count: int, reason: str, shown: int) -> None:
    alike = [{**child, "last_name": "Ortega", "first_name": "Ana"} for child in crowd[:count]]
    found = look(make_registry(*alike), {"last_name": "Ortega", "first_name": "Ana"})
    assert (found.answers["reason"].to_list(), found.candidates.height) == ([reason], shown)
    assert found.candidates["state_id"].to_list() == sorted(child["state_id"] for child in alike)[:shown]


def test_sentences(con: duckdb.DuckDBPyConnection) -> None:
    names = ("as known", "nickname", "merged state ID without its zeros", "digit wrong", "local ID")
    assert look(con, *(SLIPS[name] for name in names)).candidates["explanation"].to_list() == [
        "Same last name, first name and birth date",
        "Same last name; one first name is a short form of the other",
        "This state ID was merged into the child’s own",
        "One slip away from the child’s state ID",
        "Same local ID",
    ]


def test_held_number_is_shown_with_a_warning(con: duckdb.DuckDBPyConnection) -> None:
    for asked in ({"state_id": "123456789"}, {"last_name": "Doubtful", "first_name": "Case"}):
        (sentence,) = look(con, asked).candidates["explanation"]
        assert sentence.endswith("do not use it yet")


def test_dates_written_by_mistake() -> None:
    slips = set(date_slips(date(2012, 2, 29)))
    assert {date(2012, 2, 28), date(2012, 3, 1), date(2012, 2, 19), date(2012, 12, 29)} <= slips
    assert date(2011, 2, 28) not in slips
