"""``dictionary template``: an empty file of a collection for a district to fill, as CSV or as a spreadsheet.

In the spreadsheet every cell is text, so that a spreadsheet program keeps the zeros of ``048078`` and does not turn a
birth date into its own form.
"""

import csv
import io
from datetime import UTC, datetime

import xlsxwriter

from schemas.dictionary import ID_BATCH, RecordLayout
from schemas.errors import UsageError

TEXT = 49  # number of the built-in text format
# A workbook carries the moment it was made; a fixed one keeps the same template the same bytes.
MADE = datetime(2000, 1, 1, tzinfo=UTC)


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
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        workbook.set_properties({"created": MADE})
        text, head = workbook.add_format({"num_format": TEXT}), workbook.add_format({"num_format": TEXT, "bold": True})
        sheet = workbook.add_worksheet(f"{layout.name}_{layout.school_year}")
        sheet.set_column(0, len(layout.fields) - 1, 18, text)
        sheet.write_row(0, 0, [field.column for field in layout.fields], head)
        sheet.freeze_panes(1, 0)
    return content.getvalue()
