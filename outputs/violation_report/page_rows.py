"""The rows of the violation page as data for table.js: one list a column, texts that repeat kept once."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from outputs.pages import encode_texts
from outputs.violation_report.root_causes import Cause
from outputs.violation_report.words import ReportSubject, ReportWords

# So many causes get a card and a button that shows their rows.
LISTED_CAUSES = 5
IS_NEW = (pl.col("first_seen_at") == pl.col("last_seen_at")) & (pl.col("status") == "open")
_SEVERITY = {"E": 0, "W": 1}
_RULE_WORDS = ("rule_id", "field", "message")
_SINCE = {"open": "still open", "reopened": "came back"}


def in_page_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Errors before warnings, then by line, field and rule; what is about the whole file first."""
    return rows.sort("severity", "line_number", "field", "rule_id", nulls_last=False)


def table_data(
    subject: ReportSubject,
    rows: pl.DataFrame,
    errors: pl.DataFrame,
    causes: list[Cause],
    words: ReportWords,
    *,
    has_history: bool,
) -> dict[str, Any]:
    """What table.js shows.

    Args:
        rows: in the order of the page, numbered in ``row``.
        errors: those that stand, with their cause, numbered as in ``rows``.
        has_history: there was an earlier file, so that a row can be new or old.
    """
    codes = rows["school_code"].to_list()
    names = {code: words.school(subject.district_code, code) for code in set(codes)}
    columns = [
        _severity_column(rows),
        {"id": "line", "label": "Line", "kind": "number", "values": rows["line_number"].to_list()},
        _text_column("school", "School", [names[code] for code in codes], filter="All schools"),
        {
            **_text_column("student", "Student", rows["local_student_id"].to_list(), keep=True),
            "note": {"label": "State ID", "values": rows["state_id"].to_list()},
        },
        _text_column("field", "Field", rows["field"].to_list()),
        {
            **_text_column("wrong", "What is wrong", rows["message"].to_list()),
            "found": _text_column("found", "In your file:", rows["value"].to_list()),
            "note": _text_column("fix", "", rows["fix"].to_list()),
        },
        _rule_column(rows, words),
    ]
    if has_history:
        columns.append(_text_column("since", "Since", _since(rows), filter="New and old", keep=True))
    columns.append({"id": "cause", "label": "Cause", "hidden": True, "values": _cause_places(rows, errors, causes)})
    return {"size": rows.height, "columns": columns}


def _text_column(name: str, label: str, texts: Sequence[str | None], **more: Any) -> dict[str, Any]:
    lookup, values = encode_texts(texts)
    return {"id": name, "label": label, "lookup": lookup, "values": values, **more}


def _severity_column(rows: pl.DataFrame) -> dict[str, Any]:
    return {
        "id": "severity",
        "label": "Severity",
        "kind": "badge",
        "lookup": ["Error", "Warning"],
        "classes": ["error", "warning"],
        "order": [0, 1],
        "filter": "All severities",
        "values": [_SEVERITY[severity] for severity in rows["severity"]],
    }


def _rule_column(rows: pl.DataFrame, words: ReportWords) -> dict[str, Any]:
    """Rules by number; where one is chosen, its title stands beside the number."""
    column = _text_column("rule", "Rule", rows["rule_id"].to_list(), filter="All rules", keep=True)
    found = {rule: (field, message) for rule, field, message in zip(*(rows[name] for name in _RULE_WORDS), strict=True)}
    titles = {rule: words.title(rule, *about) for rule, about in found.items()}
    return {**column, "names": [f"{rule} {titles[rule]}" for rule in column["lookup"]]}


def _since(rows: pl.DataFrame) -> list[str]:
    is_new = rows.select(IS_NEW.alias("new"))["new"]
    return ["new" if new else _SINCE.get(status, status) for new, status in zip(is_new, rows["status"], strict=True)]


def _cause_places(rows: pl.DataFrame, errors: pl.DataFrame, causes: list[Cause]) -> list[int | None]:
    """For each row the place of its cause among those that have a button; null for the others."""
    places = {(cause.rule_id, cause.field, cause.fix): place for place, cause in enumerate(causes[:LISTED_CAUSES])}
    chosen = errors.select("row", "cause_rule", "cause_field", "cause_fix").iter_rows()
    found = {row: places.get(tuple(cause)) for row, *cause in chosen}
    return [found.get(row) for row in range(rows.height)]
