"""``violations.xlsx``: what to do first, then a sheet a school, with the wrong cells marked in each record as it was sent.

Each row of a school's sheet is a violation with the columns of ``violations.csv``, so that it can be answered in place and
sent back. All cells but the line are text (dates and numbers too): what stands in the file is not to be reinterpreted.
"""

import io
from collections.abc import Iterator

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format

from outputs.formula_safety import neutralise, one_line
from outputs.next_steps import counted
from outputs.violation_report.cause_words import cause_words
from outputs.violation_report.csv_file import answer_columns
from outputs.violation_report.findings import Findings
from outputs.violation_report.record_cells import RecordCells, record_cells
from outputs.violation_report.sheet_xml import LONGEST_SHEET, ReadySheet
from outputs.violation_report.verdict import due_sentence, verdict

FIRST_SHEET = "What to do first"
# More rows than this make a workbook that no desk opens gladly: the rest stands in violations.csv.
MOST_ROWS = 200_000
LONGEST_NAME = 31
_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
# Left to right in a school's sheet, with widths in characters; what the record says comes after them.
_COLUMNS = {
    "Line": 8, "Local student ID": 14, "State ID": 13, "Field": 24, "What is wrong": 52, "How to fix": 52, "Severity": 10,
    "Rule": 12, "Response": 16, "Comment": 28, "Status": 11, "First seen": 12, "School": 26, "Submission": 12,
}  # fmt: skip
_FROZEN = 4
_ANSWERS = ("Response", "Comment")
_WRAPPED = ("What is wrong", "How to fix", "Comment")
_RECORD_WIDTH = 16


def violations_xlsx(findings: Findings) -> bytes:
    """The workbook as bytes; rows beyond MOST_ROWS (errors come first) are left to violations.csv, and it says so."""
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True})
    workbook.set_properties({"title": "Violations", "created": findings.subject.made_at.replace(tzinfo=None)})
    styles = _styles(workbook)
    sheets = list(_sheets(findings))
    _first_sheet(workbook, findings, styles, [name for name, _ in sheets])
    for name, (cells, marks) in sheets:
        _school_sheet(workbook, name, cells, marks, styles)
    workbook.close()
    return buffer.getvalue()


def _styles(workbook: xlsxwriter.Workbook) -> dict[str, Format]:
    plain: dict[str, object] = {"valign": "top", "font_name": "Calibri", "font_size": 11}
    line: dict[str, object] = {"border": 1, "border_color": "#D9DFE5"}
    kinds: dict[str, dict[str, object]] = {
        "text": {},
        "wrapped": {"text_wrap": True},
        "answer": {"text_wrap": True, "bg_color": "#EAF4FB", "border": 1, "border_color": "#9DC3DD"},
        "error": {"bg_color": "#F9D3CF", "font_color": "#8C1D18", "bold": True, **line},
        "warning": {"bg_color": "#FBE9BF", "font_color": "#5E3C00", "bold": True, **line},
        "head": {"bold": True, "bg_color": "#DCE3EA", "text_wrap": True, "bottom": 1},
        "record_head": {"bold": True, "bg_color": "#EEF1F4", "text_wrap": True, "bottom": 1},
        "answer_head": {"bold": True, "bg_color": "#C6E0F1", "text_wrap": True, "bottom": 1},
        "title": {"bold": True, "font_size": 18},
        "lead": {"font_size": 13, "text_wrap": True},
        "bold": {"bold": True, "text_wrap": True},
        "count": {"num_format": "#,##0"},
    }
    return {name: workbook.add_format({**plain, **more}) for name, more in kinds.items()}


def _sheets(findings: Findings) -> Iterator[tuple[str, tuple[pl.DataFrame, dict[str, pl.Series]]]]:
    """A name and the rows of each sheet, by school; a school of more rows than a sheet holds goes on in another."""
    kept = findings.rows.head(MOST_ROWS)
    answers = (
        answer_columns(findings)
        .head(MOST_ROWS)
        .select(list(_COLUMNS))
        .with_columns(pl.col("Line").cast(pl.Int64))
        .collect()
    )
    record = record_cells(findings, kept)
    taken = {FIRST_SHEET.casefold()}
    schools = kept.select("school_code", place=pl.int_range(pl.len())).sort("school_code", "place", nulls_last=True)
    for (code,), part in schools.group_by("school_code", maintain_order=True):
        school = findings.words.school(findings.subject.district_code, str(code) if code is not None else None)
        for start in range(0, part.height, LONGEST_SHEET):
            places = part["place"].slice(start, LONGEST_SHEET)
            yield _sheet_name(school or "No school named", taken), _rows_of(answers, record, places)


def _rows_of(
    answers: pl.DataFrame, record: RecordCells, places: pl.Series
) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """The cells of a sheet, and the mark (E, W or null) of each cell of a record column; columns nobody fills are left out."""
    texts = record.texts[places]
    filled = [name for name in texts.columns if name in record.always or texts[name].null_count() < texts.height]
    cells = pl.concat([answers[places], texts.select(filled)], how="horizontal")
    return cells, {name: record.marks[name][places] for name in filled if name in record.marks.columns}


def _sheet_name(wanted: str, taken: set[str]) -> str:
    """A name that a spreadsheet takes: 31 characters, no reserved sign, not used yet."""
    base = wanted.translate(_NOT_IN_NAMES).strip() or "School"
    name, number = base[:LONGEST_NAME].strip(), 1
    while name.casefold() in taken or name.casefold() == "history":
        number += 1
        name = f"{base[: LONGEST_NAME - 6].strip()} ({number})"
    taken.add(name.casefold())
    return name


def _school_sheet(
    workbook: xlsxwriter.Workbook,
    name: str,
    cells: pl.DataFrame,
    marks: dict[str, pl.Series],
    styles: dict[str, Format],
) -> None:
    sheet: ReadySheet = workbook.add_worksheet(name, worksheet_class=ReadySheet)
    header = [
        (column, styles["answer_head" if column in _ANSWERS else "head" if column in _COLUMNS else "record_head"])
        for column in cells.columns
    ]
    style_of = {
        column: styles["answer" if column in _ANSWERS else "wrapped" if column in _WRAPPED else "text"]
        for column in cells.columns
    }
    marked = {"E": styles["error"], "W": styles["warning"]}
    sheet.take_rows(header, cells, style_of, marks, marked)
    for place, column in enumerate(cells.columns):
        sheet.set_column(place, place, _COLUMNS.get(column, max(_RECORD_WIDTH, len(column) + 2)))
    sheet.freeze_panes(1, _FROZEN)
    sheet.autofilter(0, 0, cells.height, cells.width - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.print_area(0, 0, cells.height, list(_COLUMNS).index("Comment"))


def _first_sheet(
    workbook: xlsxwriter.Workbook, findings: Findings, styles: dict[str, Format], sheet_names: list[str]
) -> None:
    """Words a clerk reads first: the verdict, what to fix, how to use the other sheets."""
    said, subject = verdict(findings), findings.subject
    sheet = workbook.add_worksheet(FIRST_SHEET)
    for place, width in enumerate((5, 44, 30, 60, 44, 10)):
        sheet.set_column(place, place, width)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, said.headline, styles["title"])
    due = due_sentence(subject)
    lines = [
        f"{subject.district_name or 'District'} {subject.district_code} · {subject.collection_title}",
        said.lead,
        said.then + (f" {due}" if due else ""),
        *_about_the_sheets(findings, bool(sheet_names)),
    ]
    row = 1
    for line in lines:
        sheet.write_string(row, 0, line, styles["text"])
        row += 1
    if findings.causes:
        _write_causes(sheet, row + 1, findings, styles)


def _about_the_sheets(findings: Findings, has_rows: bool) -> Iterator[str]:
    if has_rows:
        yield (
            "Each school has a sheet. A row is one violation; right of the answer columns stands the record as you sent "
            "it, its wrong cells coloured: red for errors, yellow for warnings."
        )
        yield (
            "Correct the data in your student system, not here. To tell the state something about a row, fill in the blue "
            "columns Response and Comment and drop this workbook into your inbox folder."
        )
    if findings.rows.height > MOST_ROWS:
        left_out = counted(findings.rows.height - MOST_ROWS, "row stands", "rows stand")
        yield f"This workbook holds the first {MOST_ROWS:,} rows, errors first; {left_out} in violations.csv alone."


def _write_causes(
    sheet: xlsxwriter.worksheet.Worksheet, row: int, findings: Findings, styles: dict[str, Format]
) -> None:
    for place, head in enumerate(("", "What to fix", "Field", "How", "Where", "Errors")):
        sheet.write_string(row, place, head, styles["head"])
    for number, cause in enumerate(findings.causes, start=1):
        words = cause_words(findings, cause, number)
        texts = (words.title, words.fields or "", words.fix or "", words.where)
        sheet.write_number(row + number, 0, number, styles["text"])
        for place, text in enumerate(_safe(texts), start=1):
            sheet.write_string(row + number, place, text, styles["bold" if place == 1 else "wrapped"])
        sheet.write_number(row + number, 5, words.errors, styles["count"])


def _safe(texts: tuple[str, ...]) -> list[str]:
    return pl.select(neutralise(one_line(pl.lit(pl.Series(texts))))).to_series().to_list()
