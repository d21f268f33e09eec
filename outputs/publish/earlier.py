"""What earlier releases of the same figures have made public already.

A printed number cannot be taken back: a cell whose figure has since changed by 1 to T-1 students would publish that
small group, so it is withheld from now on. A cell that was withheld stays withheld, otherwise the new figure would tell
what the old one hid.
"""

import json
from pathlib import Path
from typing import Any

import polars as pl

from outputs.aggregates.products import TOTAL
from outputs.publish.engine.suppress import SHOWN
from schemas.errors import UnsafeRelease

KEYS = ["district_code", "school_code", "axis", "category"]


def mark_forbidden(cells: pl.DataFrame, population: str, earlier: list[Path], threshold: int) -> pl.DataFrame:
    """The cells with ``must_withhold``: what the earlier releases forbid to print.

    Args:
        cells: KEYS and student_count.
        earlier: folders of the releases before.
    """
    prints = [prints_of(folder, population) for folder in earlier]
    if not prints:
        return cells.with_columns(must_withhold=pl.lit(False))
    joined = cells.join(pl.concat(prints), on=KEYS, how="left")
    change = (pl.col("student_count") - pl.col("printed_count")).abs()
    was_withheld = pl.col("printed_status").is_not_null() & (pl.col("printed_status") != SHOWN)
    forbidden = (change.is_between(1, threshold - 1) | was_withheld).fill_null(False)
    marked = joined.group_by(KEYS).agg(forbidden.any().alias("must_withhold"))
    return cells.join(marked, on=KEYS, how="left", maintain_order="left")


def prints_of(folder: Path, population: str) -> pl.DataFrame:
    """KEYS, printed_count (null when withheld) and printed_status of a release's tables of one population.

    Raises:
        UnsafeRelease: the folder is gone or is no release: without it nothing can be said about differences.
    """
    description = read_description(folder)
    tables = [_read_table(folder, table) for table in description["tables"] if table["population"] == population]
    empty = pl.DataFrame(
        schema={**dict.fromkeys(KEYS, pl.String), "printed_count": pl.Int64, "printed_status": pl.String}
    )
    return pl.concat([empty, *tables]).unique()


def read_description(folder: Path) -> dict[str, Any]:
    """The release.json of a folder.

    Raises:
        UnsafeRelease: there is none.
    """
    try:
        return dict(json.loads((folder / "release.json").read_text("utf-8")))
    except (OSError, ValueError):
        raise UnsafeRelease(
            f"{folder} holds no release that can be read, but was published before. Restore it from the backup: "
            "new figures must be held against everything that is public already."
        ) from None


def _read_table(folder: Path, table: dict[str, Any]) -> pl.DataFrame:
    axis = next(name for name in table["axes"] if name != "geography")
    rows = pl.read_csv(folder / table["file"], infer_schema=False)
    # A total is the same cell in every table.
    return rows.select(
        "district_code",
        "school_code",
        axis=pl.when(pl.col(axis) == TOTAL).then(pl.lit(TOTAL)).otherwise(pl.lit(axis)),
        category=axis,
        printed_count=pl.col(table["value"]).cast(pl.Int64),
        printed_status=table["status"],
    )
