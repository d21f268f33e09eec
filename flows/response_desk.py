"""The operator's desk for districts' answers: look, export, approve and refuse in bulk, by filters or by a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from flows.session import Session, open_reader, open_session
from flows.violation_acts import DECIDE_RESPONSES
from matching.acts import Act
from outputs.violation_desk.decide_responses import ResponseSelection, chosen_responses, undecidable
from outputs.violation_desk.response_listing import DECISIONS, count_responses, export_responses, read_decisions
from outputs.violation_desk.responses import APPROVED, REFUSED
from schemas.clock import Clock, missouri_day
from schemas.errors import UsageError
from schemas.files import PRIVATE_FILE, write_atomic
from schemas.paths import StateHome


@dataclass(frozen=True, slots=True)
class ResponsesDecided:
    """How many answers were decided, or would be."""

    approved: int
    refused: int
    left: int
    is_dry_run: bool

    @property
    def text(self) -> str:
        verb = "would be" if self.is_dry_run else "were"
        parts = [f"{self.approved:,} answers {verb} approved, {self.refused:,} refused."]
        if self.left:
            parts.append(
                f"{self.left:,} stay open: a waiver needs --until, and an error of a file is never accepted, only waived."
            )
        return " ".join(parts)

    def to_json(self) -> dict[str, Any]:
        return {
            "format_version": 1, "approved": self.approved, "refused": self.refused, "left_open": self.left,
            "dry_run": self.is_dry_run,
        }  # fmt: skip


def list_responses(home: StateHome, selection: ResponseSelection) -> list[dict[str, Any]]:
    """Open answers by rule and word; a comment is counted, never shown."""
    with open_reader(home) as reader:
        return count_responses(reader.con, selection).to_dicts()


def write_export(home: StateHome, selection: ResponseSelection, out: Path) -> int:
    """Write the open answers with their comments into a file for the operator alone; gives how many.

    Raises:
        UsageError: the file exists.
    """
    if out.exists():
        raise UsageError(f"{out} exists already; name another file.")
    with open_reader(home) as reader:
        content = export_responses(reader.con, selection)
        source, values = chosen_responses(selection)
        count = int(reader.con.execute(f"SELECT count(*) {source}", values).fetchall()[0][0])
    write_atomic(out, content, mode=PRIVATE_FILE)
    return count


def decide(
    home: StateHome,
    selection: ResponseSelection,
    verdict: str,
    *,
    until: date | None,
    reason: str,
    actor: str,
    dry_run: bool,
    clock: Clock,
) -> ResponsesDecided:
    """Approve or refuse the open answers of a selection.

    Raises:
        UsageError: no reason, or a day that is past.
    """
    with open_session(home, clock) as session:
        at = session.clock.now()
        _check(reason, until, at)
        found = _decide(session, selection, verdict, until=until, reason=reason, actor=actor, dry_run=dry_run, at=at)
        _tell_districts(session, at, dry_run)
    return found


def import_decisions(home: StateHome, file: Path, *, actor: str, dry_run: bool, clock: Clock) -> ResponsesDecided:
    """Take the decisions of an exported file back: Decision (approve, refuse), Until (of a waiver), Reason.

    Raises:
        UsageError: the file is no export, or a row in it cannot be used; nothing is decided then.
    """
    try:
        rows = read_decisions(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}. Name a file that can be read.") from None
    except ValueError as fault:
        raise UsageError(f"{file}: {fault}. Use the file that mosis violations responses export wrote.") from None
    with open_session(home, clock) as session:
        at = session.clock.now()
        groups = _grouped(file, rows, at)
        done = [
            _decide(
                session, ResponseSelection(ids=tuple(ids)), verdict, until=until, reason=reason, actor=actor,
                dry_run=dry_run, at=at,
            )
            for (verdict, until, reason), ids in groups.items()
        ]  # fmt: skip
        _tell_districts(session, at, dry_run)
    approved, refused, left = (sum(getattr(each, name) for each in done) for name in ("approved", "refused", "left"))
    return ResponsesDecided(approved, refused, left, dry_run)


_Group = tuple[str, date | None, str]


def _grouped(file: Path, rows: Sequence[dict[str, str]], at: datetime) -> dict[_Group, list[str]]:
    """Answers by verdict, day and reason; one act each."""
    groups: dict[_Group, list[str]] = {}
    for number, row in enumerate(rows, start=1):
        verdict = DECISIONS.get(row["Decision"].casefold())
        if verdict is None:
            raise UsageError(f"{file}: Decision of answer {row['Answer']} is neither approve nor refuse. Correct it.")
        until = _day(file, row) if verdict == APPROVED else None
        _check(row["Reason"] or "-", until, at)
        groups.setdefault((verdict, until, row["Reason"] or f"decided by file, row {number}"), []).append(row["Answer"])
    return groups


def _day(file: Path, row: dict[str, str]) -> date | None:
    text = row["Until"]
    for form in ("%Y-%m-%d", "%m/%d/%Y"):
        try:
            return datetime.strptime(text, form).date() if text else None  # noqa: DTZ007 (a day)
        except ValueError:
            continue
    raise UsageError(f"{file}: Until of answer {row['Answer']} is no day; write it as 2026-06-30.")


def _check(reason: str, until: date | None, at: datetime) -> None:
    if not reason.strip():
        raise UsageError("--reason is empty. Say why; it stands in the journal and is told to the district.")
    if until is not None and until < missouri_day(at):
        raise UsageError(f"{until} is past. A waiver stands to the end of its last day; name a later one.")


def _decide(
    session: Session,
    selection: ResponseSelection,
    verdict: str,
    *,
    until: date | None,
    reason: str,
    actor: str,
    dry_run: bool,
    at: datetime,
) -> ResponsesDecided:
    source, values = chosen_responses(selection)
    count = int(session.con.execute(f"SELECT count(*) {source}", values).fetchall()[0][0])
    left = undecidable(session.con, selection, until) if verdict == APPROVED else 0
    if count > left and not dry_run:
        facts = {
            "selection": selection.to_json(), "verdict": verdict, "until": until.isoformat() if until else None,
        }  # fmt: skip
        run_id = f"desk-{at:%Y%m%dT%H%M%SZ}"
        session.acts.carry_out(Act(DECIDE_RESPONSES, "decision", actor, reason, run_id, at, facts))
        session.log(f"{count - left} answers of districts {verdict} by {actor}")
    approved, refused = (count - left, 0) if verdict == APPROVED else (0, count)
    return ResponsesDecided(approved, refused if verdict == REFUSED else 0, left, dry_run)


def _tell_districts(session: Session, at: datetime, dry_run: bool) -> None:
    if dry_run:
        return
    from flows.report_again import rewrite_due
    from flows.reporting import write_overview

    rewrite_due(session, at)
    write_overview(session)
