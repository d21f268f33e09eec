"""How a district's software writes an extract: delimiter or widths, encoding, line ends, quotes, order of columns.

``write_extract`` is used by the generator; ``fill_state_ids`` plays the district that has read its answers.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from schemas.dictionary import RecordLayout

BOM = b"\xef\xbb\xbf"
NEWLINES = {"lf": "\n", "crlf": "\r\n", "cr": "\r", "mixed": "\r\n"}
SEPARATORS = {"comma": ",", "tab": "\t"}


@dataclass(frozen=True)
class Dialect:
    """One way to write a file; values as in ``file_styles.csv``."""

    format: str = "comma"
    encoding: str = "utf-8"
    newline: str = "lf"
    quoting: str = "needed"
    header_case: str = "as_published"


def write_extract(records: pl.DataFrame, layout: RecordLayout, dialect: Dialect) -> bytes:
    """The file of one district.

    Args:
        records: one text column per standard name of the layout, in the order the file shall have; blanks are null.
    """
    is_fixed = dialect.format == "fixed"
    text = _fixed_width(records, layout, dialect) if is_fixed else _delimited(records, layout, dialect)
    return encode(mix_newlines(text, dialect.newline), dialect.encoding)


def _fixed_width(records: pl.DataFrame, layout: RecordLayout, dialect: Dialect) -> bytes:
    newline = NEWLINES[dialect.newline]
    padded = [pl.col(field.standard_name).fill_null("").str.pad_end(field.length) for field in layout.fields]
    lines = records.select(pl.concat_str(padded)).to_series().to_list()
    return "".join(line + newline for line in lines).encode()


def _delimited(records: pl.DataFrame, layout: RecordLayout, dialect: Dialect) -> bytes:
    names = {field.standard_name: _header(field.column, dialect.header_case) for field in layout.fields}
    buffer = io.BytesIO()
    # Nulls stay nulls in the needed style (nothing between delimiters) and become "" where everything is quoted.
    quotes_all = dialect.quoting == "all"
    frame = records.rename({name: names[name] for name in records.columns})
    (frame.fill_null("") if quotes_all else frame).write_csv(
        buffer,
        separator=SEPARATORS[dialect.format],
        line_terminator=NEWLINES[dialect.newline],
        quote_style="always" if quotes_all else "necessary",
    )
    return buffer.getvalue()


def _header(column: str, case: str) -> str:
    return {"as_published": column, "upper": column.upper(), "padded": f" {column} "}[case]


def mix_newlines(content: bytes, newline: str) -> bytes:
    """With ``mixed``: the first half keeps CRLF, the second half ends its lines with LF."""
    if newline != "mixed":
        return content
    middle = content.find(b"\r\n", len(content) // 2) + 2
    return content[:middle] + content[middle:].replace(b"\r\n", b"\n")


def encode(content: bytes, encoding: str) -> bytes:
    if encoding == "cp1252":
        return content.decode().encode("cp1252")
    return (BOM if encoding == "utf-8-sig" else b"") + content


def fill_state_ids(
    content: bytes, layout: RecordLayout, state_ids: Mapping[str, str], *, replace_sent: bool = False
) -> bytes:
    """The same extract with the answered IDs in it, in the same format, encoding and order of columns.

    Args:
        content: a Student Core extract as ``write_extract`` makes it.
        state_ids: StateID by LocalStudentID; records it does not know stay as they are.
        replace_sent: also overwrite a StateID that is filled already.
    """
    encoding, text = _decode(content)
    if _is_delimited(text):
        dialect = replace(_recognise(text), encoding=encoding)
        records = _read_delimited(text, layout, dialect)
        return write_extract(_filled(records, state_ids, replace_sent), layout, dialect)
    newline = _newline_of(text)
    dialect = Dialect("fixed", encoding, newline)
    return write_extract(_filled(_read_fixed(text, layout, newline), state_ids, replace_sent), layout, dialect)


def _filled(records: pl.DataFrame, state_ids: Mapping[str, str], replace_sent: bool) -> pl.DataFrame:
    sent = pl.col("submitted_state_id")
    known = pl.DataFrame(
        {"local_student_id": list(state_ids), "answered": list(state_ids.values())},
        schema={"local_student_id": pl.String, "answered": pl.String},
    )
    answered = records.select("local_student_id").join(known, on="local_student_id", how="left", maintain_order="left")
    chosen = pl.coalesce(answered["answered"], sent) if replace_sent else pl.coalesce(sent, answered["answered"])
    return records.with_columns(chosen.alias("submitted_state_id"))


def _decode(content: bytes) -> tuple[str, str]:
    if content.startswith(BOM):
        return "utf-8-sig", content[len(BOM) :].decode()
    try:
        return "utf-8", content.decode()
    except UnicodeDecodeError:
        return "cp1252", content.decode("cp1252")


def _is_delimited(text: str) -> bool:
    first = text[:4000].splitlines()[0]
    return "collectionversion" in first.casefold()


def _recognise(text: str) -> Dialect:
    newline = _newline_of(text)
    header = text.split(NEWLINES[newline], 1)[0]
    case = "padded" if " CollectionVersion " in header else "upper" if header == header.upper() else "as_published"
    return Dialect(
        format="tab" if header.count("\t") > header.count(",") else "comma",
        newline=newline,
        quoting="all" if header.startswith('"') else "needed",
        header_case=case,
    )


def _newline_of(text: str) -> str:
    if "\r\n" in text:
        return "mixed" if "\n" in text.replace("\r\n", "") else "crlf"
    return "lf" if "\n" in text else "cr"


def _read_delimited(text: str, layout: RecordLayout, dialect: Dialect) -> pl.DataFrame:
    # A mixed file is read with LF for all: quoted line ends inside fields are LF in our files already.
    if dialect.newline == "mixed":
        text = text.replace("\r\n", "\n")
    ends = {"cr": "\r"}.get(dialect.newline, "\n")
    frame = pl.read_csv(
        io.BytesIO(text.encode()), separator=SEPARATORS[dialect.format], eol_char=ends, infer_schema=False
    )
    by_header = layout.by_header
    frame = frame.rename({name: by_header[name.strip().casefold()].standard_name for name in frame.columns})
    # A quoted blank comes as an empty string.
    return frame.select(pl.when(pl.col(name) != "").then(name) for name in frame.columns)


def _read_fixed(text: str, layout: RecordLayout, newline: str) -> pl.DataFrame:
    lines = pl.Series("line", [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line])
    fields = [
        pl.col("line").str.slice(first - 1, field.length).str.strip_chars_end(" ").replace("", None)
        .alias(field.standard_name)
        for field, first, _ in layout.positions()
    ]  # fmt: skip
    return lines.to_frame().select(fields)
