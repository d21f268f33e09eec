"""The violation report of one file: a page to work from, and a table and a workbook to answer in."""

from pathlib import Path

import polars as pl

from outputs.violation_report.csv_file import violations_csv
from outputs.violation_report.findings import Findings
from outputs.violation_report.page import violations_html
from outputs.violation_report.past import NO_PAST, Past, Trial
from outputs.violation_report.words import ReportSubject, ReportWords
from outputs.violation_report.workbook import violations_xlsx
from schemas.files import write_atomic

REPORT_FILES = ("violations.html", "violations.csv", "violations.xlsx")

__all__ = [
    "NO_PAST", "REPORT_FILES", "Past", "ReportSubject", "ReportWords", "Trial", "write_violation_report",
]  # fmt: skip


def write_violation_report(
    folder: Path,
    subject: ReportSubject,
    rows: pl.DataFrame,
    words: ReportWords,
    past: Past = NO_PAST,
    records: pl.DataFrame | None = None,
) -> tuple[str, ...]:
    """Write the three files and give their names.

    Args:
        rows: violations of the file with the columns of quality.violation (``store_group`` returns them).
        past: what the database knows beside; nothing on a clerk's own desk.
        records: typed records by standard name, at least those with a violation; the workbook shows them.
    """
    findings = Findings.of(subject, rows, words, past, records)
    write_atomic(folder / "violations.csv", violations_csv(findings))
    write_atomic(folder / "violations.xlsx", violations_xlsx(findings))
    write_atomic(folder / "violations.html", violations_html(findings))
    return REPORT_FILES
