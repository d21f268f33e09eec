"""Rules that compare files: what cannot work is refused with file, row and reason; the state's overlay corrects a query."""

import csv
from pathlib import Path

import pytest

from schemas.across_files import ACROSS_COLUMNS, read_across_rules
from schemas.dictionary import Dictionary, load_dictionary
from schemas.errors import RuleBookError
from schemas.rules import load_rule_book

DICTIONARY = load_dictionary()
GOOD_QUERY = "SELECT submission_id, line_number, gender = 'X' AS fails FROM judged_student_core"
GOOD_ROW = {
    "rule_id": "STC98999", "scope": "collection", "layout": "student_core", "cycles": "Oct", "severity": "W",
    "fields": "gender", "query": "tried", "title": "Title", "message": "Message", "fix": "Fix", "source": "this test",
    "first_year": "", "last_year": "", "passing_example": "{}", "failing_example": "{}",
}  # fmt: skip
ROW, SQL = "rule_book/across_files.csv line 2: ", "rule_book/across_files/tried.sql: "


def read(folder: Path, sql: str | None = GOOD_QUERY, **changes: str) -> tuple[str, ...]:
    """Write a book of one rule and try it out; the columns its query gives."""
    queries = folder / "rule_book" / "across_files"
    queries.mkdir(parents=True)
    with (folder / "rule_book" / "across_files.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ACROSS_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerow(GOOD_ROW | changes)
    if sql is not None:
        (queries / "tried.sql").write_text(sql, "utf-8")
    (rule,) = read_across_rules(DICTIONARY, folder)
    return tuple(sorted(rule.answers))


def test_a_rule_that_works_is_read(tmp_path):
    assert read(tmp_path, f"-- a comment; with 'a quote\n{GOOD_QUERY};\n") == ("fails", "line_number", "submission_id")


@pytest.mark.parametrize(
    "query, reason",
    [
        (None, "tried.sql does not exist"),
        ("SELECT submission_id, line_number FROM judged_student_core", "gives no column fails"),
        (f"{GOOD_QUERY}; SELECT 1", "must be one SELECT"),
        ("DROP TABLE judged_student_core", "must be one SELECT"),
        (GOOD_QUERY.replace("gender", "sex"), 'Referenced column "sex" not found'),
        (GOOD_QUERY.replace("judged_student_core", "collection.student_core"), "does not exist"),
        (GOOD_QUERY.replace("judged_", "statewide_"), "statewide_student_core exists in scope state alone"),
        (GOOD_QUERY.replace("gender = 'X'", "CAST(gender AS INTEGER) = 1"), "CAST stops at the first bad value"),
        (GOOD_QUERY.replace("gender = 'X'", "gender::INTEGER = 1"), ":: stops at the first bad value"),
        (GOOD_QUERY.replace("gender = 'X'", "gender"), "fails is VARCHAR; it must be BOOLEAN"),
        (GOOD_QUERY.replace("fails", "fails, grade AS other"), "it gives other; a rule gives"),
    ],
)
def test_a_query_that_cannot_work_is_refused(tmp_path, query, reason):
    with pytest.raises(RuleBookError) as refusal:
        read(tmp_path, query)
    assert str(refusal.value).startswith(ROW) and reason in str(refusal.value) and refusal.value.exit_code == 6


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"fields": "shoe_size"}, "field shoe_size is in no student_core layout"),
        ({"layout": "shoes"}, "layout is 'shoes'"),
        ({"scope": "record"}, "scope is 'record'"),
        ({"severity": "X"}, "severity is 'X'"),
        ({"cycles": "Jan"}, "cycle Jan has no student_core collection"),
        ({"message": ""}, "message is empty"),
        ({"query": "../tried"}, "it names a file"),
        ({"scope": "state"}, f"{SQL}it gives no column other_district_code"),
    ],
)
def test_a_row_that_cannot_work_is_refused(tmp_path, changes, reason):
    with pytest.raises(RuleBookError) as refusal:
        read(tmp_path, **changes)
    assert str(refusal.value).startswith(ROW) and reason in str(refusal.value)


def with_overlay_query(folder: Path, query: str) -> Dictionary:
    """The shipped dictionary with one query corrected by the state."""
    queries = folder / "rule_book" / "across_files"
    queries.mkdir(parents=True)
    (queries / "june_gender_changed.sql").write_text(query, "utf-8")
    return load_dictionary(folder)


def test_the_overlay_corrects_a_query_and_the_version_of_the_book_tells(tmp_path):
    shipped = load_rule_book(DICTIONARY, "2026Jun1.0StuCore")
    corrected = load_rule_book(with_overlay_query(tmp_path, GOOD_QUERY), "2026Jun1.0StuCore")
    assert corrected.version != shipped.version
    (rule,) = [each.rule for each in corrected.across if each.rule_id == "STC98002"]
    assert rule.sql == GOOD_QUERY


def test_a_broken_correction_is_refused_whatever_collection_is_read(tmp_path):
    with pytest.raises(RuleBookError, match="june_gender_changed"):
        load_rule_book(with_overlay_query(tmp_path, "SELECT nothing"), "2026Oct1.0StuCore")


def test_a_desk_without_the_other_files_says_what_it_did_not_check():
    assert {"STC03410", "STC98001"} <= set(load_rule_book(DICTIONARY, "2026Jun1.0StuCore").not_checked(True))
