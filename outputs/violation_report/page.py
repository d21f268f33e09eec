"""``violations.html``: the page a district opens: what to do first, where, the rules, and every row to search and sort."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from outputs.next_steps import counted, long_date
from outputs.pages import render_page
from outputs.receipts import readable_name
from outputs.violation_report.bars import rule_bars, school_bars
from outputs.violation_report.cause_words import cause_words
from outputs.violation_report.findings import IS_NEW, Findings
from outputs.violation_report.page_rows import LISTED_CAUSES, SCOPES, table_data
from outputs.violation_report.rule_cards import anchor, rule_cards
from outputs.violation_report.trend import trend_columns, trend_lines
from outputs.violation_report.verdict import due_sentence, tiles, verdict
from schemas.clock import missouri_day

LONGEST_LIST = 12
# So many rules are named among those whose violations are gone.
_NAMED_FIXES = 6


@dataclass(frozen=True, slots=True)
class ScopeNote:
    """Findings that compare the file with something else, or are about it as a whole."""

    label: str
    count: str
    messages: list[str]


def violations_html(findings: Findings) -> bytes:
    """The page of one file."""
    subject, has_rows = findings.subject, bool(findings.rows.height)
    more = len(findings.causes) - LISTED_CAUSES
    return render_page(
        "violations.html.j2",
        title=f"Violations: {subject.district_name or subject.district_code}, {subject.collection_title}",
        data=table_data(findings) if has_rows else None,
        anchor=anchor,
        subject=subject,
        file_name=readable_name(subject.file_name),
        made_on=long_date(missouri_day(subject.made_at)),
        due=due_sentence(subject),
        verdict=verdict(findings),
        tiles=list(tiles(findings)),
        causes=[cause_words(findings, cause, place) for place, cause in enumerate(findings.causes[:LISTED_CAUSES])],
        more_causes=counted(more, "more cause") if more > 0 else "",
        has_errors=bool(findings.errors.height),
        rule_change=_rule_change(findings),
        fixes=list(_fixes(findings)),
        trend=trend_columns(findings.past.trials),
        trend_lines=trend_lines(findings.past.trials),
        rule_bars=rule_bars(findings) if has_rows else [],
        school_bars=school_bars(findings) if has_rows else [],
        scopes=list(_scopes(findings)),
        state_findings=findings.past.state_findings,
        rules=rule_cards(findings) if has_rows else [],
        longest=LONGEST_LIST,
    )


def _rule_change(findings: Findings) -> str | None:
    """Says which of the new ones come of a changed rule, so that nobody looks for them in the data."""
    by_rule = findings.rows.filter(IS_NEW, pl.col("changed_by") == "rule").height
    gone = 0 if findings.past.fixed is None else int(findings.past.fixed.filter(changed_by="rule")["count"].sum())
    parts = []
    if by_rule:
        parts.append(f"{counted(by_rule, 'violation is', 'violations are')} new because a rule changed, not your data.")
    if gone:
        parts.append(f"{counted(gone, 'violation is', 'violations are')} gone because a rule changed, not your data.")
    return " ".join(parts) or None


def _fixes(findings: Findings) -> Iterator[tuple[str, str, str]]:
    """Title, field with rule, and number of what is gone since the file before, the largest first."""
    if findings.past.fixed is None:
        return
    ordered = findings.past.fixed.sort("count", "rule_id", "field", descending=[True, False, False])
    for row in ordered.head(_NAMED_FIXES).iter_rows(named=True):
        title = findings.words.title(row["rule_id"], row["field"], row["message"])
        yield title, f"{row['field'] or ''} {row['rule_id']}".strip(), f"{row['count']:,}"
    if ordered.height > _NAMED_FIXES:
        rest = int(ordered["count"][_NAMED_FIXES:].sum())
        yield "Other rules", "", f"{rest:,}"


def _scopes(findings: Findings) -> Iterator[ScopeNote]:
    """What is not about single records, one note a kind, with each message once."""
    beyond = findings.rows.filter(pl.col("scope") != "record")
    for scope, label in SCOPES.items():
        rows = beyond.filter(scope=scope)
        if rows.height:
            messages = rows["message"].unique(maintain_order=True).to_list()
            verb = "About" if scope == "file" else "Compared with"
            yield ScopeNote(f"{verb} {label}", f"{rows.height:,}", messages)
