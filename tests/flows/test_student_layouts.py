"""The student layouts beside Student Core go the whole way: read, judged, given their IDs, stored, answered."""

from datetime import UTC, datetime

import duckdb
import pytest

from schemas.clock import FixedClock
from schemas.dictionary import load_dictionary
from tests.flows.small_files import HERE, child, drop, id_batch, ids, new_home, receipt_of, run
from tests.schemas.clean_students import CLEAN_STUDENTS

pytestmark = pytest.mark.slow
KNOWN = child(1, birth_date="05/01/2009", grade="11")
SEGMENTS = (
    {"exit_date": "12/19/2025", "exit_code": "R003", "regular_hours_attended": "480", "hours_in_session": "530"},
    {"entry_date": "01/05/2026", "entry_code": "R103", "regular_hours_attended": "480", "hours_in_session": "530"},
)
NAMELESS = {"last_name": "", "first_name": ""}


def _file(literal: str, *records: dict[str, str]) -> bytes:
    dictionary = load_dictionary()
    layout = dictionary.layout_of(dictionary.collection(literal))
    fixed = {**CLEAN_STUDENTS[literal], "collection_version": literal, "school_year": "2026"}
    rows = [",".join({**fixed, **one}.get(name, "") for name in layout.standard_names) for one in records]
    return "\n".join([",".join(field.column for field in layout.fields), *rows, ""]).encode()


def segments_file(*records: dict[str, str]) -> bytes:
    """A June file of enrollment segments."""
    return _file("2026Jun1.0StuEnrlAttnd", *records)


def test_every_layout_is_stored_with_its_children_and_answered(tmp_path):
    home = new_home(tmp_path)
    drop(home, HERE, "ids.txt", id_batch(HERE, [KNOWN]))
    run(home, FixedClock(datetime(2025, 10, 1, 12, tzinfo=UTC)))
    (state_id,) = ids(home, "ids.txt").values()
    who = {name: KNOWN[name] for name in ("last_name", "first_name", "birth_date", "local_student_id")}
    known = {**who, "submitted_state_id": state_id}
    drop(home, HERE, "attendance.csv", segments_file(*({**known, **one} for one in SEGMENTS)))
    drop(home, HERE, "discipline.csv", _file("2026Jun1.0StuDiscipline", {**known, **NAMELESS}))
    drop(home, HERE, "follow_up.csv", _file("2026Feb1.0StuGradFllw", {**known, "ssn": "219-45-8731"}))
    drop(home, HERE, "referrals.csv", _file("2026Jun1.0Referrals", {**known, "eligible": ""}))
    drop(home, HERE, "lookup.csv", _file("ALL1.0DirectCert", {**known, "submitted_state_id": ""}))
    drop(home, HERE, "act.csv", _file("2026ACT1.0AsmPre", known))
    run(home, FixedClock(datetime(2026, 6, 10, 12, tzinfo=UTC)))
    answered = {
        name: (
            receipt_of(home, f"{name}.csv")["records"],
            [v["rule_id"] for v in receipt_of(home, f"{name}.csv")["violations"]],
        )
        for name in ("attendance", "discipline", "follow_up", "referrals", "lookup", "act")
    }
    assert answered == {
        "attendance": (2, ["SEA98010", "SEA98011", "SEA98012"]), "discipline": (1, ["SDI98011"]),
        "follow_up": (1, ["GRD98010", "GRD98011", "GRD95113"]), "referrals": (1, ["REF98010", "REF96117"]),
        "lookup": (1, []), "act": (1, []),
    }  # fmt: skip
    with duckdb.connect(str(home.database), read_only=True) as con:
        for layout in (
            "student_enrollment_attendance", "student_discipline_incident", "student_graduate_follow_up", "referrals",
            "direct_certification", "assessment_precode",
        ):  # fmt: skip
            assert con.execute(f"SELECT DISTINCT state_id FROM collection.{layout}").fetchall() == [(state_id,)]
        versions = con.execute("SELECT count(*), count(last_name) FROM identity.record").fetchall()
    assert versions[0][0] == versions[0][1]
