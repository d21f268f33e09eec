"""What goes on from file to file: states, decisions, waivers and their last day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from outputs.violation_desk.waivers import WAIVER_SCHEMA
from outputs.violation_lifecycle import apply_waivers, carry_over
from outputs.violation_rows import VIOLATION_ROW_SCHEMA

MONDAY = datetime(2025, 10, 6, 14, tzinfo=UTC)
TODAY = date(2025, 10, 7)


def rows(*changes: dict[str, Any]) -> pl.DataFrame:
    usual = dict.fromkeys(VIOLATION_ROW_SCHEMA) | {
        "submission_id": "new", "district_code": "048078", "school_code": "1050", "layout": "student_core",
        "collection_version": "2026Oct1.0StuCore", "line_number": 2, "field": "Gender", "rule_id": "STC00901",
        "severity": "E", "scope": "record", "message": "m", "state_id": "1", "status": "open", "changed_by": "file",
        "first_seen_at": MONDAY, "last_seen_at": MONDAY,
    }  # fmt: skip
    return pl.DataFrame([{**usual, **change} for change in changes], schema=VIOLATION_ROW_SCHEMA)


def waivers(*changes: dict[str, Any]) -> pl.DataFrame:
    usual = {
        "collection_version": "2026Oct1.0StuCore", "rule_id": "STC00901", "district_code": None, "school_code": None,
        "until": date(2025, 10, 31), "waiver_number": 7,
    }  # fmt: skip
    return pl.DataFrame([{**usual, **change} for change in changes], schema=WAIVER_SCHEMA)


def test_a_decision_goes_on_with_its_row_and_ends_when_the_row_was_fixed() -> None:
    earlier = rows(
        {"submission_id": "old", "status": "waived", "waived_until": date(2025, 12, 1), "decision_number": 4,
         "changed_by": "decision"},
        {"submission_id": "old", "state_id": "2", "status": "fixed", "decision_number": 5, "changed_by": "decision"},
    )  # fmt: skip
    found = rows({}, {"state_id": "2"}, {"state_id": "3"}).drop("status", "first_seen_at")
    later = found.with_columns(last_seen_at=pl.lit(MONDAY + timedelta(days=1)).cast(pl.Datetime("us", "UTC")))
    matched = carry_over(later, earlier.with_row_index("prior_row"))
    told = matched.violations.select("status", "life", "waived_until", "decision_number", "changed_by").rows()
    assert told == [
        ("waived", "still_open", date(2025, 12, 1), 4, "decision"),
        ("reopened", "reopened", None, None, "file"),
        ("open", "new", None, None, "file"),
    ]


def test_a_waiver_covers_its_rule_collection_and_places_alone() -> None:
    found = rows(
        {}, {"rule_id": "STC00902"}, {"collection_version": "2026Dec1.0StuCore"}, {"district_code": "010004"},
        {"school_code": "4020"}, {"status": "accepted"}, {"status": "contacted"},
    )  # fmt: skip
    given = waivers({"district_code": "048078", "school_code": "1050"})
    statuses = apply_waivers(found, given, TODAY)["status"].to_list()
    assert statuses == ["waived", "open", "open", "open", "open", "accepted", "waived"]
    everywhere = apply_waivers(found, waivers({}), TODAY)["status"].to_list()
    assert everywhere == ["waived", "open", "open", "waived", "waived", "accepted", "waived"]


def test_a_waiver_stands_to_the_end_of_its_last_day_and_the_longest_one_counts() -> None:
    found = rows(
        {"status": "waived", "waived_until": TODAY},
        {"status": "waived", "waived_until": TODAY - timedelta(days=1), "decision_number": 3},
    )
    alone = apply_waivers(found, waivers(), TODAY)
    assert alone.select("status", "changed_by").rows() == [("waived", "file"), ("reopened", "decision")]
    both = waivers({"until": date(2025, 11, 1), "waiver_number": 8}, {"until": date(2025, 12, 1), "waiver_number": 9})
    covered = apply_waivers(found, both, TODAY)
    assert covered.select("status", "waived_until", "decision_number").rows()[1] == ("waived", date(2025, 12, 1), 9)
