"""Mistakes that hit several fields at once and are mended in one place, in the export and not in the student records.

Four are known by their look: a column that is empty in every record, dates all written in one wrong way, codes whose
leading zeros a spreadsheet took, and records whose values stand in the wrong columns. A pattern takes whole cells, so
that all errors of a cell go with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

# Fewer cells than this are mended one by one; no pattern is claimed for them.
FEWEST_CELLS = 5
# A column counts as empty when at least this share of the records lacks it, and there are some records.
EMPTY_SHARE = 0.98
FEWEST_RECORDS = 5
# A record is shifted when so many of its cells close together cannot be read, for different reasons.
SHIFTED_CELLS = 4
SHIFTED_SPAN = 10

EMPTY, DATES, ZEROS, SHIFTED = "empty", "dates", "zeros", "shifted"
# How a date can be written wrongly throughout, best first: what we call it, and what it looks like.
DATE_STYLES = (
    ("yyyy-mm-dd", r"^\d{4}-\d{1,2}-\d{1,2}"),
    ("yyyy/mm/dd", r"^\d{4}/\d{1,2}/\d{1,2}"),
    ("mm-dd-yyyy", r"^\d{1,2}-\d{1,2}-\d{4}$"),
    ("mm/dd/yy", r"^\d{1,2}/\d{1,2}/\d{2}$"),
    ("dd/mm/yyyy", r"^(1[3-9]|2\d|3[01])/(0?[1-9]|1[0-2])/\d{4}$"),
    ("eight digits without signs between", r"^\d{8}$"),
    ("day numbers of a spreadsheet", r"^\d{5}$"),
)
_FORM_KINDS = ("date", "integer", "number", "code_set", "length", "district", "school")
_TYPED_KINDS = ("date", "integer", "number")


@dataclass(frozen=True)
class FileShape:
    """What patterns are told apart by.

    Attributes:
        fewest_cells: of a pattern; fewer are mended one by one.
        columns: header names in the order of the layout.
        date_columns: those that hold dates.
        code_widths: digits of district and school codes, by column.
        kinds: kind of each generated rule (``required``, ``date`` ...) by rule number and column.
    """

    record_count: int = 0
    fewest_cells: int = FEWEST_CELLS
    columns: tuple[str, ...] = ()
    date_columns: frozenset[str] = frozenset()
    code_widths: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[tuple[str, str | None], str] = field(default_factory=dict)


def mark_patterns(errors: pl.DataFrame, shape: FileShape, *, never_empty: str) -> pl.DataFrame:
    """The errors with ``pattern`` and ``pattern_detail``, null where no pattern is seen, in the order they came.

    Args:
        errors: rows of one submission.
        never_empty: column whose absence is no mistake of an export: the state ID, which we give.
    """
    kinds = pl.DataFrame(
        [(rule, column, kind) for (rule, column), kind in shape.kinds.items()],
        schema={"rule_id": pl.String, "field": pl.String, "kind": pl.String},
        orient="row",
    )
    known = errors.join(kinds, on=["rule_id", "field"], how="left", maintain_order="left")
    is_cell = pl.col("line_number").is_not_null() & pl.col("field").is_not_null()
    shifted = _shifted_lines(known.filter(is_cell), shape)
    style = _date_style()
    is_date = pl.col("field").is_in(sorted(shape.date_columns)) & style.is_not_null()
    width = pl.col("field").replace_strict(dict(shape.code_widths), default=None, return_dtype=pl.Int64)
    has_lost_zeros = pl.col("value").str.contains(r"^\d+$") & (pl.col("value").str.len_chars() < width)
    is_empty = (pl.col("kind") == "required") & (pl.col("field") != never_empty) & _is_in_all(shape)
    is_shifted = pl.col("line_number").is_in(shifted.implode()) & pl.col("kind").is_in(_FORM_KINDS)
    looks = (
        pl.when(is_shifted)
        .then(pl.lit(SHIFTED))
        .when(is_date)
        .then(pl.lit(DATES))
        .when(has_lost_zeros)
        .then(pl.lit(ZEROS))
        .when(is_empty)
        .then(pl.lit(EMPTY))
    )
    # One error of a cell shows the pattern; the others of the cell go with it.
    of_cell = pl.when(is_cell).then(pl.col("look").drop_nulls().first().over("line_number", "field"))
    detail = pl.when(pl.col("pattern") == DATES).then(style)
    looked = known.with_columns(looks.alias("look")).with_columns(of_cell.alias("pattern"))
    marked = looked.with_columns(detail.alias("pattern_detail"))
    enough = pl.len().over("pattern", "pattern_detail") >= shape.fewest_cells
    return marked.with_columns(
        pl.when(enough).then(name).otherwise(None).alias(name) for name in ("pattern", "pattern_detail")
    ).drop("kind", "look")


def _date_style() -> pl.Expr:
    style = pl.lit(None, pl.String)
    for name, look in reversed(DATE_STYLES):
        style = pl.when(pl.col("value").str.contains(look)).then(pl.lit(name)).otherwise(style)
    return style


def _is_in_all(shape: FileShape) -> pl.Expr:
    lines = pl.col("line_number").n_unique().over("rule_id", "field")
    return (lines >= EMPTY_SHARE * shape.record_count) & pl.lit(shape.record_count >= FEWEST_RECORDS)


def _shifted_lines(cells: pl.DataFrame, shape: FileShape) -> pl.Series:
    """Lines in which several neighbouring values cannot be what their columns hold, for more than one reason."""
    places = {column: place for place, column in enumerate(shape.columns)}
    unreadable = cells.filter(pl.col("kind").is_in(_FORM_KINDS), pl.col("value").is_not_null()).with_columns(
        pl.col("field").replace_strict(places, default=None, return_dtype=pl.Int64).alias("place")
    )
    lines = unreadable.group_by("line_number").agg(
        pl.col("place").drop_nulls().unique().sort().alias("places"),
        pl.col("kind").n_unique().alias("kinds"),
        pl.col("kind").is_in(_TYPED_KINDS).any().alias("is_typed"),
    )
    spread = pl.col("places").list.eval(pl.element() - pl.element().shift(SHIFTED_CELLS - 1)).list.min()
    return lines.filter(spread <= SHIFTED_SPAN, pl.col("kinds") > 1, "is_typed")["line_number"]
