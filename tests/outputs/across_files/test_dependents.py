"""Findings of rules across files over time: opened with the file, fixed and reopened when the file they compare with changes."""

from dataclasses import replace
from datetime import timedelta

import duckdb
import polars as pl
import pytest

from outputs.across_files import AcrossDefect, Comparisons, find_dependents, judge, judge_again, judge_dependents
from outputs.store import Versions, store_group
from outputs.violation_desk.standing import recount
from schemas.dictionary import Dictionary
from tests.outputs.across_files.example_state import DISTRICT, store_file
from tests.outputs.conftest import RECEIVED, make_assignments, make_records, make_submission, no_rule_runs

OCT, JUN, POSTS, COURSES = "2026Oct1.0StuCore", "2026Jun1.0StuCore", "2026Oct1.0EdSchool", "2026Oct1.0CrsAssign"
CHILD, OTHER_CHILD = "1000000008", "1000000017"
POST = {"educator_id": "E1", "position_code": "60", "cte_program_code": "0210"}


@pytest.fixture(scope="module")
def comparisons(dictionary: Dictionary) -> Comparisons:
    return Comparisons.of(dictionary)


def rows(con: duckdb.DuckDBPyConnection, rule_id: str) -> list[tuple[str, int | None, str, str | None]]:
    """Submission, line, status and what changed it, of one rule's stored violations."""
    return con.execute(
        "SELECT submission_id, line_number, status, changed_by FROM quality.violation WHERE rule_id = ? ORDER BY ALL",
        [rule_id],
    ).fetchall()


def counts(con: duckdb.DuckDBPyConnection, name: str) -> tuple[int, str]:
    return con.execute("SELECT error_count, outcome FROM intake.submission WHERE submission_id = ?", [name]).fetchall()[
        0
    ]


def set_status(con: duckdb.DuckDBPyConnection, name: str, status: str) -> None:
    con.execute("UPDATE intake.submission SET status = ? WHERE submission_id = ?", [status, name])


def test_an_error_goes_when_the_other_file_is_certified_and_comes_back_when_it_is_taken_back(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, comparisons: Comparisons
) -> None:
    store_file(con, dictionary, "posts", POSTS, [POST])
    store_file(con, dictionary, "courses", COURSES, [POST, {**POST, "position_code": "10"}])
    assert judge_again(con, ["courses"], comparisons, at=RECEIVED) == ["courses"]
    assert rows(con, "CRS00002") == [("courses", None, "open", "other_file")]
    assert counts(con, "courses") == (1, "accepted_with_violations")
    set_status(con, "posts", "certified")
    assert find_dependents(con, ["posts"], comparisons) == ["courses"]
    assert judge_dependents(con, ["posts"], comparisons, at=RECEIVED + timedelta(days=1)) == ["courses"]
    assert rows(con, "CRS00002") == [("courses", 3, "open", "other_file"), ("courses", None, "fixed", "other_file")]
    assert judge_dependents(con, ["posts"], comparisons, at=RECEIVED + timedelta(days=2)) == [], "nothing changed"
    set_status(con, "posts", "trial")
    judge_dependents(con, ["posts"], comparisons, at=RECEIVED + timedelta(days=3))
    assert rows(con, "CRS00002") == [("courses", 3, "fixed", "other_file"), ("courses", None, "reopened", "other_file")]
    assert counts(con, "courses")[0] == 1


def test_a_waived_error_that_goes_takes_no_other_off_the_count(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, comparisons: Comparisons
) -> None:
    store_file(con, dictionary, "posts", POSTS, [POST])
    store_file(con, dictionary, "courses", COURSES, [POST])
    judge_again(con, ["courses"], comparisons, at=RECEIVED)
    con.execute("UPDATE quality.violation SET status = 'waived', waived_until = DATE '2999-01-01'")
    con.execute(
        "INSERT INTO quality.violation BY NAME SELECT * REPLACE ('open' AS status, 'record' AS scope, 'CRS1' AS rule_id, "
        "NULL AS waived_until) FROM quality.violation WHERE rule_id = 'CRS00002'"
    )
    recount(con, ["courses"])
    assert counts(con, "courses")[0] == 1
    set_status(con, "posts", "certified")
    assert judge_dependents(con, ["posts"], comparisons, at=RECEIVED + timedelta(days=1)) == ["courses"]
    assert counts(con, "courses")[0] == 1, "the error of the file itself still stands"


def test_a_row_that_is_still_there_keeps_its_first_day_and_what_people_decided(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, comparisons: Comparisons
) -> None:
    child = {"state_id": CHILD, "gender": "F", "birth_date": "2015-03-04"}
    store_file(
        con, dictionary, "october", OCT, [{**child, "gender": "M", "birth_date": "2015-04-03"}], status="certified"
    )
    store_file(con, dictionary, "june", JUN, [child])
    judge_again(con, ["june"], comparisons, at=RECEIVED)
    con.execute("UPDATE quality.violation SET status = 'contacted' WHERE rule_id = 'STC98002'")
    con.execute("UPDATE collection.student_core SET birth_date = DATE '2015-03-04' WHERE submission_id = 'october'")
    assert judge_dependents(con, ["october"], comparisons, at=RECEIVED + timedelta(days=1)) == ["june"]
    assert rows(con, "STC98001")[0][2:] == ("fixed", "other_file")
    kept = con.execute(
        "SELECT status, first_seen_at, value FROM quality.violation WHERE rule_id = 'STC98002'"
    ).fetchall()
    assert kept == [("contacted", RECEIVED, "F (October: M)")]


def test_numbers_that_were_merged_or_moved_are_followed(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, comparisons: Comparisons
) -> None:
    store_file(con, dictionary, "october", OCT, [{"state_id": CHILD, "gender": "M"}], status="certified")
    store_file(con, dictionary, "june", JUN, [{"state_id": OTHER_CHILD, "gender": "F"}])
    assert "STC98002" not in judge(con, ["june"], comparisons, at=RECEIVED).violations["rule_id"]
    con.execute(
        "INSERT INTO identity.student SELECT $old, 'merged', $new, $at, 'r' UNION ALL SELECT $new, 'active', NULL, $at, 'r'",
        {"old": CHILD, "new": OTHER_CHILD, "at": RECEIVED},
    )
    found = judge(con, ["june"], comparisons, at=RECEIVED).violations.filter(pl.col("rule_id") == "STC98002")
    assert found.select("line_number", "state_id", "school_code", "value").rows() == [
        (2, OTHER_CHILD, "4020", "F (October: M)")
    ]
    con.execute("INSERT INTO identity.moved_line VALUES ('october', 2, '1000000026')")
    assert "STC98002" not in judge(con, ["june"], comparisons, at=RECEIVED).violations["rule_id"]


def test_pilots_and_other_districts_are_not_compared_with(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, comparisons: Comparisons
) -> None:
    child = {"state_id": CHILD, "gender": "M"}
    store_file(con, dictionary, "pilot", OCT, [child], status="certified")
    con.execute("UPDATE intake.submission SET is_pilot = true")
    store_file(con, dictionary, "elsewhere", OCT, [child], district="096091", status="certified")
    store_file(con, dictionary, "june", JUN, [{"state_id": CHILD, "gender": "F"}])
    found = set(judge(con, ["june"], comparisons, at=RECEIVED).violations["rule_id"])
    assert "STC98002" not in found and "STC03420" in found


def test_storing_a_file_judges_it_and_what_was_stored_before(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, comparisons: Comparisons
) -> None:
    store_file(con, dictionary, "classes", "2026Oct1.0StuAssign", [{"state_id": CHILD}, {"state_id": OTHER_CHILD}])
    core = make_submission(1, district_code=DISTRICT)
    stored = store_group(
        con,
        [core],
        {"student_core": make_records(core, [{"state_id": CHILD, "grade": "10"}]).with_columns(
            enrolled_on_count_date=pl.lit("Y"), reporting_district_code=pl.lit(DISTRICT),
            attending_district_code=pl.lit(DISTRICT),
        )},
        no_violations(),
        no_rule_runs(),
        make_assignments(core, []),
        versions=Versions("d", {OCT: "b"}),
        at=RECEIVED,
        comparisons=comparisons,
    )  # fmt: skip
    assert stored.violations.is_empty()
    tried = dict(
        con.execute(
            "SELECT rule_id, applicable_count FROM quality.rule_run WHERE submission_id = ?", [core.submission_id]
        ).fetchall()
    )
    assert tried["STC98040"] == 1
    assert rows(con, "STA98001") == [("classes", 3, "open", "other_file")]
    assert con.execute("SELECT submission_id FROM quality.page_due").fetchall() == [("classes",)]


def no_violations() -> pl.DataFrame:
    from schemas.validation import VIOLATION_SCHEMA

    return pl.DataFrame(schema=VIOLATION_SCHEMA)


def test_a_rule_that_breaks_down_is_named_and_quotes_no_value(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, comparisons: Comparisons
) -> None:
    store_file(con, dictionary, "june", JUN, [{"state_id": CHILD, "last_name": "Secret"}])
    (rule,) = [each for each in comparisons.rules_of(JUN) if each.rule_id == "STC98002"]
    query = "SELECT submission_id, line_number, make_date(2025, line_number + 90, 1) IS NULL AS fails FROM judged_student_core"
    broken = replace(rule, sql=query)
    with pytest.raises(AcrossDefect) as defect:
        judge(con, ["june"], replace(comparisons, columns={JUN: {broken: ("Gender",)}}), at=RECEIVED)
    assert "STC98002" in str(defect.value) and "Secret" not in str(defect.value)


def test_another_districts_june_reaches_the_children_it_shares(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, comparisons: Comparisons
) -> None:
    left = {"state_id": CHILD, "entry_date": "2024-08-20", "exit_date": "2025-03-03", "exit_code": "D03"}
    store_file(con, dictionary, "left", "2025Jun1.0StuEnrlAttnd", [left], district="096091")
    store_file(con, dictionary, "october", OCT, [{"state_id": CHILD}])
    store_file(con, dictionary, "nobody", OCT, [{"state_id": OTHER_CHILD}], district="115115")
    set_status(con, "left", "certified")
    assert "october" in find_dependents(con, ["left"], comparisons)
    assert "nobody" not in find_dependents(con, ["left"], comparisons)
    judge_dependents(con, ["left"], comparisons, at=RECEIVED)
    dropped = "SELECT submission_id, status, other_district_code FROM quality.violation WHERE rule_id = 'STC00465'"
    assert con.execute(dropped).fetchall() == [("october", "open", "096091")]
    set_status(con, "left", "superseded")
    con.execute("DELETE FROM collection.student_enrollment_attendance")
    judge_dependents(con, ["left"], comparisons, at=RECEIVED + timedelta(days=1))
    assert con.execute(dropped).fetchall() == [("october", "fixed", "096091")]
