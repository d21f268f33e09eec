"""The record behind each violation, as it was sent: who it is about, and every field that is wrong somewhere in the file."""

from dataclasses import dataclass

import polars as pl

from outputs.formula_safety import neutralise, one_line
from outputs.violation_report.findings import Findings
from outputs.violation_report.words import WHO, ReportWords

# More wrong fields than this make a sheet too wide to read; the commonest are shown.
MOST_FIELDS = 30


@dataclass(frozen=True)
class RecordCells:
    """Texts and marks of the same height as the violations they stand beside.

    Attributes:
        texts: columns by header name, null where the record is not at hand or the field is blank.
        marks: for fields with a violation: E or W where this record's cell is wrong, else null.
        always: columns that are shown even where they are blank.
    """

    texts: pl.DataFrame
    marks: pl.DataFrame
    always: frozenset[str]


def record_cells(findings: Findings, rows: pl.DataFrame) -> RecordCells:
    """The records of some violations of the file.

    Args:
        rows: of ``findings.rows``; may be fewer.
    """
    words, lines = findings.words, rows.select("line_number")
    wrong = _wrong_cells(findings.rows)
    fields = _fields(words, wrong)
    sent = _as_sent(findings, fields)
    marks = _wide(wrong, "severity", fields, lines)
    values = _wide(wrong, "value", fields, lines)
    stored = lines.join(sent, on="line_number", how="left", maintain_order="left")
    texts = stored.select(
        pl.coalesce(values[name], pl.col(name)).alias(name) if name in values.columns else pl.col(name)
        for name in fields
    )
    safe = texts.with_columns(neutralise(one_line(pl.all())))
    always = frozenset(name for name in fields if words.columns.get(name) in WHO and name in sent.columns)
    return RecordCells(safe, marks, always)


def _wrong_cells(rows: pl.DataFrame) -> pl.DataFrame:
    """line_number, field, severity, value of each wrong cell, once; an error before a warning."""
    cells = rows.filter(pl.col("line_number").is_not_null(), pl.col("field").is_not_null())
    return cells.group_by("line_number", "field", maintain_order=True).agg(
        pl.col("severity").first(), pl.col("value").drop_nulls().first()
    )


def _fields(words: ReportWords, wrong: pl.DataFrame) -> list[str]:
    """Header names in the order of the layout: who the record is about first, then what is wrong."""
    who = [name for name, standard in words.columns.items() if standard in WHO]
    counted = wrong.group_by("field", maintain_order=True).len().sort("len", descending=True, maintain_order=True)
    chosen = set(counted["field"].head(MOST_FIELDS)) - set(who)
    known = [name for name in words.columns if name in chosen]
    return [*who, *known, *sorted(chosen - set(known))]


def _as_sent(findings: Findings, fields: list[str]) -> pl.DataFrame:
    """line_number and the fields as text, one row a line; null where the records are not at hand."""
    records, names = findings.records, findings.words.columns
    if records is None:
        return pl.DataFrame(schema={"line_number": pl.Int64, **dict.fromkeys(fields, pl.String)})
    wanted = {field: names.get(field) for field in fields}
    return records.select(
        pl.col("line_number").cast(pl.Int64),
        *(_text(records, name).alias(field) for field, name in wanted.items()),
    ).unique("line_number", keep="first")


def _text(records: pl.DataFrame, name: str | None) -> pl.Expr:
    """A stored value in the form the layout asks for; the SSN is never there."""
    if name is None or name not in records.columns:
        return pl.lit(None, pl.String)
    if records.schema[name] == pl.Date:
        return pl.col(name).dt.strftime("%m/%d/%Y")
    return pl.col(name).cast(pl.String)


def _wide(wrong: pl.DataFrame, what: str, fields: list[str], lines: pl.DataFrame) -> pl.DataFrame:
    """One column a field, of the height of ``lines``."""
    having = set(wrong["field"].unique())
    present = [field for field in fields if field in having]
    spread = wrong.select("line_number", "field", what).pivot(
        on="field", on_columns=present, index="line_number", values=what, aggregate_function="first"
    )
    return lines.join(spread, on="line_number", how="left", maintain_order="left").drop("line_number")
