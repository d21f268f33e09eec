"""FEBRL's synthetic people through our names, SSN codes, comparison levels and splink's scoring (smoke test of all four).

The fields are Australian: no middle name, guardian, district or enrolment, so guards and decisions have nothing to work on.
What is compared: the first and last name levels and the SSN levels of ``matching.comparisons`` as they are, the birth date
as eight digits (FEBRL misspells it into dates that do not exist), and the address by levels of the same kind.
"""

import logging
import warnings
from collections.abc import Iterable

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker

from matching.comparisons import FIRST_NAME, LAST_NAME, SSN, Comparison, Level, splink_comparison
from matching.ssn import SsnHasher
from matching.standardize import nickname_groups, standardize

SEED = 20260701
ADDRESS = ("address_1", "address_2", "suburb", "postcode", "street_number")
BLOCKED_ON = (
    ("ssn_hash",), ("birth_day",), ("last_name_sound", "first_name_sound"), ("last_name", "postcode"),
    ("first_name", "postcode"), ("address_1", "suburb"), ("address_1", "postcode"), ("first_name", "suburb"),
    ("last_name", "suburb"), ("first_name", "birth_year"), ("last_name", "birth_year"), ("suburb", "street_number"),
)  # fmt: skip
SESSIONS = (("ssn_hash",), ("birth_day",), ("last_name", "first_name"), ("address_1", "postcode"))


def _missing(column: str) -> Level:
    return Level("MISSING", f'"{column}_l" IS NULL OR "{column}_r" IS NULL')


def _words(column: str, frequency: bool = False) -> Comparison:
    """Equal, a slip or two, much alike, different."""
    return Comparison(
        column,
        column,
        (
            _missing(column),
            Level("SAME", f'"{column}_l" = "{column}_r"', None, column if frequency else None),
            Level("ONE_SLIP", f'damerau_levenshtein("{column}_l", "{column}_r") <= 1'),
            Level("NEAR", f'jaro_winkler_similarity("{column}_l", "{column}_r") >= 0.88'),
            Level("DIFFERENT", "ELSE"),
        ),
    )


BIRTH_DAY = Comparison(
    "birth_day",
    "birth dates",
    (
        _missing("birth_day"),
        Level("SAME", '"birth_day_l" = "birth_day_r"'),
        Level("ONE_SLIP", 'damerau_levenshtein("birth_day_l", "birth_day_r") <= 1'),
        Level("TWO_SLIPS", 'damerau_levenshtein("birth_day_l", "birth_day_r") <= 2'),
        Level("DIFFERENT", "ELSE"),
    ),
)
STATE = Comparison(
    "state", "states", (_missing("state"), Level("SAME", '"state_l" = "state_r"'), Level("DIFFERENT", "ELSE"))
)
COMPARISONS = (
    FIRST_NAME, LAST_NAME, SSN, BIRTH_DAY, _words("address_1", True), _words("address_2"), _words("suburb", True),
    _words("postcode"), _words("street_number"), STATE,
)  # fmt: skip


def febrl_records(people: pl.DataFrame) -> pl.DataFrame:
    """One row a person of ``people`` (FEBRL's columns with rec_id) with what the comparisons read."""
    named = people.with_columns(
        last_name="surname", first_name="given_name", middle_name=pl.lit(None, pl.String), suffix=pl.lit(None, pl.String),
        guardian_last_name=pl.lit(None, pl.String), guardian_first_name=pl.lit(None, pl.String),
    )  # fmt: skip
    # Seven digits; two more make them numbers of nine that our codes take.
    codes = SsnHasher({1: b"febrl" * 8})(pl.Series("12" + people["soc_sec_id"]))
    keyed = standardize(named).hstack(codes)
    text = {
        name: pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name).str.strip_chars()) for name in ADDRESS
    }
    first, last = pl.col("first_name_key"), pl.col("last_name_key")
    return keyed.join(
        nickname_groups().rename({"name": "first_name_key", "groups": "first_name_groups"}),
        on="first_name_key", how="left", maintain_order="left",
    ).select(
        "rec_id", "state", "ssn_hash", "ssn_near", "first_name_groups", "last_name_sound", "first_name_sound",
        first_name=pl.when(first != "").then(first),
        last_name=pl.when(last != "").then(last),
        given_names=pl.when(first != "").then(first),
        second_name="middle_name_key",
        name_order=first + " " + last,
        name_reversed=last + " " + first,
        surname_words="surname_tokens",
        birth_day="date_of_birth",
        birth_year=pl.col("date_of_birth").str.slice(0, 4),
        **text,
    )  # fmt: skip


def score(records: pl.DataFrame, other: pl.DataFrame | None = None) -> pl.DataFrame:
    """rec_id_l, rec_id_r and weight (bits) of every blocked pair: within ``records``, or between the two."""
    con = duckdb.connect()
    con.execute("SET threads = 2")
    database = DuckDBAPI(con)
    tables = []
    for name, frame in (("left_records", records), ("right_records", other)):
        if frame is not None:
            con.register("incoming", frame)
            con.execute(f"CREATE TABLE {name} AS FROM incoming").fetchall()
            tables.append(database.register(name))
    settings = {
        "link_type": "dedupe_only" if other is None else "link_only",
        "unique_id_column_name": "rec_id",
        "comparisons": [splink_comparison(comparison) for comparison in COMPARISONS],
        "blocking_rules_to_generate_predictions": [_equal(fields) for fields in BLOCKED_ON],
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("splink").setLevel(logging.ERROR)
        pairs = _train_and_predict(Linker(tables, settings, log_level=None))
        return con.sql(
            f"SELECT rec_id_l, rec_id_r, round(match_weight, 2) AS weight FROM {pairs} ORDER BY weight DESC, 1, 2"
        ).pl()


def _equal(fields: Iterable[str]) -> str:
    return " AND ".join(f'l."{field}" = r."{field}"' for field in fields)


def _train_and_predict(linker: Linker) -> str:
    linker.training.estimate_probability_two_random_records_match(
        [_equal(("ssn_hash",)), _equal(("last_name", "first_name", "birth_day"))], recall=0.95
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=SEED, min_count_per_level=None)
    for fields in SESSIONS:
        linker.training.estimate_parameters_using_expectation_maximisation(_equal(fields))
    settings = linker.misc.save_model_to_json()
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                # A level that the sessions did not show must not become a veto.
                level["m_probability"] = max(level.get("m_probability") or 0.0, 1e-3)
                level["u_probability"] = max(level.get("u_probability") or 0.0, 1e-6)
    trained = Linker(list(linker._input_tables_dict.values()), settings, log_level=None)
    return str(trained.inference.predict(threshold_match_weight=-20, warning_mode="never").physical_name)


def one_to_one(pairs: pl.DataFrame) -> pl.DataFrame:
    """The heaviest pair first, then the heaviest of those that share no record with a pair taken before.

    Splink's own one-to-one clustering takes half a minute and gigabytes for this (pairs come heaviest first).
    """
    taken: set[str] = set()
    keep = []
    for left, right in pairs.select("rec_id_l", "rec_id_r").iter_rows():
        is_free = left not in taken and right not in taken
        keep.append(is_free)
        if is_free:
            taken.update((left, right))
    return pairs.filter(pl.Series(keep))


def best_threshold(pairs: pl.DataFrame, true_count: int) -> tuple[float, int, float]:
    """Best F1 over all thresholds, the false links there, and the recall above the heaviest false link.

    Args:
        pairs: weight and is_true, heaviest first.
    """
    found = (
        pairs.group_by("weight")
        .agg(right=pl.col("is_true").sum(), wrong=(~pl.col("is_true")).sum())
        .sort("weight", descending=True)
        .with_columns(pl.col("right").cum_sum(), pl.col("wrong").cum_sum())
        .with_columns(f1=2 * pl.col("right") / (pl.col("right") + pl.col("wrong") + true_count))
    )
    best = found.sort("f1", descending=True).row(0, named=True)
    clean = found.filter(pl.col("wrong") == 0)["right"].max() or 0
    return best["f1"], best["wrong"], clean / true_count
