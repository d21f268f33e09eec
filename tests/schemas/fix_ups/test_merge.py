"""A fix-up file changes the cells that somebody changed, and nothing else of the file it is about."""

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dictionary import Dictionary, load_dictionary
from schemas.errors import FileRefused
from schemas.fix_ups.base_file import BaseFile
from schemas.fix_ups.fix_up_file import AS_SENT, fix_up_csv, is_fix_up, read_fix_up
from schemas.fix_ups.merge import Merged, merge
from schemas.inbox.recognise import recognise
from tests.flows.small_files import HERE, child, core_file

NAME = "20251007T140000Z-1a2b3c4d5e6f-048078"
Rows = list[dict[str, str]]
DICTIONARY = load_dictionary()
CHILDREN = [child(number, local_student_id=f"00{number}", ssn="123456789") for number in range(1, 6)]


def base_of(content: bytes, dictionary: Dictionary = DICTIONARY) -> BaseFile:
    return BaseFile.of(content, recognise(content, dictionary), dictionary)


COMMA = core_file(HERE, CHILDREN)


def handed_out(base: BaseFile, lines: list[int]) -> bytes:
    return fix_up_csv(NAME, base, list(base.records_at(lines)))


def corrected(base: BaseFile, lines: list[int], change: Callable[[Rows], None], delimiter: str = ",") -> Merged:
    """The merge of what a clerk makes of the rows that were handed out."""
    rows = list(csv.DictReader(io.StringIO(handed_out(base, lines).decode("utf-8-sig"))))
    change(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys(), delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return merge(base, read_fix_up(out.getvalue().encode()))


def differing(before: bytes, after: bytes) -> list[int]:
    lines = zip(before.split(b"\n"), after.split(b"\n"), strict=True)
    return [number for number, (one, other) in enumerate(lines, start=1) if one != other]


def set_race(rows: Rows) -> None:
    rows[0]["RaceEthnicity"] = "B"


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_one_cell_changes_one_line(delimiter: str) -> None:
    base = base_of(COMMA)
    merged = corrected(base, [3, 5], set_race, delimiter)
    assert (merged.records, merged.cells) == (1, 1)
    assert differing(COMMA, merged.content) == [3]
    assert merged.content.split(b"\n")[2] == COMMA.split(b"\n")[2].replace(b",W,", b",B,", 1)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_encoding_and_quotation_marks_stay(end: bytes) -> None:
    content = COMMA.replace(b"Qdvrihford", b'"Qd,\nv\xe9ri"').replace(b"\n", end)
    base = base_of(content)
    assert base.recognition.encoding == "windows-1252"
    (name,) = (record.values for record in base.records_at([4]))
    assert "Qd," in "".join(name)
    merged = corrected(base, [2], set_race)
    assert merged.content.count(end) == content.count(end)
    assert merged.content.split(end)[2:] == content.split(end)[2:]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_value_over_two_lines_keeps_its_record_whole(end: bytes) -> None:
    content = COMMA.replace(b"Qdvrihford", b'"Qd\nveri"').replace(b"\n", end)
    base = base_of(content)
    merged = corrected(base, [4], set_race)
    before, after = list(base.records()), list(base_of(merged.content).records())
    assert [(each.line, each.span) for each in after] == [(each.line, each.span) for each in before]
    assert [b.values == a.values for b, a in zip(before, after, strict=True)] == [True, True, False, True, True]
    assert merged.cells == 1


def test_what_a_spreadsheet_did_to_untouched_cells_is_no_change() -> None:
    def as_saved(rows: Rows) -> None:
        for row in rows:
            for name, value in row.items():
                if name not in ("Line", "SubmissionID") and value.isdecimal():
                    row[name] = value.lstrip("0")
                month, slash, rest = value.partition("/")
                if slash and rest.count("/") == 1:
                    row[name] = f"{int(month)}/{int(rest.partition('/')[0])}/{rest.partition('/')[2]}"
                if value == "1.00":
                    row[name] = "1"

    merged = corrected(base_of(COMMA), [2, 3, 4, 5, 6], as_saved)
    assert (merged.content, merged.cells) == (COMMA, 0)


def test_a_zero_that_the_clerk_puts_in_front_is_a_change() -> None:
    base = base_of(COMMA)
    grade = base.columns[base.standard_names.index("grade")]
    assert corrected(base, [2], lambda rows: rows[0].__setitem__(grade, "007")).cells == 1


@pytest.mark.parametrize(
    ("collection", "field"), [("2026Feb1.0StuGradFllw", "ssn"), ("2026Oct1.0EdCore", "educator_id")]
)
def test_social_security_numbers_are_not_handed_out_and_stay(collection: str, field: str) -> None:
    layout = DICTIONARY.layout_of(DICTIONARY.collection(collection))
    values = {"collection_version": collection, field: "123456789", "reporting_district_code": HERE}
    rows = [",".join(values.get(name, "x") for name in layout.standard_names)] * 2
    content = "\n".join([",".join(field.column for field in layout.fields), *rows, ""]).encode()
    out = handed_out(base_of(content), [2, 3])
    assert b"123456789" not in out
    assert out.count(AS_SENT.encode()) == 2
    assert corrected(base_of(content), [2, 3], lambda rows: None).content == content


def test_fixed_width_records_keep_their_width() -> None:
    layout = DICTIONARY.layout_of(DICTIONARY.collection("2026Oct1.0StuCore"))
    base = base_of(COMMA)
    (record,) = base.records_at([2])
    values = dict(zip(base.standard_names, record.values, strict=True))
    line = "".join(values[field.standard_name].ljust(field.length) for field, _, _ in layout.positions())
    content = f"{line}\r\n{line}\r\n".encode("windows-1252")
    fixed = base_of(content)
    assert fixed.is_fixed
    merged = corrected(fixed, [2], set_race)
    first, second, _ = merged.content.split(b"\r\n")
    assert first == line.encode() and len(second) == len(line) and second != first
    with pytest.raises(FileRefused, match="2 characters where the layout has 1"):
        corrected(fixed, [2], lambda rows: rows[0].__setitem__("RaceEthnicity", "BB"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rows: rows[0].__setitem__("Line", "1"), "FIX_UP_LINE_UNKNOWN"),
        (lambda rows: rows[0].__setitem__("Line", "x"), "FIX_UP_LINE_UNKNOWN"),
        (lambda rows: rows[0].__setitem__("Line", rows[1]["Line"]), "FIX_UP_LINE_DOUBLED"),
        (lambda rows: [row.pop("Gender") for row in rows], "FIX_UP_HEADER"),
        (lambda rows: [row.__setitem__("Mine", "x") for row in rows], "FIX_UP_HEADER"),
        (lambda rows: rows[0].__setitem__("LastName", "a\x07b"), "FIX_UP_VALUE"),
        (lambda rows: rows[0].__setitem__("StateID", "1.23457E+09"), "FIX_UP_NUMBER"),
    ],
)
def test_what_does_not_fit_is_refused_whole(change: Callable[[Rows], None], reason: str) -> None:
    with pytest.raises(FileRefused) as refused:
        corrected(base_of(COMMA), [2, 3], change)
    assert refused.value.reason == reason


def test_a_letter_that_the_file_cannot_hold_is_refused() -> None:
    base = base_of(COMMA.replace(b"Qdvrihford", b"Qd\xe9"))
    with pytest.raises(FileRefused) as refused:
        corrected(base, [2], lambda rows: rows[0].__setitem__("LastName", "Łukasz"))
    assert refused.value.reason == "FIX_UP_LETTER"


def test_neither_is_taken_for_the_other() -> None:
    out = handed_out(base_of(COMMA), [2])
    assert is_fix_up(out) and is_fix_up(out.removeprefix(b"\xef\xbb\xbf").replace(b",", b"\t"))
    assert not is_fix_up(COMMA)
    with pytest.raises(FileRefused) as refused:
        recognise(out, DICTIONARY)
    assert refused.value.reason == "FIX_UP_ALONE"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_behind_the_mark_are_read_or_refused(tail: bytes) -> None:
    content = b"SubmissionID,Line" + tail
    if not is_fix_up(content):
        return
    try:
        merge(base_of(COMMA), read_fix_up(content))
    except FileRefused as refused:
        assert refused.outcome == "rejected"
