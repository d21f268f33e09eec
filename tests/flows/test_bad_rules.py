"""Corrections of the rule book that cannot work: refused before a file is touched; a rule that breaks down on data holds nobody else up."""

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from flows import staging
from flows.session import open_session
from schemas.clock import FixedClock
from schemas.data_files import PROVENANCE_COLUMNS
from schemas.dictionary import DATA_FOLDER, Collection, Dictionary
from schemas.errors import DictionaryError
from schemas.paths import StateHome
from schemas.predicates import Predicate
from schemas.rules import RuleBook, load_rule_book
from tests.flows.small_files import HERE, OCTOBER, THERE, child, core_file, drop, id_batch, new_home, receipts, run

ROW = {
    "rule_id": "STC99001", "layout": "student_core", "cycles": "all", "severity": "W", "scope": "record",
    "fields": "last_name", "condition": "last_name = 'Test'", "on_null": "pass", "title": "T", "message": "M", "fix": "F.",
    "source": "memo 7", "passing_example": '{"last_name": "Ada"}', "failing_example": '{"last_name": "Test"}',
    "first_year": "", "last_year": "", "changed_on": "2024-10-01", "changed_by": "R. Book", "reason": "memo 7",
}  # fmt: skip


NEW_CODE = {
    "code": "X", "meaning": "Other", "same_as": "", "effective": "", "expires": "", "source": "letter",
    "changed_on": "2024-10-01", "changed_by": "R. Book", "reason": "memo 7",
}  # fmt: skip


def correct(home: StateHome, name: str, row: dict[str, str]) -> Path:
    path = home.dictionary / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)
    return path


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path)


@pytest.mark.parametrize(
    "name, change, reason",
    [
        (
            "rule_book/student_core.csv",
            {"condition": "surname = 'Test'"},
            "student_core.csv line 2: condition: unknown column",
        ),
        (
            "rule_book/student_core.csv",
            {"failing_example": "{}"},
            "line 2: failing_example: the rule does not fire on it",
        ),
        ("rule_book/student_core.csv", {"rule_id": "STC00001"}, "STC00001 is the number of a rule that the dictionary"),
        ("rule_book/student_core.csv", {"changed_on": "2099-01-01"}, "line 2: changed_on 2099-01-01 is after today"),
        ("rule_book/student_core.csv", {"changed_on": "someday"}, "line 2: changed_on is 'someday'; it must be a date"),
        ("rule_book/student_cores.csv", {}, "student_cores.csv: no layout of this name"),
        ("code_sets/Gendre_Codes.csv", NEW_CODE, "Gendre_Codes.csv: no column takes its codes from a set of this name"),
        ("rule_book/across_files/dropout.sql", {}, "dropout.sql: no rule of rule_book/across_files.csv has a query"),
        ("rules/student_core.csv", {}, "rules/student_core.csv: no file of a dictionary"),
    ],
)
def test_a_correction_that_cannot_work_is_refused_before_any_file_is_claimed(home, clock, name, change, reason):
    correct(home, name, change if change is NEW_CODE else ROW | change)
    dropped = drop(home, HERE, "core.csv", core_file(HERE, [child(1)]))
    with pytest.raises(DictionaryError) as refusal, open_session(home, clock):
        pass
    assert reason in str(refusal.value) and refusal.value.exit_code == 6
    assert dropped.exists()


def test_a_correction_that_works_is_taken(home, clock):
    correct(home, "rule_book/referrals.csv", ROW | {"layout": "referrals", "rule_id": "REF99001"})
    with open_session(home, clock) as session:
        assert "REF99001" in {rule.rule_id for rule in session.rule_book("2026Jun1.0Referrals").rules}


def test_a_dictionary_that_loses_a_column_a_rule_needs_is_refused(home, clock):
    with (DATA_FOLDER / "data_dictionary/2026/referrals.csv").open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["standard_name"] == "consent_date")
    changed = {name: ROW[name] for name in PROVENANCE_COLUMNS}
    correct(home, "data_dictionary/2026/referrals.csv", row | {"standard_name": "agreed_on"} | changed)
    with pytest.raises(DictionaryError, match=r"referrals.csv line \d+: .*consent_date"), open_session(home, clock):
        pass


@pytest.mark.slow
def test_a_rule_that_breaks_down_on_data_is_our_defect_and_holds_nobody_else_up(home, monkeypatch):
    now = FixedClock(datetime(2025, 10, 7, 14, tzinfo=UTC))
    drop(home, HERE, "core.csv", core_file(HERE, [child(1), child(2, first_name="Zq7Zq7")]))
    drop(home, THERE, "batch.txt", id_batch(THERE, [child(3)]))
    with monkeypatch.context() as broken:
        broken.setattr(staging, "load_rule_book", _with_a_broken_rule)
        summary = run(home, now)
    (defect,) = summary.defects
    assert "Rule STC91110 (rule_book/student_core.csv line 12) could not be evaluated on a batch of 2 records" in defect
    assert "1 file waits" in defect and OCTOBER in defect
    assert [receipt["file_name"] for receipt in receipts(home).values()] == ["batch.txt"]
    logged = "".join(log.read_text("utf-8") for log in home.logs.glob("*.log"))
    assert defect in logged and "Zq7Zq7" not in logged
    assert not run(home, now).defects
    assert {receipt["file_name"] for receipt in receipts(home).values()} == {"batch.txt", "core.csv"}


def _with_a_broken_rule(dictionary: Dictionary, collection: Collection) -> RuleBook:
    """The rule book, with a condition of Student Core that stops at the first name."""
    book = load_rule_book(dictionary, collection)
    broken = Predicate("", pl.col("first_name").cast(pl.Int64) > 0, frozenset({"first_name"}))
    rules = (replace(rule, predicate=broken) if rule.rule_id == "STC91110" else rule for rule in book.rules)
    return replace(book, rules=tuple(rules))
