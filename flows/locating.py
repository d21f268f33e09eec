"""Looking children up for the operator, at once. Every look-up is logged, and committed to the log before anybody sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.session import Session, model_folder, open_session
from matching.locator import Located, locate
from matching.model import load_model
from outputs.disclosure_log import Disclosure, record_disclosures
from outputs.locator_answers import located_csv, with_results
from schemas.clock import Clock
from schemas.database import checkpoint, transaction
from schemas.errors import FileRefused, UsageError
from schemas.files import PRIVATE_FILE, write_atomic
from schemas.inbox.recognise import recognise
from schemas.locator.request import NOT_ANSWERED, typed_lookups
from schemas.paths import StateHome
from schemas.reading import LOCATOR_REQUEST, read_locator_request

LEVEL = 4
CAP = 10


@dataclass(frozen=True)
class OperatorAnswer:
    """One look-up of the operator: its answer and the children shown, as matching.locator gives them."""

    located: Located

    @property
    def reason(self) -> str:
        return str(self.located.answers["reason"][0])


def locate_child(
    home: StateHome, asked: dict[str, str | None], *, cap: int, actor: str, purpose: str, clock: Clock
) -> OperatorAnswer:
    """Look one child up for the operator.

    Args:
        asked: text by standard name of a locator request's columns; a date as mm/dd/yyyy.

    Raises:
        UsageError: too little was given, or a value cannot be read; the message says what to write.
        UnknownName, Busy and others of schemas.errors.
    """
    with open_session(home, clock) as session:
        row = {"line_number": 1, "reference": None, "purpose": "ENROLL", **asked}
        kinds = {name: pl.UInt32 if name == "line_number" else pl.String for name in row}
        lookups = typed_lookups(pl.DataFrame([row], schema=kinds), asked.get("district_code") or "", session.directory)
        lookups = allow_operator(lookups)
        refuse_fault(lookups)
        located = look_up(session, lookups, cap)
        log_at_once(session, [operator_disclosure(located.candidates["state_id"].to_list(), actor, purpose)])
        session.log(f"locator: 1 look-up by {actor}, {located.candidates.height} shown")
        return OperatorAnswer(located)


def locate_file(
    home: StateHome, file: Path, out: Path, *, district: str, cap: int, actor: str, purpose: str, clock: Clock
) -> pl.DataFrame:
    """Answer a file of look-ups for the operator; the answers (line_number, reason, fitting_count).

    Raises:
        UsageError: the file cannot be read, is no locator request, or ``out`` cannot be written.
    """
    content = _read(file)
    with open_session(home, clock) as session:
        try:
            recognition = recognise(content, session.dictionary)
            if recognition.layout != LOCATOR_REQUEST:
                raise UsageError(
                    f"{file} is no locator request: its first line must begin with LocatorRequest,Purpose."
                )
            extract = read_locator_request(content, recognition)
        except FileRefused as refusal:
            raise UsageError(f"{file}: {refusal.message} {refusal.next_step}") from None
        lookups = allow_operator(typed_lookups(extract.records, district, session.directory))
        located = look_up(session, lookups, cap)
        children = located.candidates.partition_by("line_number", as_dict=True)
        shown = [
            children.get((line,), located.candidates.clear())["state_id"].to_list() for line in _looked_up(located)
        ]
        log_at_once(session, [operator_disclosure(state_ids, actor, purpose) for state_ids in shown])
        session.log(f"locator: {len(shown)} look-ups by {actor}, {located.candidates.height} shown")
        shows_placement = session.home.settings.locator_shows_placement
        table = located_csv(lookups, located.answers, located.candidates, shows_placement=shows_placement)
        write_atomic(out, table, mode=PRIVATE_FILE)
        return located.answers


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}. Name a file that can be read.") from None


def allow_operator(lookups: pl.DataFrame) -> pl.DataFrame:
    """The operator may ask by one field alone (level 1); a look-up that fits many children shows none all the same."""
    fields = ("last_name", "first_name", "birth_date")
    names_one = pl.any_horizontal(pl.col(name).is_not_null() for name in fields)
    return lookups.with_columns(fault=pl.when(~((pl.col("fault") == "TOO_LITTLE") & names_one)).then("fault"))


def refuse_fault(lookups: pl.DataFrame) -> None:
    """Raise UsageError for a look-up that cannot be made, naming the option."""
    words = {
        "TOO_LITTLE": "Say whom you look for: --last, --first, --birth-date, --old-id, or --local-id with --district.",
        "BIRTH_DATE_UNREADABLE": "--birth-date is no date; write it as mm/dd/yyyy, such as 04/09/2014.",
        "STATE_ID_UNREADABLE": "--old-id is not a number of at most ten digits.",
        "VALUE_TOO_LONG": "A value is longer than the field allows: names 60, --local-id 20, --old-id 10 characters.",
        "DISTRICT_UNKNOWN": "--local-id needs --district: the six digits of the district that gave it.",
    }
    fault = lookups["fault"][0]
    if fault is not None:
        raise UsageError(words[fault])


def look_up(session: Session, lookups: pl.DataFrame, cap: int = CAP) -> Located:
    return locate(
        lookups,
        session.con,
        load_model(model_folder(session.home)),
        cap=cap,
        shows_placement=session.home.settings.locator_shows_placement,
    )


def operator_disclosure(state_ids: Sequence[str], actor: str, purpose: str) -> Disclosure:
    return Disclosure(actor, LEVEL, f"locator: {purpose}", "state operator", state_ids)


def log_at_once(session: Session, disclosures: Sequence[Disclosure]) -> None:
    with transaction(session.con):
        record_disclosures(session.con, disclosures, session.clock.now())
    checkpoint(session.con)


def _looked_up(located: Located) -> list[int]:
    """Lines that were looked up, found or not; nothing was looked for where a line could not be read."""
    results = with_results(located.answers)
    return results.filter(pl.col("result") != NOT_ANSWERED)["line_number"].to_list()
