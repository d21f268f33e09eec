"""Fitting a model: how often each level of agreement occurs among records of one child (m) and of two children (u).

Method: u by comparing random pairs; m by expectation maximisation (Fellegi and Sunter's model, no truth needed) in
several sessions, since the fields a session blocks on learn nothing in it. What data of this size cannot show is set by
hand, with its reason. Then the frequencies of the names are frozen beside the probabilities.
"""

import json
import logging
import math
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker, block_on

from matching.comparisons import TERM_FREQUENCY_COLUMNS
from matching.model import (
    PARAMETERS,
    SHIPPED_MODEL,
    STATEMENTS,
    Model,
    load_model,
    splink_settings,
    write_manifest,
)
from matching.requests import REQUEST_TABLE, prepare_requests, workspace
from matching.scoring import RECORD_TABLE, make_record_table
from matching.splink_statements import write_statements
from matching.training_pairs import FEWEST_PAIRS, sessions_with_pairs, usable_records
from matching.training_prior import PRIOR_PAIRS, draw_to_prior, probabilities
from schemas.errors import UsageError

# A level that the sample happened not to show must not become a veto.
LEAST_M = 1e-4
LEAST_U = 1e-7
SEED = 20260701
RANDOM_PAIRS = 4e6
# A name on fewer records than this has no frequency of its own; all of them are as rare as its upper end.
LEAST_NAME_COUNT = 5
FEWEST_RECORDS = 2_000

# Pairs of one district are mostly one registration rolled over, mistakes and all; only two districts write a child down
# independently, and that is where the model has to decide.
ELSEWHERE = 'l."district_code" <> r."district_code"'
SESSIONS = (
    # With the middle name: twins share last name and birth date, and must not teach that first names differ.
    ("last_name", "birth_date", "middle_name"),
    ("first_name", "birth_date"),
    ("first_name", "last_name", "middle_name"),
    ("ssn_hash",),
)

# What random pairs cannot show, or show wrongly, by (field, level): m, u.
SET_BY_HAND = {
    # Another child's number by chance is one in 1e9; brothers' and sisters' numbers put in for one another are not chance.
    ("ssn", "SAME"): (None, 1e-7),
    ("ssn", "ONE_SLIP"): (None, 1e-6),
    # Children with one last name mostly have guardians with one last name: only the guardian's first name is news.
    ("guardian", "SAME"): (None, 6e-3),
    ("guardian", "SAME_FIRST_NAME"): (0.01, 4e-3),
    ("guardian", "SAME_LAST_NAME"): (None, 0.3),
    # The other parent, a grandparent, a foster parent: another guardian is a weak sign of another child.
    ("guardian", "DIFFERENT"): (0.05, 0.69),
    # About 9 of 100 children are in another district a year later; inside a district a local ID hardly ever changes, and is
    # repeated only by systems that hand numbers out again. Without a local ID the district alone says a little.
    ("place", "SAME_LOCAL_ID"): (0.90, 1e-7),
    ("place", "OTHER_LOCAL_ID"): (0.004, 0.016),
    ("place", "SAME_DISTRICT"): (0.006, 1e-4),
    ("place", "OTHER_DISTRICT"): (0.09, 0.98),
    ("suffix", "DIFFERENT"): (0.005, 0.5),
    # Strangers of one name are left in the sessions that learn about birth dates.
    ("birth_date", "DIFFERENT"): (0.003, 0.995),
    # The sessions hold middle names equal, so they cannot see these.
    ("first_name", "MIDDLE_NAME_USED"): (0.002, None),
    ("last_name", "IN_MIDDLE_NAME"): (0.001, None),
    ("first_name", "SWAPPED"): (None, 1e-6),
    ("last_name", "SWAPPED"): (None, 1e-6),
}

# Disagreements that a sample of a year or two shows too seldom: never rarer than this among records of one child.
LEAST_M_OF = {
    ("first_name", "JOINED"): 0.001,
    ("middle_name", "NEAR"): 0.002,
    ("middle_name", "DIFFERENT"): 0.005,
    ("last_name", "SIMILAR"): 0.001,
    ("race_ethnicity", "DIFFERENT"): 0.02,
    ("ssn", "DIFFERENT"): 0.01,
}

DEFAULT_THRESHOLDS = PARAMETERS / SHIPPED_MODEL / "thresholds.toml"


def train(
    records: pl.DataFrame,
    folder: Path,
    name: str,
    *,
    source: str,
    thresholds: Path = DEFAULT_THRESHOLDS,
    prior: Model | None = None,
) -> Model:
    """Fit a model on records and seal it in a folder of its own; as ``fit_model``, without what is said of the fit."""
    return fit_model(records, folder, name, source=source, thresholds=thresholds, prior=prior).model


@dataclass(frozen=True)
class Trained:
    """A sealed model, and what a reader should know about its fit, a sentence each."""

    model: Model
    notes: tuple[str, ...]


def fit_model(
    records: pl.DataFrame,
    folder: Path,
    name: str,
    *,
    source: str,
    thresholds: Path = DEFAULT_THRESHOLDS,
    prior: Model | None = None,
) -> Trained:
    """Fit a model on records and seal it in a folder of its own.

    Args:
        records: identity request columns; records of one child may and should stand in it several times (two districts
            or two years); nothing says which.
        folder: made here; must not exist.
        name: the model's name, part of the version every assignment carries.
        source: where the records come from, in a sentence for the report.
        thresholds: copied into the folder.
        prior: every probability is drawn to this model's, the more so the less there was to learn from.

    A column ``person`` says whose record each is, where that is known: a name is then listed only when enough children
    bear it, however many records each of them has. It teaches nothing else.

    Raises:
        UsageError: the folder exists, or there are too few records to learn from.
        MosisError: a session would compare far more pairs than so many records can need; the message names its fields.
    """
    if records.height < FEWEST_RECORDS:
        raise UsageError(f"training: {records.height} records found, at least {FEWEST_RECORDS} are needed.")
    if folder.exists():
        raise UsageError(f"{folder} exists already; a model is never changed. Name another folder.")
    folder.mkdir(parents=True)
    con = duckdb.connect()
    try:
        with workspace(con) as cursor:
            settings, notes = _fit(cursor, usable_records(prepare_requests(records)), prior)
            rare = {column: _freeze_frequencies(cursor, column, folder) for column in TERM_FREQUENCY_COLUMNS}
    finally:
        con.close()
    (folder / "model.json").write_text(json.dumps(settings, indent=1) + "\n", "utf-8")
    (folder / STATEMENTS).write_text(write_statements(settings), "utf-8")
    shutil.copy(thresholds, folder / "thresholds.toml")
    (folder / "README.md").write_text(_report(name, source, settings, records.height, notes), "utf-8")
    write_manifest(folder, name, rare)
    return Trained(load_model(folder), tuple(notes))


def _fit(
    cursor: duckdb.DuckDBPyConnection, records: pl.DataFrame, prior: Model | None
) -> tuple[dict[str, Any], list[str]]:
    """The fitted settings, and what a reader should know about the fit, a sentence each."""
    cursor.register("training_records", records)
    cursor.execute(f"CREATE OR REPLACE TABLE {REQUEST_TABLE} AS FROM training_records").fetchall()
    cursor.unregister("training_records")
    make_record_table(cursor, (REQUEST_TABLE, "s.request_id", "true"))
    sessions = sessions_with_pairs(cursor, SESSIONS, records.height)
    notes = [
        f"Left out, with fewer than {FEWEST_PAIRS} pairs to learn from: the session on {' and '.join(fields)}."
        for fields in SESSIONS
        if fields not in sessions
    ]
    with warnings.catch_warnings(), _splink_is_quiet():
        # What splink warns of while it learns (levels without data, untrained fields) is settled below, by name.
        warnings.simplefilter("ignore")
        settings = _learn(cursor, list(sessions))
    if prior is not None:
        most_pairs = max(sessions.values())
        unseen = draw_to_prior(settings, probabilities(prior.settings), most_pairs)
        notes.append(f"m was learnt from up to {most_pairs:,} pairs; {prior.version} counts for {PRIOR_PAIRS:,} more.")
        if unseen:
            notes.append(f"Not seen, so taken from {prior.version}: {', '.join(unseen)}.")
    return _set_by_hand(settings), notes


@contextmanager
def _splink_is_quiet() -> Iterator[None]:
    logger = logging.getLogger("splink")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _learn(cursor: duckdb.DuckDBPyConnection, sessions: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    database = DuckDBAPI(cursor)
    linker = Linker(database.register(RECORD_TABLE), splink_settings(), log_level=None)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("ssn_hash", "birth_date"), block_on("first_name", "last_name", "birth_date")], recall=0.95
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=SEED, min_count_per_level=None)
    for fields in sessions:
        same = [f'l."{field}" = r."{field}"' for field in fields]
        linker.training.estimate_parameters_using_expectation_maximisation(" AND ".join([*same, ELSEWHERE]))
    settings: dict[str, Any] = linker.misc.save_model_to_json()
    return settings


def _set_by_hand(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings without gaps: hand-set values in, m never under LEAST_M, and every level with both probabilities."""
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            if level.get("is_null_level"):
                continue
            name = (comparison["output_column_name"], level["label_for_charts"])
            m, u = SET_BY_HAND.get(name, (None, None))
            level["m_probability"] = max(m or level.get("m_probability") or 0.0, LEAST_M_OF.get(name, LEAST_M))
            level["u_probability"] = max(u or level.get("u_probability") or 0.0, LEAST_U)
    settings.pop("linker_uid", None)
    return settings


def _freeze_frequencies(cursor: duckdb.DuckDBPyConnection, column: str, folder: Path) -> float:
    """Writes how often each name occurs; the frequency that stands for every name too rare to be listed."""
    is_known = "person" in cursor.table(REQUEST_TABLE).columns
    bearer = "q.person" if is_known else "q.request_id"
    counts = cursor.sql(
        f"SELECT t.{column} AS name, count(*) AS n, count(DISTINCT {bearer}) AS bearers FROM {RECORD_TABLE} t "
        f"JOIN {REQUEST_TABLE} q ON q.request_id = t.unique_id WHERE t.{column} <> '' GROUP BY 1"
    ).pl()
    total = counts["n"].sum()
    listed = counts.filter(pl.col("bearers") >= LEAST_NAME_COUNT).select("name", frequency=pl.col("n") / total)
    listed.sort("name").write_parquet(folder / f"tf_{column}.parquet", compression="zstd", statistics=False)
    return LEAST_NAME_COUNT / total


def _report(name: str, source: str, settings: dict[str, Any], record_count: int, notes: Sequence[str]) -> str:
    """What a person needs to know to trust the folder: data, method, and every probability with its weight in bits."""
    lines = [
        f"# Matching model {name}",
        "",
        source,
        "",
        f"Fitted on {record_count} records by matching/training.py: u from random pairs (seed {SEED}), m by expectation",
        f"maximisation in {len(SESSIONS)} sessions, blocked on {'; '.join(' and '.join(fields) for fields in SESSIONS)}.",
        f"m is at least {LEAST_M}, u at least {LEAST_U}. Set by hand, not learnt: "
        + ", ".join(f"{field} {level}" for field, level in SET_BY_HAND)
        + ".",
        f"Names on fewer than {LEAST_NAME_COUNT} records (of so many children, where they are known) share one frequency.",
        *notes,
        "",
        "| field | level | m: among records of one child | u: among records of two | weight in bits |",
        "|---|---|---|---|---|",
    ]
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                m, u = level["m_probability"], level["u_probability"]
                names = f"{comparison['output_column_name']} | {level['label_for_charts']}"
                lines.append(f"| {names} | {m:.5f} | {u:.2e} | {math.log2(m / u):+.1f} |")
    return "\n".join(lines) + "\n"
