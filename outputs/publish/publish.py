"""Publishing a cycle: suppress, write beside the releases, audit what was written, rename.

The folder under ``published/`` is the release; the database row only remembers it. A crash leaves either a ``.tmp-``
folder, which the next call removes, or a renamed folder without a row, which the next call takes as what it is: public.
"""

import re
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from outputs.aggregates.aggregate import missing_districts
from outputs.aggregates.products import TOTAL, Population, populations_of, products_of
from outputs.publish.audit.audit import require_safe
from outputs.publish.audit.folder import CellKey
from outputs.publish.audit.joint import cells_known_together
from outputs.publish.earlier import KEYS, mark_forbidden, read_description
from outputs.publish.engine.suppress import SuppressionRules, suppress_small_cells
from outputs.publish.page.page import render_release_page
from outputs.publish.summary import ReleaseSummary, summarise
from outputs.publish.tables import PublishedTable, build_table, describe_release
from schemas.directory import Directory
from schemas.errors import UnknownName, UnsafeRelease, UsageError
from schemas.files import fsync_folder, fsync_tree

TEMPORARY_PREFIX = ".tmp-"
# What of the state's own figures is withheld, step by step, when earlier releases and this one together give a place away.
WIDENING = ("category", "axis", "all", "all")
StateCell = tuple[str, str]
_PUBLIC_FOLDER = 0o755
_PUBLIC_FILE = 0o644


def publish(
    con: duckdb.DuckDBPyConnection,
    published: Path,
    school_year: int,
    cycle: str,
    at: datetime,
    threshold: int = 30,
    directory: Directory | None = None,
) -> ReleaseSummary:
    """Write the release of a cycle from publish.cell and note it in publish.release. Does not commit.

    When the figures are those of the latest release, that one is returned and nothing is written.

    Args:
        published: the folder of all releases.
        directory: names of places for the page, and the districts that are missing.

    Raises:
        UnknownName: no product is counted from this cycle.
        UsageError: nothing was aggregated for the cycle.
        UnsafeRelease: the audit found something; nothing was published.
    """
    _remove_leftovers(published)
    _adopt_orphans(con, published, school_year, cycle, at, threshold)
    earlier = _earlier_releases(con, school_year, cycle)
    populations = populations_of(cycle)
    if not populations:
        raise UnknownName(f"No product is counted from cycle {cycle}.")
    counted = {population: _read_cells(con, population, school_year) for population in populations}
    missing = missing_districts(directory, _districts(counted), school_year)
    texts = {population.name: _population_text(population, cells, missing) for population, cells in counted.items()}
    before = [published / name for name in earlier]
    name = _next_name(published, earlier, school_year, cycle)
    least = _least_threshold(populations, threshold)
    withheld: set[StateCell] = set()
    for width in WIDENING:
        tables = [
            table
            for population, cells in counted.items()
            for table in _tables_of(population, cells, before, threshold, withheld)
        ]
        if earlier and not withheld and _is_unchanged(published / earlier[-1], tables, texts):
            return summarise(earlier[-1], published, tables, missing, supersedes=_before(earlier), is_new=False)
        description = describe_release(name, school_year, cycle, tables, texts, earlier)
        files = {table.file: table.content for table in tables} | {"release.json": description}
        files["index.html"] = render_release_page(name, description, tables, directory)
        draft = _draft_release(published, name, files)
        known = cells_known_together(draft, _true_counts(counted))
        if not known:
            break
        shutil.rmtree(draft)
        withheld |= _state_cells(known, counted, width)
    else:
        raise UnsafeRelease(
            f"{name} is not safe to publish: held against {', '.join(earlier)} it gives {len(known)} withheld counts away, even "
            "without the state's own figures. Publish again when more districts have certified."
        )
    _release_draft(draft, published / name, least)
    _note_release(con, name, {table.product.name: table.sha256 for table in tables}, school_year, cycle, at)
    return summarise(name, published, tables, missing, supersedes=earlier[-1] if earlier else None, is_new=True)


def _true_counts(counted: Mapping[Population, pl.DataFrame]) -> dict[CellKey, int]:
    """The count of every cell under the name that the audit knows it by."""
    found: dict[CellKey, int] = {}
    for population, cells in counted.items():
        for district, school, axis, category, count in cells.select(*KEYS, "student_count").iter_rows():
            places: list[tuple[str, tuple[str, ...]]] = [] if district == TOTAL else [("geography", (district, school))]
            places += [] if category == TOTAL else [(axis, (category,))]
            found[population.name, tuple(sorted(places))] = count
    return found


def _state_cells(known: set[CellKey], counted: Mapping[Population, pl.DataFrame], width: str) -> set[StateCell]:
    """The state's figures that go when releases together give away a place: its categories, its axes, or all of them.

    Two releases differ by the places certified in between, and the state's totals show by how much.
    """
    categories = {(axis, node[0]) for _, places in known for axis, node in places if len(node) == 1} or {(TOTAL, TOTAL)}
    axes = {axis for axis, _ in categories}
    found: set[StateCell] = set()
    for cells in counted.values():
        for axis, category in cells.filter(pl.col("district_code") == TOTAL).select("axis", "category").rows():
            if width == "all" or (axis, category) in categories or (width == "axis" and axis in axes):
                found.add((axis, category))
    return found


def _remove_leftovers(published: Path) -> None:
    for folder in sorted(published.glob(f"{TEMPORARY_PREFIX}*")):
        shutil.rmtree(folder)


def _adopt_orphans(
    con: duckdb.DuckDBPyConnection, published: Path, school_year: int, cycle: str, at: datetime, threshold: int
) -> None:
    """Note releases whose folder was renamed by a run that died before its commit: people may have read them."""
    known = set(_earlier_releases(con, school_year, cycle))
    for name in _release_folders(published, school_year, cycle):
        if name not in known:
            require_safe(published / name, _least_threshold(populations_of(cycle), threshold))
            hashes = {table["name"]: table["sha256"] for table in read_description(published / name)["tables"]}
            _note_release(con, name, hashes, school_year, cycle, at)


def _earlier_releases(con: duckdb.DuckDBPyConnection, school_year: int, cycle: str) -> list[str]:
    """Every release of the cycle so far, oldest first; a retracted one stays public knowledge."""
    rows = con.execute(
        "SELECT DISTINCT release FROM publish.release WHERE school_year = ? AND cycle = ?", [school_year, cycle]
    ).fetchall()
    return sorted((name for (name,) in rows), key=_number)


def _release_folders(published: Path, school_year: int, cycle: str) -> list[str]:
    names = [path.name for path in published.glob(f"{_stem(school_year, cycle)}*") if path.is_dir()]
    return sorted((name for name in names if re.fullmatch(r".*-r[1-9][0-9]*", name)), key=_number)


def _stem(school_year: int, cycle: str) -> str:
    return f"{school_year}-{cycle}-r"


def _number(name: str) -> int:
    return int(name.rsplit("-r", 1)[1])


def _next_name(published: Path, earlier: list[str], school_year: int, cycle: str) -> str:
    taken = [*earlier, *_release_folders(published, school_year, cycle)]
    return f"{_stem(school_year, cycle)}{max(map(_number, taken), default=0) + 1}"


def _before(earlier: list[str]) -> str | None:
    return earlier[-2] if len(earlier) > 1 else None


def _read_cells(con: duckdb.DuckDBPyConnection, population: Population, school_year: int) -> pl.DataFrame:
    """The population's cells, shared totals once."""
    names = [product.name for product in products_of(population)]
    cells = con.sql(
        f"""
        SELECT DISTINCT district_code, school_code,
               CASE WHEN category = '{TOTAL}' THEN '{TOTAL}' ELSE axis END AS axis, category, student_count
        FROM publish.cell WHERE school_year = ? AND cycle = ? AND list_contains(?, product)
        ORDER BY district_code, school_code, axis, category
        """,
        params=[school_year, population.cycle, names],
    ).pl()
    uncounted = {product.axis for product in products_of(population)} - set(cells["axis"])
    if uncounted:
        raise UsageError(
            f"Enrollment of {population.cycle} {school_year} was not counted by {', '.join(sorted(uncounted))}. "
            f"Count first: mosis aggregate --year {school_year}"
        )
    return cells


def _tables_of(
    population: Population, cells: pl.DataFrame, earlier: list[Path], threshold: int, withheld: set[StateCell]
) -> list[PublishedTable]:
    least = _least_threshold((population,), threshold)
    marked = mark_forbidden(cells, population.name, earlier, least)
    names = pl.struct("axis", "category").is_in([{"axis": axis, "category": category} for axis, category in withheld])
    of_state = (pl.col("district_code") == TOTAL) & (names if withheld else pl.lit(False))
    marked = marked.with_columns(must_withhold=pl.col("must_withhold") | (of_state & (pl.col("student_count") > 0)))
    suppressed = suppress_small_cells(marked, SuppressionRules(least, population.closes_residuals))
    return [build_table(product, population, least, suppressed) for product in products_of(population)]


def _least_threshold(populations: tuple[Population, ...], threshold: int) -> int:
    """The setting, unless a population asks for another."""
    return min(population.threshold or threshold for population in populations)


def _districts(counted: Mapping[Population, pl.DataFrame]) -> list[str]:
    codes = pl.concat([cells["district_code"] for cells in counted.values()])
    return sorted(set(codes) - {TOTAL})


def _population_text(population: Population, cells: pl.DataFrame, missing: tuple[str, ...]) -> str:
    """Whom the tables count, and which districts they do not cover; that a district has not certified is no secret."""
    text = f"{population.text} Districts counted: {len(_districts({population: cells}))}."
    return f"{text} Not certified and not counted: {', '.join(missing)}." if missing else text


def _is_unchanged(latest: Path, tables: list[PublishedTable], texts: dict[str, str]) -> bool:
    description = read_description(latest)
    printed = {table["name"]: table["sha256"] for table in description["tables"]}
    return description["population"] == texts and printed == {table.product.name: table.sha256 for table in tables}


def _draft_release(published: Path, name: str, files: dict[str, bytes]) -> Path:
    """The release's folder under its temporary name."""
    folder = published / f"{TEMPORARY_PREFIX}{name}"
    folder.mkdir(parents=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)
        (folder / file).chmod(_PUBLIC_FILE)
    folder.chmod(_PUBLIC_FOLDER)
    return folder


def _release_draft(draft: Path, folder: Path, threshold: int) -> None:
    """Give an audited draft its name; one that the audit refuses is removed."""
    try:
        require_safe(draft, threshold)
    except BaseException:
        shutil.rmtree(draft)
        raise
    fsync_tree(draft)
    draft.rename(folder)
    fsync_folder(folder.parent)


def _note_release(
    con: duckdb.DuckDBPyConnection, name: str, hashes: dict[str, str], school_year: int, cycle: str, at: datetime
) -> None:
    con.execute(
        "UPDATE publish.release SET status = 'superseded' WHERE school_year = ? AND cycle = ? AND status = 'published'",
        [school_year, cycle],
    ).fetchall()
    for product, sha256 in hashes.items():
        con.execute(
            "INSERT INTO publish.release VALUES (?, ?, ?, ?, ?, ?, ?, 'published')",
            [name, product, school_year, cycle, name, sha256, at],
        ).fetchall()
