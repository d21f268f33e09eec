"""The report a district opens: a table safe for spreadsheets, and one page that asks the network for nothing."""

import base64
import csv
import hashlib
import html
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outputs.violation_report import REPORT_FILES, ReportSubject, ReportWords, write_violation_report
from outputs.violation_report.bars import rule_bars, school_bars
from outputs.violation_report.csv_file import violations_csv
from outputs.violation_report.findings import Findings
from outputs.violation_report.page import violations_html
from outputs.violation_report.past import FIXED_SCHEMA, NO_PAST, Past
from outputs.violation_rows import VIOLATION_ROW_SCHEMA
from schemas.directory import Directory
from tests.outputs.conftest import RECEIVED
from tests.outputs.sample_violations import sample_rows, sample_subject, sample_words
from tests.outputs.test_formula_safety import ANY_TEXT, NASTY, starts_formula

HEADER = [
    "School", "Line", "Local student ID", "State ID", "Field", "What is wrong", "How to fix", "Severity", "Rule",
    "Response", "Comment", "Status", "First seen", "Submission",
]  # fmt: skip


def make_rows(rows: list[dict[str, Any]]) -> pl.DataFrame:
    usual = dict.fromkeys(VIOLATION_ROW_SCHEMA) | {
        "submission_id": "S1", "district_code": "048078", "school_code": "4020", "line_number": 2, "field": "LunchStatus",
        "rule_id": "STC90210", "severity": "E", "scope": "record", "value": "P", "message": "LunchStatus is not a code",
        "fix": "Use F or R.", "status": "open", "first_seen_at": RECEIVED, "last_seen_at": RECEIVED,
        "local_student_id": "20012", "state_id": "4000000012",
    }  # fmt: skip
    return pl.DataFrame([{**usual, **row} for row in rows], schema=VIOLATION_ROW_SCHEMA)


def cells_of(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def findings_of(
    directory: Directory, rows: pl.DataFrame, subject: ReportSubject | None = None, past: Past = NO_PAST
) -> Findings:
    return Findings.of(subject or sample_subject(), rows, sample_words(directory), past)


def page_of(
    directory: Directory, rows: pl.DataFrame, subject: ReportSubject | None = None, past: Past = NO_PAST
) -> str:
    return violations_html(findings_of(directory, rows, subject, past)).decode("utf-8")


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="table-data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def text_of(page: str) -> str:
    body = re.sub(r"<(style|script).*?</\1>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


def test_table_for_a_spreadsheet(directory: Directory) -> None:
    content = violations_csv(findings_of(directory, make_rows([{}])))
    header, row = cells_of(content)
    assert header == HEADER
    assert row == [
        "4020 Lincoln Elementary", "2", "20012", "4000000012", "LunchStatus",
        "LunchStatus is not a code (in your file: P)", "Use F or R.", "Error", "STC90210", "", "", "open", "10/06/2025",
        "20251006T140309Z-1a2b3c4d5e6f-048078",
    ]  # fmt: skip


def test_errors_come_before_warnings_then_by_line(directory: Directory) -> None:
    rows = make_rows(
        [{"severity": "W", "line_number": 1}, {"line_number": 9}, {"line_number": 3}, {"line_number": None}]
    )
    cells = cells_of(violations_csv(findings_of(directory, rows)))[1:]
    assert [(row[7], row[1]) for row in cells] == [("Error", ""), ("Error", "3"), ("Error", "9"), ("Warning", "1")]


@given(st.lists(st.tuples(ANY_TEXT | NASTY, ANY_TEXT | NASTY, ANY_TEXT | NASTY), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_no_cell_starts_a_formula_or_another_line(values: list[tuple[str, str, str]]) -> None:
    rows = make_rows(
        [
            {"value": value, "local_student_id": local, "message": message, "fix": value}
            for value, local, message in values
        ]
    )
    content = violations_csv(Findings.of(sample_subject(), rows, ReportWords()))
    cells = cells_of(content)
    assert len(cells) == len(values) + 1 == content.count(b"\r\n")
    assert not [cell for row in cells for cell in row if starts_formula(cell) and not cell.startswith("'")]


def test_page_allows_exactly_its_own_style_and_script(directory: Directory) -> None:
    page = page_of(directory, sample_rows(40))
    policy = html.unescape(re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1])  # type: ignore[index]
    for tag, content in re.findall(r"<(style|script)>(.*?)</\1>", page, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


@pytest.mark.parametrize("count", [0, 40])
def test_page_asks_the_network_for_nothing(directory: Directory, count: int) -> None:
    page = page_of(directory, sample_rows(count))
    assert not re.search(r"(?:src|href|url\()\s*=?\s*[\"']?(?:https?:)?//", page)
    assert " style=" not in page and " onclick=" not in page


def test_value_never_becomes_markup(directory: Directory) -> None:
    evil = "</script><script>alert(1)</script><b>&amp;\u2028"
    rows = make_rows([{"value": evil, "local_student_id": evil, "message": evil, "fix": evil, "field": evil}] * 3)
    page = page_of(directory, rows)
    assert page.count("<script") == 2
    assert "<b>&amp;" not in page.replace("<b>3</b>", "")
    (found,) = [column["found"] for column in data_of(page)["columns"] if "found" in column]
    assert found["lookup"] == [evil]


def test_headline_counts_what_the_first_things_fix(directory: Directory) -> None:
    rows = [{"line_number": line} for line in range(2, 12)]
    rows += [{"line_number": line, "field": "Gender", "rule_id": "G"} for line in range(2, 7)]
    rows += [{"line_number": line, "field": "County", "rule_id": "C"} for line in range(2, 5)]
    rows += [
        {"line_number": 2, "field": "ZipCode", "rule_id": "Z"},
        {"line_number": 2, "severity": "W", "rule_id": "W"},
    ]
    text = text_of(page_of(directory, make_rows(rows)))
    assert "Not certifiable: 19 errors Fix these 3 things and 18 of them go. They are in 10 records of 1,203." in text
    assert "10 records, all with “P”." in text


@pytest.mark.parametrize(
    "rows, sentence",
    [
        ([{}], "Not certifiable: 1 error Fix it and this file is clean. It is in 1 record of 1,203."),
        ([{}, {"line_number": 3}], "2 errors Fix one thing and all of them go. They are in 2 records of 1,203."),
        ([{}, {"field": "Gender"}], "2 errors Fix these 2 things and all of them go. They are in 1 record of 1,203."),
        ([{"line_number": None, "field": None}], "Not certifiable: 1 error Fix it and this file is clean."),
        (
            [{"status": "waived"}],
            "Ready to certify No errors in 1,203 records. 1 error was waived or accepted by the state.",
        ),
        (
            [{"severity": "W"}],
            "Ready to certify No errors in 1,203 records. 1 warning to look at; warnings do not stop anything.",
        ),
        ([], "Ready to certify No errors and no warnings in 1,203 records."),
    ],
)
def test_head_of_the_page(directory: Directory, rows: list[dict[str, Any]], sentence: str) -> None:
    assert sentence in text_of(page_of(directory, make_rows(rows)))


@pytest.mark.parametrize(
    "largest, sentence", [(3, "Fix these 3 things and 5 of them go."), (2, "They have 8 different causes")]
)
def test_scattered_errors_promise_nothing(directory: Directory, largest: int, sentence: str) -> None:
    rows = [{"rule_id": "R0", "line_number": line} for line in range(2, 2 + largest)]
    rows += [{"rule_id": f"R{n}", "field": f"F{n}"} for n in range(1, 8)]
    assert sentence in text_of(page_of(directory, make_rows(rows)))


def test_causes_that_are_not_listed_are_not_called_smaller_than_they_are(directory: Directory) -> None:
    alike = [{"line_number": line, "rule_id": f"STC9021{line}", "field": "Gender"} for line in range(8)]
    assert "3 more causes, with no more errors than these" in page_of(directory, make_rows(alike))
    assert "more cause" not in page_of(directory, make_rows(alike[:5]))


def test_clean_page_says_how_to_certify_and_carries_no_script(directory: Directory) -> None:
    page = page_of(directory, sample_rows(0))
    assert "That certifies 2026Oct1.0StuCore" in text_of(page)
    assert "<script" not in page


def test_id_batch_is_not_told_to_certify(directory: Directory) -> None:
    subject = ReportSubject(
        "S1", "048078", "Cedar Bluff R-II", "id_batch", "Student ID batch", "ids.txt", 10, RECEIVED, near_matches=2
    )
    text = text_of(page_of(directory, make_rows([{}]), subject))
    assert "certif" not in text
    assert "send them in a new ID batch" in text
    assert "decide about 2 students" in text


def test_batch_with_a_student_without_an_id_is_not_called_done(directory: Directory) -> None:
    subject = ReportSubject(
        "S1", "048078", "Cedar Bluff R-II", "id_batch", "Student ID batch", "ids.txt", 10, RECEIVED, without_id=1
    )
    text = text_of(page_of(directory, make_rows([]), subject))
    assert "Some students have no state ID" in text and "1 student has no state ID: errors_to_fix.txt" in text


def test_errors_that_go_with_another_are_counted_beside_its_records(directory: Directory) -> None:
    rows = [{"line_number": line, "field": "DateOfBirth", "rule_id": "D", "value": "x"} for line in (2, 3)]
    rows += [{"line_number": line, "field": "StateID", "rule_id": "I", "value": None} for line in (2, 3)]
    text = text_of(page_of(directory, make_rows(rows)))
    assert "2 records, all with “x”. 2 other errors go with it." in text


@pytest.mark.parametrize(
    "days, words", [(0, "Due Monday, October 6, 2025."), (1, "It was due Sunday, October 5, 2025.")]
)
def test_a_day_that_has_passed_is_said_to_have_passed(directory: Directory, days: int, words: str) -> None:
    subject = replace(sample_subject(), made_at=RECEIVED, due_date=RECEIVED.date() - timedelta(days=days))
    assert words in text_of(page_of(directory, make_rows([{}]), subject))


def test_rows_are_new_or_old_since_the_last_file(directory: Directory) -> None:
    before = RECEIVED - timedelta(days=3)
    rows = make_rows([{}, {"line_number": 3, "first_seen_at": before}, {"line_number": 4, "status": "reopened"}])
    fixed = {"rule_id": "STC00001", "field": "Gender", "severity": "E", "changed_by": "file", "count": 7}
    past = Past(pl.DataFrame([fixed], schema=FIXED_SCHEMA))
    page = page_of(directory, rows, past=past)
    (since,) = [column for column in data_of(page)["columns"] if column["id"] == "since"]
    assert [since["lookup"][place] for place in since["values"]] == ["new", "still open", "came back"]
    text = text_of(page)
    assert "new since your last file 1" in text
    assert "still open 1" in text
    assert "came back 1" in text
    assert "fixed 7" in text
    assert "Fixed since your last file STC00001" in text or "Gender STC00001 7" in text


def test_every_row_is_in_the_page_once(directory: Directory) -> None:
    rows = sample_rows(500)
    data = data_of(page_of(directory, rows))
    assert data["size"] == rows.height
    assert {len(column["values"]) for column in data["columns"]} == {rows.height}
    lines = next(column for column in data["columns"] if column["id"] == "line")["values"]
    assert sorted(lines) == sorted(rows["line_number"].to_list())


def test_bars_count_what_stands(directory: Directory) -> None:
    rows = make_rows(
        [
            {},
            {"line_number": 3, "status": "waived"},
            {"line_number": 4, "school_code": "1050", "status": "waived"},
            {"line_number": 5, "school_code": "1050", "field": "Gender", "severity": "W"},
        ]
    )
    found = findings_of(directory, rows)
    assert [bar.count for bar in rule_bars(found)] == ["1", "1"]
    assert [bar.count for bar in school_bars(found)] == ["1", "1"]
    assert rule_bars(findings_of(directory, rows.filter(status="waived"))) == []


def test_both_files_are_written(tmp_path: Path, directory: Directory) -> None:
    written = write_violation_report(tmp_path, sample_subject(), sample_rows(20), sample_words(directory))
    assert sorted(written) == sorted(REPORT_FILES) == sorted(path.name for path in tmp_path.iterdir())
