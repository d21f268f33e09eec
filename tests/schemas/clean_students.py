"""One clean record of each collection of the student layouts beside Student Core and the ID batch."""

import polars as pl

from schemas.dictionary import RecordLayout
from schemas.schema_builder import text_columns
from tests.schemas.batches import DISTRICT

# layout -> least number of written rules it is to have
LAYOUTS = {
    "student_enrollment_attendance": 50, "student_discipline_incident": 25, "student_graduate_follow_up": 25,
    "referrals": 25, "direct_certification": 0, "assessment_precode": 25,
}  # fmt: skip
STATE_ID = "1234567897"
_PLACES = {
    f"{place}_{kind}_code": code
    for place in ("attending", "reporting", "resident")
    for kind, code in (("district", DISTRICT), ("school", "1050"))
}
_REPORTED = {name: code for name, code in _PLACES.items() if name.startswith("reporting")}
_CHILD = {
    "submitted_state_id": STATE_ID, "local_student_id": "17", "last_name": "O'Neil-Smith", "first_name": "Ann",
    "birth_date": "05/01/2009", "grade": "11",
}  # fmt: skip
CLEAN_STUDENTS: dict[str, dict[str, str]] = {
    "2026Jun1.0StuEnrlAttnd": {
        **_PLACES, **_CHILD, "residency_status": "R1", "regular_hours_attended": "1001.2500",
        "regular_hours_absent": "42.5000", "hours_in_session": "1044.00", "entry_date": "08/20/2025",
        "entry_code": "R101", "exit_date": "05/22/2026", "exit_code": "R001",
    },
    "2026Aug1.0StuEnrlAttnd": {
        **_PLACES, **_CHILD, "residency_status": "R1", "summer_attendance": "110.0000", "summer_membership": "120.0000",
    },
    "2026Jun1.0StuDiscipline": {
        **_PLACES, **_CHILD, "gender": "F", "race_ethnicity": "W", "lep_status": "NLP", "offense_date": "10/03/2025",
        "offense_type": "T", "discipline_removal": "OSS", "length_removed": "3.00",
    },
    "2026Feb1.0StuGradFllw": {
        **_PLACES, **{name: value for name, value in _CHILD.items() if name != "grade"}, "follow_up_status": "C4",
        "ssn_status": "blank",
    },
    "2026Jun1.0Referrals": {
        **_PLACES, **_CHILD, "referral_date": "09/10/2025", "consent_date": "09/19/2025",
        "eligibility_date": "11/10/2025", "eligible": "Y", "iep_date": "11/20/2025",
    },
    "ALL1.0DirectCert": {**_CHILD},
    **{
        f"2026{assessment}1.0AsmPre": {
            **_REPORTED, **_CHILD, "gender": "F", "race_ethnicity": "W", "assessment": assessment, **more,
        }
        for assessment, more in {
            "MAPSPR": {"subject": "ELA", "sort": "ROOM 12", "birth_date": "05/01/2015", "grade": "05"},
            "EOCFAL": {"subject": "A1"}, "EOCSPR": {"subject": "BI"}, "EOCSUM": {"subject": "GV"},
            "EOCEXP": {"grade": "12"}, "LEPELL": {}, "MAPA": {"subject": "SC"}, "ACT": {},
        }.items()
    },
}  # fmt: skip


def clean_records(layout: RecordLayout, literal: str, *changes: dict[str, str | None]) -> pl.DataFrame:
    """Text records of a collection, one for each change of its clean record; without changes the clean one."""
    fixed = {"collection_version": literal} | (
        {"school_year": "2026"} if "school_year" in layout.standard_names else {}
    )
    rows = [{**fixed, **CLEAN_STUDENTS[literal], **change} for change in changes or ({},)]
    names = text_columns(layout)
    assert all(row.keys() <= set(names) for row in rows)
    kinds = {name: pl.List(pl.String) if name == "ssn_near" else pl.String for name in names}
    return pl.DataFrame([{**dict.fromkeys(names), **row} for row in rows], schema=kinds).with_columns(
        pl.lit("one").alias("submission_id"),
        pl.int_range(2, len(rows) + 2, dtype=pl.UInt32).alias("line_number"),
    )
