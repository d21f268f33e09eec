"""``dictionary template``: an empty file of a collection for a district to fill, as CSV or as a spreadsheet.

In the spreadsheet every cell is text, so that a spreadsheet program keeps the zeros of ``048078`` and does not turn a
birth date into its own form.
"""

import csv
import io
import zipfile
from xml.sax.saxutils import escape

from schemas.dictionary import ID_BATCH, RecordLayout
from schemas.errors import UsageError

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# Number format 49 is the built-in "@": text.
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf/><xf numFmtId="49" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
# Archive members carry a date; a fixed one keeps the same template the same bytes.
_MEMBER_DATE = (2000, 1, 1, 0, 0, 0)


def template_csv(layout: RecordLayout) -> bytes:
    """The header row of a layout, UTF-8 with CRLF; for an ID batch its first and last line, to be filled in."""
    if layout.name == ID_BATCH:
        return b"TH\tmm/dd/yyyy\thh:mm:ss\t1\t1.0\tdelimiter=0x2C\r\nTT\t0\t1\r\n"
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(field.column for field in layout.fields)
    return text.getvalue().encode()


def template_xlsx(layout: RecordLayout) -> bytes:
    """A workbook with the header row of a layout; all columns are text.

    Raises:
        UsageError: an ID batch, whose three kinds of lines are no table.
    """
    if layout.name == ID_BATCH:
        raise UsageError("An ID batch has no header row and cannot be a spreadsheet. Ask for the CSV template.")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in _workbook_parts(layout).items():
            archive.writestr(zipfile.ZipInfo(name, _MEMBER_DATE), _HEAD + text, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def _workbook_parts(layout: RecordLayout) -> dict[str, str]:
    sheet = f"{layout.name}_{layout.school_year}"
    return {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            f'<sheet name="{escape(sheet[:31])}" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": _relations(
            {"rId1": ("worksheet", "worksheets/sheet1.xml"), "rId2": ("styles", "styles.xml")}
        ),
        "xl/styles.xml": _STYLES,
        "xl/worksheets/sheet1.xml": _sheet(layout),
    }


def _content_types() -> str:
    kinds = {
        "/xl/workbook.xml": "spreadsheetml.sheet.main",
        "/xl/worksheets/sheet1.xml": "spreadsheetml.worksheet",
        "/xl/styles.xml": "spreadsheetml.styles",
    }
    office = "application/vnd.openxmlformats-officedocument"
    parts = "".join(f'<Override PartName="{p}" ContentType="{office}.{k}+xml"/>' for p, k in kinds.items())
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    return f'<Types xmlns="{_TYPES}"><Default Extension="rels" ContentType="{relations}"/>{parts}</Types>'


def _relations(targets: dict[str, tuple[str, str]]) -> str:
    parts = "".join(
        f'<Relationship Id="{key}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for key, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{_RELATIONS}">{parts}</Relationships>'


def _sheet(layout: RecordLayout) -> str:
    columns = f'<cols><col min="1" max="{len(layout.fields)}" width="16" style="1" customWidth="1"/></cols>'
    cells = "".join(f'<c s="1" t="inlineStr"><is><t>{escape(field.column)}</t></is></c>' for field in layout.fields)
    pane = '<pane ySplit="1" topLeftCell="A2" state="frozen"/>'
    view = f'<sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
    return f'<worksheet xmlns="{_MAIN}">{view}{columns}<sheetData><row r="1">{cells}</row></sheetData></worksheet>'
