"""Batches in, typed records and violations out; generated rules against a plain-Python oracle."""

from dataclasses import replace
from decimal import Decimal

import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors

from schemas import validation
from schemas.predicates import Predicate
from schemas.rules import Rule
from schemas.validation import MASKED_SSN, RULE_RUN_SCHEMA, VIOLATION_SCHEMA, ValidationDefect, validate_records
from tests.schemas.batches import (
    BOOKS,
    CLEAN,
    DICTIONARY,
    DISTRICT,
    LITERALS,
    OTHER_DISTRICT,
    found,
    submissions,
    text_records,
    validate,
    write_directory,
)
from tests.schemas.generated_rule_oracle import expected_numbers, is_known_code

PREFIX = {"student_core": "STC", "assessment_precode": "ASM", "id_batch": "IDB"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return write_directory(tmp_path_factory.mktemp("directory"))


@pytest.mark.parametrize("layout", list(LITERALS))
def test_a_clean_record_has_no_violation(layout, directory):
    validated = validate(layout, text_records(layout, {}), directory)
    assert found(validated) == []
    assert validated.records.height == 1


@pytest.mark.parametrize(
    "layout, change, expected",
    [
        ("student_core", {"last_name": None}, [("LastName", "STC00001")]),
        ("student_core", {"local_student_id": None}, []),
        ("student_core", {"teacher_name": "x" * 40}, []),
        ("student_core", {"teacher_name": "x" * 41}, [("TeacherName", "STC00201")]),
        ("student_core", {"last_name": "é" * 60}, []),
        ("student_core", {"gender": "X"}, [("Gender", "STC90100")]),
        ("student_core", {"grade": "5"}, []),
        ("student_core", {"grade": "005"}, [("StudentGradeLevel", "STC00201"), ("StudentGradeLevel", "STC90100")]),
        ("student_core", {"birth_date": "2015-05-01"}, [("DateOfBirth", "STC00446")]),
        ("student_core", {"birth_date": "5/1/2015"}, [("DateOfBirth", "STC00446")]),
        ("student_core", {"birth_date": "02/29/2016"}, []),
        ("student_core", {"birth_date": "02/29/2015"}, [("DateOfBirth", "STC00446")]),
        ("student_core", {"gpa": "3.5"}, [("GPA", "STC90400")]),
        ("student_core", {"collection_version": "2025Oct1.0StuCore"}, [("CollectionVersion", "STC00401")]),
        ("student_core", {"school_year": "2025"}, [("CurrentSchoolYear", "STC00402")]),
        ("student_core", {"school_year": "20x6"}, [("CurrentSchoolYear", "STC90200")]),
        ("student_core", {"member_fte": "1.005"}, [("MemberFTE", "STC00201"), ("MemberFTE", "STC90300")]),
        ("student_core", {"member_fte": ",5"}, [("MemberFTE", "STC90300")]),
        ("student_core", {"submitted_state_id": "0123456789"}, []),
        ("student_core", {"submitted_state_id": "123456789"}, [("StateID", "STC91330")]),
        ("student_core", {"attending_district_code": "999999"}, [("AttendingDistrictCode", "STC00440")]),
        ("student_core", {"attending_school_code": "4020"}, [("AttendingSchoolCode", "STC00601"),
                                                             ("ResidencyStatus", "STC91010")]),
        ("student_core", {"attending_school_code": "3000", "reporting_school_code": "3000"},
         [("AttendingSchoolCode", "STC00601"), ("ReportingSchoolCode", "STC00602")]),
        ("student_core", {"attending_school_code": "1000", "reporting_school_code": "1000"},
         [("AttendingSchoolCode", "STC00611")]),
        ("student_core", {"attending_school_code": "1000", "reporting_school_code": "1000", "grade": "PK",
                          "birth_date": "05/01/2021"}, []),
        ("student_core", {"reporting_district_code": OTHER_DISTRICT, "reporting_school_code": "4020",
                          "attending_school_code": "1050", "residency_status": None},
         [("ReportingDistrictCode", "STC00700"), ("ResidencyStatus", "STC00001")]),
        ("student_core", {"residency_status": "NR"}, [("ResidentDistrictCode", "STC91020")]),
        ("student_core", {"resident_district_code": OTHER_DISTRICT, "resident_school_code": "4020",
                          "residency_status": "NR"}, []),
        ("student_core", {"kindergarten_readiness": "Q", "grade": "K", "birth_date": "05/01/2020"},
         [("KindergartenReadiness", "STC06500")]),
        ("assessment_precode", {"grade": "09", "birth_date": "05/01/2011"}, [("StudentGradeLevel", "ASM92010")]),
        ("assessment_precode", {"subject": "SCI", "grade": "8", "birth_date": "05/01/2012"}, []),
        ("assessment_precode", {"sort": None}, [("Sort", "ASM92041")]),
        ("id_batch", {"local_student_id": None}, [("LocalStudentID", "IDB00001")]),
        ("id_batch", {"current_school_code": "4020"}, [("CurrentSchoolCode", "IDB00602")]),
        ("id_batch", {"submitted_state_id": "12345678901"}, [("StateID", "IDB00201"), ("StateID", "IDB91330")]),
        ("id_batch", {"last_name": "x" * 60}, []),
        ("id_batch", {"school_year": "2019"}, []),
        # School 3000 closed after 2020: the year that the record names decides.
        ("id_batch", {"school_year": "2020", "current_school_code": "3000"}, []),
        ("id_batch", {"school_year": "2021", "current_school_code": "3000"}, [("CurrentSchoolCode", "IDB00602")]),
        ("id_batch", {"ssn_status": "malformed"}, [("SSN", "IDB00445")]),
        ("id_batch", {"ssn_status": "placeholder"}, [("SSN", "IDB91370")]),
    ],
)  # fmt: skip
def test_one_changed_value_gives_just_its_violations(layout, change, expected, directory):
    lines = found(validate(layout, text_records(layout, {}, change), directory))
    assert sorted((field, rule) for line, field, rule in lines) == sorted(expected)
    assert {line for line, *_ in lines} <= {3}


@pytest.mark.parametrize("layout", list(LITERALS))
def test_an_empty_record_reports_every_required_field_once(layout, directory):
    blank = dict.fromkeys(CLEAN[layout]) | ({"ssn_status": "blank"} if layout == "id_batch" else {})
    lines = found(validate(layout, text_records(layout, blank), directory))
    cycle = BOOKS[layout].collection.cycle
    required = [f.column for f in BOOKS[layout].layout.fields if f.requirement(cycle) == "Required"]
    assert sorted(field for _, field, _ in lines) == sorted(set(required) - {"StateID"})
    assert {rule for *_, rule in lines} == {f"{PREFIX[layout]}00001"}


def test_violation_row_says_what_stood_there_and_what_to_do(directory):
    rows = validate("student_core", text_records("student_core", {"gender": "X"}), directory).violations
    assert rows.schema == pl.Schema(VIOLATION_SCHEMA)
    assert rows.row(0) == (
        "one", 2, "Gender", "STC90100", "E", "record", "X",
        "Gender is not one of the codes of Gender_Codes: F, M", "Use one of these codes in Gender, written as here: F, M.",
    )  # fmt: skip


def test_ssn_never_leaves_unmasked(directory):
    records = text_records("id_batch", {"ssn_status": "malformed"}, {"ssn_status": "ok", "ssn_hash": "ab"})
    validated = validate("id_batch", records, directory)
    assert validated.violations["value"].to_list() == [MASKED_SSN]
    assert validated.records["ssn_hash"].to_list() == [None, "ab"]


def test_messages_and_fixes_hold_no_value(directory):
    marker = "Zq7Zq7"
    records = text_records("student_core", dict.fromkeys(CLEAN["student_core"], marker))
    rows = validate("student_core", records, directory).violations
    assert rows.height > 20
    assert not rows["message"].str.contains(marker).any() and not rows["fix"].str.contains(marker).any()


def test_typed_records(directory):
    change = {"grade": "5", "eco_entry_ind1": "7", "birth_date": "13/01/2015", "member_fte": "0.5"}
    typed = validate("student_core", text_records("student_core", change), directory).records
    assert typed.columns[:4] == ["submission_id", "line_number", "district_code", "collection_version"]
    row = typed.row(0, named=True)
    assert (row["district_code"], row["grade"], row["eco_entry_ind1"]) == (DISTRICT, "05", 7)
    assert (row["birth_date"], row["member_fte"], row["school_year"]) == (None, Decimal("0.50"), 2026)
    assert typed.schema["birth_date"] == pl.Date and typed.schema["member_fte"] == pl.Decimal(4, 2)


def test_violations_quote_the_text_as_sent_not_the_code_it_stands_for(directory):
    change = {"attending_school_code": "1000", "reporting_school_code": "1000", "grade": "4"}
    rows = validate("student_core", text_records("student_core", change), directory).violations
    assert rows.select("field", "rule_id", "value").rows() == [("AttendingSchoolCode", "STC00611", "1000")]


def test_many_districts_in_one_call(directory):
    first = text_records("student_core", {}, {"gender": "X"}, submission_id="one")
    other = {name: OTHER_DISTRICT for name in CLEAN["student_core"] if name.endswith("district_code")} | {
        name: "4020" for name in CLEAN["student_core"] if name.endswith("school_code")
    }
    second = text_records("student_core", other, {"gender": "X"}, submission_id="two")
    files = submissions(one=DISTRICT, two=OTHER_DISTRICT, empty=DISTRICT)
    validated = validate("student_core", pl.concat([second, first]), directory, files=files)
    assert validated.records["submission_id"].to_list() == ["two", "two", "one", "one"]
    assert validated.violations.select("submission_id", "line_number", "rule_id").rows() == [
        ("empty", None, "STC01600"),
        ("one", 3, "STC90100"),
        ("two", 3, "STC00700"),
        ("two", 3, "STC90100"),
    ]


def test_rule_runs_count_who_was_asked_and_who_failed(directory):
    records = text_records("student_core", {"birth_date": None, "zip_code": "1"}, {"zip_code": "65101"}, {})
    runs = validate("student_core", records, directory).rule_runs
    assert runs.schema == pl.Schema(RULE_RUN_SCHEMA)
    by_number = {rule_id: (applicable, failed) for rule_id, _, applicable, failed in runs.rows()}
    required = sum(f.requirement("Oct") == "Required" for f in BOOKS["student_core"].layout.fields) - 1
    assert by_number["STC00001"] == (3 * required, 1)
    assert by_number["STC00446"] == (2, 0)
    assert by_number["STC91410"] == (2, 1)
    assert by_number["STC01600"] == (1, 0)
    assert by_number["STC00700"] == (3, 0)
    assert set(by_number) == {rule.rule_id for rule in BOOKS["student_core"].before_identify}


def test_rule_runs_do_not_hang_on_the_order_of_records(directory):
    files = submissions(one=DISTRICT, two=DISTRICT)
    apart = pl.concat(
        [text_records("student_core", {}, {"zip_code": "1"}, {}, submission_id=name) for name in ("one", "two")]
    )
    mixed = apart.sort("line_number", "submission_id")
    runs = validate("student_core", mixed, directory, files=files).rule_runs
    assert runs.equals(validate("student_core", apart, directory, files=files).rule_runs)
    zip_runs = runs.filter(pl.col("rule_id") == "STC91410").select("submission_id", "applicable_count", "failed_count")
    assert zip_runs.rows() == [("one", 1, 1), ("two", 1, 1)]


def test_without_directory_nothing_is_said_about_codes():
    records = text_records("student_core", {"attending_district_code": "999999", "resident_school_code": "9999"})
    validated = validate("student_core", records, None)
    assert found(validated) == []
    runs = dict(validated.rule_runs.select("rule_id", "applicable_count").rows())
    assert runs["STC00440"] == runs["STC00601"] == 0


def test_a_building_reports_only_its_own_students(directory):
    files = submissions(one=DISTRICT).with_columns(school_code=pl.lit("1050"))
    records = text_records("student_core", {}, {"reporting_school_code": "1000", "residency_status": "R2"})
    rules = [rule for *_, rule in found(validate("student_core", records, directory, files=files))]
    assert rules == ["STC90530"]


def test_doubled_local_id_is_found_inside_one_file_only(directory):
    files = submissions(one=DISTRICT, two=DISTRICT)
    records = pl.concat(
        [
            text_records("student_core", {}, {"local_student_id": "17"}, submission_id="one"),
            text_records("student_core", {}, submission_id="two"),
        ]
    )
    lines = validate("student_core", records, directory, files=files).violations
    assert lines.select("submission_id", "line_number", "rule_id").rows() == [
        ("one", 2, "STC91340"),
        ("one", 3, "STC91340"),
    ]


def _after_identify(state_ids: list[str | None], *changes: dict[str, str | None]) -> list[tuple]:
    typed = validate("student_core", text_records("student_core", *changes)).records
    returned = typed.with_columns(pl.Series("state_id", state_ids, pl.String))
    return found(validate("student_core", returned, after_identify=True))


@pytest.mark.parametrize(
    "state_ids, changes, expected",
    [
        (["1234567897"], [{}], []),
        ([None], [{}], [(2, "StateID", "STC00001")]),
        ([None, None], [{}, {}], [(2, "StateID", "STC00001"), (3, "StateID", "STC00001")]),
        (["1234567897", "1234567897"], [{}, {}], [(2, "StateID", "STC00202"), (3, "StateID", "STC00202")]),
        (["1234567897", "1234567897"], [{}, {"reporting_school_code": "3000"}],
         [(2, "StateID", "STC91350"), (3, "StateID", "STC91350")]),
        (["1234567897", "2234567895"], [{}, {}], []),
        (["1234567897"], [{"submitted_state_id": "1234567897"}], []),
        (["1234567897"], [{"submitted_state_id": "2234567895"}], [(2, "StateID", "STC91360")]),
    ],
)  # fmt: skip
def test_rules_on_the_state_id_that_came_out(state_ids, changes, expected):
    assert _after_identify(state_ids, *changes) == expected


def test_the_second_call_says_nothing_about_the_record_itself():
    assert _after_identify(["1234567897"], {"gender": "X", "last_name": None}) == []


def test_an_id_batch_has_no_rule_after_identify(directory):
    typed = validate("id_batch", text_records("id_batch", {}), directory).records
    returned = typed.with_columns(pl.lit(None, pl.String).alias("state_id"))
    validated = validate("id_batch", returned, after_identify=True)
    assert found(validated) == [] and validated.rule_runs.is_empty()


def test_no_records_at_all(directory):
    validated = validate("student_core", text_records("student_core", {}).clear(), directory)
    assert found(validated) == [(None, None, "STC01600")]
    assert validated.records.is_empty() and validated.records.schema["birth_date"] == pl.Date
    assert validate(
        "id_batch", text_records("id_batch", {}).clear(), directory, files=submissions()
    ).rule_runs.is_empty()


TEXTS = st.one_of(
    st.none(),
    st.sampled_from(
        ["Y", "N", "NA", "00", "3", "03", "2026", "1.00", "-1", "1.", ".5", "1e3", "+1", "1.005", "1.0000", "١", "１２",
         "02/29/2015", "02/29/2016", "2/9/2016", "2016-02-29", "00/00/0000", "13/01/2015", "01/01/0001", "٠١/٠١/٢٠١٥",
         "048078", "1050", "9999999999", "99999999999999999999", "ünïcödé", "x" * 61, "'; --", "R1", "M", "NLP"]
    ),
    st.text(alphabet="0123456789.-/ ABY", min_size=1, max_size=12).map(str.strip).filter(bool),
)  # fmt: skip
ONE_FIELD = {
    f"{number:05}" for number in (1, 201, 446, 6500, 6760, 6762, 6764, 6766, 6768, 90100, 90110, 90200, 90300, 90400)
}


@pytest.mark.parametrize("layout", list(LITERALS))
@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_generated_rules_say_what_the_oracle_says(layout, data):
    fields = [field for field in BOOKS[layout].layout.fields if field.standard_name != "ssn"]
    rows = data.draw(st.lists(st.lists(TEXTS, min_size=len(fields), max_size=len(fields)), min_size=1, max_size=6))
    records = text_records(
        layout, *({f.standard_name: text for f, text in zip(fields, row, strict=True)} for row in rows)
    )
    expected = {
        (line, field.column, PREFIX[layout] + number)
        for line, row in enumerate(rows, start=2)
        for field, text in zip(fields, row, strict=True)
        for number in expected_numbers(field, text, BOOKS[layout].collection)
    }
    seen = {row for row in found(validate(layout, records)) if row[2].removeprefix(PREFIX[layout]) in ONE_FIELD}
    assert seen == expected


CODES = st.sampled_from([None, "048078", "048080", "999999"])
SCHOOLS = st.sampled_from([None, "1050", "4020", "3000", "1000", "8000", "9999"])


@given(rows=st.lists(st.tuples(CODES, SCHOOLS), min_size=1, max_size=8))
@settings(max_examples=8, deadline=None)
def test_directory_rules_say_what_the_oracle_says(rows, directory):
    records = text_records(
        "student_core", *({"attending_district_code": code, "attending_school_code": school} for code, school in rows)
    )
    seen = {(line, rule) for line, _, rule in found(validate("student_core", records, directory))}
    for line, (code, school) in enumerate(rows, start=2):
        assert ((line, "STC00440") in seen) == (code == "999999")
        assert ((line, "STC00601") in seen) == (is_known_code(directory, code, school) is False)


@given(data=st.data())
@settings(max_examples=8, deadline=None)
@pytest.mark.slow
def test_pandera_finds_the_same_in_the_records_themselves(data, directory):
    """The answers pandera judges were made in one select; here it evaluates every rule on the records instead."""
    names = data.draw(st.lists(st.sampled_from(sorted(CLEAN["student_core"])), min_size=1, max_size=6, unique=True))
    records = text_records("student_core", {}, *({name: data.draw(TEXTS)} for name in names))
    book = BOOKS["student_core"]
    batch = validation.prepare_batch(records, submissions(one=DISTRICT), book, directory)
    rules = [rule for rule in book.before_identify if rule.scope == "record"]
    plain = batch.select(rule.violation.arg_true().implode().alias(rule.key) for rule in rules)
    selected = {(key, index) for key in plain.columns for index in plain[key][0]}
    assert _judged_by_pandera(batch, rules) == selected
    seen = validate("student_core", records, directory).violations
    assert seen.height == len(selected)


def _judged_by_pandera(batch: pl.DataFrame, rules: list[Rule]) -> set[tuple[str, int]]:
    checks = [
        pa.Check(lambda data, rule=rule: data.lazyframe.select(~rule.violation), name=rule.key, error=rule.key)
        for rule in rules
    ]
    try:
        pa.DataFrameSchema({"line_number": pa.Column(pl.UInt32, checks)}).validate(batch, lazy=True)
    except SchemaErrors as errors:
        return set(errors.failure_cases.select("check", "index").iter_rows())
    return set()


def test_a_rule_the_engine_cannot_run_is_our_defect_and_quotes_nothing(directory):
    book = BOOKS["student_core"]
    broken = Predicate("", pl.col("last_name").cast(pl.Int64) > 0, frozenset({"last_name"}))
    rules = (*book.rules[:-1], replace(book.rules[-1], predicate=broken))
    with pytest.raises(
        ValidationDefect, match=r"^Rule \S+ \(\S+ line \d+\) could not be evaluated on a batch of 1 "
    ) as defect:
        validate_records(
            text_records("student_core", {"last_name": "Zq7Zq7"}), submissions(one=DISTRICT), layout=book.layout,
            rule_book=replace(book, rules=rules), directory=directory,
        )  # fmt: skip
    assert "Zq7Zq7" not in str(defect.value) and defect.value.__cause__ is None and defect.value.__context__ is None


def test_an_id_batch_of_another_year_is_judged_too(directory):
    book = BOOKS["id_batch"]
    records = text_records("id_batch", {"school_year": "2025", "gender": "X"})
    layout = DICTIONARY.layout("id_batch", 2025)
    validated = validate_records(records, submissions(one=DISTRICT), layout=layout, rule_book=book, directory=directory)
    assert found(validated) == [(2, "Gender", "IDB90100")]


def test_a_null_answer_is_no_pass_for_pandera(monkeypatch, directory):
    flags = validation.rule_flags
    monkeypatch.setattr(
        validation,
        "rule_flags",
        lambda batch, rules: flags(batch, rules).with_columns(pl.lit(None, pl.Boolean).alias("STC00001:last_name")),
    )
    rules = [rule for *_, rule in found(validate("student_core", text_records("student_core", {}), directory))]
    assert rules == ["STC00001"]


def test_columns_no_rule_may_rely_on_are_left_alone(directory):
    records = text_records("student_core", {}).with_columns(extra=pl.lit(1))
    assert "extra" not in validate("student_core", records, directory).records.columns


def test_validation_is_for_one_collection_at_a_time(directory):
    layout = BOOKS["student_core"].layout
    with pytest.raises(ValidationDefect, match="assessment_precode"):
        validate_records(
            text_records("student_core", {}), submissions(one=DISTRICT), layout=layout,
            rule_book=BOOKS["assessment_precode"], directory=directory,
        )  # fmt: skip
