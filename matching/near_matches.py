"""Questions to a district: who could this child be? And what the district's answer does (design 3.3).

A question is known by its NearMatchID, which is made from the file's bytes and the line, so that it stays the same however
often it is asked. Its candidates stand by weight, and each says in one sentence why it is shown.
"""

import hashlib
from datetime import date
from typing import Any

import duckdb
import polars as pl

from matching.comparisons import BY_NAME, Comparison
from matching.requests import REQUEST_TABLE
from matching.supplied_ids import FORWARD_TABLE, person_of

CANDIDATE_SCHEMA: dict[str, pl.DataType] = {
    "submission_id": pl.String(), "line_number": pl.UInt32(), "near_match_id": pl.String(),
    "candidate_rank": pl.Int32(), "candidate_state_id": pl.String(), "candidate_last_name": pl.String(),
    "candidate_first_name": pl.String(), "candidate_middle_name": pl.String(), "candidate_birth_date": pl.Date(),
    "candidate_gender": pl.String(), "candidate_grade": pl.String(), "candidate_district_code": pl.String(),
    "match_weight": pl.Float64(), "explanation": pl.String(), "reason": pl.String(),
}  # fmt: skip

MUST_LINK, CANNOT_LINK, CANCEL = "must_link", "cannot_link", "cancel"

# Fields in the order in which a person compares two children; race and place are no help to a school office.
_TOLD = ("last_name", "first_name", "middle_name", "suffix", "birth_date", "gender", "guardian", "ssn", "place")
_SAME_WORDS = {
    "last_name": "last name", "first_name": "first name", "middle_name": "middle name", "birth_date": "birth date",
    "gender": "gender", "guardian": "guardian", "ssn": "Social Security number", "place": "local ID",
}  # fmt: skip
_AGREEING = {"SAME", "SAME_LOCAL_ID"}
_SHOWN_VALUES = {"last_name", "first_name", "middle_name", "suffix", "birth_date", "gender"}
_ENDINGS = {
    "TWINS_OR_SIBLINGS": "they could be one child or twins",
    "TWO_LOCAL_IDS": "the local IDs of one district and year differ; they could be one child or two",
    "SUPPLIED_ID_DISAGREES": "this is the child of the state ID that was sent",
    "SEVERAL_CANDIDATES": "more than one child fits",
}
_ENDING = "both could be one child"


def near_match_id(sha256: str, line_number: int) -> str:
    """``NM`` and ten hex digits: the same question has the same name in every run."""
    return "NM" + hashlib.sha256(f"{sha256}:{line_number}".encode()).hexdigest()[:10]


def near_match_ids(requests: pl.DataFrame) -> pl.Series:
    """The NearMatchID of each row of sha256 and line_number."""
    keys = requests.select("sha256", "line_number").iter_rows()
    return pl.Series("near_match_id", [near_match_id(sha256, line) for sha256, line in keys], pl.String)


def explain(pair: dict[str, Any], reason: str) -> str:
    """Why a candidate is shown, as a school secretary would say it.

    Args:
        pair: ``gamma_<field>`` for each comparison (null where nothing was compared), the request's values under their
            names, the candidate's under ``candidate_<name>``.
        reason: of the question, for this candidate.
    """
    same, differing = [], []
    for name in _TOLD:
        level = _level(BY_NAME[name], pair)
        if level is None or level == "MISSING":
            continue
        if level in _AGREEING:
            same.append(_SAME_WORDS.get(name, name))
        else:
            differing.append(_difference(name, pair))
    parts = [f"same {_enumerate(same)}"] if same else []
    parts += [part for part in differing if part]
    parts.append(_ENDINGS.get(reason, _ENDING))
    sentence = "; ".join(parts)
    return sentence[0].upper() + sentence[1:]


def _level(comparison: Comparison, pair: dict[str, Any]) -> str | None:
    number = pair.get(f"gamma_{comparison.name}")
    return None if number is None else comparison.level_of(number).name


def _difference(name: str, pair: dict[str, Any]) -> str:
    says = BY_NAME[name].level_of(pair[f"gamma_{name}"]).says
    if says is None:
        return ""
    if name not in _SHOWN_VALUES:
        return says
    one, other = (_written(pair.get(column)) for column in (name, f"candidate_{name}"))
    return f"{says}: {one} / {other}" if one and other else says


def _written(value: Any) -> str:
    return value.strftime("%m/%d/%Y") if isinstance(value, date) else str(value or "")


def _enumerate(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def make_candidates(people: pl.DataFrame, requests: pl.DataFrame, limit: int) -> pl.DataFrame:
    """The candidates of every open question, in CANDIDATE_SCHEMA, best first, ties by state ID.

    Args:
        people: request_id, person, match_weight, reason, ``gamma_<field>`` and the person's own data as ``known_<name>``.
        requests: request_id, submission_id, line_number, near_match_id and the request's own data.
        limit: at most so many candidates a question.
    """
    if people.is_empty():
        return pl.DataFrame(schema=CANDIDATE_SCHEMA)
    ranked = (
        people.sort(["request_id", "match_weight", "person"], descending=[False, True, False], nulls_last=True)
        .with_columns(candidate_rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("request_id"))
        .filter(pl.col("candidate_rank") <= limit)
        .rename(
            {name: f"candidate_{name.removeprefix('known_')}" for name in people.columns if name.startswith("known_")}
        )
        .join(requests, on="request_id")
    )
    explanations = [explain(row, row["reason"]) for row in ranked.iter_rows(named=True)]
    return (
        ranked.with_columns(candidate_state_id=pl.col("person"), explanation=pl.Series(explanations, dtype=pl.String))
        .select(*CANDIDATE_SCHEMA)
        .cast(CANDIDATE_SCHEMA)
        .sort("submission_id", "line_number", "candidate_rank")
    )


def people_decisions(cursor: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """request_id, kind and person of what people decided earlier about lines of this run (the same file, dropped again)."""
    return cursor.sql(
        f"""
        SELECT DISTINCT q.request_id, d.kind, {person_of("d", "f")} AS person
        FROM {REQUEST_TABLE} q
        JOIN state.identity.near_match n ON n.sha256 = q.sha256 AND n.line_number = q.line_number
        JOIN state.identity.decision d ON d.near_match_id = n.near_match_id
        LEFT JOIN {FORWARD_TABLE} f ON f.state_id = d.state_id
        WHERE d.kind = '{CANCEL}' OR {person_of("d", "f")} IS NOT NULL
        """
    ).pl()


RETURN_SCHEMA: dict[str, pl.DataType] = {
    "line_number": pl.UInt32(), "near_match_id": pl.String(), "candidate_rank": pl.Int32(),
    "candidate_state_id": pl.String(), "decision": pl.String(),
}  # fmt: skip
