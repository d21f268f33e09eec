"""Rows of a worksheet as XML, made over whole columns: cell by cell fifty thousand rows would take five times as long.

xlsxwriter writes everything else: package, texts, styles, widths, filters, panes. The form is SpreadsheetML's (ECMA-376,
18.3.1.4): ``<c r="B2" s="4" t="s"><v>17</v></c>`` is a cell with style 4 and the shared text number 17. Two inner parts of
xlsxwriter are used, the numbers of a style and of a text; the tests would see it if they changed.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence

import polars as pl
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

# A worksheet has 1,048,576 rows, the header among them.
LONGEST_SHEET = 1_048_575
# A cell holds 32,767 characters.
LONGEST_TEXT = 32_000
_CHUNK = 20_000


class ReadySheet(Worksheet):
    """A worksheet whose rows below the header are ready XML."""

    dim_rowmax: int | None
    _ready: Iterator[str] = iter(())

    def take_rows(
        self,
        header: Sequence[tuple[str, Format]],
        cells: pl.DataFrame,
        styles: Mapping[str, Format],
        marks: Mapping[str, pl.Series],
        marked: Mapping[str, Format],
    ) -> None:
        """Set the header's cells and the rows below it.

        Args:
            cells: columns of whole numbers or texts; null and empty cells are left out, unless their style shows (a fill).
            styles: of each column.
            marks: by column, for each row the key of ``marked`` whose style the cell has instead; null for none.
        """
        for column, (text, style) in enumerate(header):
            self.write_string(0, column, text, style)
        # The sheet's extent, from which xlsxwriter writes its dimension.
        self._check_dimensions(cells.height, len(header) - 1)
        numbered = cells.with_columns(self._text_number(cells[name]) for name in cells.columns)
        self._ready = _rows_xml(numbered, cells.schema, styles, marks, marked)

    def _text_number(self, texts: pl.Series) -> pl.Series:
        """For each text the number under which the workbook keeps it; null for none. Numbers stay as they are."""
        if texts.dtype != pl.String:
            return texts
        distinct = texts.filter(texts != "").unique(maintain_order=True)
        places = [self.str_table._get_shared_string_index(text[:LONGEST_TEXT]) for text in distinct]
        if not places:
            return pl.Series(texts.name, [None] * texts.len(), dtype=pl.UInt32)
        return texts.replace_strict(distinct, pl.Series(places, dtype=pl.UInt32), default=None, return_dtype=pl.UInt32)

    def _write_rows(self) -> None:
        extent = self.dim_rowmax
        # xlsxwriter walks every row up to the extent; all but the header are ours.
        self.dim_rowmax = 0
        super()._write_rows()
        self.dim_rowmax = extent
        for piece in self._ready:
            self.fh.write(piece)


def _rows_xml(
    cells: pl.DataFrame,
    kinds: Mapping[str, pl.DataType],
    styles: Mapping[str, Format],
    marks: Mapping[str, pl.Series],
    marked: Mapping[str, Format],
) -> Iterator[str]:
    """XML of all rows, from row 2 of the sheet on, some thousands at a time."""
    numbers = {id(style): style._get_xf_index() for style in itertools.chain(styles.values(), marked.values())}
    own = {key: str(numbers[id(each)]) for key, each in marked.items()}
    parts = [
        _cell(column, xl_col_to_name(place), kinds[column], styles[column], column in marks, own, numbers)
        for place, column in enumerate(cells.columns)
    ]
    row = pl.concat_str(pl.lit('<row r="'), "row number", pl.lit('">'), *parts, pl.lit("</row>"))
    whole = cells.with_columns(
        (pl.int_range(pl.len()) + 2).cast(pl.String).alias("row number"),
        *(pl.Series(f"mark {column}", mark) for column, mark in marks.items()),
    )
    for start in range(0, whole.height, _CHUNK):
        yield whole.slice(start, _CHUNK).select(row.alias("xml"))["xml"].str.join("").item()


def _cell(
    column: str,
    name: str,
    kind: pl.DataType,
    style: Format,
    has_marks: bool,
    marked: Mapping[str, str],
    numbers: Mapping[int, int],
) -> pl.Expr:
    number: pl.Expr = pl.lit(str(numbers[id(style)]))
    mark = pl.col(f"mark {column}") if has_marks else pl.lit(None, pl.String)
    if has_marks:
        number = mark.replace_strict(marked, default=None, return_dtype=pl.String).fill_null(number)
    head = pl.concat_str(pl.lit(f'<c r="{name}'), "row number", pl.lit('" s="'), number)
    opening = '" t="s"><v>' if kind == pl.String else '"><v>'
    filled = pl.concat_str(head, pl.lit(opening), pl.col(column).cast(pl.String), pl.lit("</v></c>"))
    shows_empty = pl.lit(True) if style.bg_color not in (0, None) else mark.is_not_null()
    empty = pl.when(shows_empty).then(pl.concat_str(head, pl.lit('"/>'))).otherwise(pl.lit(""))
    return pl.when(pl.col(column).is_null()).then(empty).otherwise(filled)
