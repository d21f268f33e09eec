"""Which rows under one number are one child: the same child with another surname, or two children?

Deliberately strict: a number that is wrongly held costs an operator a look, one that is wrongly trusted is two children's.
"""

import duckdb
import polars as pl

from matching.comparisons import SIMILAR
from matching.groups import connected
from matching.standardize import nickname_groups

# What tells children apart; rows that agree in these are one version.
VERSION = ("last_name_key", "first_name_key", "middle_name_key", "birth_date", "ssn_hash")
_SOUNDS = ("last_name_sound", "first_name_sound")

_FIRST = f"""(l.first_name_key = r.first_name_key OR l.first_name_sound = r.first_name_sound
    OR jaro_winkler_similarity(l.first_name_key, r.first_name_key) >= {SIMILAR}
    OR list_has_any(coalesce(nl.groups, []), coalesce(nr.groups, []))
    OR l.first_name_key = r.middle_name_key OR r.first_name_key = l.middle_name_key
    OR (least(length(l.first_name_key), length(r.first_name_key)) >= 3
        AND (starts_with(l.first_name_key, r.first_name_key) OR starts_with(r.first_name_key, l.first_name_key))))"""
_LAST = f"""(l.last_name_key = r.last_name_key OR l.last_name_sound = r.last_name_sound
    OR jaro_winkler_similarity(l.last_name_key, r.last_name_key) >= {SIMILAR}
    OR (least(length(l.last_name_key), length(r.last_name_key)) >= 3
        AND (contains(l.last_name_key, r.last_name_key) OR contains(r.last_name_key, l.last_name_key))))"""
_SWAPPED = "(l.first_name_key = r.last_name_key AND l.last_name_key = r.first_name_key)"
# One wrong digit, or a swap of neighbours.
_BORN = """(damerau_levenshtein(strftime(l.birth_date, '%Y%m%d'), strftime(r.birth_date, '%Y%m%d')) <= 1
    OR (year(l.birth_date) = year(r.birth_date) AND month(l.birth_date) = day(r.birth_date)
        AND day(l.birth_date) = month(r.birth_date)))"""
# Two of day, month and year: a birth date typed wrong, not another child's.
_NEARLY_BORN = f"""({_BORN} OR (year(l.birth_date) = year(r.birth_date))::INT + (month(l.birth_date) = month(r.birth_date))::INT
    + (day(l.birth_date) = day(r.birth_date))::INT = 2)"""
_ONE_CHILD = f"""(coalesce(l.ssn_hash = r.ssn_hash, false) OR ({_FIRST} AND {_BORN})
    OR (({_SWAPPED} OR ({_FIRST} AND {_LAST})) AND {_NEARLY_BORN}))"""
_PAIRS = f"""
    SELECT l.version AS l, r.version AS r, {_ONE_CHILD} AS is_one_child
    FROM incoming_versions l JOIN incoming_versions r ON l.number = r.number AND l.version < r.version
    LEFT JOIN incoming_nicknames nl ON nl.name = l.first_name_key
    LEFT JOIN incoming_nicknames nr ON nr.name = r.first_name_key
"""


def numbers_on_two_children(con: duckdb.DuckDBPyConnection, rows: pl.DataFrame, number: str) -> pl.DataFrame:
    """The numbers whose rows are not all of one child: number, line_number of the second child's first row, other_line.

    Args:
        rows: line_number and the columns of VERSION, their sounds among them.
        number: the column that names the number.
    """
    named = rows.select("line_number", *VERSION, *_SOUNDS, number=pl.col(number))
    # Most numbers have one row; counting rows is quicker than comparing them.
    several = named.filter(pl.len().over("number") > 1)
    versions = (
        several.filter(pl.struct(VERSION).n_unique().over("number") > 1)
        .group_by("number", *VERSION, *_SOUNDS)
        .agg(pl.col("line_number").min())
        .sort("number", "line_number")
        .with_row_index("version")
    )
    return _second_children(versions, _judged_pairs(con, versions))


def _judged_pairs(con: duckdb.DuckDBPyConnection, incoming_versions: pl.DataFrame) -> pl.DataFrame:
    incoming_nicknames = nickname_groups()  # noqa: F841 (the query reads it)
    return con.sql(_PAIRS).pl()


def _second_children(versions: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Versions that no chain of pairs joins with the first of their number: one row a number, the earliest of them."""
    if versions.is_empty():
        return versions.select("number", "line_number", other_line="line_number")
    alike = pairs.filter("is_one_child")
    child = connected(versions.height, alike["l"].to_numpy(), alike["r"].to_numpy())
    first = pl.col("child").first().over("number")
    marked = versions.with_columns(child=pl.Series(child), other_line=pl.col("line_number").first().over("number"))
    others = marked.filter(pl.col("child") != first)
    return others.unique("number", keep="first", maintain_order=True).select("number", "line_number", "other_line")
