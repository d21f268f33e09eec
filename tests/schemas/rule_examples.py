"""The examples of written rules, run: what a rule says of records given as JSON."""

import json
from datetime import date
from typing import Any

import polars as pl

from schemas.predicates import record_columns
from schemas.rules import Rule, RuleBook
from schemas.schema_builder import typed_expression

VALUE_TYPES = {pl.Date(): date.fromisoformat}


def answers(book: RuleBook, rule: Rule, example: str) -> list[bool]:
    """What the rule says of each of the example's records; a column the example does not name is null."""
    records: Any = json.loads(example)
    rows = records if isinstance(records, list) else [records]
    columns = record_columns(book.layout, rule.after_identify)
    given = {name.removesuffix("__text") for row in rows for name in row}
    assert given <= columns.keys(), f"{rule.rule_id}: {given - columns.keys()} is no column"
    named = {name.removesuffix("__text") for name in rule.predicate.columns}
    fields = [field for field in book.layout.fields if field.standard_name in named]
    texts = {f"{field.standard_name}__text": [row.get(field.standard_name) for row in rows] for field in fields}
    frame = pl.DataFrame({"row": range(len(rows)), **texts}, schema_overrides=dict.fromkeys(texts, pl.String))
    frame = frame.with_columns(
        typed_expression(
            field, book.spellings.get(field.standard_name, {}), pl.col(f"{field.standard_name}__text")
        ).alias(field.standard_name)
        for field in fields
    )
    joined = [
        pl.Series(name, [VALUE_TYPES.get(kind, lambda value: value)(row[name]) if row.get(name) is not None else None
                         for row in rows], dtype=kind)
        for name, kind in columns.items() if name in rule.predicate.columns and name not in frame.columns
    ]  # fmt: skip
    return frame.with_columns(joined).select(answer=rule.violation)["answer"].to_list()
