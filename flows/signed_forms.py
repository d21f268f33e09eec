"""Signed forms in a run: judged when the run is planned, carried out before its files are stored, answered like every file.

A certificate is about the trial that stood when the run began. Where the same run brings a newer file of the same collection, the
certificate is refused: nobody signs what the district has replaced already.
"""

from collections.abc import Iterator
from dataclasses import replace

from flows.certification import certify_trials, note_wish
from flows.refusals import refused
from flows.session import Session
from flows.taking import Taking
from matching.plan import Plan
from outputs.certification.freezing import Signature
from outputs.certification.register import load_certificates
from outputs.certification.requests import DecertifyRequest, load_requests
from outputs.certification.signed import Wish, judge_form
from outputs.next_steps import counted
from schemas.errors import FileRefused, MosisError
from schemas.reading.recognition import CERTIFICATE
from schemas.reading.signed_forms import SIGNED_FORMS, signed_form
from schemas.submission import Submission

WISHES = "signed_forms"


def judge_forms(session: Session, taking: Taking) -> dict[str, object]:
    """Give each signed form of a run its outcome; what is to be done, as plain values for the plan's versions."""
    wishes = {}
    for name in sorted(taking.forms):
        submission = taking.submissions[name]
        try:
            wish = _wish(session, taking, submission)
        except FileRefused as refusal:
            taking.submissions[name] = refused(submission, refusal)
            continue
        taking.submissions[name] = _answered(submission, wish)
        if wish.done is None:
            wishes[name] = _plain(wish)
    return {WISHES: wishes} if wishes else {}


def _wish(session: Session, taking: Taking, submission: Submission) -> Wish:
    wish = judge_form(
        session.con,
        submission.layout or "",
        signed_form(taking.forms[submission.submission_id].records),
        district_code=submission.district_code,
        request=submission.submission_id,
        received_at=submission.received_at,
    )
    newer = next(_newer_trials(taking, wish), None)
    if newer is not None and wish.kind == CERTIFICATE and wish.done is None:
        raise FileRefused(
            "rejected",
            "REPLACED",
            f"The form certifies {wish.submission_id}, which the file {newer} that came with it replaces.",
            "Sign the certificate of your newest file: it lies in that file's folder as soon as nothing stands against it.",
        )
    return wish


def _newer_trials(taking: Taking, wish: Wish) -> Iterator[str]:
    for other in taking.submissions.values():
        is_same = (other.district_code, other.collection_version) == (wish.district_code, wish.collection_version)
        if is_same and other.status == "trial":
            yield other.submission_id


def _answered(submission: Submission, wish: Wish) -> Submission:
    if wish.done is not None:
        return replace(
            submission, outcome="duplicate", status="duplicate", duplicate_of=wish.signature.request, message=wish.done
        )
    return replace(submission, outcome="accepted", status="answered")


def _plain(wish: Wish) -> dict[str, object]:
    return {
        "kind": wish.kind, "submission_id": wish.submission_id, "district_code": wish.district_code,
        "collection_version": wish.collection_version, "signature": wish.signature.to_facts(), "reason": wish.reason,
    }  # fmt: skip


def carry_out_forms(session: Session, plan: Plan) -> None:
    """Certify, or note the wishes, of a plan's signed forms; what an interrupted run did already is not done again."""
    for name, values in sorted(plan.versions.get(WISHES, {}).items()):
        wish = Wish(**{**values, "signature": Signature.from_facts(values["signature"])})
        if wish.kind == CERTIFICATE:
            _certify(session, plan, name, wish)
        elif not any(request.request_submission_id == name for request in load_requests(session.con)):
            note_wish(session, _request(session, name, wish), plan.run_id)


def _certify(session: Session, plan: Plan, name: str, wish: Wish) -> None:
    if load_certificates(session.con, request=name):
        return
    try:
        certify_trials(
            session,
            wish.district_code,
            wish.collection_version,
            actor=f"{wish.signature.signed_by} (district {wish.district_code})",
            submission_id=wish.submission_id,
            signature=wish.signature,
            run_id=plan.run_id,
        )
    except MosisError as error:
        if error.exit_code != MosisError.exit_code:
            raise
        # Something changed between an interrupted run and this one; the form's receipt will say that nothing was done.
        session.log(f"{name}: the certificate could not be carried out")


def _request(session: Session, name: str, wish: Wish) -> DecertifyRequest:
    signature = wish.signature
    return DecertifyRequest(
        name, wish.submission_id, wish.district_code, wish.collection_version, signature.signed_by, signature.title,
        signature.signed_on, wish.reason or "", session.clock.now(),
    )  # fmt: skip


def answer_form(session: Session, submission: Submission) -> Submission:
    """A signed form with the message of what was really done; rejected where nothing was."""
    if submission.layout not in SIGNED_FORMS or submission.status != "answered":
        return submission
    if submission.layout == CERTIFICATE:
        found = load_certificates(session.con, request=submission.submission_id)
        if not found:
            return _nothing_done(submission)
        certificate = found[-1]
        title = session.dictionary.collection(certificate.collection_version).title
        return replace(
            submission,
            message=f"Certified: {title}, {counted(certificate.manifest['records'], 'record')} of the file "
            f"{certificate.submission_id}, signed by {certificate.who}.{_pilot(certificate.manifest)}",
            next_step="Nothing is left to do for this collection. To correct it later, drop a new file and certify that one.",
        )
    return replace(
        submission,
        message="Your wish to have the certificate taken back was noted; the state's MOSIS desk decides.",
        next_step="You will find the decision in the folder notices of your outbox. Until then the certificate stands.",
    )


def _pilot(manifest: dict[str, object]) -> str:
    return " This is a pilot: nothing of it is counted." if manifest.get("is_pilot") else ""


def _nothing_done(submission: Submission) -> Submission:
    return refused(
        submission,
        FileRefused(
            "rejected",
            "REPLACED",
            "The form could not be carried out: the file it names changed while the form waited. Nothing was certified.",
            "Look at the newest receipt of the collection, and sign the certificate that lies beside it.",
        ),
    )
