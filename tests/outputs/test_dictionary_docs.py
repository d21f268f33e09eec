"""Pages of the dictionary: every link leads somewhere, every rule has its page, and the manual of a year."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import pytest

from outputs.dictionary_docs import code_set_page, layout_page, rule_anchor
from outputs.dictionary_docs.catalogue import gather_rules
from outputs.dictionary_docs.manual import manual_page
from outputs.dictionary_docs.rule_page import column_link
from outputs.dictionary_docs.use import RuleUse
from outputs.dictionary_docs.write import MARK, write_docs
from schemas.data_files import Change
from schemas.dictionary import Dictionary
from schemas.errors import UnknownName, UsageError
from schemas.rules import load_rule_book
from tests.schemas.batches import DICTIONARY

SHOWN = ("referrals", "school_calendar_header")
CHANGE = Change(date(2026, 2, 3), "R. Book", "memo <7>")


def _small() -> Dictionary:
    """Two layouts of the shipped dictionary, with one code that the state corrected."""
    layouts = {key: layout for key, layout in DICTIONARY.layouts.items() if key[0] in SHOWN or key[1] == 2027}
    collections = tuple(each for each in DICTIONARY.collections if each.layout in SHOWN)
    codes = dict(DICTIONARY.code_sets)
    codes["Yes_No"] = (replace(codes["Yes_No"][0], change=CHANGE), *codes["Yes_No"][1:])
    small = replace(DICTIONARY, layouts={key: layouts[key] for key in layouts if key[0] in (*SHOWN, "id_batch")},
                    collections=collections, code_sets=codes)  # fmt: skip
    small.__dict__["across_rules"] = tuple(rule for rule in DICTIONARY.across_rules if rule.layout in SHOWN)
    return small


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs") / "dictionary"
    use = {"REF96110": [RuleUse("2026Jun1.0Referrals", 3, 1200, 17, 4)]}
    write_docs(_small(), folder, use)
    return folder


@pytest.fixture(scope="module")
def manual():
    return manual_page(_small(), 2027).decode()


def _links(page: Path) -> set[str]:
    return set(re.findall(r'href="([^"#:]*(?:#[^"]*)?)"', page.read_text("utf-8"))) - {""}


def test_every_link_leads_to_a_page_and_a_place_on_it(pages):
    anchors = {page: set(re.findall(r' id="([^"]+)"', page.read_text("utf-8"))) for page in pages.rglob("*.html")}
    for page in anchors:
        data = (
            json.loads(re.search(r'application/json">(.*?)</script>', page.read_text("utf-8"))[1])
            if page.name == "index.html"
            else {}
        )
        found = {link for column in data.get("columns", ()) for link in column.get("links", ())}
        for link in _links(page) | found:
            path, _, anchor = link.partition("#")
            target = (page.parent / unquote(path)).resolve() if path else page
            assert target in anchors, f"{page.name}: {link}"
            assert not anchor or anchor in anchors[target] or target.name == "index.html", f"{page.name}: {link}"


def test_every_rule_layout_and_code_set_has_its_page_by_name(pages):
    for literal in ("2026Jun1.0Referrals", "2027JunSchoolCalHeader"):
        book = load_rule_book(DICTIONARY, literal)
        for rule in book.rules:
            path, anchor = rule_anchor(book.layout.name, rule.rule_id).split("#")
            assert f'id="{anchor}"' in (pages / path).read_text("utf-8")
    assert (pages / layout_page("referrals")).is_file() and (pages / layout_page("referrals", 2025)).is_file()
    assert all((pages / code_set_page(name)).is_file() for name in DICTIONARY.code_sets)


def test_a_rules_page_says_what_it_checks_how_to_fix_it_and_how_often_it_fired(pages):
    text = (pages / "rules/REF96110.html").read_text("utf-8")
    rule = next(rule for rule in load_rule_book(DICTIONARY, "2026Jun1.0Referrals").rules if rule.rule_id == "REF96110")
    for part in (rule.title, rule.message, rule.fix, "1,200", ">17<", ">4<", "Breaks the rule", "Is fine"):
        assert part in text
    quiet = (pages / "rules/SCH96530.html").read_text("utf-8")
    assert "No file that stands now was tried with this rule." in quiet


def test_without_a_home_no_page_speaks_of_figures(tmp_path):
    write_docs(_small(), tmp_path / "docs", None)
    assert "How often it fires" not in (tmp_path / "docs/rules/REF96110.html").read_text("utf-8")


def test_a_correction_of_the_state_says_when_by_whom_and_why(pages, manual):
    assert "Corrected on 2026-02-03 by R. Book: memo &lt;7&gt;" in (pages / "code_sets/Yes_No.html").read_text("utf-8")
    assert "Code Y of Yes_No" in manual and "R. Book: memo &lt;7&gt;" in manual


def test_an_earlier_edition_is_replaced_whole_and_nothing_else(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        write_docs(_small(), folder, None)
    assert (folder / "thesis.txt").read_text() == "mine"
    (folder / "thesis.txt").rename(folder / MARK)
    (folder / "old.html").write_text("old")
    write_docs(_small(), folder, None)
    assert not (folder / "old.html").exists() and (folder / "index.html").exists()


def test_the_manual_has_a_chapter_for_each_layout_and_what_changed(manual):
    anchors = re.findall(r' id="([^"]+)"', manual)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', manual)) <= set(anchors)
    for chapter in ("changes", "collections", "referrals", "school_calendar_header", "codes", "corrections"):
        assert f'<section class="chapter" id="{chapter}">' in manual
    assert "DelayReason" in manual and "200 characters instead of 100." in manual


def test_a_rule_of_a_column_that_went_leads_to_the_last_year_that_has_it():
    entries = gather_rules(DICTIONARY, [DICTIONARY.collection("2026Jun1.0StuCore")])
    by_number = {entry.rule_id: entry for entry in entries}
    gone, kept = by_number["STC97873"], by_number["STC97512"]
    assert (
        column_link(DICTIONARY, gone, "eighth_tech_literacy") == "layouts/student_core_2026.html#eighth_tech_literacy"
    )
    assert column_link(DICTIONARY, kept, "foster_care") == "layouts/student_core.html#foster_care"


def test_the_manual_of_an_unknown_year_is_refused():
    with pytest.raises(UnknownName, match="no school year 2031"):
        manual_page(DICTIONARY, 2031)
