"""Rows of a worksheet as XML, made over whole columns: fifty thousand rows are written in the time a cell-wise writer needs for three.

xlsxwriter writes everything else: package, styles, widths, filters, panes. The form is SpreadsheetML's (ECMA-376, 18.3.1.4):
a cell is ``<c r="B2" s="4" t="inlineStr"><is><t>text</t></is></c>``.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence

import polars as pl
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

# A worksheet has 1,048,576 rows, the header among them.
LONGEST_SHEET = 1_048_575
# A cell holds so many characters.
LONGEST_TEXT = 32_000
_CHUNK = 20_000


class ReadySheet(Worksheet):
    """A worksheet whose rows below the header are ready XML."""

    dim_rowmax: int | None
    _ready: Iterator[str] = iter(())

    def take_rows(self, header: Sequence[tuple[str, Format]], rows: Iterator[str], count: int) -> None:
        """Set the header's cells and the rows below it.

        Args:
            rows: pieces of XML that hold ``count`` rows from row 2 on.
        """
        for column, (text, style) in enumerate(header):
            self.write_string(0, column, text, style)
        # The sheet's extent, from which xlsxwriter writes its dimension.
        self._check_dimensions(count, len(header) - 1)
        self._ready = rows

    def _write_rows(self) -> None:
        extent = self.dim_rowmax
        # xlsxwriter walks every row up to the extent; all but the header are ours.
        self.dim_rowmax = 0
        super()._write_rows()
        self.dim_rowmax = extent
        for piece in self._ready:
            self.fh.write(piece)


def rows_xml(
    cells: pl.DataFrame,
    styles: Mapping[str, Format],
    marks: Mapping[str, pl.Series],
    marked: Mapping[str, Format],
) -> Iterator[str]:
    """XML of all rows, from row 2 of the sheet on, some thousands at a time.

    Args:
        cells: texts; null and empty cells are left out, unless their style shows (a fill).
        styles: of each column.
        marks: by column, for each row the key of ``marked`` whose style the cell has instead; null for none.
    """
    numbers = {id(style): style._get_xf_index() for style in itertools.chain(styles.values(), marked.values())}
    named = {f"mark {column}": mark for column, mark in marks.items()}
    whole = cells.with_columns(pl.Series(name, mark) for name, mark in named.items())
    whole = whole.with_columns((pl.int_range(pl.len()) + 2).cast(pl.String).alias("row number"))
    parts = [
        _cell(column, xl_col_to_name(place), styles[column], column in marks, marked, numbers)
        for place, column in enumerate(cells.columns)
    ]
    row = pl.concat_str(pl.lit('<row r="'), "row number", pl.lit('">'), *parts, pl.lit("</row>"))
    for start in range(0, whole.height, _CHUNK):
        yield whole.slice(start, _CHUNK).select(row.alias("xml"))["xml"].str.join("").item()


def _cell(
    column: str,
    name: str,
    style: Format,
    has_marks: bool,
    marked: Mapping[str, Format],
    numbers: Mapping[int, int],
) -> pl.Expr:
    number: pl.Expr = pl.lit(str(numbers[id(style)]))
    if has_marks:
        own = {key: str(numbers[id(each)]) for key, each in marked.items()}
        number = pl.col(f"mark {column}").replace_strict(own, default=None, return_dtype=pl.String).fill_null(number)
    head = pl.concat_str(pl.lit(f'<c r="{name}'), "row number", pl.lit('" s="'), number)
    text = pl.col(column)
    filled = pl.concat_str(
        head, pl.lit('" t="inlineStr"><is><t xml:space="preserve">'), _escaped(text), pl.lit("</t></is></c>")
    )
    shows_empty = pl.col(f"mark {column}").is_not_null() if has_marks else pl.lit(style.bg_color not in (0, None))
    empty = pl.when(shows_empty).then(pl.concat_str(head, pl.lit('"/>'))).otherwise(pl.lit(""))
    return pl.when(text.is_null() | (text == "")).then(empty).otherwise(filled)


def _escaped(text: pl.Expr) -> pl.Expr:
    """Text between tags. Spreadsheets read ``_x0041_`` as a character code, so the underscore before one is written so itself."""
    return (
        text.str.slice(0, LONGEST_TEXT)
        .str.replace_all("&", "&amp;", literal=True)
        .str.replace_all("<", "&lt;", literal=True)
        .str.replace_all(">", "&gt;", literal=True)
        .str.replace_all(r"_(x[0-9A-Fa-f]{4}_)", "_x005F_$1")
        .str.replace_all("[\\x{FFFE}\\x{FFFF}]", "\u25a1")
    )
