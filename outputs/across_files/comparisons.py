"""What is needed to judge files against each other: the rules of each collection, and the calendar."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from schemas.across_files import FILE_SCOPES, AcrossRule, rules_of_collection
from schemas.across_views import CALENDAR_COLUMNS, RECORD_KEYS, record_view_columns
from schemas.dictionary import ID_BATCH, Dictionary

_POLARS_TYPES = {"VARCHAR": pl.String(), "INTEGER": pl.Int32(), "DATE": pl.Date()}


@dataclass(frozen=True)
class Comparisons:
    """Rules across files and the collections they know.

    Args:
        columns: rule and its fields' header names by collection; a rule of several collections stands in each.
        fields: the columns of each layout's records beside those that every view has.
        calendar: one row a collection, with the columns of the view ``calendar``.
    """

    columns: Mapping[str, Mapping[AcrossRule, tuple[str, ...]]]
    fields: Mapping[str, tuple[str, ...]]
    calendar: pl.DataFrame

    @classmethod
    def of(cls, dictionary: Dictionary) -> "Comparisons":
        """The rules of collection and history scope, of every collection.

        Raises:
            RuleBookError: a rule that cannot work; names file, row and reason.
        """
        columns = {
            collection.version: {
                each.rule: each.columns
                for each in rules_of_collection(
                    dictionary, collection, dictionary.layout_of(collection), is_tried=False
                )
                if each.rule.scope in FILE_SCOPES
            }
            for collection in dictionary.collections
        }
        fields = {
            layout: tuple(name for name in record_view_columns(layout, dictionary) if name not in RECORD_KEYS)
            for layout in dictionary.layout_names
            if layout != ID_BATCH
        }
        return cls({version: found for version, found in columns.items() if found}, fields, _calendar(dictionary))

    def rules_of(self, collection_version: str | None) -> tuple[AcrossRule, ...]:
        return tuple(self.columns.get(collection_version or "", ()))


def _calendar(dictionary: Dictionary) -> pl.DataFrame:
    rows = [
        (
            each.version, each.layout, each.school_year, each.cycle, each.title,
            each.count_date, each.window_opens, each.due_date,
        )
        for each in dictionary.collections
        if each.layout != ID_BATCH
    ]  # fmt: skip
    schema = {name: _POLARS_TYPES[kind] for name, kind in CALENDAR_COLUMNS.items()}
    return pl.DataFrame(rows, schema=schema, orient="row")
