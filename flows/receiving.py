"""The receive stage: claim what is whole, keep its bytes, set aside what is no file of ours (design 8)."""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from flows.fix_ups import keep_merged, merge_fix_up
from flows.refusals import refused
from flows.session import Session
from schemas.dictionary import ID_BATCH
from schemas.errors import FileRefused, UnknownName
from schemas.files import PRIVATE_FILE, PRIVATE_FOLDER, make_folder, write_atomic
from schemas.inbox.claim import (
    ArchivedFile,
    Claim,
    StillChanging,
    archive_claim,
    claim_file,
    pending_claims,
    release_claim,
)
from schemas.inbox.look import Entry
from schemas.inbox.opening import NotPlain
from schemas.inbox.quarantine import quarantine_suspect
from schemas.inbox.recognise import recognise
from schemas.inbox.waiting import Suspect, find_waiting
from schemas.reading.recognition import (
    CERTIFICATE,
    DECERTIFICATION,
    LOCATOR_REQUEST,
    NEAR_MATCH_RETURN,
    VIOLATION_RESPONSE,
)
from schemas.submission import Submission, submission_id

NO_CLAIM = ""


@dataclass(frozen=True)
class ReceivedFile:
    """A claimed file: what is known of it, and where its bytes are kept; null bytes for what was never opened."""

    submission: Submission
    path: Path | None


@dataclass
class Received:
    """What one run took from the inbox."""

    files: list[ReceivedFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    set_aside: dict[str, int] = field(default_factory=dict)


def receive_files(
    session: Session,
    run_id: str,
    *,
    settle: float,
    collection: str | None,
    districts: Sequence[str],
    sleep: Callable[[float], None],
) -> Received:
    """Claim everything that is whole; claims of a killed run come first.

    Raises:
        UnknownName: a district or collection that was asked for does not exist.
    """
    check_names(session, collection, districts)
    desk = ReceivingDesk(session, run_id)
    with session.watch.stage("receive"):
        for claim in pending_claims(session.home.inbox):
            desk.take_up(claim)
        found = find_waiting(
            session.home.inbox,
            session.directory,
            now=session.clock.now(),
            settle_seconds=settle,
            max_file_bytes=session.home.settings.max_file_bytes,
            sleep=sleep,
        )
        for entry in found.ready:
            if wanted(session, entry, collection, districts):
                desk.claim(entry)
        for suspect in found.suspects:
            desk.quarantine(suspect)
    desk.note_unfinished(found.unfinished, found.stale)
    return desk.received


def check_names(session: Session, collection: str | None, districts: Sequence[str]) -> None:
    if collection is not None:
        session.dictionary.collection(collection)
    for district in districts:
        if not session.directory.has_district(district):
            raise UnknownName(f"District {district} is not in the directory ({session.home.directory}/districts.csv).")


def wanted(session: Session, entry: Entry, collection: str | None, districts: Sequence[str]) -> bool:
    """Whether a run limited to a collection or districts takes this file; batches and returns always go along."""
    if districts and entry.district_code not in districts:
        return False
    if collection is None:
        return True
    try:
        found = recognise(entry.path.read_bytes(), session.dictionary).collection_version
    except (FileRefused, OSError):
        return False
    return found in (
        collection, ID_BATCH, NEAR_MATCH_RETURN, LOCATOR_REQUEST, CERTIFICATE, DECERTIFICATION, VIOLATION_RESPONSE,
    )  # fmt: skip


@dataclass
class ReceivingDesk:
    """Takes files one by one and gives each its submission."""

    session: Session
    run_id: str
    received: Received = field(default_factory=Received)
    _taken: set[str] = field(default_factory=set)

    def claim(self, entry: Entry) -> None:
        try:
            claim = claim_file(entry)
        except PermissionError:
            self._note_closed(entry.district_code, entry.file_name)
            return
        if claim is not None:
            self.archive(claim, entry)

    def take_up(self, claim: Claim) -> None:
        """A claim of a killed run; its district may have left the directory since."""
        if self.session.directory.has_district(claim.district_code):
            self.archive(claim, None)
            return
        self.quarantine(Suspect(replace(claimed_entry(claim), district_code=None), "UNKNOWN_DISTRICT"))
        release_claim(claim)

    def archive(self, claim: Claim, seen: Entry | None) -> None:
        home = self.session.home
        try:
            kept = archive_claim(claim, home.archive, home.settings.max_file_bytes, seen)
        except StillChanging:
            self.received.notes.append(
                f"{claim.district_code}: {claim.file_name} is still being written; the next run takes it."
            )
            return
        except PermissionError as error:
            # The claim stays; anything but the claim itself would be a fault of the home, and ends the run.
            if error.filename is None or os.fsencode(error.filename) != os.fsencode(claim.path):
                raise
            self._note_closed(claim.district_code, claim.file_name)
            return
        except NotPlain as error:
            self.quarantine(Suspect(claimed_entry(claim), error.reason))
            release_claim(claim)
            return
        self.received.files.append(self._received(claim, kept))

    def _received(self, claim: Claim, kept: ArchivedFile) -> ReceivedFile:
        """The file as it was sent; of a fix-up file the whole that it came to."""
        about = (claim.district_code, claim.school_code)
        refusal, merged = None, None
        try:
            merged = merge_fix_up(self.session, kept.path, *about)
        except FileRefused as fault:
            refusal = fault
        sha256, byte_count, path = kept.sha256, kept.byte_count, kept.path
        if merged is not None:
            sha256, byte_count = hashlib.sha256(merged.content).hexdigest(), len(merged.content)
            path = keep_merged(self.session.home, sha256, merged.content)
        submission = self._submission(*about, claim.file_name, sha256, byte_count, claim_text(claim.path))
        if refusal is not None:
            return ReceivedFile(refused(submission, refusal), None)
        if merged is not None:
            submission = replace(submission, fix_up_of=merged.fix_up_of, fix_up_note=merged.note)
        return ReceivedFile(submission, path)

    def keep(self, district_code: str, file_name: str, content: bytes, **facts: Any) -> None:
        """Take bytes that a command made in a district's stead: archived under their hash, never claimed from an inbox."""
        sha256 = hashlib.sha256(content).hexdigest()
        kept = self.session.home.archive / sha256[:2] / sha256
        if not kept.exists():
            make_folder(kept.parent, PRIVATE_FOLDER)
            write_atomic(kept, content, mode=PRIVATE_FILE)
        made = self._submission(district_code, None, file_name, sha256, len(content), NO_CLAIM)
        self.received.files.append(ReceivedFile(replace(made, **facts), kept))

    def _note_closed(self, district_code: str | None, file_name: str) -> None:
        self.received.notes.append(
            f"{district_code}: {file_name} may not be opened or moved by this account; set the rights of the inbox folder."
        )

    def quarantine(self, suspect: Suspect) -> None:
        """Move something unopened aside; a known district gets a receipt that says so."""
        at = self.session.clock.now()
        moved = quarantine_suspect(suspect, self.session.home.quarantine, at)
        if moved is None:
            return
        note = moved.note
        self.received.notes.append(f"{note.district_code or 'no known district'}: {note.file_name}: {note.message}")
        if note.district_code is None:
            self.received.set_aside["quarantined"] = self.received.set_aside.get("quarantined", 0) + 1
            return
        # Nothing was opened, so there is no hash of the bytes; the submission is named after the place it lies in.
        stand_in = hashlib.sha256(os.fsencode(moved.path)).hexdigest()
        # It was moved aside, so there is no claim: whatever stands in its place by then is another file.
        submission = self._submission(
            note.district_code, note.school_code, note.file_name, stand_in, 0, claim_path=NO_CLAIM
        )
        refusal = FileRefused("quarantined", note.reason, note.message, note.next_step, note.line)
        self.received.files.append(ReceivedFile(refused(submission, refusal), None))

    def _submission(
        self,
        district_code: str,
        school_code: str | None,
        file_name: str,
        sha256: str,
        byte_count: int,
        claim_path: str,
    ) -> Submission:
        at: datetime = self.session.clock.now()
        name = submission_id(at, sha256, district_code, self._taken | self._in_outbox(district_code))
        self._taken.add(name)
        return Submission(
            submission_id=name,
            district_code=district_code,
            school_code=school_code,
            file_name=file_name,
            sha256=sha256,
            byte_count=byte_count,
            claim_path=claim_path,
            received_at=at,
            run_id=self.run_id,
        )

    def _in_outbox(self, district_code: str) -> set[str]:
        """Names taken by earlier submissions of the district in the same second."""
        folder = self.session.home.outbox_of(district_code)
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()

    def note_unfinished(self, unfinished: Iterable[Entry], stale: Iterable[Entry]) -> None:
        waiting = list(unfinished)
        if waiting:
            self.received.notes.append(f"{len(waiting)} uploads are not finished; a later run takes them.")
        for entry in stale:
            self.received.notes.append(
                f"{entry.district_code}: the upload {entry.file_name} has not moved for a day; ask the district."
            )


def claimed_entry(claim: Claim) -> Entry:
    """What was claimed, as a look at the inbox would have seen it."""
    found = claim.path.lstat()
    return Entry(
        claim.path,
        claim.district_code,
        claim.school_code,
        found.st_mode,
        found.st_nlink,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_ino,
    )


def claim_text(path: Path) -> str:
    """A path as text that every table and JSON can hold; names in the inbox are bytes of any kind."""
    return quote_from_bytes(os.fsencode(path))


def claim_path(text: str) -> Path:
    """The path that ``claim_text`` wrote down."""
    return Path(os.fsdecode(unquote_to_bytes(text)))


def claim_of(submission: Submission) -> Claim | None:
    """The claim that a submission was made from; null where something was quarantined without one."""
    if submission.claim_path == NO_CLAIM:
        return None
    return Claim(claim_path(submission.claim_path), submission.district_code, submission.school_code)
