"""Judging stored files again when a file they compare with was stored, certified, taken back or replaced."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

import duckdb
import polars as pl

from outputs.across_files.comparisons import Comparisons
from outputs.across_files.judge import judge
from outputs.across_files.settle import settle_findings
from schemas.across_files import AcrossRule
from schemas.across_views import CERTIFIED, ELSEWHERE_CERTIFIED, ELSEWHERE_STANDING, RECORD_FAMILIES, STANDING

# What a change of a file touches: its records as they count now, and as they were certified.
STANDING_CHANGED = frozenset({STANDING})
CERTIFIED_CHANGED = frozenset({STANDING, CERTIFIED})
_OTHER_FILE = "other_file"
_OWN, _ELSEWHERE = (STANDING, CERTIFIED), (ELSEWHERE_STANDING, ELSEWHERE_CERTIFIED)
_FAMILIES_OF = {STANDING: (STANDING, ELSEWHERE_STANDING), CERTIFIED: (CERTIFIED, ELSEWHERE_CERTIFIED)}


def judge_dependents(
    con: duckdb.DuckDBPyConnection,
    submission_ids: Collection[str],
    comparisons: Comparisons,
    *,
    at: datetime,
    changed: frozenset[str] = CERTIFIED_CHANGED,
) -> list[str]:
    """Judge the files that compare with some changed ones, in the open transaction, and settle what was found.

    Args:
        submission_ids: files that were stored, certified, taken back or replaced; of any status. They themselves are not
            judged.
        changed: what others can see of the change: ``STANDING_CHANGED`` when a trial was stored.

    Returns:
        The files whose violations changed, in order; their pages have to be written anew.

    Raises:
        AcrossDefect: a query failed.
    """
    return judge_again(con, find_dependents(con, submission_ids, comparisons, changed), comparisons, at=at)


def find_dependents(
    con: duckdb.DuckDBPyConnection,
    submission_ids: Collection[str],
    comparisons: Comparisons,
    changed: frozenset[str] = CERTIFIED_CHANGED,
) -> list[str]:
    """Trials and certified files that compare with some files, without these, in order; changes nothing."""
    return sorted(set(_dependents(con, submission_ids, comparisons, changed)) - set(submission_ids))


def judge_again(
    con: duckdb.DuckDBPyConnection,
    submission_ids: Collection[str],
    comparisons: Comparisons,
    *,
    at: datetime,
    changed_by: str = _OTHER_FILE,
) -> list[str]:
    """Judge stored files by the rules across files as things stand now; those whose violations changed, in order.

    Args:
        changed_by: what the change is put down to: ``other_file`` or ``rule``.
    """
    if not submission_ids:
        return []
    judged = judge(con, submission_ids, comparisons, at=at, changed_by=changed_by)
    return settle_findings(con, submission_ids, judged, at=at, changed_by=changed_by)


def compare_again(
    con: duckdb.DuckDBPyConnection,
    submission_ids: Collection[str],
    comparisons: Comparisons,
    at: datetime,
    *,
    are_all: bool = False,
) -> list[str]:
    """Judge files whose records were changed where they stand, and those that compare with them; mark their pages as due.

    Args:
        are_all: the files are all that hold the children concerned, in every district; of other files only those of the
            same districts can see the change. So a correction of one child does not judge half of the state again.

    Returns:
        The files whose violations changed, in order.

    Raises:
        AcrossDefect: a query failed.
    """
    if not len(submission_ids):
        return []
    others = _dependents(con, submission_ids, comparisons, CERTIFIED_CHANGED, reaches_elsewhere=not are_all)
    names = {*submission_ids, *others}
    changed = judge_again(con, names, comparisons, at=at)
    con.execute("INSERT INTO quality.page_due SELECT unnest(?)", [changed]).fetchall()
    return changed


def _dependents(
    con: duckdb.DuckDBPyConnection,
    submission_ids: Collection[str],
    comparisons: Comparisons,
    changed: frozenset[str],
    *,
    reaches_elsewhere: bool = True,
) -> Iterator[str]:
    files = con.execute(
        "SELECT district_code, collection_version FROM intake.submission "
        "WHERE list_contains(?, submission_id) AND collection_version IS NOT NULL GROUP BY ALL ORDER BY ALL",
        [sorted(submission_ids)],
    ).fetchall()
    places = {row[0]: _Place(*row[1:4]) for row in comparisons.calendar.iter_rows()}
    asked = {version: comparisons.rules_of(version) for version in comparisons.columns}
    seeds: dict[str, set[str]] = {}
    for district, version in files:
        if version in places:
            seeds.setdefault(version, set()).add(district)
    for seed, districts in seeds.items():
        layout = places[seed].layout
        for version, rules in asked.items():
            if not _reaches(places[version], places[seed]):
                continue
            if any(_names(rule, layout, changed, _OWN) for rule in rules):
                yield from _files_of(con, version, districts)
            elsewhere = [rule for rule in rules if reaches_elsewhere and _names(rule, layout, changed, _ELSEWHERE)]
            if elsewhere:
                yield from _sharing_children(con, version, seed, layout, districts, elsewhere)


class _Place(NamedTuple):
    layout: str
    school_year: int
    cycle: str


def _reaches(judged: _Place, seed: _Place) -> bool:
    """Whether a rule of one collection sees files of another: one school year back, never ahead; lookups have no year."""
    return "" in (judged.cycle, seed.cycle) or judged.school_year - seed.school_year in (0, 1)


def _names(rule: AcrossRule, layout: str, changed: frozenset[str], families: tuple[str, ...]) -> bool:
    """Whether a rule asks a view that the change of a file of the layout touches."""
    touched = {family for each in changed for family in _FAMILIES_OF[each] if family in families}
    named = {f"{family}_{layout}" for family in touched} | {
        f"{family}_file" for family in touched & set(RECORD_FAMILIES)
    }
    return bool(rule.views & named)


def _files_of(con: duckdb.DuckDBPyConnection, version: str, districts: Collection[str]) -> list[str]:
    found = con.execute(
        "SELECT submission_id FROM intake.submission WHERE collection_version = ? AND list_contains(?, district_code) "
        "AND status IN ('trial', 'certified')",
        [version, sorted(districts)],
    ).fetchall()
    return [name for (name,) in found]


def _sharing_children(
    con: duckdb.DuckDBPyConnection,
    version: str,
    seed: str,
    layout: str,
    districts: Collection[str],
    rules: Collection[AcrossRule],
) -> list[str]:
    """Files of other districts with a child of the changed files, or with a finding that names their districts."""
    other = _layout_of(rules)
    seeded = pl.DataFrame({"district_code": sorted(districts)}, schema={"district_code": pl.String})  # noqa: F841 (query)
    found = con.execute(
        f"""
        WITH child AS (
            SELECT DISTINCT record.state_id FROM collection."{layout}" AS record
            JOIN intake.submission AS file USING (submission_id)
            WHERE file.collection_version = $seed AND file.district_code IN (SELECT district_code FROM seeded)
        )
        SELECT DISTINCT file.submission_id
        FROM intake.submission AS file JOIN collection."{other}" AS record USING (submission_id)
        WHERE file.collection_version = $version AND file.status IN ('trial', 'certified')
          AND record.state_id IN (SELECT state_id FROM child)
        UNION
        SELECT DISTINCT violation.submission_id
        FROM quality.violation AS violation JOIN intake.submission AS file USING (submission_id)
        WHERE violation.collection_version = $version AND file.status IN ('trial', 'certified')
          AND violation.status <> 'fixed' AND list_contains($rules, violation.rule_id)
          AND violation.other_district_code IN (SELECT district_code FROM seeded)
        """,
        {"seed": seed, "version": version, "rules": sorted({rule.rule_id for rule in rules})},
    ).fetchall()
    return [name for (name,) in found]


def _layout_of(rules: Collection[AcrossRule]) -> str:
    """The layout that rules of one collection judge."""
    (layout,) = {rule.layout for rule in rules}
    return layout
