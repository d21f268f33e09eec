"""Pooled measurements as the accuracy report page."""

from collections.abc import Sequence
from pathlib import Path

from flows.accuracy import VARIANTS
from flows.accuracy_pool import Pooled
from flows.accuracy_text import meanings
from outputs.accuracy_report.page import render_accuracy_report
from sample_data.tables import read_table
from schemas.files import write_atomic


def write_report(path: Path, groups: Sequence[Pooled]) -> None:
    """One self-contained page with everything that was measured."""
    page = render_accuracy_report(
        [group.to_json() for group in groups],
        {name: variant.title for name, variant in VARIANTS.items()},
        list(read_table("error_rates.csv").iter_rows()),
        meanings(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, page)
