"""The fast path gives what the careful path gives, or steps aside; both are held against plain Python."""

import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from schemas.inbox.recognise import recognise
from schemas.reading import read_extract
from schemas.reading.clean_delimited import read_clean
from schemas.reading.decoding import UNREADABLE, has_unreadable, physical_lines, unreadable_lines, with_lf
from schemas.reading.delimited import LinesToSplit, split_delimited
from schemas.reading.extract import text_columns, without_blanks
from tests.schemas.reading.small_state import CORE_LAYOUT, DICTIONARY, HEADER, adds_up, hash_ssn, names, read, row

NAMES = CORE_LAYOUT.standard_names
# Letters that have tripped readers: blanks of several kinds, quotation marks, signs of other formats, accents.
VALUES = st.text(st.sampled_from("aZ09 #'-;|.\u00a0\u2003ñÉ’"), max_size=6)
QUOTABLE = st.text(st.sampled_from("aZ0 ,\tñ'#"), max_size=6)
NEWLINES = st.sampled_from(["\n", "\r\n", "\r"])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "cp1252"])


def clean(text: str, delimiter: str) -> pl.DataFrame | None:
    return read_clean(with_lf(text.encode()), delimiter, NAMES)


def careful(text: str, delimiter: str) -> pl.DataFrame:
    lines = physical_lines(text)
    unreadable = unreadable_lines(lines, text.encode())
    split = split_delimited(LinesToSplit(lines, 1, delimiter, unreadable, "utf-8"), {len(NAMES)})
    assert not split.refused
    rows = without_blanks(text_columns(split.rows, NAMES, split.line_numbers))
    return rows.drop("line_number")


def by_python(rows: list[list[str]]) -> pl.DataFrame:
    columns = zip(*[[value.strip() or None for value in row] for row in rows], strict=True)
    return pl.DataFrame([pl.Series(name, column, pl.String) for name, column in zip(NAMES, columns, strict=True)])


def rows_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    one = st.lists(values, min_size=len(NAMES), max_size=len(NAMES)).filter(lambda row: any(map(str.strip, row)))
    return st.lists(one, min_size=1, max_size=8)


@given(rows_of(VALUES), st.sampled_from([",", "\t"]), NEWLINES, st.booleans())
@settings(max_examples=300, deadline=None)
def test_both_paths_agree_on_unquoted_text(rows: list[list[str]], delimiter: str, newline: str, ends: bool) -> None:
    text = newline.join(delimiter.join(row) for row in rows) + (newline if ends else "")
    fast = clean(text, delimiter)
    assert fast is not None
    assert_frame_equal(fast, careful(text, delimiter))
    assert_frame_equal(fast, by_python(rows))


@given(
    rows_of(QUOTABLE), st.sampled_from([",", "\t"]), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), st.booleans()
)
@settings(max_examples=300, deadline=None)
def test_both_paths_agree_on_quoted_text(rows: list[list[str]], delimiter: str, quoting: int, ends: bool) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(rows)
    text = buffer.getvalue() if ends else buffer.getvalue()[:-1]
    fast = clean(text, delimiter)
    assert fast is not None
    assert_frame_equal(fast, careful(text, delimiter))
    assert_frame_equal(fast, by_python(rows))


@given(st.lists(st.text(st.sampled_from('a" ,\n\x00\x1añ'), max_size=24), max_size=6))
@settings(max_examples=500, deadline=None)
def test_fast_path_steps_aside_wherever_the_careful_path_would_refuse(lines: list[str]) -> None:
    text = "\n".join(lines)
    fast = clean(text, ",")
    if fast is not None:
        assert_frame_equal(fast.filter(~pl.all_horizontal(pl.all().is_null())), careful(text, ","))


@given(rows_of(VALUES), st.sampled_from([",", "\t"]), NEWLINES, ENCODINGS)
@settings(max_examples=100, deadline=None)
def test_whole_files_read_the_same_in_every_dress(
    rows: list[list[str]], delimiter: str, newline: str, encoding: str
) -> None:
    """CollectionVersion first, values of any kind after it; blanks that Windows-1252 lacks are left out."""
    table = [HEADER.split(","), *[["2026Oct1.0StuCore", *row[1:]] for row in rows]]
    text = newline.join(delimiter.join(row) for row in table)
    if encoding == "cp1252":
        text = text.replace("\u2003", " ")
        table = [[value.replace("\u2003", " ") for value in row] for row in table]
    extract = read(text.encode(encoding))
    expected = by_python(table[1:])
    assert_frame_equal(extract.records.select(expected.columns[:4]), expected[:, :4])
    assert extract.records["line_number"].to_list() == list(range(2, len(rows) + 2))
    assert adds_up(extract, len(table))


@pytest.mark.parametrize(
    "body",
    [
        "a,b,c,d,e\n",
        "a,b,c,d,e,f,g\n",
        "a,b,c,d,e\na,b,c,d,e,f,g\n",
        "\na,b,c,d,e,f\n",
        "a,b,c,d,e,f\n\na,b,c,d,e,f\n",
        "a,b,c,d,e,f\n \n",
        "a,b,c,d,e,f\n\x1a",
        "a,b,\x00,d,e,f\n",
        "a,b,\x85,d,e,f\n",
        "a,b,\ufeff,d,e,f\n",
        "a,b,\ufffd,d,e,f\n",
        "a,b,\x7f,d,e,f\n",
        'a,"b,c,d,e,f\n',
        'a,"b"x,c,d,e,f\n',
        'a,x"b",c,d,e,f\n',
        'a,"b""c",c,d,e,f\n',
        'a,"b\nc",c,d,e,f\n',
        'a,"b,c,d,e,f\na,b",c,d,e,f\n',
        '"a","b","c","d","e","f","g"\n',
        '"a","b","c","d","e"\n',
        '"a","b","c","d","""e","f\n',
        'a, "b",c,d,e,f\n',
        "",
        "\n",
    ],
)
def test_fast_path_steps_aside(body: str) -> None:
    assert clean(body, ",") is None


@given(st.text(max_size=20))
@settings(max_examples=200, deadline=None)
def test_bytes_and_text_agree_on_what_cannot_be_read(text: str) -> None:
    assert has_unreadable(text.encode()) == (UNREADABLE.search(text) is not None)


@pytest.mark.parametrize("position", [0, 1, 4_999, 49_998, 49_999])
def test_polars_refuses_a_row_with_too_many_fields_wherever_it_stands(position: int) -> None:
    """The gate counts delimiters in total; it rests on this."""
    lines = ["a,b,c,d,e,f"] * 50_000
    lines[position] = "a,b,c,d,e,f,g"
    lines[25_000] = "a,b,c,d,e"
    assert clean("\n".join(lines), ",") is None


@pytest.mark.parametrize("name", ["x\u0681", "x^y", "PK", "BZh9", "(x"])
def test_record_that_begins_like_a_compressed_file_is_text(name: str) -> None:
    header = HEADER.replace("CollectionVersion,StateID,LastName", "LastName,CollectionVersion,StateID")
    extract = read(f"{header}\n{name},2026Oct1.0StuCore,,Ann,,05\n")
    assert names(extract) == [(2, name)]


def test_plain_lines_of_a_troubled_file_come_out_in_line_order() -> None:
    lines = [HEADER, row(last="A"), row(last='"B\nb"'), row(last="C"), "", row(last='"D""d"'), row(last="E")]
    extract = read("\n".join(lines))
    assert names(extract) == [(2, "A"), (3, "B\nb"), (5, "C"), (7, 'D"d'), (8, "E")]


def test_hash_ssn_gets_the_trimmed_column_once() -> None:
    seen: list[list[str | None]] = []

    def keep(numbers: pl.Series) -> pl.DataFrame:
        seen.append(numbers.to_list())
        return hash_ssn(numbers)

    content = f"{HEADER}\n{row(ssn=' 123456789')}\n{row(ssn=' ')}\n".encode()
    read_extract(content, recognise(content, DICTIONARY), DICTIONARY, keep)
    assert seen == [["123456789", None]]
