"""From a record layout and its rules: the expressions that type a record, and the pandera schema that judges it.

pandera is the validating authority. It gets each rule's own expression, negated, as a check of the rule's first column;
the same expressions can run in one plain select, and a test holds the two against each other.
"""

from collections.abc import Callable, Iterable, Mapping

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from schemas.dictionary import Field, RecordLayout
from schemas.predicates import SSN, SSN_COLUMNS, typed_dtype
from schemas.rules import Rule

DATE_FORM, DATE_MASK = r"^\d{2}/\d{2}/\d{4}$", "%m/%d/%Y"
# Eighteen digits always fit 64 bits, so the conversion below cannot overflow.
INTEGER_FORM = r"^-?[0-9]{1,18}$"


def text_columns(layout: RecordLayout) -> tuple[str, ...]:
    """Columns of the text record frame that hold a field, in layout order (the SSN comes as three columns instead)."""
    names: list[str] = []
    for field in layout.fields:
        names.extend(SSN_COLUMNS if field.standard_name == SSN else (field.standard_name,))
    return tuple(names)


def typed_expression(field: Field, spellings: Mapping[str, str], text: pl.Expr) -> pl.Expr:
    """A field's text converted to its type; null where the text is no such value.

    A second spelling of a code becomes the code it stands for; every other text stays as it was sent.
    """
    if field.type == "Date":
        return pl.when(text.str.contains(DATE_FORM)).then(text.str.to_date(DATE_MASK, strict=False))
    if field.type == "Integer":
        return pl.when(text.str.contains(INTEGER_FORM)).then(text.cast(pl.Int64, strict=False))
    if field.type == "Number":
        return pl.when(text.str.contains(number_form(field))).then(text.cast(typed_dtype(field), strict=False))
    return text.replace(dict(spellings)) if spellings else text


def number_form(field: Field) -> str:
    """Decimals with a written point that the field's length and precision hold exactly; further digits only zeros."""
    precision = field.precision or 0
    whole = field.length - precision
    return rf"^-?([0-9]{{1,{whole}}}(\.[0-9]{{0,{precision}}}0*)?|\.[0-9]{{1,{precision}}}0*)$"


def rule_schema(rules: Iterable[Rule], columns: Mapping[str, pl.DataType]) -> pa.DataFrameSchema:
    """The pandera schema that holds a batch against rules.

    Args:
        rules: of one scope; a check's name is the rule's ``key``.
        columns: type of each column a check may hang on, as the batch has them.
    """
    checks: dict[str, list[pa.Check]] = {}
    for rule in rules:
        checks.setdefault(carrier(rule, columns), []).append(_check(rule))
    return pa.DataFrameSchema(
        {name: pa.Column(columns[name], found, nullable=True, name=name) for name, found in checks.items()}
    )


def carrier(rule: Rule, columns: Mapping[str, pl.DataType]) -> str:
    """The column a rule's check hangs on: its first field, or one that the batch has in any case."""
    first = rule.fields[0] if rule.fields else ""
    return first if first in columns else "submission_id"


def _check(rule: Rule) -> pa.Check:
    # Never null (Rule.violation), because pandera takes a null answer for a pass.
    passes = ~rule.violation

    def holds(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(passes.alias(data.key))

    return _named_check(holds, rule.key)


def _named_check(holds: Callable[[PolarsData], pl.LazyFrame], key: str) -> pa.Check:
    return pa.Check(holds, name=key, error=key)
