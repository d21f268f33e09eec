"""Our queries and a model's settings, said in Spark's SQL; they are written once, in DuckDB's.

sqlglot translates; what it leaves in a form Spark does not know (the similarity functions have other names there) is set
right on the parsed query, not in its text.
"""

from typing import Any

import sqlglot
from sqlglot import exp

from matching.spark_similarity import JARO_WINKLER

# Ours, and one of splink's own archive for Spark, which splink's SparkAPI registers.
_SIMILARITY = {"JAROWINKLER_SIMILARITY": JARO_WINKLER, "DAMERAU_LEVENSHTEIN": "damerau_levenshtein"}


def spark_sql(query: str) -> str:
    """A query or a condition of ours as Spark understands it."""
    return sqlglot.parse_one(query, read="duckdb").transform(_as_spark).sql(dialect="spark")


def spark_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """A model's settings with every condition in Spark's SQL; weights and order of the levels are untouched."""
    comparisons = [
        {
            **comparison,
            "comparison_levels": [
                {**level, "sql_condition": spark_condition(level["sql_condition"])}
                for level in comparison["comparison_levels"]
            ],
        }
        for comparison in settings["comparisons"]
    ]
    return {**settings, "comparisons": comparisons, "sql_dialect": "spark"}


def spark_condition(condition: str) -> str:
    return condition if condition == "ELSE" else spark_sql(condition)


def _as_spark(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.ArrayOverlaps):
        return exp.Anonymous(this="arrays_overlap", expressions=[node.this, node.expression])
    if isinstance(node, exp.Func):
        name = node.name.upper() if isinstance(node, exp.Anonymous) else node.sql_name()
        if name in _SIMILARITY:
            arguments = node.expressions if isinstance(node, exp.Anonymous) else [node.this, node.expression]
            return exp.Anonymous(this=_SIMILARITY[name], expressions=arguments)
    return node
