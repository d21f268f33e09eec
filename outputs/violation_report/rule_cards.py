"""The rules that a file broke, each on a card of the page: what it asks, of how many records, how to fix it, examples."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from outputs.violation_report.findings import Findings
from outputs.violation_report.words import RuleText

Example = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RuleUse:
    """What the rule asks of one field, and how many rows of the file break it there."""

    field: str | None
    message: str
    fix: str
    count: int


@dataclass(frozen=True, slots=True)
class RuleCard:
    """A rule number with all that this file broke under it; examples are of the first field."""

    rule_id: str
    anchor: str
    title: str
    severity: str
    count: int
    applied: str | None
    uses: list[RuleUse]
    source: str | None
    condition: str | None
    passing: Example | None
    failing: Example | None


def anchor(rule_id: str) -> str:
    """What a link to the card of a rule names."""
    return "rule-" + re.sub(r"[^A-Za-z0-9_-]", "-", rule_id)


def rule_cards(findings: Findings) -> list[RuleCard]:
    """A card a rule number, in order of number."""
    rows = findings.rows.group_by("rule_id", "field", maintain_order=True).agg(
        pl.col("severity").min(), pl.col("message", "fix").first(), pl.len().alias("count")
    )
    return [
        _card(findings, str(rule), part)
        for (rule,), part in rows.sort("rule_id").group_by("rule_id", maintain_order=True)
    ]


def applied(findings: Findings, rule_id: str) -> str | None:
    """``214 of 1,203 records``: how many failed of those that the rule is about; null where nobody counted."""
    counts = findings.past.runs.get(rule_id)
    if counts is None or not counts[0]:
        return None
    applicable, failed = counts
    what = "values" if len(findings.words.rules.get(rule_id, ())) > 1 else "records"
    return f"{failed:,} of {applicable:,} {what}"


def _card(findings: Findings, rule_id: str, rows: pl.DataFrame) -> RuleCard:
    texts = {text.column: text for text in findings.words.rules.get(rule_id, ())}
    uses = list(_uses(rows))
    text = texts.get(uses[0].field)
    return RuleCard(
        rule_id=rule_id,
        anchor=anchor(rule_id),
        title=findings.words.title(rule_id, uses[0].field, uses[0].message),
        severity=min(rows["severity"].to_list()),
        count=int(rows["count"].sum()),
        applied=applied(findings, rule_id),
        uses=uses,
        # An address is named, not linked: the page asks the network for nothing.
        source=re.sub(r"https?://", "", text.source) if text else None,
        condition=text.condition if text else None,
        passing=_one_record(text, "passing"),
        failing=_one_record(text, "failing"),
    )


def _uses(rows: pl.DataFrame) -> Iterator[RuleUse]:
    ordered = rows.sort("count", "field", descending=[True, False])
    for field, message, fix, count in ordered.select("field", "message", "fix", "count").iter_rows():
        yield RuleUse(field, message, fix, count)


def _one_record(text: RuleText | None, which: str) -> Example | None:
    """An example that one record shows; those that need several records are in the manual."""
    records: tuple[Example, ...] = getattr(text, which, ()) if text else ()
    return records[0] if len(records) == 1 and records[0] else None
