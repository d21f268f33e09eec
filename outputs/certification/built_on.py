"""What was built on a certificate: pre-code that went out, releases, counts, and files that were compared with it."""

from collections.abc import Collection as Names
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from outputs.aggregates.products import populations_of
from outputs.next_steps import counted


@dataclass(frozen=True, slots=True)
class BuiltOn:
    """What stands on certified files, in counts and names; sentences for the person who takes them back."""

    deliveries: tuple[str, ...]
    releases: tuple[str, ...]
    is_counted: bool
    dependents: int

    def sentences(self) -> list[str]:
        said = []
        if self.deliveries:
            said.append(f"Pre-code that holds its students was delivered: {', '.join(self.deliveries)}.")
        if self.releases:
            said.append(f"It is counted in what was published: {', '.join(self.releases)}.")
        elif self.is_counted:
            said.append("It is in the counts for publication (mosis aggregate); nothing of them was published.")
        if self.dependents:
            said.append(
                f"{counted(self.dependents, 'file')} of the district {'is' if self.dependents == 1 else 'are'} compared "
                "with it."
            )
        return said or ["Nothing was built on it yet."]

    @property
    def is_any(self) -> bool:
        """Whether something left the house, or will be wrong, when it goes."""
        return bool(self.deliveries or self.releases or self.is_counted)

    def to_json(self) -> dict[str, Any]:
        return {
            "precode_deliveries": list(self.deliveries),
            "releases": list(self.releases),
            "is_counted": self.is_counted,
            "dependent_files": self.dependents,
        }


def built_on(con: duckdb.DuckDBPyConnection, names: Names[str], dependents: Names[str] = ()) -> BuiltOn:
    """What was built on some certified submissions.

    Args:
        dependents: submissions whose files are compared with these.
    """
    listed = sorted(names)
    deliveries = con.execute(
        "SELECT DISTINCT delivery.assessment || ' ' || delivery.school_year FROM precode.record AS record "
        "JOIN precode.delivery AS delivery USING (delivery_id) "
        "WHERE record.is_included AND list_contains(?, record.submission_id) ORDER BY 1",
        [listed],
    ).fetchall()
    releases: list[str] = []
    is_counted = False
    for year, cycle, layout, district, certified_at in con.execute(
        "SELECT DISTINCT school_year, cycle, layout, district_code, certified_at FROM intake.submission "
        "WHERE list_contains(?, submission_id) AND NOT coalesce(is_pilot, false)",
        [listed],
    ).fetchall():
        if any(population.layout == layout for population in populations_of(cycle or "")):
            is_counted = is_counted or _is_counted(con, year, cycle, district, certified_at)
            releases += _releases(con, year, cycle, certified_at)
    return BuiltOn(
        tuple(name for (name,) in deliveries), tuple(dict.fromkeys(releases)), is_counted, len(set(dependents))
    )


def _is_counted(con: duckdb.DuckDBPyConnection, year: int, cycle: str, district: str, certified_at: datetime) -> bool:
    return bool(
        con.execute(
            "SELECT 1 FROM publish.cell WHERE school_year = ? AND cycle = ? AND district_code = ? "
            "AND aggregated_at >= ? LIMIT 1",
            [year, cycle, district, certified_at],
        ).fetchall()
    )


def _releases(con: duckdb.DuckDBPyConnection, year: int, cycle: str, certified_at: datetime) -> list[str]:
    rows = con.execute(
        'SELECT DISTINCT release FROM publish.release WHERE school_year = ? AND cycle = ? AND "at" >= ? ORDER BY release',
        [year, cycle, certified_at],
    ).fetchall()
    return [name for (name,) in rows]


def uncounted_changes(con: duckdb.DuckDBPyConnection, school_year: int, cycle: str) -> int:
    """Certificates given or ended since a cycle was last counted, of the collections it is counted from."""
    layouts = sorted({population.layout for population in populations_of(cycle)})
    counted_at = con.execute(
        "SELECT max(aggregated_at) FROM publish.cell WHERE school_year = ? AND cycle = ?", [school_year, cycle]
    ).fetchall()[0][0]
    if counted_at is None:
        return 0
    return con.execute(
        """
        SELECT count(*) FROM intake.certificate AS given JOIN intake.submission AS file USING (submission_id)
        WHERE file.school_year = ? AND file.cycle = ? AND list_contains(?, file.layout)
          AND NOT coalesce(file.is_pilot, false)
          AND (given."at" > ? OR (given.ended = 'decertified' AND given.ended_at > ?))
        """,
        [school_year, cycle, layouts, counted_at, counted_at],
    ).fetchall()[0][0]
