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
# Files whose violations count.
_COUNTED = "('trial', 'answered', 'certified')"
UNREADABLE = "A line could not be read as a record"
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
    found = con.sql(
        f"""
        SELECT violation.district_code, rule_id, coalesce(field, '') AS field, severity, count(*) AS failed
        FROM quality.violation AS violation JOIN intake.submission AS file USING (submission_id)
        WHERE file.collection_version = ? AND file.status IN {_COUNTED}
          AND violation.status IN {STANDING} AND violation.scope <> 'state' GROUP BY ALL
        """,
        params=[collection_version],
    ).pl()
    tried = _tried(con, collection_version, titles)
    records = _records(con, collection_version)
    return (
        found.join(tried, on=["district_code", "rule_id"], how="left")
        .join(records, on="district_code", how="left")
        .with_columns(tried=pl.max_horizontal(pl.coalesce("tried", "records"), "failed"))
        .select("district_code", *_RULE, "failed", "tried")
        .sort("district_code", *_RULE)
    )


def tried_in_state(con: duckdb.DuckDBPyConnection, collection_version: str, titles: Titles) -> dict[str, int]:
    """Rule number -> records of the whole state that it is about, districts without a failure included."""
    tried = _tried(con, collection_version, titles)
    return dict(tried.group_by("rule_id").agg(pl.col("tried").sum()).iter_rows())


def records_in_state(con: duckdb.DuckDBPyConnection, collection_version: str) -> int:
    """Records of the files that stand: what a rule outside the rule book, such as a line that cannot be read, is about."""
    return int(_records(con, collection_version)["records"].sum())


def _records(con: duckdb.DuckDBPyConnection, collection_version: str) -> pl.DataFrame:
    """district_code, records found in its files that stand."""
    return con.sql(
        "SELECT district_code, coalesce(sum(record_count), 0)::BIGINT AS records FROM intake.submission "
        f"WHERE collection_version = ? AND status IN {_COUNTED} GROUP BY district_code",
        params=[collection_version],
    ).pl()


def _tried(con: duckdb.DuckDBPyConnection, collection_version: str, titles: Titles) -> pl.DataFrame:
    """district_code, rule_id, tried. A number has two runs in a file where some of its rules look at the state ID that came out."""
    by_file = con.sql(
        f"""
        SELECT file.district_code, run.rule_id, sum(run.applicable_count)::BIGINT AS applicable,
               coalesce(any_value(file.accepted_count), 0)::BIGINT AS accepted
        FROM quality.rule_run AS run JOIN intake.submission AS file USING (submission_id)
        WHERE file.collection_version = ? AND file.status IN {_COUNTED}
        GROUP BY submission_id, file.district_code, run.rule_id
        """,
        params=[collection_version],
    ).pl()
    is_shared = pl.col("rule_id").is_in(_numbers_of_several_fields(titles))
    tried = pl.when(is_shared).then("accepted").otherwise("applicable")
    return by_file.group_by("district_code", "rule_id").agg(tried.sum().alias("tried"))


def _numbers_of_several_fields(titles: Titles) -> list[str]:
    fields: dict[str, set[str]] = {}
    for rule_id, field in titles:
        fields.setdefault(rule_id, set()).add(field)
    return sorted(rule_id for rule_id, found in fields.items() if len(found) > 1)


def title_of(titles: Titles, rule_id: str, field: str) -> str:
    """The rule's title; empty where no rule book names it any more. What reading refuses has a word and no number."""
    if not any(sign.isdigit() for sign in rule_id):
        return UNREADABLE
    return titles.get((rule_id, field)) or next((text for (number, _), text in titles.items() if number == rule_id), "")


def frequent_causes(
    counts: pl.DataFrame, tried: Mapping[str, int], titles: Titles, *, of_districts: int, of_records: int
) -> list[Cause]:
    """The rules with most failures, errors before warnings."""
    summed = counts.group_by(_RULE).agg(pl.col("failed").sum(), pl.col("district_code").n_unique().alias("districts"))
    largest = summed.sort("severity", "failed", *_RULE[:2], descending=[False, True, False, False]).head(MOST_CAUSES)
    return [
        Cause(
            rule, field, title_of(titles, rule, field), severity, failed, max(tried.get(rule, of_records), failed),
            districts, of_districts,
        )
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
