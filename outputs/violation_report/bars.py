"""The bar lists of the violation page: how many errors and warnings each rule and each school has."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from outputs.pages import BarPart, bar_parts
from outputs.violation_report.words import ReportSubject, ReportWords

_Key = tuple[str | None, ...]
_Counted = list[tuple[_Key, Counter[str]]]


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a bar list."""

    label: str
    detail: str
    count: str
    parts: list[BarPart]


def rule_bars(rows: pl.DataFrame, words: ReportWords) -> list[Bar]:
    """Rules by number of violations, largest first; ties by number and field."""
    keys = list(zip(rows["rule_id"], rows["field"], strict=True))
    messages = dict(zip(keys, rows["message"], strict=True))
    ordered = _largest_first(_by_severity(keys, rows["severity"]))
    return [
        _bar(words.title(rule or "", field, messages[rule, field]), f"{field or ''} {rule}".strip(), counts, ordered)
        for (rule, field), counts in ordered
    ]


def school_bars(subject: ReportSubject, rows: pl.DataFrame, words: ReportWords) -> list[Bar]:
    """Schools by number of violations; none where all rows are of one school."""
    ordered = _largest_first(_by_severity(((school,) for school in rows["school_code"]), rows["severity"]))
    if len(ordered) < 2:
        return []
    return [
        _bar(words.school(subject.district_code, school) or "No school named", "", counts, ordered)
        for (school,), counts in ordered
    ]


def _by_severity(keys: Iterable[_Key], severities: pl.Series) -> dict[_Key, Counter[str]]:
    """For each key how many of each severity."""
    found: dict[_Key, Counter[str]] = {}
    for (key, severity), number in Counter(zip(keys, severities, strict=True)).items():
        found.setdefault(key, Counter())[severity] += number
    return found


def _largest_first(counts: dict[_Key, Counter[str]]) -> _Counted:
    def place(each: tuple[_Key, Counter[str]]) -> tuple[int, list[str]]:
        return -each[1].total(), [part or "" for part in each[0]]

    return sorted(counts.items(), key=place)


def _bar(label: str, detail: str, counts: Counter[str], ordered: _Counted) -> Bar:
    parts = bar_parts([("error", counts["E"]), ("warning", counts["W"])], ordered[0][1].total())
    return Bar(label, detail, f"{counts.total():,}", parts)
