"""violations.xlsx: what to do first, a sheet a school, wrong cells marked in the record as it was sent, safe to open."""

import io
import re
import zipfile
from datetime import date
from typing import Any
from xml.etree import ElementTree

import fastexcel
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outputs.violation_report import workbook
from outputs.violation_report.csv_file import violations_csv
from outputs.violation_report.findings import Findings
from outputs.violation_report.past import NO_PAST
from outputs.violation_report.words import ReportWords
from outputs.violation_report.workbook import FIRST_SHEET, violations_xlsx
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from tests.outputs.conftest import OCTOBER
from tests.outputs.sample_violations import sample_rows, sample_subject, sample_words
from tests.outputs.test_formula_safety import ANY_TEXT, NASTY, starts_formula
from tests.outputs.test_violation_report import HEADER, cells_of, make_rows

GRADE = "StudentGradeLevel"
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def words(directory: Directory, dictionary: Dictionary) -> ReportWords:
    made = sample_words(directory)
    fields = dictionary.layout_of(dictionary.collection(OCTOBER)).fields
    return ReportWords(made.titles, made.definitions, made.identity_columns, directory, fields=fields)


def book_of(words: ReportWords, rows: pl.DataFrame, records: pl.DataFrame | None = None) -> bytes:
    return violations_xlsx(Findings.of(sample_subject(), rows, words, NO_PAST, records))


def sheets_of(content: bytes) -> dict[str, pl.DataFrame]:
    reader = fastexcel.read_excel(content)
    return {name: reader.load_sheet(name, dtypes="string").to_polars() for name in reader.sheet_names}


def records_of(lines: list[int]) -> pl.DataFrame:
    return pl.DataFrame({"line_number": lines}, schema={"line_number": pl.UInt32}).with_columns(
        last_name=pl.lit("Kovar"), first_name=pl.lit("Anna"), birth_date=pl.lit(date(2016, 4, 9)), grade=pl.lit("04"),
        lunch_status=pl.lit(None, pl.String),
    )  # fmt: skip


def fill_of(content: bytes, sheet: int, cell: str) -> str | None:
    """The colour that a cell is filled with."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        page = ElementTree.fromstring(package.read(f"xl/worksheets/sheet{sheet}.xml"))
        styles = ElementTree.fromstring(package.read("xl/styles.xml"))
    (found,) = [each for each in page.iter(f"{MAIN}c") if each.get("r") == cell]
    look = styles.find(f"{MAIN}cellXfs")[int(found.get("s", 0))]  # type: ignore[index]
    fill = styles.find(f"{MAIN}fills")[int(look.get("fillId", 0))]  # type: ignore[index]
    colour = fill.find(f"{MAIN}patternFill/{MAIN}fgColor")
    return None if colour is None else colour.get("rgb")


def test_a_sheet_a_school_with_the_rows_of_the_table(words: ReportWords) -> None:
    rows = sample_rows(226)
    sheets = sheets_of(book_of(words, rows))
    assert list(sheets) == [FIRST_SHEET, "1050 Cedar Bluff High", "3000", "4020 Lincoln Elementary"]
    found = pl.concat([sheet.select(HEADER) for name, sheet in sheets.items() if name != FIRST_SHEET])
    table = cells_of(violations_csv(Findings.of(sample_subject(), rows, words)))[1:]
    assert sorted(tuple(cell or "" for cell in row) for row in found.iter_rows()) == sorted(map(tuple, table))


def test_wrong_cells_are_marked_in_the_record_as_sent(words: ReportWords) -> None:
    rows = make_rows([{}, {"field": GRADE, "severity": "W", "value": "4", "rule_id": "W1"}, {"line_number": 3}])
    content = book_of(words, rows, records_of([2, 3]))
    (sheet,) = [found for name, found in sheets_of(content).items() if name != FIRST_SHEET]
    assert set(sheet.columns[len(HEADER) :]) == {"LastName", "FirstName", GRADE, "DateOfBirth", "LunchStatus"}
    first = sheet.row(0, named=True)
    assert (first["LastName"], first["DateOfBirth"], first["LunchStatus"], first[GRADE]) == (
        "Kovar",
        "04/09/2016",
        "P",
        "4",
    )
    place = {name: _letter(number) for number, name in enumerate(sheet.columns)}
    assert fill_of(content, 2, f"{place['LunchStatus']}2") == "FFF9D3CF"
    assert fill_of(content, 2, f"{place[GRADE]}2") == "FFFBE9BF"
    assert fill_of(content, 2, f"{place['LastName']}2") is None
    # Line 3 (row 3) has the error in LunchStatus alone.
    assert fill_of(content, 2, f"{place['LunchStatus']}3") == "FFF9D3CF"
    assert fill_of(content, 2, f"{place[GRADE]}3") is None


def _letter(number: int) -> str:
    return (chr(64 + number // 26) if number >= 26 else "") + chr(65 + number % 26)


def test_answer_columns_are_empty_and_stand_out(words: ReportWords) -> None:
    content = book_of(words, make_rows([{}]))
    (sheet,) = [found for name, found in sheets_of(content).items() if name != FIRST_SHEET]
    assert sheet.row(0, named=True)["Response"] is None
    assert fill_of(content, 2, f"{_letter(sheet.columns.index('Response'))}2") == "FFEAF4FB"


def test_a_missing_value_is_marked_where_it_should_be(words: ReportWords) -> None:
    content = book_of(words, make_rows([{"value": None}]), records_of([2]))
    (sheet,) = [found for name, found in sheets_of(content).items() if name != FIRST_SHEET]
    assert fill_of(content, 2, f"{_letter(sheet.columns.index('LunchStatus'))}2") == "FFF9D3CF"


def test_first_sheet_says_what_to_fix(words: ReportWords) -> None:
    rows = sample_rows(226)
    errors = rows.filter(severity="E").height
    content = book_of(words, rows)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        texts = package.read("xl/sharedStrings.xml").decode()
    assert (
        f"Not certifiable: {errors} errors" in texts and "Use F (free), R (reduced) or leave the field empty." in texts
    )


@given(st.lists(st.tuples(ANY_TEXT | NASTY, ANY_TEXT | NASTY), min_size=1, max_size=4))
@settings(max_examples=20, deadline=None)
def test_no_cell_is_or_starts_a_formula(values: list[tuple[str, str]]) -> None:
    rows = make_rows(
        [
            {"value": value, "message": message, "school_code": value, "local_student_id": message}
            for value, message in values
        ]
    )
    content = violations_xlsx(Findings.of(sample_subject(), rows, ReportWords()))
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        pages = [package.read(name).decode() for name in package.namelist() if "worksheets/sheet" in name]
    assert not [page for page in pages if "<f>" in page or "<f " in page]
    for name, sheet in sheets_of(content).items():
        cells = [cell for row in sheet.iter_rows() for cell in row if cell]
        assert name and not [cell for cell in cells if starts_formula(cell) and not cell.startswith("'")]


def test_long_sheets_go_on_in_another_and_cut_rows_are_named(
    words: ReportWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "LONGEST_SHEET", 3)
    monkeypatch.setattr(workbook, "MOST_ROWS", 5)
    content = book_of(words, make_rows([{"line_number": line} for line in range(2, 9)]))
    sheets = sheets_of(content)
    assert [(name, sheet.height) for name, sheet in list(sheets.items())[1:]] == [
        ("4020 Lincoln Elementary", 3), ("4020 Lincoln Elementary (2)", 2),
    ]  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert "2 rows stand in violations.csv alone" in package.read("xl/sharedStrings.xml").decode()


@pytest.mark.parametrize("code", ["A/B:[C]*?", "History", "What to do first", "x" * 60, "'"])
def test_every_name_of_a_school_makes_a_sheet(code: str) -> None:
    rows: list[dict[str, Any]] = [{"school_code": code}, {"school_code": f"{code} ", "line_number": 3}]
    content = violations_xlsx(Findings.of(sample_subject(), make_rows(rows), ReportWords()))
    names = list(sheets_of(content))[1:]
    assert len(names) == 2 and all(len(name) <= 31 and not re.search(r"[\[\]:*?/\\]", name) for name in names)


def test_clean_file_has_the_first_sheet_alone(words: ReportWords) -> None:
    assert list(sheets_of(book_of(words, sample_rows(0)))) == [FIRST_SHEET]
