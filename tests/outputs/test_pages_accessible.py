"""Pages for everybody: WCAG 2.2 AA as axe checks it, in both colour schemes, at a desk and on a phone, with cards opened."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from outputs.violation_report import Past, ReportWords, Trial, write_violation_report
from outputs.violation_report.past import FIXED_SCHEMA
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.rules import load_rule_book
from tests.outputs.browser import IN_BROWSER
from tests.outputs.conftest import OCTOBER, RECEIVED
from tests.outputs.sample_violations import sample_rows, sample_subject

axe_core = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe is missing: pip install -r requirements-slow.lock"
)
pytestmark = IN_BROWSER
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, directory: Directory, dictionary: Dictionary) -> Path:
    """A page with everything on it: causes, a trend, what was fixed, rules with examples, new and old rows."""
    folder = tmp_path_factory.mktemp("report")
    collection = dictionary.collection(OCTOBER)
    words = ReportWords.of(dictionary.layout_of(collection), load_rule_book(dictionary, collection), directory)
    fixed = pl.DataFrame([("STC00446", "DateOfBirth", "x", "E", "rule", 4)], schema=FIXED_SCHEMA, orient="row")
    trials = tuple(
        Trial(RECEIVED - timedelta(days=days), days == 3, 1200, errors, 9, new, 5)
        for days, errors, new in ((9, 300, 300), (3, 220, 10), (0, 190, 30))
    )
    rows = sample_rows(226, before=RECEIVED - timedelta(days=9))
    past = Past(fixed, trials, {"STC91010": (1200, 12)}, 2)
    write_violation_report(folder, sample_subject(), rows, words, past)
    write_violation_report(tmp_path_factory.mktemp("clean"), sample_subject(), sample_rows(0), words)
    return folder / "violations.html"


def open_everything(page: Any) -> None:
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


def nothing(page: Any) -> None:
    """The page as it comes."""


def find_nothing(page: Any) -> None:
    page.get_by_label("Search").fill("no such thing")
    page.wait_for_selector("#table-none:visible")


@pytest.mark.parametrize(
    "scheme, width, prepare",
    [
        ("light", 1280, nothing), ("dark", 1280, open_everything), ("light", 390, open_everything),
        ("dark", 390, nothing), ("light", 1280, find_nothing),
    ],
)  # fmt: skip
def test_violation_page_has_no_barrier(
    page: Any, report: Path, scheme: str, width: int, prepare: Callable[[Any], None]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(report.as_uri())
    page.wait_for_selector("#table-body tr")
    prepare(page)
    assert barriers(page) == []


def barriers(page: Any) -> list[str]:
    found = axe_core.Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}}).response["violations"]
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


def test_link_of_a_rule_opens_its_card_by_keyboard(page: Any, report: Path) -> None:
    page.goto(report.as_uri())
    link = page.locator("#table-body a").first
    number = link.inner_text()
    link.focus()
    page.keyboard.press("Enter")
    card = page.locator(f"#rule-{number}")
    assert card.get_attribute("open") is not None
    assert page.evaluate("document.activeElement.closest('details').id") == f"rule-{number}"


def test_every_link_inside_the_page_leads_somewhere(page: Any, report: Path) -> None:
    page.goto(report.as_uri())
    dead = page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href').slice(1))"
        ".filter(id => !document.getElementById(id))"
    )
    assert dead == []


def test_counts_are_read_aloud_when_the_typing_stops(page: Any, report: Path) -> None:
    page.goto(report.as_uri())
    page.get_by_label("Search").fill("lincoln")
    page.wait_for_function("() => document.getElementById('table-said').textContent.includes(' of ')")
    assert page.inner_text("#table-found") == page.locator("#table-said").inner_text()


def test_chosen_colours_leave_nothing_to_colour_alone(page: Any, report: Path) -> None:
    page.emulate_media(forced_colors="active")
    page.goto(report.as_uri())
    assert page.evaluate("getComputedStyle(document.querySelector('.badge')).borderTopStyle") == "solid"


def test_paper_has_the_causes_and_the_rows_and_no_controls(page: Any, report: Path) -> None:
    page.goto(report.as_uri())
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.is_visible(".cause h3") and page.is_visible("#table-body tr")
    assert not page.is_visible("#table-search") and not page.is_visible(".rule-card")
