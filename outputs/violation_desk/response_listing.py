"""Districts' answers as the operator sees them: counts on the terminal, the comments only in a file of the operator's own."""

import csv
import io

import duckdb
import polars as pl

from outputs.formula_safety import neutralise, one_line
from outputs.violation_desk.decide_responses import ResponseSelection, chosen_responses

EXPORT_COLUMNS = (
    "Answer", "District", "Collection", "Submission", "Line", "Rule", "Field", "Response", "Comment", "Received",
    "Decision", "Until", "Reason",
)  # fmt: skip
DECISIONS = {"approve": "approved", "approved": "approved", "yes": "approved",
             "refuse": "refused", "refused": "refused", "no": "refused"}  # fmt: skip


def count_responses(con: duckdb.DuckDBPyConnection, selection: ResponseSelection) -> pl.DataFrame:
    """Open answers by rule and word: rule_id, field, response, answers, districts, comments; no text of a comment."""
    source, values = chosen_responses(selection)
    return con.sql(
        "SELECT answer.rule_id, answer.field, answer.response, count(*) AS answers, "
        "count(DISTINCT answer.district_code) AS districts, count(answer.comment) AS comments, "
        f"min(answer.received_at) AS oldest {source} GROUP BY ALL ORDER BY answers DESC, 1, 2, 3",
        params=values,
    ).pl()


def export_responses(con: duckdb.DuckDBPyConnection, selection: ResponseSelection) -> bytes:
    """The open answers with their comments and three empty columns to decide in: CSV for a spreadsheet."""
    source, values = chosen_responses(selection)
    rows = con.sql(
        "SELECT answer.response_id, answer.district_code, answer.collection_version, answer.submission_id, "
        "answer.line_number::VARCHAR, answer.rule_id, answer.field, answer.response, answer.comment, "
        "strftime(answer.received_at, '%m/%d/%Y'), '' AS decision, '' AS until, '' AS reason "
        f"{source} ORDER BY answer.rule_id, answer.district_code, answer.response_id",
        params=values,
    ).pl()
    rows.columns = list(EXPORT_COLUMNS)
    safe = rows.with_columns(neutralise(one_line(pl.col(pl.String))))
    return safe.write_csv(include_bom=True, line_terminator="\r\n", quote_style="necessary").encode("utf-8")


def read_decisions(content: bytes) -> list[dict[str, str]]:
    """The rows of an exported file in which a decision stands, by column name; a spreadsheet's changes are put up with.

    Raises:
        ValueError: the header is not that of an export.
    """
    text = content.decode("utf-8-sig", "replace")
    first = text.split("\n", 1)[0]
    delimiter = max(("\t", ";", ","), key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    missing = {"Answer", "Decision", "Until", "Reason"} - {(name or "").strip() for name in reader.fieldnames or ()}
    if missing:
        raise ValueError(f"columns are missing: {', '.join(sorted(missing))}")
    rows = [{(name or "").strip(): (value or "").strip() for name, value in row.items() if name} for row in reader]
    return [row for row in rows if row["Decision"]]
