"""Corrections of single rules: tried out first, dated and signed, appended to the history of the rule."""

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from schemas.corrections import Correction, correct_rule, write_overlay
from schemas.data_files import PROVENANCE_COLUMNS
from schemas.dictionary import load_dictionary
from schemas.errors import RuleBookError, UnknownName, UsageError
from schemas.rules import load_rule_book
from tests.schemas.batches import DICTIONARY

RULE = "REF96114"
DAY = date(2026, 2, 3)


def _correct(
    overlay: Path, changes: dict[str, str], *, rule_id: str = RULE, day: date = DAY, reason: str = "memo 7", **more
):
    dictionary = replace(DICTIONARY, overlay=overlay)
    dictionary.__dict__["across_rules"] = DICTIONARY.across_rules
    asked = {"cycles": None, "retire": False, "reason": reason, "actor": "R. Book", "today": day} | more
    return correct_rule(dictionary, rule_id, changes, **asked)


def _write(overlay: Path, correction: Correction) -> None:
    write_overlay(overlay, {correction.file: correction.content})


def _rows(overlay: Path) -> list[dict[str, str]]:
    with (overlay / "rule_book/referrals.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_correction_is_dated_signed_and_in_force_and_the_one_before_stays_as_history(tmp_path):
    first = _correct(tmp_path, {"severity": "E"})
    _write(tmp_path, first)
    _write(tmp_path, _correct(tmp_path, {"message": "Later"}, day=date(2026, 2, 4), reason="memo 8"))
    assert [[row[name] for name in PROVENANCE_COLUMNS] for row in _rows(tmp_path)] == [
        ["2026-02-03", "R. Book", "memo 7"], ["2026-02-04", "R. Book", "memo 8"],
    ]  # fmt: skip
    (rule,) = [
        rule for rule in load_rule_book(load_dictionary(tmp_path), "2026Jun1.0Referrals").rules if rule.rule_id == RULE
    ]
    # The second correction began with the first, so the severity is kept.
    assert (rule.severity, rule.message) == ("E", "Later")
    assert {each.version for each in first.collections} == {f"{year}Jun1.0Referrals" for year in (2025, 2026, 2027)}


def test_a_second_correction_of_one_day_takes_the_place_of_the_first_and_says_so(tmp_path):
    _write(tmp_path, _correct(tmp_path, {"severity": "E"}))
    again = _correct(tmp_path, {"message": "Better"}, reason="memo 8")
    assert again.replaced == ("memo 7",) and len(again.rows) == 1
    _write(tmp_path, again)
    assert [row["reason"] for row in _rows(tmp_path)] == ["memo 8"]


@pytest.mark.parametrize(
    "changes, more, error, reason",
    [
        ({"condition": "no_such_column = 1"}, {}, RuleBookError, "unknown column no_such_column"),
        ({"condition": "delay_reason = 'x'"}, {}, RuleBookError, "failing_example: the rule does not fire on it"),
        ({"failing_example": "{"}, {}, RuleBookError, "failing_example is no JSON"),
        ({"severity": "X"}, {}, RuleBookError, "severity is 'X'"),
        ({}, {}, UsageError, "Nothing to correct"),
        ({"severity": "E"}, {"rule_id": "REF00201"}, UsageError, "follows from the dictionary (Value is too long; CollectionVersion)"),
        ({"severity": "E"}, {"rule_id": "REF12345"}, UnknownName, "No rule book has a rule REF12345"),
        ({"condition": "1 = 1"}, {"rule_id": "STC98001"}, UsageError, "june_birth_date_changed.sql"),
        ({"severity": "E"}, {"cycles": "Oct"}, UnknownName, "no row for the cycles Oct"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_and_nothing_is_written(tmp_path, changes, more, error, reason):
    with pytest.raises(error) as refusal:
        _correct(tmp_path, changes, **more)
    assert reason in str(refusal.value)
    assert not list(tmp_path.iterdir())


def test_a_retired_rule_leaves_the_book(tmp_path):
    _write(tmp_path, _correct(tmp_path, {}, retire=True))
    corrected = replace(DICTIONARY, overlay=tmp_path)
    corrected.__dict__["across_rules"] = DICTIONARY.across_rules
    assert RULE not in {rule.rule_id for rule in load_rule_book(corrected, "2026Jun1.0Referrals").rules}
