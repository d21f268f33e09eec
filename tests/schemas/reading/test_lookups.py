"""Locator requests: recognised by their header row, read line by line, refused with what to write instead."""

import pytest

from schemas.dictionary import load_dictionary
from schemas.errors import FileRefused
from schemas.inbox.recognise import recognise
from schemas.reading import LOCATOR_REQUEST, read_locator_request
from schemas.reading.lookups import MOST_LOOKUPS

HEADER = "LocatorRequest,Purpose,LegalLastName,LegalFirstName,DateOfBirth"


def read(text: str) -> list[tuple[object, ...]]:
    content = text.encode()
    recognition = recognise(content, load_dictionary())
    assert recognition.layout == recognition.collection_version == LOCATOR_REQUEST
    return read_locator_request(content, recognition).records.rows()


def test_request_is_read_by_its_header() -> None:
    assert read(f'{HEADER}\r\n1,ENROLL,"Garcia, Lopez",Maria,04/09/2014\r\n\r\n2,RECORDS,Smith,,\r\n') == [
        (2, "1", "ENROLL", "Garcia, Lopez", "Maria", "04/09/2014"),
        (4, "2", "RECORDS", "Smith", None, None),
    ]


def test_tabs_and_any_order_and_case() -> None:
    assert read("\n purpose\tLOCATORREQUEST\tStateID\nENROLL\t7\t1234567890\n") == [(3, "ENROLL", "7", "1234567890")]


@pytest.mark.parametrize(
    "header, fault",
    [
        ("LocatorRequest,LegalLastName", "Purpose is missing"),
        (f"{HEADER},SSN", "1 columns are unknown"),
        (f"{HEADER},Purpose", "twice"),
        ("LocatorRequest,Purpose", "nothing but"),
    ],
)
def test_faulty_header_is_rejected(header: str, fault: str) -> None:
    with pytest.raises(FileRefused, match=fault) as refused:
        read(f"{header}\n")
    assert (refused.value.outcome, refused.value.reason) == ("rejected", "LOCATOR_HEADER")
    assert "LocalStudentID" in refused.value.next_step


@pytest.mark.parametrize("count, is_read", [(MOST_LOOKUPS, True), (MOST_LOOKUPS + 1, False)])
def test_file_of_many_lookups_is_rejected(count: int, is_read: bool) -> None:
    text = HEADER + "\n" + "1,ENROLL,Smith,Ann,\n" * count
    if is_read:
        assert len(read(text)) == count
        return
    with pytest.raises(FileRefused, match=f"at most {MOST_LOOKUPS}") as refused:
        read(text)
    assert refused.value.reason == "LOCATOR_TOO_LONG"


def test_file_without_lookups_is_rejected() -> None:
    with pytest.raises(FileRefused, match="no record after them"):
        read(HEADER + "\n")
