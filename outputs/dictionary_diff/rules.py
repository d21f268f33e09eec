"""Written rules and rules across files in two school years. What columns and codes imply is told with these."""

from collections.abc import Iterator
from dataclasses import dataclass

from outputs.dictionary_diff.names import cycle_names, cycles_of
from schemas.dictionary import Dictionary
from schemas.rules import load_rule_book

# What a person may notice of a rule, and the word for it.
_SEEN = {"severity": "severity", "condition": "what it checks", "title": "title", "message": "message", "fix": "fix"}
_SEVERITY = {"E": "error", "W": "warning"}


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule as one cycle has it."""

    rule_id: str
    column: str | None
    severity: str
    condition: str
    title: str
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule that is added, dropped or changed."""

    kind: str
    rule_id: str
    column: str | None
    title: str
    severity: str
    words: str


def compare_rules(dictionary: Dictionary, layout: str, before: int, after: int) -> list[RuleChange]:
    """By rule number; a number that stands for several conditions is compared cycle by cycle."""
    cycles_before, cycles = cycles_of(dictionary, layout, before), cycles_of(dictionary, layout, after)
    old, new = _rules(dictionary, layout, before), _rules(dictionary, layout, after)
    changes: list[RuleChange] = []
    for rule_id in dict.fromkeys((*new, *old)):
        was, now = old.get(rule_id, {}), new.get(rule_id, {})
        # A cycle that the layout did not have, or has no more, is told of the layout, not of each rule.
        shared = cycles_before & cycles
        was = {key: state for key, state in was.items() if key in shared}
        now = {key: state for key, state in now.items() if key in shared}
        changes.extend(_change(rule_id, was, now, shared))
    return changes


def _change(
    rule_id: str, was: dict[str, RuleState], now: dict[str, RuleState], cycles: frozenset[str]
) -> Iterator[RuleChange]:
    if not was and not now:
        return
    shown = next(iter((now or was).values()))
    severity = _SEVERITY[shown.severity]
    if not was:
        words = f"{shown.message}. In {cycle_names(frozenset(now), cycles)}."
        yield RuleChange("added", rule_id, shown.column, shown.title, severity, words)
    elif not now:
        yield RuleChange("dropped", rule_id, shown.column, shown.title, severity, "No longer checked.")
    elif words := "; ".join(_differences(was, now, cycles)):
        yield RuleChange(
            "changed", rule_id, shown.column, shown.title, severity, f"{words[0].upper()}{words[1:]}".rstrip(".") + "."
        )


def _differences(was: dict[str, RuleState], now: dict[str, RuleState], cycles: frozenset[str]) -> Iterator[str]:
    if gained := now.keys() - was.keys():
        yield f"now in {cycle_names(frozenset(gained), cycles)} too"
    if lost := was.keys() - now.keys():
        yield f"no longer in {cycle_names(frozenset(lost), cycles)}"
    shared = [(was[cycle], now[cycle]) for cycle in now if cycle in was]
    for name, word in _SEEN.items():
        pairs = {(getattr(old, name), getattr(new, name)) for old, new in shared}
        if differing := sorted(pair for pair in pairs if pair[0] != pair[1]):
            old, new = differing[0]
            if name == "severity":
                yield f"{_SEVERITY[new]} instead of {_SEVERITY[old]}"
            elif name == "condition":
                yield f"{word} is another"
            else:
                yield f"{word} reads: {new.rstrip('.')}"


def _rules(dictionary: Dictionary, layout: str, school_year: int) -> dict[str, dict[str, RuleState]]:
    found: dict[str, dict[str, RuleState]] = {}
    for collection in dictionary.collections:
        if (collection.layout, collection.school_year) != (layout, school_year):
            continue
        book = load_rule_book(dictionary, collection)
        for rule in book.rules:
            if rule.kind == "written":
                found.setdefault(rule.rule_id, {})[collection.cycle] = RuleState(
                    rule.rule_id, rule.column, rule.severity, rule.condition, rule.title, rule.message, rule.fix
                )
        for across in book.across:
            rule_ = across.rule
            found.setdefault(rule_.rule_id, {})[collection.cycle] = RuleState(
                rule_.rule_id, across.column, rule_.severity, rule_.sql, rule_.title, rule_.message, rule_.fix
            )
    return found
