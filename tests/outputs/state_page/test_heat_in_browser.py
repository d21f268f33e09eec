"""The map of districts and rules in a real browser: zoom, move, filter, order, by mouse and by keyboard; axe finds nothing."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from outputs.state_page import write_state_page
from schemas.database.migrate import known_migrations
from schemas.dictionary import Dictionary
from tests.outputs.browser import IN_BROWSER
from tests.outputs.state_page.many_districts import FIRST_DAY, many_districts

pytestmark = IN_BROWSER


@pytest.fixture(scope="module")
def state_page(tmp_path_factory: pytest.TempPathFactory, dictionary: Dictionary) -> Iterator[Path]:
    """The page of 560 districts whose files fail 400 rules."""
    folder = tmp_path_factory.mktemp("state")
    con = duckdb.connect(":memory:")
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"ATTACH '{folder / 'state.duckdb'}' AS state")
    con.execute("USE state")
    for migration in known_migrations():
        con.execute(migration.sql)
    directory = many_districts(con, dictionary, 560, 400)
    path = folder / "state.html"
    write_state_page(con, path, FIRST_DAY + timedelta(days=15), dictionary=dictionary, directory=directory)
    con.close()
    yield path


@pytest.fixture
def heat(page: Any, state_page: Path) -> Any:
    page.goto(state_page.as_uri())
    page.wait_for_selector("#heat-body tr:nth-child(2)")
    return page


def found(page: Any) -> str:
    return str(page.inner_text("#heat-found"))


def totals(page: Any) -> list[int]:
    texts = page.locator("#heat-body tr:not(.heat-sums) td.heat-total").all_inner_texts()
    return [int(text.replace(",", "")) for text in texts]


def test_worst_districts_and_rules_come_first(heat: Any) -> None:
    assert found(heat) == "Districts 1 to 25 of 560; rules 1 to 9 of 400"
    assert totals(heat) == sorted(totals(heat), reverse=True)
    sums = [int(text.replace(",", "")) for text in heat.locator(".heat-sums td").all_inner_texts()][1:]
    assert sums == sorted(sums, reverse=True) and len(sums) == 9


def test_table_fits_a_screen_of_1280(heat: Any) -> None:
    assert heat.evaluate("document.documentElement.scrollWidth") <= 1280
    box = heat.locator("#heat-table").evaluate("table => [table.scrollWidth, table.parentElement.clientWidth]")
    assert box[0] <= box[1]


def test_zoom_and_move_by_keyboard(heat: Any) -> None:
    heat.focus("#heat-far")
    heat.keyboard.press("Enter")
    assert found(heat) == "Districts 1 to 50 of 560; rules 1 to 14 of 400"
    assert heat.is_disabled("#heat-far")
    heat.focus("#heat-down")
    heat.keyboard.press("Space")
    heat.focus("#heat-right")
    heat.keyboard.press("Enter")
    assert found(heat) == "Districts 51 to 100 of 560; rules 15 to 28 of 400"
    heat.focus("#heat-near")
    heat.keyboard.press("Enter")
    assert heat.locator("#heat-body tr").count() == 26


def test_click_on_the_picture_moves_the_frame(heat: Any) -> None:
    box = heat.locator("#heat-map").bounding_box()
    heat.locator("#heat-overview").click(position={"x": box["width"] - 2, "y": box["height"] - 2})
    assert found(heat) == "Districts 536 to 560 of 560; rules 392 to 400 of 400"
    assert heat.is_disabled("#heat-down") and heat.is_disabled("#heat-right")


def test_filters_and_shares(heat: Any) -> None:
    heat.fill("#heat-district", "001007")
    heat.wait_for_function(
        "() => document.getElementById('heat-found').textContent.startsWith('Districts 1 to 1 of 1')"
    )
    heat.fill("#heat-rule", "no such rule")
    heat.wait_for_function("() => document.getElementById('heat-found').textContent.startsWith('Nothing fits')")
    heat.fill("#heat-rule", "")
    heat.fill("#heat-district", "")
    heat.wait_for_function("() => document.getElementById('heat-found').textContent.includes('of 400')")
    heat.select_option("#heat-severity", "W")
    assert "of 80" in found(heat)
    heat.select_option("#heat-show", "share")
    assert "%" in heat.inner_text("#heat-body")


def test_a_rule_orders_the_districts(heat: Any) -> None:
    button = heat.locator("#heat-head th[data-rule] button").nth(2)
    button.click()
    pressed = heat.locator("#heat-head button[aria-pressed=true]")
    assert pressed.count() == 1 and pressed.evaluate("button => document.activeElement === button")
    place = heat.locator("#heat-head th").evaluate_all(
        "heads => heads.findIndex(head => head.querySelector('[aria-pressed=true]'))"
    )
    cells = heat.locator(f"#heat-body tr:not(.heat-sums) > :nth-child({place + 1})").all_inner_texts()
    counts = [int(text.replace(",", "") or 0) for text in cells]
    assert counts == sorted(counts, reverse=True)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, state_page: Path, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    # The page's own policy forbids every other script, axe among them.
    context = browser.new_context(bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(state_page.as_uri())
    page.wait_for_selector("#heat-body tr:nth-child(2)")
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    violations = axe.Axe().run(page, options=options).response["violations"]
    context.close()
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
