"""Fixed-width extracts: widths count characters, any other length is refused with its line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schemas.reading.small_state import CORE, LITERAL, adds_up, names, read, refusals

WIDTHS = [length for _, _, length in CORE]


def line(last: str = "Smith", first: str = "Ann", ssn: str = "", state_id: str = "", grade: str = "05") -> str:
    values = [LITERAL, state_id, last, first, ssn, grade]
    return "".join(value.ljust(width) for value, width in zip(values, WIDTHS, strict=True))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_fields_by_place(newline: str, encoding: str) -> None:
    extract = read(newline.join([line("Muñoz", ssn="123456789"), line("D’Arcy", "Zoë")]).encode(encoding))
    assert extract.records.row(0) == (1, LITERAL, None, "Muñoz", "Ann", "05", "9", [], "ok")
    assert names(extract) == [(1, "Muñoz"), (2, "D’Arcy")]
    assert extract.records["grade"].to_list() == ["05", "05"]
    assert extract.header_lines == 0
    assert adds_up(extract, 2)


def test_letter_beyond_the_basic_plane_is_one_character() -> None:
    assert names(read(line("\U0001f600x") + "\n")) == [(1, "\U0001f600x")]


@pytest.mark.parametrize(
    "bad, found", [(line()[:-1], 64), (line() + "x", 66), (line() + " ", 66), (line()[:30], 30), ("x", 1)]
)
def test_other_length_is_refused(bad: str, found: int) -> None:
    extract = read(f"{line('A')}\n{bad}\n{line('B')}\n")
    assert names(extract) == [(1, "A"), (3, "B")]
    assert refusals(extract) == [(2, 1, "RECORD_LENGTH")]
    assert extract.refused["message"][0].startswith(f"{found} characters where the layout has 65")
    assert adds_up(extract, 3)


def test_line_padded_by_bytes_is_told_so() -> None:
    extract = read(f"{line('A')}\n{line('Muñoz').replace('Muñoz ', 'Muñoz')}\n")
    assert "padded by bytes" in extract.refused["message"][0]


def test_blank_lines_and_end_of_file_mark() -> None:
    extract = read(f"\n{line('A')}\n   \n{line('B')}\x1a")
    assert names(extract) == [(2, "A"), (4, "B")]
    assert extract.blank_lines == 2
    assert adds_up(extract, 4)


def test_control_character_refuses_its_record() -> None:
    extract = read(f"{line('A')}\n{line('B' + chr(0) + 'C')}\n{line('D')}\n")
    assert names(extract) == [(1, "A"), (3, "D")]
    assert refusals(extract) == [(2, 1, "CONTROL_CHARACTER")]


def test_quotation_marks_and_delimiters_mean_nothing() -> None:
    assert names(read(line('O"Br,ien\t') + "\n")) == [(1, 'O"Br,ien')]


CELL = st.text(st.sampled_from("aZ0 ,\"'\tñÉ\u00a0’"), max_size=10)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_fields_are_what_plain_slices_are(pairs: list[tuple[str, str]]) -> None:
    extract = read("".join(line(last, first) + "\n" for last, first in pairs))
    found = extract.records.select("last_name", "first_name").rows()
    assert found == [(last.strip() or None, first.strip() or None) for last, first in pairs]
