"""No cell that a person opens in a spreadsheet starts a formula."""

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outputs.formula_safety import neutralise, one_line

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
QUOTES = "\"'`\u2018\u2019\u201c\u201d"
# Unassigned characters are left out: two libraries may know different versions of Unicode.
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cn"]))
NASTY = st.text(st.sampled_from(" \t\r\n\u200b\u00a0\ufeff\"'=+-@\uff1d1a,;"))


def starts_formula(cell: str) -> bool:
    """Whether a spreadsheet could run the cell: written apart from the pattern that is tested."""
    if cell[:1] in ("\t", "\r", "\n"):
        return True
    for character in cell:
        if character not in QUOTES and unicodedata.category(character)[0] not in "ZC":
            return character in SIGNS
    return False


def safe(cell: str) -> str:
    return pl.select(neutralise(pl.lit(cell))).item()


@pytest.mark.parametrize(
    "cell, expected",
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ('"=1', "'\"=1"),
        ("\t1", "'\t1"),
        ("\r=1", "'\r=1"),
        ("\u200b=1", "'\u200b=1"),
        ("\uff1d1", "'\uff1d1"),
        ("O'Brien", "O'Brien"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_neutralised(cell: str, expected: str) -> None:
    assert safe(cell) == expected


def test_null_stays_null() -> None:
    assert pl.select(neutralise(pl.lit(None, pl.String))).item() is None


@given(ANY_TEXT | NASTY)
def test_exactly_formula_starts_get_an_apostrophe(cell: str) -> None:
    assert safe(cell) == ("'" + cell if starts_formula(cell) else cell)


@given(ANY_TEXT | NASTY)
def test_one_line_has_no_line_ends(cell: str) -> None:
    assert len(pl.select(one_line(pl.lit(cell))).item().splitlines()) <= 1


def test_each_of_several_columns_gets_its_own_apostrophe_and_no_other_text() -> None:
    """Asked for all columns at once, a cell keeps its own text alone."""
    table = pl.DataFrame({"one": ["=1+1", "plain"], "two": ["left", "-2"]})
    safe = table.with_columns(neutralise(one_line(pl.col(pl.String))))
    assert safe.rows() == [("'=1+1", "left"), ("plain", "'-2")]
