"""Files for people who must never open the pipeline's own database: the analysts' copy."""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from flows.session import open_session
from outputs.analyst_copy import CopySummary, Facts, pseudonym_fingerprint, rule_rows, write_analyst_copy
from schemas.clock import Clock
from schemas.errors import KeyUnavailable
from schemas.files import make_folder
from schemas.key_files import analyst_key_path, create_analyst_key, read_analyst_key
from schemas.paths import StateHome

# The operator gives the folder the analysts' group; others see nothing.
_FOLDER_MODE = 0o750


@dataclass(frozen=True, slots=True)
class AnalystExtract:
    """A finished copy and how long it took."""

    summary: CopySummary
    seconds: float


def extract_analyst(home: StateHome, *, clock: Clock) -> AnalystExtract:
    """Write ``HOME/analyst/state_read.duckdb`` anew; analysts who have the old one open go on reading that.

    Raises:
        Busy: a run is at work. KeyUnavailable: the key that made the earlier copy's pseudonyms is gone or another one.
        NoSpace, DictionaryError, JournalMismatch.
    """
    started = time.perf_counter()
    # A writer's session: it brings the tables up to the dictionary, and keeps runs away while records are read.
    with open_session(home, clock) as session:
        make_folder(home.analyst, _FOLDER_MODE)
        key = _pseudonym_key(home)
        facts = Facts(
            dictionary=session.dictionary,
            directory=session.directory,
            rules=rule_rows(session.con, session.dictionary),
            state_name=home.settings.state_name,
            small_cell_threshold=home.settings.suppression_threshold,
            at=clock.now(),
            key=key,
        )
        summary = write_analyst_copy(session.con, home.analyst_copy, facts)
        session.log(f"extract analyst: {len(summary.rows)} views, {sum(summary.rows.values()):,} rows")
    return AnalystExtract(summary, time.perf_counter() - started)


def copy_built_at(home: StateHome) -> datetime | None:
    """When the copy was made; null where there is none."""
    if not home.analyst_copy.is_file():
        return None
    return _about(home.analyst_copy)[0]


def _pseudonym_key(home: StateHome) -> bytes:
    """The key of the pseudonyms; made with the first copy, and from then on the only one.

    Raises:
        KeyUnavailable: another key would give every child another pseudonym, and what analysts kept would fit no more.
    """
    path = analyst_key_path(home.keys)
    if not home.analyst_copy.is_file():
        create_analyst_key(home.keys)
        return read_analyst_key(home.keys)
    advice = f"Restore it from your safe copy. To begin with new pseudonyms instead, remove {home.analyst_copy} first."
    if not path.is_file():
        raise KeyUnavailable(f"{path}: missing, and the analysts' copy was made with it. {advice}")
    key = read_analyst_key(home.keys)
    if _about(home.analyst_copy)[1] != pseudonym_fingerprint(key):
        raise KeyUnavailable(f"{path}: not the key the analysts' copy was made with. {advice}")
    return key


def _about(path: Path) -> tuple[datetime, str]:
    con = duckdb.connect(str(path), read_only=True)
    try:
        con.execute("SET TimeZone = 'UTC'")
        ((built_at, key),) = con.execute("SELECT built_at, pseudonym_key FROM about").fetchall()
    finally:
        con.close()
    return built_at, key
