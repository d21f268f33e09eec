"""The violation report of one file: a page to work from and a table to answer in."""

from pathlib import Path

import polars as pl

from outputs.violation_report.csv_file import violations_csv
from outputs.violation_report.page import violations_html
from outputs.violation_report.page_rows import in_page_order
from outputs.violation_report.words import ReportSubject, ReportWords
from schemas.files import write_atomic

REPORT_FILES = ("violations.html", "violations.csv")

__all__ = ["REPORT_FILES", "ReportSubject", "ReportWords", "write_violation_report"]


def write_violation_report(
    folder: Path, subject: ReportSubject, rows: pl.DataFrame, words: ReportWords, *, fixed: int | None = None
) -> tuple[str, ...]:
    """Write both files and give their names.

    Args:
        rows: violations of the file with the columns of quality.violation (``store_group`` returns them).
        fixed: violations of the earlier file that are gone; null where there was none.
    """
    ordered = in_page_order(rows)
    write_atomic(folder / "violations.csv", violations_csv(subject, ordered, words))
    write_atomic(folder / "violations.html", violations_html(subject, ordered, words, fixed=fixed))
    return REPORT_FILES
