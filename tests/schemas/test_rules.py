"""The rule book: every row's examples, what is generated, and each kind of rule that is refused at load."""

import csv
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from schemas.dictionary import DATA_FOLDER, Dictionary
from schemas.errors import RuleBookError
from schemas.generated_rules import CONCERNS, WHOLE_KINDS
from schemas.predicates import compile_predicate
from schemas.rule_examples import ExampleFault, Trial, breaking_record, example_fault, example_faults, try_out
from schemas.rule_files import RULE_COLUMNS
from schemas.rules import Rule, RuleBook, load_rule_book
from tests.schemas.batches import BOOKS, DICTIONARY, LITERALS

BOOK_FOLDER = DATA_FOLDER / "rule_book"
EVERY_BOOK = [load_rule_book(DICTIONARY, one) for one in (*DICTIONARY.collections, DICTIONARY.id_batch)]
WRITTEN = [(book, rule) for book in EVERY_BOOK for rule in book.rules if rule.kind == "written"]
GENERATED = [(book, rule) for book in EVERY_BOOK for rule in book.rules if rule.kind != "written"]


def _distinct(rules):
    """By book, one of all rules that cannot differ in what they answer: condition, examples, types and codes they see."""
    seen, books = set(), {}
    for book, rule in rules:
        named = {name.removesuffix("__text") for name in rule.predicate.columns}
        forms = tuple(
            (field.standard_name, field.type, field.length, field.precision, field.code_set)
            for field in book.layout.fields
            if field.standard_name in named
        )
        asked = (rule.rule_id, rule.condition, rule.on_null, rule.passing_example, rule.failing_example, rule.fields)
        if (book.layout.name, *asked, forms) not in seen:
            seen.add((book.layout.name, *asked, forms))
            books.setdefault(book.collection.version, (book, []))[1].append(rule)
    return list(books.values())


def test_each_written_rule_passes_its_one_example_and_fires_on_the_other_in_every_cycle():
    faults = [
        f"{rule.place}: {rule.rule_id} in {book.collection.version}: {fault}"
        for book, rules in _distinct(WRITTEN)
        for rule, fault in example_faults(book, rules)
    ]
    assert not faults


def test_each_rule_that_the_dictionary_implies_can_fire():
    never = []
    for book, rules in _distinct(GENERATED):
        found = try_out(book, [Trial(rule, breaking_record(rule, book)) for rule in rules])
        never += [
            (book.collection.version, rule.key) for rule, answer in zip(rules, found, strict=True)
            if isinstance(answer, ExampleFault) or not any(answer)
        ]  # fmt: skip
    assert not never and len({rule.kind for _, rule in GENERATED}) == len({*CONCERNS, *WHOLE_KINDS})


@pytest.mark.parametrize(
    "change, fault",
    [
        ({}, None),
        ({"failing_example": ""}, "failing_example is empty"),
        ({"passing_example": "{gifted"}, "passing_example is no JSON"),
        ({"passing_example": "[]"}, "passing_example is no record and no list of records"),
        (
            {"failing_example": '{"giftedness": "Y"}'},
            "failing_example names giftedness, which is no column of student_core",
        ),
        ({"failing_example": '{"gifted": 1}'}, "failing_example has gifted as int, not as str"),
        ({"failing_example": '{"gifted": "N"}'}, "failing_example: the rule does not fire on it"),
        ({"passing_example": '{"gifted": "Y"}'}, "passing_example: the rule fires on it"),
    ],
)
def test_examples_that_prove_nothing_are_told(change, fault):
    book = BOOKS["student_core"]
    rule = Rule(
        "STC99001", "written", "W", "record", ("gifted",), ("Gifted",),
        compile_predicate("gifted = 'Y'", {"gifted": pl.String()}), "pass", "computed", False, "T", "M", "F.", "memo",
        **({"passing_example": '{"gifted": "N"}', "failing_example": '{"gifted": "Y"}'} | change),
    )  # fmt: skip
    assert example_fault(book, rule) == fault


def test_no_row_of_the_rule_book_is_unused():
    rows: set[str] = set()
    for layout in DICTIONARY.layout_names:
        with (BOOK_FOLDER / f"{layout}.csv").open(encoding="utf-8") as file:
            rows |= {row["rule_id"] for row in csv.DictReader(file)}
    assert {rule.rule_id for _, rule in WRITTEN} == rows


def test_no_template_is_unused():
    used = {(rule.kind, rule.title) for book in EVERY_BOOK for rule in book.rules}
    with (BOOK_FOLDER / "generated.csv").open(encoding="utf-8") as file:
        assert {(row["kind"], row["title"]) for row in csv.DictReader(file)} == used - {
            (rule.kind, rule.title) for _, rule in WRITTEN
        }


def test_every_kind_of_template_is_known_and_used():
    kinds = {rule.kind for book in BOOKS.values() for rule in book.rules}
    assert kinds == {*CONCERNS, *WHOLE_KINDS, "written"}


@pytest.mark.parametrize("book", [book for book in EVERY_BOOK if book.layout.name == "student_core"],
                         ids=lambda book: book.collection.version)  # fmt: skip
def test_every_cycle_of_student_core_has_rules_of_its_own_in_a_deep_book(book):
    written = {rule.rule_id for rule in book.rules if rule.kind == "written"}
    others = [other for other in EVERY_BOOK if other.layout is book.layout and other is not book]
    assert len(written) >= 150
    assert all(written - {rule.rule_id for rule in other.rules} for other in others)


@pytest.mark.parametrize("literal", ["2025Oct1.0StuCore", "2025MAPSPR1.0AsmPre"])
def test_last_year_has_the_same_numbers(literal):
    book = load_rule_book(DICTIONARY, literal)
    twin = BOOKS[book.layout.name]
    assert [rule.key for rule in book.rules] == [rule.key for rule in twin.rules]
    assert book.version != twin.version


@pytest.mark.parametrize("layout", list(LITERALS))
def test_texts_are_filled_and_hold_no_slot(layout):
    for rule in BOOKS[layout].rules:
        assert not set("{}") & set(rule.title + rule.message + rule.fix + rule.condition.replace("{4}", "")) or (
            rule.kind == "written" and not set("{}") & set(rule.title + rule.message + rule.fix)
        )
        assert rule.message[0].isupper() and rule.fix.endswith(".") and rule.source


@pytest.mark.parametrize(
    "layout, key, fields",
    [
        ("student_core", "STC00001:last_name", ("last_name",)),
        ("student_core", "STC00446:birth_date", ("birth_date",)),
        ("student_core", "STC06500:kindergarten_readiness", ("kindergarten_readiness",)),
        ("student_core", "STC06768:kg_language_literacy", ("kg_language_literacy",)),
        ("student_core", "STC00440:attending_district_code", ("attending_district_code",)),
        ("student_core", "STC00441:reporting_district_code", ("reporting_district_code",)),
        ("student_core", "STC00602:reporting_school_code", ("reporting_school_code",)),
        ("student_core", "STC01600:", ()),
        ("student_core", "STC90400:gpa", ("gpa",)),
        ("assessment_precode", "ASM00441:reporting_district_code", ("reporting_district_code",)),
        ("id_batch", "IDB00441:current_district_code", ("current_district_code",)),
        ("id_batch", "IDB00602:current_school_code", ("current_school_code",)),
    ],
)
def test_generated_numbers(layout, key, fields):
    by_key = {rule.key: rule for rule in BOOKS[layout].rules}
    assert by_key[key].fields == fields


@pytest.mark.parametrize(
    "layout, numbers",
    [
        ("student_core", ["STC00001", "STC00202", "STC91350", "STC91360"]),
        ("assessment_precode", ["ASM00001", "ASM00202", "ASM91360", "ASM91380", "ASM92055", "ASM92066"]),
        ("id_batch", []),
    ],
)
def test_rules_on_the_state_id_run_after_identify(layout, numbers):
    book = BOOKS[layout]
    assert sorted(rule.rule_id for rule in book.after_identify) == numbers
    assert {*book.before_identify, *book.after_identify} == {*book.rules}
    assert not {*book.before_identify} & {*book.after_identify}
    across = {rule.rule_id for rule in book.across}
    assert book.not_checked(has_directory=True) == tuple(sorted({*numbers, *across}))


def test_a_desk_without_directory_says_which_rules_it_could_not_run():
    missing = set(BOOKS["id_batch"].not_checked(has_directory=False))
    assert missing == {"IDB00441", "IDB00602", "IDB90510"}


def test_dates_are_checked_by_one_number_in_every_layout():
    for layout, prefix in (("student_core", "STC"), ("assessment_precode", "ASM"), ("id_batch", "IDB")):
        dates = {field.standard_name for field in BOOKS[layout].layout.fields if field.type == "Date"}
        rules = {rule.fields[0] for rule in BOOKS[layout].rules if rule.rule_id == f"{prefix}00446"}
        assert rules == dates


def test_spellings_and_expired_codes_are_left_out_of_messages():
    message = next(rule.message for rule in BOOKS["student_core"].rules if rule.key == "STC90100:grade")
    assert message.endswith("01, 02, 03, 04, 05, 06, 07, 08, 09, 10, 11, 12, K, PK")


CHANGED = {"changed_on": "2026-02-03", "changed_by": "R. Book", "reason": "memo 7"}
GOOD_ROW = {
    "rule_id": "STC99001", "layout": "student_core", "cycles": "Oct", "severity": "W", "scope": "record",
    "fields": "gifted", "condition": "gifted = 'Y'", "on_null": "pass", "title": "T", "message": "M", "fix": "F.",
    "source": "memo 7", "passing_example": "{}", "failing_example": "{}", "first_year": "", "last_year": "",
}  # fmt: skip


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"fields": "giftedness"}, "field giftedness is not in layout student_core"),
        ({"fields": ""}, "fields is empty"),
        ({"condition": "giftedness = 'Y'"}, "unknown column giftedness"),
        ({"condition": "gifted = "}, "is not SQL"),
        ({"condition": ""}, "condition is empty"),
        ({"condition": "length(gifted)"}, "not yes or no"),
        ({"condition": "birth_date > '2025-01-01'"}, "does not run"),
        ({"condition": "cast(zip_code as int) > 0"}, "cast is not allowed"),
        ({"condition": "CAST (zip_code as int) > 0"}, "CAST is not allowed"),
        ({"condition": "zip_code::int > 0"}, ":: is not allowed"),
        ({"condition": "strptime(zip_code, '%Y') is null"}, "strptime is not allowed"),
        ({"condition": "gifted in (select 'Y')"}, "select is not allowed"),
        ({"condition": "count(*) over () > 1"}, "one answer for the whole file"),
        ({"condition": "no_such_function(gifted)"}, "is not SQL"),
        ({"on_null": ""}, "on_null is ''"),
        ({"severity": "X"}, "severity is 'X'"),
        ({"scope": "planet"}, "scope is 'planet'"),
        ({"scope": "file"}, "unknown column gifted"),
        ({"source": ""}, "source is empty"),
        ({"layout": "id_batch"}, "layout is 'id_batch' in the file of student_core"),
        ({"rule_id": "STC00001"}, "is the number of a rule that the dictionary implies"),
        ({"rule_id": "STC00401"}, "rule 'STC00401' stands on line"),
        ({"first_year": "soon"}, "first_year is 'soon'"),
        ({"severity": "E", "changed_on": ""}, "changed_on is empty"),
        ({"changed_on": "02/03/2026"}, "changed_on is '02/03/2026'"),
        ({"changed_by": ""}, "changed_by is empty"),
        ({"reason": ""}, "reason is empty"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_with_its_place(tmp_path, change, reason):
    with pytest.raises(RuleBookError) as refusal:
        _with_row(tmp_path, GOOD_ROW | change)
    assert reason in str(refusal.value)
    assert "rule_book/student_core.csv line 2: " in str(refusal.value)


def test_a_good_row_of_the_overlay_is_taken(tmp_path):
    book = _with_row(tmp_path, GOOD_ROW)
    assert book.rules[-1].rule_id == "STC99001"
    assert book.version != BOOKS["student_core"].version


@pytest.mark.parametrize(
    "condition", ["try_cast(zip_code as int) is null", "gifted = 'cast(' or gifted = '::'", "gifted = 'it''s'"]
)
def test_what_only_looks_refused_is_taken(tmp_path, condition):
    assert _with_row(tmp_path, GOOD_ROW | {"condition": condition}).rules[-1].condition == condition


def test_an_overlay_row_corrects_a_wrong_rule(tmp_path):
    with (BOOK_FOLDER / "student_core.csv").open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if row["rule_id"] == "STC91110")
    book = _with_row(tmp_path, row | {"condition": "member_fte > 2", "source": "memo 8"})
    assert [rule.condition for rule in book.rules if rule.rule_id == "STC91110"] == ["member_fte > 2"]
    assert len(book.rules) == len(BOOKS["student_core"].rules)


def test_of_two_corrections_of_one_rule_the_later_stands(tmp_path):
    (tmp_path / "rule_book").mkdir()
    later = GOOD_ROW | {"changed_on": "2026-02-04", "message": "Later", "reason": "memo 8"}
    _write(tmp_path / "rule_book/student_core.csv", later, GOOD_ROW)
    rule = load_rule_book(_corrected(tmp_path), LITERALS["student_core"]).rules[-1]
    assert (rule.rule_id, rule.message) == ("STC99001", "Later")
    assert str(rule.change) == "Corrected on 2026-02-04 by R. Book: memo 8"


def test_two_corrections_of_one_rule_on_one_day_are_refused(tmp_path):
    (tmp_path / "rule_book").mkdir()
    _write(tmp_path / "rule_book/student_core.csv", GOOD_ROW, GOOD_ROW)
    with pytest.raises(
        RuleBookError, match=r"student_core.csv line 3: correction 'STC[^()]*' stands on line 2 already"
    ):
        load_rule_book(_corrected(tmp_path), LITERALS["student_core"])


def test_a_correction_without_date_person_and_reason_columns_is_refused(tmp_path):
    (tmp_path / "rule_book").mkdir()
    (tmp_path / "rule_book/student_core.csv").write_text(",".join(RULE_COLUMNS) + "\n")
    with pytest.raises(
        RuleBookError, match=r"student_core.csv line 1: columns are .* 'changed_on', 'changed_by', 'reason'\]"
    ):
        load_rule_book(_corrected(tmp_path), LITERALS["student_core"])


def test_a_withdrawn_rule_is_gone(tmp_path):
    with (BOOK_FOLDER / "student_core.csv").open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if row["rule_id"] == "STC91110")
    book = _with_row(tmp_path, row | {"severity": "withdrawn"})
    assert "STC91110" not in {rule.rule_id for rule in book.rules}
    assert len(book.rules) == len(BOOKS["student_core"].rules) - 1


@pytest.mark.parametrize(
    "first, last, there", [("2026", "", True), ("2027", "", False), ("", "2026", True), ("", "2025", False)]
)
def test_a_rule_is_valid_in_both_of_its_years(tmp_path, first, last, there):
    book = _with_row(tmp_path, GOOD_ROW | {"first_year": first, "last_year": last})
    assert ("STC99001" in {rule.rule_id for rule in book.rules}) == there


def test_a_rule_of_another_cycle_is_left_out(tmp_path):
    assert "STC99001" not in {rule.rule_id for rule in _with_row(tmp_path, GOOD_ROW | {"cycles": "Feb;Jun"}).rules}


def test_a_template_with_an_unknown_slot_is_refused(tmp_path):
    (tmp_path / "rule_book").mkdir()
    with (BOOK_FOLDER / "generated.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if row["kind"] == "length") | {"message": "{colum} is too long"}
    _write(tmp_path / "rule_book/generated.csv", row)
    with pytest.raises(RuleBookError, match="slot 'colum' is not known for kind length"):
        load_rule_book(_corrected(tmp_path), LITERALS["student_core"])


def _corrected(overlay: Path) -> Dictionary:
    """The shipped dictionary with an overlay that concerns the rules of one file only."""
    corrected = replace(DICTIONARY, overlay=overlay)
    corrected.__dict__["across_rules"] = DICTIONARY.across_rules
    return corrected


def _with_row(tmp_path: Path, row: dict[str, str]) -> RuleBook:
    (tmp_path / "rule_book").mkdir()
    _write(tmp_path / "rule_book/student_core.csv", row)
    return load_rule_book(_corrected(tmp_path), LITERALS["student_core"])


def _write(path: Path, *rows: dict[str, str]) -> None:
    """An overlay file of these rows, each dated, signed and explained unless it says otherwise itself."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*(name for name in rows[0] if name not in CHANGED), *CHANGED])
        writer.writeheader()
        writer.writerows(CHANGED | row for row in rows)
