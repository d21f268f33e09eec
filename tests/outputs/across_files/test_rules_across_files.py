"""Every rule that compares files, on its own examples: stored files, judged as the pipeline judges them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from outputs.across_files import Comparisons, judge
from schemas.across_files import FILE_SCOPES, AcrossRule
from schemas.dictionary import Dictionary, load_dictionary
from tests.outputs.across_files.example_state import store_example
from tests.outputs.conftest import RECEIVED

RULES = [rule for rule in load_dictionary().across_rules if rule.scope in FILE_SCOPES]


@pytest.fixture(scope="module")
def comparisons(dictionary: Dictionary) -> Comparisons:
    return Comparisons.of(dictionary)


@pytest.fixture(scope="module")
def state(empty_state: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The state's tables, empty; each test works in a transaction that it takes back."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"ATTACH '{empty_state}' AS template (READ_ONLY)")
    connection.execute("ATTACH ':memory:' AS state")
    connection.execute("COPY FROM DATABASE template TO state (SCHEMA)")
    connection.execute("DETACH template")
    connection.execute("USE state")
    yield connection
    connection.close()


def fired(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, comparisons: Comparisons, rule: AcrossRule, example: str
) -> tuple[int, int]:
    """How many records the rule was about in an example, and how many findings it made."""
    con.execute("BEGIN")
    try:
        judged = judge(con, store_example(con, dictionary, example), only(comparisons, rule), at=RECEIVED)
    finally:
        con.execute("ROLLBACK")
    return judged.rule_runs["applicable_count"].sum(), judged.violations.height


def only(comparisons: Comparisons, rule: AcrossRule) -> Comparisons:
    columns = {
        version: {each: found for each, found in rules.items() if each.rule_id == rule.rule_id and each.sql == rule.sql}
        for version, rules in comparisons.columns.items()
    }
    return replace(comparisons, columns=columns)


@pytest.mark.parametrize("rule", RULES, ids=[rule.rule_id for rule in RULES])
def test_examples_of_every_rule(
    state: duckdb.DuckDBPyConnection, dictionary: Dictionary, comparisons: Comparisons, rule: AcrossRule
) -> None:
    tried, failed = fired(state, dictionary, comparisons, rule, rule.passing_example)
    assert (tried > 0, failed) == (True, 0), "the passing example has to be looked at and pass"
    _, failed = fired(state, dictionary, comparisons, rule, rule.failing_example)
    assert failed >= 1
