"""The rows of the violation page as data for table.js: one list a column, texts that repeat kept once."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from outputs.violation_report.findings import IS_NEW, Findings
from outputs.violation_report.rule_cards import anchor
from schemas.clock import MISSOURI

# So many causes get a card and a button that shows their rows.
LISTED_CAUSES = 5
_SEVERITY = {"E": 0, "W": 1}
_SINCE = {"open": "still open", "reopened": "came back"}
SCOPES = {
    "record": "one record",
    "file": "the file as a whole",
    "collection": "your other files of this year",
    "history": "your files of earlier years",
}


def table_data(findings: Findings) -> dict[str, Any]:
    """What table.js shows: every row of the file, once."""
    rows, words = findings.rows, findings.words
    district = findings.subject.district_code
    columns = [
        _severity_column(rows),
        {"id": "line", "label": "Line", "kind": "number", "values": rows["line_number"].to_list()},
        _named(_text("school", "School", rows["school_code"], filter="All schools"), lambda code: words.school(district, code)),
        {**_text("student", "Student", rows["local_student_id"], keep=True), "note": _text("state", "State ID", rows["state_id"])},
        _text("field", "Field", rows["field"], filter="All fields"),
        {
            **_text("wrong", "What is wrong", rows["message"], wide=True),
            "found": _text("found", "In your file:", rows["value"]),
            "note": _text("fix", "", rows["fix"]),
        },
        _rule_column(findings),
    ]  # fmt: skip
    if findings.has_history or rows.filter(pl.col("status") != "open").height:
        columns.append(_since_column(findings))
    if rows["scope"].n_unique() > 1:
        scope = _text("scope", "Compared with", rows["scope"], filter="All comparisons")
        columns.append({**_named(scope, lambda each: SCOPES.get(each or "", each)), "hidden": True})
    columns.append({"id": "cause", "label": "Cause", "hidden": True, "values": _cause_places(findings)})
    return {"size": rows.height, "columns": columns}


def encode(texts: pl.Series) -> tuple[list[str], list[int | None]]:
    """The distinct texts, in order of first sight, and for each row its place among them; null stays null."""
    lookup = texts.drop_nulls().unique(maintain_order=True)
    if lookup.is_empty():
        return [], [None] * texts.len()
    places = pl.Series(range(lookup.len()), dtype=pl.UInt32)
    return lookup.to_list(), texts.replace_strict(lookup, places, default=None, return_dtype=pl.UInt32).to_list()


def _text(name: str, label: str, texts: pl.Series, **more: Any) -> dict[str, Any]:
    lookup, values = encode(texts)
    return {"id": name, "label": label, "lookup": lookup, "values": values, **more}


def _named(column: dict[str, Any], name: Callable[[str], str | None]) -> dict[str, Any]:
    """The column with names in place of codes."""
    return {**column, "lookup": [name(code) or code for code in column["lookup"]]}


def _severity_column(rows: pl.DataFrame) -> dict[str, Any]:
    return {
        "id": "severity",
        "label": "Severity",
        "kind": "badge",
        "lookup": ["Error", "Warning"],
        "classes": ["error", "warning"],
        "order": [0, 1],
        "filter": "All severities",
        "values": rows["severity"].replace_strict(_SEVERITY, return_dtype=pl.UInt8).to_list(),
    }


def _rule_column(findings: Findings) -> dict[str, Any]:
    """Rules by number, each a link to its card; where one is chosen, its title stands beside the number."""
    column = _text("rule", "Rule", findings.rows["rule_id"], filter="All rules", keep=True)
    about = findings.rows.unique("rule_id", keep="first").select("rule_id", "field", "message").iter_rows()
    titles: Mapping[str, str] = {rule: findings.words.title(rule, field, message) for rule, field, message in about}
    return {
        **column,
        "names": [f"{rule} {titles[rule]}" for rule in column["lookup"]],
        "links": [f"#{anchor(rule)}" for rule in column["lookup"]],
    }


def _since_column(findings: Findings) -> dict[str, Any]:
    """New, still open, come back or waived; and since when, where it is not new."""
    first, last = (
        pl.col(name).dt.convert_time_zone(str(MISSOURI)).dt.date() for name in ("first_seen_at", "last_seen_at")
    )
    by_rule = pl.when(pl.col("changed_by") == "rule").then(pl.lit("new: the rule changed")).otherwise(pl.lit("new"))
    until = pl.concat_str(pl.lit("waived until "), pl.col("waived_until").dt.strftime("%m/%d/%Y"))
    days = (last - first).dt.total_days()
    open_for = (
        pl.when(days < 1)
        .then(pl.lit("since today"))
        .when(days == 1)
        .then(pl.lit("for 1 day"))
        .otherwise(pl.concat_str(pl.lit("for "), days, pl.lit(" days")))
    )
    said = findings.rows.select(
        since=pl.when(IS_NEW)
        .then(by_rule)
        .when(pl.col("status") == "waived")
        .then(until.fill_null("waived"))
        .otherwise(pl.col("status").replace(_SINCE)),
        days=pl.when(~IS_NEW).then(open_for),
    )
    note = _text("days", "", said["days"])
    return {**_text("since", "Since", said["since"], filter="New and old"), "note": note}


def _cause_places(findings: Findings) -> list[int | None]:
    """For each row the place of its cause among those that have a button; null for the others."""
    listed = findings.causes[:LISTED_CAUSES]
    keys = pl.DataFrame(
        [(cause.kind, cause.rule_id, cause.field, cause.key[3], place) for place, cause in enumerate(listed)],
        schema=dict.fromkeys(("cause_kind", "cause_rule", "cause_field", "cause_fix"), pl.String)
        | {"place": pl.UInt32},
        orient="row",
    )
    on = ["cause_kind", "cause_rule", "cause_field", "cause_fix"]
    placed = findings.errors.select("row", *on).join(keys, on=on, how="inner", nulls_equal=True).select("row", "place")
    return findings.rows.select("row").join(placed, on="row", how="left", maintain_order="left")["place"].to_list()
