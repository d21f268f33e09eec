"""Every rule that compares districts, on its own examples; and the edges of those that are easy to get wrong."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from schemas.across_files import STATE, AcrossRule
from schemas.dictionary import Dictionary, load_dictionary
from tests.outputs.state_level.rule_examples import bench, failing_rows, fill

RULES = {rule.rule_id: rule for rule in load_dictionary().across_rules if rule.scope == STATE}
HERE, THERE = "048078", "096091"
OCTOBER, JUNE = "2026Oct1.0StuCore", "2026Jun1.0StuEnrlAttnd"
CHILD = "1000000008"


@pytest.fixture(scope="module")
def views(dictionary: Dictionary) -> Iterator[duckdb.DuckDBPyConnection]:
    con = bench(dictionary)
    yield con
    con.close()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_examples_of_every_rule(views: duckdb.DuckDBPyConnection, dictionary: Dictionary, rule: AcrossRule) -> None:
    assert failing_rows(views, dictionary, rule, rule.passing_example) == 0
    assert failing_rows(views, dictionary, rule, rule.failing_example) >= 1


def test_no_rule_stops_certification() -> None:
    assert {rule.severity for rule in RULES.values()} == {"W"}


def ask(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, rule_id: str, here: Any, there: Any, version: str
) -> list[dict[str, Any]]:
    """What a rule finds about one record in each of two districts; null for a file without the child."""
    con.execute("BEGIN")
    try:
        for district, record in ((HERE, here), (THERE, there)):
            rows = [{"state_id": CHILD, **record}] if record is not None else [{"state_id": "1000000016"}]
            fill(con, dictionary, f"statewide {version} of {district}", rows)
        found = con.sql(f"SELECT * FROM ({RULES[rule_id].sql}) WHERE fails").pl()
        return found.to_dicts()
    finally:
        con.execute("ROLLBACK")


@pytest.mark.parametrize(
    ("here", "there", "is_found"),
    [
        ({"residency_status": "R1"}, {"residency_status": "R1"}, True),
        ({"residency_status": "PT"}, {"residency_status": "R1"}, False),  # part-time pupils may be in two
        ({"residency_status": "NR", "resident_district_code": THERE}, {"residency_status": "R1"}, False),
        ({"residency_status": "NR", "resident_district_code": "115115"}, {"residency_status": "R1"}, True),
        ({"residency_status": "R2", "attending_district_code": THERE}, {"residency_status": "R1"}, False),
    ],
)
def test_enrolled_twice_leaves_residency_to_its_own_rules(
    views: duckdb.DuckDBPyConnection, dictionary: Dictionary, here: Any, there: Any, is_found: bool
) -> None:
    both = {"enrolled_on_count_date": "Y"}
    found = ask(views, dictionary, "STC99020", {**both, **here}, {**both, **there}, OCTOBER)
    assert sorted(row["other_district_code"] for row in found) == ([HERE, THERE] if is_found else [])


@pytest.mark.parametrize(("fte", "is_found"), [("0.50", False), ("0.51", True)])
def test_membership_is_added_up_to_one(
    views: duckdb.DuckDBPyConnection, dictionary: Dictionary, fte: str, is_found: bool
) -> None:
    found = ask(views, dictionary, "STC99030", {"member_fte": "0.50"}, {"member_fte": fte}, OCTOBER)
    assert bool(found) is is_found


@pytest.mark.parametrize(
    ("entry", "exit_", "is_found"),
    [
        ("2025-12-19", "2026-05-22", False),  # the day of the move stands in both
        ("2025-12-18", "2026-05-22", True),
        ("2025-10-01", "2025-10-01", False),  # a no-show
        ("2025-10-01", None, True),  # no exit yet
    ],
)
def test_segments_may_touch(
    views: duckdb.DuckDBPyConnection, dictionary: Dictionary, entry: str, exit_: str | None, is_found: bool
) -> None:
    here = {"entry_date": "2025-08-20", "exit_date": "2025-12-19"}
    found = ask(views, dictionary, "SEA99010", here, {"entry_date": entry, "exit_date": exit_}, JUNE)
    assert bool(found) is is_found


def test_transfer_out_waits_for_the_district_named(views: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    left = {"entry_date": "2025-08-20", "exit_date": "2025-12-19", "exit_code": "T002"}
    (named, other) = ask(views, dictionary, "SEA99020", {**left, "exit_dest_district_code": THERE}, None, JUNE)
    assert (named["side"], named["other_district_code"], str(named["opens_on"])) == ("left", THERE, "2026-01-18")
    assert (other["side"], other["line_number"], other["other_district_code"]) == ("named", None, HERE)
    (unsent,) = ask(views, dictionary, "SEA99020", {**left, "exit_dest_district_code": "115115"}, None, JUNE)
    assert (unsent["waits_for"], str(unsent["opens_on"])) == ("115115", "2026-07-01")


@pytest.mark.parametrize(("hours", "is_found"), [("500", False), ("0", True)])
def test_transfer_is_confirmed_by_attendance(
    views: duckdb.DuckDBPyConnection, dictionary: Dictionary, hours: str, is_found: bool
) -> None:
    left = {"entry_date": "2025-08-20", "exit_date": "2025-12-19", "exit_code": "T002"}
    there = {"entry_date": "2026-01-05", "exit_date": "2026-05-22", "regular_hours_attended": hours}
    assert bool(ask(views, dictionary, "SEA99020", left, there, JUNE)) is is_found
