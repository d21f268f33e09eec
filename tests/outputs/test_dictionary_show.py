"""``dictionary show`` and ``dictionary template``: what a clerk reads and fills."""

import csv
import io
import zipfile
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import pytest

from outputs.dictionary_show import collection_rows, field_rows, show_collections, show_field, show_layout
from outputs.templates_of_layouts import template_csv, template_xlsx
from schemas.data_files import Change
from schemas.dictionary import load_dictionary
from schemas.errors import UnknownName, UsageError

DICTIONARY = load_dictionary()
OCTOBER = DICTIONARY.collection("2026Oct1.0StuCore")
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def test_collections_are_listed_with_their_days():
    rows = {row["collection"]: row for row in collection_rows(DICTIONARY)}
    assert list(rows)[-1] == "id_batch" and rows["id_batch"]["school_year"] is None
    assert rows["2026Oct1.0StuCore"]["due_date"] == "2025-10-15"
    assert rows["2025Oct1.0StuCore"]["count_date"] == "2024-09-25"
    assert ["2026-01-21", "2026MAPSPR1.0AsmPre", "assessment_precode"] in [
        line.split()[:3] for line in show_collections(DICTIONARY).splitlines()
    ]


def test_collections_stand_in_the_order_in_which_they_are_due():
    days = [row["due_date"] for row in collection_rows(DICTIONARY)]
    assert days[-2:] == [None, None] and days[:-2] == sorted(days[:-2])


def test_what_the_state_corrected_says_when_by_whom_and_why():
    change = Change(date(2026, 2, 3), "R. Book", "memo 7")
    layouts = dict(DICTIONARY.layouts)
    core = layouts[("student_core", 2026)]
    fields = tuple(replace(each, change=change) if each.column == "Gifted" else each for each in core.fields)
    layouts[("student_core", 2026)] = replace(core, fields=fields)
    corrected = replace(DICTIONARY, layouts=layouts)
    said = "Corrected on 2026-02-03 by R. Book: memo 7"
    assert show_layout(corrected, OCTOBER).endswith(f"Gifted: {said}\n")
    assert said in show_field(corrected, OCTOBER, "Gifted")
    assert said not in show_layout(DICTIONARY, OCTOBER)


def test_layout_shows_one_line_a_field_with_its_characters():
    text = show_layout(DICTIONARY, OCTOBER)
    lines = text.splitlines()
    assert "114 fields, 605 characters" in text
    assert len(lines) == 3 + 1 + 1 + 114
    birth_date = next(line for line in lines if " DateOfBirth " in line)
    assert birth_date.split()[:5] == ["345-354", "DateOfBirth", "Required", "Date", "10"]
    assert next(line for line in lines if " MemberFTE " in line).split()[4] == "4,2"


def test_rows_carry_what_the_cycle_asks():
    rows = {row["column"]: row for row in field_rows(DICTIONARY, OCTOBER)}
    assert rows["GPA"]["requirement"] == "Not Allowed"
    assert rows["LocalStudentID"]["requirement"] == "Optional"
    assert rows["TeacherName"]["item"] == "045" and rows["LastName"]["item"] is None


@pytest.mark.parametrize("name", ["StudentGradeLevel", " studentgradelevel ", "grade"])
def test_a_field_is_found_by_either_name(name):
    text = show_field(DICTIONARY, OCTOBER, name)
    assert "Codes of Student_Grade_Level_Codes:" in text and "  PK    Pre-kindergarten" in text
    assert "  STC00611 E  AttendingSchoolCode 1000 goes only with grade PK" in text


def test_an_unknown_field_is_named():
    with pytest.raises(UnknownName, match="'ShoeSize'"):
        show_field(DICTIONARY, OCTOBER, "ShoeSize")


def test_a_misspelt_field_names_its_neighbour():
    with pytest.raises(UnknownName, match=r"Did you mean DateOfBirth\?"):
        show_field(DICTIONARY, OCTOBER, "dateofbrith")


@pytest.mark.parametrize("layout, year", [("student_core", 2026), ("assessment_precode", 2025)])
def test_csv_template_is_the_header_row(layout, year):
    found = DICTIONARY.layout(layout, year)
    rows = list(csv.reader(io.StringIO(template_csv(found).decode("utf-8"), newline="")))
    assert rows == [[field.column for field in found.fields]]
    assert template_csv(found).endswith(b"\r\n")


def test_xlsx_template_has_the_header_and_keeps_zeros():
    layout = DICTIONARY.layout("student_core", 2026)
    content = template_xlsx(layout)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        parts = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    texts = [text.text for text in parts["xl/sharedStrings.xml"].iter(f"{SHEET}t")]
    assert [texts[int(cell.text or 0)] for cell in sheet.iter(f"{SHEET}v")] == [field.column for field in layout.fields]
    column = sheet.find(f"{SHEET}cols/{SHEET}col")
    assert column is not None and (column.get("max"), column.get("style")) == ("114", "1")
    text_format = parts["xl/styles.xml"].findall(f"{SHEET}cellXfs/{SHEET}xf")[1]
    assert text_format.get("numFmtId") == "49"  # the built-in text format
    assert template_xlsx(layout) == content


def test_an_id_batch_has_its_frame_and_no_spreadsheet():
    layout = DICTIONARY.layout("id_batch", 2026)
    first, last = template_csv(layout).decode().split("\r\n")[:2]
    assert first.split("\t")[0] == "TH" and last.split("\t") == ["TT", "0", "1"]
    with pytest.raises(UsageError, match="no header row"):
        template_xlsx(layout)
