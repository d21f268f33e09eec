"""What the operator decides about districts' answers: approved ones change their violations, refused ones do not."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Self

import duckdb
import polars as pl

from outputs.state_level.sharing import share_with_other_side
from outputs.violation_desk.decide import Decided, settle, update_rows
from outputs.violation_desk.responses import APPROVED, PROPOSED
from outputs.violation_desk.standing import mark_pages
from schemas.violation_responses.vocabulary import response_words

# A violation that an answer is about: the row itself, or the same child's in the file that came since.
_SAME_ROW = (
    "violation.submission_id = answer.submission_id AND violation.line_number IS NOT DISTINCT FROM answer.line_number"
)
_SAME_CHILD = (
    "violation.district_code = answer.district_code AND violation.collection_version = answer.collection_version "
    "AND (violation.state_id = answer.state_id OR violation.local_student_id = answer.local_student_id)"
)


@dataclass(frozen=True, slots=True)
class ResponseSelection:
    """Which open answers are meant; filters that all hold."""

    ids: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    responses: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values for the journal; what is not filtered by is left out."""
        return {name: list(value) for name, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        known = {each.name for each in fields(cls)}
        chosen: dict[str, Any] = {name: tuple(value) for name, value in values.items() if name in known}
        return cls(**chosen)


def chosen_responses(selection: ResponseSelection, status: str = PROPOSED) -> tuple[str, dict[str, Any]]:
    """FROM and WHERE of the answers of a selection, with parameters."""
    columns = {
        "ids": "answer.response_id", "districts": "answer.district_code", "rules": "answer.rule_id",
        "responses": "answer.response", "collections": "answer.collection_version",
    }  # fmt: skip
    conditions, values = ["answer.status = $status"], {"status": status}
    parameters: dict[str, Any] = dict(values)
    for name, column in columns.items():
        if chosen := getattr(selection, name):
            conditions.append(f"list_contains(${name}, {column})")
            parameters[name] = list(chosen)
    return f"FROM quality.response AS answer WHERE {' AND '.join(conditions)}", parameters


def decide_responses(
    con: duckdb.DuckDBPyConnection, by: Decided, selection: ResponseSelection, verdict: str, until: date | None
) -> int:
    """Approve or refuse open answers in the open transaction; gives how many.

    An approved WAIVE needs ``until``. An approved DISAGREE about an error of a file is left open: an error is corrected
    or waived until a day, never accepted.
    """
    source, values = chosen_responses(selection)
    answers = con.sql(f"SELECT answer.* {source}", params=values).pl()
    if verdict == APPROVED:
        answers = _without_impossible(con, answers, until)
        _carry_out(con, by, answers, until)
    decided = answers.select("response_id")  # noqa: F841 (for the query)
    con.execute(
        "UPDATE quality.response SET status = ?, decided_at = ?, decided_by = ?, decision_number = ? "
        "WHERE response_id IN (SELECT response_id FROM decided)",
        [verdict, by.at, by.actor, by.number],
    ).fetchall()
    # What became of them stands in the districts' responses.csv.
    mark_pages(con, set(answers["response_submission_id"]))
    con.execute(
        'INSERT INTO quality.decision (decision_number, "at", actor, kind, status, reason, until, row_count) '
        "VALUES (?, ?, ?, 'response', ?, ?, ?, ?)",
        [by.number, by.at, by.actor, verdict, by.reason, until, answers.height],
    ).fetchall()
    return answers.height


def undecidable(con: duckdb.DuckDBPyConnection, selection: ResponseSelection, until: date | None) -> int:
    """How many of the open answers cannot be approved as they are."""
    source, values = chosen_responses(selection)
    answers = con.sql(f"SELECT answer.* {source}", params=values).pl()
    return answers.height - _without_impossible(con, answers, until).height


def _without_impossible(con: duckdb.DuckDBPyConnection, answers: pl.DataFrame, until: date | None) -> pl.DataFrame:
    by_effect = _with_effect(answers)
    errors = _violations_of(con, by_effect.filter(pl.col("effect") == "accepted"))
    blocked = errors.filter((pl.col("severity") == "E") & (pl.col("scope") != "state"))["response_id"].unique()
    is_possible = ~((pl.col("effect") == "accepted") & pl.col("response_id").is_in(blocked.to_list()))
    if until is None:
        is_possible &= pl.col("effect") != "waived"
    return by_effect.filter(is_possible)


def _with_effect(answers: pl.DataFrame) -> pl.DataFrame:
    effects = {word.response: word.effect for word in response_words().values()}
    return answers.with_columns(
        effect=pl.col("response").replace_strict(effects, default="none", return_dtype=pl.String)
    )


def _violations_of(con: duckdb.DuckDBPyConnection, answers: pl.DataFrame) -> pl.DataFrame:
    """response_id, row, submission_id, severity, scope of each violation that stands and an answer is about."""
    answer = answers.select(  # noqa: F841 (for the query)
        "response_id", "submission_id", "line_number", "rule_id", "field", "other_district_code", "district_code",
        "collection_version", "state_id", "local_student_id",
    )  # fmt: skip
    return con.sql(
        f"""
        SELECT DISTINCT answer.response_id, violation.rowid AS row, violation.submission_id, violation.severity,
               violation.scope
        FROM answer JOIN quality.violation AS violation
          ON violation.rule_id = answer.rule_id AND violation.field IS NOT DISTINCT FROM answer.field
         AND violation.other_district_code IS NOT DISTINCT FROM answer.other_district_code
         AND (({_SAME_ROW}) OR ({_SAME_CHILD}))
        JOIN intake.submission AS file ON file.submission_id = violation.submission_id
        WHERE file.status IN ('trial', 'certified', 'answered')
          AND violation.status IN ('open', 'reopened', 'contacted')
        ORDER BY 1, 2
        """
    ).pl()


def _carry_out(con: duckdb.DuckDBPyConnection, by: Decided, answers: pl.DataFrame, until: date | None) -> None:
    for effect in ("contacted", "waived", "accepted"):
        rows = _violations_of(con, answers.filter(pl.col("effect") == effect))
        chosen = rows.select(pl.col("row").unique().sort())
        if chosen.is_empty():
            continue
        source = "FROM quality.violation AS violation WHERE list_contains($rows, violation.rowid)"
        changes = {"status": effect, "waived_until": until if effect == "waived" else None}
        touched = update_rows(con, source, {"rows": chosen["row"].to_list()}, changes, by.number)
        if effect != "waived":
            touched += share_with_other_side(con, [row for row, _ in touched], by.at)
        settle(con, touched)
