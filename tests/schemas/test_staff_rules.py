"""Rules of staff, courses and class rosters: clean records break none, and each rule fires in the whole validation.

``test_rules`` runs every example on its rule alone; here all examples of a layout go through validation at once, as
files of their own, so that a rule which no readable value can break is found.
"""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from schemas.rules import Rule, RuleBook, load_rule_book
from schemas.schema_builder import text_columns, typed_expression
from schemas.validation import MASKED_SSN, Validated, validate_records
from tests.schemas.batches import DICTIONARY, DISTRICT, submissions, write_directory
from tests.schemas.generated_rule_oracle import expected_numbers

LITERALS = {
    "educator_core": "2026Oct1.0EdCore", "educator_school": "2026Oct1.0EdSchool",
    "course_assignment": "2026Oct1.0CrsAssign", "student_assignment": "2026Oct1.0StuAssign",
}  # fmt: skip
BOOKS = {layout: load_rule_book(DICTIONARY, literal) for layout, literal in LITERALS.items()}
EDUCATOR = {"educator_id": "E0000000001", "educator_id_status": "ok"}
_PLACE = {"reporting_district_code": DISTRICT, "reporting_school_code": "1050"}
CLEAN: dict[str, dict[str, str]] = {
    "educator_core": {
        **EDUCATOR, "reporting_district_code": DISTRICT, "last_name": "O'Neil-Smith", "first_name": "Mary Ann",
        "race_ethnicity": "W", "gender": "F", "highest_degree": "3", "district_experience": "4",
        "missouri_experience": "9", "total_experience": "12", "regular_term_salary": "47200",
    },
    "educator_school": {**EDUCATOR, **_PLACE, "position_code": "60", "fte": "1.00", "salary": "47200"},
    "course_assignment": {
        **EDUCATOR, **_PLACE, "position_code": "60", "assignment_number": "1", "course_number": "115200",
        "course_grade": "10", "course_semester": "YL", "course_minutes": "250", "course_credits": "1.00",
        "course_enrollment": "23",
    },
    "student_assignment": {
        **EDUCATOR, **_PLACE, "submitted_state_id": "1234567897", "local_student_id": "17", "birth_date": "05/01/2010",
        "grade": "10", "position_code": "60", "assignment_number": "1", "course_number": "115200",
    },
}  # fmt: skip
TRIAL = ("trial__district_code", "trial__school_code")


def written(book: RuleBook) -> list[Rule]:
    return [rule for rule in book.rules if rule.kind == "written"]


def text_frame(book: RuleBook, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Text records of many files; ``submission_id`` and ``line_number`` are in the rows."""
    names = text_columns(book.layout)
    schema = {"submission_id": pl.String, "line_number": pl.UInt32, **dict.fromkeys(names, pl.String)}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def clean_frame(layout: str, *changes: dict[str, str | None]) -> pl.DataFrame:
    fixed = {"collection_version": LITERALS[layout], "school_year": "2026", "submission_id": "one"}
    rows = [{**fixed, **CLEAN[layout], **change, "line_number": 2 + place} for place, change in enumerate(changes)]
    return text_frame(BOOKS[layout], rows)


def judged(layout: str, records: pl.DataFrame, files: pl.DataFrame, tmp_path: Path) -> list[Validated]:
    """Both passes of validation; in the second every record has the state ID that it was sent with."""
    book, directory = BOOKS[layout], write_directory(tmp_path)
    first = validate_records(records, files, layout=book.layout, rule_book=book, directory=directory)
    if not book.after_identify:
        return [first]
    with_ids = first.records.with_columns(state_id=pl.col("submitted_state_id"))
    return [first, validate_records(with_ids, files, layout=book.layout, rule_book=book, directory=directory,
                                    after_identify=True)]  # fmt: skip


@pytest.mark.parametrize("layout", list(LITERALS))
def test_a_clean_record_breaks_no_rule(layout, tmp_path):
    for validated in judged(layout, clean_frame(layout, {}), submissions(one=DISTRICT), tmp_path):
        assert validated.violations.rows() == []


@pytest.mark.parametrize("layout", list(LITERALS))
def test_every_book_is_deep(layout):
    assert len(written(BOOKS[layout])) >= 25


@pytest.mark.parametrize("layout", list(LITERALS))
def test_examples_are_values_that_the_fields_can_hold(layout):
    book = BOOKS[layout]
    for rule in written(book):
        for record in (*rows_of(rule.passing_example), *rows_of(rule.failing_example)):
            for name, text in record.items():
                field = book.layout.by_standard_name.get(name)
                # The identifier is made, not sent, and the length of the literal is what its own rule is about.
                if field is None or name == "educator_id":
                    continue
                assert len(text) <= field.length, (rule.rule_id, name)
                typed = pl.select(typed_expression(field, {}, pl.lit(text))).item()
                assert typed is not None, (rule.rule_id, name)


@pytest.mark.parametrize("layout", list(LITERALS))
def test_every_rule_fires_on_its_failing_example_in_the_whole_validation(layout, tmp_path):
    assert fired(layout, tmp_path, "failing_example") == {rule.rule_id for rule in written(BOOKS[layout])}


@pytest.mark.parametrize("layout", list(LITERALS))
def test_no_rule_fires_on_its_passing_example_in_the_whole_validation(layout, tmp_path):
    assert fired(layout, tmp_path, "passing_example") == set()


def rows_of(example: str) -> list[dict[str, Any]]:
    records = json.loads(example)
    return records if isinstance(records, list) else [records]


def fired(layout: str, tmp_path: Path, example: str) -> set[str]:
    """Rules that fire on their own example, each example being a file of its own."""
    book = BOOKS[layout]
    rows, files = [], []
    for rule in written(book):
        records = rows_of(getattr(rule, example))
        trials = {name: next((row[name] for row in records if name in row), None) for name in TRIAL}
        files.append((rule.rule_id, *trials.values()))
        for place, record in enumerate(records):
            sent = {"submitted_state_id": record["state_id"]} if "state_id" in record else {}
            rows.append({**sent, **record, "submission_id": rule.rule_id, "line_number": 2 + place})
    names = ("submission_id", "district_code", "school_code")
    submitted = pl.DataFrame(files, schema=dict.fromkeys(names, pl.String), orient="row")
    found = judged_with_ids(layout, rows, submitted, tmp_path)
    return set(found.filter(pl.col("submission_id") == pl.col("rule_id"))["rule_id"])


def judged_with_ids(layout: str, rows: list[dict[str, Any]], files: pl.DataFrame, tmp_path: Path) -> pl.DataFrame:
    book, directory = BOOKS[layout], write_directory(tmp_path)
    first = validate_records(text_frame(book, rows), files, layout=book.layout, rule_book=book, directory=directory)
    if not book.after_identify:
        return first.violations
    ids = pl.DataFrame(
        [(row["submission_id"], row["line_number"], row.get("state_id")) for row in rows],
        schema={"submission_id": pl.String, "line_number": pl.UInt32, "state_id": pl.String}, orient="row",
    )  # fmt: skip
    typed = first.records.join(ids, on=["submission_id", "line_number"], how="left", maintain_order="left")
    second = validate_records(typed, files, layout=book.layout, rule_book=book, directory=directory,
                              after_identify=True)  # fmt: skip
    return pl.concat([first.violations, second.violations])


@pytest.mark.parametrize("layout", list(LITERALS))
@pytest.mark.parametrize("status, number", [("malformed", "00445"), ("placeholder", "01"), ("blank", "00001")])
def test_a_number_that_cannot_be_used_is_one_finding_and_is_never_shown(layout, status, number, tmp_path):
    if (layout, status) == ("course_assignment", "blank"):
        # A virtual course needs no educator, so here a warning asks.
        number = "96305"
    change = {"educator_id": None, "educator_id_status": status}
    (violations, *_) = judged(layout, clean_frame(layout, change), submissions(one=DISTRICT), tmp_path)
    ((rule_id, field, value),) = violations.violations.select("rule_id", "field", "value").rows()
    assert rule_id.endswith(number) and field == "EDSSN"
    assert value == (None if status == "blank" else MASKED_SSN)


@pytest.mark.parametrize("layout", list(LITERALS))
def test_a_key_that_stands_twice_is_found_by_the_dummy_identifier(layout, tmp_path):
    again: dict[str, str | None] = {}
    other = {"educator_id": "E0000000002"} | ({"last_name": "Ray"} if layout == "educator_core" else {})
    records = clean_frame(layout, {}, other, again)
    found = pl.concat([one.violations for one in judged(layout, records, submissions(one=DISTRICT), tmp_path)])
    doubled = found.filter(pl.col("rule_id").str.ends_with("00202"))
    assert doubled["line_number"].to_list() == [2, 4]


def test_two_posts_of_an_educator_without_a_programme_have_one_key(tmp_path):
    """A blank programme type is a part of the key like any other value."""
    records = clean_frame(
        "educator_school", {"fte": "0.50"}, {"fte": "0.25", "cte_program_code": "0100", "cte_months": "9"}
    )
    (validated,) = judged("educator_school", records, submissions(one=DISTRICT), tmp_path)
    assert "EDS00202" not in set(validated.violations["rule_id"])


TEXTS = (
    None, "Y", "N", "12", "-3", "1.5", "0.50", "100.25", "abc", "60", "0100", "YL", "X9", "09/24/2015", "2015-09-24",
    "02/29/2015", "x" * 300, "'", "Straße", "7" * 19,
)  # fmt: skip
# One-field rules that the dictionary implies; the directory's and the key are tried elsewhere.
IMPLIED = ("00001", "00201", "00446", "90100", "90110", "90200", "90300", "90400")


@pytest.mark.parametrize("layout", list(LITERALS))
def test_the_dictionary_implies_what_plain_python_says(layout, tmp_path):
    book = BOOKS[layout]
    fields = [field for field in book.layout.fields if field.standard_name not in ("educator_id", "submitted_state_id")]
    cases = {f"{field.column}/{place}": (field, text) for field in fields for place, text in enumerate(TEXTS)}
    rows = [
        {field.standard_name: text, "submission_id": name, "line_number": 2} for name, (field, text) in cases.items()
    ]
    files = submissions(**dict.fromkeys(cases, DISTRICT))
    violations = judged_with_ids(layout, rows, files, tmp_path)
    own = violations.filter(pl.col("submission_id").str.split("/").list.first() == pl.col("field"))
    found: dict[str, set[str]] = {name: set() for name in cases}
    for name, rule_id in own.select("submission_id", "rule_id").rows():
        if rule_id[3:] in IMPLIED:
            found[name].add(rule_id[3:])
    known_in_part = {rule.fields[0] for rule in book.rules if rule.rule_id.endswith("90110")}
    for name, (field, text) in cases.items():
        expected = expected_numbers(field, text, book.collection)
        if field.standard_name in known_in_part:
            expected = {"90110" if number == "90100" else number for number in expected}
        assert found[name] == expected, (name, text)


def test_no_length_of_a_number_is_asked_that_never_reaches_validation():
    for book in BOOKS.values():
        keys = {rule.key for rule in book.rules if rule.kind != "written"}
        assert not any(key.endswith("00201:educator_id") for key in keys)
