"""Who gets a label, in which order, in which files; certified records in, bytes out."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from outputs.disclosure_log import first_broken_link
from outputs.precode import Delivery, build_precode
from outputs.precode.definitions import load_assessment
from outputs.precode.files import ValueTooLong
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.errors import UnknownName, UsageError
from schemas.paths import StateHome

AT = datetime(2025, 12, 1, 18, tzinfo=UTC)
USUAL = {
    "reporting_school_code": "4020", "last_name": "Kovar", "first_name": "Anna", "birth_date": date(2016, 4, 9),
    "grade": "04", "gender": "F", "race_ethnicity": "W", "teacher_name": "Beck", "lunch_status": "F",
    "lep_status": "NLP", "iep_disability": "0", "title_i": None, "migrant": "N", "map_a": "N",
    "enrolled_on_count_date": "Y", "member_fte": Decimal("1.0"),
}  # fmt: skip


def certify(
    con: duckdb.DuckDBPyConnection, district: str, rows: list[dict], cycle: str = "Oct", status: str = "certified"
) -> str:
    submission = f"{district}-{cycle}-{status}"
    con.execute(
        "INSERT INTO intake.submission BY NAME SELECT ? AS submission_id, ? AS district_code, 'student_core' AS layout, "
        "2026 AS school_year, ? AS cycle, 'f.csv' AS file_name, '00' AS sha256, 'c' AS claim_path, ? AS status, "
        "? AS received_at, 'run' AS run_id, '1' AS dictionary_version, '1' AS rule_book_version",
        [submission, district, cycle, status, AT],
    ).fetchall()
    for line, row in enumerate(rows, start=2):
        values = {
            "submission_id": submission, "line_number": line, "district_code": district,
            "reporting_district_code": district, "attending_district_code": district, **USUAL, **row,
        }  # fmt: skip
        names = ", ".join(values)
        marks = ", ".join("?" for _ in values)
        con.execute(f"INSERT INTO collection.student_core ({names}) VALUES ({marks})", list(values.values())).fetchall()
    return submission


@pytest.fixture
def home(tmp_path: Path) -> StateHome:
    root = tmp_path / "home"
    (root / "outbox").mkdir(parents=True)
    (root / "mosis.toml").write_text("")
    return StateHome.open(root)


@pytest.fixture
def deliver(con: duckdb.DuckDBPyConnection, home: StateHome, directory: Directory, dictionary: Dictionary):
    def run(at: datetime = AT, assessment: str = "MAPSPR", school_year: int | None = 2026) -> Delivery:
        return build_precode(con, assessment, school_year, home, directory, dictionary, at, "run", "operator")

    return run


def read_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"grade": "03"}, None),
        ({"grade": "02"}, "GRADE_NOT_TESTED"),
        ({"grade": "08"}, None),
        ({"grade": "09"}, "GRADE_NOT_TESTED"),
        ({"map_a": "Y"}, "MAP_A"),
        ({"map_a": None}, None),
        ({"enrolled_on_count_date": "N"}, "NOT_ENROLLED"),
        ({"enrolled_on_count_date": None}, "NOT_ENROLLED"),
        ({"state_id": None}, "NO_STATE_ID"),
    ],
)
def test_every_student_is_in_or_left_out_with_a_reason(con, deliver, change, reason):
    certify(con, "048078", [{"state_id": "1000000001", **change}])
    delivery = deliver()
    assert (delivery.students, delivery.left_out) == ((0, {reason: 1}) if reason else (1, {}))
    assert con.execute("SELECT is_included, reason FROM precode.record").fetchall() == [(reason is None, reason)]


def test_line_that_was_split_off_is_labelled_with_its_own_number(con, deliver, home):
    """Two children were certified under one number; since then one of the lines belongs to another."""
    submission = certify(con, "048078", [{"state_id": "1000000001"}, {"state_id": "1000000001", "first_name": "Ben"}])
    assert deliver().left_out == {"CERTIFIED_TWICE": 1}
    con.execute("INSERT INTO identity.moved_line VALUES (?, 3, '1000000002')", [submission]).fetchall()
    assert deliver().left_out == {}
    rows = read_rows(home.outbox_of("048078") / "precode" / "MAPSPR" / "MAPSPR_2026.csv")
    assert {(row["FirstName"], row["StateID"]) for row in rows} == {("Anna", "1000000001"), ("Ben", "1000000002")}


def test_student_with_an_open_question_is_named_so(con, deliver):
    submission = certify(con, "048078", [{"state_id": None}])
    con.execute(
        "INSERT INTO identity.near_match VALUES ('NM1', ?, 2, '00', '048078', 1, '1000000009', 1.0, 'x', 'r', 'open', NULL, ?, NULL, NULL)",
        [submission, AT],
    ).fetchall()
    assert deliver().left_out == {"OPEN_NEAR_MATCH": 1}


def test_science_is_for_grades_five_and_eight(con, deliver, home):
    certify(con, "048078", [{"state_id": f"100000000{grade}", "grade": f"0{grade}"} for grade in range(3, 9)])
    delivery = deliver()
    rows = read_rows(Path(delivery.folder) / "MAPSPR_2026.csv")
    assert sorted(row["StudentGradeLevel"] for row in rows if row["Subject"] == "SC") == ["05", "08"]
    assert (delivery.students, delivery.labels) == (6, 14)


def test_labels_print_in_class_order(con, deliver, home):
    certify(
        con,
        "048078",
        [
            {"state_id": "1000000001", "reporting_school_code": "4020", "teacher_name": "Young", "last_name": "Abel"},
            {"state_id": "1000000002", "reporting_school_code": "4020", "teacher_name": "Beck", "last_name": "Zorn"},
            {"state_id": "1000000003", "reporting_school_code": "4020", "teacher_name": "Beck", "last_name": "Abel"},
            {"state_id": "1000000004", "reporting_school_code": "1050", "teacher_name": None, "last_name": "Zorn"},
        ],
    )
    deliver()
    rows = read_rows(home.outbox / "048078/precode/MAPSPR/MAPSPR_2026.csv")
    assert [(row["StateID"][-1], row["Sort"], row["Subject"]) for row in rows] == [
        ("4", "Grade 04", "ELA"), ("4", "Grade 04", "MATH"), ("3", "Beck", "ELA"), ("3", "Beck", "MATH"),
        ("2", "Beck", "ELA"), ("2", "Beck", "MATH"), ("1", "Young", "ELA"), ("1", "Young", "MATH"),
    ]  # fmt: skip


def test_fixed_width_file_follows_its_layout(con, deliver):
    certify(con, "048078", [{"state_id": "1000000001", "last_name": "Nuñez", "iep_disability": "9"}])
    folder = Path(deliver().folder)
    lines = (folder / "MAPSPR_2026.txt").read_bytes().decode("utf-8").split("\r\n")
    places = {row["column"]: row for row in read_rows(folder / "MAPSPR_2026_layout.csv")}

    def field(line: str, column: str) -> str:
        return line[int(places[column]["first_character"]) - 1 : int(places[column]["last_character"])].rstrip()

    assert lines[-1] == ""
    assert {len(line) for line in lines[:-1]} == {load_assessment("MAPSPR").width}
    assert field(lines[0], "LastName") == "Nuñez"
    assert field(lines[0], "DateOfBirth") == "04/09/2016"
    assert field(lines[0], "IEP") == "Y"
    assert field(lines[0], "CollectionVersion") == "2026MAPSPR1.0AsmPre"
    assert [field(line, "Subject") for line in lines[:-1]] == ["ELA", "MATH"]


def test_value_longer_than_its_column_stops_the_delivery(con, deliver, home):
    certify(con, "048078", [{"state_id": "1000000001", "suffix": "the eleventh"}])
    with pytest.raises(ValueTooLong, match="2 values of Suffix") as caught:
        deliver()
    assert "eleventh" not in str(caught.value)
    assert not home.precode.exists()


@pytest.mark.parametrize(("code", "flag"), [(None, "N"), ("0", "N"), ("00", "N"), ("9", "Y")])
def test_disability_itself_never_leaves(con, deliver, code, flag):
    certify(con, "048078", [{"state_id": "1000000001", "iep_disability": code}])
    rows = read_rows(Path(deliver().folder) / "MAPSPR_2026.csv")
    assert {row["IEP"] for row in rows} == {flag}
    assert not any("isability" in column for column in rows[0])


def test_only_certified_records_count_and_missing_districts_are_named(con, deliver):
    certify(con, "048078", [{"state_id": "1000000001"}])
    certify(con, "010004", [{"state_id": "1000000002"}], status="trial")
    delivery = deliver()
    assert delivery.districts == ("048078",)
    assert delivery.missing_districts == ("010004", "077077")
    readme = (Path(delivery.folder) / "README.txt").read_text("utf-8")
    assert "not in this file: 010004, 077077" in readme


def test_latest_full_collection_of_a_district_is_used(con, deliver):
    certify(con, "048078", [{"state_id": "1000000001"}], cycle="Oct")
    certify(con, "048078", [{"state_id": "1000000001"}, {"state_id": "1000000002"}], cycle="Feb")
    # December holds only students with an IEP.
    certify(con, "010004", [{"state_id": "1000000003"}, {"state_id": "1000000004"}], cycle="Oct")
    certify(con, "010004", [{"state_id": "1000000003"}], cycle="Dec")
    assert deliver().students == 4


def test_child_of_two_districts_gets_one_set_of_labels_where_it_attends(con, deliver, home):
    certify(con, "010004", [{"state_id": "1000000001", "attending_district_code": "048078"}])
    certify(con, "048078", [{"state_id": "1000000001"}])
    delivery = deliver()
    assert (delivery.students, delivery.left_out) == (1, {"CERTIFIED_TWICE": 1})
    assert len(read_rows(home.outbox / "048078/precode/MAPSPR/MAPSPR_2026.csv")) == 2
    assert read_rows(home.outbox / "010004/precode/MAPSPR/MAPSPR_2026.csv") == []


def test_merged_id_goes_out_as_the_one_that_survives(con, deliver):
    con.execute(
        "INSERT INTO identity.student VALUES ('1000000001', 'merged', '1000000002', ?, 'r'), "
        "('1000000002', 'merged', '1000000003', ?, 'r'), ('1000000003', 'active', NULL, ?, 'r')",
        [AT, AT, AT],
    ).fetchall()
    certify(con, "048078", [{"state_id": "1000000001"}, {"state_id": "1000000003"}])
    delivery = deliver()
    assert {row["StateID"] for row in read_rows(Path(delivery.folder) / "MAPSPR_2026.csv")} == {"1000000003"}
    assert delivery.left_out == {"CERTIFIED_TWICE": 1}


def test_left_out_file_is_for_people(con, deliver, home):
    certify(
        con,
        "048078",
        [
            {"state_id": "1000000001", "grade": "K", "last_name": "Adams"},
            {"state_id": None, "last_name": "=HYPERLINK()"},
        ],
    )
    deliver()
    path = home.outbox / "048078/precode/MAPSPR/MAPSPR_2026_left_out.csv"
    rows = read_rows(path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert [(row["LastName"], row["Reason"]) for row in rows] == [
        ("'=HYPERLINK()", "NO_STATE_ID"),
        ("Adams", "GRADE_NOT_TESTED"),
    ]
    readme = (path.parent / "README.txt").read_text("utf-8")
    assert "2 students are left out" in readme


def test_second_run_makes_no_second_delivery(con, deliver, home):
    certify(con, "048078", [{"state_id": "1000000001"}])
    first = deliver()
    again = deliver(at=datetime(2026, 1, 5, tzinfo=UTC))
    assert first.is_new and not again.is_new
    assert again.delivery_id == first.delivery_id
    assert "Nothing has changed" in again.text
    assert con.execute("SELECT count(*) FROM precode.delivery").fetchall() == [(1,)]
    certify(con, "010004", [{"state_id": "1000000002"}])
    assert deliver(at=datetime(2026, 1, 6, tzinfo=UTC)).is_new
    assert len(list((home.precode / "MAPSPR").iterdir())) == 2


def test_files_of_a_call_that_never_committed_are_taken_over(con, deliver, home):
    certify(con, "048078", [{"state_id": "1000000001"}])
    con.execute("BEGIN")
    lost = deliver()
    con.execute("ROLLBACK")
    (home.precode / "MAPSPR/.tmp-left").mkdir()
    found = deliver()
    assert found.is_new and found.folder == lost.folder
    assert con.execute("SELECT delivery_id FROM precode.delivery").fetchall() == [(lost.delivery_id,)]


def test_files_are_private(con, deliver, home):
    certify(con, "048078", [{"state_id": "1000000001"}])
    folder = Path(deliver().folder)
    own = home.outbox / "048078/precode/MAPSPR"
    assert all(path.stat().st_mode & 0o007 == 0 for path in (own, own.parent, *own.iterdir()))
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_nobody_certified_and_unknown_assessment_are_said(con, deliver):
    with pytest.raises(UsageError, match="No district has certified"):
        deliver(school_year=None)
    with pytest.raises(UnknownName, match="MAPSPR"):
        deliver(assessment="ACT")


def test_vendor_columns_come_from_the_dictionary_and_fit_it(dictionary):
    core = dictionary.layout("student_core", 2026)
    asked = dictionary.layout("assessment_precode", 2026).by_header
    for column in load_assessment("MAPSPR").columns:
        if column.column.casefold() in asked:
            assert column.width == asked[column.column.casefold()].length
        if column.source in core.by_standard_name:
            field = core.by_standard_name[column.source]
            assert field.access_level >= 2
            assert column.width >= field.length


def test_delivery_is_logged_once_as_a_disclosure_to_the_vendor(con, deliver):
    certify(con, "048078", [{"state_id": "1000000001"}, {"state_id": None}])
    delivery = deliver()
    deliver()
    query = "SELECT actor, purpose, recipient, record_count FROM access.log"
    assert con.execute(query).fetchall() == [("operator", f"pre-code {delivery.delivery_id}", "vendor of MAPSPR", 1)]
    assert first_broken_link(con) is None
