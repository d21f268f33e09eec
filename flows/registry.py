"""The registry as an operator meets it: take over the one from before, tell a number's story, verify the ledger."""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from flows.acts import ACTS
from flows.progress import Progress, Stopwatch, silent
from flows.run import new_run_id
from flows.session import Session, open_reader, open_session
from matching.acts import Act, ActDesk
from matching.id_story import NAMED, IdStory, tell_id_story
from matching.journal import BlockFile, Journal
from matching.plan import find_unfinished
from matching.registry_import.act import (
    ACT_NAME,
    JudgedRegistry,
    archived_registry,
    carry_out_import,
    judge_registry,
    stage_folder,
)
from matching.registry_import.reasons import HELD_BACK, REFUSED, import_reasons
from matching.supplied_ids import ACTIVE, HELD, MERGED, RETIRED
from matching.verification import Verification, verify_ledger
from outputs.disclosure_log import Disclosure, record_disclosures
from schemas.clock import Clock, rfc3339
from schemas.database import checkpoint, transaction
from schemas.errors import UsageError
from schemas.files import PRIVATE_FOLDER, copy_file, make_folder, new_file, sha256_of
from schemas.paths import StateHome

BOM = b"\xef\xbb\xbf"
_MIB = 1024**2
# Names and birth dates (data policy of 2007).
NAMES_LEVEL = 4


@dataclass(frozen=True)
class ImportSummary:
    """What an import did, or would do.

    Args:
        codes: findings by reason code, in the order of the reasons.
        numbers: by status as they were entered.
        findings_file: every finding with its line; null where there is none.
        block_number: of the journal; null for a dry run and where there was nothing to enter.
    """

    import_id: str
    file_name: str
    is_dry_run: bool
    row_count: int
    refused_row_count: int
    encoding: str
    numbers: dict[str, int]
    codes: dict[str, int]
    findings_file: Path | None
    block_number: int | None
    stage_seconds: dict[str, float]

    @property
    def has_errors(self) -> bool:
        """Whether a row was refused or a number held."""
        effects = {import_reasons()[code].effect for code in self.codes}
        return bool(effects & {REFUSED, HELD_BACK})

    def to_json(self) -> dict[str, Any]:
        known = dataclasses.asdict(self)
        return {**known, "findings_file": str(self.findings_file) if self.findings_file else None}


def import_registry(
    home: StateHome,
    path: Path,
    *,
    clock: Clock,
    actor: str,
    reason: str | None,
    dry_run: bool = False,
    progress: Progress = silent,
) -> ImportSummary:
    """Take over the registry in a file: every number of it, the rows that are clear, and a table of what is not.

    Raises:
        UsageError: no such file, no header of ours, or an interrupted run that must be finished first.
        Busy, NoSpace, JournalMismatch, KeyUnavailable.
    """
    if not path.is_file():
        raise UsageError(f"{path} was not found. Name the registry file: a CSV or tab-delimited export with a header.")
    watch = Stopwatch(progress)
    with open_session(home, clock, watch) as session, stage_folder(home) as folder:
        if find_unfinished(home.work):
            raise UsageError("An interrupted run has promised IDs that are not stored yet. Finish it first: mosis run")
        at = clock.now().replace(microsecond=0)
        content = _archive(home, path, watch) if not dry_run else path.read_bytes()
        import_id = _import_id(session, hashlib.sha256(content).hexdigest())
        with watch.stage("read and judge (MiB)", len(content) // _MIB + 1):
            judged = judge_registry(
                content, session.con, session.hasher, folder, at, districts=session.directory.district_codes,
                told=lambda done, total: progress("read and judge (MiB)", done // _MIB, total // _MIB + 1),
            )  # fmt: skip
        findings_file = _write_findings(home, import_id, judged, dry_run)
        block_number = None
        if not dry_run and judged.numbers.height:
            sha256 = hashlib.sha256(content).hexdigest()
            del content
            act = _act(session, judged, import_id, sha256, path.name, actor, reason, at)
            with watch.stage("store", len(judged.parts)):
                block_number = _desk(session, judged, progress).carry_out(act).number
            session.log(f"{act.run_id}: {import_id}, {judged.numbers.height} numbers taken over by {actor}")
    return _summary(judged, import_id, path.name, dry_run, findings_file, block_number, watch)


def _archive(home: StateHome, path: Path, watch: Stopwatch) -> bytes:
    """The file's bytes, kept under their hash before anything says that they are."""
    with watch.stage("archive"):
        sha256 = sha256_of(path)
        kept = archived_registry(home, sha256)
        if not kept.is_file():
            make_folder(kept.parent, PRIVATE_FOLDER)
            copy_file(path, kept)
        content = kept.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UsageError(f"{path} changed while it was copied. Wait until nobody writes to it and import it again.")
    return content


def _import_id(session: Session, sha256: str) -> str:
    """``import-<12 of sha256>``, with ``-2``, ``-3`` when these bytes were imported before."""
    base = f"import-{sha256[:12]}"
    ((earlier,),) = session.con.execute(
        "SELECT count(*) FROM identity.registry_import WHERE sha256 = ?", [sha256]
    ).fetchall()
    return f"{base}-{earlier + 1}" if earlier else base


def _act(
    session: Session, judged: JudgedRegistry, import_id: str, sha256: str, file_name: str,
    actor: str, reason: str | None, at: datetime,
) -> Act:  # fmt: skip
    run_id = new_run_id(session.home, at)
    facts = {"import_id": import_id, "sha256": sha256, "file_name": file_name}
    files = (BlockFile(import_id, "", None, sha256),)
    return Act(ACT_NAME, "import", actor, reason, run_id, at, facts, files, judged.entries())


def _desk(session: Session, judged: JudgedRegistry, progress: Progress) -> ActDesk:
    """The session's desk, for which the file need not be read a second time."""
    carry: Callable[..., None] = partial(carry_out_import, judged=judged, told=partial(progress, "store"))
    return dataclasses.replace(session.acts, table={**ACTS, ACT_NAME: carry})


def _write_findings(home: StateHome, import_id: str, judged: JudgedRegistry, dry_run: bool) -> Path | None:
    """Every finding by line, with what it does and what to do; no student's value but the number."""
    if judged.findings.is_empty():
        return None
    folder = home.reports / (f"{import_id}-dry-run" if dry_run else import_id)
    make_folder(home.reports, PRIVATE_FOLDER)
    make_folder(folder, PRIVATE_FOLDER)
    reasons = pl.DataFrame([(r.code, r.effect, r.message, r.fix) for r in import_reasons().values()], orient="row",
                           schema=["code", "effect", "message", "what_to_do"])  # fmt: skip
    table = judged.findings.join(reasons, on="code", maintain_order="left")
    table = table.select(
        line="line_number", state_id="state_id", effect="effect", code="code", message="message",
        what_to_do="what_to_do", detail="detail", other_line="other_line", other_state_id="other_state_id",
    )  # fmt: skip
    path = folder / "findings.csv"
    with new_file(path, 0o600) as temporary, temporary.open("wb") as file:
        file.write(BOM)
        table.write_csv(file, line_terminator="\r\n")
    return path


def _summary(
    judged: JudgedRegistry, import_id: str, file_name: str, dry_run: bool, findings_file: Path | None,
    block_number: int | None, watch: Stopwatch,
) -> ImportSummary:  # fmt: skip
    counts = dict(judged.findings.group_by("code").len().iter_rows())
    return ImportSummary(
        import_id, file_name, dry_run, judged.row_count, judged.refused_rows, judged.encoding,
        {status: judged.count(status) for status in (ACTIVE, MERGED, RETIRED, HELD)},
        {code: counts[code] for code in import_reasons() if code in counts},
        findings_file, block_number, dict(watch.seconds),
    )  # fmt: skip


@dataclass(frozen=True)
class ToldStory:
    """A number's story as it may be shown; ``with_names`` says whether it names the child."""

    story: IdStory
    with_names: bool

    def to_json(self) -> dict[str, Any]:
        known = self.story
        return {
            "format_version": 1,
            "state_id": known.state_id,
            "status": known.status,
            "issued_at": _plain(known.issued_at),
            "forwards_to": list(known.forwards_to),
            "forwarded_from": list(known.forwarded_from),
            "story": [{"at": _plain(entry.at), "what": entry.what, **_plain(entry.facts)} for entry in known.entries],
            "versions": [_plain(version) for version in known.versions],
        }


def tell_story_of(home: StateHome, state_id: str, *, clock: Clock, actor: str, with_names: bool = False) -> ToldStory:
    """The story of a number. With names it is a disclosure: it stands in the log before anybody sees it.

    Raises:
        UsageError, UnknownName: as ``tell_id_story``. Busy: a run is at work.
    """
    if not with_names:
        with open_reader(home) as reader:
            return ToldStory(_without_names(tell_id_story(reader.con, state_id)), False)
    with open_session(home, clock) as session:
        story = tell_id_story(session.con, state_id)
        disclosure = Disclosure(actor, NAMES_LEVEL, "story of a state ID (mosis ids show)", actor, [story.state_id])
        with transaction(session.con):
            record_disclosures(session.con, [disclosure], clock.now())
        checkpoint(session.con)
        return ToldStory(story, True)


def _without_names(story: IdStory) -> IdStory:
    entries = (dataclasses.replace(entry, facts=_left(entry.facts, ("explanation",))) for entry in story.entries)
    versions = tuple(_left(version, NAMED) for version in story.versions)
    return dataclasses.replace(story, entries=tuple(entries), versions=versions)


def _left(facts: dict[str, Any], without: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in without}


def _plain(value: Any) -> Any:
    """Values as JSON has them."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, datetime):
        return rfc3339(value)
    return value.isoformat() if isinstance(value, date) else value


def verify_registry(home: StateHome) -> Verification:
    """Journal and database held against each other; nothing is changed.

    Raises:
        Busy: a run is at work.
    """
    with open_reader(home) as reader:
        return verify_ledger(Journal(home.journal), reader.con)
