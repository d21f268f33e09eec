"""Text that a spreadsheet must not take for a formula.

A cell that begins with = + - @ (also after blanks, quotes or invisible characters, which some programs strip) or with
a tab or line end is run by Excel and LibreOffice when a person opens the file. Such a cell gets a leading apostrophe.
Only files made for people pass through here; machine files carry values exactly (design 3.3).
"""

import polars as pl

QUOTES = "\"'`\u2018\u2019\u201c\u201d"
# The full-width forms are turned into the plain signs by spreadsheets with an East Asian input method.
STARTERS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_SKIPPED = r"\p{Z}\p{C}" + QUOTES
_STARTS_FORMULA = rf"^(?:[\t\r\n]|[{_SKIPPED}]*[{STARTERS}])"
_CONTROLS = r"[\p{Cc}\x{2028}\x{2029}]+"


def one_line(cells: pl.Expr) -> pl.Expr:
    """The text with every run of tabs, line ends and other controls as one blank: no cell goes on in another line."""
    return cells.str.replace_all(_CONTROLS, " ")


def neutralise(cells: pl.Expr) -> pl.Expr:
    """The text, with an apostrophe before each cell that a spreadsheet would run; null stays null."""
    return pl.when(~cells.str.contains(_STARTS_FORMULA)).then(cells).otherwise(pl.lit("'") + cells)
