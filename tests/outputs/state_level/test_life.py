"""The life of a finding that compares districts: both sides open, move, are fixed, come back and are decided together."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import duckdb
import polars as pl
import pytest

from outputs.state_level import findings
from outputs.state_level.sharing import share_with_other_side
from outputs.state_level.standing import between_districts
from schemas.dictionary import Dictionary
from schemas.errors import RuleBookError
from tests.outputs.state_level.small_state import (
    CHILD,
    HERE,
    JUNE,
    MONDAY,
    OTHER_CHILD,
    THERE,
    compare,
    know,
    remember,
    rows,
    store,
)

TWICE = "STC99020"
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def both(con: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> tuple[str, str]:
    """One child whom two districts report as enrolled, compared; the two files."""
    know(con, CHILD)
    know(con, OTHER_CHILD)
    here = store(con, dictionary, HERE, [{}, {"state_id": OTHER_CHILD}])
    compare(con, dictionary)
    there = store(con, dictionary, THERE, [{"state_id": "1000000024"}, {}])
    assert compare(con, dictionary) == [(THERE, "opened"), (HERE, "opened")]
    return here, there


def test_both_districts_have_the_row_under_their_own_line(
    con: duckdb.DuckDBPyConnection, both: tuple[str, str]
) -> None:
    found = rows(con, TWICE)
    assert [(found[d]["submission_id"], found[d]["line_number"]) for d in (HERE, THERE)] == [(both[0], 2), (both[1], 3)]
    assert [found[d]["other_district_code"] for d in (HERE, THERE)] == [THERE, HERE]
    assert found[HERE]["finding_id"] == found[THERE]["finding_id"]
    assert [found[d]["changed_by"] for d in (HERE, THERE)] == ["other_file", "file"]
    assert (found[HERE]["scope"], found[HERE]["status"], found[HERE]["value"]) == ("state", "open", "Y")


def test_nothing_new_is_not_compared(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, both: tuple[str, str]
) -> None:
    assert compare(con, dictionary) is None


def test_the_other_districts_file_clears_it_and_brings_it_back(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, both: tuple[str, str]
) -> None:
    without = store(con, dictionary, THERE, [{"state_id": "1000000024"}], name="b", replaces=both[1])
    assert compare(con, dictionary, TUESDAY) == [(THERE, "cleared"), (HERE, "cleared")]
    found = rows(con, TWICE)
    assert [(found[d]["status"], found[d]["changed_by"], found[d]["fixed_at"]) for d in (HERE, THERE)] == [
        ("fixed", "other_file", TUESDAY), ("fixed", "file", TUESDAY),
    ]  # fmt: skip
    store(con, dictionary, THERE, [{}], name="c", replaces=without)
    assert compare(con, dictionary, TUESDAY) == [(THERE, "reopened"), (HERE, "reopened")]
    again = rows(con, TWICE)
    assert [(again[d]["status"], again[d]["first_seen_at"]) for d in (HERE, THERE)] == [("reopened", MONDAY)] * 2


def test_a_row_moves_to_the_new_file_and_keeps_what_was_decided(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, both: tuple[str, str]
) -> None:
    con.execute("UPDATE quality.violation SET status = 'contacted'").fetchall()
    newer = store(con, dictionary, HERE, [{"state_id": OTHER_CHILD}, {}], name="b", replaces=both[0])
    assert compare(con, dictionary, TUESDAY) == []
    moved = rows(con, TWICE)[HERE]
    assert (moved["submission_id"], moved["line_number"], moved["status"]) == (newer, 3, "contacted")
    assert (moved["first_seen_at"], moved["last_seen_at"]) == (MONDAY, TUESDAY)


def test_certified_file_counts_until_there_is_a_newer_trial(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, both: tuple[str, str]
) -> None:
    con.execute("UPDATE intake.submission SET status = 'certified' WHERE submission_id = ?", [both[1]]).fetchall()
    assert compare(con, dictionary) is None
    store(con, dictionary, THERE, [{"state_id": "1000000024"}], name="b")
    assert compare(con, dictionary) == [(THERE, "cleared"), (HERE, "cleared")]


def test_pilot_is_compared_with_nobody(con: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    store(con, dictionary, HERE, [{}])
    store(con, dictionary, THERE, [{}], is_pilot=True)
    assert compare(con, dictionary) == []


def test_one_persons_word_holds_for_both(con: duckdb.DuckDBPyConnection, both: tuple[str, str]) -> None:
    con.execute("DELETE FROM quality.state_notice").fetchall()
    ((row,),) = con.execute("SELECT rowid FROM quality.violation WHERE district_code = ?", [HERE]).fetchall()
    con.execute(
        "UPDATE quality.violation SET status = 'contacted', decision_number = 7 WHERE rowid = ?", [row]
    ).fetchall()
    assert [name for _, name in share_with_other_side(con, [row], TUESDAY)] == [both[1]]
    assert [(r["status"], r["decision_number"]) for r in rows(con, TWICE).values()] == [("contacted", 7)] * 2
    told = con.execute("SELECT district_code, change FROM quality.state_notice ORDER BY 1").fetchall()
    assert told == [(THERE, "contacted"), (HERE, "contacted")]


@pytest.fixture
def moved(con: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    """A child who was there last year and is here since Monday."""
    know(con, CHILD)
    last_year = MONDAY - timedelta(days=365)
    remember(con, CHILD, THERE, "gone", first_school_year=2025, last_school_year=2025, first_seen_at=last_year)
    file = store(con, dictionary, HERE, [{}])
    store(con, dictionary, THERE, [{"state_id": OTHER_CHILD}])
    remember(con, CHILD, HERE, file)


def test_records_are_asked_for_and_sent_in_business_days(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, moved: None
) -> None:
    earlier = {"submission_id": "gone", "status": "superseded"}
    con.execute(
        "INSERT INTO intake.submission BY NAME SELECT * REPLACE ($submission_id AS submission_id, $status AS status) "
        "FROM intake.submission WHERE district_code = '010004'",
        earlier,
    ).fetchall()
    compare(con, dictionary)
    found = rows(con, "STC99080")
    assert [(found[d]["side"], found[d]["due_date"]) for d in (HERE, THERE)] == [
        ("receives", date(2025, 10, 8)), ("sends", date(2025, 10, 16)),  # Columbus Day does not count
    ]  # fmt: skip
    # The file that said it first is replaced: the row stands under the newest one, without a line.
    assert (found[THERE]["line_number"], found[THERE]["submission_id"]) == (None, f"2026Oct1.0StuCore-a-{THERE}")
    (asked,) = [row for (row,) in con.execute("SELECT rowid FROM quality.violation WHERE side = 'receives'").fetchall()]
    con.execute("UPDATE quality.violation SET status = 'contacted' WHERE rowid = ?", [asked]).fetchall()
    share_with_other_side(con, [asked], TUESDAY)
    assert rows(con, "STC99080")[THERE]["due_date"] == date(2025, 10, 15)  # five business days after the request


LEFT = {"entry_date": date(2025, 8, 20), "exit_date": date(2025, 12, 19), "exit_code": "T002"}
JUNE_10 = datetime(2026, 6, 10, 14, tzinfo=UTC)


def test_a_transfer_nobody_confirms_opens_on_its_day(con: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    know(con, CHILD)
    store(con, dictionary, HERE, [LEFT], version=JUNE)
    assert compare(con, dictionary, JUNE_10) == []
    assert con.execute("SELECT * FROM quality.state_waiting").fetchall() == [(CHILD, date(2026, 7, 1), None)]
    assert compare(con, dictionary, datetime(2026, 6, 30, 14, tzinfo=UTC)) is None
    assert compare(con, dictionary, datetime(2026, 7, 1, 14, tzinfo=UTC)) == [(HERE, "opened")]
    assert con.execute("SELECT * FROM quality.state_waiting").fetchall() == []


def test_a_transfer_opens_when_the_district_named_has_sent_its_file(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary
) -> None:
    know(con, CHILD)
    store(con, dictionary, HERE, [{**LEFT, "exit_dest_district_code": THERE}], version=JUNE)
    assert compare(con, dictionary, JUNE_10) == []
    store(con, dictionary, THERE, [{"state_id": OTHER_CHILD}], version=JUNE)
    assert compare(con, dictionary, JUNE_10) == [(THERE, "opened"), (HERE, "opened")]
    assert rows(con, "SEA99020")[THERE]["line_number"] is None


def test_a_merge_moves_the_finding_to_the_number_that_stays(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary
) -> None:
    for number in (CHILD, OTHER_CHILD):
        know(con, number)
    store(con, dictionary, HERE, [{"submitted_state_id": CHILD}])
    store(con, dictionary, THERE, [{"state_id": OTHER_CHILD, "submitted_state_id": OTHER_CHILD}])
    assert compare(con, dictionary) == []
    con.execute(
        "UPDATE identity.student SET status = 'merged', merged_into = ? WHERE state_id = ?", [CHILD, OTHER_CHILD]
    )
    con.execute(
        "INSERT INTO identity.event VALUES (1, ?, 'run', 'merged', ?, ?, NULL, NULL, 'a', NULL, NULL, 1)",
        [TUESDAY, OTHER_CHILD, CHILD],
    ).fetchall()
    assert compare(con, dictionary, TUESDAY) == [(THERE, "opened"), (THERE, "opened"), (HERE, "opened")]
    merged = rows(con, "STC99070")[THERE]
    assert (merged["value"], merged["state_id"], merged["changed_by"]) == (OTHER_CHILD, CHILD, "decision")
    assert rows(con, TWICE).keys() == {HERE, THERE}


def test_a_number_never_given_stands_until_the_file_is_replaced(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary
) -> None:
    first = store(con, dictionary, HERE, [{"state_id": None, "submitted_state_id": "9999999999"}])
    assert compare(con, dictionary) == [(HERE, "opened")]
    store(con, dictionary, HERE, [{"state_id": CHILD}], name="b", replaces=first)
    assert compare(con, dictionary) == [(HERE, "cleared")]
    fixed = con.sql("SELECT status, changed_by FROM quality.violation").pl()
    assert fixed.equals(pl.DataFrame({"status": ["fixed"], "changed_by": ["file"]}))


def test_status_counts_a_finding_of_two_districts_once(con: duckdb.DuckDBPyConnection, both: tuple[str, str]) -> None:
    standing = between_districts(con, date(2025, 10, 7))
    assert (standing.open, standing.contacted, standing.overdue, standing.districts) == (1, 0, 0, 2)
    assert standing.sentence() == "1 finding between districts open; 0 contacted; 2 districts."
    con.execute("UPDATE quality.violation SET due_date = DATE '2025-10-06'").fetchall()
    assert between_districts(con, date(2025, 10, 7)).overdue == 1
    con.execute("UPDATE quality.violation SET status = 'fixed'").fetchall()
    assert between_districts(con, date(2025, 10, 7)).sentence() is None


def test_a_query_that_breaks_down_is_the_rule_books_fault(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, monkeypatch: pytest.MonkeyPatch
) -> None:
    (rule,) = [each for each in dictionary.across_rules if each.rule_id == TWICE]
    broken = replace(
        rule,
        sql=rule.sql.replace(
            "there.state_id IS NOT NULL AS fails", "make_date(2025, 13, here.line_number) IS NOT NULL AS fails"
        ),
    )
    monkeypatch.setattr(findings, "state_rules", lambda _: [broken])
    store(con, dictionary, HERE, [{}])
    store(con, dictionary, THERE, [{}])
    with pytest.raises(RuleBookError, match=f"Rule {TWICE} .* could not be run") as raised:
        compare(con, dictionary)
    assert CHILD not in str(raised.value)


def test_what_only_a_pilot_said_of_a_child_disagrees_with_nobody(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary
) -> None:
    know(con, CHILD)
    ours = store(con, dictionary, HERE, [{"gender": "F"}])
    theirs = store(con, dictionary, THERE, [{"gender": "M"}], is_pilot=True)
    remember(con, CHILD, HERE, ours)
    remember(con, CHILD, THERE, theirs, gender="M")
    assert compare(con, dictionary) == []
    store(con, dictionary, THERE, [{"gender": "M"}], name="real", replaces=theirs)
    assert {district for district, _ in compare(con, dictionary) or ()} == {HERE, THERE}
