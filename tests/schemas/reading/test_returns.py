"""Returned worklists, in every dress a spreadsheet gives them."""

import csv
import io

import pytest

from schemas.errors import FileRefused
from schemas.inbox.recognise import recognise
from schemas.reading import NEAR_MATCH_RETURN, Extract, read_near_match_return
from tests.schemas.reading.small_state import DICTIONARY, refusals

TH, TT = "TH\t10/06/2025\t08:15:00\t42\t1.0\tdelimiter=0x09", "TT\t2\t42"


def question(rank: str, state_id: str, decision: str, near_match_id: str = "N-1", name: str = "Smith") -> list[str]:
    request = [
        "ID",
        "1050",
        "048078",
        name,
        "Ann",
        "",
        "",
        "F",
        "05/01/2015",
        "05",
        "17",
        "",
        "W",
        "",
        "048078",
        "2026",
    ]
    answer = ["", "", "NEAR_MATCH", "BETWEEN_THRESHOLDS", "2", near_match_id, rank, state_id]
    candidate = ["Smith", "Anna", "", "05/01/2015", "F", "05", "048078", "Same birth date, first name close"]
    return [*request, *answer, *candidate, decision]


ROWS = [question("1", "1234567890", "SAME"), question("2", "2234567890", "DIFFERENT")]
READ = [("N-1", "1", "1234567890", "SAME"), ("N-1", "2", "2234567890", "DIFFERENT")]


def tabbed(*rows: list[str]) -> str:
    return "".join("\t".join(row) + "\r\n" for row in rows)


def as_csv(*rows: list[str], quoting: int = csv.QUOTE_MINIMAL) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=quoting).writerows(rows)
    return buffer.getvalue()


def take(text: str | bytes) -> Extract:
    content = text.encode() if isinstance(text, str) else text
    recognition = recognise(content, DICTIONARY)
    assert recognition.file_format == NEAR_MATCH_RETURN
    return read_near_match_return(content, recognition)


def decisions(extract: Extract) -> list[tuple[str | None, ...]]:
    return list(extract.records.drop("line_number").iter_rows())


def padded(line: str) -> list[str]:
    fields = line.split("\t")
    return [*fields, *[""] * (33 - len(fields))]


@pytest.mark.parametrize(
    "text, first_line, header_lines",
    [
        (f"{TH}\r\n{tabbed(*ROWS)}{TT}\r\n", 2, 2),
        (f"{TH.replace(chr(9), ' ')}\r\n{tabbed(*ROWS)}{TT.replace(chr(9), ' ')}\r\n", 2, 2),
        (tabbed(*ROWS), 1, 0),
        (as_csv(*ROWS), 1, 0),
        (as_csv(*ROWS, quoting=csv.QUOTE_ALL), 1, 0),
        ("\ufeff" + as_csv(*ROWS), 1, 0),
        (as_csv(padded(TH), *ROWS, padded(TT)), 2, 2),
        (as_csv(TH.split("\t"), *ROWS, TT.split("\t"), quoting=csv.QUOTE_ALL), 2, 2),
        (as_csv(*[[*row, "", ""] for row in ROWS]), 1, 0),
        (tabbed(*[[f'"{value}"' for value in row] for row in ROWS]), 1, 0),
        (as_csv(*ROWS) + "," * 32 + "\r\n", 1, 0),
    ],
)
def test_decisions_come_out_of_every_dress(text: str, first_line: int, header_lines: int) -> None:
    extract = take(text)
    assert decisions(extract) == READ
    assert extract.records["line_number"].to_list() == [first_line, first_line + 1]
    assert extract.header_lines == header_lines
    assert extract.line_count == header_lines + 2 + extract.blank_lines


def test_our_own_file_is_not_quoted_so_marks_are_part_of_values() -> None:
    assert decisions(take(tabbed(question("1", "1234567890", "SAME", name='"Bob" Smith')))) == READ[:1]


def test_open_question_and_lower_case() -> None:
    extract = take(as_csv(question("1", "1234567890", ""), question("2", "2234567890", " same ")))
    assert [row[3] for row in decisions(extract)] == [None, "same"]


@pytest.mark.parametrize("change", [lambda row: row[:-2], lambda row: [*row, "note"], lambda row: row[1:]])
def test_line_with_a_column_too_few_or_too_many_is_refused(change: object) -> None:
    extract = take(as_csv(ROWS[0], change(ROWS[1])))  # type: ignore[operator]
    assert decisions(extract) == READ[:1]
    assert refusals(extract) == [(2, 1, "RETURN_FIELD_COUNT")]


def test_windows_1252_return() -> None:
    assert decisions(take(as_csv(question("1", "1234567890", "SAME", name="Muñoz")).encode("cp1252"))) == READ[:1]


@pytest.mark.parametrize(
    "outcome, name", [("NEW", "ids_assigned.txt"), ("ERROR", "errors_to_fix.txt"), ("CANCELED", "canceled_records.txt")]
)
def test_other_answers_are_not_taken_back(outcome: str, name: str) -> None:
    row = [*question("", "", "")[:18], outcome, "SOME_REASON", "2"]
    with pytest.raises(FileRefused, match=name) as refused:
        take(tabbed([*row[:16], "", "", *row[18:]]))
    assert (refused.value.outcome, refused.value.reason) == ("quarantined", "ANSWER_FILE")
