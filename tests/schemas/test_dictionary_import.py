"""Saved pages of the state: the difference they make, the gaps they leave, and pages that are not what they claim."""

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from schemas.data_files import PROVENANCE_COLUMNS
from schemas.dictionary_import import compare_pages, read_pages
from schemas.errors import DictionaryError
from tests.schemas.batches import DICTIONARY

PAGES = Path(__file__).parent / "saved_pages"


@pytest.fixture(scope="module")
def plan():
    return compare_pages(DICTIONARY, read_pages([PAGES]))


def test_what_a_page_says_otherwise_becomes_a_row(plan):
    found = {each.what: {name: after for name, (_, after) in each.differences.items()} for each in plan.proposals}
    assert found == {
        "code R of Lunch_Status_Codes": {"meaning": "Reduced-price meals"},
        "code P of Lunch_Status_Codes": {"meaning": "Provision school, no application"},
        "referrals 2027: column LastName": {"required_jun": "Required"},
        "referrals 2027: column DelayReason": {
            "length": "250", "definition": "Why the evaluation took longer than sixty days",
        },
        "rule REF96114": {
            "severity": "E", "title": "Late without a reason",
            "message": "More than sixty days passed and DelayReason is empty",
        },
    }  # fmt: skip


def test_a_row_keeps_what_the_page_does_not_say_and_names_the_page(plan):
    row = next(each.row for each in plan.proposals if "DelayReason" in each.what)
    with (PAGES.parents[2] / "schemas/data_dictionary/2027/referrals.csv").open(newline="", encoding="utf-8") as file:
        shipped = next(row for row in csv.DictReader(file) if row["column"] == "DelayReason")
    assert row["source"] == f"saved page layout.html; {shipped['source']}"
    assert {name for name in shipped if row[name] != shipped[name]} == {"length", "definition", "source"}


def test_what_no_page_can_say_is_a_gap_and_never_a_row(plan):
    gaps = {each.what: each.reason for each in plan.gaps}
    assert "needs an access level" in gaps["referrals 2027: column ReferralSource"]
    assert "its condition, its fix and its examples" in gaps["rule REF07010"]
    assert "if it is out of use" in gaps["code U of Lunch_Status_Codes"]
    assert any(what.startswith("referrals 2027: not on the page: CurrentSchoolYear") for what in gaps)
    assert len(gaps) == 4
    assert not any("ReferralSource" in each.what or "REF07010" in each.what for each in plan.proposals)


def test_pages_that_say_what_the_overlay_says_change_nothing_more(plan, tmp_path):
    for each in plan.proposals:
        path = tmp_path / each.file
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*each.columns, *PROVENANCE_COLUMNS])
            if is_new:
                writer.writeheader()
            writer.writerow({**each.row, "changed_on": date(2026, 2, 3), "changed_by": "R. Book", "reason": "pages"})
    corrected = replace(DICTIONARY, overlay=tmp_path)
    corrected.__dict__["across_rules"] = DICTIONARY.across_rules
    again = compare_pages(corrected, read_pages([PAGES]))
    assert not again.proposals and len(again.gaps) == len(plan.gaps)


@pytest.mark.parametrize(
    "page, change, reason",
    [
        ("layout.html", ("2027Jun1.0Referrals", "2031Jun1.0Referrals"), "no CollectionVersion literal of the calendar"),
        ("layout.html", ("'2027Jun1.0Referrals'", "unsaid"), "layout.html: no CollectionVersion literal"),
        ("layout.html", ("<h1>", "<h1>'2026Jun1.0Referrals' "), "names 2026Jun1.0Referrals, 2027Jun1.0Referrals"),
        ("layout.html", ("VarChar2(60)", "Blob"), "layout.html table 2 row 2: type is 'Blob'"),
        ("layout.html", ("<td>250</td>", "<td>many</td>"), "layout.html table 2 row 3: length is 'many'"),
        (
            "layout.html",
            ("<td>Conditional</td>", "<td>Perhaps</td>"),
            "layout.html table 2 row 3: required is 'Perhaps'",
        ),
        ("layout.html", ("<td>DelayReason</td>", "<td>LastName</td>"), "table 2 row 3: column LastName stands twice"),
        ("layout.html", ("<td>DelayReason</td>", ""), "table 2 row 3: 7 cells where the table has 8 heads"),
        ("layout.html", ("<th>Length</th>", "<th>Size</th>"), "layout.html: no table of a layout"),
        ("rules.html", ("REF96114", "96114"), "rules.html table 1 row 2: Collection_Rule_ID is '96114'"),
        ("rules.html", ("<td>Error</td>", "<td>Fatal</td>"), "rules.html table 1 row 2: severity is 'Fatal'"),
        ("rules.html", ("<td>Holiday</td>", "<td></td>"), "rules.html table 1 row 3: Short_Title is empty"),
        ("codes.html", ("<td>P</td>", "<td>F</td>"), "table 1 row 3: code F of Lunch_Status_Codes stands twice"),
        ("codes.html", ("Lunch_Status_Codes", "Dinner_Codes"), "row 1: code set 'Dinner_Codes' does not exist"),
        ("codes.html", ("<td>Free</td>", "<td></td>"), "codes.html table 1 row 1: code or meaning is empty"),
    ],
)
def test_a_page_that_is_not_what_it_claims_is_refused_with_file_table_row_and_reason(tmp_path, page, change, reason):
    text = (PAGES / page).read_text("utf-8")
    assert change[0] in text
    (tmp_path / page).write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(DictionaryError) as refusal:
        compare_pages(DICTIONARY, read_pages([tmp_path / page]))
    assert reason in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"\x00\xff\x00", b"REF00201;E;too long"])
def test_what_is_no_page_is_refused(tmp_path, content):
    (tmp_path / "page.html").write_bytes(content)
    with pytest.raises(DictionaryError, match=r"^page.html: no "):
        read_pages([tmp_path / "page.html"])


def test_a_folder_without_pages_is_refused(tmp_path):
    with pytest.raises(DictionaryError, match="No saved page"):
        read_pages([tmp_path])
