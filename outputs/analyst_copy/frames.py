"""Views that come from the dictionary, the calendar and the rule book instead of the database."""

from datetime import datetime

import duckdb
import polars as pl

from outputs.analyst_copy.fields import analyst_fields
from outputs.analyst_copy.pseudonyms import pseudonym_fingerprint
from schemas.dictionary import ID_BATCH, Dictionary
from schemas.rules import RuleBook, load_rule_book

CAUTION = (
    "Student records, level 2: for audit, accreditation and reporting by authorised staff. Do not pass on counts of fewer than "
    "{threshold} students, and do not join with other data to find out who a child is."
)
RULE_COLUMNS = (
    "collection_version", "rule_id", "field", "severity", "scope", "kind", "title", "message", "fix", "source",
    "rule_book_version",
)  # fmt: skip
_COLLECTION_COLUMNS = (
    "collection_version", "layout", "school_year", "cycle", "title", "count_date", "window_opens", "due_date", "population",
)  # fmt: skip


def rule_rows(con: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> pl.DataFrame:
    """The rule book of every collection that received a file: one row a rule and first field."""
    found = con.execute(
        "SELECT DISTINCT collection_version FROM intake.submission WHERE collection_version IS NOT NULL ORDER BY ALL"
    ).fetchall()
    known = {collection.version for collection in (*dictionary.collections, dictionary.id_batch)}
    rows = [row for (version,) in found if version in known for row in _rows_of(load_rule_book(dictionary, version))]
    return pl.DataFrame(rows, schema=dict.fromkeys(RULE_COLUMNS, pl.String), orient="row").unique(
        ["collection_version", "rule_id", "field"], keep="first", maintain_order=True
    )


def _rows_of(book: RuleBook) -> list[tuple[str, ...]]:
    version, of = book.collection.version, book.version
    within = [
        (version, rule.rule_id, rule.column or "", rule.severity, rule.scope, rule.kind, rule.title, rule.message,
         rule.fix, rule.source, of)
        for rule in book.rules
    ]  # fmt: skip
    across = [
        (version, each.rule.rule_id, each.column or "", each.rule.severity, each.rule.scope, "written", each.rule.title,
         each.rule.message, each.rule.fix, each.rule.source, of)
        for each in book.across
    ]  # fmt: skip
    return [*within, *across]


def collection_rows(dictionary: Dictionary) -> pl.DataFrame:
    """The calendar, with the ID batch."""
    rows = [
        (
            each.version, each.layout, each.school_year, each.cycle, each.title, each.count_date, each.window_opens,
            each.due_date, each.population,
        )
        for each in (*dictionary.collections, dictionary.id_batch)
    ]  # fmt: skip
    kinds = {"school_year": pl.Int64, **dict.fromkeys(("count_date", "window_opens", "due_date"), pl.Date)}
    return pl.DataFrame(rows, schema={name: kinds.get(name, pl.String) for name in _COLLECTION_COLUMNS}, orient="row")


def code_meanings(dictionary: Dictionary) -> pl.DataFrame:
    """layout, field, code, meaning of every coded field in the copy."""
    rows = []
    for layout in dictionary.layout_names:
        if layout == ID_BATCH:
            continue
        for field in analyst_fields(dictionary, layout):
            if field.kind == "code":
                meanings = dictionary.code_meanings(field.code_set)
                rows += [(layout, field.name, code, meaning) for code, meaning in sorted(meanings.items())]
    return pl.DataFrame(rows, schema=dict.fromkeys(("layout", "field", "code", "meaning"), pl.String), orient="row")


def about_row(dictionary: Dictionary, state_name: str, threshold: int, key: bytes, at: datetime) -> pl.DataFrame:
    """The one row of ``about``."""
    return pl.DataFrame(
        {
            "built_at": [at],
            "state_name": [state_name],
            "dictionary_version": [dictionary.version],
            "small_cell_threshold": [threshold],
            "pseudonym_key": [pseudonym_fingerprint(key)],
            "caution": [CAUTION.format(threshold=threshold)],
        }
    )
