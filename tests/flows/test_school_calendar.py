"""A file without students goes the whole way: read, judged, stored, reported; no ID is asked for."""

from datetime import UTC, datetime

import pytest

from schemas.clock import FixedClock
from schemas.database import open_state
from tests.flows.small_files import HERE, drop, new_home, receipt_of, run
from tests.schemas.test_school_calendar import BOOK, CLEAN


@pytest.mark.slow
def test_a_school_calendar_is_stored_without_asking_for_an_id(tmp_path):
    home = new_home(tmp_path)
    rows = [",".join(CLEAN[name] for name in BOOK.layout.standard_names)]
    content = "\n".join([",".join(field.column for field in BOOK.layout.fields), *rows, ""])
    drop(home, HERE, "calendar.csv", content.encode())
    run(home, FixedClock(datetime(2027, 6, 1, 14, tzinfo=UTC)))
    receipt = receipt_of(home, "calendar.csv")
    assert (receipt["outcome"], receipt["collection_version"], receipt["accepted"]) == (
        "accepted", "2027JunSchoolCalHeader", 1,
    )  # fmt: skip
    con = open_state(home, read_only=True)
    stored = con.execute(
        "SELECT calendar_track, days_in_session, state_id FROM collection.school_calendar_header"
    ).fetchall()
    issued = con.execute("SELECT count(*) FROM identity.student").fetchall()
    con.close()
    assert (stored, issued) == ([("1", 169, None)], [(0,)])
