"""What a district is shown of a finding: whom to call, by when, and no more of the other's child than a locator shows."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from outputs.disclosure_log import record_disclosures
from outputs.state_level.content import DistrictFindings, districts_to_tell, load_findings, mark_told
from outputs.state_level.csv_file import state_level_csv
from outputs.state_level.folder import disclosure_of, write_state_level
from outputs.state_level.page import state_level_html
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.paths import StateHome
from tests.outputs.state_level.small_state import CHILD, DECEMBER, HERE, MONDAY, THERE, compare, know, remember, store

TITLES = {"STC99010": "IEP student in two districts on 1 December", "STC99020": "Enrolled in two districts"}


@pytest.fixture
def with_contact(directory: Directory) -> Directory:
    contact = {"contact_name": "Robin Ames", "contact_email": "mosis@example.org", "contact_phone": "573-555-0199"}
    is_there = pl.col("district_code") == THERE
    return replace(
        directory,
        districts=directory.districts.with_columns(
            pl.when(is_there).then(pl.lit(text)).otherwise(pl.lit(None, pl.String)).alias(name)
            for name, text in contact.items()
        ),
    )


@pytest.fixture
def findings(con: duckdb.DuckDBPyConnection, dictionary: Dictionary, with_contact: Directory) -> DistrictFindings:
    """What the first district is told: an IEP student whom the other one reports under another name."""
    know(con, CHILD)
    served = {"iep_disability": "9", "enrolled_on_count_date": "N"}
    there = {**served, "iep_disability": "13", "local_student_id": "SECRET-LOCAL", "lunch_status": "F"}
    ours = store(con, dictionary, HERE, [{**served, "local_student_id": "=1+1"}], version=DECEMBER)
    theirs = store(con, dictionary, THERE, [there], version=DECEMBER)
    remember(con, CHILD, HERE, ours)
    remember(con, CHILD, THERE, theirs, last_name="Kovarik", local_student_id="SECRET-LOCAL", race_ethnicity="H")
    compare(con, dictionary)
    assert districts_to_tell(con) == [THERE, HERE]
    (found,) = load_findings(con, [HERE], with_contact, TITLES, MONDAY)
    return found


def test_page_names_whom_to_call_and_the_child_as_the_other_has_it(findings: DistrictFindings) -> None:
    page = state_level_html(findings).decode()
    assert "IEP student in two districts on 1 December" in page
    for shown in ("Willow Creek 93", "Robin Ames", "573-555-0199", "mosis@example.org", "Kovarik, Anna"):
        assert shown in page
    assert "None of this stops your certification" in page


def test_findings_of_the_own_file_alone_ask_for_no_call(findings: DistrictFindings) -> None:
    alone = replace(findings, rows=findings.rows.with_columns(other_district_code=pl.lit(None, pl.String)))
    page = state_level_html(alone).decode()
    assert "to correct in your own file" in page and "No other district has to be called" in page
    assert "Call the districts" not in page and "Whom to call" not in page and "settle with other districts" not in page


def test_nothing_but_locator_fields_of_the_other_districts_child(
    findings: DistrictFindings, with_contact: Directory
) -> None:
    other = {name for name in findings.rows.columns if name.startswith("other_")}
    assert other == {
        "other_district_code", "other_name", "other_last_name", "other_first_name", "other_middle_name", "other_suffix",
        "other_birth_date", "other_gender",
    }  # fmt: skip
    said = state_level_html(findings).decode() + state_level_csv(findings, with_contact).decode("utf-8-sig")
    assert "SECRET-LOCAL" not in said
    assert findings.rows.filter(pl.col("rule_id") == "STC99010")["value"].to_list() == ["9"]


def test_table_is_for_spreadsheets_and_answers(findings: DistrictFindings, with_contact: Directory) -> None:
    content = state_level_csv(findings, with_contact)
    assert content.startswith(b"\xef\xbb\xbf") and content.count(b"\r\n") == content.count(b"\n")
    table = pl.read_csv(content, infer_schema=False)
    assert {"Submission", "Line", "Rule", "Field", "Response", "Comment", "Other district"} <= set(table.columns)
    assert table["Local student ID"].to_list() == ["'=1+1"] * table.height
    assert set(table["Other district"]) == {THERE}


def test_disclosure_is_logged_when_a_child_is_shown_first(
    con: duckdb.DuckDBPyConnection, findings: DistrictFindings, with_contact: Directory
) -> None:
    disclosure = disclosure_of(findings)
    assert disclosure is not None
    assert (disclosure.recipient, disclosure.state_ids, disclosure.level) == (f"district {HERE}", (CHILD,), 4)
    record_disclosures(con, [disclosure], MONDAY)
    mark_told(con, [HERE], MONDAY)
    assert districts_to_tell(con) == [THERE]
    (again,) = load_findings(con, [HERE], with_contact, TITLES, MONDAY + timedelta(days=1))
    assert (again.rows.height, again.rows["is_new"].any(), disclosure_of(again)) == (findings.rows.height, False, None)


def test_disclosure_is_logged_when_the_other_record_comes_later(
    con: duckdb.DuckDBPyConnection, findings: DistrictFindings, with_contact: Directory
) -> None:
    """A finding that was told before the other district's record was known shows it on a later page, which is logged."""
    con.execute("CREATE TEMP TABLE later AS SELECT * FROM identity.record WHERE district_code = ?", [THERE]).fetchall()
    con.execute("DELETE FROM identity.record WHERE district_code = ?", [THERE]).fetchall()
    (first,) = load_findings(con, [HERE], with_contact, TITLES, MONDAY)
    assert first.rows.height and disclosure_of(first) is None
    mark_told(con, [HERE], MONDAY)
    con.execute("INSERT INTO identity.record SELECT * FROM later").fetchall()
    (second,) = load_findings(con, [HERE], with_contact, TITLES, MONDAY + timedelta(days=1))
    disclosure = disclosure_of(second)
    assert disclosure is not None and disclosure.state_ids == (CHILD,)


def test_cleared_findings_leave_a_page_that_says_so(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, findings: DistrictFindings, with_contact: Directory
) -> None:
    theirs = f"{DECEMBER}-a-{THERE}"
    store(con, dictionary, THERE, [{"state_id": "1000000024"}], version=DECEMBER, name="b", replaces=theirs)
    con.execute("DELETE FROM identity.record WHERE district_code = ?", [THERE]).fetchall()
    compare(con, dictionary, MONDAY)
    (now,) = load_findings(con, [HERE], with_contact, TITLES, MONDAY)
    assert now.open_rows.is_empty() and now.cleared.height == findings.rows.height
    assert "Nothing is open between you and other districts" in state_level_html(now).decode()


def test_folder_of_the_day_holds_both_files(
    tmp_path: Path, findings: DistrictFindings, with_contact: Directory
) -> None:
    (tmp_path / "outbox").mkdir()
    folder = write_state_level(StateHome(tmp_path), findings, with_contact)
    assert folder == tmp_path / "outbox" / HERE / "state_level" / "2025-10-06"
    assert sorted(path.name for path in folder.iterdir()) == ["state_level.csv", "state_level.html"]
    assert findings.day == date(2025, 10, 6)
