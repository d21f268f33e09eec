"""``violations.xlsx``: what to do first, then a sheet a school, with the wrong cells marked in each record as it was sent.

Each row of a school's sheet is a violation with the columns of ``violations.csv``, so that it can be answered in place and
sent back. All cells but the line are text (dates and numbers too): what stands in the file is not to be reinterpreted.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format

from outputs.formula_safety import neutralise, one_line
from outputs.next_steps import counted
from outputs.violation_report.cause_words import cause_words
from outputs.violation_report.csv_file import answer_columns
from outputs.violation_report.findings import Findings
from outputs.violation_report.record_cells import record_cells
from outputs.violation_report.sheet_xml import LONGEST_SHEET, Cells, Column, ReadySheet
from outputs.violation_report.verdict import due_sentence, verdict
from schemas.violation_responses.vocabulary import response_words

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
_MARKED = {"E": "error", "W": "warning"}
_PREFIX = "record "
# A cell holds 32,767 characters.
LONGEST_TEXT = 32_000
MOST_CAUSES = 200


def violations_xlsx(findings: Findings) -> bytes:
    """The workbook as bytes; rows beyond MOST_ROWS (errors come first) are left to violations.csv, and it says so."""
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True})
    workbook.set_properties({"title": "Violations", "created": findings.subject.made_at.replace(tzinfo=None)})
    styles = _styles(workbook)
    rows = SheetRows.of(findings, findings.rows.head(MOST_ROWS), styles) if findings.rows.height else None
    _first_sheet(workbook, findings, styles)
    taken = {FIRST_SHEET.casefold()}
    for school, places in _by_school(findings):
        for start in range(0, len(places), LONGEST_SHEET):
            assert rows is not None
            _school_sheet(workbook, _sheet_name(school, taken), rows.columns(places[start : start + LONGEST_SHEET]))
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


def _by_school(findings: Findings) -> Iterator[tuple[str, list[int]]]:
    """Each school by name with the places of its rows, in order of code; what names no school comes last."""
    kept = findings.rows.head(MOST_ROWS).select("school_code", place=pl.int_range(pl.len()))
    schools = kept.group_by("school_code").agg("place").sort("school_code", nulls_last=True)
    for code, places in schools.iter_rows():
        yield findings.words.school(findings.subject.district_code, code) or "No school named", places


@dataclass(frozen=True)
class SheetRows:
    """All rows of the workbook as lists; a sheet takes those of one school."""

    cells: dict[str, Cells]
    marks: dict[str, list[str | None]]
    always: frozenset[str]
    styles: dict[str, Format]

    @classmethod
    def of(cls, findings: Findings, kept: pl.DataFrame, styles: dict[str, Format]) -> "SheetRows":
        answers = answer_columns(findings).head(kept.height).select(list(_COLUMNS)).collect()
        record = record_cells(findings, kept)
        texts = pl.concat([answers.drop("Line"), record.texts.rename(_beside)], how="horizontal")
        short = texts.with_columns(pl.all().str.slice(0, LONGEST_TEXT))
        cells: dict[str, Cells] = {"Line": kept["line_number"].to_list(), **short.to_dict(as_series=False)}
        marks = {_beside(name): found for name, found in record.marks.to_dict(as_series=False).items()}
        return cls(cells, marks, frozenset(map(_beside, record.always)), styles)

    def columns(self, places: Sequence[int]) -> list[Column]:
        """The columns of a sheet: the answer columns, then what the records say; fields that nobody filled are left out."""
        beside = (name for name in self.cells if name not in _COLUMNS)
        return [self._column(name, places) for name in _COLUMNS] + [
            column
            for column in (self._column(name, places) for name in beside)
            if column.header in self.always or any(column.cells) or not isinstance(column.styles, Format)
        ]

    def _column(self, name: str, places: Sequence[int]) -> Column:
        cells, styles = self.cells[name], self.styles
        picked = [cells[place] for place in places]
        if name in _ANSWERS:
            return Column(name, styles["answer_head"], picked, styles["answer"], _COLUMNS[name])
        if name in _COLUMNS:
            return Column(
                name, styles["head"], picked, styles["wrapped" if name in _WRAPPED else "text"], _COLUMNS[name]
            )
        header = name.removeprefix(_PREFIX)
        marks = self.marks.get(name)
        of_cells = [marks[place] for place in places] if marks else ()
        style = [styles[_MARKED.get(mark or "", "text")] for mark in of_cells] if any(of_cells) else styles["text"]
        return Column(header, styles["record_head"], picked, style, max(_RECORD_WIDTH, len(header) + 2))


def _beside(name: str) -> str:
    """A field of the record under a name that no answer column has."""
    return f"{_PREFIX}{name}"


def _sheet_name(wanted: str, taken: set[str]) -> str:
    """A name that a spreadsheet takes: 31 units of UTF-16, no reserved sign, not used yet."""
    base = wanted.translate(_NOT_IN_NAMES).strip() or "School"
    name, number = _cut(base, LONGEST_NAME), 1
    while name.casefold() in taken or name.casefold() == "history":
        number += 1
        name = f"{_cut(base, LONGEST_NAME - 6)} ({number})"
    taken.add(name.casefold())
    return name


def _cut(text: str, units: int) -> str:
    return text.encode("utf-16-le", "replace")[: 2 * units].decode("utf-16-le", "ignore").strip()


def _school_sheet(workbook: xlsxwriter.Workbook, name: str, columns: list[Column]) -> None:
    sheet: ReadySheet = workbook.add_worksheet(name, worksheet_class=ReadySheet)
    sheet.take_columns(columns)
    height = len(columns[0].cells)
    sheet.freeze_panes(1, _FROZEN)
    response = list(_COLUMNS).index(_ANSWERS[0])
    words = {"validate": "list", "source": list(response_words()), "ignore_blank": True, "error_type": "warning"}
    sheet.data_validation(1, response, height, response, words)
    sheet.autofilter(0, 0, height, len(columns) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.print_area(0, 0, height, list(_COLUMNS).index("Comment"))


def _first_sheet(workbook: xlsxwriter.Workbook, findings: Findings, styles: dict[str, Format]) -> None:
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
        *_about_the_sheets(findings),
    ]
    row = 1
    for line in lines:
        sheet.write_string(row, 0, line, styles["text"])
        row += 1
    if findings.causes:
        _write_causes(sheet, row + 1, findings, styles)


def _about_the_sheets(findings: Findings) -> Iterator[str]:
    if findings.rows.height:
        yield (
            "Each school has a sheet. A row is one violation; right of the answer columns stands the record as you sent "
            "it, its wrong cells coloured: red for errors, yellow for warnings."
        )
        yield (
            "Correct the data in your student system, not here. To tell the state something about a row, fill in the blue "
            "columns Response and Comment and drop this workbook into your inbox folder. The words for Response:"
        )
        yield from (f"    {word.response}: {word.meaning}" for word in response_words().values())
    if findings.rows.height > MOST_ROWS:
        left_out = counted(findings.rows.height - MOST_ROWS, "row stands", "rows stand")
        yield f"This workbook holds the first {MOST_ROWS:,} rows, errors first; {left_out} in violations.csv alone."


def _write_causes(
    sheet: xlsxwriter.worksheet.Worksheet, row: int, findings: Findings, styles: dict[str, Format]
) -> None:
    for place, head in enumerate(("", "What to fix", "Field", "How", "Where", "Errors")):
        sheet.write_string(row, place, head, styles["head"])
    every = [cause_words(findings, cause, place) for place, cause in enumerate(findings.causes[:MOST_CAUSES])]
    safe = _safe([text for each in every for text in (each.title, each.fields, each.fix, each.where)])
    for number, words in enumerate(every, start=1):
        sheet.write_number(row + number, 0, number, styles["text"])
        for place in range(4):
            text = safe[4 * (number - 1) + place]
            sheet.write_string(row + number, place + 1, text, styles["bold" if place == 0 else "wrapped"])
        sheet.write_number(row + number, 5, words.errors, styles["count"])


def _safe(texts: list[str | None]) -> list[str]:
    cells = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return cells.select(neutralise(one_line(pl.col("text").fill_null(""))))["text"].to_list()
