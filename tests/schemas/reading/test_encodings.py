"""Encodings: UTF-8 with and without mark, Windows-1252, mixtures; never a wrong letter in silence."""

import pytest

from schemas.reading.decoding import decode
from tests.schemas.reading.small_state import HEADER, names, read, refusals, row

TEXT = f"{HEADER}\n{row(last='Muñoz')}\n{row(last='Plain')}\n"


@pytest.mark.parametrize(
    "content, encoding, has_bom",
    [
        (TEXT.encode(), "utf-8", False),
        (b"\xef\xbb\xbf" + TEXT.encode(), "utf-8", True),
        (TEXT.encode("cp1252"), "windows-1252", False),
        (TEXT.replace("ñ", "n").encode(), "utf-8", False),
    ],
)
def test_encoding_is_found(content: bytes, encoding: str, has_bom: bool) -> None:
    decoded = decode(content)
    assert (decoded.encoding, decoded.has_bom) == (encoding, has_bom)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("name", ["Muñoz", "D’Arcy", "Zoë", "Müller–Lüdenscheidt", "Œuvré"])
def test_letters_come_out_the_same_from_every_encoding(encoding: str, name: str) -> None:
    extract = read(f"{HEADER}\n{row(last=name)}\n{row(last='Plain')}\n".encode(encoding))
    assert names(extract) == [(2, name), (3, "Plain")]


@pytest.mark.parametrize("byte", [b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"])
def test_byte_without_meaning_in_windows_1252_refuses_its_record_only(byte: bytes) -> None:
    content = f"{HEADER}\n{row(last='Muñoz')}\n{row(last='Xx')}\n".encode("cp1252").replace(b"Xx", b"X" + byte)
    extract = read(content)
    assert names(extract) == [(2, "Muñoz")]
    assert refusals(extract) == [(3, 1, "CHARACTER_LOST")]
    assert "windows-1252" in extract.refused["message"][0]


def test_one_damaged_letter_does_not_turn_a_utf8_file_into_windows_1252() -> None:
    content = f"{HEADER}\n{row(last='Muñoz')}\n{row(last='Peña')}\n{row(last='Xx')}\n".encode().replace(b"Xx", b"X\xf1")
    extract = read(content)
    assert extract.encoding == "utf-8"
    assert names(extract) == [(2, "Muñoz"), (3, "Peña")]
    assert refusals(extract) == [(4, 1, "CHARACTER_LOST")]


def test_utf8_letters_in_a_windows_1252_file_are_refused_not_mangled() -> None:
    lines = [HEADER, row(last="Muñoz"), row(last="Peña"), row(last="Núñez")]
    content = "\n".join(lines).encode("cp1252") + b"\n" + row(last="José").encode() + b"\n"
    extract = read(content)
    assert extract.encoding == "windows-1252"
    assert names(extract) == [(2, "Muñoz"), (3, "Peña"), (4, "Núñez")]
    assert refusals(extract) == [(5, 1, "CHARACTER_LOST")]


def test_bad_byte_after_a_byte_order_mark_stays_utf8() -> None:
    extract = read(b"\xef\xbb\xbf" + f"{HEADER}\n{row(last='Xx')}\n{row(last='B')}\n".encode().replace(b"Xx", b"X\xf1"))
    assert extract.encoding == "utf-8"
    assert names(extract) == [(3, "B")]


def test_file_cut_within_a_letter_loses_that_record_only() -> None:
    content = f"{HEADER}\n{row(last='Muñoz')}\n{row(last='Peña')}\n{LAST}".encode()[:-1]
    extract = read(content)
    assert extract.encoding == "utf-8"
    assert names(extract) == [(2, "Muñoz"), (3, "Peña")]
    assert [line for line, _, _ in refusals(extract)] == [4]


LAST = row(grade="0ñ")
