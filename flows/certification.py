"""Certifying and taking back, as acts: prepared, journaled, carried out in one transaction, then told to whom it concerns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from flows.report_again import rewrite_reports
from flows.session import Session
from flows.state_level import compare_districts
from flows.violations import expire_waivers
from matching.acts import Act, Carry
from outputs.across_files.dependents import find_dependents, judge_dependents
from outputs.certification import Signature, find_certifiable, freeze, make_manifests, take_back, trials_to_certify
from outputs.certification.against import known_collection
from outputs.certification.amendment import Difference, difference_of
from outputs.certification.built_on import BuiltOn, built_on
from outputs.certification.certificate_file import write_certificate
from outputs.certification.due import due_changes, note_due, settle_due
from outputs.certification.forms import decertification_name
from outputs.certification.freezing import certified_beside
from outputs.certification.notices import files_changed_by, refused_request, write_notices
from outputs.certification.register import load_certificates
from outputs.certification.requests import (
    DecertifyRequest,
    load_request,
    note_request,
    settle_request,
    settle_requests_of,
)
from outputs.next_steps import counted
from schemas.database import checkpoint, transaction
from schemas.errors import MosisError, UsageError

CERTIFY, TAKE_BACK, NOTE_REQUEST, REFUSE_REQUEST = (
    "certify", "decertify", "request_decertification", "refuse_decertification",
)  # fmt: skip


@dataclass(frozen=True)
class Certified:
    """What was frozen: one manifest a file; a district that reports by building has several.

    Args:
        differences: by submission, to the certified file it replaced.
    """

    district_code: str
    collection_version: str
    manifests: tuple[dict[str, Any], ...]
    differences: dict[str, Difference]

    @property
    def record_count(self) -> int:
        return sum(manifest["records"] for manifest in self.manifests)

    def text(self, who: str) -> str:
        said = f"Certified {self.district_code} {self.collection_version}: {self.record_count:,} records, by {who}."
        changes = [f"It replaces the certified file {d.earlier_id}: {d.sentence()}" for d in self.differences.values()]
        pilot = ["This is a pilot: nothing of it is counted."] if self.manifests[0]["is_pilot"] else []
        return " ".join([said, *changes, *pilot])


def certify_trials(
    session: Session,
    district: str,
    collection: str,
    *,
    actor: str,
    submission_id: str | None = None,
    signature: Signature | None = None,
    run_id: str | None = None,
) -> Certified:
    """Freeze the trials of a district and collection, or the one named.

    Raises:
        UnknownName: no such district or collection.
        MosisError: nothing was received, or something stands against certification.
    """
    con, at = session.con, session.clock.now().replace(microsecond=0)
    # A waiver whose last day is past no longer speaks for its errors.
    expire_waivers(session, at)
    trials = trials_to_certify(
        con,
        district,
        collection,
        dictionary=session.dictionary,
        directory=session.directory,
        submission_id=submission_id,
    )
    differences = {t.submission_id: d for t in trials if (d := difference_of(con, t.submission_id, t.layout))}
    manifests = make_manifests(con, trials, collection, actor=actor, at=at, archive=session.home.archive)
    manifests = tuple(
        {**one, "amends": differences[one["submission_id"]].to_json() if one["submission_id"] in differences else None}
        for one in manifests
    )
    facts = {"manifests": list(manifests), "signature": signature.to_facts() if signature else None}
    replaced = [name for trial in trials for name in certified_beside(con, trial.submission_id)]
    session.acts.carry_out(Act(CERTIFY, "decision", actor, None, run_id or f"certify-{at:%Y%m%dT%H%M%SZ}", at, facts))
    _end_in_outbox(session, district, replaced)
    return Certified(district, collection, manifests, differences)


def _end_in_outbox(session: Session, district: str, replaced: Sequence[str]) -> None:
    """The certificate of a file that was replaced says so from now on, and can no longer be asked back."""
    for name in replaced:
        folder = session.home.outbox_of(district) / name
        (folder / decertification_name(name)).unlink(missing_ok=True)
        if folder.is_dir():
            write_certificate(folder, load_certificates(session.con, submission_id=name)[-1])


def carry_certify(con: duckdb.DuckDBPyConnection, act: Act, number: int) -> None:
    """The act: freeze what the manifests name, and have the pages of everything concerned written anew."""
    signature = act.facts["signature"]
    manifests = act.facts["manifests"]
    freeze(
        con,
        manifests,
        actor=act.actor,
        at=act.at,
        block_number=number,
        signature=Signature.from_facts(signature) if signature else None,
    )
    note_due(con, [manifest["submission_id"] for manifest in manifests], "certified", act.at)


def carry_take_back(con: duckdb.DuckDBPyConnection, act: Act, number: int) -> None:
    """The act: certified files become trials again; the request that asked for it is approved."""
    take_back(con, act.facts["certified"], actor=act.actor, at=act.at, reason=act.reason or "")
    names = [file["submission_id"] for file in act.facts["certified"]]
    settle_requests_of(con, names, actor=act.actor, at=act.at, note=act.reason)
    note_due(con, names, "decertified", act.at, act.reason)


def carry_note_request(con: duckdb.DuckDBPyConnection, act: Act, number: int) -> None:
    note_request(con, act.facts["request"], act.at)


def carry_refuse_request(con: duckdb.DuckDBPyConnection, act: Act, number: int) -> None:
    settle_request(con, act.facts["request_submission_id"], "refused", actor=act.actor, at=act.at, note=act.reason)


CERTIFICATION_ACTS: dict[str, Carry] = {
    CERTIFY: carry_certify,
    TAKE_BACK: carry_take_back,
    NOTE_REQUEST: carry_note_request,
    REFUSE_REQUEST: carry_refuse_request,
}


@dataclass(frozen=True)
class TakenBack:
    """A certificate that is, or would be, taken back, with what was built on it."""

    district_code: str
    collection_version: str
    files: tuple[dict[str, str], ...]
    built: BuiltOn

    def to_json(self) -> dict[str, Any]:
        return {
            "district_code": self.district_code,
            "collection_version": self.collection_version,
            "submission_ids": [file["submission_id"] for file in self.files],
            "built_on_it": self.built.to_json(),
        }


def look_at_certificate(
    session: Session, district: str, collection: str, submission_id: str | None = None
) -> TakenBack:
    """What taking a certificate back would touch; changes nothing.

    Raises:
        UnknownName: no such district or collection. MosisError: nothing is certified there.
    """
    known_collection(district, collection, session.dictionary, session.directory)
    rows = session.con.execute(
        "SELECT submission_id, layout FROM intake.submission WHERE status = 'certified' AND district_code = ? "
        "AND collection_version = ? AND (? IS NULL OR submission_id = ?) ORDER BY submission_id",
        [district, collection, submission_id, submission_id],
    ).fetchall()
    if not rows:
        raise MosisError(f"{district} {collection} is not certified, so there is nothing to take back.")
    files = tuple({"submission_id": name, "layout": layout} for name, layout in rows)
    names = [name for name, _ in rows]
    return TakenBack(district, collection, files, built_on(session.con, names, compared_with(session, names)))


def compared_with(session: Session, names: Sequence[str]) -> list[str]:
    """Files of the district, trials and certified ones, that are compared with certified files of these collections."""
    return find_dependents(session.con, names, session.comparisons)


def take_certificate_back(
    session: Session,
    district: str,
    collection: str,
    *,
    actor: str,
    reason: str,
    submission_id: str | None = None,
) -> TakenBack:
    """Make a certified collection of a district a trial again.

    Raises:
        UsageError: no reason was given. UnknownName, MosisError: as in ``look_at_certificate``.
    """
    if not reason.strip():
        raise UsageError("Say why the certificate is taken back: --reason TEXT. The district reads it.")
    found = look_at_certificate(session, district, collection, submission_id)
    at = session.clock.now().replace(microsecond=0)
    act = Act(
        TAKE_BACK, "decision", actor, reason, f"decertify-{at:%Y%m%dT%H%M%SZ}", at, {"certified": list(found.files)}
    )
    session.acts.carry_out(act)
    tell_districts(session)
    compare_districts(session)
    return found


def tell_districts(session: Session) -> list[str]:
    """Judge files that are compared with changed certificates, write their pages and notices anew; what was told, in sentences.

    Nothing to do where nothing is due; what a crash prevented is done by the next run.
    """
    changes, at = due_changes(session.con), session.clock.now()
    if not changes:
        return []
    names = [change.submission_id for change in changes]
    with transaction(session.con):
        changed = judge_dependents(session.con, names, session.comparisons, at=at)
        pages = [[name] for name in (*names, *changed)]
        session.con.executemany("INSERT INTO quality.page_due (submission_id) VALUES (?)", pages)
    checkpoint(session.con)
    rewrite_reports(session, [*names, *changed], at)
    told = []
    for change in changes:
        files = files_changed_by(session.con, changed, change.district_code)
        told_change = replace(change, changed_files=files)
        write_notices(session.home.outbox, told_change, session.dictionary, session.directory)
        told.append(f"{change.submission_id}: {change.kind}; {counted(len(files), 'file')} compared with it changed")
    with transaction(session.con):
        settle_due(session.con, names)
    checkpoint(session.con)
    return told


def note_wish(session: Session, request: DecertifyRequest, run_id: str) -> None:
    """Keep a superintendent's signed wish until the operator decides."""
    at = session.clock.now().replace(microsecond=0)
    facts = {"request": request.to_facts()}
    session.acts.carry_out(Act(NOTE_REQUEST, "decision", f"district {request.district_code}", None, run_id, at, facts))


def requested_certificate(session: Session, request_id: str) -> TakenBack:
    """What approving a request would touch; changes nothing.

    Raises:
        UnknownName: no such request. UsageError: it was decided before. MosisError: the certificate ended.
    """
    request = _open_request(session, request_id)
    return look_at_certificate(session, request.district_code, request.collection_version, request.submission_id)


def approve_request(session: Session, request_id: str, *, actor: str) -> TakenBack:
    """Do what a district asked for.

    Raises:
        UnknownName: no such request. UsageError: it was decided before.
    """
    request = _open_request(session, request_id)
    reason = f"asked for by {request.signed_by}, {request.title}: {request.reason}"
    return take_certificate_back(
        session,
        request.district_code,
        request.collection_version,
        actor=actor,
        reason=reason,
        submission_id=request.submission_id,
    )


def refuse_request(session: Session, request_id: str, *, actor: str, reason: str) -> DecertifyRequest:
    """Leave the certificate as it is; the district is told why.

    Raises:
        UnknownName: no such request. UsageError: it was decided before, or no reason was given.
    """
    if not reason.strip():
        raise UsageError("Say why the request is refused: --reason TEXT. The district reads it.")
    request = _open_request(session, request_id)
    at = session.clock.now().replace(microsecond=0)
    facts = {"request_submission_id": request.request_submission_id}
    session.acts.carry_out(Act(REFUSE_REQUEST, "decision", actor, reason, f"decertify-{at:%Y%m%dT%H%M%SZ}", at, facts))
    change = refused_request(request, at, actor, reason)
    write_notices(session.home.outbox, change, session.dictionary, session.directory)
    return request


def _open_request(session: Session, request_id: str) -> DecertifyRequest:
    request = load_request(session.con, request_id)
    if request.status != "open":
        raise UsageError(f"{request_id} was {request.status} by {request.decided_by}; it waits for nothing.")
    return request


@dataclass(frozen=True)
class Outcome:
    """What became of one district when several were to be certified."""

    district_code: str
    collection_version: str
    certified: Certified | None
    text: str


def certify_many(
    session: Session, collection: str, districts: Sequence[str], *, all_ready: bool, actor: str
) -> list[Outcome]:
    """Certify a collection of the districts named, or of all that nothing stands against; what stands against the others.

    Raises:
        UnknownName: no such district or collection.
    """
    chosen = list(districts)
    if all_ready:
        ready = [district for district, _ in find_certifiable(session.con, collection)]
        chosen = [district for district in ready if not districts or district in districts]
    outcomes = []
    for number, district in enumerate(chosen, start=1):
        outcomes.append(_certify_one(session, district, collection, actor))
        session.watch.progress("certify", number, len(chosen))
    tell_districts(session)
    compare_districts(session)
    return outcomes


def _certify_one(session: Session, district: str, collection: str, actor: str) -> Outcome:
    try:
        certified = certify_trials(session, district, collection, actor=actor)
    except MosisError as error:
        if error.exit_code != MosisError.exit_code:
            raise
        return Outcome(district, collection, None, str(error))
    return Outcome(district, collection, certified, certified.text(actor))
