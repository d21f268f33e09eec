"""Trying a rule out on its own examples: what it says of records written as JSON, and why an example proves nothing.

Used where a rule comes in from outside the tests (overlays, ``dictionary verify``, ``dictionary correct``) and by the tests.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from schemas.predicates import FILE_COLUMNS, SSN, exists_column, record_columns
from schemas.rules import Rule, RuleBook
from schemas.schema_builder import typed_expression

# What JSON has for the columns that are joined; the others are texts.
_JOINED_VALUES: dict[pl.DataType, type] = {
    pl.Boolean(): bool, pl.Int32(): int, pl.UInt32(): int, pl.List(pl.String()): list,
}  # fmt: skip


class ExampleFault(ValueError):
    """An example that cannot be tried out; the text is the reason, without place."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule and the records, as JSON, that it is tried out on."""

    rule: Rule
    example: str


def answers(book: RuleBook, rule: Rule, example: str) -> list[bool]:
    """What the rule says of each of the example's records; a column the example does not name is null.

    Args:
        example: JSON, one record or a list; texts as they stand in a file, joined columns as JSON values.

    Raises:
        ExampleFault: no JSON, no record, or a column that the layout does not have.
    """
    (answer,) = try_out(book, [Trial(rule, example)])
    if isinstance(answer, ExampleFault):
        raise answer
    return answer


def try_out(book: RuleBook, trials: Sequence[Trial]) -> list[list[bool] | ExampleFault]:
    """The answers of many trials, in their order; one frame and one select for all that see the same columns."""
    found: dict[int, list[bool] | ExampleFault] = {}
    views: dict[tuple[bool, str], _View] = {}
    for number, trial in enumerate(trials):
        rule = trial.rule
        view = views.setdefault((rule.after_identify, rule.scope), _View(book, rule.after_identify, rule.scope))
        try:
            view.examples[number] = view.rows(trial.example, number)
        except ExampleFault as fault:
            found[number] = fault
        else:
            view.rules[number] = rule
    for view in views.values():
        found |= view.answers(view.examples)
    return [found[number] for number in range(len(trials))]


def example_faults(book: RuleBook, rules: Sequence[Rule]) -> list[tuple[Rule, str]]:
    """Rules whose examples prove nothing, and why: one must pass and one must fail."""
    trials = [Trial(rule, text) for rule in rules for text in (rule.passing_example, rule.failing_example)]
    found = iter(try_out(book, trials))
    return [(rule, fault) for rule in rules if (fault := _fault(next(found), next(found)))]


def example_fault(book: RuleBook, rule: Rule) -> str | None:
    """Why the examples of one rule prove nothing; none where one passes and one fails."""
    return next((fault for _, fault in example_faults(book, [rule])), None)


def _fault(passing: list[bool] | ExampleFault, failing: list[bool] | ExampleFault) -> str | None:
    for name, answer, fires in (("passing_example", passing, False), ("failing_example", failing, True)):
        if isinstance(answer, ExampleFault):
            return f"{name} {answer}"
        if any(answer) != fires:
            return f"{name}: the rule {'does not fire' if fires else 'fires'} on it"
    return None


class _View:
    """Trials of rules that see the same columns, by number."""

    def __init__(self, book: RuleBook, after_identify: bool, scope: str) -> None:
        self.book = book
        self.fields = {field.standard_name: field for field in book.layout.fields if field.standard_name != SSN}
        self.after_identify, self.scope = after_identify, scope
        self.rules: dict[int, Rule] = {}
        self.examples: dict[int, list[dict[str, Any]]] = {}

    @cached_property
    def columns(self) -> dict[str, pl.DataType]:
        return FILE_COLUMNS if self.scope == "file" else record_columns(self.book.layout, self.after_identify)

    def rows(self, example: str, number: int) -> list[dict[str, Any]]:
        """The example's records, fields as text, what is joined in its type.

        Raises:
            ExampleFault: no JSON, no record, an unknown column or a value of another kind.
        """
        rows = []
        for record in _records(example):
            if unknown := sorted({name.removesuffix("__text") for name in record} - self.columns.keys()):
                raise ExampleFault(f"names {', '.join(unknown)}, which is no column of {self.book.layout.name}")
            # Windows are partitioned by file: each trial is a file of its own.
            values = {name.removesuffix("__text"): self._value(name, value) for name, value in record.items()}
            rows.append({"submission_id": f"trial {number}", **values})
        return rows

    def answers(self, examples: Mapping[int, list[dict[str, Any]]]) -> dict[int, list[bool] | ExampleFault]:
        """Answers by trial; where one of many cannot be run, each is run alone."""
        try:
            answered = self._flags(examples)
        except pl.exceptions.PolarsError as fault:
            if len(examples) == 1:
                return dict.fromkeys(examples, ExampleFault(f"cannot be tried out ({type(fault).__name__})"))
            alone = [self.answers({number: rows}) for number, rows in examples.items()]
            return {number: answer for one in alone for number, answer in one.items()}
        found: dict[int, list[bool] | ExampleFault] = {}
        first = 0
        for number, rows in examples.items():
            found[number] = answered[str(number)][first : first + len(rows)].to_list()
            first += len(rows)
        return found

    def _flags(self, examples: Mapping[int, list[dict[str, Any]]]) -> pl.DataFrame:
        """One row a record, one column a trial: whether its rule fires."""
        rows = [row for records in examples.values() for row in records]
        seen = set().union(*(self.rules[number].predicate.columns for number in examples)) | {"submission_id"}
        fields = [self.fields[name] for name in {name.removesuffix("__text") for name in seen} if name in self.fields]
        texts = {f"{field.standard_name}__text": [row.get(field.standard_name) for row in rows] for field in fields}
        typed = [
            typed_expression(
                field, self.book.spellings.get(field.standard_name, {}), pl.col(f"{field.standard_name}__text")
            ).alias(field.standard_name)
            for field in fields
        ]
        joined = {
            name: [row.get(name) for row in rows] for name in seen if name.removesuffix("__text") not in self.fields
        }
        kinds = {**dict.fromkeys(texts, pl.String()), **{name: self.columns[name] for name in joined}}
        frame = pl.DataFrame({**texts, **joined}, schema=kinds).with_columns(typed)
        return frame.select(self.rules[number].violation.alias(str(number)) for number in examples)

    def _value(self, name: str, value: Any) -> Any:
        kind: pl.DataType = self.columns[name.removesuffix("__text")]
        is_field = name.removesuffix("__text") in self.fields
        wanted = str if is_field else _JOINED_VALUES.get(kind, str)
        if value is not None and type(value) is not wanted:
            raise ExampleFault(f"has {name} as {type(value).__name__}, not as {wanted.__name__}")
        if value is None or is_field or kind != pl.Date():
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise ExampleFault(f"has {name} as no date such as 2025-09-24") from None


def breaking_record(rule: Rule, book: RuleBook) -> str:
    """Records, as an example, on which a rule that the dictionary implies must fire.

    Raises:
        KeyError: a kind of template that nobody said how to break.
    """
    name = rule.fields[0] if rule.fields else ""
    field = book.layout.by_standard_name.get(name)
    if rule.kind == "record_count":
        return json.dumps({"file__record_count": 0})
    if rule.kind == "key":
        record = {**dict.fromkeys(rule.fields, "1"), "submission_id": "one"}
        record |= {"state_id": "1"} if rule.after_identify else {}
        return json.dumps([record, record])
    if rule.kind in ("district", "school") and field is not None:
        return json.dumps({exists_column(field): False})
    if f"{name}_status" in rule.predicate.columns:
        return json.dumps({f"{name}_status": "blank"})
    length = field.length if field else 0
    values = {"required": None, "not_allowed": "1", "length": "x" * (length + 1)}
    return json.dumps({name: values.get(rule.kind, "no such value")})


def _records(example: str) -> list[dict[str, Any]]:
    if not example:
        raise ExampleFault("is empty")
    try:
        found: Any = json.loads(example)
    except ValueError:
        raise ExampleFault("is no JSON") from None
    rows = found if isinstance(found, list) else [found]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ExampleFault("is no record and no list of records")
    return rows
