"""Where each district stands, for people at a terminal, for programs, and on the operator's page."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest

from outputs.state_page import write_state_page
from outputs.status import late_words, print_status, status_json, status_rows
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.errors import UnknownName
from tests.outputs.certifying import certify
from tests.outputs.conftest import OCTOBER, RECEIVED, make_submission
from tests.outputs.test_store import THREE, store

DUE = datetime(2025, 10, 15, 18, 0, tzinfo=UTC)


@pytest.fixture
def state(con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory) -> dict[str, Any]:
    """What every look at the state needs; the middle of the October window. Two collections a year are enough here."""
    few = tuple(one for one in dictionary.collections if one.cycle in ("Oct", "MAPSPR") and "StuCore" in one.version)
    return {
        "con": con, "dictionary": replace(dictionary, collections=few), "directory": directory,
        "now": RECEIVED + timedelta(days=4),
    }  # fmt: skip


def standing(state: dict[str, Any], **changes: Any) -> dict[str, str]:
    rows = status_rows(**{**state, "collection": OCTOBER, **changes})
    return dict(rows.select("district_code", "state").iter_rows())


def ask(con: duckdb.DuckDBPyConnection, submission_id: str) -> None:
    """Open one question with two candidates."""
    for rank in (1, 2):
        con.execute(
            "INSERT INTO identity.near_match BY NAME SELECT 'NM1' AS near_match_id, ? AS submission_id, "
            "2 AS line_number, 'x' AS sha256, '048078' AS district_code, ? AS candidate_rank, "
            "'5000000001' AS candidate_state_id, 'same name' AS explanation, 'SEVERAL_PEOPLE' AS reason, "
            "'open' AS status, ? AS opened_at",
            [submission_id, rank, RECEIVED],
        )


@pytest.mark.parametrize(
    "file, violations, expected",
    [
        ({}, [], "ready"),
        ({}, [{"severity": "W"}], "ready"),
        ({}, [{}], "errors"),
        ({"refused_count": 1}, [], "errors"),
        ({"status": "waiting"}, [], "waiting"),
        ({"status": "rejected"}, [], "refused"),
    ],
)
def test_standing_of_a_district(
    state: dict[str, Any], file: dict[str, Any], violations: list[dict[str, Any]], expected: str
) -> None:
    store(state["con"], (make_submission(1, **file), THREE, violations))
    assert standing(state) == {"010004": "missing", "048078": expected, "077077": "missing"}


@pytest.mark.parametrize("days, expected", [(14, "missing"), (15, "not_due")])
def test_district_is_missing_from_two_weeks_before_the_deadline(
    state: dict[str, Any], days: int, expected: str
) -> None:
    assert standing(state, now=DUE - timedelta(days=days))["048078"] == expected


def test_only_open_questions_are_left(state: dict[str, Any]) -> None:
    trial = make_submission(1)
    store(state["con"], (trial, THREE, [{"field": "StateID"}]))
    ask(state["con"], trial.submission_id)
    (row,) = status_rows(**state).filter(district_code="048078").to_dicts()
    assert (row["state"], row["errors"], row["near_matches"]) == ("near_matches", 1, 1)


def test_certified_then_corrected(state: dict[str, Any]) -> None:
    store(state["con"], (make_submission(1), THREE, []))
    names = {
        "dictionary": state["dictionary"],
        "directory": state["directory"],
        "actor": "operator",
        "at": state["now"],
    }
    certify(state["con"], "048078", OCTOBER, **names)
    assert standing(state)["048078"] == "certified"
    store(state["con"], (make_submission(2), THREE, []), day=1)
    assert standing(state)["048078"] == "recertify"
    (row,) = status_rows(**state).filter(district_code="048078").to_dicts()
    assert (row["trial_records"], row["certified_records"], row["received_count"]) == (3, 3, 2)


@pytest.mark.parametrize("days, left", [(0, 0), (-1, 1), (1, -1)])
def test_days_to_the_deadline_are_days_in_missouri(state: dict[str, Any], days: int, left: int) -> None:
    late_evening = datetime(2025, 10, 16, 4, 30, tzinfo=UTC)  # still 15 October in Missouri
    rows = status_rows(**{**state, "collection": OCTOBER, "now": late_evening + timedelta(days=days)})
    assert set(rows["days_left"]) == {left}


def test_extension_for_one_district_and_for_all(state: dict[str, Any]) -> None:
    for district, until in ((None, date(2025, 10, 20)), ("048078", date(2025, 10, 31))):
        state["con"].execute(
            "INSERT INTO intake.cycle BY NAME SELECT ? AS collection_version, ? AS district_code, 'extend' AS action, "
            "? AS until, 'operator' AS actor, 'storm' AS reason, ? AS \"at\"",
            [OCTOBER, district, until, RECEIVED],
        )
    rows = status_rows(**state, collection=OCTOBER)
    assert dict(rows.select("district_code", "due_date").iter_rows()) == {
        "010004": date(2025, 10, 20), "048078": date(2025, 10, 31), "077077": date(2025, 10, 20),
    }  # fmt: skip


def test_replaced_files_do_not_count(state: dict[str, Any]) -> None:
    store(state["con"], (make_submission(1), THREE, [{}, {"line_number": 3}]))
    store(state["con"], (make_submission(2), THREE, [{}]), day=1)
    (row,) = status_rows(**state).filter(district_code="048078").to_dicts()
    assert (row["errors"], row["trial_records"], row["received_count"]) == (1, 3, 2)


def test_closed_district_is_not_expected(state: dict[str, Any]) -> None:
    directory = state["directory"]
    closed = Directory(directory.districts.with_columns(closed_year=2025), directory.schools)
    assert standing(state, directory=closed) == {}


def test_collections_shown_without_a_name(state: dict[str, Any]) -> None:
    assert set(status_rows(**state)["collection_version"]) == {OCTOBER}
    quiet = {**state, "now": datetime(2026, 7, 1, tzinfo=UTC)}
    assert status_rows(**quiet).height == 0
    batch = make_submission(1, layout="id_batch", collection_version="id_batch", status="answered")
    store(state["con"], (batch, [], []))
    (row,) = status_rows(**quiet).to_dicts()
    assert (row["collection_version"], row["state"], row["days_left"]) == ("id_batch", "answered", None)


def test_unknown_collection(state: dict[str, Any]) -> None:
    with pytest.raises(UnknownName):
        status_rows(**state, collection="2026Oct1.0")


def test_json_has_totals_and_districts(state: dict[str, Any]) -> None:
    store(state["con"], (make_submission(1), THREE, [{}]))
    found = json.loads(json.dumps(status_json(status_rows(**state))))
    (collection,) = found["collections"]
    assert collection["due_date"] == "2025-10-15"
    assert collection["totals"] == {
        "districts": 3, "standing": {"missing": 2, "errors": 1}, "records": 3, "errors": 1, "warnings": 0,
    }  # fmt: skip
    assert collection["districts"][1]["last_received_at"] == "2025-10-06T14:03:09Z"


@pytest.mark.parametrize("width", [80, 100])
def test_table_fits_the_terminal(
    state: dict[str, Any], width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    store(state["con"], (make_submission(1, accepted_count=24_567, is_late=True), THREE, [{}]))
    print_status(status_rows(**state), now=state["now"])
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= width
    assert "048078" in printed and "Cedar Bluff R-II" in printed and "24,567" in printed and "late" in printed
    assert printed.index("2 missing, 1 with errors") < printed.index("010004")


def test_nobody_who_certified_is_called_late() -> None:
    rows = pl.DataFrame(
        {
            "district_name": ["A", "B", "C"], "district_code": ["010004", "048078", "077077"],
            "state": ["certified", "ready", "errors"], "days_left": [-40, -40, 9], "is_late": [True, True, True],
        }
    )  # fmt: skip
    assert late_words(rows) == "Late: B (048078, 40 days), C (077077, marked late)."


def test_only_districts_that_need_something_unless_all(
    state: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    early = DUE - timedelta(days=20)
    print_status(status_rows(**{**state, "now": early}), now=early)
    assert "No district needs anything" in (printed := capsys.readouterr().out)
    assert "010004" not in printed
    print_status(status_rows(**{**state, "now": early}), now=early, everything=True)
    assert "010004" in capsys.readouterr().out


def test_empty_state(state: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    quiet = datetime(2026, 7, 1, tzinfo=UTC)
    print_status(status_rows(**{**state, "now": quiet}), now=quiet)
    assert capsys.readouterr().out == "Nothing was received yet and no collection is open.\n"


def test_state_page_has_counts_and_no_student_value(
    state: dict[str, Any], dictionary: Dictionary, tmp_path: Any
) -> None:
    rows = [{**THREE[0], "last_name": "Quillfeather", "local_student_id": "L-CANARY"}]
    store(state["con"], (make_submission(1), rows, [{"value": "CANARY", "message": "canary message"}]))
    path = tmp_path / "state.html"
    write_state_page(state["con"], path, state["now"], dictionary=dictionary, directory=state["directory"])
    page = path.read_text("utf-8")
    assert "Cedar Bluff R-II" in page and "STC00901" in page and "2 files are missing" in page
    assert not [word for word in ("CANARY", "canary", "Quillfeather", "1000000000") if word in page]
    assert "default-src &#39;none&#39;" in page


@pytest.mark.parametrize("days, is_told", [(6, True), (8, False)])
def test_a_file_set_aside_is_news_for_a_week(state: dict[str, Any], tmp_path: Any, days: int, is_told: bool) -> None:
    aside = make_submission(1, status="quarantined", outcome="quarantined", layout=None, collection_version=None)
    store(state["con"], (aside, [], []))
    path, at = tmp_path / "state.html", RECEIVED + timedelta(days=days)
    write_state_page(state["con"], path, at, dictionary=state["dictionary"], directory=state["directory"])
    assert ("1 file was set aside in the last 7 days" in path.read_text("utf-8")) == is_told


def test_state_page_of_an_empty_state(state: dict[str, Any], tmp_path: Any) -> None:
    path = tmp_path / "state.html"
    quiet = datetime(2026, 7, 1, tzinfo=UTC)
    write_state_page(state["con"], path, quiet, dictionary=state["dictionary"], directory=state["directory"])
    assert "Nothing was received yet" in path.read_text("utf-8")
