"""``amendment.csv`` and ``amendment.html``: what a district's new file would change of what it has certified."""

from pathlib import Path

import polars as pl

from outputs.certification.amendment import Difference
from outputs.formula_safety import neutralise, one_line
from outputs.next_steps import long_date
from outputs.pages import render_page
from outputs.violation_report.words import ReportSubject
from schemas.clock import missouri_day
from schemas.dictionary import RecordLayout
from schemas.files import write_atomic

AMENDMENT_CSV, AMENDMENT_PAGE = "amendment.csv", "amendment.html"
# More rows than this nobody reads on a page; the CSV file has all.
MOST_ROWS = 2_000
_HEADER = {
    "change": "Change", "school_code": "School", "grade": "Grade", "state_id": "StateID",
    "local_student_id": "LocalStudentID", "last_name": "LastName", "first_name": "FirstName", "field": "Field",
    "before": "Certified", "after": "NewFile",
}  # fmt: skip
_BOM = b"\xef\xbb\xbf"


def write_amendment(
    folder: Path, subject: ReportSubject, difference: Difference, layout: RecordLayout
) -> tuple[str, ...]:
    """Write both files into a submission's folder; they hold the district's own data alone."""
    columns = {field.standard_name: field.column for field in layout.fields}
    rows = difference.cells.with_columns(pl.col("field").replace(columns)).rename(_HEADER)
    safe = rows.with_columns(neutralise(one_line(pl.col(pl.String))))
    write_atomic(folder / AMENDMENT_CSV, _BOM + safe.write_csv(line_terminator="\r\n").encode("utf-8"))
    page = render_page(
        "amendment.html.j2",
        title=f"Amendment: {subject.district_name or subject.district_code}, {subject.collection_title}",
        data=None,
        subject=subject,
        made_on=long_date(missouri_day(subject.made_at)),
        difference=difference,
        columns=list(_HEADER.values()),
        rows=rows.head(MOST_ROWS).rows(),
        more=max(0, rows.height - MOST_ROWS),
    )
    write_atomic(folder / AMENDMENT_PAGE, page)
    return AMENDMENT_CSV, AMENDMENT_PAGE
