"""Every error belongs to one thing to fix; what goes together is counted together."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outputs.violation_report.root_causes import assign_causes, find_causes
from outputs.violation_rows import VIOLATION_ROW_SCHEMA

IDENTITY = frozenset({"DateOfBirth", "LastName"})


def make_errors(rows: list[dict[str, Any]]) -> pl.DataFrame:
    usual = dict.fromkeys(VIOLATION_ROW_SCHEMA) | {
        "severity": "E", "rule_id": "R1", "field": "LunchStatus", "line_number": 2, "message": "is wrong",
        "school_code": "4020",
    }  # fmt: skip
    return pl.DataFrame([{**usual, **row} for row in rows], schema=VIOLATION_ROW_SCHEMA)


def groups(rows: list[dict[str, Any]]) -> list[tuple[str, str | None, int, int]]:
    """Rule, field, errors and records of each cause."""
    causes = find_causes(assign_causes(make_errors(rows), IDENTITY))
    return [(cause.rule_id, cause.field, cause.errors, cause.records) for cause in causes]


def test_largest_group_first_ties_by_rule() -> None:
    rows = [
        {"rule_id": "R2", "line_number": 5, "field": "Gender"},
        {"rule_id": "R1", "line_number": 6, "field": "County"},
    ]
    rows += [{"rule_id": "R3", "line_number": line, "field": "MemberFTE"} for line in (2, 3)]
    assert groups(rows) == [("R3", "MemberFTE", 2, 2), ("R1", "County", 1, 1), ("R2", "Gender", 1, 1)]


def test_errors_of_one_cell_go_together() -> None:
    rows = [{"rule_id": "TYPE", "line_number": line} for line in (2, 3, 4)]
    rows += [{"rule_id": "CODE", "line_number": 2}, {"rule_id": "CODE", "line_number": 9}]
    assert groups(rows) == [("TYPE", "LunchStatus", 4, 3), ("CODE", "LunchStatus", 1, 1)]


def test_missing_state_id_goes_with_what_held_it_back() -> None:
    rows = [{"rule_id": "DATE", "field": "DateOfBirth", "line_number": 2}]
    rows += [{"rule_id": "ID", "field": "StateID", "line_number": line} for line in (2, 3)]
    rows += [{"rule_id": "LUNCH", "line_number": 3}]
    assert groups(rows) == [("DATE", "DateOfBirth", 2, 1), ("ID", "StateID", 1, 1), ("LUNCH", "LunchStatus", 1, 1)]


def test_errors_of_one_rule_that_ask_for_different_things_stand_apart() -> None:
    rows = [{"rule_id": "ID", "field": "StateID", "line_number": line, "fix": "Blank it."} for line in (2, 3)]
    rows += [{"rule_id": "ID", "field": "StateID", "line_number": 4, "fix": "Answer the question."}]
    causes = find_causes(assign_causes(make_errors(rows), IDENTITY))
    assert [(cause.fix, cause.errors) for cause in causes] == [("Blank it.", 2), ("Answer the question.", 1)]


def test_errors_about_the_whole_file_stand_for_themselves() -> None:
    rows = [
        {"rule_id": "EMPTY", "field": None, "line_number": None},
        {"rule_id": "KEY", "field": None, "line_number": None},
    ]
    assert groups(rows) == [("EMPTY", None, 1, 0), ("KEY", None, 1, 0)]


@pytest.mark.parametrize("others, value", [(1, "P"), (2, None)])
def test_value_describes_a_group_from_four_fifths_on(others: int, value: str | None) -> None:
    rows = [{"line_number": line, "value": "P"} for line in range(2, 6)]
    rows += [{"line_number": 50 + line, "value": f"X{line}"} for line in range(others)]
    (cause,) = find_causes(assign_causes(make_errors(rows), IDENTITY))
    assert (cause.value, cause.value_errors) == (value, 4 if value else 0)


@pytest.mark.parametrize("other_school, school", [("1050", "4020"), ("4020", None)])
def test_school_describes_a_group_only_where_there_are_several(other_school: str, school: str | None) -> None:
    rows = [{"line_number": line} for line in range(2, 6)]
    rows += [{"line_number": 9, "rule_id": "R9", "field": "Gender", "school_code": other_school}]
    assert find_causes(assign_causes(make_errors(rows), IDENTITY))[0].school_code == school


def test_no_errors_no_causes() -> None:
    assert groups([]) == []


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "rule_id": st.sampled_from(["R1", "R2", "R3"]),
                "field": st.sampled_from([None, "LunchStatus", "DateOfBirth", "StateID"]),
                "line_number": st.one_of(st.none(), st.integers(1, 5)),
                "school_code": st.sampled_from([None, "4020", "1050"]),
                "value": st.sampled_from([None, "P", "Q"]),
            }
        )
    )
)
def test_counts_of_all_causes_add_up_to_all_errors(rows: list[dict[str, Any]]) -> None:
    caused = assign_causes(make_errors(rows), IDENTITY)
    assert caused.height == len(rows)
    assert sum(cause.errors for cause in find_causes(caused)) == len(rows)
