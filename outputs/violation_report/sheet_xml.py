"""Rows of a worksheet as XML, made a column at a time: written cell by cell, fifty thousand rows would take ten times as long.

xlsxwriter writes everything else: package, texts, styles, widths, filters, panes. The form is SpreadsheetML's (ECMA-376,
18.3.1.4): ``<c r="B2" s="4" t="s"><v>17</v></c>`` is a cell with style 4 and the shared text number 17. Inner parts of
xlsxwriter are used for the numbers of a style and of a text; the tests would see it if they changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

# A worksheet has 1,048,576 rows, the header among them.
LONGEST_SHEET = 1_048_575
Cells = Sequence[str | int | None]


@dataclass(frozen=True)
class Column:
    """One column of a sheet.

    Attributes:
        cells: whole numbers or texts; none and empty cells are left out, unless a style shows there (a fill).
        styles: of each cell; one style stands for all.
    """

    header: str
    head_style: Format
    cells: Cells
    styles: Format | Sequence[Format]
    width: float


class ReadySheet(Worksheet):
    """A worksheet whose rows below the header are ready XML."""

    dim_rowmax: int | None
    _ready: str = ""

    def take_columns(self, columns: Sequence[Column]) -> None:
        """Set the header, the widths and the rows below; all columns have the same height."""
        for place, column in enumerate(columns):
            self.write_string(0, place, column.header, column.head_style)
            self.set_column(place, place, column.width)
        height = len(columns[0].cells)
        # The sheet's extent, from which xlsxwriter writes its dimension.
        self._check_dimensions(height, len(columns) - 1)
        numbers = range(2, height + 2)
        cells = [self._column_xml(xl_col_to_name(place), column, numbers) for place, column in enumerate(columns)]
        rows = zip(numbers, *cells, strict=True)
        self._ready = "".join(f'<row r="{number}">{"".join(parts)}</row>' for number, *parts in rows)

    def _column_xml(self, name: str, column: Column, numbers: Sequence[int]) -> list[str]:
        values = self._values_xml(column.cells)
        if isinstance(column.styles, Format):
            style, empty = column.styles._get_xf_index(), _empty_xml(column.styles)
            return [
                f'<c r="{name}{number}" s="{style}"{value}' if value else empty and f'<c r="{name}{number}"{empty}'
                for number, value in zip(numbers, values, strict=True)
            ]
        known = {id(style): (style._get_xf_index(), _empty_xml(style)) for style in column.styles}
        marks = (known[id(style)] for style in column.styles)
        return [
            f'<c r="{name}{number}" s="{style}"{value}' if value else empty and f'<c r="{name}{number}"{empty}'
            for number, value, (style, empty) in zip(numbers, values, marks, strict=True)
        ]

    def _values_xml(self, cells: Cells) -> list[str]:
        """What follows the head of each cell; nothing for an empty one. Each distinct value is made once."""
        made: dict[str | int | None, str] = {None: "", "": ""}
        for cell in dict.fromkeys(cells):
            if isinstance(cell, int):
                made[cell] = f"><v>{cell}</v></c>"
            elif cell:
                made[cell] = f' t="s"><v>{self.str_table._get_shared_string_index(cell)}</v></c>'
        return [made[cell] for cell in cells]

    def _write_rows(self) -> None:
        extent = self.dim_rowmax
        # xlsxwriter walks every row up to the extent; all but the header are ours.
        self.dim_rowmax = 0
        super()._write_rows()
        self.dim_rowmax = extent
        self.fh.write(self._ready)


def _empty_xml(style: Format) -> str:
    """What follows the place of a cell without a value: its style, where that shows."""
    return f' s="{style._get_xf_index()}"/>' if style.bg_color not in (0, None) else ""
