"""What a file is, and what its sender is told when it is none of ours or cannot be used."""

import gzip
import io
import zipfile

import pytest

from schemas.errors import FileRefused
from schemas.inbox import recognise as recognising
from schemas.inbox.headers import header_faults
from schemas.inbox.recognise import recognise
from tests.schemas.reading.small_state import CORE_LAYOUT, DICTIONARY, HEADER, LITERAL, row

COLUMNS = HEADER.split(",")


def refusal(content: bytes | str) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        recognise(content.encode() if isinstance(content, str) else content, DICTIONARY)
    return refused.value


@pytest.mark.parametrize(
    "content, expected",
    [
        (f"{HEADER}\n{row()}\n", ("student_core", LITERAL, 2026, "Oct", "comma")),
        (f"{HEADER}\n{row()}\n".replace(",", "\t"), ("student_core", LITERAL, 2026, "Oct", "tab")),
        (HEADER.replace(",SSN", "") + "\n2025Oct1.0StuCore,,A,B,05\n", ("student_core", "2025Oct1.0StuCore", 2025, "Oct", "comma")),
        (
            "CollectionVersion,StateID,LastName,Assessment,Sort\n2026MAPSPR1.0AsmPre,,A,MAP,1\n",
            ("assessment_precode", "2026MAPSPR1.0AsmPre", 2026, "MAPSPR", "comma"),
        ),
        (LITERAL.ljust(65) + "\n", ("student_core", LITERAL, 2026, "Oct", "fixed")),
        (LITERAL.ljust(30) + "\n", ("student_core", LITERAL, 2026, "Oct", "fixed")),
        ("TH 10/06/2025 08:15:00 42 1.0 delimiter=0x2C\nTT 0 42\n", ("id_batch", "id_batch", 2026, "", "id_batch")),
        ("TH\n", ("id_batch", "id_batch", 2026, "", "id_batch")),
    ],
)  # fmt: skip
def test_content_names_layout_and_collection(content: str, expected: tuple[str, str, int, str, str]) -> None:
    found = recognise(content.encode(), DICTIONARY)
    assert (found.layout, found.collection_version, found.school_year, found.cycle, found.file_format) == expected


def test_columns_may_stand_in_any_order_and_case() -> None:
    found = recognise(
        b" studentgradelevel,ssn ,LASTNAME,FirstName,StateID,CollectionVersion\n5,,A,B,,2026Oct1.0StuCore\n", DICTIONARY
    )
    assert found.columns == ("grade", "ssn", "last_name", "first_name", "submitted_state_id", "collection_version")


def test_first_record_that_can_be_read_decides() -> None:
    found = recognise(f"{HEADER}\n\n,,,,,\n2025Oct1.0StuCore,short\n{row()}\n".encode(), DICTIONARY)
    assert found.collection_version == LITERAL


def test_first_record_is_found_beyond_the_head_of_the_file() -> None:
    short = "x,y\n" * 40_000
    assert recognise(f"{HEADER}\n{short}{row()}\n".encode(), DICTIONARY).collection_version == LITERAL


def workbook(part: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(part, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content, reason, says",
    [
        (b"", "EMPTY_FILE", "no line with text"),
        (b"\n\r\n  \n", "EMPTY_FILE", "no line with text"),
        (b"\x1a", "EMPTY_FILE", "no line with text"),
        (b"\xef\xbb\xbf", "EMPTY_FILE", "no line with text"),
        (workbook("xl/workbook.xml"), "SPREADSHEET_FILE", "Excel"),
        (workbook("notes.txt"), "ARCHIVE_FILE", "ZIP"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "SPREADSHEET_FILE", "Excel 97-2003"),
        (gzip.compress(f"{HEADER}\n{row()}\n".encode()), "ARCHIVE_FILE", "gzip"),
        (b"%PDF-1.7\n%\xe2\xe3", "DOCUMENT_FILE", "PDF"),
        (b"{\\rtf1\\ansi", "DOCUMENT_FILE", "RTF"),
        (f"{HEADER}\n{row()}\n".encode("utf-16"), "UTF16_FILE", "UTF-16"),
        (f"{HEADER}\n{row()}\n".encode("utf-16-be"), "UTF16_FILE", "UTF-16"),
        (f"{HEADER}\n{row()}\n".encode("utf-32"), "UTF16_FILE", "UTF-32"),
        (b"<!DOCTYPE html><html><table>", "MARKUP_FILE", "web page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "MARKUP_FILE", "XML"),
        (b'[{"StateID": "1"}]', "MARKUP_FILE", "JSON"),
        (bytes(range(256)) * 20, "BINARY_FILE", "not text"),
        (b"Dear Sir,\nplease find the data attached.\n", "NOT_RECOGNISED", "line 1"),
        (b"LastName,FirstName\nSmith,Ann\n", "NOT_RECOGNISED", "2 of the 6 column names"),
    ],
)
def test_what_is_none_of_ours_is_quarantined(content: bytes, reason: str, says: str) -> None:
    refused = refusal(content)
    assert (refused.outcome, refused.reason) == ("quarantined", reason)
    assert says in refused.message
    assert refused.next_step
    assert len(refused.next_step) < 500, "a text to read, not a list of every collection of every year"


@pytest.mark.parametrize(
    "header, reason, says",
    [
        (HEADER.replace("LastName", "LstName"), "HEADER_UNKNOWN_COLUMN", "unknown: LstName (do you mean LastName?)"),
        (HEADER.replace("LastName", "Surname of the child"), "HEADER_UNKNOWN_COLUMN", "unknown: Surname of the child; missing: LastName"),
        (HEADER.replace(",SSN", ""), "HEADER_MISSING_COLUMN", "missing: SSN"),
        (HEADER.replace("SSN", "StateID"), "HEADER_MISSING_COLUMN", "missing: SSN; more than once: StateID"),
        (HEADER + ",StateID", "HEADER_DOUBLED_COLUMN", "more than once: StateID"),
        (HEADER + ",", "HEADER_BLANK_COLUMN", "without a name: column 7"),
        (HEADER.replace("SSN", " "), "HEADER_MISSING_COLUMN", "missing: SSN; without a name: column 5"),
        ("StateId,LastNam,FristName,SSN,StudentGradeLevel,CollectionVersion", "HEADER_UNKNOWN_COLUMN",
         "unknown: LastNam (do you mean LastName?), FristName (do you mean FirstName?)"),
        (HEADER.replace("SSN", "SS\x00N"), "HEADER_UNKNOWN_COLUMN", "SS?N (do you mean SSN?)"),
        (HEADER.replace("SSN", '"SSN'), "HEADER_DAMAGED", "quotation marks"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_faulty_header_is_rejected_naming_every_fault(header: str, reason: str, says: str, delimiter: str) -> None:
    refused = refusal(header.replace(",", delimiter) + "\n" + row().replace(",", delimiter) + "\n")
    assert (refused.outcome, refused.reason, refused.line) == ("rejected", reason, 1)
    assert says in refused.message


def test_long_lists_of_faults_are_cut() -> None:
    refused = refusal(HEADER + "".join(f",Extra{number}" for number in range(40)) + f"\n{row()}\n")
    assert "Extra29 and 10 more" in refused.message


@pytest.mark.parametrize("lines, is_taken", [(10, True), (11, False)])
def test_flood_of_lines_is_not_split(monkeypatch: pytest.MonkeyPatch, lines: int, is_taken: bool) -> None:
    monkeypatch.setattr(recognising, "MOST_LINES", 10)
    content = f"{HEADER}\n{row()}\n".encode() + b"\n" * (lines - 2)
    if is_taken:
        assert recognise(content, DICTIONARY).layout == "student_core"
    else:
        assert refusal(content).reason == "TOO_MANY_LINES"


def test_first_line_without_end_is_looked_at_in_part_only() -> None:
    assert refusal(b"x" * 1_000_000).reason == "NOT_RECOGNISED"
    assert refusal(HEADER.encode() + b"," * 1_000_000).reason == "NOT_RECOGNISED"


def test_a_right_header_has_no_faults() -> None:
    assert header_faults(COLUMNS, CORE_LAYOUT).reason is None


@pytest.mark.parametrize(
    "content, reason, line, says",
    [
        (HEADER, "NO_RECORDS", 1, "no record"),
        (f"{HEADER}\n\n,,,,,\n", "NO_RECORDS", 1, "no record"),
        (f"{HEADER}\na,b\nc\n", "NO_READABLE_RECORD", 2, "None of the 2 records"),
        (f"{HEADER}\n,,A,B,,05\n", "COLLECTION_UNKNOWN", 2, "is blank"),
        (f"{HEADER}\n2026Okt1.0StuCore,,A,B,,05\n", "COLLECTION_UNKNOWN", 2, "2026Okt1.0StuCore; no collection"),
        (f"{HEADER}\n2026oct1.0stucore,,A,B,,05\n", "COLLECTION_UNKNOWN", 2, "Probably 2026Oct1.0StuCore is meant"),
        (f"{HEADER}\nSmith Zebulon,,A,B,,05\n", "COLLECTION_UNKNOWN", 2, "a text of 13 characters in another form"),
        (f"{HEADER}\n2026MAPSPR1.0AsmPre,,A,B,,05\n", "COLLECTION_OTHER_LAYOUT", 2, "assessment_precode 2026"),
        (f"{HEADER}\n2025Oct1.0StuCore,,A,B,,05\n", "HEADER_UNKNOWN_COLUMN", 1, "student_core 2025: unknown: SSN"),
        (f"Student Core export\n\n{HEADER}\n{row()}\n", "HEADER_NOT_FIRST", 3, "stand on line 3"),
        (f"sep=,\n{HEADER}\n{row()}\n", "HEADER_NOT_FIRST", 2, "stand on line 2"),
        (f"{row()}\n{row()}\n", "HEADER_ABSENT", 1, "must begin with the column names"),
        (f'"{row().replace(",", chr(34) + "," + chr(34))}"\n', "HEADER_ABSENT", 1, "must begin with the column names"),
        (f"{HEADER}\n{row()}\n".replace(",", ";"), "DELIMITER_UNKNOWN", 1, "semicolons"),
        (f"{HEADER}\n{row()}\n".replace(",", "|"), "DELIMITER_UNKNOWN", 1, "vertical bars"),
        ("2026Dec1.0StuCore".ljust(65) + "\n", "COLLECTION_UNKNOWN", 1, "2026Dec1.0StuCore"),
        ("RecordType,CurrentSchoolCode,ResidentDistrictCode,LegalLastName,LegalFirstName\n", "BATCH_HEADER_MISSING", 1, "TH"),
    ],
)  # fmt: skip
def test_extract_that_cannot_be_used_is_rejected_with_its_line(content: str, reason: str, line: int, says: str) -> None:
    refused = refusal(content)
    assert (refused.outcome, refused.reason, refused.line) == ("rejected", reason, line)
    assert says in refused.message


def test_messages_show_no_value() -> None:
    for content in (f"{HEADER}\nZebulon,,A,B,,05\n", "Zebulon Smith 123456789\n", f"{HEADER}\nZebulon\n"):
        refused = refusal(content)
        assert "Zebulon" not in refused.message + refused.next_step
