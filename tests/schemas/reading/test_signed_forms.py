"""A form that a district signed, whatever its spreadsheet made of it."""

from datetime import date

import pytest

from schemas.errors import FileRefused
from schemas.inbox.recognise import recognise
from schemas.reading import read_signed_form
from schemas.reading.recognition import CERTIFICATE, DECERTIFICATION
from schemas.reading.signed_forms import (
    CERTIFICATE_COLUMNS,
    DECERTIFICATION_COLUMNS,
    SignedForm,
    form_date,
    same_code,
    same_text,
    signed_form,
)
from tests.schemas.reading.small_state import DICTIONARY

HEADER = ",".join(CERTIFICATE_COLUMNS)
SIGNED = "SIGN,,,,,Ruth Ames,Superintendent,10/8/2025,I certify.,SUB-1,048078,2026Oct1.0StuCore,sha256:ab"
COUNT = "School and grade,1050,Lincoln High,07,8,,,,,,,,"


def read(text: str, encoding: str = "utf-8") -> SignedForm:
    content = text.encode(encoding)
    recognition = recognise(content, DICTIONARY)
    assert recognition.file_format == CERTIFICATE
    return signed_form(read_signed_form(content, recognition).records)


def test_form_as_we_wrote_it() -> None:
    form = read(f"\ufeff{HEADER}\r\n{SIGNED}\r\n{COUNT}\r\n")
    assert (form.signed_by, form.title, form.signed_on) == ("Ruth Ames", "Superintendent", "10/8/2025")
    assert (form.submission_id, form.rows_hash, form.statement) == ("SUB-1", "sha256:ab", "I certify.")
    assert form.counts == ((3, "1050", "07", "8"),)


@pytest.mark.parametrize(
    "mangled",
    [
        f"{HEADER}\n{SIGNED}\n".replace(",", "\t"),
        f"{HEADER}\n{SIGNED}\n".replace(",", ";"),
        f"{HEADER},,\n{SIGNED},,\n,,,,,,,,,,,,,,\n",
        f"\n{HEADER.upper()}\n\n{SIGNED}\n",
        "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in (HEADER, SIGNED)) + "\n",
    ],
    ids=["tabs", "semicolons", "added columns", "blank lines", "quoted"],
)
def test_form_that_a_spreadsheet_saved(mangled: str) -> None:
    form = read(mangled)
    assert (form.signed_by, form.submission_id, form.district_code) == ("Ruth Ames", "SUB-1", "048078")


def test_signature_in_another_line_is_found() -> None:
    unsigned = SIGNED.replace("Ruth Ames,Superintendent,10/8/2025", ",,")
    form = read(f"{HEADER}\n{unsigned}\n{COUNT.replace('8,,,', '8,Ruth Ames,Clerk,10/8/2025')}\n")
    assert (form.signed_by, form.title) == ("Ruth Ames", "Clerk")


def test_wish_to_take_a_certificate_back() -> None:
    header = ",".join(DECERTIFICATION_COLUMNS)
    assert recognise(f"{header}\n,,,,,,,,,\n".encode(), DICTIONARY).file_format == DECERTIFICATION


@pytest.mark.parametrize(
    "header, faults",
    [(HEADER.replace("SignedBy,", ""), "missing: SignedBy"), (f"{HEADER},Title", "more than once: Title")],
)
def test_columns_that_are_missing_or_doubled_are_named(header: str, faults: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        recognise(f"{header}\n{SIGNED}\n".encode(), DICTIONARY)
    assert (refusal.value.outcome, refusal.value.reason) == ("rejected", "FORM_HEADER")
    assert faults in refusal.value.message


@pytest.mark.parametrize(
    "text, day",
    [
        ("10/8/2025", date(2025, 10, 8)),
        ("10/08/25", date(2025, 10, 8)),
        ("2025-10-08", date(2025, 10, 8)),
        ("2025-10-08 00:00:00", date(2025, 10, 8)),
        ("October 8, 2025", date(2025, 10, 8)),
        ("Oct 8 2025", date(2025, 10, 8)),
        ("13/40/2025", None),
        ("yesterday", None),
        ("Foo 8, 2025", None),
    ],
)
def test_days_as_people_write_them(text: str, day: date | None) -> None:
    assert form_date(text) == day


def test_codes_and_sentences_survive_a_spreadsheet() -> None:
    assert same_code("48078", "048078") and same_code("k", "K") and not same_code("48079", "048078")
    assert same_text("i certify  that", "I certify, that.") and not same_text("I do not certify that", "I certify that")
