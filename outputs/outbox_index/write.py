"""``outbox/<district>/index.html`` and ``latest/``: written for some districts from the database and their folders."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote

import duckdb

from outputs.cycles import Cycles, load_cycles
from outputs.next_steps import counted, long_date
from outputs.outbox_index.folders import Folder, other_folders
from outputs.outbox_index.latest import refresh_latest
from outputs.outbox_index.listing import Link, Sent, read_sent
from outputs.outbox_index.refresh import school_year
from outputs.pages import render_page
from outputs.receipts import readable_name
from schemas.clock import MISSOURI, missouri_day
from schemas.dictionary import ID_BATCH, Dictionary
from schemas.directory import Directory
from schemas.files import make_folder, write_atomic
from schemas.paths import StateHome

_OUTBOX_FOLDER = 0o750
_NOTHING = "Nothing is left to do for this file."


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing that waits for the district."""

    kind: str
    badge: str
    title: str
    due: date | None
    message: str
    steps: tuple[str, ...]
    sent: Sent


@dataclass(frozen=True, slots=True)
class Deadline:
    """A collection of this school year; ``is_open``: the district has still to do something about it; ``is_missing``:
    nothing of it was received.
    """

    title: str
    version: str
    due: date
    words: str
    kind: str
    badge: str
    is_open: bool
    is_missing: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One file in the list."""

    day: str
    time: str
    kind: str
    badge: str
    name: str
    school: str | None
    sent: Sent


def write_outboxes(
    con: duckdb.DuckDBPyConnection,
    home: StateHome,
    dictionary: Dictionary,
    directory: Directory,
    at: datetime,
    districts: Sequence[str],
) -> None:
    """Write the pages of these districts."""
    cycles = load_cycles(con)
    for code in districts:
        outbox = home.outbox_of(code)
        make_folder(outbox, _OUTBOX_FOLDER)
        sent = read_sent(con, dictionary, outbox, code)
        name = directory.district_name(code)
        standing = {latest_name(each): each for each in sent if each.is_standing and each.is_collected}
        wanted = {folder: each.submission_id for folder, each in standing.items()}
        refresh_latest(outbox, wanted, latest_html(standing, name, code))
        folders = other_folders(outbox, frozenset(each.submission_id for each in sent))
        page = index_html(sent, cycles, dictionary, directory, folders, code, at)
        write_atomic(outbox / "index.html", page)


def latest_name(sent: Sent) -> str:
    """The folder of ``latest/`` that a file stands in: the CollectionVersion literal, with the building that sends its own."""
    return f"{sent.collection_version}-{sent.school_code}" if sent.school_code else sent.collection_version or ""


def latest_html(standing: Mapping[str, Sent], district_name: str, district_code: str) -> bytes:
    """The first page of ``latest/``."""
    places = [
        (folder, each, [Link(link.label, f"{quote(folder)}/{link.href.partition('/')[2]}") for link in each.links])
        for folder, each in standing.items()
    ]
    return render_page(
        "latest.html.j2",
        title=f"Answers that count: {district_name}",
        data=None,
        district_name=district_name,
        district_code=district_code,
        places=places,
    )


def index_html(
    sent: Sequence[Sent],
    cycles: Cycles,
    dictionary: Dictionary,
    directory: Directory,
    folders: Sequence[Folder],
    district_code: str,
    at: datetime,
) -> bytes:
    """The page of one district."""
    year = school_year(at)
    deadlines = list(_deadlines(sent, cycles, dictionary, district_code, year))
    every = sorted(_todos(sent, cycles, dictionary, district_code), key=lambda todo: (todo.due is None, todo.due))
    todos = [todo for todo in every if (todo.sent.school_year or year) >= year - 1]
    years: dict[int | None, list[Line]] = {}
    for each in sent:
        years.setdefault(each.school_year, []).append(_line(each, directory, district_code))
    return render_page(
        "index.html.j2",
        title=f"Files of {directory.district_name(district_code)}",
        data={"page": "index"},
        script="outbox_index/index.js",
        district_name=directory.district_name(district_code),
        district_code=district_code,
        made_on=long_date(missouri_day(at)),
        todos=todos,
        older=[todo for todo in every if todo not in todos],
        long_date=long_date,
        counted=counted,
        deadlines=deadlines,
        missing=sum(each.is_missing and each.due < missouri_day(at) for each in deadlines),
        year_words=_year_words(year),
        years=[(_year_words(each) if each else "Other files", lines) for each, lines in _newest_year_first(years)],
        folders=folders,
        has_latest=any(each.is_standing for each in sent),
    )


def state_words(sent: Sent) -> tuple[str, str]:
    """Colour and words of where a file stands."""
    if sent.status == "trial":
        return _trial_words(sent)
    if sent.status == "answered" and sent.errors:
        return "error", f"{counted(sent.errors, 'error')} to correct"
    if sent.status == "answered" and sent.questions:
        return "warning", f"{counted(sent.questions, 'student')} to decide about"
    if sent.status == "certified":
        day = f" {_short(missouri_day(sent.certified_at))}" if sent.certified_at else ""
        return "good", f"Certified{day}"
    return {
        "superseded": ("", "Replaced by a newer file"),
        "waiting": ("warning", "Waits for you to confirm it"),
        "rejected": ("error", "Not taken"),
        "quarantined": ("error", "Not taken"),
        "duplicate": ("", "Same as an earlier file"),
        "answered": ("good", "Answered"),
        "decisions": ("good", "Your answers were read"),
    }.get(sent.status, ("", sent.status.capitalize()))


def _trial_words(sent: Sent) -> tuple[str, str]:
    if sent.errors:
        return "error", f"{counted(sent.errors, 'error')} to correct"
    if sent.questions:
        return "warning", f"{counted(sent.questions, 'student')} to decide about"
    also = f", {counted(sent.warnings, 'warning')}" if sent.warnings else ""
    return "good", f"Ready to certify{also}"


def _todos(sent: Sequence[Sent], cycles: Cycles, dictionary: Dictionary, district_code: str) -> Iterator[Todo]:
    collections = {collection.version: collection for collection in dictionary.collections}
    for each in sent:
        if not each.message or each.status in ("certified", "decisions"):
            continue
        if each.collection_version == ID_BATCH and not (each.questions or each.errors):
            continue
        if each.status == "answered" and not each.is_collected:
            continue
        collection = collections.get(each.collection_version or "")
        due = cycles.due_date(collection, district_code) if collection else None
        steps = tuple(
            step for step in each.steps if step != _NOTHING and (each.questions or "matches_to_resolve" not in step)
        )
        if steps:
            yield Todo(*state_words(each), each.title, due, each.message, steps, each)


def _deadlines(
    sent: Sequence[Sent], cycles: Cycles, dictionary: Dictionary, district_code: str, year: int
) -> Iterator[Deadline]:
    """Collections of the school year with a due date, the first due first."""
    newest: dict[str | None, Sent] = {}
    for each in sent:
        if each.is_standing or each.status == "waiting":
            newest.setdefault(each.collection_version, each)
    dated = [
        (cycles.due_date(collection, district_code), collection)
        for collection in dictionary.collections
        if collection.school_year == year
    ]
    for due, collection in sorted(
        ((due, each) for due, each in dated if due), key=lambda pair: (pair[0], pair[1].title)
    ):
        found = newest.get(collection.version)
        kind, badge = state_words(found) if found else ("", "Nothing received")
        if cycles.closing(collection.version, district_code):
            badge += ", closed"
        is_open = found is None or found.status != "certified"
        yield Deadline(collection.title, collection.version, due, long_date(due), kind, badge, is_open, found is None)


def _line(sent: Sent, directory: Directory, district_code: str) -> Line:
    day = missouri_day(sent.received_at)
    kind, badge = state_words(sent)
    school = (
        f"{sent.school_code} {directory.school_name(district_code, sent.school_code)}" if sent.school_code else None
    )
    return Line(_short(day), _time(sent.received_at), kind, badge, readable_name(sent.file_name), school, sent)


def _time(moment: datetime) -> str:
    """``3:05 AM``, as the clock in Missouri showed."""
    return f"{moment.astimezone(MISSOURI):%I:%M %p}".removeprefix("0")


def _newest_year_first(years: dict[int | None, list[Line]]) -> list[tuple[int | None, list[Line]]]:
    return sorted(years.items(), key=lambda item: -(item[0] or 0))


def _year_words(year: int) -> str:
    return f"School year {year - 1}-{year % 100:02d}"


def _short(day: date) -> str:
    return f"{day:%b} {day.day}, {day.year}"
