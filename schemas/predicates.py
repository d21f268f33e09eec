"""Rule conditions: SQL predicates over the columns of a batch, compiled once to polars expressions.

A condition sees every field typed (``grade``) and as text (``grade__text``), what was joined before
(``attending_school__exists``, ``trial__district_code``), and nothing else.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from schemas.dictionary import DISTRICT_CODES, SCHOOL_CODES, Field, RecordLayout

SSN = "ssn"
SSN_COLUMNS: dict[str, pl.DataType] = {
    "ssn_hash": pl.String(),
    "ssn_near": pl.List(pl.String()),
    "ssn_status": pl.String(),
}
# A staff member's number becomes a dummy identifier; its status is ok, blank, placeholder or malformed (docs/adr/0022).
EDUCATOR_ID = "educator_id"
EDUCATOR_COLUMNS: dict[str, pl.DataType] = {EDUCATOR_ID: pl.String(), "educator_id_status": pl.String()}
# Fields that never leave reading as they were sent, and the columns that reading makes of each.
HIDDEN_COLUMNS: dict[str, dict[str, pl.DataType]] = {SSN: SSN_COLUMNS, EDUCATOR_ID: EDUCATOR_COLUMNS}
STATE_ID = "state_id"
JOINED_COLUMNS: dict[str, pl.DataType] = {
    "submission_id": pl.String(),
    "line_number": pl.UInt32(),
    "trial__district_code": pl.String(),
    "trial__school_code": pl.String(),
    "collection__version": pl.String(),
    "collection__school_year": pl.Int32(),
    "collection__count_date": pl.Date(),
}
FILE_COLUMNS: dict[str, pl.DataType] = {**JOINED_COLUMNS, "file__record_count": pl.UInt32()}
# These raise on the first value they cannot read, and their error text quotes it: one bad record would stop the run
# and put a student's value into a log. try_cast gives null instead.
_REFUSED = re.compile(
    r"\b(cast|convert|strptime|to_date|date|time|timestamp|datetime)\s*\(|::|\bselect\b", re.IGNORECASE
)
_TEXT_LITERAL = re.compile(r"'(?:[^']|'')*'")


# Compared by identity: an expression has no truth value, so it cannot take part in ==.
@dataclass(frozen=True, slots=True, eq=False)
class Predicate:
    """A compiled condition: true where the rule is violated, null where it has nothing to say."""

    sql: str
    expression: pl.Expr
    columns: frozenset[str]


class PredicateError(ValueError):
    """A condition that cannot be used; the text is the reason, without place."""


def exists_column(field: Field) -> str | None:
    """The joined column that says whether a code is in the directory: ``attending_school__exists``."""
    if field.code_set not in (DISTRICT_CODES, SCHOOL_CODES):
        return None
    return f"{field.standard_name.removesuffix('_code')}__exists"


def district_of_school(field: Field, layout: RecordLayout) -> str:
    """The field that holds the district of a school code: the one named alike."""
    return field.standard_name.replace("_school_", "_district_")


def typed_dtype(field: Field) -> pl.DataType:
    """The column type of a field once converted."""
    if field.type == "Number":
        return pl.Decimal(field.length, field.precision or 0)
    return {"Text": pl.String(), "Integer": pl.Int64(), "Date": pl.Date()}[field.type]


def record_columns(layout: RecordLayout, after_identify: bool) -> dict[str, pl.DataType]:
    """Every column a record condition may name, with its type.

    After identify, ``state_id`` is there and only text fields still have their ``__text``: the records come back typed.
    """
    columns = dict(JOINED_COLUMNS)
    for field in layout.fields:
        if field.standard_name in HIDDEN_COLUMNS:
            columns |= HIDDEN_COLUMNS[field.standard_name]
            continue
        columns[field.standard_name] = typed_dtype(field)
        if field.type == "Text" or not after_identify:
            columns[f"{field.standard_name}__text"] = pl.String()
        if (exists := exists_column(field)) and not after_identify:
            columns[exists] = pl.Boolean()
    return columns | ({STATE_ID: pl.String()} if after_identify else {})


def names_state_id(sql: str) -> bool:
    return re.search(rf"\b{STATE_ID}\b", _TEXT_LITERAL.sub("", sql)) is not None


def compile_predicate(sql: str, columns: Mapping[str, pl.DataType]) -> Predicate:
    """The predicate of one condition.

    Raises:
        PredicateError: not SQL, a refused function, an unknown column, or something else than one yes or no per row.
    """
    bare = _TEXT_LITERAL.sub("''", sql)
    if refused := _REFUSED.search(bare):
        raise PredicateError(f"{refused.group().strip(' (')} is not allowed in a condition; use try_cast")
    predicate = _parsed(sql)
    if unknown := sorted(predicate.columns - columns.keys()):
        raise PredicateError(f"unknown column {', '.join(unknown)}")
    needed = _needed(predicate, columns)
    if (predicate, needed) not in _TRIED:
        _try_out(predicate, needed)
        _TRIED.add((predicate, needed))
    return predicate


def try_out_together(conditions: Iterable[str], columns: Mapping[str, pl.DataType]) -> None:
    """Try out the conditions of a rule book in one select, which takes a tenth of the time of one select each.

    What does not pass here is tried alone when it is compiled, and refused there with its own reason.
    """
    parsed = [predicate for sql in set(conditions) if (predicate := _parsed_or_none(sql))]
    found = [predicate for predicate in parsed if predicate.columns <= columns.keys()]
    untried = [predicate for predicate in found if (predicate, _needed(predicate, columns)) not in _TRIED]
    if not untried:
        return
    named = sorted(set().union(*(predicate.columns for predicate in untried)))
    rows = _null_rows(frozenset((name, columns[name]) for name in named))
    try:
        answers = rows.select(predicate.expression.implode().alias(str(n)) for n, predicate in enumerate(untried))
    except Exception:
        return
    for number, predicate in enumerate(untried):
        answer = answers[str(number)]
        if answer.dtype == pl.List(pl.Boolean) and answer.list.len()[0] == rows.height:
            _TRIED.add((predicate, _needed(predicate, columns)))


# Conditions that were tried out, each with the columns it names.
_TRIED: set[tuple[Predicate, frozenset[tuple[str, pl.DataType]]]] = set()


def _needed(predicate: Predicate, columns: Mapping[str, pl.DataType]) -> frozenset[tuple[str, pl.DataType]]:
    return frozenset((name, columns[name]) for name in predicate.columns)


def _parsed_or_none(sql: str) -> Predicate | None:
    try:
        return None if _REFUSED.search(_TEXT_LITERAL.sub("''", sql)) else _parsed(sql)
    except PredicateError:
        return None


def _null_rows(columns: frozenset[tuple[str, pl.DataType]]) -> pl.DataFrame:
    """Two rows of nulls: enough to see a wrong type, a function that does not exist and a whole-column answer."""
    return pl.DataFrame({name: pl.Series([None, None], dtype=kind) for name, kind in columns} or {"": [0, 0]})


# Most rules stand in many collections and school years: each condition is parsed and tried out once.
@cache
def _parsed(sql: str) -> Predicate:
    try:
        expression = pl.sql_expr(sql)
    except Exception as fault:
        raise PredicateError(f"the condition is not SQL ({_first_line(fault)})") from None
    return Predicate(sql, expression, frozenset(expression.meta.root_names()))


def _try_out(predicate: Predicate, columns: frozenset[tuple[str, pl.DataType]]) -> None:
    expression = predicate.expression
    rows = _null_rows(columns)
    try:
        answer = rows.select(answer=expression)
    except Exception as fault:
        raise PredicateError(f"the condition does not run ({_first_line(fault)})") from None
    if answer.schema["answer"] != pl.Boolean:
        raise PredicateError(f"the condition gives {answer.schema['answer']}, not yes or no")
    if answer.height != rows.height:
        raise PredicateError("the condition gives one answer for the whole file; use a window that is partitioned")


def _first_line(fault: Exception) -> str:
    return str(fault).strip().split("\n")[0][:200]
