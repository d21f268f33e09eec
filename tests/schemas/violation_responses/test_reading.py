"""Answered violations files as spreadsheets save them; workbooks, and files made to look like them."""

import io
import zipfile

import pytest
import xlsxwriter

from schemas.dictionary import load_dictionary
from schemas.errors import FileRefused
from schemas.inbox.recognise import recognise
from schemas.reading import Extract
from schemas.violation_responses.reading import plain_number, read_violation_response, response_header
from schemas.violation_responses.vocabulary import response_meant, response_reasons, response_words
from tests.flows.small_files import HERE, child, core_file

DICTIONARY = load_dictionary()
HEADER = ["School", "Line", "State ID", "Field", "Rule", "Response", "Comment", "Submission"]
ROW = ["4020 Lincoln", "1,204", "'0123456789", "Gender", "STC00901", "will correct", "a, b", "S1"]


def text(rows: list[list[str]], delimiter: str, end: str = "\r\n") -> bytes:
    quoted = [delimiter.join(f'"{cell}"' for cell in row) for row in [HEADER, *rows]]
    return (end.join(quoted) + end).encode("windows-1252")


def read(content: bytes) -> Extract:
    return read_violation_response(content, recognise(content, DICTIONARY))


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
    book.close()
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_text_of_every_delimiter(delimiter: str) -> None:
    extract = read(text([ROW, [*ROW[:5], "", "", "S1"], [*ROW[:6], "one\ntwo", "S1"]], delimiter))
    first, second = extract.records.rows(named=True)
    assert (first["line_number"], first["violation_line"], first["state_id"]) == (2, "1,204", "0123456789")
    assert (second["line_number"], second["comment"]) == (4, "one\ntwo")


def test_a_workbook_is_read_sheet_by_sheet_wherever_its_header_stands() -> None:
    first = [["Read me"], [], HEADER, [*ROW[:1], 7, *ROW[2:]]]
    content = workbook({"Start": [["nothing"]], "4020": first, "4030": [HEADER, ROW, [*ROW[:5], "", "", "S1"]]})
    records = read(content).records
    assert records["place"].to_list() == ["sheet 4020, row 4", "sheet 4030, row 2"]
    assert [plain_number(text) for text in records["violation_line"]] == [7, 1204]


def test_nothing_answered_and_foreign_workbooks_are_refused() -> None:
    with pytest.raises(FileRefused) as empty:
        read(text([[*ROW[:5], "", "", "S1"]], ","))
    assert empty.value.reason == "RESPONSE_EMPTY"
    with pytest.raises(FileRefused) as foreign:
        recognise(workbook({"Class": [["LastName", "FirstName"], ["a", "b"]]}), DICTIONARY)
    assert foreign.value.reason == "SPREADSHEET_FILE"


def test_workbooks_made_to_fill_the_memory_or_damaged_are_refused() -> None:
    far = workbook({"4020": [HEADER, ROW]})
    bomb = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(far)) as source, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            data = source.read(part)
            if part == "xl/worksheets/sheet1.xml":
                data = data.replace(
                    b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                )
            target.writestr(part, data)
    with pytest.raises(FileRefused) as large:
        recognise(bomb.getvalue(), DICTIONARY)
    assert large.value.reason == "WORKBOOK_TOO_LARGE"
    with pytest.raises(FileRefused) as damaged:
        recognise(far.replace(b"</row>", b"</rwo>").replace(far[60:90], b"\0" * 30, 1), DICTIONARY)
    assert damaged.value.outcome in ("rejected", "quarantined")


def test_an_extract_is_never_taken_for_an_answer() -> None:
    assert recognise(core_file(HERE, [child(1)]), DICTIONARY).file_format == "comma"
    assert response_header(["Submission", "Line", "Rule", "Field"]) is None
    assert response_header([*HEADER, "Line"]) is None


@pytest.mark.parametrize(
    ("written", "word"),
    [("waive", "WAIVE"), (" Will correct ", "WILL_CORRECT"), ("fixed", "CORRECTED"), ("disagree!", "DISAGREE"),
     ("CONTACTED", "CONTACTED"), ("maybe", None), ("", None)],
)  # fmt: skip
def test_words_as_clerks_write_them(written: str, word: str | None) -> None:
    assert response_meant(written) == word


def test_every_word_and_reason_says_what_it_means() -> None:
    assert {word.effect for word in response_words().values()} == {"none", "contacted", "waived", "accepted"}
    assert all(sentence.endswith(".") for sentence in response_reasons().values())


@pytest.mark.parametrize(
    ("shown", "number"), [("1,204", 1204), ("12.0", 12), ("7", 7), ("1,2", None), ("", None), (None, None)]
)
def test_line_numbers_as_spreadsheets_show_them(shown: str | None, number: int | None) -> None:
    assert plain_number(shown) == number
