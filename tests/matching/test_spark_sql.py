"""Our SQL in Spark's words: every condition is translated, and nothing but the words changes."""

import pytest

from matching.blocking import BLOCKING_RULES, registry_pairs_sql, run_pairs_sql
from matching.comparisons import COMPARISONS
from matching.model import load_model
from matching.spark_sql import spark_condition, spark_settings, spark_sql

# Functions that DuckDB has and Spark has not, under these names.
ONLY_DUCKDB = (
    "list_has_any",
    "list_contains",
    "jaro_winkler_similarity",
    "jarowinkler_similarity",
    "strftime",
    "&&",
    '"',
)


@pytest.mark.parametrize(
    "condition, expected",
    [
        ('list_has_any("a_l", "a_r")', "ARRAYS_OVERLAP(`a_l`, `a_r`)"),
        ('list_contains("a_l", "b_r")', "ARRAY_CONTAINS(`a_l`, `b_r`)"),
        ('jaro_winkler_similarity("a_l", "a_r") >= 0.92', "MOSIS_JARO_WINKLER(`a_l`, `a_r`) >= 0.92"),
        ('damerau_levenshtein("a_l", "a_r") <= 1', "DAMERAU_LEVENSHTEIN(`a_l`, `a_r`) <= 1"),
        ('starts_with("a_l", "a_r")', "STARTSWITH(`a_l`, `a_r`)"),
        ("strftime(\"d_l\", '%m%d') = '0101'", "DATE_FORMAT(`d_l`, 'MMdd') = '0101'"),
        ("ELSE", "ELSE"),
    ],
)
def test_conditions(condition: str, expected: str) -> None:
    assert spark_condition(condition) == expected


@pytest.mark.parametrize("level", [level for one in COMPARISONS for level in one.levels], ids=lambda level: level.name)
def test_no_word_of_duckdb_is_left(level: object) -> None:
    said = spark_condition(level.condition)  # type: ignore[attr-defined]
    assert [word for word in ONLY_DUCKDB if word in said.lower()] == []


def test_only_conditions_of_a_model_change() -> None:
    settings = load_model().settings
    translated = spark_settings(settings)
    assert translated["sql_dialect"] == "spark"
    for ours, theirs in zip(settings["comparisons"], translated["comparisons"], strict=True):
        for level, said in zip(ours["comparison_levels"], theirs["comparison_levels"], strict=True):
            assert {**said, "sql_condition": level["sql_condition"]} == level
    assert settings["sql_dialect"] == "duckdb"


@pytest.mark.parametrize("rule", BLOCKING_RULES, ids=lambda rule: rule.name)
def test_blocking_rules_are_translated(rule: object) -> None:
    said = spark_sql(f"{registry_pairs_sql(rule, 'registry')} UNION ALL {run_pairs_sql(rule)}")  # type: ignore[arg-type]
    assert "unnest" not in said.lower() and "::" not in said
