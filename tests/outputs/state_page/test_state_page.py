"""The page of the whole state: what fails where, who came when, what stands between districts."""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from outputs.state_page import write_state_page
from outputs.state_page.between import between_rows, waiver_rows
from outputs.state_page.days import day_chart
from outputs.state_page.heat import Titles, frequent_causes, heat_data, percent, rule_counts, tried_in_state
from schemas.dictionary import Dictionary
from tests.outputs.conftest import OCTOBER, RECEIVED, make_submission
from tests.outputs.state_page.many_districts import FIRST_DAY, many_districts
from tests.outputs.test_store import THREE, store

TITLES: Titles = {
    ("STC00901", "RaceEthnicity"): "Race code is unknown",
    ("STC00001", "Gender"): "Required field is empty",
    ("STC00001", "LunchStatus"): "Required field is empty",
}


def run_rules(con: duckdb.DuckDBPyConnection, *rows: tuple[str, str, int, int]) -> None:
    con.executemany(
        "INSERT INTO quality.rule_run BY NAME SELECT ? AS rule_id, ? AS submission_id, ? AS applicable_count, ? AS failed_count",
        [list(row) for row in rows],
    )


def find_between(con: duckdb.DuckDBPyConnection, submission_id: str, *lines: int) -> None:
    """Findings that compare districts, as the comparison of the state stores them."""
    for line in lines:
        con.execute(
            "INSERT INTO quality.violation BY NAME SELECT * REPLACE ('STC90001' AS rule_id, 'state' AS scope, "
            "?::BIGINT AS line_number, 'open' AS status) FROM quality.violation WHERE submission_id = ? LIMIT 1",
            [line, submission_id],
        )


def two_districts(con: duckdb.DuckDBPyConnection) -> None:
    one, two = make_submission(1), make_submission(2, district_code="010004")
    gender = {"rule_id": "STC00001", "field": "Gender"}
    store(con, (one, THREE, [{}, {"line_number": 3}, gender]), (two, THREE, [{"severity": "W"}]))
    find_between(con, one.submission_id, 2)
    run_rules(con, ("STC00901", one.submission_id, 2, 2), ("STC00901", two.submission_id, 3, 1))
    # The second run of a number is that of its rules that look at the state ID which came out.
    run_rules(
        con,
        ("STC00001", one.submission_id, 3, 0),
        ("STC00001", one.submission_id, 50, 1),
        ("STC00001", two.submission_id, 50, 0),
    )


def test_counts_by_district_and_rule_among_the_records_it_is_about(con: duckdb.DuckDBPyConnection) -> None:
    two_districts(con)
    assert rule_counts(con, OCTOBER, TITLES).rows() == [
        ("010004", "STC00901", "RaceEthnicity", "W", 1, 3),
        # One number for two fields: the file's three records stand for what is tried.
        ("048078", "STC00001", "Gender", "E", 1, 3),
        ("048078", "STC00901", "RaceEthnicity", "E", 2, 2),
    ]


def test_frequent_causes_of_the_state(con: duckdb.DuckDBPyConnection) -> None:
    two_districts(con)
    causes = frequent_causes(
        rule_counts(con, OCTOBER, TITLES), tried_in_state(con, OCTOBER, TITLES), TITLES, of_districts=2, of_records=6
    )
    assert [(cause.rule_id, cause.severity, cause.failed, cause.tried, cause.share) for cause in causes] == [
        ("STC00901", "E", 2, 5, "40%"), ("STC00001", "E", 1, 6, "17%"), ("STC00901", "W", 1, 5, "20%"),
    ]  # fmt: skip
    assert (causes[0].title, causes[0].district_share) == ("Race code is unknown", "50%")


def test_heat_data_for_the_script(con: duckdb.DuckDBPyConnection) -> None:
    two_districts(con)
    data = heat_data("October", OCTOBER, rule_counts(con, OCTOBER, TITLES), TITLES, {"048078": "Cedar Bluff R-II"})
    assert data["districts"] == ["010004", "048078 Cedar Bluff R-II"]
    assert data["rules"][0] == ["STC00901", "RaceEthnicity", "W", "Race code is unknown"]
    assert data["cells"] == [[[0], [1], [3]], [[1], [1], [3]], [[1], [2], [2]]]


def test_percent_never_says_none_for_some() -> None:
    assert [percent(0, 10), percent(1, 1000), percent(10, 1000), percent(5, 5), percent(0, 0)] == [
        "0%", "under 1%", "1%", "100%", "",
    ]  # fmt: skip


def test_days_count_files_records_and_the_errors_of_the_latest_trials(con: duckdb.DuckDBPyConnection) -> None:
    first = make_submission(1, outcome="accepted_with_violations")
    other = make_submission(2, district_code="010004", received_at=datetime(2025, 10, 8, 4, 59, tzinfo=UTC))
    store(con, (first, THREE, [{}, {"line_number": 3}]), (other, THREE, [{}]))
    # Still the seventh in Missouri; two days later the first district has corrected one of its two errors.
    later = make_submission(3, outcome="accepted_with_violations", received_at=RECEIVED + timedelta(days=2))
    refused = make_submission(
        4, outcome="rejected", status="rejected", accepted_count=None, received_at=later.received_at
    )
    store(con, (later, THREE, [{}]), (refused, [], []), day=2)
    chart = day_chart(con, OCTOBER, "October", date(2025, 10, 30))
    assert chart is not None
    assert [(day.name, day.files, day.refused, day.records, day.errors) for day in chart.days] == [
        ("Oct 6", 1, 0, 3, 2), ("Oct 7", 1, 0, 3, 3), ("Oct 8", 2, 1, 3, 2), ("Oct 9", 0, 0, 0, 2),
    ]  # fmt: skip
    assert day_chart(con, "2026Feb1.0StuCore", "February", date(2025, 10, 30)) is None


def test_findings_between_districts_and_waivers(con: duckdb.DuckDBPyConnection) -> None:
    trial = make_submission(1)
    store(con, (trial, THREE, [{"line_number": 7}]))
    find_between(con, trial.submission_id, 2, 3, 4)
    con.execute(
        "UPDATE quality.violation SET status = 'contacted', first_seen_at = ? WHERE line_number = 3",
        [RECEIVED - timedelta(days=9)],
    )
    con.execute("UPDATE quality.violation SET status = 'fixed' WHERE line_number = 4")
    (row,) = between_rows(con, OCTOBER, TITLES, RECEIVED + timedelta(days=1))
    assert (row.rule_id, row.counts, row.districts, row.oldest) == ("STC90001", (1, 1, 1, 0), 1, 10)
    for until, ended in ((date(2025, 10, 6), None), (date(2025, 10, 5), None), (date(2025, 12, 1), RECEIVED)):
        con.execute(
            "INSERT INTO quality.waiver BY NAME SELECT 1 AS waiver_number, ? AS collection_version, 'STC00901' AS rule_id, "
            "'CANARY' AS reason, 'x' AS approver, ? AS given_at, ? AS until, ? AS ended_at",
            [OCTOBER, RECEIVED, until, ended],
        )
    (waiver,) = waiver_rows(con, RECEIVED)
    assert (waiver.place, waiver.until, waiver.days_left) == ("all districts", date(2025, 10, 6), 0)


def test_five_hundred_districts_by_four_hundred_rules_take_under_three_seconds(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, tmp_path: Path
) -> None:
    directory = many_districts(con, dictionary, 560, 400)
    path, now = tmp_path / "state.html", FIRST_DAY + timedelta(days=15)
    started = time.process_time()
    write_state_page(con, path, now, dictionary=dictionary, directory=directory)
    assert time.process_time() - started < 3
    page = path.read_text("utf-8")
    assert "560 of 560" not in page and "District 001001 R-II" in page
    assert not [word for word in ("CANARY", "canary") if word in page]
    assert len(page) < 2_000_000


def test_page_of_two_districts_tells_causes_and_days(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Any, tmp_path: Path
) -> None:
    two_districts(con)
    path = tmp_path / "state.html"
    write_state_page(con, path, RECEIVED + timedelta(days=1), dictionary=dictionary, directory=directory)
    page = path.read_text("utf-8")
    for words in ("2 of 5", "1 of 2", "Files by day, Oct 6 to Oct 7", "Between districts", "STC90001"):
        assert words in page
