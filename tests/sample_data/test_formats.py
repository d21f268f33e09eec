"""Extracts as districts' software writes them, and the answered IDs put back into them."""

import polars as pl
import pytest

from sample_data.formats import Dialect, fill_state_ids, mix_newlines, write_extract
from schemas.dictionary import Field, RecordLayout

REQUIREMENTS = {"": "Optional"}


def text_field(column: str, name: str, length: int) -> Field:
    return Field("", column, "Text", length, None, None, "", REQUIREMENTS, 1, name, "", "", "test")


LAYOUT = RecordLayout(
    "student_core",
    2025,
    (
        text_field("CollectionVersion", "collection_version", 4),
        text_field("StateID", "submitted_state_id", 10),
        text_field("LocalStudentID", "local_student_id", 4),
        text_field("LastName", "last_name", 8),
    ),
)
RECORDS = pl.DataFrame(
    {
        "collection_version": ["Oct", "Oct"],
        "submitted_state_id": [None, "1234567890"],
        "local_student_id": ["17", "18"],
        "last_name": ["Peña, Jr", None],
    },
    schema_overrides={"submitted_state_id": pl.String},
)


@pytest.mark.parametrize(
    "dialect, content",
    [
        (
            Dialect(),
            'CollectionVersion,StateID,LocalStudentID,LastName\nOct,,17,"Peña, Jr"\nOct,1234567890,18,\n'.encode(),
        ),
        (
            Dialect("tab", "cp1252", "crlf"),
            "CollectionVersion\tStateID\tLocalStudentID\tLastName\r\nOct\t\t17\tPeña, Jr\r\nOct\t1234567890\t18\t\r\n".encode("cp1252"),
        ),
        (
            Dialect("comma", "utf-8-sig", "cr", "all", "upper"),
            (
                '\ufeff"COLLECTIONVERSION","STATEID","LOCALSTUDENTID","LASTNAME"\r'
                '"Oct","","17","Peña, Jr"\r"Oct","1234567890","18",""\r'
            ).encode(),
        ),
        (
            Dialect("fixed", "cp1252", "lf"),
            "Oct           17  Peña, Jr\nOct 123456789018          \n".encode("cp1252"),
        ),
    ],
)  # fmt: skip
def test_extract_is_written_in_the_dialect(dialect, content):
    assert write_extract(RECORDS, LAYOUT, dialect) == content


DIALECTS = [
    Dialect(file_format, encoding, newline, quoting, case)
    for file_format in ("comma", "tab", "fixed")
    for encoding in ("utf-8", "utf-8-sig", "cp1252")
    for newline in ("lf", "crlf", "cr", "mixed")
    for quoting, case in (("needed", "padded"), ("all", "as_published"), ("needed", "upper"))
]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_filling_changes_the_ids_and_nothing_else(dialect):
    asked = write_extract(RECORDS, LAYOUT, dialect)
    answered = RECORDS.with_columns(submitted_state_id=pl.Series(["5555555555", "1234567890"]))
    assert fill_state_ids(asked, LAYOUT, {}) == asked
    assert fill_state_ids(asked, LAYOUT, {"17": "5555555555"}) == write_extract(answered, LAYOUT, dialect)


@pytest.mark.parametrize("replace_sent, expected", [(False, "1234567890"), (True, "6666666666")])
def test_an_id_that_was_sent_is_replaced_only_on_request(replace_sent, expected):
    asked = write_extract(RECORDS, LAYOUT, Dialect())
    filled = fill_state_ids(asked, LAYOUT, {"18": "6666666666"}, replace_sent=replace_sent)
    assert filled.decode().splitlines()[2] == f"Oct,{expected},18,"


def test_columns_keep_their_own_order():
    shuffled = RECORDS.select("last_name", "local_student_id", "submitted_state_id", "collection_version")
    asked = write_extract(shuffled, LAYOUT, Dialect())
    assert fill_state_ids(asked, LAYOUT, {"17": "5555555555"}).decode().splitlines()[:2] == [
        "LastName,LocalStudentID,StateID,CollectionVersion",
        '"Peña, Jr",17,5555555555,Oct',
    ]


def test_every_undamaged_extract_of_a_sample_comes_back_unchanged(sample):
    from tests.sample_data.reading import DICTIONARY

    paths = sorted(sample.out.glob("*/core/*/*"))
    damaged = pl.read_csv(sample.out / "truth" / "expected.csv").filter(pl.col("case") == "refused_line")["file_name"]
    for path in paths:
        if path.name not in damaged.to_list():
            content = path.read_bytes()
            layout = DICTIONARY.layout("student_core", int(path.parts[-4]))
            assert fill_state_ids(content, layout, {}) == content, path.name


@pytest.mark.parametrize(
    "content, mixed",
    [
        (b"a\r\nb\r\nc\r\nd\r\n", b"a\r\nb\r\nc\r\nd\n"),
        (b"a\r\n", b"a\r\n"),
    ],
)
def test_a_mixed_file_changes_its_line_ends_in_the_second_half(content, mixed):
    assert mix_newlines(content, "mixed") == mixed
    assert mix_newlines(content, "crlf") == content
