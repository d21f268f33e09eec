"""The operator's worklist: values side by side, differences marked, weights as bars, nothing of a student becomes markup."""

from datetime import date
from pathlib import Path
from typing import Any

from outputs.review_page import Candidate, Group, Proposal, Question, Worklist, worklist_html
from outputs.review_page.page import comparison_rows
from tests.outputs.browser import IN_BROWSER

SENT = {"last_name": "Ruiz", "first_name": "Jaden", "birth_date": "03/05/2012", "ssn": "on record", "grade": "07"}
KNOWN = {**SENT, "first_name": "Jayden", "middle_name": "Lee", "grade": "06"}
BITS = {
    "last_name": 15.8,
    "first_name": -0.7,
    "middle_name": 0.0,
    "birth_date": 12.2,
    "ssn": -60.0,
    "circumstances": -13.3,
}
LEVELS = {"last_name": "SAME", "first_name": "NEAR", "middle_name": "MISSING", "birth_date": "SAME", "ssn": "DIFFERENT"}


def candidate(state_id: str = "1000000001", **record: str) -> Candidate:
    return Candidate(state_id, 7.1, "Same last name.", {**KNOWN, **record}, LEVELS, BITS)


def question(name: str = "NM1", **record: str) -> Question:
    return Question(name, "048078", "Kansas City 33", "core.csv", 3, 9, {**SENT, **record}, [candidate()])


def worklist(*groups: Group) -> Worklist:
    pair = Proposal("MP1", "1000000001", "1000000002", "Much alike.", 0, 4.0, SENT, KNOWN)
    return Worklist(date(2025, 11, 3), groups, [pair])


def group(*questions: Question, is_single: bool = True) -> Group:
    return Group("G1", "Same last name", "NOT_SURE", "A known child is like this one.", is_single, questions)


def test_rows_say_what_differs_and_what_it_weighs() -> None:
    rows = {label: (sent, cell) for label, sent, (cell,) in comparison_rows(question())}
    kinds = {label: (sent, cell.text, cell.kind, cell.bits) for label, (sent, cell) in rows.items()}
    assert kinds == {
        "Last name": ("Ruiz", "Ruiz", "same", "+15.8"),
        "First name": ("Jaden", "Jayden", "differs", "\u22120.7"),
        "Middle name": ("", "Lee", "unknown", "0"),
        "Birth date": ("03/05/2012", "03/05/2012", "same", "+12.2"),
        "SSN": ("on record", "another", "differs", "\u221260.0"),
        "Grade": ("07", "06", "same", ""),
        "All else": ("", "", "same", "\u221213.3"),
    }
    last, ssn = rows["Last name"][1], rows["SSN"][1]
    assert (last.start, last.width) == (50.0, 39.5)
    # A bar against one child ends in the middle and never leaves its track.
    assert (ssn.start, ssn.width) == (0.0, 50.0)


def test_a_value_never_becomes_markup() -> None:
    hostile = "</script><img src=x onerror=alert(1)>"
    page = worklist_html(worklist(group(question(last_name=hostile)))).decode()
    assert hostile not in page and "&lt;/script&gt;&lt;img" in page


def test_a_group_of_one_candidate_each_can_be_same_as_a_whole() -> None:
    whole = '<input type="radio" name="G1" value="SAME"'
    assert whole in worklist_html(worklist(group(question("NM1"), question("NM2")))).decode()
    assert whole not in worklist_html(worklist(group(question("NM1"), question("NM2"), is_single=False))).decode()
    assert 'name="G1"' not in worklist_html(worklist(group(question("NM1")))).decode()


def test_nothing_open_is_said() -> None:
    page = worklist_html(Worklist(date(2025, 11, 3), [], [])).decode()
    assert "Nothing waits for a decision" in page and "<script" not in page


@IN_BROWSER[0]
@IN_BROWSER[1]
def test_decisions_are_made_by_keyboard_and_saved(page: Any, tmp_path: Path) -> None:
    path = tmp_path / "worklist.html"
    path.write_bytes(worklist_html(worklist(group(question("NM1"), question("NM2")))))
    page.goto(path.as_uri())
    assert page.inner_text("#decided") == "Nothing decided yet." and page.is_disabled("#save")
    page.focus('input[name="G1"]')
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#decided") == "2 of 3 decided."
    page.focus('input[name="NM1"]')
    page.keyboard.press("ArrowRight")
    page.check('input[name="MP1"][value="DIFFERENT"]')
    assert page.inner_text("#decided") == "3 of 3 decided."
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "decisions.csv"
    assert Path(download.value.path()).read_text("utf-8").split() == [
        "Item,Kind,Decision,SameAs,Candidates,Members,District,Reason,AgeDays",
        "G1,group,DIFFERENT,,,NM1", "NM2,,,",
        "NM1,question,SAME,1000000001,1000000001,,,,",
        "MP1,proposal,DIFFERENT,,1000000001", "1000000002,,,,",
    ]  # fmt: skip
