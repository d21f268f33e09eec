"""How ``mosis violations`` shows what it found on a terminal of 80 columns."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.revalidation import Revalidated

_STATES = ("open", "reopened", "contacted", "waived", "accepted", "fixed")
# What the other columns of the table of rules take, with the gaps between them; words stand where so much is left.
_OTHER_COLUMNS, _LEAST_WORDS = 68, 24
_SEVERITY = {"E": "error", "W": "warning"}


def print_listing(listing: dict[str, Any]) -> None:
    """Counts by rule, the rows that were asked for, and the waivers that stand."""
    from rich.console import Console

    console = Console(highlight=False)
    if not listing["total"]:
        console.print("No violation answers these filters. Fixed ones show with --status fixed.")
    else:
        rules = listing["rules"]
        distinct = len({rule["rule_id"] for rule in rules})
        total = "1 violation" if listing["total"] == 1 else f"{listing['total']:,} violations"
        console.print(f"{total} of {distinct:,} {'rule' if distinct == 1 else 'rules'}")
        console.print(_rule_table(rules, console.width))
    if listing["rows"]:
        console.print(_row_table(listing["rows"]))
    for waiver in listing["waivers"]:
        console.print(_waiver_line(waiver))


def _rule_table(rules: list[dict[str, Any]], width: int) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in ("rule", "field", ""):
        table.add_column(name, no_wrap=True, overflow="ellipsis", max_width=18)
    used = [state for state in _STATES if any(rule[state] for rule in rules)]
    for name in (*used, "districts", "days"):
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    has_words = width - _OTHER_COLUMNS >= _LEAST_WORDS
    if has_words:
        table.add_column("what is wrong", no_wrap=True, overflow="ellipsis", max_width=width - _OTHER_COLUMNS)
    for rule in rules:
        style = "red" if rule["severity"] == "E" and rule["scope"] != "state" else ""
        table.add_row(
            rule["rule_id"], rule["field"] or "", _SEVERITY[rule["severity"]],
            *(f"{rule[state]:,}" if rule[state] else "" for state in used),
            f"{rule['districts']:,}", str(rule["oldest_days"]), *([rule["message"]] if has_words else []),
            style=style,
        )  # fmt: skip
    return table


def _row_table(rows: list[dict[str, Any]]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in ("key", "district", "rule", "field", "state"):
        table.add_column(name, no_wrap=True, overflow="ellipsis", min_width=12 if name == "key" else None)
    for name in ("line", "days"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        line = "" if row["line"] is None else f"{row['line']:,}"
        table.add_row(
            row["key"], row["district_code"], row["rule_id"], row["field"] or "", row["status"], line,
            str(row["days_open"]),
        )  # fmt: skip
    return table


def _waiver_line(waiver: dict[str, Any]) -> str:
    where = " ".join(part for part in (waiver["district_code"] or "every district", waiver["school_code"]) if part)
    return (
        f"Waiver {waiver['waiver_number']}: {waiver['rule_id']} in {waiver['collection_version']}, {where}, "
        f"until {waiver['until']}, by {waiver['approver']}: {waiver['reason']}"
    )


def print_violation(row: dict[str, Any]) -> None:
    """One violation, a line each: what is null is left out."""
    from rich.console import Console

    console = Console(highlight=False)
    for name, label in (
        ("key", "Key"), ("district_code", "District"), ("school_code", "School"),
        ("collection_version", "Collection"), ("submission_id", "Submission"), ("line", "Line"), ("field", "Field"),
        ("rule_id", "Rule"), ("severity", "Severity"), ("scope", "Scope"), ("message", "What is wrong"),
        ("fix", "How to fix"), ("status", "State"), ("changed_by", "Changed by"), ("waived_until", "Waived until"),
        ("decided_by", "Decided by"), ("decided_at", "Decided on"), ("decision_reason", "Reason"),
        ("other_district_code", "Other district"), ("due_date", "Due"), ("first_seen_at", "First seen"),
        ("days_open", "Days open"), ("fixed_at", "Fixed on"), ("rule_book_version", "Rule book"),
        ("responses", "Answers"),
    ):  # fmt: skip
        value = row[name]
        if value is not None and value != []:
            console.print(f"  {label:<15} {_shown(value)}", soft_wrap=True, markup=False)


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        from schemas.clock import rfc3339

        return rfc3339(value)
    return ", ".join(value) if isinstance(value, list) else str(value)


def print_revalidated(result: "Revalidated") -> None:
    """What judging anew came to: counts by rule that changed, files left as they stand, certified files."""
    from rich.console import Console

    console = Console(highlight=False)
    verb = "would change" if result.is_dry_run else "changed"
    trials = "1 trial" if result.trials == 1 else f"{result.trials:,} trials"
    console.print(
        f"{result.collection}: {trials} with {result.records:,} records judged by rule book "
        f"{result.rule_book_version}; {len(result.changed):,} {verb}."
    )
    _print_changes(console, result.rules)
    for name, reason in result.left.items():
        console.print(f"Left as it stands: {name}: {reason}.", soft_wrap=True)
    if result.certified:
        console.print(
            f"{result.certified:,} certified {'file stays' if result.certified == 1 else 'files stay'} as certified. "
            "By these rules:"
        )
        _print_changes(console, result.certified_rules)


def _print_changes(console: Any, rules: Any) -> None:
    from rich import box
    from rich.table import Table

    # A rule of another severity finds what it found: nothing is new, nothing gone, and yet errors are warnings now.
    changed = rules.filter((rules["new"] + rules["gone"] > 0) | (rules["before"] != rules["after"]))
    if changed.is_empty():
        console.print("No rule finds anything else than before.")
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in ("rule", ""):
        table.add_column(name, no_wrap=True)
    for name in ("before", "now", "new", "gone"):
        table.add_column(name, justify="right", no_wrap=True)
    for rule, severity, *counts in changed.select("rule_id", "severity", "before", "after", "new", "gone").iter_rows():
        table.add_row(rule, _SEVERITY[severity], *(f"{count:,}" for count in counts))
    console.print(table)


def print_responses(found: list[dict[str, Any]]) -> None:
    """Open answers by rule and word."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not found:
        console.print("No answer waits for a decision.")
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in ("rule", "field", "response"):
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for name in ("answers", "districts", "comments"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found:
        table.add_row(
            row["rule_id"], row["field"] or "", row["response"],
            *(f"{row[name]:,}" for name in ("answers", "districts", "comments")),
        )  # fmt: skip
    console.print(table)
