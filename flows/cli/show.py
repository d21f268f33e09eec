"""How the command line shows progress, a run and a checked file."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.progress import Progress, silent

if TYPE_CHECKING:
    from flows.check import CheckAnswer
    from flows.summary import RunSummary

MOST_FINDINGS = 20
# A finding names so many of its lines.
MOST_LINES = 4


@contextmanager
def progress_display(*, quiet: bool = False) -> Iterator[Progress]:
    """One live bar per stage on stderr; nothing where stderr is no terminal or the output is for a program."""
    if quiet or not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as bars:
        tasks: dict[str, int] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(bars.task_ids[tasks[stage]], completed=done, total=total)

        yield show


def print_summary(summary: "RunSummary") -> None:
    """A run on one screen: headline, counts, slowest stages, where to look."""
    from rich.console import Console
    from rich.table import Table

    from flows.summary import ID_WORDS

    console = Console()
    for resumed in summary.resumed:
        console.print(f"Completed the interrupted run {resumed} first.")
    console.print(summary.headline(), highlight=False)
    if summary.file_count:
        table = Table("what", "kind", "count", box=None, pad_edge=False)
        table.columns[2].justify = "right"
        for group, counts, words in (
            ("files", summary.files, None),
            ("records", summary.records, None),
            ("state IDs", summary.ids, ID_WORDS),
            ("violations", summary.violations, None),
        ):
            for name, count in sorted(counts.items()):
                table.add_row(group, (words or {}).get(name, name).replace("_", " "), f"{count:,}")
        console.print(table)
    for note in summary.notes:
        console.print(note, highlight=False)
    for defect in summary.defects:
        console.print(defect, highlight=False, style="bold red")
    for report in summary.reports:
        console.print(f"Open: {report}", highlight=False, soft_wrap=True)


def print_check(answer: "CheckAnswer") -> None:
    """What the state would say of a file: the receipt's text, then its findings, the most frequent first."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console()
    console.print(answer.text, highlight=False, markup=False)
    findings = group_findings(answer.body["violations"])
    # A file refused as a whole has one finding, and the text has said it.
    if findings and answer.body["outcome"] not in ("rejected", "quarantined"):
        for finding in findings[:MOST_FINDINGS]:
            console.print(Text(finding.heading, style="bold"))
            for line in finding.details:
                console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))
        if len(findings) > MOST_FINDINGS:
            console.print(f"… and {len(findings) - MOST_FINDINGS:,} kinds more.", highlight=False)
        if not answer.report_folder:
            console.print("Every line: --report FOLDER makes a page and a table, --json prints them.", highlight=False)
    if answer.report_folder:
        console.print(f"Open: {Path(answer.report_folder) / 'violations.html'}", highlight=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Finding:
    """Violations of a file that are said and mended in one way."""

    heading: str
    details: tuple[str, ...]


def group_findings(violations: Sequence[dict[str, Any]]) -> list[Finding]:
    """The kinds of violations of a file, errors first, the most frequent first, each with its first lines."""
    lines: dict[tuple[str, str, str, str], list[int | None]] = {}
    for row in violations:
        key = (row["severity"], row["rule_id"], row["message"] or "", row["fix"] or "")
        lines.setdefault(key, []).append(row["line"])
    # The severities E and W sort as they should; sorting keeps the order of the file where counts are equal.
    ordered = sorted(lines.items(), key=lambda item: (item[0][0], -len(item[1])))
    return [_finding(*key, found) for key, found in ordered]


def _finding(severity: str, rule_id: str, message: str, fix: str, lines: Sequence[int | None]) -> Finding:
    kind = "error" if severity == "E" else "warning"
    many = f"{len(lines):,} {kind}{'s' if len(lines) > 1 else ''}"
    named = [f"{line}" for line in lines[:MOST_LINES] if line]
    more = f" and {len(lines) - MOST_LINES:,} more" if len(lines) > MOST_LINES else ""
    where = f"line{'s' if len(lines) > 1 else ''} {', '.join(named)}{more}" if named else "the file as a whole"
    return Finding(f"{many}: {message}", tuple(part for part in (fix, f"{where} ({rule_id})") if part))
