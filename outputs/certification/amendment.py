"""What a new file would change of what is certified: rows added, rows removed, and each cell that differs, by student.

Rows that are the same in both files, however often, are set aside first. What is left is paired child by child: by state ID, where
there is none by local ID, for staff by their identifier; several rows of one child go by their order. A row without a partner
was added or removed.
"""

from dataclasses import dataclass

import duckdb
import polars as pl

from outputs.certification.counts import GRADE_COLUMNS, SCHOOL_COLUMNS, first_of
from outputs.certification.freezing import certified_beside
from outputs.next_steps import counted
from outputs.store import table_columns

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
_NOT_COMPARED = ("submission_id", "line_number", "district_code", "submitted_state_id")
_PERSON = ("state_id", "local_student_id", "educator_id")
_NAMES = ("last_name", "first_name")
DIFFERENCE_SCHEMA = dict.fromkeys(
    ("change", "school_code", "grade", "state_id", "local_student_id", "last_name", "first_name", "field", "before", "after"),
    pl.String(),
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """How a trial differs from the certified file of its place.

    Args:
        earlier_id: the certified submission.
        cells: DIFFERENCE_SCHEMA; one row an added or removed record (field null) or a changed cell (standard names).
    """

    earlier_id: str
    cells: pl.DataFrame
    added: int
    removed: int
    changed: int
    changed_cells: int

    def sentence(self) -> str:
        if not (self.added or self.removed or self.changed):
            return "No record differs."
        return (
            f"{counted(self.added, 'record')} added, {self.removed:,} removed, {self.changed:,} changed "
            f"({counted(self.changed_cells, 'cell')})."
        )

    def to_json(self) -> dict[str, object]:
        return {
            "submission_id": self.earlier_id, "added": self.added, "removed": self.removed, "changed": self.changed,
            "changed_cells": self.changed_cells,
        }  # fmt: skip


def difference_of(con: duckdb.DuckDBPyConnection, submission_id: str, layout: str) -> Difference | None:
    """The difference of a trial to the certified file beside it; null where nothing is certified in its place."""
    certified = certified_beside(con, submission_id)
    if not certified:
        return None
    columns = [name for name in table_columns(con, "collection", layout) if name not in _NOT_COMPARED]
    before = _only_in(con, layout, columns, certified[-1], submission_id)
    after = _only_in(con, layout, columns, submission_id, certified[-1])
    cells = _compare(_by_person(before, columns), _by_person(after, columns), columns)
    changed = cells.filter(pl.col("change") == CHANGED)
    kinds = dict(cells.group_by("change").len().iter_rows())
    return Difference(
        certified[-1],
        cells.select(*DIFFERENCE_SCHEMA),
        kinds.get(ADDED, 0),
        kinds.get(REMOVED, 0),
        changed.select("person", "place").unique().height,
        changed.height,
    )


def _only_in(con: duckdb.DuckDBPyConnection, layout: str, columns: list[str], this: str, other: str) -> pl.DataFrame:
    """Rows of one submission, as text, that the other has not; a row that stands there more often is left over so often."""
    values = ", ".join(f'CAST("{name}" AS VARCHAR) AS "{name}"' for name in columns)
    part = f'SELECT {values} FROM collection."{layout}" WHERE submission_id = ?'
    return con.sql(f"{part} EXCEPT ALL {part}", params=[this, other]).pl()


def _by_person(rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The rows with ``person`` and, of several rows of one, ``place`` in their order."""
    known = [name for name in _PERSON if name in columns]
    person = pl.coalesce(known) if known else pl.lit(None, pl.String)
    # A row that names nobody has no partner: it is its own person.
    whole = pl.concat_str(pl.lit("row "), pl.struct(columns).struct.json_encode())
    return (
        rows.with_columns(person=pl.coalesce(person, whole))
        .sort("person", *columns, nulls_last=True)
        .with_columns(place=pl.int_range(pl.len()).over("person"))
    )


def _compare(before: pl.DataFrame, after: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    on = ["person", "place"]
    added = _whole(after.join(before, on=on, how="anti"), ADDED, columns)
    removed = _whole(before.join(after, on=on, how="anti"), REMOVED, columns)
    pairs = before.join(after, on=on, suffix=" after")
    named = _named(pairs.select(*on, *(pl.col(f"{name} after").alias(name) for name in columns)), columns)
    changed = [
        named.with_columns(field=pl.lit(name), before=pairs[name], after=pairs[f"{name} after"]).filter(
            pl.col("before").ne_missing(pl.col("after"))
        )
        for name in columns
    ]
    parts = [part.with_columns(change=pl.lit(CHANGED)) for part in changed]
    schema = [*DIFFERENCE_SCHEMA, *on]
    everything = pl.concat([part.select(schema) for part in (added, removed, *parts)])
    return everything.sort("school_code", "last_name", "first_name", "person", "place", "change", nulls_last=True)


def _whole(rows: pl.DataFrame, change: str, columns: list[str]) -> pl.DataFrame:
    nothing = pl.lit(None, pl.String)
    return _named(rows, columns).with_columns(change=pl.lit(change), field=nothing, before=nothing, after=nothing)


def _named(rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Who each row is about."""
    sources = {
        "school_code": first_of(columns, SCHOOL_COLUMNS), "grade": first_of(columns, GRADE_COLUMNS),
        **{name: name if name in columns else None for name in ("state_id", "local_student_id", *_NAMES)},
    }  # fmt: skip
    return rows.select(
        "person",
        "place",
        *((pl.col(source) if source else pl.lit(None, pl.String)).alias(name) for name, source in sources.items()),
    )
