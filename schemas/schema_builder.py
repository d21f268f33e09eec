"""From a record layout and its rules: the expressions that type a record, and the pandera schema that judges it.

pandera is the validating authority: a violation is a failure case of a check that was made from a rule. Each rule's
expression, negated, is evaluated once for the whole batch; a test holds the answers against those pandera finds itself.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from schemas.dictionary import Field, RecordLayout
from schemas.pandera_for_polars import PolarsData, pa
from schemas.predicates import HIDDEN_COLUMNS, typed_dtype
from schemas.rules import Rule

DATE_FORM, DATE_MASK = r"^[0-9]{2}/[0-9]{2}/[0-9]{4}$", "%m/%d/%Y"
# Eighteen digits always fit 64 bits, so the conversion below cannot overflow.
INTEGER_FORM = r"^-?[0-9]{1,18}$"


def text_columns(layout: RecordLayout) -> tuple[str, ...]:
    """Columns of the text record frame that hold a field, in layout order; those that hide an SSN stand in its place."""
    names: list[str] = []
    for field in layout.fields:
        names.extend(HIDDEN_COLUMNS.get(field.standard_name, (field.standard_name,)))
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


def rule_answers(batch: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """``line_number`` and one column a rule, named by its key: what its condition says; null where it has nothing to say.

    One select for all rules, so that they share scans and threads; and the frame that pandera sees, and may quote in an
    error, holds no value of any record.
    """
    return batch.select("line_number", *(rule.predicate.expression.alias(rule.key) for rule in rules))


def rule_flags(answers: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """``line_number`` and one column a rule: true where the record passes, never null."""
    fires = {rule.key: pl.col(rule.key).fill_null(rule.on_null == "violation") for rule in rules}
    return answers.select("line_number", *((~expression).alias(key) for key, expression in fires.items()))


def rule_schema(rules: Sequence[Rule]) -> pa.DataFrameSchema:
    """The pandera schema that judges ``rule_flags``: one check a rule, named by its key.

    All checks hang on one column, because each further column costs pandera more time than a check does.
    """
    checks = [_check(rule.key) for rule in rules]
    return pa.DataFrameSchema({"line_number": pa.Column(pl.UInt32, checks, nullable=True)})


def typed_record_schema(layout: RecordLayout) -> pa.DataFrameSchema:
    """Names, order and types of the typed record frame that every later stage relies on."""
    columns = {"submission_id": pl.String(), "line_number": pl.UInt32(), "district_code": pl.String()}
    for field in layout.fields:
        columns |= HIDDEN_COLUMNS.get(field.standard_name) or {field.standard_name: typed_dtype(field)}
    return pa.DataFrameSchema(
        {name: pa.Column(kind, nullable=True) for name, kind in columns.items()}, strict=True, ordered=True
    )


def _check(key: str) -> pa.Check:
    def passes(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(key)

    # Without ignore_na=False pandera takes a null answer for a pass.
    return pa.Check(passes, name=key, error=key, ignore_na=False)
