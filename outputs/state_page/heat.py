"""District by rule: how often each rule fails where, among how many records it is about; the files that stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from outputs.pages import encode_texts
from outputs.violation_rows import STANDING

# Title of a rule by number and field; a number without a field of its own stands under the empty field too.
Titles = Mapping[tuple[str, str], str]
_RULE = ["rule_id", "field", "severity"]
MOST_CAUSES = 12


@dataclass(frozen=True, slots=True)
class Cause:
    """A rule over the whole state: failures among the records it is about, and the districts hit."""

    rule_id: str
    field: str
    title: str
    severity: str
    failed: int
    tried: int
    districts: int
    of_districts: int

    @property
    def share(self) -> str:
        return percent(self.failed, self.tried)

    @property
    def district_share(self) -> str:
        return percent(self.districts, self.of_districts)


def percent(part: int, whole: int) -> str:
    """Whole percent; a share above none and below one percent says so."""
    if not whole:
        return ""
    share = 100 * part / whole
    return "under 1%" if 0 < share < 1 else f"{share:.0f}%"


def rule_counts(con: duckdb.DuckDBPyConnection, collection_version: str, titles: Titles) -> pl.DataFrame:
    """district_code, rule_id, field, severity, failed, tried: failures that stand; findings between districts are not in it.

    ``tried``: records of the district's files that the rule is about. Where one number stands for several fields, its
    count adds them up, so the files' records stand in its place.
    """
    files = con.sql(
        "SELECT submission_id, district_code, coalesce(accepted_count, 0) AS records FROM intake.submission "
        "WHERE collection_version = ? AND status IN ('trial', 'answered', 'certified')",
        params=[collection_version],
    ).pl()
    found = con.sql(
        f"""
        SELECT violation.district_code, rule_id, coalesce(field, '') AS field, severity, submission_id, count(*) AS failed
        FROM quality.violation AS violation SEMI JOIN files USING (submission_id)
        WHERE status IN {STANDING} AND scope <> 'state' GROUP BY ALL
        """
    ).pl()
    runs = con.sql(
        "SELECT rule_id, submission_id, applicable_count FROM quality.rule_run SEMI JOIN files USING (submission_id)"
    ).pl()
    shared = _numbers_of_several_fields(titles)
    tried = (
        files.join(runs, on="submission_id")
        .with_columns(tried=pl.when(pl.col("rule_id").is_in(shared)).then("records").otherwise("applicable_count"))
        .group_by("district_code", "rule_id")
        .agg(pl.col("tried").sum())
    )
    counts = found.group_by("district_code", *_RULE).agg(pl.col("failed").sum())
    return (
        counts.join(tried, on=["district_code", "rule_id"], how="left")
        .with_columns(pl.max_horizontal(pl.col("tried").fill_null(0), "failed").alias("tried"))
        .sort("district_code", *_RULE)
    )


def tried_in_state(con: duckdb.DuckDBPyConnection, collection_version: str, titles: Titles) -> dict[str, int]:
    """Rule number -> records of the whole state that it is about, districts without a failure included."""
    rows = con.execute(
        """
        SELECT rule_id, sum(applicable_count)::BIGINT, sum(coalesce(accepted_count, 0))::BIGINT
        FROM quality.rule_run JOIN intake.submission USING (submission_id)
        WHERE collection_version = ? AND status IN ('trial', 'answered', 'certified') GROUP BY rule_id
        """,
        [collection_version],
    ).fetchall()
    shared = _numbers_of_several_fields(titles)
    return {rule: records if rule in shared else applicable for rule, applicable, records in rows}


def _numbers_of_several_fields(titles: Titles) -> list[str]:
    fields: dict[str, set[str]] = {}
    for rule_id, field in titles:
        fields.setdefault(rule_id, set()).add(field)
    return sorted(rule_id for rule_id, found in fields.items() if len(found) > 1)


def title_of(titles: Titles, rule_id: str, field: str) -> str:
    """The rule's title; its number where no rule book names it any more."""
    return titles.get((rule_id, field)) or next((text for (number, _), text in titles.items() if number == rule_id), "")


def frequent_causes(counts: pl.DataFrame, tried: Mapping[str, int], titles: Titles, of_districts: int) -> list[Cause]:
    """The rules with most failures, errors before warnings."""
    summed = counts.group_by(_RULE).agg(pl.col("failed").sum(), pl.col("district_code").n_unique().alias("districts"))
    largest = summed.sort("severity", "failed", *_RULE[:2], descending=[False, True, False, False]).head(MOST_CAUSES)
    return [
        Cause(rule, field, title_of(titles, rule, field), severity, failed, max(tried.get(rule, 0), failed), districts, of_districts)
        for rule, field, severity, failed, districts in largest.iter_rows()
    ]  # fmt: skip


def heat_data(
    title: str, version: str, counts: pl.DataFrame, titles: Titles, names: Mapping[str, str]
) -> dict[str, Any]:
    """One collection for heat.js: districts and rules with a failure, and for each rule where it fails.

    ``cells``: for each rule [districts' places, failures, records tried], three lists of one length.
    """
    districts, places = encode_texts(counts["district_code"].to_list())
    numbered = counts.with_columns(place=pl.Series(places, dtype=pl.Int32))
    rules, cells = [], []
    for (rule, field, severity), part in numbered.group_by(_RULE, maintain_order=True):
        rules.append([rule, field, severity, title_of(titles, str(rule), str(field))])
        cells.append([part[name].to_list() for name in ("place", "failed", "tried")])
    return {
        "title": title,
        "version": version,
        "districts": [f"{code} {names.get(code, '')}".strip() for code in districts],
        "rules": rules,
        "cells": cells,
    }
