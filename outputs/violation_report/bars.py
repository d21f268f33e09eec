"""The bar lists of the violation page: how many errors and warnings each rule and each school has."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from outputs.pages import BarPart, bar_parts
from outputs.violation_report.findings import Findings
from outputs.violation_report.rule_cards import anchor, applied
from outputs.violation_rows import STANDING


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a bar list; ``link`` is the card of a rule."""

    label: str
    detail: str
    count: str
    parts: list[BarPart]
    link: str | None = None


def rule_bars(findings: Findings) -> list[Bar]:
    """Rules by number of violations that stand, largest first; ties by number and field. Waived ones are no errors."""
    return [
        _bar(
            findings.words.title(row["rule_id"], row["field"], row["message"]),
            _rule_detail(findings, row["rule_id"], row["field"]),
            row,
            link=anchor(row["rule_id"]),
        )
        for row in _largest_first(findings.rows, ["rule_id", "field"])
    ]


def school_bars(findings: Findings) -> list[Bar]:
    """Schools by number of violations that stand; none where all of them are of one school."""
    found = _largest_first(findings.rows, ["school_code"])
    if len(found) < 2:
        return []
    district = findings.subject.district_code
    return [_bar(findings.words.school(district, row["school_code"]) or "No school named", "", row) for row in found]


def _rule_detail(findings: Findings, rule_id: str, field: str | None) -> str:
    """Field, number, and how many of those that the rule is about; that only where the number stands for one field."""
    parts = [f"{field or ''} {rule_id}".strip()]
    if len(findings.words.rules.get(rule_id, ())) == 1 and (of := applied(findings, rule_id)):
        parts.append(of)
    return " · ".join(parts)


def _largest_first(rows: pl.DataFrame, keys: Sequence[str]) -> list[dict]:
    standing = rows.filter(pl.col("status").is_in(STANDING))
    counted = standing.group_by(keys).agg(
        (pl.col("severity") == "E").sum().alias("errors"),
        (pl.col("severity") == "W").sum().alias("warnings"),
        pl.len().alias("count"),
        pl.col("message").first(),
    )
    most = counted["count"].max()
    ordered = counted.sort("count", *keys, descending=[True, *(False for _ in keys)])
    return [{**row, "most": most} for row in ordered.iter_rows(named=True)]


def _bar(label: str, detail: str, row: dict, link: str | None = None) -> Bar:
    parts = bar_parts([("error", row["errors"]), ("warning", row["warnings"])], row["most"])
    return Bar(label, detail, f"{row['count']:,}", parts, link)
