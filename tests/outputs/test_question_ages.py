"""Open questions age by business days; status and the state page say so."""

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from matching.accuracy_run import open_registry
from outputs.question_ages import QuestionAges, question_ages
from outputs.status import print_status, status_json, status_rows
from schemas.dictionary import Dictionary
from schemas.directory import Directory

MONDAY = datetime(2025, 11, 3, 15, tzinfo=UTC)


def ask(con: duckdb.DuckDBPyConnection, name: str, at: datetime) -> None:
    con.execute(
        """
        INSERT INTO identity.near_match BY NAME
        SELECT $name AS near_match_id, 'S' AS submission_id, 2 AS line_number, 'x' AS sha256, '048078' AS district_code,
               rank AS candidate_rank, '1000000001' AS candidate_state_id, '' AS explanation, 'NOT_SURE' AS reason,
               'open' AS status, $at AS opened_at
        FROM range(1, 3) AS ranks (rank)
        """,
        {"name": name, "at": at},
    ).fetchall()


def ages_after(days: int) -> QuestionAges:
    con = open_registry()
    ask(con, "NM1", MONDAY)
    return question_ages(con, MONDAY + timedelta(days=days), flag_days=5, escalate_days=15)


@pytest.mark.parametrize(
    ("days", "business", "flagged", "escalated"),
    [(0, 0, 0, 0), (4, 4, 0, 0), (5, 5, 1, 0), (7, 5, 1, 0), (18, 13, 1, 0), (21, 14, 1, 0), (22, 15, 1, 1)],
)
def test_weekends_and_holidays_do_not_count(days: int, business: int, flagged: int, escalated: int) -> None:
    ages = ages_after(days)
    assert (ages.oldest_days, ages.oldest_business_days) == (days, business)
    assert (ages.flagged, ages.escalated) == (flagged, escalated)
    assert ages.open == 1


def test_nothing_open_says_nothing() -> None:
    ages = question_ages(open_registry(), MONDAY, flag_days=5, escalate_days=15)
    assert (ages.open, ages.oldest_days, ages.kind, ages.sentence()) == (0, None, "good", None)


def test_the_sentence_says_what_to_do() -> None:
    assert ages_after(0).sentence() == "1 near match open, the oldest since today."
    assert (
        ages_after(8).sentence()
        == "1 near match open, the oldest for 8 days; 1 for 5 business days or more: ask the districts."
    )
    assert ages_after(30).sentence() == (
        "1 near match open, the oldest for 30 days; 1 for 15 business days or more: decide them now."
    )


def test_status_shows_it(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    now = MONDAY - timedelta(days=20)
    ages, rows = ages_after(30), status_rows(con, dictionary, directory, now)
    print_status(rows, now=now, ages=ages)
    assert "oldest for 30 days" in capsys.readouterr().out
    assert status_json(rows, ages)["review"]["escalated"] == 1
