"""Opening a state home to work on it: lock, space, database, dictionary, journal against database; and closing it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from flows.progress import Stopwatch
from matching.acts import ActDesk
from matching.journal import Journal
from matching.recovery import Reservations, database_head, reconcile
from matching.ssn import SsnHasher
from schemas.clock import Clock, missouri_day, rfc3339
from schemas.database import open_state, sync_collection_tables
from schemas.dictionary import Dictionary, load_dictionary
from schemas.directory import Directory, load_directory
from schemas.lock import hold_lock, require_free_space
from schemas.paths import StateHome
from schemas.rules import RuleBook, load_rule_book

if TYPE_CHECKING:
    from outputs.across_files import Comparisons


@dataclass
class Session:
    """One writer at work on a state home; the lock is held as long as it lives."""

    home: StateHome
    clock: Clock
    con: duckdb.DuckDBPyConnection
    dictionary: Dictionary
    directory: Directory
    journal: Journal
    reservations: Reservations
    hasher: SsnHasher
    watch: Stopwatch = field(default_factory=Stopwatch)
    books: dict[str, RuleBook] = field(default_factory=dict)

    def rule_book(self, collection_version: str) -> RuleBook:
        """The rules of a collection; read and tried out once a session, which takes longer than checking a small file."""
        if collection_version not in self.books:
            self.books[collection_version] = load_rule_book(
                self.dictionary, self.dictionary.collection(collection_version)
            )
        return self.books[collection_version]

    @cached_property
    def comparisons(self) -> "Comparisons":
        """The rules that compare files; read and tried out when a file is stored, certified or taken back."""
        from outputs.across_files import Comparisons

        return Comparisons.of(self.dictionary)

    @property
    def acts(self) -> ActDesk:
        """Where merges, splits, imports and decisions are carried out."""
        from flows.acts import ACTS

        return ActDesk(self.journal, self.con, self.reservations, ACTS)

    def log(self, text: str) -> None:
        """One line in this month's log of the home; counts, names of files and rules only, never a student's value."""
        at = self.clock.now()
        with (self.home.logs / f"{at:%Y-%m}.log").open("a", encoding="utf-8") as log:
            log.write(f"{rfc3339(at)} {text}\n")


@dataclass(frozen=True)
class Reader:
    """A look at a state home that changes nothing."""

    con: duckdb.DuckDBPyConnection
    dictionary: Dictionary
    directory: Directory


def model_folder(home: StateHome) -> Path | None:
    """The model a home names in its settings; null for the one that ships."""
    version = home.settings.model_version
    return home.models / version if version else None


@contextmanager
def open_session(home: StateHome, clock: Clock, watch: Stopwatch | None = None) -> Iterator[Session]:
    """Take the lock, open the database and hold journal and database against each other.

    Raises:
        Busy: another run holds the lock. NoSpace, NewerDatabase, KeyUnavailable, DictionaryError, JournalMismatch.
    """
    with hold_lock(home):
        require_free_space(home)
        dictionary = load_dictionary(home.dictionary)
        check_corrections(home, dictionary, clock)
        hasher = SsnHasher.from_keys(home.keys)
        con = open_state(home)
        try:
            sync_collection_tables(con, dictionary)
            journal = Journal(home.journal)
            session = Session(
                home,
                clock,
                con,
                dictionary,
                load_directory(home.directory),
                journal,
                reconcile(journal, con),
                hasher,
                watch or Stopwatch(),
            )
            finish_interrupted_acts(session)
            yield session
        finally:
            con.close()


def check_corrections(home: StateHome, dictionary: Dictionary, clock: Clock) -> None:
    """Try out the state's own corrections as a whole, where there are some.

    Raises:
        DictionaryError: one of them cannot work; names file, row and reason.
    """
    if not any(home.dictionary.iterdir()):
        return
    from schemas.overlay import check_overlay

    check_overlay(dictionary, missouri_day(clock.now()))


def finish_interrupted_acts(session: Session) -> None:
    """Carry out acts that a crash cut off; what they are made of is loaded only where the journal is ahead."""
    if session.journal.head().number == database_head(session.con).number:
        return
    for act in session.acts.finish_interrupted():
        session.log(f"{act.run_id}: {act.name} by {act.actor}, interrupted before, was finished")


@contextmanager
def open_reader(home: StateHome) -> Iterator[Reader]:
    """Read the database; waits for nobody.

    Raises:
        Busy: a run is at work.
    """
    con = open_state(home, read_only=True)
    try:
        yield Reader(con, load_dictionary(home.dictionary), load_directory(home.directory))
    finally:
        con.close()
