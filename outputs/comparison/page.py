"""A comparison as a page for the operator; exact counts, so it lies among the reports of the home."""

from pathlib import Path

import polars as pl

from outputs.comparison.compare import Comparison
from outputs.pages import render_page
from schemas.files import PRIVATE_FILE, write_atomic

# More nobody reads on a page; --json has all.
MOST_ROWS = 1_000


def write_comparison(path: Path, comparison: Comparison, made_on: str) -> Path:
    """Write the page."""
    differing = comparison.cells.filter(pl.col("difference") != 0)
    page = render_page(
        "comparison.html.j2",
        title=f"Comparison: {comparison.collection_title}",
        data=None,
        comparison=comparison,
        made_on=made_on,
        equal=comparison.cells.height - differing.height,
        rows=differing.head(MOST_ROWS).to_dicts(),
        more=max(0, differing.height - MOST_ROWS),
    )
    write_atomic(path, page, PRIVATE_FILE)
    return path
