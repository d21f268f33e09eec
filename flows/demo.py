"""``mosis demo``: a whole October on a small sample state, by the same functions that ``mosis`` commands call.

The demo's clock starts in September of the sample's first year and runs on, so that nothing in it is late.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flows.progress import Progress, Stopwatch
from flows.publication import certify_all, count_cells, precode, release_cells
from flows.reporting import write_overview
from flows.run import run_inbox
from flows.session import open_session
from flows.summary import RunSummary
from matching.student_ids import SystemIdSource
from outputs.certification import find_certifiable
from outputs.state_page import STATE_PAGE
from sample_data.generate import generate_sample
from schemas.clock import Clock, ShiftedClock
from schemas.errors import UsageError
from schemas.home_setup import make_home
from schemas.paths import StateHome

MARKER = ".mosis-demo"
SCHOOL_YEAR = 2025
COLLECTION = f"{SCHOOL_YEAR}Oct1.0StuCore"
IDS_DAY = datetime(2024, 9, 16, 14, tzinfo=UTC)
OCTOBER_DAY = datetime(2024, 10, 7, 14, tzinfo=UTC)
ACTOR = "demo"


@dataclass(frozen=True)
class DemoPaths:
    """Where the demo keeps its things."""

    root: Path

    @property
    def sample(self) -> Path:
        return self.root / "sample"

    @property
    def home(self) -> Path:
        return self.root / "home"


def run_demo(folder: Path, *, students: int, districts: int, seed: int, progress: Progress) -> str:
    """Build the sample state and run it from inbox to public release; the text says what happened and where to look.

    Raises:
        UsageError: the folder holds something that no demo made.
    """
    paths = DemoPaths(folder.absolute())
    clear(paths.root)
    generate_sample(paths.sample, students, districts, seed, progress=progress)
    home = make_home(paths.home, paths.sample / "directory")
    drop(paths.sample / str(SCHOOL_YEAR) / "id", home)
    ids = run_inbox(home, clock=ShiftedClock(IDS_DAY), id_source=SystemIdSource(), settle=0, progress=progress)
    clock = ShiftedClock(OCTOBER_DAY)
    drop(paths.sample / str(SCHOOL_YEAR) / "core", home)
    drop(paths.sample / str(SCHOOL_YEAR) / "odd", home)
    october = run_inbox(home, clock=clock, id_source=SystemIdSource(), settle=0, progress=progress)
    after = after_october(home, clock, progress)
    return "\n".join(report(home, ids, october, after))


def clear(root: Path) -> None:
    """Empty the demo's folder; only one that a demo made."""
    if root.exists():
        if not (root / MARKER).is_file():
            raise UsageError(
                f"{root} was not made by a demo, so it is left alone. Name another folder: mosis demo --folder DIR"
            )
        shutil.rmtree(root)
    root.mkdir(parents=True)
    (root / MARKER).write_text("Made by mosis demo; may be removed.\n", "utf-8")


def drop(source: Path, home: StateHome) -> None:
    """Put a folder of district folders into the inbox, as districts would over SFTP."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            shutil.copyfile(path, home.inbox / path.parent.name / path.name)


@dataclass(frozen=True)
class AfterOctober:
    """What followed the October run."""

    certified: int
    trials: int
    records: int
    precode: str
    aggregates: str
    release: str
    release_folder: Path


def after_october(home: StateHome, clock: Clock, progress: Progress) -> AfterOctober:
    """Certify every trial without errors, then pre-code, aggregate and publish."""
    watch = Stopwatch(progress)
    with open_session(home, clock, watch) as session:
        with watch.stage("certify"):
            pairs = find_certifiable(session.con, COLLECTION)
            records = certify_all(session, pairs, ACTOR)
        rows = session.con.execute(
            "SELECT count(DISTINCT district_code) FROM intake.submission WHERE collection_version = ? AND status IN ('trial', 'certified')",
            [COLLECTION],
        ).fetchall()
        with watch.stage("pre-code"):
            delivery = precode(session, "MAPSPR", SCHOOL_YEAR)
        with watch.stage("aggregate and publish"):
            counted = count_cells(session, SCHOOL_YEAR, "Oct")
            release = release_cells(session, SCHOOL_YEAR, "Oct")
        write_overview(session)
    return AfterOctober(len(pairs), rows[0][0], records, delivery.text, counted, release.text, Path(release.folder))


def report(home: StateHome, ids: RunSummary, october: RunSummary, after: AfterOctober) -> Iterator[str]:
    """The demo's last words: what happened, then what to open."""
    yield f"September: {ids.headline()}"
    yield f"October:   {october.headline()}"
    yield f"Certified: {after.certified} of {after.trials} districts, {after.records:,} records. The others have errors to correct first."
    yield after.precode
    yield after.aggregates
    yield after.release
    yield ""
    yield "Open in a browser:"
    yield f"  the state page          {home.reports / STATE_PAGE}"
    if page := busiest_report(home):
        yield f"  a district's errors     {page}"
    if (index := after.release_folder / "index.html").exists():
        yield f"  the public release      {index}"
    yield "Read as a district would:"
    if page:
        yield f"  a receipt               {page.with_name('receipt.txt')}"
    yield f"Go on yourself:           export MOSIS_HOME={home.root}; .venv/bin/mosis status"


def busiest_report(home: StateHome) -> Path | None:
    """The largest violation page: the district with most to correct."""
    pages = sorted(home.outbox.glob("*/*/violations.html"), key=lambda path: (path.stat().st_size, path))
    return pages[-1] if pages else None
