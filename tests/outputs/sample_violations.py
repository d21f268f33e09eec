"""Violations of a made-up district, as many as wanted, skewed as real ones are; the same for the same seed."""

import random
from datetime import datetime, timedelta

import polars as pl

from outputs.violation_report import ReportSubject
from outputs.violation_report.words import ReportWords
from outputs.violation_rows import VIOLATION_ROW_SCHEMA
from schemas.directory import Directory
from tests.outputs.conftest import OCTOBER, RECEIVED

# rule, field, severity, title, message, fix, values, weight
KINDS = (
    ("STC90210", "LunchStatus", "E", "Lunch status is not a code", "LunchStatus is not a code of its code set",
     "Use F (free), R (reduced) or leave the field empty.", ("P", "P", "P", "P", "P", "PAID"), 60),
    ("STC00001", "RaceEthnicity", "E", "Required field is empty", "RaceEthnicity must be filled",
     "Enter the race or ethnicity code of the student.", (None,), 22),
    ("STC00602", "ResidentSchoolCode", "E", "School does not exist in the district",
     "ResidentSchoolCode is not a school of ResidentDistrictCode", "Use the four-digit code of the directory.",
     ("4021", "0402", "=4020"), 9),
    ("STC00446", "DateOfBirth", "E", "Date is not month/day/year", "DateOfBirth is not a date mm/dd/yyyy",
     "Write the date as mm/dd/yyyy, for example 04/09/2016.", ("2016-04-09", "31/12/2015"), 5),
    ("STC91010", "ResidencyStatus", "W", "Attending and reporting school differ",
     "With this ResidencyStatus the attending and the reporting school should be the same",
     "Check AttendingSchoolCode and ReportingSchoolCode.", ("R1", "R2"), 8),
    ("STC91120", "MemberFTE", "W", "Enrolled, but not in membership",
     "MemberFTE is above 0, but the student was not enrolled on the count date", "Enter 0.00 as MemberFTE.",
     ("1.00", "0.50", "-1"), 4),
)  # fmt: skip
SCHOOLS = ("1050", "4020", "4020", "4020", "3000")


def sample_rows(count: int, seed: int = 7, *, records: int = 1203, before: datetime | None = None) -> pl.DataFrame:
    """Rows of quality.violation; with ``before`` some have been there since that moment."""
    chance = random.Random(seed)
    rows = []
    for _ in range(count):
        rule, field, severity, _, message, fix, values, _ = chance.choices(KINDS, [kind[-1] for kind in KINDS])[0]
        line = chance.randrange(2, records + 2)
        is_old = before is not None and chance.random() < 0.6
        rows.append(
            {
                "submission_id": "20251006T140309Z-1a2b3c4d5e6f-048078", "district_code": "048078",
                "school_code": SCHOOLS[line % len(SCHOOLS)] if field != "LunchStatus" else "4020",
                "layout": "student_core", "collection_version": OCTOBER, "line_number": line, "field": field,
                "rule_id": rule, "severity": severity, "scope": "record", "value": chance.choice(values),
                "message": message, "fix": fix, "state_id": f"{4_000_000_000 + line * 7919}" if line % 9 else None,
                "local_student_id": f"{20_000 + line}", "status": "open",
                "first_seen_at": before if is_old else RECEIVED, "last_seen_at": RECEIVED,
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=VIOLATION_ROW_SCHEMA).unique(
        ["line_number", "rule_id", "field"], keep="first", maintain_order=True
    )


def sample_words(directory: Directory) -> ReportWords:
    titles = {(rule, field): title for rule, field, _, title, *_ in KINDS}
    definitions = {"LunchStatus": "Free or reduced-price meal status", "DateOfBirth": "Date of birth"}
    return ReportWords(titles, definitions, frozenset({"DateOfBirth", "LastName"}), directory)


def sample_subject(records: int = 1203) -> ReportSubject:
    return ReportSubject(
        submission_id="20251006T140309Z-1a2b3c4d5e6f-048078",
        district_code="048078",
        district_name="Cedar Bluff R-II",
        collection_version=OCTOBER,
        collection_title="October Student Core, school year 2025-26",
        file_name="oct_core.csv",
        record_count=records,
        made_at=RECEIVED + timedelta(minutes=2),
        due_date=datetime(2025, 10, 15).date(),  # noqa: DTZ001 (a day, not a moment)
    )
