"""What a publication came to, for the command line and the log: numbers of cells, never a count."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from outputs.next_steps import counted
from outputs.publish.engine.suppress import COMPLEMENTARY, SHOWN, SMALL
from outputs.publish.tables import PublishedTable


@dataclass(frozen=True, slots=True)
class TableSummary:
    """Cells of one table by status."""

    name: str
    cells: int
    shown: int
    suppressed_small: int
    suppressed_complementary: int


@dataclass(frozen=True, slots=True)
class ReleaseSummary:
    """A release as written, or as found unchanged (``is_new`` false)."""

    release: str
    folder: str
    is_new: bool
    supersedes: str | None
    threshold: int
    missing_districts: tuple[str, ...]
    tables: tuple[TableSummary, ...]

    @property
    def text(self) -> str:
        what = "Published" if self.is_new else "Nothing has changed since"
        lines = [f"{what} {self.release}: {self.folder}"]
        for table in self.tables:
            withheld = table.suppressed_small + table.suppressed_complementary
            lines.append(
                f"  {table.name}: {table.cells} cells, {withheld} withheld "
                f"({table.suppressed_small} below {self.threshold}, {table.suppressed_complementary} to protect them)"
            )
        if self.missing_districts:
            who = counted(len(self.missing_districts), "district has", "districts have")
            is_one = len(self.missing_districts) == 1
            lines.append(f"  {who} certified nothing and {'is' if is_one else 'are'} not in it.")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def summarise(
    name: str,
    published: Path,
    tables: list[PublishedTable],
    missing: tuple[str, ...],
    *,
    supersedes: str | None,
    is_new: bool,
) -> ReleaseSummary:
    return ReleaseSummary(
        release=name,
        folder=str(published / name),
        is_new=is_new,
        supersedes=supersedes,
        threshold=min(table.threshold for table in tables),
        missing_districts=missing,
        tables=tuple(_summarise_table(table) for table in tables),
    )


def _summarise_table(table: PublishedTable) -> TableSummary:
    found = dict(table.rows.group_by("status").len().iter_rows())
    counts = [found.get(status, 0) for status in (SHOWN, SMALL, COMPLEMENTARY)]
    return TableSummary(table.product.name, table.rows.height, *counts)
