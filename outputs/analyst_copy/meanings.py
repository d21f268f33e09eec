"""What each view and column of the copy means: ``columns.csv``."""

import csv
from functools import cache
from pathlib import Path

RECORDS = "records"


@cache
def column_meanings() -> dict[str, dict[str, str]]:
    """View -> column -> meaning, the view's own under the empty name; what all views of records share under ``records``."""
    found: dict[str, dict[str, str]] = {}
    with (Path(__file__).parent / "columns.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["view"], {})[row["column"]] = row["meaning"]
    return found
