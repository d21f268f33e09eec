"""The student locator: children that a look-up by name, birth date, old state ID or local ID may mean, best first.

The same spelling, comparisons and weights as identify; but nothing is decided: whoever fits is shown, up to a cap, with
level-4 fields alone (data policy of 2007). The registry is only read.
"""

from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from matching.blocking import REGISTRY
from matching.comparisons import BY_NAME
from matching.lookup_pairs import (
    LOCAL_ID_WEIGHT,
    NUMBER_TABLE,
    SAME_ID_WEIGHT,
    SLIP_WEIGHT,
    TOLD_TABLE,
    make_lookup_pairs,
)
from matching.model import Model
from matching.requests import REQUEST_TABLE, workspace
from matching.scoring import score_pairs
from matching.standardize import standardize
from matching.supplied_ids import FORWARD_TABLE, HELD, make_forward_table, person_of

# Level-4 fields (access_level in the data dictionary) that tell children apart, and those that place a child.
SHOWN_FIELDS = ("last_name", "first_name", "middle_name", "suffix", "birth_date", "gender")
PLACEMENT_FIELDS = ("district_code", "school_code", "grade")

# Bits of evidence, of a pair against two strangers: below it a pair has less in common than one common name.
LEAST_EVIDENCE = 3.0
# Who has so many bits less than the best is not meant: the odds are four thousand to one.
FARTHEST_BEHIND = 12.0
# A look-up that pairs with more rows, or that more children fit, says too little to show anybody.
MOST_PAIRS, MOST_FITTING = 3_000, 50

CANDIDATE_SCHEMA = pl.Schema({
    "line_number": pl.UInt32(), "rank": pl.Int32(), "state_id": pl.String(), "explanation": pl.String(),
    **{name: pl.Date() if name == "birth_date" else pl.String() for name in (*SHOWN_FIELDS, *PLACEMENT_FIELDS)},
})  # fmt: skip
ANSWER_SCHEMA = pl.Schema({"line_number": pl.UInt32(), "reason": pl.String(), "fitting_count": pl.Int64()})
_UNKNOWN_OF_A_LOOKUP = (
    "suffix", "gender", "race_ethnicity", "ssn_hash", "guardian_last_name", "guardian_first_name",
)  # fmt: skip
_TOLD = {
    "last_name": "last name", "first_name": "first name", "middle_name": "middle name", "birth_date": "birth date",
}  # fmt: skip


_OF_HELD = "whose this number is has still to be settled by the state: do not use it yet"


@dataclass(frozen=True)
class Located:
    """What look-ups came to.

    Attributes:
        answers: one row a look-up, ANSWER_SCHEMA; ``reason`` is one of schemas/locator/answers.csv.
        candidates: one row a look-up and child, CANDIDATE_SCHEMA, best first; placement is null unless it was asked for.
    """

    answers: pl.DataFrame
    candidates: pl.DataFrame


def locate(
    lookups: pl.DataFrame, con: duckdb.DuckDBPyConnection, model: Model, *, cap: int, shows_placement: bool = False
) -> Located:
    """Look children up.

    Args:
        lookups: LOOKUP_SCHEMA of schemas.locator.request; those with a fault are answered by their fault.
        con: an instance with the state attached as ``state``.
        cap: at most so many children a look-up are shown.
    """
    numbered = lookups.with_row_index("request_id").with_columns(pl.col("request_id").cast(pl.Int64))
    sound = numbered.filter(pl.col("fault").is_null())
    with workspace(con) as cursor:
        make_forward_table(cursor)
        _make_request_table(cursor, sound)
        crowded = make_lookup_pairs(cursor, sound.select("request_id", "birth_date", "state_id"), MOST_PAIRS)
        fitting = _fitting(_weighed_people(cursor, score_pairs(cursor, model, -1_000.0)))
        counts = fitting.group_by("request_id").len("fitting_count")
        numbers = cursor.sql(
            f"SELECT request_id, person IS NULL AS is_withdrawn FROM {NUMBER_TABLE} WHERE is_exact"
        ).pl()
        answers = _answers(numbered, counts, numbers, crowded, cap)
        shown = fitting.filter(pl.col("rank") <= cap).join(
            answers.filter(pl.col("reason").is_in(["FOUND", "MORE_FIT"])).select("request_id", "line_number"),
            on="request_id",
        )
        candidates = _described(cursor, shown, sound, shows_placement)
    return Located(answers.select(*ANSWER_SCHEMA).cast(ANSWER_SCHEMA), candidates)


def _make_request_table(cursor: duckdb.DuckDBPyConnection, lookups: pl.DataFrame) -> None:
    """Look-ups in the form of requests, so that they are compared as requests are; what nobody asked for is missing."""
    unknown = [pl.lit(None, pl.String).alias(name) for name in _UNKNOWN_OF_A_LOOKUP]
    keyed = standardize(lookups.with_columns(unknown)).with_columns(
        pl.when(pl.col("last_name_key") != "").then("last_name_key"),
        pl.when(pl.col("first_name_key") != "").then("first_name_key"),
        # A district alone is no evidence of anything: it says whose local ID this is.
        district_code=pl.when(pl.col("local_student_id").is_not_null()).then("district_code"),
        ssn_near=pl.lit(None, pl.List(pl.String)),
    )
    cursor.register("incoming_lookups", keyed)
    cursor.execute(f"CREATE OR REPLACE TABLE {REQUEST_TABLE} AS FROM incoming_lookups").fetchall()
    cursor.unregister("incoming_lookups")


def _weighed_people(cursor: duckdb.DuckDBPyConnection, pairs: pl.DataFrame) -> pl.DataFrame:
    """The best row of each person for each look-up: request_id, person, evidence, bits and ``gamma_<name>``."""
    cursor.register("scored_pairs", pairs)
    known = cursor.sql(
        f"""
        SELECT p.*, {person_of("r", "f")} AS person, coalesce(t.bits, 0) AS bits
        FROM scored_pairs p JOIN {REGISTRY} r ON r.rowid = p.other
        LEFT JOIN {FORWARD_TABLE} f ON f.state_id = r.state_id
        LEFT JOIN (SELECT request_id, other, max(bits) AS bits FROM {TOLD_TABLE} GROUP BY ALL) t
               ON t.request_id = p.request_id AND t.other = p.other
        WHERE {person_of("r", "f")} IS NOT NULL
        """
    ).pl()
    cursor.unregister("scored_pairs")
    return (
        known.with_columns(weight=pl.col("evidence") + pl.col("bits"))
        .sort(["request_id", "weight", "person"], descending=[False, True, False])
        .unique(["request_id", "person"], keep="first", maintain_order=True)
    )


def _fitting(people: pl.DataFrame) -> pl.DataFrame:
    """Those worth showing, with their rank: enough in common, and not far behind the best; ties by state ID."""
    one_lookup = pl.col("weight").max().over("request_id") - FARTHEST_BEHIND
    worth = people.filter((pl.col("bits") > 0) | (pl.col("weight") >= LEAST_EVIDENCE), pl.col("weight") >= one_lookup)
    return worth.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("request_id"))


def _answers(
    lookups: pl.DataFrame, counts: pl.DataFrame, numbers: pl.DataFrame, crowded: pl.Series, cap: int
) -> pl.DataFrame:
    # Children found by a number are shown even where the names fit half the state.
    told = pl.col("fitting_count").fill_null(0)
    return (
        lookups.join(counts, on="request_id", how="left", maintain_order="left")
        .join(numbers, on="request_id", how="left", maintain_order="left")
        .with_columns(
            reason=pl.when(pl.col("fault").is_not_null())
            .then("fault")
            .when((told == 0) & pl.col("request_id").is_in(crowded.implode()))
            .then(pl.lit("TOO_MANY_FIT"))
            .when(told > MOST_FITTING)
            .then(pl.lit("TOO_MANY_FIT"))
            .when(told > cap)
            .then(pl.lit("MORE_FIT"))
            .when(told > 0)
            .then(pl.lit("FOUND"))
            .when("is_withdrawn")
            .then(pl.lit("ID_WITHDRAWN"))
            .when(pl.col("state_id").is_not_null() & pl.col("is_withdrawn").is_null())
            .then(pl.lit("ID_UNKNOWN"))
            .otherwise(pl.lit("NOBODY_FITS")),
            fitting_count=told,
        )
    )


def _described(
    cursor: duckdb.DuckDBPyConnection, shown: pl.DataFrame, lookups: pl.DataFrame, shows_placement: bool
) -> pl.DataFrame:
    """The children as the registry knows them last, with a sentence that says what agrees."""
    if shown.is_empty():
        return pl.DataFrame(schema=CANDIDATE_SCHEMA)
    fields = (*SHOWN_FIELDS, *PLACEMENT_FIELDS) if shows_placement else SHOWN_FIELDS
    known = _newest(cursor, shown["person"].unique(), fields)
    asked = lookups.select("request_id", asked_id=pl.col("state_id").str.zfill(10))
    told = shown.join(known, on="person").join(asked, on="request_id").sort("request_id", "rank")
    hidden = [pl.lit(None, CANDIDATE_SCHEMA[name]).alias(name) for name in PLACEMENT_FIELDS if name not in fields]
    sentences = pl.Series("explanation", [_explained(row) for row in told.iter_rows(named=True)], pl.String)
    return told.with_columns(*hidden, sentences, state_id="person").select(*CANDIDATE_SCHEMA).cast(CANDIDATE_SCHEMA)


def _newest(cursor: duckdb.DuckDBPyConnection, persons: pl.Series, fields: tuple[str, ...]) -> pl.DataFrame:
    """The newest registry row of each person, only the fields named, and whether its number is held."""
    cursor.register("wanted_persons", pl.DataFrame({"person": persons}))
    rows = cursor.sql(
        f"""
        WITH held AS (
            SELECT person AS state_id, person FROM wanted_persons
            UNION
            SELECT f.state_id, f.person FROM {FORWARD_TABLE} f SEMI JOIN wanted_persons w ON w.person = f.person
        )
        SELECT held.person, s.status = '{HELD}' AS is_held, {", ".join(f"r.{name}" for name in fields)}
        FROM {REGISTRY} r JOIN held ON held.state_id = r.state_id JOIN state.identity.student s ON s.state_id = held.person
        QUALIFY row_number() OVER (
            PARTITION BY held.person
            ORDER BY r.last_school_year DESC, r.state_id = held.person DESC, r.last_seen_at DESC, r.version_hash
        ) = 1
        """
    ).pl()
    cursor.unregister("wanted_persons")
    return rows


def _explained(row: dict[str, Any]) -> str:
    """What agrees and what does not, as a school secretary would say it."""
    same, other = [], []
    for name, word in _TOLD.items():
        number = row[f"gamma_{name}"]
        level = BY_NAME[name].level_of(number) if number is not None else None
        if level is None or level.name == "MISSING":
            continue
        if level.name == "SAME":
            same.append(word)
        elif level.says:
            other.append(level.says)
    parts = [
        _by_number(row),
        f"same {_enumerated(same)}" if same else "",
        *dict.fromkeys(other),
        _OF_HELD if row["is_held"] else "",
    ]
    sentence = "; ".join(part for part in parts if part)
    return sentence[:1].upper() + sentence[1:]


def _by_number(row: dict[str, Any]) -> str:
    if row["bits"] == SAME_ID_WEIGHT:
        is_own = row["asked_id"] == row["person"]
        return "this is the child’s state ID" if is_own else "this state ID was merged into the child’s own"
    if row["bits"] == LOCAL_ID_WEIGHT:
        return "same local ID"
    return "one slip away from the child’s state ID" if row["bits"] == SLIP_WEIGHT else ""


def _enumerated(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
