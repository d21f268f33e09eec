"""Whether a signed form may be acted on: it is signed, of this district, of the file that stands, and nobody altered it.

Every reason is a code (stored with the submission, never renumbered), a sentence that says what was found and one that says what
to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from outputs.certification.against import Trial, what_stands_against
from outputs.certification.counts import count_by_school, form_hashes
from outputs.certification.forms import (
    DECERTIFY_STATEMENT,
    HASH_PREFIX,
    STATEMENT,
    certificate_name,
    decertification_name,
)
from outputs.certification.freezing import Signature
from outputs.certification.register import Certificate, load_certificates
from outputs.next_steps import long_date
from schemas.clock import missouri_day
from schemas.errors import FileRefused
from schemas.reading.recognition import CERTIFICATE
from schemas.reading.signed_forms import SignedForm, form_date, same_code, same_text

SIGN_AGAIN = "Write name, title and date into the first line of the form in your outbox folder and drop it again."


@dataclass(frozen=True, slots=True)
class Wish:
    """A signed form that may be acted on: what is signed, and by whom. ``done``: it was acted on before."""

    kind: str
    submission_id: str
    district_code: str
    collection_version: str
    signature: Signature
    reason: str | None = None
    done: str | None = None


@dataclass(frozen=True, slots=True)
class _File:
    submission_id: str
    district_code: str
    school_code: str | None
    collection_version: str
    layout: str
    sha256: str
    refused_count: int
    status: str
    received_at: datetime


def judge_form(
    con: duckdb.DuckDBPyConnection,
    kind: str,
    form: SignedForm,
    *,
    district_code: str,
    request: str,
    received_at: datetime,
) -> Wish:
    """What a signed form asks for.

    Args:
        district_code: in whose inbox it lay.
        request: the submission that the form became.

    Raises:
        FileRefused: rejected, with the reason.
    """
    file = _file(con, kind, form, district_code)
    if kind == CERTIFICATE:
        wish = _signed(form, file, kind, request, received_at)
        if file.status == "certified":
            return _certified_before(con, file, wish)
        _require_trial(con, file)
        _require_unaltered(con, form, file, kind)
        _require_clear(con, file)
        return wish
    if file.status != "certified":
        raise _refusal(
            "NOT_CERTIFIED",
            f"{file.submission_id} is not certified (any more), so there is no certificate to take back.",
            "Nothing has to be done.",
        )
    wish = _signed(form, file, kind, request, received_at)
    if not form.reason:
        raise _refusal(
            "REASON_MISSING",
            "The form says nothing in Reason.",
            "Write why the certificate is to be taken back, and drop it again.",
        )
    _require_unaltered(con, form, file, kind)
    return _asked_before(con, file, wish, form.reason)


def _refusal(reason: str, message: str, step: str) -> FileRefused:
    return FileRefused("rejected", reason, message, step)


def _file(con: duckdb.DuckDBPyConnection, kind: str, form: SignedForm, district_code: str) -> _File:
    """The submission that the form names.

    Raises:
        FileRefused: there is none, or it is another district's; which of the two is not told.
    """
    rows = con.execute(
        "SELECT submission_id, district_code, school_code, collection_version, layout, sha256, "
        "coalesce(refused_count, 0), status, received_at FROM intake.submission WHERE submission_id = ? "
        "AND district_code = ?",
        [(form.submission_id or "").strip().strip("'"), district_code],
    ).fetchall()
    if form.district_code and not same_code(form.district_code, district_code):
        raise _refusal(
            "OTHER_DISTRICT",
            f"The form is of another district; this is the inbox of {district_code}.",
            "Drop each form into the inbox folder of the district that signed it.",
        )
    if not rows:
        raise _refusal(
            "UNKNOWN_SUBMISSION",
            f"The form names no file that district {district_code} has sent.",
            "Sign the form that lies in your outbox folder, beside the report of your last file.",
        )
    file = _File(*rows[0])
    if form.collection_version and not same_text(form.collection_version, file.collection_version):
        raise _refusal(
            "FORM_ALTERED",
            "The collection on the form is not that of the file it names.",
            f"The form was altered. {SIGN_AGAIN}",
        )
    return file


def _signed(form: SignedForm, file: _File, kind: str, request: str, received_at: datetime) -> Wish:
    """The wish of a form that is signed in full.

    Raises:
        FileRefused: name, title or date is missing, or the date cannot be.
    """
    blank = [
        name
        for name, value in (("SignedBy", form.signed_by), ("Title", form.title), ("Date", form.signed_on))
        if not value
    ]
    if blank:
        raise _refusal(
            "NOT_SIGNED",
            f"The form is not signed: {', '.join(blank)} {'is' if len(blank) == 1 else 'are'} blank.",
            SIGN_AGAIN,
        )
    day = _signing_day(form.signed_on or "", file, received_at)
    statement = STATEMENT if kind == CERTIFICATE else DECERTIFY_STATEMENT
    if not same_text(form.statement or "", statement):
        raise _refusal(
            "FORM_ALTERED",
            "The statement on the form is not the one that we sent.",
            f"The form was altered. {SIGN_AGAIN}",
        )
    signature = Signature(form.signed_by or "", form.title or "", day, request)
    return Wish(kind, file.submission_id, file.district_code, file.collection_version, signature, form.reason)


def _signing_day(text: str, file: _File, received_at: datetime) -> date:
    day = form_date(text)
    first, last = missouri_day(file.received_at), missouri_day(received_at)
    if day is None:
        raise _refusal(
            "DATE_UNREADABLE",
            "The Date on the form cannot be read.",
            "Write it as month/day/year, such as 10/08/2025, and drop the form again.",
        )
    if not first <= day <= last:
        raise _refusal(
            "DATE_IMPOSSIBLE",
            f"The form is dated {long_date(day)}; the file came {long_date(first)}, and today is {long_date(last)}.",
            "Write the day on which you sign, and drop the form again.",
        )
    return day


def _require_trial(con: duckdb.DuckDBPyConnection, file: _File) -> None:
    if file.status == "trial":
        return
    newer = con.execute(
        "SELECT max(submission_id) FROM intake.submission WHERE district_code = ? AND collection_version = ? "
        "AND school_code IS NOT DISTINCT FROM ? AND status IN ('trial', 'certified')",
        [file.district_code, file.collection_version, file.school_code],
    ).fetchall()[0][0]
    stands = f" What stands now is {newer}." if newer else ""
    raise _refusal(
        "REPLACED",
        f"The form certifies {file.submission_id}, which a newer file has replaced.{stands}",
        "Sign the certificate of your newest file: it lies in that file's folder as soon as nothing stands against it.",
    )


def _require_clear(con: duckdb.DuckDBPyConnection, file: _File) -> None:
    trial = Trial(
        file.submission_id, file.district_code, file.school_code, file.layout, file.sha256, file.refused_count
    )
    if against := what_stands_against(con, [trial]):
        raise _refusal(
            "STANDS_AGAINST",
            f"The file cannot be certified: {against}",
            f"Open outbox/{file.district_code}/{file.submission_id}/violations.html, correct the data and send the whole file "
            "again. The new file brings a new certificate.",
        )


def _require_unaltered(con: duckdb.DuckDBPyConnection, form: SignedForm, file: _File, kind: str) -> None:
    """The hash and the counts on the form are those of the rows that stand."""
    name = certificate_name(file.submission_id) if kind == CERTIFICATE else decertification_name(file.submission_id)
    layouts = {file.layout: [file.submission_id]}
    ours = form_hashes(con, layouts).get(file.submission_id, "")
    sent = (form.rows_hash or "").strip().strip("'").casefold().removeprefix(HASH_PREFIX)
    if sent != ours:
        raise _refusal(
            "FORM_ALTERED",
            "RowsHash on the form is not that of the records we hold: the form was altered, or the records changed since it "
            "was made.",
            f"Open {name} from your outbox folder anew, sign that and drop it.",
        )
    wrong = next(_wrong_counts(con, form, layouts), None) if form.counts else None
    if wrong is not None:
        raise _refusal(
            "FORM_ALTERED",
            f"Line {wrong[0]} of the form does not say what the file holds: it says {wrong[1]}, the file has {wrong[2]}.",
            f"The form was altered. Open {name} from your outbox folder anew, sign that and drop it.",
        )


def _wrong_counts(
    con: duckdb.DuckDBPyConnection, form: SignedForm, layouts: dict[str, list[str]]
) -> Iterator[tuple[int, str, str]]:
    """Lines whose count is not ours: line, what stands there, what is right."""
    held = {(_code(school), _code(grade)): n for _, school, grade, n in count_by_school(con, layouts).iter_rows()}
    for line, school, grade, records in form.counts:
        right = held.get((_code(school.replace("(no school)", "")), _code(grade)), 0)
        said = records.replace(",", "").removesuffix(".0")
        if said != str(right):
            yield line, f"{records} records", f"{right:,}"


def _code(text: str) -> str:
    return text.strip().strip("'").lstrip("0").casefold()


def _certified_before(con: duckdb.DuckDBPyConnection, file: _File, wish: Wish) -> Wish:
    (standing,) = load_certificates(con, submission_id=file.submission_id, standing_only=True)[-1:]
    return _done(wish, standing.request_submission_id or file.submission_id, _said_before(standing))


def _said_before(standing: Certificate) -> str:
    return f"This file is certified already, since {long_date(missouri_day(standing.at))}, by {standing.who}. Nothing was changed."


def _asked_before(con: duckdb.DuckDBPyConnection, file: _File, wish: Wish, reason: str) -> Wish:
    rows = con.execute(
        "SELECT request_submission_id FROM intake.decertify_request WHERE submission_id = ? AND status = 'open'",
        [file.submission_id],
    ).fetchall()
    if rows:
        return _done(
            wish,
            rows[0][0],
            "You have asked for this already; the state's MOSIS desk has not decided yet. Nothing was changed.",
        )
    return wish


def _done(wish: Wish, by: str, sentence: str) -> Wish:
    signature = Signature(wish.signature.signed_by, wish.signature.title, wish.signature.signed_on, by)
    return Wish(
        wish.kind, wish.submission_id, wish.district_code, wish.collection_version, signature, wish.reason, sentence
    )
