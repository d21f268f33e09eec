"""The pages in a real browser: search, sort, filter, page, print and keyboard work, and nothing is asked of the network."""

from pathlib import Path
from typing import Any

import pytest

from outputs.violation_report import write_violation_report
from schemas.directory import Directory
from tests.outputs.browser import IN_BROWSER
from tests.outputs.sample_violations import sample_rows, sample_subject, sample_words

pytestmark = IN_BROWSER


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory, directory: Directory) -> dict[str, Path]:
    """A usual report and one of a large district."""
    made = {}
    for name, count, records in (("usual", 226, 1203), ("large", 56_000, 20_000)):
        made[name] = tmp_path_factory.mktemp(name)
        rows = sample_rows(count, records=records)
        write_violation_report(made[name], sample_subject(records), rows, sample_words(directory))
    return made


def visit(page: Any, folder: Path) -> None:
    page.goto((folder / "violations.html").as_uri())
    page.wait_for_selector("#table-body tr")


def column(page: Any, number: int) -> list[str]:
    return page.locator(f"#table-body tr td:nth-child({number})").all_inner_texts()


def found(page: Any) -> str:
    return page.inner_text("#table-found")


def wait_for_found(page: Any, words: str) -> None:
    page.wait_for_function("words => document.getElementById('table-found').textContent.includes(words)", arg=words)


def test_search_narrows_to_rows_with_every_word(page: Any, reports: dict[str, Path]) -> None:
    visit(page, reports["usual"])
    total = sample_rows(226).height
    assert found(page) == f"All {total} rows"
    page.get_by_label("Search").fill("dateofbirth lincoln")
    wait_for_found(page, " of ")
    assert page.locator("#table-body tr").count() > 0
    assert set(column(page, 5)) == {"DateOfBirth"}
    assert all("Lincoln" in school for school in column(page, 3))
    page.get_by_label("Search").fill("no such thing")
    wait_for_found(page, "0 of")
    assert page.is_visible("#table-none")
    page.click("#table-reset")
    assert found(page) == f"All {total} rows"


def test_sort_by_line_both_ways(page: Any, reports: dict[str, Path]) -> None:
    visit(page, reports["usual"])
    head = page.locator("th[data-column=line]")
    head.get_by_role("button").click()
    lines = [int(text.replace(",", "")) for text in column(page, 2)]
    assert lines == sorted(lines) and head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").click()
    lines = [int(text.replace(",", "")) for text in column(page, 2)]
    assert lines == sorted(lines, reverse=True) and head.get_attribute("aria-sort") == "descending"
    assert lines[0] == sample_rows(226)["line_number"].max()
    assert page.locator("th[aria-sort]").count() == 1


def test_filters_by_severity_and_school(page: Any, reports: dict[str, Path]) -> None:
    visit(page, reports["usual"])
    warnings = sample_rows(226).filter(severity="W").height
    page.get_by_label("Severity").select_option(label=f"Warning ({warnings})")
    assert found(page).startswith(f"{warnings} of ")
    assert set(column(page, 1)) == {"Warning"}
    page.get_by_label("School").select_option(index=1)
    assert len(set(column(page, 3))) == 1


def test_button_of_a_cause_shows_its_rows(page: Any, reports: dict[str, Path]) -> None:
    visit(page, reports["usual"])
    count = page.locator(".cause b").first.inner_text()
    page.get_by_role("button", name="Show these rows").first.click()
    assert found(page).startswith(f"{count} of ")
    assert set(column(page, 5)) == {"LunchStatus"}
    page.get_by_label("Remove this filter").click()
    assert found(page).startswith("All ")


def test_pages_are_turned_by_keyboard(page: Any, reports: dict[str, Path]) -> None:
    visit(page, reports["usual"])
    first = column(page, 2)
    page.focus("#table-next")
    page.keyboard.press("Enter")
    assert page.inner_text("#table-page").startswith("Page 2 of")
    assert column(page, 2) != first
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert column(page, 2) == first


def test_skip_link_comes_first(page: Any, reports: dict[str, Path]) -> None:
    visit(page, reports["usual"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Go to the rows"


def test_large_report_does_not_freeze(page: Any, reports: dict[str, Path]) -> None:
    visit(page, reports["large"])
    total = sample_rows(56_000, records=20_000).height
    assert total > 30_000
    assert found(page) == f"All {total:,} rows"
    assert page.locator("#table-body tr").count() == 50
    for name in ("student", "wrong", "line"):
        page.locator(f"th[data-column={name}]").get_by_role("button").click()
    page.get_by_label("Search").fill("20012")
    wait_for_found(page, " of ")
    assert page.locator("#table-body tr").count() >= 1


def test_rows_become_cards_on_a_phone(page: Any, reports: dict[str, Path]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, reports["usual"])
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("getComputedStyle(document.querySelector('#table-body tr')).display") == "block"
    page.get_by_label("Sort by").select_option("line:down")
    lines = [int(text.replace(",", "")) for text in column(page, 2)]
    assert lines == sorted(lines, reverse=True)


def test_print_shows_every_filtered_row(page: Any, reports: dict[str, Path]) -> None:
    visit(page, reports["usual"])
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#table-body tr").count() == sample_rows(226).height
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("#table-body tr").count() == 50
