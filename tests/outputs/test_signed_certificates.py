"""What a district signs, and when a signed form is refused."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from outputs.certification.forms import Offer, certificate_csv, find_offers, write_forms
from outputs.certification.register import load_certificates
from outputs.certification.signed import judge_form
from outputs.certification.verification import verify_certificate
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.errors import FileRefused
from schemas.inbox.recognise import recognise
from schemas.reading import read_signed_form
from schemas.reading.recognition import CERTIFICATE
from schemas.reading.signed_forms import signed_form
from tests.outputs.certifying import certify
from tests.outputs.conftest import OCTOBER, RECEIVED, make_submission
from tests.outputs.test_store import THREE, store

HERE, THERE = "048078", "010004"
LATER = RECEIVED + timedelta(days=2)
NAME = make_submission(1).submission_id


@pytest.fixture
def names(dictionary: Dictionary, directory: Directory) -> dict[str, Any]:
    return {"dictionary": dictionary, "directory": directory, "actor": "operator", "at": LATER}


def offer_of(con: duckdb.DuckDBPyConnection, name: str = NAME) -> Offer:
    return find_offers(con, [name])[name]


def signed(content: bytes, **cells: str) -> bytes:
    """The form with a signature in its first line; cells of the first line can be changed."""
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    rows[0] |= {"SignedBy": "Ruth Ames", "Title": "Superintendent", "Date": "10/7/2025", **cells}
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def judge(con: duckdb.DuckDBPyConnection, content: bytes, dictionary: Dictionary, district: str = HERE) -> Any:
    recognition = recognise(content, dictionary)
    form = signed_form(read_signed_form(content, recognition).records)
    return judge_form(con, recognition.layout, form, district_code=district, request="REQ-1", received_at=LATER)


def test_certificate_says_plainly_what_is_certified(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    rows = [{**THREE[0], "grade": "03"}, THREE[1], THREE[2]]
    store(con, (make_submission(1), rows, [{"severity": "W", "message": "=look"}]))
    text = certificate_csv(offer_of(con), dictionary, directory).decode("utf-8-sig")
    first, *others = list(csv.DictReader(io.StringIO(text)))
    assert "3 records, 1 warning" in first["What"] and first["CertifySubmission"] == NAME
    counts = [(row["SchoolName"], row["Grade"], row["Records"]) for row in others if row["Records"]]
    assert counts == [("Lincoln Elementary", "03", "1"), ("Lincoln Elementary", "04", "2")]
    assert others[-1]["What"] == "Warning STC00901 on 1 record: =look"


@pytest.mark.parametrize("violation, offered", [([], True), ([{"severity": "W"}], True), ([{}], False)])
def test_certificate_lies_there_only_while_nothing_stands_against_it(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    dictionary: Dictionary,
    directory: Directory,
    violation: list[dict[str, Any]],
    offered: bool,
) -> None:
    (tmp_path / f"certify_{NAME}.csv").write_text("of an earlier report")
    store(con, (make_submission(1), THREE, violation))
    written = write_forms(tmp_path, find_offers(con, [NAME]).get(NAME), NAME, dictionary, directory)
    assert bool(written) is offered is (tmp_path / f"certify_{NAME}.csv").exists()


def test_signed_certificate_is_taken(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    store(con, (make_submission(1), THREE, []))
    wish = judge(con, signed(certificate_csv(offer_of(con), dictionary, directory), District="48078"), dictionary)
    assert (wish.kind, wish.submission_id, wish.collection_version) == (CERTIFICATE, NAME, OCTOBER)
    assert wish.signature.signed_by == "Ruth Ames" and wish.signature.signed_on == date(2025, 10, 7)


@pytest.mark.parametrize(
    "cells, reason",
    [
        ({"SignedBy": ""}, "NOT_SIGNED"),
        ({"Title": "", "Date": ""}, "NOT_SIGNED"),
        ({"Date": "soon"}, "DATE_UNREADABLE"),
        ({"Date": "10/01/2025"}, "DATE_IMPOSSIBLE"),
        ({"Date": "12/01/2025"}, "DATE_IMPOSSIBLE"),
        ({"Statement": "I do not certify anything."}, "FORM_ALTERED"),
        ({"RowsHash": "sha256:00"}, "FORM_ALTERED"),
        ({"Collection": "2026Feb1.0StuCore"}, "FORM_ALTERED"),
        ({"District": "010004"}, "OTHER_DISTRICT"),
        ({"CertifySubmission": "somebody else's"}, "UNKNOWN_SUBMISSION"),
    ],
)
def test_certificate_that_is_not_signed_or_was_altered_is_refused(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory, cells: dict[str, str], reason: str
) -> None:
    store(con, (make_submission(1), THREE, []))
    form = signed(certificate_csv(offer_of(con), dictionary, directory), **cells)
    with pytest.raises(FileRefused) as refusal:
        judge(con, form, dictionary)
    assert (refusal.value.outcome, refusal.value.reason) == ("rejected", reason)


def test_altered_count_names_the_line(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    store(con, (make_submission(1), THREE, []))
    form = signed(certificate_csv(offer_of(con), dictionary, directory)).replace(
        b"Elementary,04,3,", b"Elementary,4,30,"
    )
    with pytest.raises(FileRefused, match=r"Line 3 of the form .* says 30 records, the file has 3"):
        judge(con, form, dictionary)


def test_certificate_of_another_districts_inbox_tells_nothing(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    store(con, (make_submission(1), THREE, []))
    form = signed(certificate_csv(offer_of(con), dictionary, directory), District="")
    with pytest.raises(FileRefused) as refusal:
        judge(con, form, dictionary, THERE)
    assert refusal.value.reason == "UNKNOWN_SUBMISSION" and HERE not in refusal.value.message


def test_certificate_of_a_replaced_trial_is_refused(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    store(con, (make_submission(1), THREE, []))
    form = signed(certificate_csv(offer_of(con), dictionary, directory))
    store(con, (make_submission(2), THREE, []), day=1)
    with pytest.raises(FileRefused) as refusal:
        judge(con, form, dictionary)
    assert refusal.value.reason == "REPLACED" and make_submission(2).submission_id in refusal.value.message


def test_certificate_is_refused_while_an_error_stands(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    store(con, (make_submission(1), THREE, []))
    form = signed(certificate_csv(offer_of(con), dictionary, directory))
    store(con, (make_submission(1), THREE, [{}]))
    with pytest.raises(FileRefused, match=r"1 error \(STC00901 1\)"):
        judge(con, form, dictionary)


def test_second_drop_changes_nothing(con: duckdb.DuckDBPyConnection, names: dict[str, Any]) -> None:
    store(con, (make_submission(1), THREE, []))
    form = signed(certificate_csv(offer_of(con), names["dictionary"], names["directory"]))
    certify(con, HERE, OCTOBER, **names)
    assert "certified already" in judge(con, form, names["dictionary"]).done


def test_certificate_can_be_verified(con: duckdb.DuckDBPyConnection, tmp_path: Path, names: dict[str, Any]) -> None:
    store(con, (make_submission(1), THREE, []))
    certify(con, HERE, OCTOBER, **names)
    (certificate,) = load_certificates(con)
    assert verify_certificate(con, tmp_path, certificate).findings[0].startswith("the bytes of the file are missing")
    con.execute("UPDATE collection.student_core SET grade = '05' WHERE line_number = 2")
    assert (
        "the stored records are not those that were certified"
        in verify_certificate(con, tmp_path, certificate).findings
    )


def test_dates_are_those_of_missouri(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, directory: Directory
) -> None:
    """Late in the evening in Missouri it is the next day in UTC."""
    evening = datetime(2025, 10, 7, 2, 0, tzinfo=UTC)
    store(con, (make_submission(1, received_at=evening), THREE, []))
    form = signed(certificate_csv(offer_of(con), dictionary, directory), Date="10/6/2025")
    assert judge(con, form, dictionary).signature.signed_on == date(2025, 10, 6)
