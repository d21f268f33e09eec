"""The violation desk: what stands, what people decide about it; each decision is journaled and told on the pages it touches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flows.session import Session, open_reader, open_session
from flows.violation_acts import EXPIRE, SET, UNWAIVE, WAIVE
from matching.acts import Act
from outputs.violation_desk.decide import SETTABLE, chosen_for, run_out, standing_of
from outputs.violation_desk.listing import STATES, by_rule, full_rows, listed_rows, standing_waiver_rows
from outputs.violation_desk.selection import Selection, selected
from schemas.clock import Clock, missouri_day
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.errors import UnknownName, UsageError
from schemas.paths import StateHome

FORMAT_VERSION = 1
SCOPES = ("record", "file", "collection", "history", "state")


@dataclass(frozen=True, slots=True)
class Done:
    """What a decision did, or would do."""

    count: int
    submissions: int
    is_dry_run: bool
    text: str

    def to_json(self) -> dict[str, Any]:
        return {
            "format_version": FORMAT_VERSION, "violations": self.count, "submissions": self.submissions,
            "dry_run": self.is_dry_run, "message": self.text,
        }  # fmt: skip


def list_violations(home: StateHome, selection: Selection, *, limit: int, clock: Clock) -> dict[str, Any]:
    """Counts by rule and the first rows of a selection; no student value in it.

    Raises:
        UnknownName: no such district or collection. Busy: a run is at work.
    """
    with open_reader(home) as reader:
        check_names(selection, reader.dictionary, reader.directory)
        at = clock.now()
        rules = by_rule(reader.con, selection, at)
        rows = listed_rows(reader.con, selection, at, limit)
        waivers = standing_waiver_rows(reader.con, selection)
    return {
        "format_version": FORMAT_VERSION,
        "total": int(rules["total"].sum() or 0),
        "rules": rules.to_dicts(),
        "rows": rows.to_dicts(),
        "waivers": waivers.to_dicts(),
    }


def show_violation(home: StateHome, key: str, *, clock: Clock) -> list[dict[str, Any]]:
    """One violation in full.

    Raises:
        UnknownName: no violation of a file that stands has this key.
    """
    with open_reader(home) as reader:
        rows = full_rows(reader.con, key, clock.now())
    if not rows:
        raise UnknownName(f"No violation has the key {key}. Keys are in: mosis violations list --rows 50")
    return rows


def set_violations(
    home: StateHome, selection: Selection, status: str, *, reason: str, actor: str, dry_run: bool, clock: Clock
) -> Done:
    """Give many violations a state.

    Raises:
        UsageError: no such state, nothing says which violations are meant, or no reason. UnknownName.
    """
    if status not in SETTABLE:
        raise UsageError(f"A violation cannot be set to {status!r}; it can be {', '.join(SETTABLE)}.")
    _require(reason, "--reason")
    _require_narrow(selection)
    with open_session(home, clock) as session:
        at = session.clock.now()
        found = _count(session, selection, chosen_for(status, selection, at))
        held = _held_back(session, selection, status, at)
        words = f"set to {status}"
        if dry_run or not found.count:
            return _told(found, words, is_dry_run=dry_run, more=held)
        session.acts.carry_out(_act(SET, at, actor, reason, {"selection": selection.to_json(), "status": status}))
        _tell_districts(session, at, f"{found.count} violations {words} by {actor}")
        return _told(found, words, is_dry_run=False, more=held)


def waive_violations(
    home: StateHome, selection: Selection, *, until: date, reason: str, actor: str, dry_run: bool, clock: Clock
) -> Done:
    """Let violations stand until a day. Chosen by rule and place alone, the waiver covers later files, too.

    Raises:
        UsageError: the day is past, nothing says which violations are meant, or no reason. UnknownName: a district,
            collection, or a rule that judges none of the collections.
    """
    _require(reason, "--reason")
    with open_session(home, clock) as session:
        at = session.clock.now()
        check_names(selection, session.dictionary, session.directory)
        if until < missouri_day(at):
            raise UsageError(f"--until {until} is past. A waiver stands to the end of its last day; name a later one.")
        covers_later = bool(selection.rules and selection.collections and not selection.names_rows)
        if not covers_later and not (selection.keys or selection.lines or selection.submissions or selection.rules):
            raise UsageError("Say what is waived: --rule with --collection, or --key, or --line with --submission.")
        found = _count(session, selection, standing_of(selection, at))
        if covers_later and not found.count:
            _check_later_rules(session, selection)
        words = f"waived until {until}"
        later = " Files that come later are covered, too." if covers_later else ""
        if dry_run or not (found.count or covers_later):
            return _told(found, words, is_dry_run=dry_run, more=later)
        facts = {"selection": selection.to_json(), "until": until.isoformat(), "covers_later": covers_later}
        session.acts.carry_out(_act(WAIVE, at, actor, reason, facts))
        _tell_districts(session, at, f"{found.count} violations {words} by {actor}")
        return _told(found, words, is_dry_run=False, more=later)


def unwaive_violations(
    home: StateHome, selection: Selection, *, reason: str, actor: str, dry_run: bool, clock: Clock
) -> Done:
    """Take waivers back: the violations stand again.

    Raises:
        UsageError: nothing says which are meant, or no reason. UnknownName.
    """
    _require(reason, "--reason")
    _require_narrow(selection)
    with open_session(home, clock) as session:
        at = session.clock.now()
        source, values = selected(selection, at)
        found = _count(session, selection, (f"{source} AND violation.status = 'waived'", values))
        words = "no longer waived"
        if dry_run:
            return _told(found, words, is_dry_run=True)
        session.acts.carry_out(_act(UNWAIVE, at, actor, reason, {"selection": selection.to_json()}))
        _tell_districts(session, at, f"{found.count} violations {words}, by {actor}")
        return _told(found, words, is_dry_run=False)


def expire_waivers(session: Session, at: datetime) -> int:
    """Reopen what is waived by a waiver whose last day is past; gives how many rows. Costs a look where nothing is."""
    today = missouri_day(at)
    source, values = run_out(today)
    count = int(session.con.execute(f"SELECT count(*) {source}", values).fetchall()[0][0])
    if count:
        reason = "the last day of the waiver is past"
        session.acts.carry_out(_act(EXPIRE, at, "mosis", reason, {"today": today.isoformat()}))
        session.log(f"{count} violations stand again: their waiver has run out")
    return count


def check_names(selection: Selection, dictionary: Dictionary, directory: Directory) -> None:
    """Refuse filters that can find nothing because no such thing exists.

    Raises:
        UnknownName: a district or collection. UsageError: a severity, scope or state.
    """
    for option, chosen, known in (
        ("--severity", selection.severities, ("E", "W")),
        ("--scope", selection.scopes, SCOPES),
        ("--status", selection.statuses, STATES),
    ):
        if unknown := [value for value in chosen if value not in known]:
            raise UsageError(f"{option} {unknown[0]!r} is none of {', '.join(known)}.")
    for collection in selection.collections:
        dictionary.collection(collection)
    for district in selection.districts:
        if not directory.has_district(district):
            raise UnknownName(f"District {district} is not in the directory. See districts.csv.")


def _check_later_rules(session: Session, selection: Selection) -> None:
    """Refuse to waive for files to come what no rule book has: it would cover nothing, and nobody would notice.

    Raises:
        UnknownName: a rule that is in the book of none of the collections.
    """
    books = [session.rule_book(collection) for collection in selection.collections]
    known = {rule.rule_id for book in books for rule in book.rules} | {
        rule.rule_id for book in books for rule in book.across
    }
    if unknown := [rule for rule in selection.rules if rule not in known]:
        where = ", ".join(selection.collections)
        raise UnknownName(f"No rule {unknown[0]} judges {where}. See the rules of a field: mosis dictionary show")


def _act(name: str, at: datetime, actor: str, reason: str | None, facts: dict[str, Any]) -> Act:
    return Act(name, "decision", actor, reason, f"desk-{at:%Y%m%dT%H%M%SZ}", at.replace(microsecond=0), facts)


def _tell_districts(session: Session, at: datetime, note: str) -> None:
    from flows.report_again import rewrite_due
    from flows.reporting import write_overview

    session.log(note)
    rewrite_due(session, at)
    write_overview(session)


@dataclass(frozen=True, slots=True)
class _Found:
    count: int
    submissions: int


def _count(session: Session, selection: Selection, query: tuple[str, dict[str, Any]]) -> _Found:
    check_names(selection, session.dictionary, session.directory)
    source, values = query
    rows: Sequence[tuple[int, int]] = session.con.execute(
        f"SELECT count(*), count(DISTINCT violation.submission_id) {source}", values
    ).fetchall()
    return _Found(*rows[0])


def _held_back(session: Session, selection: Selection, status: str, at: datetime) -> str:
    """What is said of errors that acceptance leaves alone."""
    if status != "accepted":
        return ""
    source, values = selected(selection, at)
    source += " AND violation.status IN ('open', 'reopened', 'contacted') AND violation.severity = 'E' "
    count = session.con.execute(f"SELECT count(*) {source} AND violation.scope <> 'state'", values).fetchall()[0][0]
    if not count:
        return ""
    return f" {count:,} errors were left as they are: an error is corrected or waived until a day, never accepted."


def _told(found: _Found, words: str, *, is_dry_run: bool, more: str = "") -> Done:
    verb = "would be" if is_dry_run else ("is" if found.count == 1 else "are")
    rows = "1 violation" if found.count == 1 else f"{found.count:,} violations"
    files = "1 file" if found.submissions == 1 else f"{found.submissions:,} files"
    return Done(found.count, found.submissions, is_dry_run, f"{rows} in {files} {verb} {words}.{more}")


def _require(reason: str, option: str) -> None:
    if not reason.strip():
        raise UsageError(f"{option} is empty. Say why; it stands in the journal and on the district's page.")


def _require_narrow(selection: Selection) -> None:
    if not selection.is_narrow:
        raise UsageError(
            "Say which violations are meant: --rule, --district, --school, --submission, --line or --key. "
            "See: mosis violations list"
        )
