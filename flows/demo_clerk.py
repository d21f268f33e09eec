"""What clerks of the demo's districts do in the week after their first file: one corrects errors, one signs a certificate.

Both use the files that lie in their outbox, as a clerk with a spreadsheet does.
"""

import csv
import io
from collections import Counter
from datetime import date
from pathlib import Path

from schemas.fix_ups.fix_up_file import FIX_UP_FILE, LINE_COLUMN
from schemas.paths import StateHome

# What nobody can copy from another child's record.
PERSONAL = frozenset({"StateID", "LocalStudentID", "LastName", "FirstName", "MiddleName", "DateOfBirth", "SSN"})
# Cells of a column that must agree before the clerk takes their value for the right one.
USUAL = 3


def send_fix_up(home: StateHome, district: str) -> Path | None:
    """Correct what can be copied from other records in the district's newest fix-up file and drop it into the inbox.

    Returns:
        The folder of the submission that it corrects; null where there is nothing to correct.
    """
    found = sorted(home.outbox_of(district).glob(f"[0-9]*/{FIX_UP_FILE}"))
    if not found:
        return None
    rows = _rows(found[-1])
    wrong = {
        (row["Line"], row["Field"])
        for row in _rows(found[-1].with_name("violations.csv"))
        if row["Severity"] == "Error"
    }
    for field in set(rows[0]) - PERSONAL:
        cells = Counter(row[field] for row in rows if (row[LINE_COLUMN], field) not in wrong and row[field])
        usual, count = next(iter(cells.most_common(1)), ("", 0))
        for row in rows:
            if count >= USUAL and (row[LINE_COLUMN], field) in wrong:
                row[field] = usual
    _drop(home, district, "corrected.csv", rows)
    return found[-1].parent


def sign_certificate(home: StateHome, day: date) -> str | None:
    """Sign the first certificate that lies ready in an outbox and drop it into the inbox; gives the district."""
    found = sorted(home.outbox.glob("*/[0-9]*/certify_*.csv"))
    if not found:
        return None
    district = found[0].parent.parent.name
    rows = _rows(found[0])
    rows[0] |= {"SignedBy": "Ruth Ames", "Title": "Superintendent", "Date": f"{day:%m/%d/%Y}"}
    _drop(home, district, found[0].name, rows)
    return district


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _drop(home: StateHome, district: str, name: str, rows: list[dict[str, str]]) -> None:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    (home.inbox / district / name).write_text(out.getvalue(), "utf-8")
