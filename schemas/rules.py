"""The rule book of one collection: published and own rules from CSV, and those the dictionary implies.

No rule is written in Python. A rule is an SQL predicate that is true for a violation; what cannot work is refused here,
before any file is read.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from schemas.across_files import CollectionRule, rules_of_collection
from schemas.data_files import Change
from schemas.dictionary import Collection, Dictionary, RecordLayout
from schemas.predicates import Predicate


# Compared by identity: an expression has no truth value, so it cannot take part in ==.
@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule of one collection, ready to run.

    Attributes:
        rule_id: published number, or ours from 90000 on; one number may stand for several fields.
        scope: ``record`` (one row of a file) or ``file`` (the file as a whole).
        fields: standard names; the first is the one reported.
        columns: the same as header names.
        on_null: what a condition that gives null means.
        applies_to: which records count as tried: ``all``, ``filled`` (those with a value in the first field) or
            ``computed`` (those for which the condition gives an answer).
        message, fix: without any value of a record; slots were filled when the rule was loaded.
        change: who corrected the rule, and why; nothing for a rule as it ships.
        place: file and line of its row.
    """

    rule_id: str
    kind: str
    severity: str
    scope: str
    fields: tuple[str, ...]
    columns: tuple[str, ...]
    predicate: Predicate
    on_null: str
    applies_to: str
    after_identify: bool
    title: str
    message: str
    fix: str
    source: str
    passing_example: str = ""
    failing_example: str = ""
    change: Change | None = None
    place: str = ""

    @property
    def condition(self) -> str:
        return self.predicate.sql

    @property
    def key(self) -> str:
        """Tells the rules of a book apart, also where one number stands for several fields."""
        return f"{self.rule_id}:{self.fields[0] if self.fields else ''}"

    @property
    def column(self) -> str | None:
        return self.columns[0] if self.columns else None

    @property
    def violation(self) -> pl.Expr:
        """True where the rule fires, never null."""
        return self.predicate.expression.fill_null(self.on_null == "violation")

    @property
    def needs_directory(self) -> bool:
        return any(name.endswith("__exists") for name in self.predicate.columns)


@dataclass(frozen=True)
class RuleBook:
    """All rules of one collection, and what typing its records needs.

    ``spellings``: for each coded field, second spellings and the code they stand for (``Dictionary.code_spellings``).
    ``across``: rules that compare files; they run where the files are stored, never in ``validate_records``.
    """

    collection: Collection
    layout: RecordLayout
    rules: tuple[Rule, ...]
    spellings: Mapping[str, Mapping[str, str]]
    across: tuple[CollectionRule, ...] = ()

    @cached_property
    def version(self) -> str:
        """Twelve hex digits that change when any rule of the book does."""
        texts = sorted(
            "\x1f".join(
                (
                    rule.key,
                    rule.severity,
                    rule.scope,
                    *rule.fields,
                    rule.condition,
                    rule.on_null,
                    rule.message,
                    rule.fix,
                )
            )
            for rule in self.rules
        )
        texts += sorted(rule.version_text for rule in self.across)
        return hashlib.sha256("\x1e".join((self.collection.version, *texts)).encode()).hexdigest()[:12]

    @cached_property
    def before_identify(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if not rule.after_identify)

    @cached_property
    def after_identify(self) -> tuple[Rule, ...]:
        """Rules that name the state ID: they look at the one that came out."""
        return tuple(rule for rule in self.rules if rule.after_identify)

    def not_checked(self, has_directory: bool) -> tuple[str, ...]:
        """Numbers of the rules that cannot run on a clerk's desk: no ID comes out there, other files are not at hand, and
        schools may be unknown.
        """
        missing = {
            rule.rule_id for rule in self.rules if rule.after_identify or (rule.needs_directory and not has_directory)
        }
        return tuple(sorted(missing | {rule.rule_id for rule in self.across}))

    def titles(self) -> dict[str, str]:
        """Rule number -> title; of several rules with one number the first."""
        across = {rule.rule_id: rule.title for rule in reversed(self.across)}
        return across | {rule.rule_id: rule.title for rule in reversed(self.rules)}


def load_rule_book(dictionary: Dictionary, collection: Collection | str) -> RuleBook:
    """The rules of a collection, from ``schemas/rule_book/`` and the state's overlay.

    Args:
        collection: a collection of the dictionary, or its CollectionVersion literal.

    Raises:
        RuleBookError: a rule that cannot work; names file, row and reason.
        UnknownName: no such collection.
    """
    from schemas.rule_files import read_rules

    chosen = dictionary.collection(collection) if isinstance(collection, str) else collection
    layout = dictionary.layout_of(chosen)
    spellings = {
        field.standard_name: dictionary.code_spellings(field.code_set)
        for field in layout.fields
        if field.code_set and field.code_set in dictionary.code_sets
    }
    rules = read_rules(dictionary, chosen, layout)
    across = rules_of_collection(dictionary, chosen, layout)
    return RuleBook(chosen, layout, rules, {name: found for name, found in spellings.items() if found}, across)
