"""``mosis demo``: a whole October on a small sample state, by the same functions that ``mosis`` commands call.

The demo's clock starts in September of the sample's first year and runs on, so that nothing in it is late.
"""

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flows.certification import certify_many
from flows.demo_clerk import send_fix_up, sign_certificate
from flows.progress import Progress, Stopwatch
from flows.publication import count_cells, precode, release_cells
from flows.reporting import write_overview
from flows.review import Filters, export_worklist
from flows.run import run_inbox
from flows.session import open_session
from flows.summary import RunSummary
from matching.student_ids import SystemIdSource
from outputs.state_page import STATE_PAGE
from sample_data.formats import fill_state_ids
from sample_data.generate import generate_sample
from schemas.clock import Clock, ShiftedClock
from schemas.dictionary import load_dictionary
from schemas.errors import UsageError
from schemas.home_setup import make_home
from schemas.paths import StateHome

MARKER = ".mosis-demo"
SCHOOL_YEAR = 2025
COLLECTION = f"{SCHOOL_YEAR}Oct1.0StuCore"
IDS_DAY = datetime(2024, 9, 16, 14, tzinfo=UTC)
OCTOBER_DAY = datetime(2024, 10, 7, 14, tzinfo=UTC)
WEEK_LATER = datetime(2024, 10, 14, 14, tzinfo=UTC)
ACTOR = "demo"
# Places of two fields in a detail line of the answer files (design 3.3).
FIRST_NAME, LOCAL_ID, STATE_ID = 4, 10, 13
# Last name, first name, gender, birth date; and middle name, suffix, SSN, StateID and guardian.
SAME_CHILD, NOT_SENT = {3, 4, 7, 8}, {5, 6, 11, 13, 16, 17}


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
    drop_with_ids(paths.sample / str(SCHOOL_YEAR) / "core", damaged_files(paths.sample / "truth"), home)
    drop(paths.sample / str(SCHOOL_YEAR) / "odd", home)
    drop_hard_case(paths.sample / str(SCHOOL_YEAR) / "id", home)
    october = run_inbox(home, clock=clock, id_source=SystemIdSource(), settle=0, progress=progress)
    week = clerks_answer(home, progress)
    after = after_october(home, ShiftedClock(WEEK_LATER), progress)
    return "\n".join(report(home, ids, october, week, after))


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


def damaged_files(truth: Path) -> set[str]:
    """Extracts with lines that are no records; they go as they are."""
    with (truth / "expected.csv").open(encoding="utf-8", newline="") as rows:
        return {row["file_name"] for row in csv.DictReader(rows) if row["case"] == "refused_line"}


def drop_with_ids(source: Path, damaged: set[str], home: StateHome) -> None:
    """Put October extracts into the inbox with the state IDs that came back, as a student system that imported them writes them.

    Every other district has not imported its answers yet, so its StateID column is still blank.
    """
    layout = load_dictionary().layout("student_core", SCHOOL_YEAR)
    for place, district in enumerate(sorted(path for path in source.iterdir() if path.is_dir())):
        ids = answered_ids(home.outbox_of(district.name)) if place % 2 else {}
        for path in sorted(district.iterdir()):
            content = path.read_bytes()
            if ids and path.name not in damaged:
                content = fill_state_ids(content, layout, ids)
            (home.inbox / district.name / path.name).write_bytes(content)


def drop_hard_case(source: Path, home: StateHome) -> None:
    """Put a batch of one into a district's inbox: a child much like one of another district, with the first name spelled otherwise.

    Nobody can say from the data whether the two are one, so the batch comes back with a question.
    """
    files = sorted(source.glob("*/*"))
    if len({path.parent for path in files}) < 2:
        return
    header, known, *_ = files[0].read_text("utf-8").splitlines()
    other = next(path for path in files if path.parent != files[0].parent)
    template = other.read_text("utf-8").splitlines()[1].split("\t")
    child = known.split("\t")
    fields = [
        child[place] if place in SAME_CHILD else "" if place in NOT_SENT else template[place]
        for place in range(len(template))
    ]
    fields[FIRST_NAME] = f"{child[FIRST_NAME]}E"
    fields[LOCAL_ID] = "99000001"
    frame = header.split("\t")
    lines = [header, "\t".join(fields), "\t".join(("TT", "1", frame[3])), ""]
    (home.inbox / other.parent.name / "new_student.txt").write_text("\n".join(lines), "utf-8")


def answered_ids(outbox: Path) -> dict[str, str]:
    """Local student ID -> state ID, of all ``ids_assigned.txt`` in a district's outbox."""
    found: dict[str, str] = {}
    for answers in sorted(outbox.glob("*/ids_assigned.txt")):
        for line in answers.read_text("utf-8").splitlines():
            fields = line.split("\t")
            if fields[0] == "ID":
                found[fields[LOCAL_ID]] = fields[STATE_ID]
    return found


@dataclass(frozen=True)
class ClerksWeek:
    """What clerks sent a week later, and what came of it."""

    summary: RunSummary
    corrected: Path | None
    signed: str | None


def clerks_answer(home: StateHome, progress: Progress) -> ClerksWeek:
    """The district with most to correct sends a fix-up file, another one a signed certificate; both are taken in one run."""
    page = busiest_report(home)
    corrected = send_fix_up(home, page.parts[-4]) if page else None
    signed = sign_certificate(home, WEEK_LATER.date())
    summary = run_inbox(home, clock=ShiftedClock(WEEK_LATER), id_source=SystemIdSource(), settle=0, progress=progress)
    return ClerksWeek(summary, corrected, signed)


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
    questions: int
    worklist: Path


def after_october(home: StateHome, clock: Clock, progress: Progress) -> AfterOctober:
    """Certify every trial without errors, then pre-code, aggregate and publish."""
    watch = Stopwatch(progress)
    with open_session(home, clock, watch) as session:
        with watch.stage("certify"):
            certify_many(session, COLLECTION, (), all_ready=True, actor=ACTOR)
        ((certified, records, districts),) = session.con.execute(
            "SELECT count(DISTINCT district_code) FILTER (status = 'certified'), "
            "coalesce(sum(accepted_count) FILTER (status = 'certified'), 0), count(DISTINCT district_code) "
            "FROM intake.submission WHERE collection_version = ? AND status IN ('trial', 'certified')",
            [COLLECTION],
        ).fetchall()
        with watch.stage("pre-code"):
            delivery = precode(session, "MAPSPR", SCHOOL_YEAR, ACTOR)
        with watch.stage("aggregate and publish"):
            counted = count_cells(session, SCHOOL_YEAR, "Oct")
            release = release_cells(session, SCHOOL_YEAR, "Oct")
        write_overview(session)
        with watch.stage("review"):
            made = export_worklist(session.con, session.directory, home.reports / "review", clock.now(), Filters())
    folder = Path(release.folder)
    return AfterOctober(
        certified, districts, records, delivery.text, counted, release.text, folder, made.questions, made.files[0]
    )


def report(
    home: StateHome, ids: RunSummary, october: RunSummary, week: ClerksWeek, after: AfterOctober
) -> Iterator[str]:
    """The demo's last words: what happened, then what to open."""
    yield f"September: {ids.headline()}"
    yield f"October:   {october.headline()}"
    yield f"A week on: {week.summary.headline()}"
    if week.corrected:
        yield f"  {week.corrected.parent.name} sent fix_up.csv with corrections: its page shows what is fixed and what is left."
    if week.signed:
        yield f"  {week.signed} signed its certificate and dropped it into its inbox."
    yield f"Certified: {after.certified} of {after.trials} districts, {after.records:,} records. The others have errors to correct first."
    yield after.precode
    yield after.aggregates
    yield after.release
    if after.questions:
        is_one = after.questions == 1
        yield (
            f"{after.questions:,} near match{' waits' if is_one else 'es wait'} for a person: the district's question is in its "
            "matches_to_resolve.txt, the state's view in the review worklist."
        )
    yield ""
    yield "Open in a browser:"
    yield f"  the state page          {home.reports / STATE_PAGE}"
    if page := busiest_report(home):
        yield f"  a district's first page {page.parents[2] / 'index.html'}"
        yield f"  and its errors          {page}"
    if (index := after.release_folder / "index.html").exists():
        yield f"  the public release      {index}"
    if after.questions:
        yield f"  the review worklist     {after.worklist}"
    yield "Read as a district would:"
    if page:
        yield f"  a receipt               {page.with_name('receipt.txt')}"
    if question := open_question(home):
        yield f"  a near match            {question}"
    yield f"Go on yourself:           export MOSIS_HOME={home.root}; .venv/bin/mosis status"


def busiest_report(home: StateHome) -> Path | None:
    """The largest violation page: the district with most to correct."""
    pages = sorted(
        home.outbox.glob(f"*/latest/{COLLECTION}/violations.html"), key=lambda path: (path.stat().st_size, path)
    )
    return pages[-1] if pages else None


def open_question(home: StateHome) -> Path | None:
    """A worklist that asks a district something."""
    asking = [path for path in sorted(home.outbox.glob("*/*/matches_to_resolve.txt")) if b"\nID\t" in path.read_bytes()]
    return asking[0] if asking else None
