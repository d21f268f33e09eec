"""The other student layouts: a clean record of each collection, and what is filled is said."""

import csv

import pytest

from schemas.dictionary import DATA_FOLDER
from schemas.rules import RuleBook, load_rule_book
from schemas.validation import validate_records
from tests.schemas.batches import DICTIONARY, DISTRICT, submissions, write_directory
from tests.schemas.clean_students import CLEAN_STUDENTS, LAYOUTS, clean_records

BOOKS: dict[str, RuleBook] = {literal: load_rule_book(DICTIONARY, literal) for literal in CLEAN_STUDENTS}
WRITTEN = list(
    {
        (book.layout.name, rule.rule_id, rule.condition): (book, rule)
        for book in BOOKS.values()
        for rule in book.rules
        if rule.kind == "written"
    }.values()
)


@pytest.mark.parametrize("literal", list(CLEAN_STUDENTS))
def test_a_clean_record_breaks_no_rule(literal, tmp_path):
    book = BOOKS[literal]
    for after_identify in (False, True):
        records = clean_records(book.layout, literal)
        if after_identify:
            records = _validated(book, records, tmp_path).records.with_columns(state_id="submitted_state_id")
        found = _validated(book, records, tmp_path, after_identify=after_identify)
        assert found.violations.select("field", "rule_id").rows() == []


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_row_of_the_book_is_in_some_collection_and_every_year_has_it(layout):
    with (DATA_FOLDER / f"rule_book/{layout}.csv").open(encoding="utf-8") as file:
        rows = {row["rule_id"] for row in csv.DictReader(file)}
    newest = [
        one for one in DICTIONARY.collections if (one.layout, one.school_year) == (layout, DICTIONARY.school_years[-1])
    ]
    later = [rule for one in newest for rule in load_rule_book(DICTIONARY, one).rules if rule.kind == "written"]
    used = {rule.rule_id for book, rule in WRITTEN if book.layout.name == layout} | {rule.rule_id for rule in later}
    assert used == rows
    for literal, book in BOOKS.items():
        if book.layout.name == layout and literal.startswith("2026"):
            twin = load_rule_book(DICTIONARY, literal.replace("2026", "2025"))
            assert [rule.key for rule in twin.rules] == [rule.key for rule in book.rules]


@pytest.mark.parametrize("layout, at_least", [(layout, least) for layout, least in LAYOUTS.items() if least])
def test_the_book_is_deep(layout, at_least):
    assert len({rule.rule_id for book, rule in WRITTEN if book.layout.name == layout}) >= at_least


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_field_names_what_this_project_filled(layout):
    for field in DICTIONARY.layout(layout, 2026).fields:
        assert "this project" in field.source, field.column


def test_texts_hold_no_slot_and_fixes_end_in_a_full_stop():
    for _, rule in WRITTEN:
        assert not set("{}") & set(rule.title + rule.message + rule.fix)
        assert rule.message[0].isupper() and rule.fix.endswith(".") and rule.source


def _validated(book, records, tmp_path, **more):
    directory = write_directory(tmp_path)
    return validate_records(
        records, submissions(one=DISTRICT), layout=book.layout, rule_book=book, directory=directory, **more
    )
