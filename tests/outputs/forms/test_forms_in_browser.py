"""The forms as a clerk uses them, in a real browser: what is wrong is said beside the field, what is saved gets its answer."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.clock import FixedClock
from schemas.paths import StateHome
from tests.flows.small_files import HERE, answers, new_home, receipt_of, run
from tests.outputs.browser import IN_BROWSER

CLOCK = FixedClock(datetime(2025, 10, 7, 14, tzinfo=UTC))
pytestmark = IN_BROWSER


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> StateHome:
    """A home whose first run has put the forms into the outboxes."""
    made = new_home(tmp_path_factory.mktemp("clerk"))
    run(made, CLOCK)
    return made


def visit(page: Any, home: StateHome, name: str) -> None:
    page.goto((home.outbox_of(HERE) / "forms" / name).as_uri())


def fill_student(page: Any) -> None:
    page.get_by_label("Last name required").fill('O\'Neil "Bud" García, ')
    page.get_by_label("First name required").fill("María  José")
    page.get_by_label("Date of birth").fill("4/9/2014")
    page.get_by_label("Female").check()
    page.get_by_label("Race and ethnicity").select_option("H")
    page.get_by_label("School year").select_option("2026")
    page.locator("#current_school_code").select_option("1050")
    page.get_by_label("Grade").select_option("05")
    page.get_by_label("Local student ID").fill("0077")


def save(page: Any, folder: Path) -> Path:
    """Click Save; the downloaded file under its suggested name."""
    with page.expect_download() as started:
        page.get_by_role("button", name="Save the file").click()
    saved = folder / started.value.suggested_filename
    started.value.save_as(saved)
    return saved


def test_saved_file_gets_its_id(page: Any, home: StateHome) -> None:
    visit(page, home, "new_student.html")
    fill_student(page)
    saved = save(page, home.inbox / HERE)
    assert saved.name.startswith(f"new_student_{HERE}_")
    assert page.locator("#saved").is_visible() and saved.name in page.inner_text("#saved")
    lines = saved.read_bytes().split(b"\r\n")
    assert (lines[0][:3], lines[2][:5], len(lines)) == (b"TH\t", b"TT\t1\t", 4)
    run(home, CLOCK)
    receipt = receipt_of(home, saved.name)
    assert (receipt["outcome"], receipt["errors"], receipt["ids"]["new"]) == ("accepted", 0, 1)
    (answer,) = answers(home, saved.name, "ids_assigned.txt")
    assert answer[3:5] == ['O\'Neil "Bud" García,', "María José"]
    assert (answer[8], answer[9], answer[10], answer[11], answer[14]) == ("04/09/2014", "05", "0077", "", HERE)


def test_saved_look_up_is_answered(page: Any, home: StateHome) -> None:
    visit(page, home, "new_student.html")
    fill_student(page)
    save(page, home.inbox / HERE)
    run(home, CLOCK)
    visit(page, home, "locate.html")
    page.get_by_label("A child is being enrolled").check()
    page.get_by_label("Last name").fill("ONeill Bud Garcia")
    page.get_by_label("First name").fill("Maria")
    page.get_by_label("Date of birth").fill("04/09/2014")
    saved = save(page, home.inbox / HERE)
    run(home, CLOCK)
    receipt = receipt_of(home, saved.name)
    assert receipt["message"] == "1 look-up answered: 1 found."
    content = (home.outbox_of(HERE) / receipt["submission_id"] / "located.csv").read_text("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(content))
    assert (row["Result"], row["LegalFirstName"], row["DateOfBirth"]) == ("FOUND", "María José", "04/09/2014")


def test_what_is_missing_is_said_beside_the_field(page: Any, home: StateHome) -> None:
    visit(page, home, "new_student.html")
    page.get_by_role("button", name="Save the file").click()
    assert page.evaluate("document.activeElement.id") == "summary"
    assert page.locator("#summary li").count() == 8
    assert page.inner_text("#last_name-error") == "Enter the last name."
    assert page.get_attribute("#last_name", "aria-invalid") == "true"
    page.get_by_role("link", name="Choose the grade.").click()
    assert page.evaluate("document.activeElement.id") == "grade"
    fill_student(page)
    page.get_by_role("button", name="Clear the form").click()
    assert page.input_value("#last_name") == "" and page.locator("#summary").is_hidden()


@pytest.mark.parametrize(
    "field, value, message",
    [
        ("birth_date", "02/30/2014", "Write a real date"),
        ("birth_date", "01/01/2099", "future"),
        ("submitted_state_id", "12345", "exactly ten digits"),
        ("last_name", "x" * 61, "60 characters; you typed 61"),
        ("local_student_id", "x" * 21, "20 characters"),
    ],
)
def test_wrong_value_is_not_saved(page: Any, home: StateHome, field: str, value: str, message: str) -> None:
    visit(page, home, "new_student.html")
    fill_student(page)
    page.fill(f"#{field}", value)
    page.get_by_role("button", name="Save the file").click()
    assert message in page.inner_text(f"#{field}-error")
    assert page.locator("#saved").is_hidden()


def test_look_up_needs_two_facts_or_a_number(page: Any, home: StateHome) -> None:
    visit(page, home, "locate.html")
    page.get_by_label("A child is being enrolled").check()
    page.get_by_label("Last name").fill("Garcia")
    page.get_by_role("button", name="Save the file").click()
    assert "Give two of" in page.inner_text("#last_name-error")
    page.get_by_label("Last name").fill("")
    page.get_by_label("Local student ID").fill("77")
    with page.expect_download():
        page.get_by_role("button", name="Save the file").click()


def test_form_is_filled_in_by_keyboard_alone(page: Any, home: StateHome, tmp_path: Path) -> None:
    visit(page, home, "locate.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Go to the form"
    page.focus("input[name=purpose]")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("Garcia")
    page.keyboard.press("Tab")
    page.keyboard.type("Maria")
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    started.value.save_as(tmp_path / "saved.csv")
    assert (tmp_path / "saved.csv").read_text().splitlines()[1].startswith("1,ENROLL,Garcia,Maria,")


def test_form_fits_a_phone(page: Any, home: StateHome) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, home, "new_student.html")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
