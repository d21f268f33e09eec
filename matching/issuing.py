"""Which ID each new person of a commit unit gets: the one this run already gave, the one reserved for it, or a new one.

A person of the plan can stand in several files, so in several commit units: exactly one ID, issued with the first of them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from matching.journal import ENTRY_SCHEMA, BlockFile
from matching.recovery import FILE_KEY, Reservations, in_registry
from matching.slips import distance_test
from matching.student_ids import IdSource, IdTest, draw_ids

_PERSON_IDS = pl.Schema({"person_number": pl.Int64, "state_id": pl.String})


@dataclass(frozen=True)
class UnitIds:
    """The IDs of one commit unit.

    Args:
        assignments: the unit's assignments, every ``state_id`` filled in that a person number asked for.
        entries: journal entries (ENTRY_SCHEMA): each line whose ID this unit issues.
        unused: IDs reserved for these files alone that no line came out to use; they are retired with the unit.
    """

    assignments: pl.DataFrame
    entries: pl.DataFrame
    unused: pl.Series

    @property
    def issued(self) -> pl.DataFrame:
        """One row an ID that this unit issues, with the first line that gets it."""
        return self.entries.group_by("state_id", maintain_order=True).first()


def assign_ids(
    assignments: pl.DataFrame,
    files: Sequence[BlockFile],
    *,
    earlier: pl.DataFrame,
    reservations: Reservations,
    source: IdSource,
    con: duckdb.DuckDBPyConnection,
) -> UnitIds:
    """The IDs of a commit unit; nothing is written.

    Args:
        assignments: of the unit's files; ``person_number`` where a new person was found.
        files: the unit's files, in journal order.
        earlier: ``person_number``, ``state_id`` of persons this run has issued already (``issued_persons``).
    """
    new = _new_lines(assignments, files)
    known = new.select("person_number").unique().join(earlier, on="person_number")
    to_issue = new.join(known, on="person_number", how="anti")
    reserved = _reserved_ids(to_issue, reservations)
    unnumbered = to_issue.join(reserved, on="person_number", how="anti")["person_number"].unique(maintain_order=True)
    drawn = _PERSON_IDS.to_frame().clear()
    if unnumbered.len():
        ids = draw_ids(source, unnumbered.len(), taken_test(con, reservations), distance_test(con))
        drawn = pl.DataFrame({"person_number": unnumbered, "state_id": ids})
    issued = pl.concat([reserved, drawn])
    entries = to_issue.join(issued, on="person_number", maintain_order="left").select(ENTRY_SCHEMA.names())
    unused = reservations.only_for(files)
    return UnitIds(
        _fill_in(assignments, pl.concat([known, issued])),
        entries,
        unused.filter(~unused.is_in(issued["state_id"].to_list())),
    )


def issued_persons(
    con: duckdb.DuckDBPyConnection, plan_assignments: pl.DataFrame, unit: Collection[str], committed: Collection[str]
) -> pl.DataFrame:
    """``person_number`` and ``state_id`` of the unit's new persons whose ID a committed submission of the plan brought.

    Args:
        unit: submission_ids of the unit.
        committed: the plan's submission_ids that the database holds.
    """
    persons = plan_assignments.filter(pl.col("person_number").is_not_null())
    wanted = persons.filter(pl.col("submission_id").is_in(list(unit))).select("person_number").unique()
    planned_persons = (
        persons.filter(pl.col("submission_id").is_in(list(committed)))
        .join(wanted, on="person_number", how="semi")
        .select("submission_id", "line_number", "person_number")
    )
    if planned_persons.is_empty():
        return _PERSON_IDS.to_frame().clear()
    rows = con.execute(
        "SELECT DISTINCT person_number, state_id FROM planned_persons "
        "JOIN identity.assignment USING (submission_id, line_number) WHERE state_id IS NOT NULL"
    ).fetchall()
    return pl.DataFrame(rows, schema=_PERSON_IDS, orient="row")


def taken_test(con: duckdb.DuckDBPyConnection, reservations: Reservations) -> IdTest:
    """Whether an ID may never be drawn: in the registry (active, merged, retired) or promised in the journal."""
    promised = reservations.frame["state_id"].unique()
    return lambda state_ids: in_registry(con, state_ids) | state_ids.is_in(promised.to_list())


def _new_lines(assignments: pl.DataFrame, files: Sequence[BlockFile]) -> pl.DataFrame:
    """The lines of new persons, in the order of files and lines, with the position and key of their file."""
    rows = [(number, f.submission_id, f.district_code, f.school_code, f.sha256) for number, f in enumerate(files)]
    schema = {"file": pl.UInt32, "submission_id": pl.String, **dict.fromkeys(FILE_KEY, pl.String)}
    positions = pl.DataFrame(rows, schema=schema, orient="row")
    new = assignments.filter(pl.col("person_number").is_not_null()).select(
        "submission_id", "line_number", "person_number"
    )
    return new.join(positions, on="submission_id").sort("file", "line_number")


def _reserved_ids(new: pl.DataFrame, reservations: Reservations) -> pl.DataFrame:
    """The reserved ID of each person who has one; no ID for two persons, no two for one.

    Both can only be asked for when the plan that reserved them was lost and the files were decided anew.
    """
    found = new.join(
        reservations.frame.with_columns(pl.col("line_number").cast(new.schema["line_number"])),
        on=[*FILE_KEY, "line_number"],
        nulls_equal=True,
    )
    return (
        found.sort("block_number", "file", "line_number", "state_id")
        .unique("person_number", keep="first", maintain_order=True)
        .unique("state_id", keep="first", maintain_order=True)
        .select(_PERSON_IDS.names())
        .cast(_PERSON_IDS)
    )


def _fill_in(assignments: pl.DataFrame, person_ids: pl.DataFrame) -> pl.DataFrame:
    found = assignments.join(person_ids, on="person_number", how="left", suffix="_new", maintain_order="left")
    return found.with_columns(state_id=pl.coalesce("state_id", "state_id_new")).drop("state_id_new")
