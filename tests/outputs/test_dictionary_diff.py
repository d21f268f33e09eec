"""What changes from one school year to another: on two small dictionaries, and the shipped years on a page."""

from dataclasses import replace
from datetime import date

import pytest

from outputs.dictionary_diff import compare_years, difference_page, difference_text
from outputs.dictionary_diff.columns import compare_columns
from outputs.dictionary_diff.text import difference_json
from schemas.dictionary import Code, Dictionary, RecordLayout
from schemas.errors import UnknownName
from tests.schemas.batches import DICTIONARY

CORE = DICTIONARY.layout("student_core", 2026)
CYCLES = frozenset({"Oct", "Jun"})


@pytest.fixture(scope="module")
def shipped():
    return compare_years(DICTIONARY, 2026, 2027)


def _with(name: str, **changes) -> RecordLayout:
    fields = tuple(replace(field, **changes) if field.standard_name == name else field for field in CORE.fields)
    return replace(CORE, fields=fields)


@pytest.mark.parametrize(
    "after, expected",
    [
        (_with("gifted", column="GiftedStudent"), ("renamed", "GiftedStudent", "Gifted", "GiftedStudent")),
        (_with("last_name", length=80), ("lengthened", "LastName", "60", "80")),
        (_with("last_name", length=50), ("shortened", "LastName", "60", "50")),
        (_with("gifted", code_set=None), ("changed", "Gifted", "Yes_No", None)),
        (_with("gifted", requirements={"": "Required"}), ("requirement", "Gifted", "Optional", "Required")),
        (_with("zip_code", type="Integer"), ("changed", "ZipCode", "Text 10", "Integer 10")),
    ],
)
def test_each_kind_of_change_of_a_column_is_told_once(after, expected):
    (change,) = compare_columns(CORE, after, CYCLES, CYCLES)
    assert (change.kind, change.column, change.before, change.after) == expected


def test_a_column_more_and_a_column_less():
    fewer = replace(CORE, fields=tuple(field for field in CORE.fields if field.standard_name != "gifted"))
    (dropped,) = compare_columns(CORE, fewer, CYCLES, CYCLES)
    (added,) = compare_columns(fewer, CORE, CYCLES, CYCLES)
    assert (dropped.kind, dropped.column) == ("dropped", "Gifted")
    assert (added.kind, added.column) == ("added", "Gifted") and "after LunchStatus" in added.words


def test_a_requirement_that_moves_in_one_cycle_names_that_cycle():
    after = _with("gifted", requirements={"": "Optional", "Jun": "Required"})
    (change,) = compare_columns(CORE, after, CYCLES, CYCLES)
    assert change.words == "Required in June; was Optional."


@pytest.mark.parametrize(
    "code, told",
    [
        (Code("Q", "Q", None, date(2026, 7, 1), None, "s"), [("added", "Q")]),
        (Code("Q", "Q", None, date(2026, 6, 30), None, "s"), []),
        (Code("Q", "Q", None, None, date(2026, 6, 30), "s"), [("expired", "Q")]),
        (Code("Q", "Q", None, None, date(2026, 7, 1), "s"), []),
        (Code("Q", "Q", None, date(2027, 7, 1), None, "s"), []),
    ],
)
def test_a_code_is_told_where_it_begins_or_ends_between_the_years(code, told):
    codes = {name: (code,) if name == "Yes_No" else () for name in DICTIONARY.code_sets}
    small = Dictionary(DICTIONARY.layouts, codes, (), DICTIONARY.id_batch, "v")
    assert [(each.kind, each.code) for each in compare_years(small, 2026, 2027).codes] == told


def test_the_shipped_year_has_a_difference_of_every_kind(shipped):
    kinds = {change.kind for layout in shipped.layouts for change in layout.columns}
    assert {"added", "dropped", "renamed", "lengthened", "requirement"} <= kinds
    assert {change.kind for layout in shipped.layouts for change in layout.rules} == {"added", "dropped", "changed"}
    assert {code.kind for code in shipped.codes} == {"added", "expired"}
    assert {day.kind for day in shipped.dates} == {"same", "moved", "new"}
    assert [layout.layout for layout in shipped.layouts if layout.kind == "new"] == ["school_calendar_header"]


def test_what_both_years_share_is_not_told(shipped):
    core = next(layout for layout in shipped.layouts if layout.layout == "student_core")
    assert "LastName" not in {change.column for change in core.columns}
    assert "STC91110" not in {rule.rule_id for rule in core.rules}


def test_dates_stand_in_the_order_in_which_they_are_due(shipped):
    days = [day.due_date for day in shipped.dates]
    assert days == sorted(days)


def test_text_json_and_page_tell_the_same(shipped):
    text, page = difference_text(shipped), difference_page(shipped).decode()
    told = difference_json(shipped)
    for layout in told["layouts"]:
        for change in layout["columns"]:
            assert change["column"] in text and change["column"] in page
    assert ".." not in text and "2027JunSchoolCalHeader" in text


def test_an_unknown_year_is_refused():
    with pytest.raises(UnknownName, match="no school year 2031"):
        compare_years(DICTIONARY, 2026, 2031)
