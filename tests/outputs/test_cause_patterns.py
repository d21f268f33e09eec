"""Mistakes of a whole export are seen as one thing to fix, and single slips are not taken for one."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from outputs.violation_report.cause_patterns import FEWEST_CELLS, FileShape
from outputs.violation_report.root_causes import assign_causes, find_causes
from tests.outputs.test_root_causes import IDENTITY, make_errors

SHAPE = FileShape(
    record_count=20,
    fewest_cells=2,
    columns=("SchoolCode", "DateOfBirth", "EntryDate", "Gender", "MemberFTE", "LunchStatus", "Hours"),
    date_columns=frozenset({"DateOfBirth", "EntryDate"}),
    code_widths={"SchoolCode": 4},
    kinds={
        ("DATE", "DateOfBirth"): "date", ("DATE", "EntryDate"): "date", ("REQ", "Gender"): "required",
        ("REQ", "StateID"): "required", ("CODE", "Gender"): "code_set", ("NUM", "MemberFTE"): "number",
        ("CODE", "LunchStatus"): "code_set", ("NUM", "Hours"): "number", ("SCHOOL", "SchoolCode"): "school",
    },
)  # fmt: skip
LINES = range(2, 22)


def causes(rows: list[dict[str, Any]]) -> list[tuple[str, str | None, tuple[str, ...], int]]:
    """Kind, detail, fields and errors of each cause."""
    found = find_causes(assign_causes(make_errors(rows), IDENTITY, SHAPE))
    return [(cause.kind, cause.detail, cause.fields, cause.errors) for cause in found]


def test_one_way_of_writing_dates_is_one_cause_over_all_fields() -> None:
    rows = [{"rule_id": "DATE", "field": "DateOfBirth", "line_number": line, "value": "2016-04-09"} for line in (2, 3)]
    rows += [{"rule_id": "DATE", "field": "EntryDate", "line_number": 2, "value": "2025-08-20"}]
    rows += [{"rule_id": "DATE", "field": "EntryDate", "line_number": 5, "value": "02/30/2025"}]
    assert causes(rows) == [("dates", "yyyy-mm-dd", ("DateOfBirth", "EntryDate"), 3), ("rule", None, ("EntryDate",), 1)]


@pytest.mark.parametrize(
    "value, style",
    [("2016/04/09", "yyyy/mm/dd"), ("04-09-2016", "mm-dd-yyyy"), ("04/09/16", "mm/dd/yy"), ("31/12/2016", "dd/mm/yyyy"),
     ("04092016", "eight digits without signs between"), ("42369", "day numbers of a spreadsheet"), ("soon", None)],
)  # fmt: skip
def test_ways_of_writing_dates(value: str, style: str | None) -> None:
    rows = [{"rule_id": "DATE", "field": "DateOfBirth", "line_number": line, "value": value} for line in (2, 3)]
    assert causes(rows)[0][1] == style


def test_missing_state_id_goes_with_the_date_that_held_it_back() -> None:
    rows = [{"rule_id": "DATE", "field": "DateOfBirth", "line_number": line, "value": "2016-04-09"} for line in (2, 3)]
    rows += [{"rule_id": "REQ", "field": "StateID", "line_number": line} for line in (2, 3)]
    (cause,) = find_causes(assign_causes(make_errors(rows), IDENTITY, SHAPE))
    assert (cause.kind, cause.errors, cause.own_errors, cause.fields) == ("dates", 4, 2, ("DateOfBirth",))


def test_column_empty_in_every_record() -> None:
    rows = [{"rule_id": "REQ", "field": "Gender", "line_number": line} for line in LINES]
    assert causes(rows) == [("empty", None, ("Gender",), 20)]


def test_column_empty_in_most_records_is_no_mistake_of_the_export() -> None:
    rows = [{"rule_id": "REQ", "field": "Gender", "line_number": line} for line in range(2, 20)]
    assert causes(rows) == [("rule", None, ("Gender",), 18)]


def test_state_id_that_nobody_has_is_no_empty_column() -> None:
    rows = [{"rule_id": "REQ", "field": "StateID", "line_number": line} for line in LINES]
    assert causes(rows)[0][0] == "rule"


def test_lost_zeros_take_all_errors_of_their_cells() -> None:
    rows = [{"rule_id": "SCHOOL", "field": "SchoolCode", "line_number": line, "value": "400"} for line in (2, 3)]
    rows += [{"rule_id": "SAME", "field": "SchoolCode", "line_number": line, "value": "400"} for line in (2, 3)]
    rows += [{"rule_id": "SCHOOL", "field": "SchoolCode", "line_number": 4, "value": "4999"}]
    assert causes(rows) == [("zeros", None, ("SchoolCode",), 4), ("rule", None, ("SchoolCode",), 1)]


def test_values_in_the_wrong_columns_of_some_records() -> None:
    shifted = [
        ("DATE", "EntryDate", "F"),
        ("CODE", "Gender", "1.00"),
        ("NUM", "MemberFTE", "P"),
        ("CODE", "LunchStatus", "12"),
    ]
    rows = [
        {"rule_id": rule, "field": field, "value": value, "line_number": line}
        for line in (2, 7)
        for rule, field, value in shifted
    ]
    rows += [{"rule_id": "CODE", "field": "Gender", "value": "X", "line_number": 9}]
    assert causes(rows) == [
        ("shifted", None, ("EntryDate", "Gender", "MemberFTE", "LunchStatus"), 8), ("rule", None, ("Gender",), 1),
    ]  # fmt: skip


def test_many_unknown_codes_in_one_record_are_not_called_shifted() -> None:
    rows = [{"rule_id": "CODE", "field": field, "value": "Y", "line_number": 2} for field in ("Gender", "LunchStatus")]
    assert {kind for kind, *_ in causes(rows)} == {"rule"}


def test_a_few_slips_are_no_pattern() -> None:
    rows = [
        {"rule_id": "DATE", "field": "DateOfBirth", "line_number": line, "value": "2016-04-09"} for line in range(2, 6)
    ]
    found = find_causes(assign_causes(make_errors(rows), IDENTITY, replace(SHAPE, fewest_cells=FEWEST_CELLS)))
    assert [cause.kind for cause in found] == ["rule"]


def test_one_slip_is_no_pattern() -> None:
    assert (
        causes([{"rule_id": "DATE", "field": "DateOfBirth", "line_number": 2, "value": "2016-04-09"}])[0][0] == "rule"
    )


def test_a_course_that_most_of_a_group_shares_describes_it() -> None:
    rows = [{"line_number": line} for line in range(2, 7)] + [{"line_number": 9, "rule_id": "R9", "field": "Gender"}]
    course = pl.Series("CourseNum", ["0512", "0512", "0512", "0512", "0777", "0101"])
    caused = assign_causes(make_errors(rows), IDENTITY).with_columns(course)
    first, second = find_causes(caused, ["CourseNum"])
    assert (first.shared, first.shared_errors) == (("CourseNum", "0512"), 4)
    assert second.shared is None
