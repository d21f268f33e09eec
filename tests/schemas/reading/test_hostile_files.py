"""The hostile set on a small layout and on Student Core: nothing lost, nothing altered, nothing made up in silence."""

from functools import cache

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dictionary import Dictionary, load_dictionary
from schemas.errors import FileRefused
from schemas.inbox.recognise import recognise
from schemas.reading import NEAR_MATCH_RETURN, Extract, read_extract, read_near_match_return
from schemas.reading.decoding import decode, physical_lines
from tests.hostile_files import HostileFile, hostile_files
from tests.schemas.reading.small_state import DICTIONARY, HEADER, hash_ssn, row

SMALL = "\n".join([HEADER, *[row(str(number) * 10, f"Name{number}") for number in range(1, 7)], ""]).encode()


@cache
def student_core() -> tuple[bytes, Dictionary]:
    dictionary = load_dictionary()
    columns = [field.column for field in dictionary.layout("student_core", 2026).fields]
    rows = [
        ",".join(["2026Oct1.0StuCore", "2026", *["048078", "1050"] * 3, *[f"{n}x"] * (len(columns) - 8)])
        for n in range(6)
    ]
    return "\n".join([",".join(columns), *rows, ""]).encode(), dictionary


def read(content: bytes, dictionary: Dictionary) -> Extract:
    recognition = recognise(content, dictionary)
    if recognition.file_format == NEAR_MATCH_RETURN:
        return read_near_match_return(content, recognition)
    return read_extract(content, recognition, dictionary, hash_ssn)


def assert_honest(hostile: HostileFile, clean: Extract, dictionary: Dictionary) -> None:
    if hostile.reason:
        with pytest.raises(FileRefused) as refused:
            read(hostile.content, dictionary)
        assert refused.value.reason == hostile.reason
        return
    extract = read(hostile.content, dictionary)
    assert tuple(extract.refused["line_number"]) == hostile.refused
    assert extract.blank_lines == hostile.blank
    assert extract.record_count == clean.record_count + hostile.extra
    assert extract.line_count == len(physical_lines(decode(hostile.content).text))
    kept = extract.records.filter(~pl.col("line_number").is_in(hostile.changed)).drop("line_number")
    known = set(map(repr, clean.records.drop("line_number").iter_rows()))
    assert [found for found in kept.iter_rows() if repr(found) not in known] == []


@pytest.mark.parametrize("hostile", hostile_files(SMALL), ids=lambda hostile: hostile.name)
def test_hostile_file_of_a_small_layout(hostile: HostileFile) -> None:
    assert_honest(hostile, read(SMALL, DICTIONARY), DICTIONARY)


@pytest.mark.parametrize("hostile", hostile_files(student_core()[0]), ids=lambda hostile: hostile.name)
def test_hostile_file_of_student_core(hostile: HostileFile) -> None:
    clean, dictionary = student_core()
    assert_honest(hostile, read(clean, dictionary), dictionary)


def account_adds_up(content: bytes) -> None:
    """Read any bytes: an extract whose lines add up, or a refusal; nothing else may come out."""
    try:
        extract = read(content, DICTIONARY)
    except FileRefused as refused:
        assert refused.outcome in ("rejected", "quarantined")
        assert refused.message and refused.next_step
        return
    lines = len(physical_lines(decode(content).text))
    starts = [*extract.records["line_number"], *extract.refused["line_number"]]
    spans = extract.line_count - extract.header_lines - extract.blank_lines
    assert extract.line_count == lines
    assert extract.record_count == extract.records.height + extract.refused.height
    assert len(set(starts)) == len(starts)
    assert all(1 <= start <= lines for start in starts)
    assert extract.records.height + extract.refused["line_span"].sum() <= spans
    assert spans >= len(starts)


PIECES = st.sampled_from(
    [b"\n", b"\r\n", b"\r", b",", b"\t", b'"', b'""', b" ", b"\x00", b"\x1a", b"\xff", b"\xc3\xa9", b"\xc3",
    b"\xef\xbb\xbf",
     b"2026Oct1.0StuCore", b"2026Oct1.0StuCore,1,A,B,,05\n", b"TH 10/06/2025 08:15:00 42 1.0 delimiter=0x2C\n",
     b"ID,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n", b"TT 1 42\n", b"2026Oct1.0StuCore".ljust(65) + b"\n", b"ID" + b"," *
     32, b"NEAR_MATCH", HEADER.encode() + b"\n", HEADER.replace(",", "\t").encode() + b"\n", b"x", b"05"]
)  # fmt: skip


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=30).map(b"".join)))
@settings(max_examples=250, deadline=None)
def test_any_bytes_add_up_or_are_refused(content: bytes) -> None:
    account_adds_up(content)


@given(st.lists(PIECES, max_size=25).map(b"".join), st.sampled_from([b",", b"\t"]))
@settings(max_examples=250, deadline=None)
def test_anything_under_a_header_adds_up(content: bytes, delimiter: bytes) -> None:
    account_adds_up((HEADER + "\n" + row()).encode().replace(b",", delimiter) + b"\n" + content)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_damage_to_a_clean_file_adds_up(data: st.DataObject) -> None:
    content = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(PIECES)
    account_adds_up(bytes(content))
