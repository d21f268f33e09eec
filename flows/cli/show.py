"""How the command line shows progress, a run and a checked file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flows.progress import Progress, silent

if TYPE_CHECKING:
    from flows.check import CheckAnswer
    from flows.summary import RunSummary

MOST_FINDINGS = 20


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

    console = Console()
    for resumed in summary.resumed:
        console.print(f"Completed the interrupted run {resumed} first.")
    console.print(summary.headline(), highlight=False)
    if summary.file_count:
        table = Table("what", "kind", "count", box=None, pad_edge=False)
        table.columns[2].justify = "right"
        for group, counts in (
            ("files", summary.files),
            ("records", summary.records),
            ("state IDs", summary.ids),
            ("violations", summary.violations),
        ):
            for name, count in sorted(counts.items()):
                table.add_row(group, name.replace("_", " "), f"{count:,}")
        console.print(table)
    for note in summary.notes:
        console.print(note, highlight=False)
    for report in summary.reports:
        console.print(f"Open: {report}", highlight=False, soft_wrap=True)


def print_check(answer: "CheckAnswer") -> None:
    """What the state would say of a file: the receipt's text, then the first findings by line."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(answer.text, highlight=False, markup=False)
    findings = answer.body["violations"]
    if findings:
        table = Table("line", "field", "rule", "what is wrong", box=None, pad_edge=False)
        for row in findings[:MOST_FINDINGS]:
            table.add_row(
                str(row["line"] or "file"), row["field"] or "", f"{row['severity']} {row['rule_id']}", row["message"]
            )
        console.print(table)
        if len(findings) > MOST_FINDINGS:
            console.print(
                f"… and {len(findings) - MOST_FINDINGS:,} more; --report FOLDER writes them all, --json prints them all."
            )
    if answer.report_folder:
        console.print(f"Open: {Path(answer.report_folder) / 'violations.html'}", highlight=False, soft_wrap=True)
